"""`/hub diff <image> <image or tag>`: two images side by side.

A person gets what changed in size per platform, which platforms came and went, digests and ages. The second image may
be a bare tag of the first one's repository. Everybody in the workspace may use it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import click
from pydantic import BaseModel, ConfigDict

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.lookup import find_repository, notes_on
from bot.chat.parameters import ImageType, image_argument
from bot.chat.tag_facts import PlatformFacts, TagFacts, digest_cell
from bot.document import (
    UNKNOWN,
    Code,
    Column,
    Document,
    Facts,
    Inline,
    Line,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Strong,
    Table,
    format_bytes,
    line,
    marked,
)
from bot.errors import NotFoundError, UsageError, UserError
from bot.governance.roles import Role
from bot.images import ImageReference

DEFAULT_TAG = "latest"
NOT_THERE: Inline = "–"
NO_DIGESTS = "`diff` compares tags, and Docker Hub cannot be asked for a digest."
SAME = "Both point at the same image."

_BARE_TAG = re.compile(r":?([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")


class DiffArguments(Arguments):
    """Which two images to compare.

    Attributes:
        left: The first one.
        right: The second one; in the repository of the first when it was a bare tag.
        right_was_bare: Whether the second one was a bare word, read as a tag.
    """

    left: ImageReference
    right: ImageReference
    right_was_bare: bool = False


class Side(BaseModel):
    """One of the two images: its full name and its facts."""

    model_config = ConfigDict(frozen=True)

    image: str
    tag: TagFacts


class PlatformChange(BaseModel):
    """What happened to one platform from left to right.

    Attributes:
        platform: `linux/arm64/v8`, with the operating system's version where there is one.
        change: Whether the platform is on both sides with the same digest, with another one, or on one side only.
        left_size_bytes, right_size_bytes: Compressed; None is unknown, or not there.
        growth_bytes: Right minus left; None unless both are known.
    """

    model_config = ConfigDict(frozen=True)

    platform: str
    change: Literal["same", "changed", "gained", "lost"]
    left_size_bytes: int | None = None
    right_size_bytes: int | None = None
    growth_bytes: int | None = None


class DiffResult(Result):
    """The two images and what differs.

    Attributes:
        is_same: Whether both tags point at the same digest.
    """

    left: Side
    right: Side
    is_same: bool
    platforms: tuple[PlatformChange, ...]
    notes: tuple[str, ...] = ()


class SecondImageType(ImageType):
    """A second image, or a tag of the first one's repository: that is decided when both are known."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Keep a bare word as it is; read anything else as an image."""
        bare = _BARE_TAG.fullmatch(value)
        return bare.group(1) if bare else super().convert(value, param, ctx)


def parse(values: Mapping[str, Any]) -> DiffArguments:
    """Make the arguments.

    Raises:
        UsageError: A digest was named: Docker Hub can be asked for tags only.
    """
    left: ImageReference = values["first"]
    right: ImageReference | str = values["second"]
    for image in (left, right):
        if isinstance(image, ImageReference) and image.digest:
            raise UsageError(f"{NO_DIGESTS} `inspect {image}` finds the tag.", example="/hub diff acme/api:1.4.1 1.4.2")
    if isinstance(right, str):
        return DiffArguments(left=left, right=left.with_tag(right), right_was_bare=True)
    return DiffArguments(left=left, right=right)


def run(arguments: DiffArguments, context: Context) -> DiffResult:
    """Read both tags and compare them."""
    left, notes = _read(arguments.left, context)
    try:
        right, more = _read(arguments.right, context)
    except NotFoundError as error:
        if not arguments.right_was_bare:
            raise
        word = arguments.right.tag
        raise UserError(f"{error} To compare with another image, write `{word}:{DEFAULT_TAG}`.") from error
    return DiffResult(
        left=left,
        right=right,
        is_same=left.tag.digest is not None and left.tag.digest == right.tag.digest,
        platforms=tuple(compare_platforms(left.tag, right.tag)),
        notes=tuple(dict.fromkeys((*notes, *more))),
    )


def _read(image: ImageReference, context: Context) -> tuple[Side, tuple[str, ...]]:
    found = find_repository(image, context)
    tag = TagFacts.of(context.hub.tags.get(found.name, image.tag or DEFAULT_TAG))
    return Side(image=f"{found.name}:{tag.name}", tag=tag), notes_on(found, context)


def compare_platforms(left: TagFacts, right: TagFacts) -> list[PlatformChange]:
    """Return what happened to each platform, in alphabetical order."""
    before = {each.label: each for each in left.platforms}
    after = {each.label: each for each in right.platforms}
    return [_compare(label, before.get(label), after.get(label)) for label in sorted(before | after)]


def _compare(label: str, before: PlatformFacts | None, after: PlatformFacts | None) -> PlatformChange:
    left = before.size_bytes if before else None
    right = after.size_bytes if after else None
    return PlatformChange(
        platform=label,
        change=_kind_of_change(before, after),
        left_size_bytes=left,
        right_size_bytes=right,
        growth_bytes=right - left if left is not None and right is not None else None,
    )


def _kind_of_change(
    before: PlatformFacts | None, after: PlatformFacts | None
) -> Literal["same", "changed", "gained", "lost"]:
    if before is None:
        return "gained"
    if after is None:
        return "lost"
    return "same" if before.digest is not None and before.digest == after.digest else "changed"


def render(result: DiffResult) -> Document:
    """Say whether they differ, then by how much per platform, then the rest side by side."""
    parts: list[Part] = [Paragraph(line(SAME))] if result.is_same else []
    if result.platforms:
        parts.append(_platform_table(result))
    else:
        sizes = ("Size", _pair(Size(result.left.tag.size_bytes), Size(result.right.tag.size_bytes)))
        parts.append(Facts((sizes,)))
    parts.append(Facts(_side_by_side(result.left.tag, result.right.tag)))
    parts += [Note(marked(note)) for note in result.notes]
    return Document(f"{result.left.image} → {result.right.image}", tuple(parts))


def _platform_table(result: DiffResult) -> Table:
    columns = (
        Column("Platform"),
        Column(_heading(result.left, result), numeric=True),
        Column(_heading(result.right, result), numeric=True),
        Column("Change"),
    )
    return Table("Size per platform", columns, tuple(_platform_row(each) for each in result.platforms))


def _heading(side: Side, result: DiffResult) -> str:
    """Name a side as short as tells it from the other."""
    repositories = {each.image.partition(":")[0] for each in (result.left, result.right)}
    return side.tag.name if len(repositories) == 1 else side.image


def _platform_row(each: PlatformChange) -> tuple[Inline, ...]:
    left = NOT_THERE if each.change == "gained" else Size(each.left_size_bytes)
    right = NOT_THERE if each.change == "lost" else Size(each.right_size_bytes)
    return (Code(each.platform), left, right, _change_words(each))


def _change_words(each: PlatformChange) -> Inline:
    if each.change in {"gained", "lost"}:
        return Strong(each.change)
    if each.change == "same":
        return "same image"
    if each.growth_bytes is None:
        return "changed, size unknown"
    if not each.growth_bytes:
        return "changed, same size"
    sign = "+" if each.growth_bytes > 0 else ""
    percent = f" ({each.growth_bytes / each.left_size_bytes:+.1%})" if each.left_size_bytes else ""
    return f"{sign}{format_bytes(each.growth_bytes)}{percent}"


def _side_by_side(left: TagFacts, right: TagFacts) -> tuple[tuple[str, Line], ...]:
    return (
        ("Digest", _pair(digest_cell(left.digest), digest_cell(right.digest))),
        ("Pushed", _pair(Moment(left.pushed_at), Moment(right.pushed_at))),
        ("Apart", line(_apart(left.pushed_at, right.pushed_at))),
        ("Last pulled", _pair(Moment(left.pulled_at), Moment(right.pulled_at))),
    )


def _pair(left: Inline, right: Inline) -> Line:
    return line(left, " → ", right)


def _apart(left: datetime | None, right: datetime | None) -> str:
    if left is None or right is None:
        return UNKNOWN
    seconds = (right - left).total_seconds()
    which = "the second is newer" if seconds > 0 else "the second is older" if seconds < 0 else "pushed together"
    days, hours = divmod(int(abs(seconds)) // 3_600, 24)
    return f"{f'{days} d ' if days else ''}{hours} h, {which}"


COMMAND = Command(
    name="diff",
    group=Group.LOOK,
    summary="Compare two tags or two images",
    role=Role.MEMBER,
    parameters=(image_argument("first"), click.Argument(["second"], type=SecondImageType(), metavar="image-or-tag")),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("diff acme/api:1.4.1 1.4.2", "two tags of one repository"),
        ("diff nginx:1.27 httpd:2.4", "two images"),
    ),
)
