"""Which vulnerabilities are new in images, which are gone, and what is about to be accepted no more."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection

from bot.digest.part import Found, Measure, News, Standing, Weight
from bot.digest.parts.looking import Look, look
from bot.digest.parts.vulnerable import Change, Issue, Issues, Kind, Known, compare
from bot.document import Code, Column, Count, Inline, Line, Moment, line
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.fleet.vulnerabilities import days
from bot.fleet.vulnerabilities.acceptances import Acceptance
from bot.fleet.vulnerabilities.model import Severity
from bot.fleet.vulnerabilities.scans import ImageFindings, is_image, open_findings
from bot.store.workspaces import HOME

EXPIRING = timedelta(days=7)
"""So long before it ends, it is told that a vulnerability will be accepted no more."""
DRAWN = timedelta(days=20)
ONLY_COUNTED = "its vulnerabilities are counted, and not known one by one yet"
_BAD = (Severity.CRITICAL, Severity.HIGH)
_SHOWN = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_MOST_NAMED = 3
_COLUMNS = (
    Column("Image"),
    *(Column(severity.value.capitalize(), numeric=True) for severity in _SHOWN),
    Column("Accepted", numeric=True),
    Column("As of"),
)


class Remembered(BaseModel):
    """What a digest knew.

    Attributes:
        known: What images had.
        expiring: The acceptances of which it was said that they end, by id.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    known: Known = Known()
    expiring: frozenset[str] = Field(default=frozenset())


@dataclass(frozen=True)
class _Seen:
    """What is known of all images.

    Attributes:
        look: Which there are.
        findings: What they have, by what a digest knows each by.
        unchecked: What could not be looked at.
    """

    look: Look
    findings: Mapping[str, ImageFindings]
    unchecked: tuple[Unchecked, ...] = field(default=())

    @property
    def issues(self) -> dict[str, Sequence[Issue]]:
        """The vulnerabilities of those images of which they are known one by one."""
        made = Issues()
        return {
            name: made.of(each.open, (one.vulnerability for one in each.accepted))
            for name, each in self.findings.items()
            if each.open is not None
        }


class NewVulnerabilities:
    """Implements `bot.digest.part.Part`."""

    key = "cves"
    title = "Vulnerabilities"

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return what is new, gone, or about to come back, and what there is."""
        seen = _see(connection, scope, now)
        before = None if baseline is None else Remembered.model_validate(baseline)
        issues = seen.issues
        unknown = seen.look.subjects | (seen.look.images.keys() - issues.keys())
        changes, known = compare(before.known if before else None, issues, unknown=unknown)
        ending = _ending(seen.findings.values(), now)
        told = before.expiring if before else frozenset(ending)
        news = [
            *_news(changes, seen.look.images),
            *_expiring_news(each for each in ending.values() if each.id not in told),
        ]
        remembered = Remembered(known=known, expiring=frozenset(ending))
        return Found(
            tuple(news),
            remembered.model_dump(mode="json"),
            _standing(seen, _past(connection, scope, seen.look.images.values(), now)),
            seen.unchecked,
        )


def _see(connection: Connection, scope: Scope, now: datetime) -> _Seen:
    everything = look(connection, scope, now)
    # A Helm chart, say, has no vulnerabilities, and nobody could check it on another day.
    seen = replace(everything, images={name: tag for name, tag in everything.images.items() if is_image(tag)})
    by_reference = open_findings(connection, HOME, seen.images.values(), now)
    findings = {name: by_reference[tag.reference] for name, tag in seen.images.items()}
    unchecked = [each for found in findings.values() if (each := _unchecked(found))]
    return _Seen(seen, findings, (*seen.unchecked, *unchecked))


def _unchecked(found: ImageFindings) -> Unchecked | None:
    if found.unchecked is not None:
        return found.unchecked
    if found.scan is not None and found.scan.problem:
        return Unchecked(found.tag.reference, found.scan.problem)  # What is known is the last that was.
    return Unchecked(found.tag.reference, ONLY_COUNTED) if found.open is None else None


def _ending(findings: Iterable[ImageFindings], now: datetime) -> dict[str, Acceptance]:
    """Return the acceptances that end soon and that one of the images still needs, what ends first first."""
    needed = {one.acceptance.id: one.acceptance for each in findings for one in each.accepted}
    ending = [each for each in needed.values() if each.expires_at <= now + EXPIRING]
    return {each.id: each for each in sorted(ending, key=lambda each: (each.expires_at, each.id))}


def _news(changes: Iterable[Change], images: Mapping[str, TagSnapshot]) -> Iterator[News]:
    """Return one line for what happened to several images alike, as when they stand on the same base."""
    alike: dict[tuple[Kind, tuple[str, ...]], list[Change]] = {}
    for change in changes:
        alike.setdefault((change.kind, tuple(issue.id for issue in change.issues)), []).append(change)
    groups = sorted(
        alike.values(), key=lambda group: (_weight(group[0]), group[0].issues[0].severity.rank, -len(group))
    )
    for group in groups:
        references = sorted(images[change.name].reference for change in group)
        yield News((*_named(references), *_words(group[0])), _weight(group[0]))


def _weight(change: Change) -> Weight:
    if change.kind is Kind.FIXED:
        return Weight.BETTER
    match change.issues[0].severity:
        case Severity.CRITICAL:
            return Weight.CRITICAL
        case Severity.HIGH:
            return Weight.WORSE
        case _:
            return Weight.NOTABLE


def _named(references: Sequence[str]) -> Line:
    shown = references if len(references) <= _MOST_NAMED else references[: _MOST_NAMED - 1]
    pieces: list[Inline] = []
    for reference in shown:
        pieces += [", " if pieces else "", Code(reference)]
    more = len(references) - len(shown)
    return (*pieces[1:], f" and {more:,} more") if more else tuple(pieces[1:])


def _words(change: Change) -> Line:
    """Say what happened: how many of each severity, and the worst by name."""
    counts = ", ".join(f"{number:,} {severity}" for severity in Severity if (number := _number(change, severity)))
    worst = change.issues[0]
    is_one = len(change.issues) == 1
    about = f" in {worst.package}" if worst.package else ""
    remedy = f", fixed by {worst.fixed_by}" if worst.fixed_by else ""
    which = line(Code(worst.id), about, remedy)
    match change.kind:
        case Kind.NEW:
            return line(f": {counts} new, ", *(() if is_one else ("the worst is ",)), *which)
        case Kind.REOPENED:
            return line(f": {counts} open again, accepted no more, ", *(() if is_one else ("the worst is ",)), *which)
        case Kind.FIXED:
            return line(f": {counts} gone, ", *(() if is_one else ("among them ",)), Code(worst.id))


def _number(change: Change, severity: Severity) -> int:
    return sum(issue.severity is severity for issue in change.issues)


def _expiring_news(ending: Iterable[Acceptance]) -> Iterator[News]:
    for each in ending:
        said = line(
            Code(each.vulnerability), " is accepted in ", Code(each.image), " only until ", Moment(each.expires_at)
        )
        yield News(said, Weight.NOTABLE)


def _standing(seen: _Seen, past: Mapping[date, int]) -> Standing:
    known = [each for each in seen.findings.values() if each.counts is not None]
    totals = days.sums(each.counts or {} for each in known)
    bad = [each for each in known if any((each.counts or {}).get(severity) for severity in _BAD)]
    if bad:
        said = ", ".join(f"{totals[severity]:,} {severity}" for severity in _BAD if totals[severity])
        summary = f"{said} in {_images(len(bad))}"
    else:
        summary = f"nothing critical or high in {_images(len(known))}"
    unknown = len(seen.findings) - len(known)
    if unknown:
        summary += f" ({_images(unknown)} not analysed)"
    worst_first = sorted(known, key=_badness)
    rows = tuple(_row(each) for each in worst_first if any((each.counts or {}).values()) or each.accepted)
    measures = (Measure("critical and high", sum(totals[severity] for severity in _BAD), past),)
    return Standing(summary, _COLUMNS, rows, measures)


def _badness(each: ImageFindings) -> tuple[list[int], str]:
    return [-(each.counts or {}).get(severity, 0) for severity in Severity], each.tag.reference


def _row(each: ImageFindings) -> tuple[Inline, ...]:
    counts = each.counts or {}
    numbers = (Count(counts.get(severity, 0)) for severity in _SHOWN)
    scanned_at = each.scan.scanned_at if each.scan else None
    return (Code(each.tag.reference), *numbers, Count(each.accepted_count), Moment(scanned_at))


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _past(connection: Connection, scope: Scope, tags: Collection[TagSnapshot], now: datetime) -> dict[date, int]:
    """Return how many there were on the days before, as far as that is kept: of whole namespaces only."""
    if any(tag.repository.namespace not in scope.namespaces for tag in tags):
        return {}
    by_namespace = [dict(days.totals(connection, HOME, each, since=now - DRAWN)) for each in scope.namespaces]
    known = set[str].intersection(*map(set, by_namespace)) if by_namespace else set()
    return {
        date.fromisoformat(day): sum(counts[day][severity] for counts in by_namespace for severity in _BAD)
        for day in known
    }
