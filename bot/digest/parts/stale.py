"""Which images became stale, and which are not stale any more: by a push, or by another limit.

What stands for a repository may be another tag than the last time. That is said: neither of the two has changed.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection

from bot.digest.part import Found, Measure, News, Standing, Weight
from bot.digest.parts.looking import Look, look, places
from bot.document import Code, Column, Line, Moment, Size, line
from bot.fleet.model import Scope, TagSnapshot
from bot.fleet.staleness import Freshness, Limits, Verdict, judge, limit_words
from bot.words import in_words

LimitsOf = Callable[[Connection, str], Limits]
"""Returns from which age on the tags of a namespace are stale."""
_COLUMNS = (
    Column("Image"),
    Column("Pushed"),
    Column("Last pull"),
    Column("Size", numeric=True),
    Column("Stale after"),
)


class Known(BaseModel):
    """What a digest knew of images, by what it knows each by.

    Attributes:
        at: When (UTC).
        stale: Those that were stale, with when they had been pushed.
        others: Those that were known not to be.
        tags: Which tag each of all these was.
        unseen: What could not be looked at, and since when not: an image, a repository, a namespace.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    stale: dict[str, AwareDatetime | None] = Field(default_factory=dict)
    others: frozenset[str] = frozenset()
    tags: dict[str, str] = Field(default_factory=dict)
    unseen: dict[str, AwareDatetime] = Field(default_factory=dict)

    def seen_until(self, name: str) -> datetime:
        """Return until when an image of which nothing is known would have been seen; likewise what images are in."""
        return min([self.at, *(self.unseen[place] for place in places(name) if place in self.unseen)])


@dataclass(frozen=True)
class Judged:
    """An image, and what it is found to be.

    Attributes:
        tag: The image.
        verdict: What it is.
        is_checked: Whether it could be looked at.
        instead_of: The tag that stood for its repository before; None: the same one.
    """

    tag: TagSnapshot
    verdict: Verdict
    is_checked: bool = True
    instead_of: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether it can be compared with what it was."""
        return self.is_checked and self.verdict.freshness is not Freshness.UNKNOWN


@dataclass(frozen=True)
class Changes:
    """What is new.

    Attributes:
        stale: What became stale, what did so first first.
        fresh: What is stale no more, as something was pushed, or as another tag stands for the repository.
        relaxed: What is stale no more though it is what it was: by another limit.
        known: What to compare with the next time.
    """

    stale: tuple[Judged, ...]
    fresh: tuple[Judged, ...]
    relaxed: tuple[Judged, ...]
    known: Known


def compare(
    before: Known | None, images: Mapping[str, Judged], now: datetime, *, unchecked: Collection[str] = ()
) -> Changes:
    """Return what is new. Pure.

    An image that was never looked at is no news, unless it became stale since it could have been. One that cannot be
    looked at now, or whose time nobody knows, stays what it was.

    Args:
        before: What was known; None: nothing, and nothing is new then.
        images: All there are.
        now: The database's time.
        unchecked: What could not be looked at: images, repositories, namespaces.
    """
    known = {name: judged for name, judged in images.items() if judged.is_known}
    after = _known(before or Known(at=now), images, known, now, unchecked)
    if before is None:
        return Changes((), (), (), after)
    stale = [_replacing(before, name, judged) for name, judged in known.items() if _became_stale(before, name, judged)]
    no_more = [name for name, judged in known.items() if name in before.stale and not judged.verdict.is_stale]
    fresh: list[Judged] = []
    relaxed: list[Judged] = []
    for name in sorted(no_more, key=lambda name: known[name].tag.reference):
        judged = _replacing(before, name, known[name])
        is_other = judged.instead_of is not None or _is_newer(judged, before.stale[name])
        (fresh if is_other else relaxed).append(judged)
    return Changes(tuple(sorted(stale, key=_by_age)), tuple(fresh), tuple(relaxed), after)


def _replacing(before: Known, name: str, judged: Judged) -> Judged:
    earlier = before.tags.get(name, judged.tag.name)
    return judged if earlier == judged.tag.name else replace(judged, instead_of=earlier)


def _is_newer(judged: Judged, pushed_before: datetime | None) -> bool:
    pushed_at = judged.tag.pushed_at
    is_pushed = pushed_at is not None and (pushed_before is None or pushed_at > pushed_before)
    return is_pushed and judged.verdict.freshness is Freshness.FRESH


def _known(
    had: Known, images: Mapping[str, Judged], known: Mapping[str, Judged], now: datetime, unchecked: Collection[str]
) -> Known:
    def is_out_of_sight(name: str) -> bool:
        return name not in known and (name in images or any(place in unchecked for place in places(name)))

    # What was out of sight stays so while something that it is in is.
    unseen = {*unchecked, *(images.keys() - known.keys())}
    unseen |= {subject for subject in had.unseen if any(place in unchecked for place in places(subject))}
    stale = {name: pushed_at for name, pushed_at in had.stale.items() if is_out_of_sight(name)}
    stale |= {name: judged.tag.pushed_at for name, judged in known.items() if judged.verdict.is_stale}
    others = frozenset(filter(is_out_of_sight, had.others)) | (known.keys() - stale.keys())
    tags = {name: had.tags[name] for name in (*stale, *others) if name in had.tags}
    return Known(
        at=now,
        stale=stale,
        others=others,
        tags=tags | {name: judged.tag.name for name, judged in known.items()},
        unseen={subject: had.seen_until(subject) for subject in unseen},
    )


def _became_stale(before: Known, name: str, judged: Judged) -> bool:
    stale_at = judged.verdict.stale_at
    if not judged.verdict.is_stale or stale_at is None or name in before.stale:
        return False
    return name in before.others or stale_at > before.seen_until(name)


def _by_age(judged: Judged) -> tuple[datetime, str]:
    return judged.verdict.stale_at or datetime.max.replace(tzinfo=judged.tag.read_at.tzinfo), judged.tag.reference


class StaleImages:
    """Implements `bot.digest.part.Part`.

    Args:
        limits: Knows from which age on images are stale.
    """

    key = "stale"
    title = "Stale images"

    def __init__(self, limits: LimitsOf) -> None:
        self._limits = limits

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return which images became stale or are so no more, and which are stale."""
        seen = look(connection, scope, now)
        images = dict(self._judged(connection, seen, now))
        before = None if baseline is None else Known.model_validate(baseline)
        changes = compare(before, images, now, unchecked=seen.subjects)
        news = [News(_stale_line(each), Weight.WORSE) for each in changes.stale]
        news += [News(_fresh_line(each), Weight.BETTER) for each in changes.fresh]
        news += [News(_relaxed_line(changes.relaxed), Weight.BETTER)] if changes.relaxed else []
        return Found(tuple(news), changes.known.model_dump(mode="json"), _standing(images.values()), seen.unchecked)

    def _judged(self, connection: Connection, seen: Look, now: datetime) -> Iterator[tuple[str, Judged]]:
        limits: dict[str, Limits] = {}
        for name, tag in seen.images.items():
            namespace = tag.repository.namespace
            if namespace not in limits:
                limits[namespace] = self._limits(connection, namespace)
            yield name, Judged(tag, judge(tag, limits[namespace], now), seen.is_checked(name))


def _stale_line(judged: Judged) -> Line:
    age = judged.verdict.limit
    limit = f", and the limit is {in_words(age)}" if age else ""
    verb = " is stale: last" if judged.instead_of else " became stale: last"
    pushed = Moment(judged.tag.pushed_at)
    return line(*_subject(judged), f"{verb} pushed ", pushed, limit)


def _fresh_line(judged: Judged) -> Line:
    pushed = line(": pushed ", Moment(judged.tag.pushed_at)) if judged.tag.pushed_at else ()
    verb = " is not stale, as that was" if judged.instead_of else " was stale and is fresh again"
    return line(*_subject(judged), verb, *pushed)


def _subject(judged: Judged) -> Line:
    if judged.instead_of is None:
        return line(Code(judged.tag.reference))
    repository = judged.tag.repository.familiar
    earlier = Code(f"{repository}:{judged.instead_of}")
    return line(Code(judged.tag.reference), " now stands for ", Code(repository), " instead of ", earlier, ", and")


def _relaxed_line(relaxed: Collection[Judged]) -> Line:
    first, *others = (Code(each.tag.reference) for each in relaxed)
    if not others:
        return line(first, " is not stale any more, by the limit that holds now")
    return line(f"{len(relaxed):,} images are not stale any more, by the limits that hold now; one is ", first)


def _standing(images: Iterable[Judged]) -> Standing:
    everything = list(images)
    stale = sorted((each for each in everything if each.verdict.is_stale), key=_by_age)
    unknown = sum(each.verdict.freshness is Freshness.UNKNOWN for each in everything)
    summary = f"{len(stale):,} of {len(everything):,} image{'' if len(everything) == 1 else 's'} stale"
    summary = summary if everything else "no images known"
    rows = tuple(
        (
            Code(each.tag.reference),
            Moment(each.tag.pushed_at),
            Moment(each.tag.pulled_at),
            Size(each.tag.size_bytes),
            limit_words(each.verdict.limit),
        )
        for each in stale
    )
    measures = (Measure("stale images", len(stale) if everything else None),)
    return Standing(f"{summary}, {unknown:,} of unknown age" if unknown else summary, _COLUMNS, rows, measures)
