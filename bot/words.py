"""Small things about words that several rooms need."""

import difflib
import math
from collections.abc import Iterable
from datetime import timedelta

_HOW_ALIKE = 0.6
_LONGEST_QUOTATION = 60


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word most like the given one, whatever the case; an empty string when none is like it."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=_HOW_ALIKE)
    return by_lower[found[0]] if found else ""


def quoted(text: str) -> str:
    """Return what somebody typed between backticks, cut short, so that it cannot end its own quotation."""
    cut = text if len(text) <= _LONGEST_QUOTATION else text[: _LONGEST_QUOTATION - 1] + "…"
    return f"`{cut.replace('`', '´')}`"


def in_words(length: timedelta) -> str:
    """Return a length of time as people say it, rounded up: `1 s`, `45 s`, `2 min`, `3 h`, `2 d`."""
    seconds = max(1, math.ceil(length.total_seconds()))
    for unit, most, each in (("s", 120, 1), ("min", 7_200, 60), ("h", 172_800, 3_600)):
        if seconds < most:
            return f"{math.ceil(seconds / each)} {unit}"
    return f"{math.ceil(seconds / 86_400)} d"
