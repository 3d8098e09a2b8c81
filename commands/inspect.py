"""`/hub inspect <image>`: everything about one tag.

A person gets the line to pin (`name:tag@sha256:…`), the digests and sizes of every platform, and the times. A tag that
does not exist is said to be missing, with the nearest ones. Everybody in the workspace may use it.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.lookup import Found, find_repository, notes_on
from bot.chat.parameters import image_argument
from bot.chat.tag_facts import PlatformFacts, TagFacts, size_cell
from bot.document import (
    UNKNOWN,
    Code,
    CodeBlock,
    Column,
    Document,
    Facts,
    Inline,
    Line,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Table,
    line,
    marked,
)
from bot.errors import NotFoundError
from bot.governance.roles import Role
from bot.images import ImageReference

DEFAULT_TAG = "latest"
MOST_NEAREST = 5
TAGS_SEARCHED = 300
HOW_ALIKE = 0.5
NOT_COMPARABLE = "Docker Hub does not tell the digest of this tag, so the one asked for cannot be compared."
MOVED = "The digest that was asked for is not what this tag points at now."


class InspectArguments(Arguments):
    """Which image to look at: a tag (`latest` when none is named), or a digest."""

    image: ImageReference


class InspectResult(Result):
    """What is known of the image.

    Attributes:
        image: `namespace/name:tag`, or with `@digest` when that was asked for.
        pinned: The reference with tag and digest, to copy; None when there is no digest.
        tag: The tag's facts; None when there is no such tag.
        repository_url: Docker Hub's page of the repository.
        nearest: When the tag is missing: tags that are called something like it, or the newest.
        is_alike: Whether those are called something like it.
        notes: What must be said about how the answer came about.
    """

    image: str
    pinned: str | None = None
    tag: TagFacts | None = None
    repository_url: str
    nearest: tuple[str, ...] = ()
    is_alike: bool = False
    notes: tuple[str, ...] = ()


def parse(values: Mapping[str, Any]) -> InspectArguments:
    """Make the arguments."""
    return InspectArguments(image=values["image"])


def run(arguments: InspectArguments, context: Context) -> InspectResult:
    """Read the one tag; look around only if it is missing."""
    found = find_repository(arguments.image, context)
    wanted = arguments.image
    if wanted.digest and not wanted.tag:
        return _by_digest(found, wanted.digest, context)
    tag_name = wanted.tag or DEFAULT_TAG
    try:
        tag = TagFacts.of(context.hub.tags.get(found.name, tag_name))
    except NotFoundError:
        return _missing(found, tag_name, context)
    if wanted.digest is None or wanted.digest in _digests(tag):
        return _found(found, tag, context)
    return _found(found, tag, context, problem=NOT_COMPARABLE if tag.digest is None else MOVED)


def _found(found: Found, tag: TagFacts, context: Context, *, problem: str = "") -> InspectResult:
    digest = _digest_to_pin(tag)
    return InspectResult(
        image=f"{found.name}:{tag.name}",
        pinned=f"{found.name.familiar}:{tag.name}@{digest}" if digest else None,
        tag=tag,
        repository_url=found.name.url,
        notes=(*((problem,) if problem else ()), *notes_on(found, context)),
        is_negative=problem == MOVED,
    )


def _missing(found: Found, tag_name: str, context: Context) -> InspectResult:
    """Tell a missing tag from a missing repository: listing the tags of the latter raises."""
    names = [tag.name for tag in context.hub.tags.newest(found.name, TAGS_SEARCHED)]
    alike = difflib.get_close_matches(tag_name, names, n=MOST_NEAREST, cutoff=HOW_ALIKE)
    return InspectResult(
        image=f"{found.name}:{tag_name}",
        repository_url=found.name.url,
        nearest=tuple(alike or names[:MOST_NEAREST]),
        is_alike=bool(alike),
        notes=notes_on(found, context),
        is_negative=True,
    )


def _by_digest(found: Found, digest: str, context: Context) -> InspectResult:
    """Look for the digest among the newest tags: Docker Hub's API cannot be asked for a digest."""
    searched = 0
    for tag in map(TagFacts.of, context.hub.tags.newest(found.name, TAGS_SEARCHED)):
        searched += 1
        if digest in _digests(tag):
            return _found(found, tag, context)
    return InspectResult(
        image=f"{found.name}@{digest}",
        repository_url=found.name.url,
        notes=(
            f"None of the {searched} newest tags points at this digest; an older or deleted one may.",
            *notes_on(found, context),
        ),
        is_negative=True,
    )


def _digest_to_pin(tag: TagFacts) -> str | None:
    """Return the tag's own digest; where Docker Hub keeps it to itself, that of the only image there is."""
    only = tag.platforms[0].digest if len(tag.platforms) == 1 else None
    return tag.digest or only


def _digests(tag: TagFacts) -> set[str | None]:
    return {tag.digest, *(each.digest for each in tag.platforms)}


def render(result: InspectResult) -> Document:
    """Say what to pin first, then everything else."""
    notes = tuple(Note(marked(note)) for note in result.notes)
    if result.tag is None:
        return Document(f"{result.image} does not exist", (*_nearest(result), *notes))
    parts: list[Part] = [CodeBlock(result.pinned)] if result.pinned else []
    parts.append(Facts(_facts(result, result.tag)))
    if result.tag.platforms:
        parts.append(_platform_table(result.tag))
    return Document(result.image, (*parts, *notes))


def _nearest(result: InspectResult) -> tuple[Part, ...]:
    if not result.nearest:
        return (Paragraph(line("See ", Link("the repository", result.repository_url), " at Docker Hub.")),)
    heading = "The nearest tags:" if result.is_alike else "The newest tags:"
    return (Paragraph(line(heading)), Listing(tuple((Code(name),) for name in result.nearest)))


def _facts(result: InspectResult, tag: TagFacts) -> tuple[tuple[str, Line], ...]:
    kind = "Index digest" if len(tag.platforms) > 1 else "Digest"
    return (
        (kind, line(Code(tag.digest) if tag.digest else UNKNOWN)),
        ("Pushed", line(Moment(tag.pushed_at), *_by(tag.pushed_by))),
        ("Last pulled", line(Moment(tag.pulled_at))),
        ("Size", line(size_cell(tag))),
        ("Status", line(tag.status or UNKNOWN)),
        ("Type", line(tag.content_type or UNKNOWN, f" ({tag.media_type})" if tag.media_type else "")),
        ("Repository", line(Link(result.image.partition(":")[0], result.repository_url))),
    )


def _by(pushed_by: str | None) -> tuple[Inline, ...]:
    return (" by ", Code(pushed_by)) if pushed_by else ()


def _platform_table(tag: TagFacts) -> Table:
    columns = (Column("Platform"), Column("Size", numeric=True), Column("Digest"), Column("Pulled"), Column("Status"))
    return Table("Platforms", columns, tuple(_platform_row(each) for each in tag.platforms))


def _platform_row(each: PlatformFacts) -> tuple[Inline, ...]:
    digest: Inline = Code(each.digest) if each.digest else UNKNOWN
    return (Code(each.label), Size(each.size_bytes), digest, Moment(each.pulled_at), each.status or UNKNOWN)


COMMAND = Command(
    name="inspect",
    group=Group.LOOK,
    summary="Show everything about one tag, with the line to pin",
    role=Role.MEMBER,
    parameters=(image_argument(),),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("inspect acme/api:1.4.2", "digests, sizes and times of one tag"),
        ("inspect nginx", "the same for its latest"),
    ),
    notes="A digest alone (`name@sha256:…`) is looked for among the newest tags.",
)
