"""Until when: a date, a day of the week, or a length of time, as people write it. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.ages import read_age
from bot.digest.schedule import Days, first_instant
from bot.words import quoted

LONGEST = timedelta(days=400)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TOMORROW = "tomorrow"


def read_until(text: str, *, now: datetime, zone: str) -> datetime:
    """Return a moment (UTC) after now: the beginning of a date or of a day of the week, or so long from now.

    Args:
        text: `2026-12-24`, `tomorrow`, `monday`, `3d`.
        now: The time (aware).
        zone: Whose dates are meant.

    Raises:
        ValueError: It is none, is over, or too far; the message is a sentence.
    """
    written = text.strip().lower()
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    day = _day(written, today, text)
    if (_age(text) if day is None else day - today) > LONGEST:
        raise ValueError(f"{quoted(text)} is too far away: at most {LONGEST.days} days.")
    until = now + _age(text) if day is None else first_instant(datetime.combine(day, time()), local)
    if until <= now:
        raise ValueError(f"{quoted(text)} is over already.")
    return until.astimezone(UTC)


def _day(written: str, today: date, text: str) -> date | None:
    """Return the date that is named; None: none is."""
    if _DATE.fullmatch(written):
        try:
            return date.fromisoformat(written)
        except ValueError as error:
            raise ValueError(f"There is no {quoted(text)}.") from error
    if written == _TOMORROW:
        return today + timedelta(days=1)
    if written.isalpha():
        try:
            (number,) = Days.parse(written).numbers
        except ValueError:
            return None  # Neither one day of the week nor several.
        return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None


def _age(text: str) -> timedelta:
    try:
        return read_age(text)
    except (ValueError, OverflowError) as error:
        problem = f"{quoted(text)} is neither a date, like `2026-12-24`, nor a day, nor a length of time, like `3d`."
        raise ValueError(problem) from error
