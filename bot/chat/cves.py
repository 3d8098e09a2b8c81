"""What `/hub cves` found, and how it is said."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime

from pydantic import Field

from bot.chat.command import Arguments, Result
from bot.chat.people import named
from bot.chat.vulnerabilities import (
    AcceptanceFacts,
    AffectedFacts,
    Facts,
    FindingFacts,
    ImageFacts,
    SeverityCounts,
    SourceFacts,
    UncheckedFacts,
    Wanted,
    by_reason,
    vulnerability_cell,
)
from bot.document import (
    UNKNOWN,
    Chart,
    Code,
    Column,
    Count,
    Document,
    Inline,
    Line,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Series,
    Table,
    format_age,
    line,
    marked,
)
from bot.fleet.vulnerabilities.acceptances import EVERY_IMAGE
from bot.fleet.vulnerabilities.model import Severity

MOST_DAYS = 30
"""More are not drawn: the same day of two years could not be told apart."""
FEWEST_DAYS = 3
NOTHING = "–"
NONE_KNOWN = "No images are known there yet."
_MOST_NAMED = 5
_ALWAYS_SHOWN = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


class View(Arguments):
    """How an answer is shown.

    Attributes:
        severity: Only vulnerabilities as bad as this, and worse; None: all.
        fixable: Only those with a fix.
        new: Only those that are new.
        wide: With everything there is to say.
        limit: How many rows; None: all.
    """

    severity: Severity | None = None
    fixable: bool = False
    new: bool = False
    wide: bool = False
    limit: int | None = None

    @property
    def words(self) -> str:
        """Which vulnerabilities are asked for, before the word."""
        said = [word for word, is_said in (("new", self.new), ("fixable", self.fixable)) if is_said]
        if self.severity is Severity.CRITICAL:
            said.append("critical")
        elif self.severity is not None:
            said.append(f"{self.severity} (or worse)")
        return " ".join(said)


class TotalFacts(Facts):
    """How many were open on a day.

    Attributes:
        day: In UTC.
    """

    day: date
    counts: SeverityCounts


class _LookResult(Result):
    """What every look has.

    Attributes:
        unchecked: Of which nothing is known, and why.
        gaps: In which images some of the packages could not be looked at, and which.
        sources: Who was asked about which namespace.
        notes: What else must be said.
        looked_at: When (UTC).
        since: Only what came since then is shown (UTC); None: everything is.
        view: How it is shown.
    """

    unchecked: tuple[UncheckedFacts, ...] = ()
    gaps: tuple[UncheckedFacts, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    notes: tuple[str, ...] = ()
    looked_at: datetime
    since: datetime | None = None
    view: View = Field(exclude=True)


class OverviewResult(_LookResult):
    """The images that stand for repositories, the worst first.

    Attributes:
        title: What they are of, in a few words; empty: too many things for a title.
        totals: How many were open in all of a namespace, by day, the oldest first; empty: it is no whole namespace.
    """

    title: str
    images: tuple[ImageFacts, ...]
    totals: tuple[TotalFacts, ...] = ()


class ImagesResult(_LookResult):
    """Images that were named, and what is in them."""

    images: tuple[ImageFacts, ...]


class WhichResult(_LookResult):
    """Which images have a vulnerability.

    Attributes:
        affected: For each image and package.
        clear: How many images do not have it.
    """

    vulnerability: str
    affected: tuple[AffectedFacts, ...]
    clear: int


class AcceptedResult(Result):
    """What is accepted just now."""

    accepted: tuple[AcceptanceFacts, ...]


class AcceptingResult(Result):
    """What was accepted, or taken back.

    Attributes:
        is_accepted: Whether it was accepted; else it was taken back.
        acceptances: What; empty: there was nothing to take back.
    """

    vulnerability: str
    is_accepted: bool
    acceptances: tuple[AcceptanceFacts, ...]


AnyResult = OverviewResult | ImagesResult | WhichResult | AcceptedResult | AcceptingResult


def render(result: AnyResult) -> Document:
    """Say what was found, then what could not be, and who says so."""
    match result:
        case OverviewResult():
            return _overview(result)
        case ImagesResult():
            return _images(result)
        case WhichResult():
            return _which(result)
        case AcceptedResult():
            return _accepted(result.accepted)
        case AcceptingResult():
            return Document("", tuple(Paragraph(each) for each in _accepting(result)))


def _overview(result: OverviewResult) -> Document:
    view = result.view
    title = _title(result.title)
    shown = [each for each in result.images if each.total or not _is_filtered(view)]
    parts: list[Part] = []
    if shown:
        rows = shown[: view.limit]
        parts.append(_image_table(title, rows, view))
        parts += [Note(marked(_shown_of(len(rows), len(shown), "image"))), Note(line(_in_all(result.images, view)))]
    elif result.images:
        parts.append(Paragraph(line(f"None of {_plural(len(result.images), 'image')} has {_any(view)} vulnerability.")))
    elif not result.unchecked:
        parts.append(Paragraph(line(NONE_KNOWN)))
    chart = None if view.fixable or view.new else _chart(result)
    return Document(title, (*parts, *((chart,) if chart else ()), *_rest(result, result.images)))


def _title(of: str) -> str:
    return f"Vulnerabilities of {of}" if of else "Vulnerabilities"


def _image_table(title: str, images: Sequence[ImageFacts], view: View) -> Table:
    severities = _columns_of(images, view)
    has_trend = not (view.fixable or view.new) and any(each.before is not None for each in images)
    has_accepted = view.wide or any(each.accepted for each in images)
    columns: list[tuple[Column, Callable[[ImageFacts], Inline]]] = [(Column("Image"), lambda each: Code(each.image))]
    columns += [(Column(each.value.capitalize(), numeric=True), _count_of(each)) for each in severities]
    columns += [(Column("Trend", numeric=True), lambda each: _trend(each, severities))] * has_trend
    columns += [(Column("Accepted", numeric=True), lambda each: Count(each.accepted))] * has_accepted
    if view.wide:
        columns += [
            (Column("Platform"), _platform),
            (Column("Source"), lambda each: each.source),
            (Column("As of"), lambda each: Moment(each.scanned_at)),
        ]
    rows = tuple(tuple(cell(each) for _, cell in columns) for each in images)
    return Table(title, tuple(column for column, _ in columns), rows)


def _columns_of(images: Iterable[ImageFacts], view: View) -> tuple[Severity, ...]:
    """Return the severities that have a column; that of those nobody knows only where there are some."""
    found = {severity for each in images for severity, count in each.counts.items() if count}
    wanted = Wanted(view.severity).severities
    return tuple(each for each in wanted if each in _ALWAYS_SHOWN or each in found or view.wide)


def _count_of(severity: Severity) -> Callable[[ImageFacts], Inline]:
    return lambda image: Count(image.counts.get(severity, 0))


def _trend(image: ImageFacts, severities: Sequence[Severity]) -> str:
    if image.before is None:
        return NOTHING
    change = sum(image.counts.get(each, 0) - image.before.get(each, 0) for each in severities)
    return f"{change:+,}" if change else "0"


def _platform(image: ImageFacts) -> str:
    platform = image.platform or UNKNOWN
    return platform if image.platforms == 1 else f"{platform} of {image.platforms}"


def _in_all(images: Sequence[ImageFacts], view: View) -> str:
    accepted = sum(each.accepted for each in images)
    found = {each: sum(image.counts.get(each, 0) for image in images) for each in Wanted(view.severity).severities}
    trend = " Trend: against a week ago, or the first day that is known." if any(each.before for each in images) else ""
    return f"Added up over the images: {_counts(found)}{_accepted_too(accepted)}.{trend}"


def _counts(counts: SeverityCounts) -> str:
    said = [f"{count:,} {severity.value}" for severity, count in counts.items() if count]
    return ", ".join(said) or "none"


def _accepted_too(count: int) -> str:
    return f" ({count:,} accepted and not counted)" if count else ""


def _chart(result: OverviewResult) -> Chart | None:
    known = {each.day: each.counts for each in result.totals}
    if len(known) < FEWEST_DAYS:
        return None
    last = max(known).toordinal()
    numbers = range(max(min(known).toordinal(), last - MOST_DAYS + 1), last + 1)
    every_day = [date.fromordinal(number) for number in numbers]
    severities = [each for each in Wanted(result.view.severity).severities if each in _ALWAYS_SHOWN]
    series = tuple(
        Series(
            severity.value.capitalize(),
            tuple(float(known[each].get(severity, 0)) if each in known else None for each in every_day),
        )
        for severity in severities
    )
    title = f"Open in {result.title}, by day"
    return Chart(title, tuple(f"{each.day} {each:%b}" for each in every_day), series, unit="vulnerabilities")


def _images(result: ImagesResult) -> Document:
    view = result.view
    is_one = len(result.images) == 1
    title = _title(result.images[0].image if is_one else "")
    found = [(each, finding) for each in result.images for finding in each.findings or ()]
    summaries = tuple(_summary(each, view, result.looked_at) for each in result.images)
    parts: list[Part] = [Paragraph(*summaries) if is_one else Listing(summaries)] if summaries else []
    if found:
        rows = found[: view.limit]
        parts.append(_finding_table(rows, view, has_image=not is_one))
        parts.append(Note(marked(_shown_of(len(rows), len(found), "finding"))))
    return Document(title, (*parts, *_rest(result, result.images, has_ages=False)))


def _summary(image: ImageFacts, view: View, now: datetime) -> Line:
    words = f"{view.words} " if view.words else ""
    counted = _counts(image.counts) if image.total else f"no {words}vulnerability is known"
    told_apart = "" if image.findings is not None or not image.total else "; they are not known one by one yet"
    where = f" ({_platform(image)} platforms)" if image.platforms > 1 else ""
    age = format_age(image.scanned_at, now=now)
    return line(
        Code(image.image), f"{where}: {counted}{_accepted_too(image.accepted)}{told_apart}; by {image.source}, {age}."
    )


def _finding_table(found: Sequence[tuple[ImageFacts, FindingFacts]], view: View, *, has_image: bool) -> Table:
    is_accepted = any(each.accepted_until for _, each in found)
    columns: list[tuple[str, Callable[[ImageFacts, FindingFacts], Inline]]] = []
    columns += [("Image", lambda image, _: Code(image.image))] * has_image
    columns += [
        ("Vulnerability", lambda _, each: vulnerability_cell(each.id)),
        ("Severity", lambda _, each: _severity(each)),
        ("Package", lambda _, each: Code(each.package)),
        ("Version", lambda _, each: Code(each.version) if each.version else UNKNOWN),
        ("Fixed by", lambda _, each: Code(each.fixed_by) if each.fixed_by else NOTHING),
    ]
    columns += [("Accepted until", lambda _, each: _moment(each.accepted_until))] * is_accepted
    if view.wide:
        columns.append(("Since", lambda _, each: _moment(each.since)))
        columns.append(("Also called", lambda _, each: ", ".join(each.aliases) or NOTHING))
        columns += [("Accepted because", lambda _, each: each.reason or NOTHING)] * is_accepted
    rows = tuple(tuple(cell(image, each) for _, cell in columns) for image, each in found)
    return Table("By package", tuple(Column(name) for name, _ in columns), rows)


def _severity(each: FindingFacts) -> str:
    return each.severity.value if each.score is None else f"{each.severity.value} {each.score:.1f}"


def _moment(at: datetime | None) -> Inline:
    return Moment(at) if at else NOTHING


def _which(result: WhichResult) -> Document:
    title = f"Images with {result.vulnerability}"
    images = len({each.image for each in result.affected})
    clear = (
        f" {_plural(result.clear, 'image')} {'does' if result.clear == 1 else 'do'} not have it."
        if result.clear
        else ""
    )
    said: list[Inline] = [vulnerability_cell(result.vulnerability)]
    said.append(f" is in {_plural(images, 'image')}.{clear}" if images else f" is in none of your images.{clear}")
    if not images and result.unchecked:
        said[-1] = f" is in none of the images that could be checked.{clear}"
    parts: list[Part] = [Paragraph(tuple(said))]
    if result.affected:
        rows = result.affected[: result.view.limit]
        parts.append(_affected_table(rows, result.view))
        if len(rows) < len(result.affected):
            parts.append(Note(marked(_shown_of(len(rows), len(result.affected), "row"))))
    return Document(title, (*parts, *_rest(result, ())))


def _affected_table(rows: Sequence[AffectedFacts], view: View) -> Table:
    is_accepted = any(each.accepted_until for each in rows)
    columns: list[tuple[str, Callable[[AffectedFacts], Inline]]] = [
        ("Image", lambda each: Code(each.image)),
        ("Severity", lambda each: each.severity.value),
        ("Package", lambda each: Code(each.package)),
        ("Version", lambda each: Code(each.version) if each.version else UNKNOWN),
        ("Fixed by", lambda each: Code(each.fixed_by) if each.fixed_by else NOTHING),
    ]
    columns += [("Accepted until", lambda each: _moment(each.accepted_until))] * is_accepted
    if view.wide:
        columns.append(("Platform", lambda each: each.platform or UNKNOWN))
        columns.append(("Source", lambda each: each.source))
    columns.append(("As of", lambda each: Moment(each.scanned_at)))
    cells = tuple(tuple(cell(each) for _, cell in columns) for each in rows)
    return Table("By image and package", tuple(Column(name) for name, _ in columns), cells)


def _accepted(accepted: Sequence[AcceptanceFacts]) -> Document:
    title = "Accepted vulnerabilities"
    if not accepted:
        return Document(title, (Paragraph(line("Nothing is accepted: every known vulnerability is counted.")),))
    columns = ("Vulnerability", "Images", "Until", "Reason", "By", "Since")
    rows = tuple(
        (
            vulnerability_cell(each.vulnerability),
            _images_of(each),
            Moment(each.expires_at),
            each.reason,
            named(each.accepted_by),
            Moment(each.accepted_at),
        )
        for each in accepted
    )
    return Document(title, (Table(title, tuple(map(Column, columns)), rows),))


def _accepting(result: AcceptingResult) -> Iterator[Line]:
    if not result.acceptances:
        yield line(vulnerability_cell(result.vulnerability), " was not accepted there.")
    for each in result.acceptances:
        where = line(" in ", _images_of(each))
        name = vulnerability_cell(each.vulnerability)
        if result.is_accepted:
            yield line(name, *where, " is accepted until ", Moment(each.expires_at), ", and not counted: ", each.reason)
        else:
            yield line(name, *where, " is no longer accepted, and counted again.")


def _images_of(each: AcceptanceFacts) -> Inline:
    return "every image" if each.image == EVERY_IMAGE else Code(each.image)


def _rest(result: _LookResult, images: Sequence[ImageFacts], *, has_ages: bool = True) -> Iterator[Part]:
    """Yield what could not be looked at, who says so and how long ago, and what else there is to say."""
    if result.unchecked:
        yield Paragraph(line("Not checked, which does not mean that there is nothing:"))
        yield Listing(tuple(_unchecked_lines(result)))
    if result.gaps:
        yield from (Note(each) for each in _gap_lines(result))
    if images and has_ages:
        yield Note(line(_ages(images, result.looked_at)))
    troubled = [each for each in images if each.problem]
    if troubled:
        yield Note(
            line(f"Nothing newer is known of {_some([each.image for each in troubled])}: {troubled[0].problem}.")
        )
    if result.since is not None:
        yield Note(line("New is what came since ", Moment(result.since), "."))
    if result.view.wide:
        for source in result.sources:
            yield from (Note(marked(each)) for each in _choice_sentences(source))
    yield from (Note(marked(note)) for note in result.notes)


def _gap_lines(result: _LookResult) -> Iterator[Line]:
    most = None if result.view.limit is None else 1
    for why, subjects in list(by_reason(result.gaps).items())[:most]:
        yield line(f"Not all of {_some(subjects)} could be looked at: {why}.")
    others = {each.subject for each in result.gaps if each.why != result.gaps[0].why}
    if most is not None and others:
        yield line(f"Nor all of {_some(sorted(others))}; with `--all`, what is missing is named.")


def _unchecked_lines(result: _LookResult) -> Iterator[Line]:
    most = None if result.view.limit is None else _MOST_NAMED
    for why, subjects in by_reason(result.unchecked).items():
        yield line(f"{_some(subjects, most)}: {why}")


def _choice_sentences(source: SourceFacts) -> Iterator[str]:
    if source.source is not None and source.passed_over:
        yield f"`{source.namespace}` is asked about at {source.source}."
    for each in source.passed_over:
        yield f"Not at {each.source}: {each.why}"


def _ages(images: Sequence[ImageFacts], now: datetime) -> str:
    said = []
    for source in sorted({each.source for each in images}):
        times = [each.scanned_at for each in images if each.source == source]
        newest, oldest = (format_age(at, now=now) for at in (max(times), min(times)))
        said.append(f"by {source}, {newest}" if newest == oldest else f"by {source}, {newest} to {oldest}")
    words = "; ".join(said)
    return f"{words[:1].upper()}{words[1:]}."


def _some(names: Sequence[str], most: int | None = _MOST_NAMED) -> str:
    shown = names if most is None else names[:most]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _shown_of(shown: int, total: int, thing: str) -> str:
    if shown == total:
        return f"{_plural(total, thing)}, the worst first."
    return f"{shown:,} of {_plural(total, thing)}, the worst first. More: `--all`"


def _plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _any(view: View) -> str:
    return f"a {view.words}" if view.words else "a known"


def _is_filtered(view: View) -> bool:
    return bool(view.severity or view.fixable or view.new)
