"""What the bot says, before anybody decides how it looks.

A command renders its result to a `Document`; Slack and the terminal each know how to show one. A document is plain
values: nothing in it is markup, so text from the outside (descriptions, tags, user names) can be put in as it is. The
cells carry what they mean (bytes, a time, a count), and each renderer writes it in its own best way. A fact that is
None is shown as "unknown", never as a default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite

UNKNOWN = "unknown"

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_UNIT_STEP = 1000
_THREE_DIGITS = 100
_DIGEST_SHOWN = 12
_BARS = "▁▂▃▄▅▆▇█"
_NO_BAR = "·"
_AGES = (("y", 365 * 86_400), ("mo", 30 * 86_400), ("d", 86_400), ("h", 3_600), ("min", 60))


@dataclass(frozen=True)
class Code:
    """Something to be copied or compared letter by letter: a reference, a digest, a command."""

    text: str


@dataclass(frozen=True)
class Strong:
    """The words the eye should find first."""

    text: str


@dataclass(frozen=True)
class Link:
    """A label that leads to an address of ours or Docker Hub's; never one out of a payload.

    Attributes:
        label: The words.
        url: Where they lead.
        is_strong: Whether they are also what the eye should find first.
    """

    label: str
    url: str
    is_strong: bool = False


@dataclass(frozen=True)
class Size:
    """A number of bytes; None is unknown."""

    size_bytes: int | None


@dataclass(frozen=True)
class Moment:
    """A time, aware; None is unknown. Shown in the reader's own zone where the medium can, else in UTC."""

    at: datetime | None


@dataclass(frozen=True)
class Count:
    """How many of something; None is unknown."""

    value: int | None


@dataclass(frozen=True)
class Person:
    """Somebody in Slack, by user id. Named there, and told unless the message is only theirs; elsewhere the id."""

    user_id: str


@dataclass(frozen=True)
class Channel:
    """A channel of Slack, by id. Named there; elsewhere the id."""

    channel_id: str


@dataclass(frozen=True)
class UserGroup:
    """A user group of Slack, by id. Shown and told as a `Person` is."""

    group_id: str


Inline = str | Code | Strong | Link | Size | Moment | Count | Person | Channel | UserGroup
Line = tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """A few sentences."""

    line: Line


@dataclass(frozen=True)
class Facts:
    """Label and value, one pair a line."""

    pairs: tuple[tuple[str, Line], ...]


@dataclass(frozen=True)
class Column:
    """A column's heading, and whether its cells are numbers (set to the right)."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings; every row has as many cells as there are columns.

    Attributes:
        caption: What the table holds, for people who hear it rather than see it.
        is_file: Whether it comes as a file too, however short it is.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Inline, ...], ...]
    is_file: bool = False

    def __post_init__(self) -> None:
        """Refuse a ragged table: Slack would refuse the whole message for it."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns: {row!r}")


@dataclass(frozen=True)
class Listing:
    """One thing a line, each with a mark in front."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class CodeBlock:
    """Something to copy as it is, over one or more lines."""

    text: str


@dataclass(frozen=True)
class Note:
    """The small print: totals, what could not be checked, how to see more."""

    line: Line


class ChartKind(StrEnum):
    """How a chart draws its series."""

    LINE = "line"
    BAR = "bar"


@dataclass(frozen=True)
class Series:
    """What a chart draws: a name, and a value for each of the chart's categories; None is unknown."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """Numbers that are better seen than read; where nothing can be drawn, a line of text for each series.

    Attributes:
        title: What it shows; at most 50 characters are shown.
        categories: What stands below, in order, each once: `21 Nov`.
        series: Each with as many values as there are categories.
        kind: How it is drawn.
        unit: What the values are, in a word: `images`; may be empty.
    """

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    kind: ChartKind = ChartKind.LINE
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse what Slack would refuse the whole message for."""
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"a category stands twice: {self.categories!r}")
        if any(len(each.values) != len(self.categories) for each in self.series):
            raise ValueError("a series needs one value for each category")
        if any(value is not None and not isfinite(value) for each in self.series for value in each.values):
            raise ValueError("a value is no number")


Part = Paragraph | Facts | Table | Listing | CodeBlock | Note | Chart


@dataclass(frozen=True)
class Document:
    """A titled sequence of parts.

    Attributes:
        title: One short line that says what this is about; empty when the first paragraph says it all.
        parts: What is said, in order.
    """

    title: str
    parts: tuple[Part, ...] = field(default=())

    def tables(self) -> Iterator[Table]:
        """Return the tables, in order."""
        return (part for part in self.parts if isinstance(part, Table))


def line(*pieces: Inline) -> Line:
    """Return the pieces as one line; reads better than a one-element tuple."""
    return pieces


def marked(sentence: str) -> Line:
    """Return a sentence of ours as a line, with what stands between backticks as code.

    Only for our own sentences. Text from the outside that stands in one has lost its backticks before.
    """
    pieces = sentence.split("`")
    return tuple(Code(piece) if index % 2 else piece for index, piece in enumerate(pieces) if piece)


def plain(piece: Inline) -> str:
    """Return one piece as plain text: sizes with a unit, times in UTC, unknown where nothing is known."""
    match piece:
        case str():
            return piece
        case Code(text) | Strong(text) | Link(text) | Person(text) | Channel(text) | UserGroup(text):
            return text
        case Size(size_bytes):
            return format_bytes(size_bytes)
        case Moment(at):
            return format_time(at)
        case Count(value):
            return format_count(value)


def plain_line(pieces: Line) -> str:
    """Return the pieces of a line as plain text, one after the other."""
    return "".join(plain(piece) for piece in pieces)


def chart_lines(chart: Chart) -> Iterator[Line]:
    """Return a chart in words: what it shows and from when to when, then a line of bars for each series."""
    span = f" {chart.categories[0]} to {chart.categories[-1]}" if len(chart.categories) > 1 else ""
    yield Strong(chart.title), span
    for series in chart.series:
        yield series_line(series, unit=chart.unit)


def series_line(series: Series, *, unit: str = "") -> Line:
    """Return the numbers of a series as bars of letters, with the first and the last of those that are known."""
    known = [value for value in series.values if value is not None]
    if not known:
        return (f"{series.name} {UNKNOWN}",)
    ends = " → ".join(format_number(value) for value in (known[0], known[-1]))
    return (f"{series.name} {sparkline(series.values)} {ends} {unit}".rstrip(),)


def sparkline(values: Sequence[float | None]) -> str:
    """Draw numbers as bars of letters: the least is the lowest, the most the highest, a dot what is not known."""
    # Halves, because the difference of two very large numbers is none.
    halves = [None if value is None else value / 2 for value in values]
    known = [half for half in halves if half is not None]
    least, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)

    def bar(half: float) -> str:
        return _BARS[round((half - least) / span * (len(_BARS) - 1))] if span else _BARS[0]

    return "".join(_NO_BAR if half is None else bar(half) for half in halves)


def format_number(value: float) -> str:
    """Write a number with thousands apart, and with two places where it is not whole: `1,204`, `0.25`."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def format_bytes(size_bytes: int | None) -> str:
    """Write a number of bytes in decimal units with three digits, as Docker does: `84.2 MB`; None is unknown."""
    if size_bytes is None:
        return UNKNOWN
    sign = "-" if size_bytes < 0 else ""
    value = float(abs(size_bytes))
    for unit in _BYTE_UNITS:
        # 999.95 would round up to four digits; it belongs to the next unit.
        if value < _UNIT_STEP - 0.05 or unit == _BYTE_UNITS[-1]:
            break
        value /= _UNIT_STEP
    if unit == "B":
        return f"{sign}{value:.0f} B"
    return f"{sign}{value:.0f} {unit}" if value >= _THREE_DIGITS else f"{sign}{value:.1f} {unit}"


def format_time(at: datetime | None) -> str:
    """Write a time to the minute in UTC: `2026-11-21 14:05 UTC`; None is unknown."""
    return UNKNOWN if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_count(value: int | None) -> str:
    """Write a number with thousands apart: `1,204`; None is unknown."""
    return UNKNOWN if value is None else f"{value:,}"


def format_age(at: datetime | None, *, now: datetime) -> str:
    """Write how long ago that was, in its largest unit: `3 d ago`; `now` within a minute or in the future."""
    if at is None:
        return UNKNOWN
    seconds = (now - at).total_seconds()
    for unit, length in _AGES:
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "now"


def short_digest(digest: str | None) -> str:
    """Return the first twelve hexadecimal digits, as Docker's own tools show them; None is unknown."""
    return UNKNOWN if digest is None else digest.partition(":")[2][:_DIGEST_SHOWN] or digest[:_DIGEST_SHOWN]
