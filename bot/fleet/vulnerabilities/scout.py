"""Docker Scout as a source: counts for a hundred images at a time, each vulnerability for one.

An image is analysed when Docker Scout says `INDEXED` and gives a report; everything else is a scan that says why
nothing is known, never a zero. What is not documented of Docker Scout may be refused; then the next way is tried:

1. all images of the namespace together, as an image of its organization,
2. the same, one repository after the other,
3. as public images, which is also how those of a stranger's namespace are looked up,
4. one image after the other, by the documented query.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.errors import (
    ForbiddenError,
    HubError,
    InvalidError,
    NoCredentialError,
    NotFoundError,
    PlanError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability, count
from bot.hub.client import HubClient
from bot.hub.scout import MOST_DIGESTS, ImagePackages, ImageSummary, Package, PackageVulnerability, Summaries
from bot.images import OFFICIAL_NAMESPACE, RepositoryName

GIVES_UP_AFTER = 2
"""So many requests in a row without an answer mean that the others will get none either."""

_INDEXED = "INDEXED"
_UNKNOWN = "Docker Scout does not know it; perhaps its repository is not enabled there"
_NOT_SCANNED = "Docker Scout knows it and has not looked for vulnerabilities yet"
_NOT_READABLE = "Docker Scout's answer cannot be read"
_NOT_WHOLE = "Docker Scout does not say what is wrong with all of its packages"
_STATES = {
    "INDEXING": (ScanState.PENDING, "Docker Scout is analysing it"),
    "NONE": (ScanState.PENDING, "Docker Scout has not analysed it"),
    "INDEXING_FAILED": (ScanState.UNAVAILABLE, "Docker Scout failed to analyse it"),
    "INDEXING_UNAVAILABLE": (ScanState.UNAVAILABLE, "Docker Scout cannot analyse what it is"),
}
_UNEXPECTED = "Docker Scout answered something unexpected"
# The first that fits holds: some are kinds of others.
_CLAUSES: Sequence[tuple[type[HubError], str]] = (
    (PlanError, "the plan at Docker Hub does not allow it"),
    (ForbiddenError, "Docker Scout does not show it to {credential}"),
    (NoCredentialError, "there is no token in the settings that Docker Scout takes"),
    (UnauthorizedError, "Docker Hub refuses {credential}"),
    (RateLimitedError, "Docker Scout takes no more requests until {until}"),
    (UnavailableError, "Docker Scout did not answer"),
    (NotFoundError, "Docker Scout is not where it is looked for"),
)
_LASTING = (ForbiddenError, NotFoundError, NoCredentialError)


@dataclass
class _Way:
    """How the images of one namespace are asked about, and what came of it so far.

    Attributes:
        organization: In whose name; None: public images are looked up.
        is_by_repository: Whether each repository is asked about by itself.
        is_by_image: Whether each image is, by the documented query.
        refusal: Why the organization's name was given up.
        failures: How many requests in a row got no answer.
        failure: Why the last of them did not.
    """

    organization: str | None
    is_by_repository: bool = False
    is_by_image: bool = False
    refusal: HubError | None = None
    failures: int = 0
    failure: HubError | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether asking on is of no use."""
        return self.failures >= GIVES_UP_AFTER or isinstance(self.failure, RateLimitedError)

    def turns(self, error: HubError, *, named_repository: bool) -> bool:
        """Take the next way after a refusal; False: there is none, or the refusal has nothing to do with the way."""
        if isinstance(error, InvalidError) and not named_repository:
            self.is_by_repository = True
        elif isinstance(error, InvalidError):
            self.is_by_image = True
        elif isinstance(error, ForbiddenError) and not isinstance(error, PlanError):
            if self.organization is None:
                self.is_by_image = True
            else:
                self.organization, self.refusal = None, error
        else:
            return False
        return True

    def note(self, failure: HubError | None) -> None:
        """Note how a request ended."""
        self.failure = failure
        self.failures = self.failures + 1 if isinstance(failure, UnavailableError) else 0


class ScoutSource:
    """Docker Scout.

    Args:
        hub: Leads to Docker Scout; decides also how long limits are waited for.
        clock: The time.
    """

    name = "scout"
    label = "Docker Scout"

    def __init__(self, hub: HubClient, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock

    def problem(self, namespace: str) -> str:
        """Return why it cannot be used for a namespace; empty: it can, as far as Docker Scout says.

        Raises:
            HubError: That could not be found out just now.
        """
        try:
            if namespace == OFFICIAL_NAMESPACE:
                self._hub.scout.require_credential(None)
                return ""  # Everybody who has an account may look at those.
            enabled = self._hub.scout.enabled(namespace)
        except InvalidError:
            return ""  # That query is not documented; the others may be there all the same.
        except (*_LASTING, UnauthorizedError) as error:
            return str(error)
        return f"{namespace} is not enrolled in Docker Scout." if enabled is False else ""

    def summarize(self, targets: Sequence[Target]) -> Iterable[Scan]:
        """Yield a scan with counts for each target, namespace by namespace."""
        namespaces: dict[str, list[Target]] = {}
        for target in targets:
            namespaces.setdefault(target.repository.namespace, []).append(target)
        for namespace, those in namespaces.items():
            way = _Way(_organization(namespace))
            for start in range(0, len(those), MOST_DIGESTS):
                yield from self._summarize(way, those[start : start + MOST_DIGESTS])

    def detail(self, target: Target) -> Scan:
        """Return a scan with findings."""
        refusal: HubError | None = None
        for organization in dict.fromkeys((_organization(target.repository.namespace), None)):
            try:
                found = self._hub.scout.packages(organization, target.repository, target.digest)
            except PlanError as error:
                return self._failed(target, error)
            except ForbiddenError as error:
                refusal = refusal or error
            except HubError as error:
                return self._failed(target, error)
            else:
                return self._missing(target, refusal) if found is None else self._detailed(target, found)
        return self._nothing(target, ScanState.UNAVAILABLE, _why(refusal) if refusal else _UNKNOWN)

    def _summarize(self, way: _Way, targets: Sequence[Target]) -> Iterator[Scan]:
        repositories: dict[RepositoryName, list[Target]] = {}
        for target in targets:
            repositories.setdefault(target.repository, []).append(target)
        if way.is_by_image:
            yield from (self._by_image(way, target) for target in targets)
        elif way.is_by_repository and len(repositories) > 1:
            for those in repositories.values():
                yield from self._summarize(way, those)
        else:
            only = next(iter(repositories)) if len(repositories) == 1 else None
            yield from self._together(way, targets, only)

    def _together(self, way: _Way, targets: Sequence[Target], only: RepositoryName | None) -> Iterator[Scan]:
        if way.failure is not None and way.is_hopeless:
            yield from (self._failed(target, way.failure) for target in targets)
            return
        digests = list(dict.fromkeys(target.digest for target in targets))
        try:
            found = self._hub.scout.summaries(way.organization, digests, only)
        except HubError as error:
            if way.turns(error, named_repository=only is not None):
                yield from self._summarize(way, targets)
                return
            way.note(error)
            yield from (self._failed(target, error) for target in targets)
        else:
            way.note(None)
            yield from (self._summarized(target, found, way) for target in targets)

    def _by_image(self, way: _Way, target: Target) -> Scan:
        if way.failure is not None and way.is_hopeless:
            return self._failed(target, way.failure)
        # There is no count to compare the list with.
        scan = replace(self.detail(target), listed=None)
        # Only what failed in passing counts; it says so by its state.
        has_failed = scan.state is ScanState.FAILED
        way.note(UnavailableError(target.repository.familiar, detail=scan.why) if has_failed else None)
        return scan

    def _summarized(self, target: Target, found: Summaries, way: _Way) -> Scan:
        summary = found.by_digest.get(target.digest)
        is_told = summary is not None and (summary.state != _INDEXED or summary.report is not None)
        if found.problem and not is_told:
            return self._nothing(target, ScanState.FAILED, f"Docker Scout says: {found.problem.rstrip('.')}")
        return self._missing(target, way.refusal) if summary is None else self._counted(target, summary)

    def _counted(self, target: Target, summary: ImageSummary) -> Scan:
        if summary.state != _INDEXED:
            return self._not_indexed(target, summary.state)
        if summary.report is None:
            return self._nothing(target, ScanState.PENDING, _NOT_SCANNED)
        counts = summary.report.counts
        if counts is None:
            return self._nothing(target, ScanState.FAILED, _NOT_READABLE)
        by_severity = {Severity(name): number for name, number in counts.items()}
        return Scan(target.digest, ScanState.ANALYSED, self._clock.now(), by_severity)

    def _detailed(self, target: Target, found: ImagePackages) -> Scan:
        if found.state != _INDEXED:
            return self._not_indexed(target, found.state)
        if found.packages is None:
            return self._nothing(target, ScanState.FAILED, _NOT_READABLE)
        untold = [package for package in found.packages if package.vulnerabilities is None]
        if untold and len(untold) == len(found.packages):
            return self._nothing(target, ScanState.PENDING, _NOT_SCANNED)
        if untold:
            return self._nothing(target, ScanState.FAILED, _NOT_WHOLE)
        findings = findings_of(found.packages)
        listed = sum(len(package.vulnerabilities or ()) for package in found.packages)
        return Scan(target.digest, ScanState.ANALYSED, self._clock.now(), count(findings), findings, listed=listed)

    def _not_indexed(self, target: Target, state: str | None) -> Scan:
        kind, why = _STATES.get(state or "", (ScanState.PENDING, "Docker Scout does not say that it has analysed it"))
        return self._nothing(target, kind, why)

    def _missing(self, target: Target, refusal: HubError | None) -> Scan:
        if refusal is not None:
            return self._nothing(target, ScanState.UNAVAILABLE, _why(refusal))
        return self._nothing(target, ScanState.PENDING, _UNKNOWN)

    def _failed(self, target: Target, error: HubError) -> Scan:
        state = ScanState.UNAVAILABLE if isinstance(error, _LASTING) else ScanState.FAILED
        return self._nothing(target, state, _why(error))

    def _nothing(self, target: Target, state: ScanState, why: str) -> Scan:
        return Scan(target.digest, state, self._clock.now(), why=why)


def findings_of(packages: Iterable[Package]) -> tuple[Vulnerability, ...]:
    """Return what is vulnerable, one entry for each vulnerability and package, without what is excepted."""
    found: dict[tuple[str, str, str], Vulnerability] = {}
    for package in packages:
        name, version = package.name or package.purl or "", package.version or ""
        for each in package.vulnerabilities or ():
            if each.is_excepted:
                continue
            key = (each.id, name, version)
            finding = _finding(each, name, version)
            known = found.get(key)
            if known is None or finding.severity.rank < known.severity.rank:
                found[key] = finding
    return tuple(found.values())


def _finding(each: PackageVulnerability, package: str, version: str) -> Vulnerability:
    return Vulnerability(each.id, _severity(each.cvss.severity), package, version, each.fixed_by, each.cvss.score)


def _severity(word: str | None) -> Severity:
    try:
        return Severity((word or "").strip().lower())
    except ValueError:
        return Severity.UNSPECIFIED


def _organization(namespace: str) -> str | None:
    """Return in whose name to ask first; official images are nobody's of ours."""
    return None if namespace == OFFICIAL_NAMESPACE else namespace


def _why(error: HubError) -> str:
    """Say in a clause why something could not be asked."""
    clause = next((clause for kind, clause in _CLAUSES if isinstance(error, kind)), _UNEXPECTED)
    until = f"{error.retry_at:%H:%M} UTC" if isinstance(error, RateLimitedError) else ""
    return clause.format(credential=error.credential, until=until)
