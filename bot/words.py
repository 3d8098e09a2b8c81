"""Small things about words that several rooms need."""

import difflib
from collections.abc import Iterable

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
