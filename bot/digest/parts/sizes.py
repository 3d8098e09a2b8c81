"""Which images grew by more than they may since the digest before."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection

from bot.digest.part import Found, News, Weight
from bot.digest.parts.looking import look, places
from bot.document import Code, Line, Size, line
from bot.fleet.model import Scope, TagSnapshot
from bot.images import RepositoryName
from bot.pushes.growth import Thresholds, growths
from bot.pushes.model import Growth, PlatformImage, TagImage

ThresholdsOf = Callable[[RepositoryName], Thresholds]
"""Returns when an image of a repository counts as grown too large."""
GONE_FOR = timedelta(days=30)
"""So long it is remembered how large an image was that was deleted: it may come back."""


class Kept(BaseModel):
    """An image as a digest remembers it: what it was called, what it was, how large it was on each platform."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tag: str
    digest: str
    sizes: tuple[tuple[str | None, int | None], ...] = ()


class Known(BaseModel):
    """What a digest knew of images, by what it knows each by.

    Attributes:
        images: What they were.
        gone: Since when some of them are no more (UTC).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    images: dict[str, Kept] = Field(default_factory=dict)
    gone: dict[str, AwareDatetime] = Field(default_factory=dict)


@dataclass(frozen=True)
class Grown:
    """An image that grew too much.

    Attributes:
        tag: The image.
        growths: On which platforms, what grew most first; never empty.
    """

    tag: TagSnapshot
    growths: tuple[Growth, ...]


def compare(
    before: Known | None,
    images: Mapping[str, TagSnapshot],
    thresholds: ThresholdsOf,
    now: datetime,
    *,
    unchecked: Collection[str] = (),
) -> tuple[tuple[Grown, ...], Known]:
    """Return which images grew, what grew most first, and what to remember. Pure.

    Only an image that is another one under the same tag can have grown. One whose size nobody knows now stays what it
    was; one that is deleted does for `GONE_FOR`.

    Args:
        before: What was known; None: nothing, and nothing is new then.
        images: All there are, by what a digest knows each by.
        thresholds: What is too much.
        now: The database's time.
        unchecked: What could not be looked at: images, repositories, namespaces.
    """
    last = before or Known()
    had, gone = last.images, dict[str, datetime]()
    known = {name: kept for name, tag in images.items() if (kept := _kept(tag))}
    grown = [
        Grown(images[name], found)
        for name, kept in known.items()
        if name in had and (found := _grown(had[name], kept, images[name], thresholds))
    ]
    for name in had.keys() - known.keys():
        if name not in images and not any(place in unchecked for place in places(name)):
            gone[name] = last.gone.get(name, now)
        if name not in gone or gone[name] > now - GONE_FOR:
            known[name] = had[name]
    gone = {name: since for name, since in gone.items() if name in known}
    return tuple(sorted(grown, key=lambda each: (-_by(each.growths[0]), each.tag.reference))), Known(
        images=known, gone=gone
    )


def _kept(tag: TagSnapshot) -> Kept | None:
    if tag.digest is None:
        return None
    sizes = tuple((each.platform, each.size_bytes) for each in tag.platforms) or ((None, tag.size_bytes),)
    if not any(size for _, size in sizes):
        return None
    return Kept(tag=tag.name, digest=tag.digest, sizes=sizes)


def _grown(before: Kept, now: Kept, tag: TagSnapshot, thresholds: ThresholdsOf) -> tuple[Growth, ...]:
    if before.tag != now.tag or before.digest == now.digest:
        return ()
    limits = Thresholds(push=thresholds(tag.repository).push)
    return tuple(sorted(growths(_image(now, tag), _image(before, tag), None, limits), key=_by, reverse=True))


def _image(kept: Kept, tag: TagSnapshot) -> TagImage:
    platforms = tuple(PlatformImage(platform=platform, size_bytes=size) for platform, size in kept.sizes)
    return TagImage(digest=kept.digest, pushed_at=tag.read_at, platforms=platforms)


def _by(growth: Growth) -> int:
    return growth.after_bytes - growth.before_bytes


class GrownImages:
    """Implements `bot.digest.part.Part`.

    Args:
        thresholds: Knows what is too much.
    """

    key = "sizes"
    title = "Larger images"

    def __init__(self, thresholds: ThresholdsOf) -> None:
        self._thresholds = thresholds

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return which images grew."""
        seen = look(connection, scope, now)
        before = None if baseline is None else Known.model_validate(baseline)
        grown, known = compare(before, seen.images, self._thresholds, now, unchecked=seen.subjects)
        news = tuple(News(_line(each), Weight.WORSE) for each in grown)
        return Found(news, known.model_dump(mode="json"), unchecked=seen.unchecked)


def _line(grown: Grown) -> Line:
    worst, *others = grown.growths
    share = f" (+{100 * _by(worst) / worst.before_bytes:,.0f} %)"
    where = f" on {worst.platform}" if worst.platform else ""
    more = f", and on {len(others)} more platform{'' if len(others) == 1 else 's'}" if others else ""
    sizes = (Size(worst.before_bytes), " to ", Size(worst.after_bytes))
    return line(Code(grown.tag.reference), " grew from ", *sizes, f"{share}{where}{more}")
