"""Ranges of versions, as npm writes them: `>=1.2 <2`, `^1.4`, `~1.4`, `1.x`, `1.2 - 2.3`, `^1 || ^2`.

A range is a choice (`||`) of conditions that hold together (blanks or commas between). Which tags are versions, and
their order, is what `bot.versions` says: `1.27` and `v1.27.0` are one version, `latest` is none, and what follows a
hyphen is a pre-release (`1.27-alpine` too). A pre-release fits only where the range names one of the same version.

Source: https://github.com/npm/node-semver#ranges
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.versions import Version, parse_version
from bot.words import quoted

LONGEST_RANGE = 200
HINT = "write it like `>=1.2 <2`, `^1.4`, `~1.4` or `1.x`"

_PART = r"(?:[0-9]{1,9}|[xX*])"
_CONDITION = re.compile(
    rf"(?P<sign>>=|<=|>|<|=|\^|~)?v?(?P<numbers>{_PART}(?:\.{_PART}){{0,3}})(?:-(?P<pre>[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*))?"
)
_SIGN_AND_BLANK = re.compile(r"(>=|<=|[><=^~])\s+")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_ANY = frozenset("xX*")
_FIRST_PRE_RELEASE = ("0",)
"""Comes before every other pre-release of its version, so that `<2` leaves those of 2 out."""
_MAJOR, _MINOR, _PATCH = 0, 1, 2


@dataclass(frozen=True)
class Bound:
    """One side of a range.

    Attributes:
        sign: `>=`, `>`, `<`, `<=` or `=`.
        version: What is compared with.
    """

    sign: str
    version: Version

    def holds(self, version: Version) -> bool:
        """Return whether the version is on the right side."""
        return _COMPARISONS[self.sign](version, self.version)


_COMPARISONS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda one, other: one >= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
}


@dataclass(frozen=True)
class Range:
    """Which versions are meant.

    Attributes:
        text: The range, with one blank wherever there was any separator; reads back to the same range.
        choices: The bounds of each choice; all of one must hold.
    """

    text: str
    choices: tuple[tuple[Bound, ...], ...]

    def admits(self, tag: str) -> bool:
        """Return whether the tag is a version in the range."""
        version = parse_version(tag)
        return version is not None and any(_holds(bounds, version) for bounds in self.choices)


def _holds(bounds: tuple[Bound, ...], version: Version) -> bool:
    if not all(bound.holds(version) for bound in bounds):
        return False
    # A pre-release is for those who know of it: they have named one of the same version.
    return not version.pre_release or any(
        bound.version.pre_release and bound.version.numbers == version.numbers for bound in bounds
    )


@lru_cache(maxsize=1024)
def parse_range(text: str) -> Range:
    """Read a range.

    Raises:
        ValueError: The text is none; the message is a sentence.
    """
    if len(text) > LONGEST_RANGE:
        raise ValueError(f"A range of versions has at most {LONGEST_RANGE} characters.")
    written = [_conditions(choice, text) for choice in text.split("||")]
    choices = tuple(tuple(_bounds_of_all(conditions, text)) for conditions in written)
    return Range(" || ".join(" ".join(conditions) for conditions in written), choices)


def _conditions(choice: str, text: str) -> list[str]:
    closed_up = _SIGN_AND_BLANK.sub(r"\1", choice.replace(",", " "))
    conditions = _HYPHEN.sub(r">=\1 <=\2", closed_up).split()
    if not conditions:
        raise ValueError(f"{quoted(text)} is not a range of versions; {HINT}.")
    return conditions


def _bounds_of_all(conditions: list[str], text: str) -> Iterator[Bound]:
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if not found or (found["pre"] and _ANY & set(found["numbers"])):
            which = "" if condition == text.strip() else f"{quoted(condition)} in "
            raise ValueError(f"{which}{quoted(text)} is not a range of versions; {HINT}.")
        yield from _bounds(found["sign"] or "=", _numbers(found["numbers"]), found["pre"] or "")


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers up to the first that is left open."""
    parts = text.split(".")
    known = next((index for index, part in enumerate(parts) if part in _ANY), len(parts))
    return tuple(int(part) for part in parts[:known])


def _bounds(sign: str, numbers: tuple[int, ...], pre: str) -> Iterator[Bound]:
    least = _version(numbers, tuple(pre.split(".")) if pre else ())
    match sign:
        case "^":
            yield Bound(">=", least)
            yield from _below_next(numbers, _leftmost(numbers))
        case "~":
            yield Bound(">=", least)
            yield from _below_next(numbers, min(_MINOR, len(numbers) - 1))
        case _ if pre or len(numbers) > _PATCH:
            yield Bound(sign, least)
        case "=":
            yield Bound(">=", least)
            yield from _below_next(numbers, len(numbers) - 1)
        case "<":
            yield Bound("<", _before(numbers))
        case "<=":
            yield from _below_next(numbers, len(numbers) - 1)
        case ">" if numbers:
            yield Bound(">=", _version(_next(numbers, len(numbers) - 1)))
        case ">":
            yield Bound("<", _before(()))  # Nothing is more than any.
        case _:
            yield Bound(">=", least)


def _leftmost(numbers: tuple[int, ...]) -> int:
    """Return which number `^` holds fast: the first that is not 0, else the last that is written."""
    named = numbers[: _PATCH + 1]
    return next((index for index, number in enumerate(named) if number), len(named) - 1)


def _below_next(numbers: tuple[int, ...], position: int) -> Iterator[Bound]:
    """Yield the bound that the number at the position must not go up; none when nothing is written."""
    if numbers:
        yield Bound("<", _before(_next(numbers, position)))


def _next(numbers: tuple[int, ...], position: int) -> tuple[int, ...]:
    return (*numbers[:position], numbers[position] + 1)


def _before(numbers: tuple[int, ...]) -> Version:
    return _version(numbers, _FIRST_PRE_RELEASE)


def _version(numbers: tuple[int, ...], pre_release: tuple[str, ...] = ()) -> Version:
    """Return the version of these numbers, as `bot.versions` reads it from a tag."""
    read = parse_version(".".join(map(str, numbers)) or "0")
    assert read is not None  # noqa: S101 - Dotted numbers are a version.
    return replace(read, pre_release=pre_release)
