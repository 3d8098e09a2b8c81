"""What people see of a digest: the message, and all of it. Pure.

The message leads with what changed, the worst first; then one line of how everything stands, how that went, and what
could not be looked at. A day on which nothing changed is one line.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from bot.digest.report import MOST_NAMED, MOST_SHOWN, Missed, Report, Section
from bot.document import (
    Chart,
    Code,
    Column,
    Document,
    Inline,
    Line,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Series,
    Strong,
    Table,
    line,
    plain_line,
)

UNCHECKED = "Could not be checked"
FIRST = "What changes from now on is told by the next one."
NOTHING = "Nothing to tell."
_MOST_REASONS = 6
_FEWEST_DAYS = 3
"""Fewer points show no way."""
_LONGEST_LISTING = 20
"""More news than that are a table, and a file where they are very many."""
_BETWEEN = " · "


def document_of(report: Report, *, name: str, date: date, late_by: timedelta | None) -> Document:
    """Return the message.

    Args:
        report: What there is to say; shortened or whole.
        name: What people call the digest by.
        date: The local date that it is of.
        late_by: How late it comes; None: it does not.
    """
    late = [_late(late_by)] if late_by else []
    if report.since is not None and not report.count:
        return Document("", (Paragraph(_quiet(report, name)), *_unchecked(report), *late))
    parts: list[Part] = []
    for section, news in report.worst():
        parts += [Paragraph(line(Strong(section.title))), Listing(tuple(told.line for told in news))]
    if report.count > MOST_SHOWN:
        parts.append(Note(line(f"{MOST_SHOWN} of {report.count:,} changes, the worst.")))
    if report.since is None:
        parts.append(Paragraph(line(FIRST)))
    parts += [Paragraph(line(totals)) for totals in [_totals(report)] if totals]
    parts += _charts(report)
    return Document(f"{name}, {date:%A} {date.day} {date:%B}", (*parts, *_unchecked(report), *late))


def standing_document(report: Report) -> Document:
    """Return all of a report: every change, then everything that stands, then what could not be looked at."""
    parts = [part for section in report.sections for part in _changes(section)]
    parts += [part for section in report.sections for part in _standing(section)]
    missed = [(Code(subject), each.why) for each in report.missed for subject in each.subjects]
    if len(missed) > _LONGEST_LISTING:
        parts += [Paragraph(line(Strong(UNCHECKED)))]
        parts += [Table(UNCHECKED, (Column("What"), Column("Why")), tuple(missed))]
    elif missed:
        said = tuple(line(subject, f": {why}") for subject, why in missed)
        parts += [Paragraph(line(Strong(UNCHECKED))), Listing(said)]
    as_of = line("As of ", Moment(report.at), *((", changes since ", Moment(report.since)) if report.since else ()))
    return Document("All of the digest", (*(parts or [Paragraph(line(NOTHING))]), Note(as_of)))


def _quiet(report: Report, name: str) -> Line:
    totals = _totals(report)
    rest = f". {totals}." if totals else "."
    return line(Strong(name), ": nothing new since ", Moment(report.since), rest)


def _totals(report: Report) -> str:
    said = _BETWEEN.join(section.standing.summary for section in report.sections if section.standing)
    return said[:1].upper() + said[1:]


def _charts(report: Report) -> Iterator[Chart]:
    series = [
        Series(each.name, each.values)
        for each in report.trend
        if sum(value is not None for value in each.values) >= _FEWEST_DAYS
    ]
    if series:
        title = f"{' · '.join(each.name for each in series)}, by day"
        days = tuple(f"{day.day} {day:%b}" for day in report.days)
        yield Chart(f"{title[:1].upper()}{title[1:]}", days, tuple(series))


def _unchecked(report: Report) -> list[Part]:
    if not report.missed:
        return []
    lines = [_missed(each) for each in report.missed[:_MOST_REASONS]]
    more = sum(each.count for each in report.missed[_MOST_REASONS:])
    if more:
        lines.append(line(f"… and {more:,} more"))
    return [Paragraph(line(Strong(UNCHECKED))), Listing(tuple(lines))]


def _missed(missed: Missed) -> Line:
    shown = missed.subjects[:MOST_NAMED]
    pieces: list[Inline] = []
    for subject in shown:
        pieces += [", ", Code(subject)]
    more = missed.count - len(shown)
    return line(*pieces[1:], *([f" and {more:,} more"] if more else []), f": {missed.why}")


def _late(late_by: timedelta) -> Note:
    hours, minutes = divmod(int(late_by.total_seconds()) // 60, 60)
    said = [f"{hours} h"] if hours else []
    said += [f"{minutes} min"] if minutes or not hours else []
    return Note(line(f"This comes {' '.join(said)} late."))


def _changes(section: Section) -> Iterator[Part]:
    lines = tuple(told.line for told in sorted(section.news, key=lambda told: told.weight))
    if not lines:
        return
    yield Paragraph(line(Strong(section.title), ", what changed"))
    if len(lines) <= _LONGEST_LISTING:
        yield Listing(lines)
    else:
        yield Table(f"{section.title}, what changed", (Column("Change"),), tuple((plain_line(each),) for each in lines))


def _standing(section: Section) -> Iterator[Part]:
    if section.standing:
        yield Paragraph(line(Strong(section.title), f": {section.standing.summary}"))
        if section.standing.rows:
            yield Table(section.title, section.standing.columns, section.standing.rows)
