"""The one small interface by which a capability adds to the digest.

A part looks at what is now, compares it with what it kept the last time (its *baseline*), and says what is new. Two
rules make every change reported once and only once, whatever happens in between:

- What is new follows from the baseline and from what is now alone, and the new baseline is what was compared.
- What could not be looked at keeps its old baseline, and is said to be unchecked: its changes are reported when it can
  be looked at again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Protocol

from pydantic import JsonValue
from sqlalchemy import Connection

from bot.document import Column, Inline, Line
from bot.fleet.model import Scope, Unchecked


class Weight(IntEnum):
    """How far up something new stands, the worst first."""

    CRITICAL = 0
    """Somebody should look today: a critical vulnerability, a failed build, a lost message."""
    WORSE = 1
    NOTABLE = 2
    BETTER = 3


@dataclass(frozen=True)
class News:
    """One thing that is new.

    Attributes:
        line: What, on one line, beginning with the image or whatever it is about.
        weight: How far up it stands.
    """

    line: Line
    weight: Weight


@dataclass(frozen=True)
class Measure:
    """A number of which the digest draws how it went, day by day.

    Attributes:
        name: What is counted, in at most 20 characters: `stale images`.
        value: How many there are now; None: nobody knows, which is never the same as none.
        past: How many there were, by day in UTC, where that is kept elsewhere; digests remember the rest themselves,
            by the day in their own zone.
    """

    name: str
    value: int | None
    past: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """All there is, new or not: what stands behind the button.

    Attributes:
        summary: In a few words, for the line of totals: `12 of 340 images stale`. Never empty.
        columns, rows: The list itself, the worst first; may have no rows.
        measures: What of it is drawn.
    """

    summary: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Inline, ...], ...] = ()
    measures: tuple[Measure, ...] = field(default=())


@dataclass(frozen=True)
class Found:
    """What a part found.

    Attributes:
        news: What is new since the baseline, in the order in which it should be told within the same weight.
        baseline: What to compare with the next time, as JSON.
        standing: All there is; None: this part has no such list (pushes that came, say).
        unchecked: What could not be looked at.
    """

    news: tuple[News, ...]
    baseline: JsonValue
    standing: Standing | None = None
    unchecked: tuple[Unchecked, ...] = field(default=())


class Part(Protocol):
    """Adds to the digest.

    Attributes:
        key: What `--only` calls it: `stale`.
        title: Above what it found: `Stale images`.
    """

    key: str
    title: str

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return what there is to say. Reads rows and asks nobody: what has to be asked was asked before.

        Args:
            connection: One to read on. Everything that a digest says is read on the same one.
            scope: Which images it is about.
            baseline: What this part returned the last time; None: there was no last time, and then nothing is new.
            now: The database's time.
        """


Parts = Sequence[Part]
"""In the order in which they are told."""
