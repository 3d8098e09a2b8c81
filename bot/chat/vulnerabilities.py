"""Vulnerabilities as commands tell of them: plain facts, as they stand in JSON too."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bot.document import Code, Inline, Link
from bot.fleet.model import Unchecked
from bot.fleet.vulnerabilities.acceptances import Acceptance
from bot.fleet.vulnerabilities.choosing import Choice
from bot.fleet.vulnerabilities.model import Counts, Severity, Vulnerability, count
from bot.fleet.vulnerabilities.scans import ImageFindings
from bot.fleet.vulnerabilities.service import Affected

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}", re.ASCII)
_GHSA = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}", re.ASCII | re.IGNORECASE)
_CVE_PAGE = "https://www.cve.org/CVERecord?id="
_GHSA_PAGE = "https://github.com/advisories/"


@dataclass(frozen=True)
class Wanted:
    """Which vulnerabilities are asked for.

    Attributes:
        least: Only these and worse; None: all.
        fixable: Only those with a fix.
        since: Only those that came since then (UTC); None: all.
    """

    least: Severity | None = None
    fixable: bool = False
    since: datetime | None = None

    @property
    def severities(self) -> tuple[Severity, ...]:
        """The severities that are asked for, the worst first."""
        return tuple(each for each in Severity if self.least is None or each.rank <= self.least.rank)

    @property
    def is_by_finding(self) -> bool:
        """Whether counts alone do not tell."""
        return self.fixable or self.since is not None

    def counts(self, counts: Counts) -> dict[Severity, int]:
        """Return counts, of what is asked for."""
        return {severity: counts.get(severity, 0) for severity in self.severities}

    def has(self, found: Vulnerability, came: datetime | None) -> bool:
        """Return whether a finding that came at some time (None: it was there from the beginning) is asked for."""
        if found.severity not in self.severities or (self.fixable and not found.fixed_by):
            return False
        return self.since is None or (came is not None and came >= self.since)


SeverityCounts = dict[Severity, int]


class Facts(BaseModel):
    """Frozen facts."""

    model_config = ConfigDict(frozen=True)


class FindingFacts(Facts):
    """A vulnerability in a package of an image.

    Attributes:
        id: Of the vulnerability.
        aliases: What else it is called.
        severity, score: How bad; by CVSS, None is unknown.
        package, version: What is vulnerable.
        fixed_by: The first version without it; None: there is none, or nobody knows of one.
        since: When it came (UTC); None: it was there from the beginning.
        accepted_until: Until when somebody lives with it (UTC); None: nobody does.
        reason: Why somebody does.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity
    score: float | None = None
    package: str
    version: str = ""
    fixed_by: str | None = None
    since: datetime | None = None
    accepted_until: datetime | None = None
    reason: str = ""

    @classmethod
    def of(
        cls, found: Vulnerability, since: Mapping[str, datetime], acceptance: Acceptance | None = None
    ) -> "FindingFacts":
        """Return the facts of a finding."""
        return cls(
            id=found.id,
            aliases=found.aliases,
            severity=found.severity,
            score=found.score,
            package=found.package,
            version=found.version,
            fixed_by=found.fixed_by,
            since=since.get(found.id),
            accepted_until=acceptance.expires_at if acceptance else None,
            reason=acceptance.reason if acceptance else "",
        )

    @property
    def order(self) -> tuple[bool, int, float, str, str]:
        """Where it stands among others, the worst first, and what is accepted last."""
        return self.accepted_until is not None, self.severity.rank, -(self.score or 0.0), self.id, self.package


class ImageFacts(Facts):
    """What is open in an image.

    Attributes:
        image: As people write it.
        digest: Of the platform's manifest that was looked at.
        platform: Which that is; None is unknown.
        platforms: How many it has.
        counts: How many are open, of each severity.
        accepted: How many are accepted, and so not counted.
        before: How many were open a week ago, or on the first day that is known; None: it was not looked at then.
        before_day: That day, `2026-11-14`.
        source: Who says so.
        scanned_at: When (UTC).
        problem: Why nothing newer is known; empty where nothing is wrong.
        findings: Each one, the accepted ones last; None where they are not known one by one, or were not asked for.
    """

    image: str
    digest: str
    platform: str | None
    platforms: int
    counts: SeverityCounts
    accepted: int = 0
    before: SeverityCounts | None = None
    before_day: str | None = None
    source: str
    scanned_at: datetime
    problem: str = ""
    findings: tuple[FindingFacts, ...] | None = None

    @classmethod
    def of(cls, image: ImageFindings, wanted: Wanted, labels: Mapping[str, str]) -> "ImageFacts | None":
        """Return the facts of an image; None: nothing is known, or not what is asked for.

        Args:
            image: What is known.
            wanted: Which vulnerabilities are asked for.
            labels: What people call the sources, by name.
        """
        scan, target = image.scan, image.target
        if scan is None or target is None or image.counts is None:
            return None
        if wanted.is_by_finding and image.open is None and any(wanted.counts(image.counts).values()):
            return None
        kept = [each for each in image.open or () if wanted.has(each, scan.since.get(each.id))]
        accepted = [
            each for each in image.accepted if wanted.has(each.vulnerability, scan.since.get(each.vulnerability.id))
        ]
        listed = [FindingFacts.of(each, scan.since) for each in kept]
        listed += [FindingFacts.of(each.vulnerability, scan.since, each.acceptance) for each in accepted]
        return cls(
            image=image.tag.reference,
            digest=target.digest,
            platform=target.platform,
            platforms=len({each.digest for each in image.tag.platforms if each.digest}) or 1,
            counts=wanted.counts(count(kept) if wanted.is_by_finding else image.counts),
            accepted=len({each.vulnerability.id for each in accepted}),
            source=labels.get(scan.source, scan.source),
            scanned_at=scan.scanned_at,
            problem=scan.problem,
            findings=None if image.open is None else tuple(sorted(listed, key=lambda each: each.order)),
        )

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """Where it stands among others, the worst first."""
        return tuple(-self.counts.get(severity, 0) for severity in Severity), self.image

    @property
    def total(self) -> int:
        """How many are open."""
        return sum(self.counts.values())


class UncheckedFacts(Facts):
    """An image of which nothing is known, or a repository that could not be read."""

    subject: str
    why: str

    @classmethod
    def of(cls, each: Unchecked) -> "UncheckedFacts":
        """Return the facts."""
        return cls(subject=each.subject, why=each.why)


class AffectedFacts(Facts):
    """A package of an image that has a vulnerability.

    Attributes:
        image: As people write it.
        platform: Which was looked at; None is unknown.
        package, version, fixed_by: See `FindingFacts`.
        severity: How bad it is there.
        accepted_until: Until when somebody lives with it (UTC); None: nobody does.
        source, scanned_at: Who says so, and when.
    """

    image: str
    platform: str | None
    package: str
    version: str
    fixed_by: str | None
    severity: Severity
    accepted_until: datetime | None
    source: str
    scanned_at: datetime

    @classmethod
    def all_of(cls, each: Affected, labels: Mapping[str, str]) -> "Iterator[AffectedFacts]":
        """Yield the facts of an image, for each package."""
        scan, target = each.image.scan, each.image.target
        if scan is None or target is None:
            return
        for found in each.findings:
            yield cls(
                image=each.image.tag.reference,
                platform=target.platform,
                package=found.package,
                version=found.version,
                fixed_by=found.fixed_by,
                severity=found.severity,
                accepted_until=each.acceptance.expires_at if each.acceptance else None,
                source=labels.get(scan.source, scan.source),
                scanned_at=scan.scanned_at,
            )


class PassedOverFacts(Facts):
    """A source that was not asked."""

    source: str
    why: str


class SourceFacts(Facts):
    """Who was asked about a namespace.

    Attributes:
        namespace: Which.
        source: Who; None: nobody can be asked.
        why: Why nobody can.
        passed_over: Who would have been asked before, and why not.
    """

    namespace: str
    source: str | None
    why: str = ""
    passed_over: tuple[PassedOverFacts, ...] = ()

    @classmethod
    def of(cls, namespace: str, choice: Choice) -> "SourceFacts":
        """Return the facts of a choice."""
        passed_over = tuple(PassedOverFacts(source=each.label, why=each.why) for each in choice.passed_over)
        source = choice.source.label if choice.source else None
        return cls(namespace=namespace, source=source, why=choice.why, passed_over=passed_over)


class AcceptanceFacts(Facts):
    """A vulnerability that somebody lives with; the names are those of `acceptances.Acceptance`."""

    vulnerability: str
    image: str
    reason: str
    accepted_by: str
    accepted_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, each: Acceptance) -> "AcceptanceFacts":
        """Return the facts."""
        return cls(**{name: getattr(each, name) for name in cls.model_fields})


def vulnerability_cell(name: str) -> Inline:
    """Return the name of a vulnerability, leading to its public page where that is known from the name alone."""
    if _CVE.fullmatch(name):
        return Link(name, _CVE_PAGE + name)
    return Link(name, _GHSA_PAGE + name) if _GHSA.fullmatch(name) else Code(name)


def by_reason(unchecked: Iterable[UncheckedFacts]) -> dict[str, list[str]]:
    """Return what could not be looked at, by why."""
    found: dict[str, list[str]] = {}
    for each in unchecked:
        found.setdefault(each.why, []).append(each.subject)
    return found
