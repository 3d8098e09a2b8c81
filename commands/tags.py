"""`/hub tags <image>`: the tags of a repository, newest first.

A person gets name, size, push time and short digest of the 25 newest tags; options widen, filter and sort. Everybody
in the workspace may use it.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.lookup import find_repository, notes_on
from bot.chat.parameters import choice, flag, image_argument, limit_option, platform_option, row_limit, text_option
from bot.chat.progress import telling_progress
from bot.chat.tag_facts import TagFacts, digest_cell, only_platform, platforms_cell, size_cell
from bot.document import UNKNOWN, Code, Column, Document, Inline, Moment, Note, Paragraph, Table, line, marked
from bot.errors import UsageError
from bot.governance.roles import Role
from bot.images import ImageReference, RepositoryName
from bot.versions import parse_version

DEFAULT_LIMIT = 25
NO_TAGS = "No tags yet: nothing was pushed, or every tag was deleted."
LOOKED_AT_FIRST = 100

Sort = Literal["newest", "name", "size", "semver"]
SORT_WORDS: Mapping[Sort, str] = {
    "newest": "newest first",
    "name": "by name",
    "size": "largest first",
    "semver": "highest version first",
}
# What a glob says literally; what stands in brackets is a choice, not a text.
_GLOB_SIGNS = re.compile(r"\[[^\]]*\]|[*?\[\]]")


class TagsArguments(Arguments):
    """Which tags to show, and how.

    Attributes:
        image: The repository; without tag and digest.
        pattern: A glob that the tag's name must match; None is every tag.
        sort: By which fact.
        platform: Only tags that have this platform; None is every tag.
        limit: How many at most; None is all.
        wide: With platforms, pull time and status.
    """

    image: ImageReference
    pattern: str | None = None
    sort: Sort = "newest"
    platform: str | None = None
    limit: int | None = DEFAULT_LIMIT
    wide: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether only some of the tags are asked for."""
        return bool(self.pattern or self.platform)


class TagsResult(Result):
    """The tags found.

    Attributes:
        repository: `namespace/name`.
        tags: In the order asked for.
        total: How many tags fit the question, shown or not; None when not all of them were looked at.
        notes: What must be said about how the answer came about, and what may be missing.
        arguments: The question.
    """

    repository: str
    tags: tuple[TagFacts, ...]
    total: int | None
    notes: tuple[str, ...]
    arguments: TagsArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> TagsArguments:
    """Make the arguments.

    Raises:
        UsageError: A tag or digest was named, which is a question for `inspect`; or options contradict each other.
    """
    image: ImageReference = values["image"]
    if image.tag or image.digest:
        raise UsageError(
            f"`tags` lists a whole repository, and `{image}` is one image.",
            suggestion=f"/hub inspect {image}",
            example=f"/hub tags {ImageReference(image.name, image.namespace)}",
        )
    return TagsArguments(
        image=image,
        pattern=values["name"],
        sort=values["sort"],
        platform=values["platform"],
        limit=row_limit(values, DEFAULT_LIMIT, example="/hub tags acme/api --all"),
        wide=values["wide"],
    )


def run(arguments: TagsArguments, context: Context) -> TagsResult:
    """Read as few tags as the question allows."""
    found = find_repository(arguments.image, context)
    reading = _read(arguments, found.name, context)
    return TagsResult(
        repository=str(found.name),
        tags=tuple(reading.tags),
        total=reading.total,
        notes=(*((reading.shortfall,) if reading.shortfall else ()), *notes_on(found, context)),
        arguments=arguments,
    )


@dataclass(frozen=True)
class _Reading:
    """The tags to show, how many fit in all (None when that is not known), and what may be missing."""

    tags: Sequence[TagFacts]
    total: int | None
    shortfall: str


def _read(arguments: TagsArguments, name: RepositoryName, context: Context) -> _Reading:
    if arguments.sort != "newest" or arguments.pattern or arguments.limit is None:
        return _read_all(arguments, name, context)
    if arguments.platform:
        return _read_newest_of_platform(arguments, name, context)
    listing = context.hub.tags.newest(name, arguments.limit)
    tags = [TagFacts.of(tag) for tag in listing]
    total = listing.total if listing.has_more else len(tags)
    return _Reading(tags, total, listing.shortfall)


def _read_newest_of_platform(arguments: TagsArguments, name: RepositoryName, context: Context) -> _Reading:
    """Look at one page first: it nearly always has enough, and a large repository has hundreds more."""
    listing = context.hub.tags.newest(name, LOOKED_AT_FIRST)
    seen = [_as_asked(TagFacts.of(tag), arguments) for tag in listing]
    fitting = [tag for tag in seen if _fits(tag, arguments)]
    is_all = not listing.has_more
    if is_all or (arguments.limit is not None and len(fitting) >= arguments.limit):
        return _Reading(fitting[: arguments.limit], len(fitting) if is_all else None, listing.shortfall)
    return _read_all(arguments, name, context)


def _read_all(arguments: TagsArguments, name: RepositoryName, context: Context) -> _Reading:
    # Docker Hub filters by a part of the name, not by a glob: it is given the longest plain part.
    literal = max(_GLOB_SIGNS.split(arguments.pattern or ""), key=len)
    listing = context.hub.tags.list(name, tag_name=literal or None)
    read = (_as_asked(TagFacts.of(tag), arguments) for tag in telling_progress(listing, "tags", context))
    fitting = _SORTERS[arguments.sort]([tag for tag in read if _fits(tag, arguments)])
    total = len(fitting) if listing.is_complete else None
    return _Reading(fitting[: arguments.limit], total, listing.shortfall)


def _as_asked(tag: TagFacts, arguments: TagsArguments) -> TagFacts:
    """Leave out the platforms that were not asked for, so that sizes and their order are those of the one that was."""
    return only_platform(tag, arguments.platform) if arguments.platform else tag


def _fits(tag: TagFacts, arguments: TagsArguments) -> bool:
    if arguments.pattern and not fnmatch.fnmatchcase(tag.name, arguments.pattern):
        return False
    return not arguments.platform or bool(tag.platforms)


def _newest_first(tags: Sequence[TagFacts]) -> list[TagFacts]:
    return sorted(tags, key=lambda tag: (-tag.pushed_at.timestamp() if tag.pushed_at else math.inf, tag.name))


def _by_name(tags: Sequence[TagFacts]) -> list[TagFacts]:
    return sorted(tags, key=lambda tag: (tag.name.lower(), tag.name))


def _largest_first(tags: Sequence[TagFacts]) -> list[TagFacts]:
    return sorted(tags, key=lambda tag: (-(tag.largest_size_bytes or -1), tag.name))


def _highest_version_first(tags: Sequence[TagFacts]) -> list[TagFacts]:
    versions = [(version, tag) for tag in tags if (version := parse_version(tag.name))]
    ordered = [tag for _, tag in sorted(versions, key=lambda pair: pair[0], reverse=True)]
    return ordered + _newest_first([tag for tag in tags if not parse_version(tag.name)])


_SORTERS: Mapping[Sort, Callable[[Sequence[TagFacts]], list[TagFacts]]] = {
    "newest": _newest_first,
    "name": _by_name,
    "size": _largest_first,
    "semver": _highest_version_first,
}


def render(result: TagsResult) -> Document:
    """Say which tags there are, then how many were left out and what could not be known."""
    title = f"Tags of {result.repository}"
    notes = tuple(Note(marked(note)) for note in result.notes)
    if not result.tags:
        return Document(title, (Paragraph(line(*_nothing(result.arguments))), *notes))
    table = Table(title, _columns(result), tuple(_row(tag, result.arguments) for tag in result.tags))
    return Document(title, (table, Note(marked(_footer(result))), *notes))


def _columns(result: TagsResult) -> tuple[Column, ...]:
    narrow = (Column("Tag"), Column("Size", numeric=True), Column("Pushed"), Column("Digest"))
    return (*narrow, Column("Platforms"), Column("Pulled"), Column("Status")) if result.arguments.wide else narrow


def _row(tag: TagFacts, arguments: TagsArguments) -> tuple[Inline, ...]:
    size = size_cell(tag, each_platform=arguments.wide)
    narrow: tuple[Inline, ...] = (Code(tag.name), size, Moment(tag.pushed_at), digest_cell(tag.digest))
    return (*narrow, platforms_cell(tag), Moment(tag.pulled_at), tag.status or UNKNOWN) if arguments.wide else narrow


def _nothing(arguments: TagsArguments) -> tuple[Inline, ...]:
    if not arguments.is_filtered:
        return (NO_TAGS,)
    name = (" matches ", Code(arguments.pattern)) if arguments.pattern else ()
    platform = (" has the platform ", Code(arguments.platform)) if arguments.platform else ()
    return ("No tag", *name, *((" and",) if name and platform else ()), *platform, ".")


def _footer(result: TagsResult) -> str:
    arguments, shown = result.arguments, len(result.tags)
    left_out = result.total is not None and result.total > shown
    count = f"{shown:,} of {result.total:,}" if left_out else f"{shown:,}"
    what = "matching tag" if arguments.is_filtered else "tag"
    plural = "" if (result.total if left_out else shown) == 1 else "s"
    more = "" if result.total is not None else "; there may be more"
    can_show_more = (left_out or more) and arguments.limit is not None
    hints = [hint for hint, applies in (("`--all`", can_show_more), ("`--wide`", not arguments.wide)) if applies]
    return f"{count} {what}{plural}, {SORT_WORDS[arguments.sort]}{more}." + (
        f" More: {' '.join(hints)}" if hints else ""
    )


COMMAND = Command(
    name="tags",
    group=Group.LOOK,
    summary="List a repository's tags: size, age, digest",
    role=Role.MEMBER,
    parameters=(
        image_argument(),
        text_option("name", "GLOB", "Only tags whose name matches, like 'v1.*'."),
        choice("sort", tuple(SORT_WORDS), "The order"),
        platform_option("Only tags that have this platform."),
        limit_option(DEFAULT_LIMIT),
        flag("all", "Show all of them."),
        flag("wide", "With platforms, last pull and status."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("tags acme/api", "the 25 newest tags"),
        ("tags nginx --name '1.27*' --sort semver", "one line of versions"),
        ("tags acme/api --platform arm64 --wide", "what runs on arm64, with platforms and pulls"),
    ),
)
