"""The endpoints of repositories, their tags, and the search."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import Permission, is_listed, may_create, may_delete_tags, permission
from bot.sandbox.hub.answers import repository_entry, repository_info, search_result, tag_entry
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import error_answer, field_errors, json_answer, leaked_registry_error
from bot.sandbox.hub.paging import page_answer
from bot.sandbox.hub.state import ImmutableTagError, Repository, Tag

# Source: docs.docker.com, schema `repo_creation_request`.
NAME_PATTERN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
NAME_LENGTHS = range(2, 256)
MAX_DESCRIPTION_LENGTH = 100
MAX_FULL_DESCRIPTION_LENGTH = 25_000

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The official order of these words is part of the 400's text.
REPOSITORY_ORDERINGS: dict[str, Callable[[Repository, datetime], Any]] = {
    "name": lambda repository, _: repository.name,
    "last_updated": lambda repository, now: repository.shown_pushed_at(now) or LONG_AGO,
    "pull_count": lambda repository, _: repository.pull_count,
}
DEFAULT_REPOSITORY_ORDERING = "-last_updated"


def list_repositories(call: Call, namespace: str) -> Answer:
    """Page through a namespace. Source: docs.docker.com, list repositories in a namespace.

    Without `ordering` the latest push comes first. Inferred from the official example.
    """
    ordering = call.query.get("ordering") or DEFAULT_REPOSITORY_ORDERING
    key = REPOSITORY_ORDERINGS.get(ordering.removeprefix("-"))
    if key is None:
        return _invalid_ordering()
    siblings = call.state.repositories.get(namespace)
    if siblings is None and namespace not in call.state.accounts:
        return call.error(404, "object not found")
    wanted = call.query.get("name", "")
    shown = [
        repository
        for repository in (siblings or {}).values()
        if wanted in repository.name and is_listed(call.state, call.caller, repository)
    ]
    shown.sort(key=lambda repository: key(repository, call.now), reverse=ordering.startswith("-"))
    return page_answer(call, shown, lambda repository: repository_entry(call, repository))


def get_repository(call: Call, namespace: str, name: str) -> Answer:
    """Show one repository. Source: docs.docker.com, get repository in a namespace."""
    found = visible(call, namespace, name)
    return found if isinstance(found, Answer) else json_answer(200, repository_info(call, found))


def create_repository(call: Call, namespace: str) -> Answer:
    """Create a repository. Source: docs.docker.com, create a new repository; texts inferred."""
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    if not may_create(call.state, call.caller, namespace):
        return call.error(403, "insufficient permissions to create a repository")
    wish = call.json_object()
    if wish is None:
        return call.error(400, "invalid JSON body")
    wrong = _wrong_fields(wish, namespace)
    if wrong:
        return field_errors(wrong, next(iter(wrong.values())))
    if call.state.find_repository(f"{namespace}/{wish['name']}"):
        return _already_exists(call)
    repository = call.state.create_repository(
        namespace,
        wish["name"],
        at=call.now,
        is_private=wish.get("is_private", False),
        description=wish.get("description") or "",
        full_description=wish.get("full_description"),
    )
    return json_answer(201, repository_info(call, repository))


def list_tags(call: Call, namespace: str, name: str) -> Answer:
    """Page through a repository's tags. Source: docs.docker.com, list repository tags.

    The filters `name`, `architecture` and `os` and the `ordering` are undocumented; observed in the web site and in
    Docker's own clients.
    """
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    shown = _ordered_tags(call, _wanted_tags(call, found))
    return page_answer(call, shown, lambda tag: tag_entry(call, found, tag))


def head_tags(call: Call, namespace: str, name: str) -> Answer:
    """Say whether the repository has any tags. Source: docs.docker.com, check repository tags."""
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    return json_answer(200, {}) if found.shown_tags(call.now) else call.error(404, "no tags found")


def get_tag(call: Call, namespace: str, name: str, tag: str) -> Answer:
    """Show one tag. Source: docs.docker.com, read repository tag."""
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    shown = found.shown_tags(call.now).get(tag)
    if shown is None:
        return call.error(404, f"tag '{tag}' not found")
    return json_answer(200, tag_entry(call, found, shown))


def delete_tag(call: Call, namespace: str, name: str, tag: str) -> Answer:
    """Delete one tag; undocumented, known from Docker's own clients.

    An anonymous caller gets 401, one without the right 403 (reported), an unknown tag 404.
    """
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    if not may_delete_tags(call.state, call.caller, found):
        return call.error(403, "insufficient permissions to delete tags")
    if tag not in found.shown_tags(call.now):
        return call.error(404, f"tag '{tag}' not found")
    try:
        call.state.delete_tag(found.path, tag)
    except ImmutableTagError:
        return call.error(int(call.unknowns.immutable_tag_delete), f"tag '{tag}' is immutable")
    return _deleted(call, found, tag)


def search_repositories(call: Call) -> Answer:
    """Search public repositories by name and description: official ones first, then by pulls.

    The order is inferred. Source of the rest: observed 2026-10-01.
    """
    words = call.query.get("query", "").lower()
    found = [
        repository
        for siblings in call.state.repositories.values()
        for repository in siblings.values()
        if not repository.is_private and _is_found(repository, words)
    ]
    found.sort(key=lambda repository: (repository.namespace != "library", -repository.pull_count))
    return page_answer(call, found, lambda repository: search_result(call, repository))


def visible(call: Call, namespace: str, name: str) -> Repository | Answer:
    """Return the repository if the caller may read it, else the answer that hides or refuses it."""
    repository = call.state.find_repository(f"{namespace}/{name}")
    if repository is None:
        return call.error(404, "object not found")
    if permission(call.state, call.caller, repository) >= Permission.READ:
        return repository
    texts = {"404": "object not found", "403": "access denied", "401": "authentication required"}
    status = call.unknowns.private_repository
    return call.error(int(status), texts[status])


def _invalid_ordering() -> Answer:
    words = ", ".join(f"{name}, -{name}" for name in REPOSITORY_ORDERINGS)
    reason = f"Invalid ordering value. Must be one of: {words}"
    return field_errors({"ordering": reason}, "Invalid ordering value")


def _wrong_fields(wish: dict[str, Any], namespace: str) -> dict[str, str]:
    wrong = {}
    if not _is_valid_name(wish.get("name")):
        wrong["name"] = "Must be 2-255 characters of a-z, 0-9, periods, underscores and hyphens."
    if wish.get("namespace") != namespace:
        wrong["namespace"] = "Must be the namespace of the path."
    if not isinstance(wish.get("is_private", False), bool):
        wrong["is_private"] = "Must be true or false."
    for name, limit in (
        ("description", MAX_DESCRIPTION_LENGTH),
        ("full_description", MAX_FULL_DESCRIPTION_LENGTH),
    ):
        text = wish.get(name) or ""
        if not isinstance(text, str) or len(text.encode()) > limit:
            wrong[name] = f"Must be text of at most {limit} bytes."
    return wrong


def _is_valid_name(name: object) -> bool:
    return isinstance(name, str) and len(name) in NAME_LENGTHS and NAME_PATTERN.fullmatch(name) is not None


def _already_exists(call: Call) -> Answer:
    text = "Repository with this Name and Namespace already exists."
    if call.unknowns.create_conflict == "400_fields":
        return error_answer("field_errors", 400, text)
    return call.error(int(call.unknowns.create_conflict[:3]), text)


def _wanted_tags(call: Call, repository: Repository) -> list[Tag]:
    name, architecture, os = (call.query.get(filter_name, "") for filter_name in ("name", "architecture", "os"))
    tags = [tag for tag in repository.shown_tags(call.now).values() if name in tag.name]
    return [tag for tag in tags if _has_platform(tag, architecture, os)] if architecture or os else tags


def _has_platform(tag: Tag, architecture: str, os: str) -> bool:
    """Tell whether one image of the tag has this architecture and system; an empty word fits every image."""
    return any(architecture in {"", image.architecture} and os in {"", image.os} for image in tag.images)


def _ordered_tags(call: Call, tags: Iterable[Tag]) -> list[Tag]:
    """Sort tags as `ordering` asks; newest first where it is missing, unknown, or ignored by the switch."""
    direction, ordering = call.unknowns.tags_ordering, call.query.get("ordering", "")
    field, is_reversed = ordering.removeprefix("-"), ordering.startswith("-")
    if field == "name" and direction != "ignored":
        return sorted(tags, key=lambda tag: tag.name, reverse=is_reversed)
    is_oldest_first = (
        field == "last_updated" and direction != "ignored" and is_reversed == (direction == "plain_is_newest_first")
    )
    return sorted(tags, key=lambda tag: tag.pushed_at, reverse=not is_oldest_first)


def _deleted(call: Call, repository: Repository, tag: str) -> Answer:
    if call.unknowns.tag_delete == "500_but_done":
        return leaked_registry_error(f"https://registry.internal/v2/{repository.path}/tags/{tag}")
    status = int(call.unknowns.tag_delete)
    return Answer(status, content_type=None) if status == HTTPStatus.NO_CONTENT else json_answer(status, {})


def _is_found(repository: Repository, words: str) -> bool:
    return words in repository.path.lower() or words in (repository.description or "").lower()
