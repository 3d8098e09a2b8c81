"""`/hub repos [namespace]`: the repositories of a namespace.

A person gets visibility, pulls, stars, last push and storage of each, and is told when the bot's credential may not see
the private ones. Everybody in the workspace may use it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import NamespaceType, choice, flag, limit_option, row_limit, text_option
from bot.chat.progress import telling_progress
from bot.document import (
    UNKNOWN,
    Code,
    Column,
    Count,
    Document,
    Inline,
    Moment,
    Note,
    Paragraph,
    Size,
    Table,
    line,
    marked,
)
from bot.errors import UsageError
from bot.governance.roles import Role
from bot.hub.repositories import Repository

DEFAULT_LIMIT = 25
WHICH_NAMESPACE = "Which namespace? Name one, or set DOCKERHUB_NAMESPACES for a default."

Sort = Literal["newest", "name", "pulls", "stars", "size"]
SORT_WORDS: Mapping[Sort, str] = {
    "newest": "last pushed first",
    "name": "by name",
    "pulls": "most pulled first",
    "stars": "most starred first",
    "size": "largest first",
}
# Docker Hub sorts by these itself, so that the first page is enough.
_ORDERINGS: Mapping[Sort, str] = {"newest": "-last_updated", "name": "name", "pulls": "-pull_count"}
_NEVER = datetime.min.replace(tzinfo=UTC)


class ReposArguments(Arguments):
    """Which repositories to show.

    Attributes:
        namespace: None is the default one.
        name: Only those whose name contains this; None is every one.
        visibility: None is both.
        sort: By which fact.
        limit: How many at most; None is all.
    """

    namespace: str | None = None
    name: str | None = None
    visibility: Literal["private", "public"] | None = None
    sort: Sort = "newest"
    limit: int | None = DEFAULT_LIMIT


class RepositoryFacts(BaseModel):
    """One repository; what is None is unknown.

    Attributes:
        pushed_at: UTC; None is unknown, or never.
        was_never_pushed: Docker Hub says outright that there was no push.
        storage_bytes: What its images take at Docker Hub.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    is_private: bool | None = None
    pulls: int | None = None
    stars: int | None = None
    pushed_at: datetime | None = None
    was_never_pushed: bool = False
    storage_bytes: int | None = None
    description: str | None = None

    @classmethod
    def of(cls, repository: Repository) -> "RepositoryFacts":
        """Return the facts that Docker Hub told."""
        return cls(
            name=repository.name,
            is_private=repository.is_private,
            pulls=repository.pull_count,
            stars=repository.star_count,
            pushed_at=repository.last_updated,
            # The field is null for a repository without a push; where it is absent, nothing is known.
            was_never_pushed=repository.last_updated is None and "last_updated" in repository.model_fields_set,
            storage_bytes=repository.storage_size,
            description=repository.description,
        )


class ReposResult(Result):
    """The repositories found.

    Attributes:
        total: How many fit the question, shown or not; None when Docker Hub did not say and not all were read.
        notes: What must be said about how the answer came about, and what may be missing.
        arguments: The question.
    """

    namespace: str
    repositories: tuple[RepositoryFacts, ...]
    total: int | None
    notes: tuple[str, ...]
    arguments: ReposArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> ReposArguments:
    """Make the arguments.

    Raises:
        UsageError: Options contradict each other.
    """
    if values["private"] and values["public"]:
        raise UsageError("`--private` and `--public` exclude each other.", example="/hub repos --private")
    visibility: Literal["private", "public"] | None = (
        "private" if values["private"] else "public" if values["public"] else None
    )
    return ReposArguments(
        namespace=values["namespace"],
        name=values["name"],
        visibility=visibility,
        sort=values["sort"],
        limit=row_limit(values, DEFAULT_LIMIT, example="/hub repos --all"),
    )


def run(arguments: ReposArguments, context: Context) -> ReposResult:
    """Read the first page where Docker Hub's own order serves, else all of them."""
    namespace = arguments.namespace or context.default_namespace
    if namespace is None:
        raise UsageError(WHICH_NAMESPACE, example="/hub repos acme")
    rows, total, shortfall = _read_in_order(namespace, arguments, context) or _read_all(namespace, arguments, context)
    return ReposResult(
        namespace=namespace,
        repositories=rows,
        total=total,
        notes=tuple(note for note in (shortfall, *_sight(namespace, context)) if note),
        arguments=arguments,
    )


_Reading = tuple[tuple[RepositoryFacts, ...], int | None, str]
"""The repositories to show, how many fit in all (None when that is not known), and what may be missing."""


def _read_in_order(namespace: str, arguments: ReposArguments, context: Context) -> _Reading | None:
    """Read as many as are shown, in Docker Hub's order; None when that cannot answer the question."""
    ordering = _ORDERINGS.get(arguments.sort)
    if ordering is None or arguments.visibility or arguments.limit is None:
        return None
    listing = context.hub.repositories.list(namespace, name=arguments.name, ordering=ordering, limit=arguments.limit)
    rows = [RepositoryFacts.of(each) for each in listing]
    # The order is documented, but the one of tags is known to be told wrongly: look before trusting it.
    total = listing.total if listing.has_more else len(rows)
    return (tuple(rows), total, listing.shortfall) if rows == _sorted(rows, arguments.sort) else None


def _read_all(namespace: str, arguments: ReposArguments, context: Context) -> _Reading:
    listing = context.hub.repositories.list(namespace, name=arguments.name)
    read = map(RepositoryFacts.of, telling_progress(listing, "repositories", context))
    fitting = [row for row in read if _fits(row, arguments)]
    rows = tuple(_sorted(fitting, arguments.sort)[: arguments.limit])
    return rows, len(fitting) if listing.is_complete else None, listing.shortfall


def _fits(row: RepositoryFacts, arguments: ReposArguments) -> bool:
    return arguments.visibility is None or row.is_private is (arguments.visibility == "private")


_KEYS: Mapping[Sort, Callable[[RepositoryFacts], Any]] = {
    "newest": lambda row: -(row.pushed_at or _NEVER).timestamp(),
    "name": lambda row: row.name,
    "pulls": lambda row: -(row.pulls or 0),
    "stars": lambda row: -(row.stars or 0),
    "size": lambda row: -(row.storage_bytes or 0),
}


def _sorted(rows: Iterable[RepositoryFacts], sort: Sort) -> list[RepositoryFacts]:
    return sorted(rows, key=_KEYS[sort])


def _sight(namespace: str, context: Context) -> tuple[str, str]:
    """Say that private repositories may be missing, and which credential was refused."""
    status = context.hub.credential_status(namespace)
    return status.hidden, status.refusal


def render(result: ReposResult) -> Document:
    """Say which repositories there are, then what may be missing."""
    title = f"Repositories of {result.namespace}"
    notes = tuple(Note(marked(note)) for note in result.notes)
    if not result.repositories:
        return Document(title, (Paragraph(line("None", _condition(result.arguments), ".")), *notes))
    table = Table(title, _COLUMNS, tuple(_row(each) for each in result.repositories))
    return Document(title, (table, Note(marked(_footer(result))), *notes))


_COLUMNS = (
    Column("Repository"),
    Column("Visibility"),
    Column("Pulls", numeric=True),
    Column("Stars", numeric=True),
    Column("Last push"),
    Column("Storage", numeric=True),
)


def _row(each: RepositoryFacts) -> tuple[Inline, ...]:
    visibility = UNKNOWN if each.is_private is None else "private" if each.is_private else "public"
    pushed: Inline = "never" if each.was_never_pushed else Moment(each.pushed_at)
    return (Code(each.name), visibility, Count(each.pulls), Count(each.stars), pushed, Size(each.storage_bytes))


def _condition(arguments: ReposArguments) -> str:
    visibility = f" that is {arguments.visibility}" if arguments.visibility else ""
    return visibility + (f" whose name contains {arguments.name}" if arguments.name else "")


def _footer(result: ReposResult) -> str:
    shown = len(result.repositories)
    left_out = result.total is not None and result.total > shown
    count = f"{shown:,} of {result.total:,}" if left_out else f"{shown:,}"
    plural = "repository" if (result.total if left_out else shown) == 1 else "repositories"
    more = "; there may be more" if result.total is None else ""
    can_show_more = (left_out or more) and result.arguments.limit is not None
    return f"{count} {plural}, {SORT_WORDS[result.arguments.sort]}{more}." + (" More: `--all`" if can_show_more else "")


COMMAND = Command(
    name="repos",
    group=Group.LOOK,
    summary="List a namespace's repositories: visibility, pulls, last push, storage",
    role=Role.MEMBER,
    parameters=(
        click.Argument(["namespace"], type=NamespaceType(), required=False, metavar="namespace"),
        text_option("name", "TEXT", "Only those whose name contains this."),
        choice("sort", tuple(SORT_WORDS), "The order"),
        flag("private", "Only private ones."),
        flag("public", "Only public ones."),
        limit_option(DEFAULT_LIMIT),
        flag("all", "Show all of them."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("repos", "your default namespace"),
        ("repos acme --sort size", "where the storage goes"),
        ("repos acme --private --all", "every private repository"),
    ),
)
