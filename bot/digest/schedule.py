"""When a digest is due: at a local time, on some days of the week, in a time zone. Pure.

Each local date that there is has exactly one instant, the first at which clocks there show the time or a later one:

- A time that a clock skips (`02:30` in spring) comes right after the gap.
- A time that a clock shows twice (`02:30` in autumn) comes the first time.
- A date that a zone never had (Samoa's 30 December 2011) has none.

Source: https://docs.python.org/3/library/zoneinfo.html, and the IANA time zone database, https://www.iana.org/time-zones.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from bot.words import nearest, quoted

EXAMPLE_TIME, EXAMPLE_DAYS, EXAMPLE_ZONE = "09:00", "mon-fri", "Europe/Berlin"
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LETTERS = 3
_LEAST_LETTERS = 2
_WEEK = len(_NAMES)
_NOON = 12
_GROUPS = {
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
    "weekend": frozenset({5, 6}),
    "daily": frozenset(range(_WEEK)),
    "everyday": frozenset(range(_WEEK)),
    "all": frozenset(range(_WEEK)),
}
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?\s*([ap]m)?", re.ASCII)
_TIMES = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_OFFSET = re.compile(r"(?:utc|gmt|z)?_?[+-][0-9:.]+", re.ASCII)
_DAY = timedelta(days=1)
# A week, one more for a date that a zone skipped, and the day before.
_SEARCHED_DAYS = 2 * _WEEK + 2


@dataclass(frozen=True)
class Days:
    """Days of the week; at least one.

    Attributes:
        numbers: Monday is 0.
    """

    numbers: frozenset[int]

    def __str__(self) -> str:
        """Return them as they are typed: `mon-fri`, `mon,wed`, `mon-sun`."""
        runs: list[list[int]] = []
        for number in sorted(self.numbers):
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        return ",".join(_run(each) for each in runs)

    @property
    def words(self) -> str:
        """The same for people: `every day`, `mon-fri`."""
        return "every day" if len(self.numbers) == _WEEK else str(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read days: names, ranges (`sat-mon` goes over the weekend), `weekdays`, `daily`, with commas between.

        Raises:
            ValueError: They are none; the message is a sentence.
        """
        numbers: set[int] = set()
        for part in text.lower().replace(" ", "").split(","):
            first, dash, last = part.partition("-")
            if not dash and first in _GROUPS:
                numbers |= _GROUPS[first]
                continue
            start, end = _number(first, text), _number(last if dash else first, text)
            numbers |= {each % _WEEK for each in range(start, end + 1 if start <= end else end + 1 + _WEEK)}
        return cls(frozenset(numbers))


EVERY_DAY = Days(frozenset(range(_WEEK)))


def _run(numbers: list[int]) -> str:
    names = [_NAMES[number][:_LETTERS] for number in numbers]
    return f"{names[0]}-{names[-1]}" if len(names) > _LEAST_LETTERS else ",".join(names)


def _number(name: str, text: str) -> int:
    for number, known in enumerate(_NAMES):
        if len(name) >= _LEAST_LETTERS and known.startswith(name):
            return number
    raise ValueError(f"{quoted(text)} are no days of the week, like `mon-fri`, `mon,wed` or `weekdays`.")


def read_time(text: str) -> time:
    """Read a time of day: `09:00`, `9:00`, `0900`, `21.30`, `9`, `9am`, `noon`.

    Raises:
        ValueError: It is none; the message is a sentence.
    """
    word = text.strip().lower()
    if word in _TIMES:
        return _TIMES[word]
    found = _TIME.fullmatch(word)
    if found:
        hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
        if half and not 1 <= hour <= _NOON:
            hour = -1
        elif half:
            hour = hour % _NOON + (_NOON if half == "pm" else 0)
        if 0 <= hour < 24 and minute < 60:  # noqa: PLR2004 - A clock's.
            return time(hour, minute)
    raise ValueError(f"{quoted(text)} is not a time of day, like `09:00`, `21:30` or `9am`.")


def check_zone(text: str) -> str:
    """Return the name of a time zone as the IANA writes it, whatever the case.

    Raises:
        ValueError: There is none of that name; the message is a sentence, with the likeliest one.
    """
    known = _zones()
    word = text.strip().replace(" ", "_").lower()
    if word in known:
        return known[word]
    if _OFFSET.fullmatch(word):
        raise ValueError(f"{quoted(text)} is not a time zone. Name a place, for clocks change: `{EXAMPLE_ZONE}`.")
    # `Berlin` is what people say; there may be several such places.
    cities = sorted(name for lowered, name in known.items() if lowered.endswith(f"/{word}"))
    likely = min(cities, key=len) if cities else nearest(word, known.values())
    hint = f" Did you mean `{likely}`?" if likely else f" They are called like `{EXAMPLE_ZONE}`."
    raise ValueError(f"{quoted(text)} is not a time zone.{hint}")


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@dataclass(frozen=True)
class Due:
    """Once that a digest is due.

    Attributes:
        at: When (UTC).
        date: For which local date. Of a time that is skipped around midnight, the clocks may show the next one then.
    """

    at: datetime
    date: date


@dataclass(frozen=True)
class Schedule:
    """At a local time, on some days, in a time zone.

    Attributes:
        at: The time that clocks there show.
        days: On which days of the week.
        zone: The zone's IANA name.
    """

    at: time
    days: Days
    zone: str

    def __str__(self) -> str:
        """Return it for people: `09:00 Europe/Berlin, mon-fri`."""
        return f"{self.at:%H:%M} {self.zone}, {self.days.words}"

    def date_at(self, moment: datetime) -> date:
        """Return the local date of a moment (aware)."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def next_after(self, moment: datetime) -> Due:
        """Return the first time that is later than a moment (aware)."""
        zone = ZoneInfo(self.zone)
        # The instant of a date may lie on the next one, where a clock skips from before midnight.
        day = moment.astimezone(zone).date() - _DAY
        for _ in range(_SEARCHED_DAYS):
            if day.weekday() in self.days.numbers and _exists(day, zone):
                at = first_instant(datetime.combine(day, self.at), zone)
                if at > moment:
                    return Due(at, day)
            day += _DAY
        raise ValueError(f"nothing is due in {_SEARCHED_DAYS} days by {self}")

    def all_after(self, moment: datetime, *, until: datetime) -> Iterator[Due]:
        """Yield what is later than a moment and not later than another, in order."""
        due = self.next_after(moment)
        while due.at <= until:
            yield due
            due = self.next_after(due.at)

    def to_json(self) -> dict[str, str]:
        """Return it as it is kept."""
        return {"at": f"{self.at:%H:%M}", "days": str(self.days), "zone": self.zone}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Return what was kept.

        Raises:
            ValueError: It is none, or its zone is not known on this machine.
        """
        return cls(read_time(value["at"]), Days.parse(value["days"]), check_zone(value["zone"]))


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant (UTC) at which clocks in a zone show a local time, without zone, or a later one."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if _shown(found.timestamp(), zone) == local:
        return found
    # The clocks skip it. Counted by the offset from after the gap it lies before that, by the one from before after it.
    earliest = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(int(earliest.timestamp()), int(found.timestamp()) + 1)
    position = bisect_left(seconds, local, key=lambda second: _shown(second, zone))
    return datetime.fromtimestamp(seconds[position], UTC)


def _exists(day: date, zone: ZoneInfo) -> bool:
    midnight = datetime.combine(day, time())
    return first_instant(midnight, zone) < first_instant(midnight + _DAY, zone)


def _shown(timestamp: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(timestamp, zone).replace(tzinfo=None)
