"""Lengths of time as people write them: `90s`, `30m`, `12h`, `7d`, `4w`."""

import re
from datetime import timedelta

from bot.words import quoted

_AGE = re.compile(r"([0-9]{1,6})\s*([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_age(text: str) -> timedelta:
    """Read a length of time.

    Raises:
        ValueError: It is none; the message is a sentence.
    """
    found = _AGE.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{quoted(text)} is not a length of time, like `30s`, `12h` or `7d`.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
