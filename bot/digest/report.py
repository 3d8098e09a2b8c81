"""What a digest says, as values: gathered from the parts, kept as JSON, shown by `bot.digest.card`."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue, TypeAdapter
from sqlalchemy import Connection

from bot.digest.part import Found, Measure, Part, Parts, Weight
from bot.digest.written import WrittenLine
from bot.document import Column
from bot.fleet.model import Scope, Unchecked
from bot.store.failures import is_of_the_database

logger = logging.getLogger(__name__)

TREND = "trend"
"""Where a baseline keeps how the measures went; no part is called so."""
TREND_SPAN = timedelta(days=20)
MOST_SHOWN = 10
"""News in the message; the rest is behind its button."""
MOST_NAMED = 5
"""Of what could not be looked at for one reason, in the message."""
CRASHED = "something went wrong in the bot while it looked"

Days = dict[date, dict[str, int]]
_DAYS: TypeAdapter[Days] = TypeAdapter(Days)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Told(_Kept):
    """One thing that is new, see `bot.digest.part.News`."""

    line: WrittenLine
    weight: Weight


class Stands(_Kept):
    """All there is, see `bot.digest.part.Standing`."""

    summary: str
    columns: tuple[Column, ...] = ()
    rows: tuple[WrittenLine, ...] = ()


class Section(_Kept):
    """What one part says.

    Attributes:
        key, title: The part's.
        news: What is new, in the order in which it is told.
        standing: All there is; None: this part has no such list.
    """

    key: str
    title: str
    news: tuple[Told, ...] = ()
    standing: Stands | None = None


class Going(_Kept):
    """How a measure went.

    Attributes:
        name: What is counted.
        values: How many there were, for each of the trend's days; None is unknown.
    """

    name: str
    values: tuple[int | None, ...]


class Missed(_Kept):
    """What could not be looked at for one reason.

    Attributes:
        why: The reason, a clause for people.
        subjects: What, each once; the first few of them in a message.
        count: How many.
    """

    why: str
    subjects: tuple[str, ...]
    count: int


class Report(_Kept):
    """What a digest says.

    Attributes:
        at: As of when (UTC).
        since: What is new is so since then (UTC); None: this is the first one, and nothing is.
        sections: Of each part that has something to say.
        missed: What could not be looked at, what most could not be for first.
        days: The days of the trend, in the digest's own zone.
        trend: How the measures went on those days.
        count: How many things are new.
        has_lists: Whether there is a list of anything that stands.
    """

    at: AwareDatetime
    since: AwareDatetime | None = None
    sections: tuple[Section, ...] = ()
    missed: tuple[Missed, ...] = ()
    days: tuple[date, ...] = ()
    trend: tuple[Going, ...] = ()
    count: int = 0
    has_lists: bool = False

    def worst(self) -> tuple[tuple[Section, tuple[Told, ...]], ...]:
        """Return the worst news of all by section, the section with the worst of them first."""
        everything = [(told.weight, at, told) for at, section in enumerate(self.sections) for told in section.news]
        chosen: dict[int, list[Told]] = {}
        # Sorting keeps the order of those that weigh the same: that of the parts, and within a part its own.
        for _, at, told in sorted(everything, key=lambda each: each[:2])[:MOST_SHOWN]:
            chosen.setdefault(at, []).append(told)
        return tuple((self.sections[at], tuple(told)) for at, told in chosen.items())

    def shortened(self) -> "Report":
        """Return what the message needs: the worst news, and neither lists nor all that could not be looked at."""
        shown = {section.key: told for section, told in self.worst()}
        sections = [
            section.model_copy(
                update={
                    "news": shown.get(section.key, ()),
                    "standing": section.standing and section.standing.model_copy(update={"columns": (), "rows": ()}),
                }
            )
            for section in self.sections
        ]
        missed = [each.model_copy(update={"subjects": each.subjects[:MOST_NAMED]}) for each in self.missed]
        return self.model_copy(update={"sections": tuple(sections), "missed": tuple(missed)})


@dataclass(frozen=True)
class _Answer:
    """What a part found."""

    part: Part
    found: Found


def gather(
    connection: Connection,
    parts: Parts,
    *,
    scope: Scope,
    only: frozenset[str],
    baselines: Mapping[str, JsonValue],
    now: datetime,
    since: datetime | None,
    day: date | None = None,
) -> tuple[Report, dict[str, JsonValue]]:
    """Return what a digest has to say, and what to compare with the next time. Reads rows, and asks nobody.

    A part that breaks is said to be unchecked and keeps its baseline; the others are told all the same.

    Args:
        connection: One to read on.
        parts: All there are, in the order in which they are told.
        scope: Which images it is about.
        only: The keys of the parts that are wanted.
        baselines: What this returned the last time; empty: nothing is new.
        now: The database's time.
        since: When that was (UTC); None: never.
        day: The local date that it is of, late or not; None: today in UTC.
    """
    today = day or now.date()
    answers = [_Answer(part, _find(part, connection, scope, baselines, now)) for part in parts if part.key in only]
    measures = [each for answer in answers if answer.found.standing for each in answer.found.standing.measures]
    kept = _DAYS.validate_python(baselines.get(TREND) or {})
    kept[today] = {each.name: each.value for each in measures if each.value is not None}
    days, trend = _trend(kept, measures, today)
    sections = tuple(_section(answer) for answer in answers if answer.found.news or answer.found.standing)
    report = Report(
        at=now,
        since=since,
        sections=sections,
        missed=tuple(_missed(each for answer in answers for each in answer.found.unchecked)),
        days=days,
        trend=trend,
        count=sum(len(section.news) for section in sections),
        has_lists=any(section.standing and section.standing.rows for section in sections),
    )
    found = {answer.part.key: answer.found.baseline for answer in answers if answer.found.baseline is not None}
    remembered = {day: values for day, values in kept.items() if day > today - TREND_SPAN}
    return report, {**found, TREND: _DAYS.dump_python(remembered, mode="json")}


def _find(part: Part, connection: Connection, scope: Scope, baselines: Mapping[str, JsonValue], now: datetime) -> Found:
    baseline = baselines.get(part.key)
    try:
        return part.find(connection, scope, baseline, now)
    except Exception as error:
        if is_of_the_database(error):
            raise
        logger.exception("digest_part_crashed", extra={"part": part.key})
        return Found((), baseline, unchecked=(Unchecked(part.title, CRASHED),))


def _section(answer: _Answer) -> Section:
    standing = answer.found.standing
    return Section(
        key=answer.part.key,
        title=answer.part.title,
        news=tuple(Told(line=each.line, weight=each.weight) for each in answer.found.news),
        standing=Stands(summary=standing.summary, columns=standing.columns, rows=standing.rows) if standing else None,
    )


def _missed(unchecked: Iterable[Unchecked]) -> Iterator[Missed]:
    reasons: dict[str, dict[str, None]] = {}
    for each in unchecked:
        reasons.setdefault(each.subject, {})[each.why] = None
    by_reason: dict[str, dict[str, None]] = {}
    for subject, its in reasons.items():
        by_reason.setdefault("; ".join(its), {})[subject] = None
    for why, subjects in sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0])):
        yield Missed(why=why, subjects=tuple(subjects), count=len(subjects))


def _trend(kept: Days, measures: Sequence[Measure], today: date) -> tuple[tuple[date, ...], tuple[Going, ...]]:
    """Return how the measures went: what digests remember first, what is kept elsewhere for the other days."""
    known = {
        measure.name: {
            **measure.past,
            **{day: values[measure.name] for day, values in kept.items() if measure.name in values},
        }
        for measure in measures
    }
    days = sorted({day for values in known.values() for day in values if today - TREND_SPAN < day <= today})
    going = [Going(name=name, values=tuple(values.get(day) for day in days)) for name, values in known.items()]
    return tuple(days), tuple(going)
