"""The endpoints that ask for builds: today's trigger URL and the classic one. The URL is the whole credential.

Neither is documented any more. Source: the four bodies, from the classic site's examples and published clients; the 202
and the errors' form, from public reports; `OK` of the classic one, also when nothing is built, likewise.
"""

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.build_farm import Entry
from bot.sandbox.hub.builds import Wish
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import html_answer, json_answer
from bot.sandbox.hub.state import Repository

Json = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
SOURCE_TYPES = ("Branch", "Tag")
CLASSIC_ANSWER = Answer(200, b"OK", content_type="text/plain")
OWN_PATHS = re.compile(r"/api/build/v1/source/[^/]+/trigger/.+|/u/.+")


class _Unreadable(Exception):  # noqa: N818 - It is an answer, not a failure.
    """A body from which nobody can tell what is to be built; the text says why."""


def is_trigger_path(path: str) -> bool:
    """Tell whether a path is a trigger's. That the API's rate limit does not count there is inferred."""
    return OWN_PATHS.fullmatch(path) is not None


def call_trigger(call: Call, source: str, trigger: str) -> Answer:
    """Ask for builds by today's URL. The text of the first 404 was reported, all others are inferred."""
    repository = _with_source(call, source)
    if repository is None or repository.automation is None:
        return call.error(404, "Selected Source does not exist")
    if repository.automation.trigger_uuid != trigger:
        return call.error(404, "Selected Trigger does not exist")
    try:
        wish = _wish(call)
    except _Unreadable as problem:
        return call.error(400, str(problem))
    entries = call.builds.request(repository, repository.automation, wish)
    if entries and not any(entry.build for entry in entries) and call.unknowns.trigger_refusal != "accepted":
        return call.error(int(call.unknowns.trigger_refusal), entries[0].message)
    return _accepted(call, entries)


def call_classic_trigger(call: Call, namespace: str, name: str, token: str) -> Answer:
    """Ask for builds by the classic URL, which says `OK` whatever comes of it.

    That a wrong URL is an unknown page is inferred.
    """
    repository = call.state.find_repository(f"{namespace}/{name}")
    if repository is None or repository.automation is None or repository.automation.classic_token != token:
        return html_answer(404)
    try:
        wish = _wish(call)
    except _Unreadable:
        return CLASSIC_ANSWER
    call.builds.request_classic(repository, repository.automation, wish)
    return CLASSIC_ANSWER


def _with_source(call: Call, source: str) -> Repository | None:
    every = (repository for siblings in call.state.repositories.values() for repository in siblings.values())
    return next((each for each in every if each.automation and each.automation.source_uuid == source), None)


def _wish(call: Call) -> Wish:
    """Read what is to be built.

    Raises:
        _Unreadable: It is none of the bodies that are known.
    """
    body = _body(call)
    docker_tag, source_type, source_name = (body.get(key) for key in ("docker_tag", "source_type", "source_name"))
    if any(not isinstance(value, str | None) for value in (docker_tag, source_type, source_name)):
        raise _Unreadable("Value for field '<obj>' is not of type string")
    if (source_type is None) != (source_name is None):
        raise _Unreadable("source_type and source_name go together")
    if source_type is not None and source_type not in SOURCE_TYPES:
        raise _Unreadable(f"Value {source_type} for field '<obj>.source_type' is not in the enumeration")
    return Wish(docker_tag, source_type, source_name)


def _body(call: Call) -> Json:
    content = call.request.body
    if not content.strip():
        return {}
    media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == FORM and not content.lstrip().startswith(b"{"):
        # Whoever sends JSON with curl and names no type sends it as a form.
        return {name: values[-1] for name, values in parse_qs(content.decode(errors="replace")).items()}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise _Unreadable("No JSON object could be decoded") from None
    if not isinstance(found, dict):
        raise _Unreadable("Value for field '<obj>' is not of type object")
    return found


def _accepted(call: Call, entries: Sequence[Entry]) -> Answer:
    match call.unknowns.trigger_body:
        case "object":
            return json_answer(202, {})
        case "empty":
            return Answer(202, content_type=None)
        case "text":
            return Answer(202, b"OK", content_type="text/plain")
        case "entries":
            return json_answer(202, [_entry(entry) for entry in entries])


def _entry(entry: Entry) -> Json:
    """Write an entry as the site's own endpoint for builds did in 2016."""
    return {
        "source_type": entry.chosen.rule.source_type,
        "source_name": entry.chosen.source_name,
        "evaluated_tag_name": entry.chosen.docker_tag,
        "build_code": entry.build.code if entry.build else None,
        "msg": entry.message,
        "queued_for_retry": False,
    }
