"""Which vulnerabilities are new in images, which are gone, and what is about to be accepted no more."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection

from bot.digest.part import Found, Measure, News, Standing, Weight
from bot.digest.parts.alike import WHOLE, Together, together
from bot.digest.parts.looking import Look, look
from bot.digest.parts.vulnerable import BAD, Change, Issue, Issues, Kind, Known, compare
from bot.document import Code, Column, Count, Inline, Line, Moment, line
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.fleet.vulnerabilities import days
from bot.fleet.vulnerabilities.acceptances import Acceptance, active
from bot.fleet.vulnerabilities.model import Severity
from bot.fleet.vulnerabilities.scans import ImageFindings, is_image, open_findings
from bot.store.workspaces import HOME

EXPIRING = timedelta(days=7)
"""So long before it ends, it is told that a vulnerability will be accepted no more."""
DRAWN = timedelta(days=20)
ONLY_COUNTED = "its vulnerabilities are counted, and not known one by one yet"
OLD = timedelta(hours=36)
"""Everybody is asked every day. Of what is older the age is said."""
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
        unanalysed = seen.look.images.keys() - issues.keys()
        had = before.known if before else None
        changes, known = compare(had, issues, unanalysed=unanalysed, unchecked=seen.look.subjects)
        accepted = {each.id: each for each in active(connection, HOME, now)}
        warned, told = warn(before.expiring if before else None, _needed(seen.findings.values()), accepted, now)
        news = [*_news(changes, seen.look.images), *_expiring_news(warned)]
        past = _past(connection, scope, seen.look.images.values(), now)
        return Found(
            tuple(news),
            Remembered(known=known, expiring=told).model_dump(mode="json"),
            _standing(seen, Measure("critical and high", _bad(seen, had), past)),
            seen.unchecked,
        )


def _see(connection: Connection, scope: Scope, now: datetime) -> _Seen:
    everything = look(connection, scope, now)
    # A Helm chart, say, has no vulnerabilities, and nobody could check it on another day.
    seen = replace(everything, images={name: tag for name, tag in everything.images.items() if is_image(tag)})
    by_reference = open_findings(connection, HOME, seen.images.values(), now)
    findings = {name: by_reference[tag.reference] for name, tag in seen.images.items()}
    unchecked = [each for found in findings.values() if (each := _unchecked(found, now))]
    return _Seen(seen, findings, (*seen.unchecked, *unchecked))


def _unchecked(found: ImageFindings, now: datetime) -> Unchecked | None:
    if found.unchecked is not None or found.scan is None:
        return found.unchecked
    problem, asked_at = found.scan.problem, found.scan.scanned_at
    why = [problem or ONLY_COUNTED] if problem or found.open is None else []
    # By the day: so what was last asked about together is told together.
    why += [f"its vulnerabilities were last looked for on {asked_at:%F}"] if asked_at < now - OLD else []
    return Unchecked(found.tag.reference, "; ".join(why)) if why else None


def _needed(findings: Iterable[ImageFindings]) -> frozenset[str]:
    return frozenset(one.acceptance.id for each in findings for one in each.accepted)


def warn(
    before: frozenset[str] | None, needed: Collection[str], accepted: Mapping[str, Acceptance], now: datetime
) -> tuple[list[Acceptance], frozenset[str]]:
    """Return which acceptances end soon, what ends first first, and of which that was told. Pure.

    Args:
        before: Of which it was told, by id; None: nobody looked, and nothing is new then.
        needed: Those that an image needs, as far as it is known what images have.
        accepted: Those that hold, by id.
        now: The database's time.
    """
    ending = [each for each in accepted.values() if each.id in needed and each.expires_at <= now + EXPIRING]
    # One that no image seems to need just now stays told: an image may be looked at later, and need it again.
    told = {each.id for each in ending} | ((before or frozenset()) & accepted.keys())
    new = [] if before is None else [each for each in ending if each.id not in before]
    return sorted(new, key=lambda each: (each.expires_at, each.id)), frozenset(told)


def _news(changes: Iterable[Change], images: Mapping[str, TagSnapshot]) -> Iterator[News]:
    """Return one line for what happened to several images alike, as when they stand on the same base."""
    groups = sorted(
        together(changes), key=lambda group: (_weight(group), group.issues[0].severity.rank, -len(group.names))
    )
    for group in groups:
        references = sorted(images[name].reference for name in group.names)
        words = _whole_words(group) if group.kind in WHOLE else _words(group)
        yield News((*_named(references), *words), _weight(group))


def _weight(change: Together) -> Weight:
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


def _whole_words(change: Together) -> Line:
    counts = Counter(issue.severity for issue in change.issues)
    said = [f"{counts[severity]:,} {severity}" for severity in BAD if counts[severity]]
    in_all = "" if len(change.names) == 1 else " in all"
    if change.kind is Kind.IMAGE:
        return line(f" {'are' if in_all else 'is'} new, with {' and '.join(said)}{in_all}")
    return line(f" {'were' if in_all else 'was'} analysed for the first time: {', '.join(said)}{in_all}")


def _words(change: Together) -> Line:
    """Say what happened: how many of each severity, and the worst by name."""
    numbers = Counter(issue.severity for issue in change.issues)
    counts = ", ".join(f"{numbers[severity]:,} {severity}" for severity in Severity if numbers[severity])
    worst = change.issues[0]
    is_one = len(change.issues) == 1
    about = f" in {worst.package}" if worst.package else ""
    remedy = f", fixed by {worst.fixed_by}" if worst.fixed_by else ""
    which = line(Code(worst.id), about, remedy)
    match change.kind:
        case Kind.NEW:
            return line(f": {counts} new, ", *(() if is_one else ("the worst is ",)), *which)
        case Kind.RAISED if is_one:
            return line(f": severity raised to {worst.severity}, ", *which)
        case Kind.RAISED:
            raised = ", ".join(f"{numbers[severity]:,} to {severity}" for severity in BAD if numbers[severity])
            return line(f": severity raised, {raised}, the worst is ", *which)
        case Kind.REOPENED:
            return line(f": {counts} open again, accepted no more, ", *(() if is_one else ("the worst is ",)), *which)
        case _:
            return line(f": {counts} gone, ", *(() if is_one else ("among them ",)), Code(worst.id))


def _expiring_news(ending: Iterable[Acceptance]) -> Iterator[News]:
    for each in ending:
        said = line(
            Code(each.vulnerability), " is accepted in ", Code(each.image), " only until ", Moment(each.expires_at)
        )
        yield News(said, Weight.NOTABLE)


def _bad(seen: _Seen, had: Known | None) -> int | None:
    """Return how many are critical or high, in each image as it was last known; None: nothing is known of any."""
    numbers: list[int] = []
    for name, found in seen.findings.items():
        if found.counts is not None:
            numbers.append(sum(found.counts.get(severity, 0) for severity in BAD))
        elif had is not None and (kept := had.of(name)) is not None:
            numbers.append(sum(severity in BAD and not is_accepted for _, severity, is_accepted in kept))
    return sum(numbers) if numbers else None


def _standing(seen: _Seen, measure: Measure) -> Standing:
    known = [each for each in seen.findings.values() if each.counts is not None]
    worst_first = sorted(known, key=_badness)
    rows = tuple(_row(each) for each in worst_first if any((each.counts or {}).values()) or each.accepted)
    return Standing(_summary(seen, known), _COLUMNS, rows, (measure,))


def _summary(seen: _Seen, known: Sequence[ImageFindings]) -> str:
    unknown = len(seen.findings) - len(known)
    if not known:
        return f"{_images(unknown)} not analysed" if unknown else "no images analysed"
    totals = days.sums(each.counts or {} for each in known)
    bad = [each for each in known if any((each.counts or {}).get(severity) for severity in BAD)]
    if bad:
        said = ", ".join(f"{totals[severity]:,} {severity}" for severity in BAD if totals[severity])
        summary = f"{said} in {_images(len(bad))}"
    else:
        summary = f"nothing critical or high in {_images(len(known))}"
    return f"{summary} ({_images(unknown)} not analysed)" if unknown else summary


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
        date.fromisoformat(day): sum(counts[day][severity] for counts in by_namespace for severity in BAD)
        for day in known
    }
