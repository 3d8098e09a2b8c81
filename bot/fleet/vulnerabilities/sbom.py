"""Vulnerabilities by SBOM and OSV: no account at Docker Scout, no scanner; but the image needs an SBOM.

All images of a piece of work are asked for together, for most packages are in many of them. An image counts as analysed
only where OSV could be asked for all of its packages that may have advisories; else the scan says why it is not. Of
what belongs to no ecosystem, or has no version, OSV knows nothing: the scan names it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.errors import HubError, RateLimitedError, UnavailableError
from bot.fleet.contents import Contents
from bot.fleet.reading_contents import Content
from bot.fleet.vulnerabilities.advisories import Merged
from bot.fleet.vulnerabilities.model import Scan, ScanState, Target, count
from bot.fleet.vulnerabilities.purls import UnknownDistributionError, name_of, osv_packages
from bot.hub.advisory import Advisory, OsvPackage
from bot.hub.osv import Match, Osv

AT_ONCE = 100
"""Images. Each has some hundred packages, and all of these are held at once."""
MOST_NAMED = 3
MOST_PULLS = 200
"""In one piece of work. What was not read then, the next one reads."""

_Found = Mapping[OsvPackage, tuple[Match, ...]]


@dataclass(frozen=True)
class _Askable:
    """An image that OSV can be asked about."""

    target: Target
    packages: tuple[OsvPackage, ...]
    gaps: str


class OsvSource:
    """The SBOM of an image, and OSV.

    Args:
        contents: Reads SBOMs.
        osv: Knows what is vulnerable.
        clock: The time.
    """

    name = "osv"
    label = "SBOM and OSV"

    def __init__(self, contents: Contents, osv: Osv, clock: Clock) -> None:
        self._contents = contents
        self._osv = osv
        self._clock = clock

    def problem(self, namespace: str) -> str:  # noqa: ARG002 - it is open to everybody.
        """Return nothing: whether an image has an SBOM is known only by its own."""
        return ""

    def summarize(self, targets: Sequence[Target]) -> Iterable[Scan]:
        """Yield a scan with findings for each image, in pieces; no order is promised."""
        pulls = MOST_PULLS
        memory: dict[str, tuple[OsvPackage, ...] | str] = {}
        for start in range(0, len(targets), AT_ONCE):
            piece = targets[start : start + AT_ONCE]
            report = self._contents.learn(piece, most_pulls=pulls)
            pulls -= report.pulls
            known = self._contents.read({target.digest for target in piece})
            unread = {each.digest: each for each in report.unread}
            askable: list[_Askable] = []
            for target in piece:
                content = known.get(target.digest)
                if content is None:
                    missing = unread.get(target.digest)
                    is_failure = missing is None or missing.is_failure
                    state = ScanState.FAILED if is_failure else ScanState.PENDING
                    yield self._nothing(target, state, missing.why if missing else "its SBOM could not be read")
                    continue
                packages, gaps, why = _packages(content, memory)
                if why:
                    yield self._nothing(target, ScanState.UNAVAILABLE, why)
                else:
                    askable.append(_Askable(target, packages, gaps))
            yield from self._ask(askable)

    def detail(self, target: Target) -> Scan:
        """Return a scan with findings."""
        return next(iter(self.summarize([target])))

    def _ask(self, images: Sequence[_Askable]) -> Iterator[Scan]:
        if not images:
            return
        try:
            found = self._osv.find({package for each in images for package in each.packages})
            merged = self._merge(found)
        except HubError as error:
            why = _why(error)
            yield from (self._nothing(each.target, ScanState.FAILED, why) for each in images)
            return
        for each in images:
            yield self._scan(each, found, merged)

    def _merge(self, found: _Found) -> Merged:
        """Read all advisories, and where none rates a vulnerability, that of the CVE itself.

        Of what there is no advisory to read, only the name is known: it is there all the same.
        """
        matches = {match for each in found.values() for match in each}
        named = {match.id: Advisory(match.id) for match in matches}
        advisories: dict[str, Advisory] = {**named, **self._osv.advisories(matches)}
        merged = Merged(advisories)
        # When such a one was last changed is not told; so each is good for a day.
        today = self._clock.now().date().isoformat()
        raters = self._osv.advisories({Match(name, today) for name in merged.unrated()})
        return Merged({**advisories, **raters}) if raters else merged

    def _scan(self, image: _Askable, found: _Found, merged: Merged) -> Scan:
        refused = sorted({package.ecosystem for package in image.packages if package not in found})
        if refused:
            why = f"OSV does not take packages of {', '.join(refused)}"
            return self._nothing(image.target, ScanState.UNAVAILABLE, why)
        ids = {package: [match.id for match in found[package]] for package in image.packages}
        findings = merged.vulnerabilities(ids)
        now, counts = self._clock.now(), count(findings)
        return Scan(image.target.digest, ScanState.ANALYSED, now, counts, findings, gaps=image.gaps)

    def _nothing(self, target: Target, state: ScanState, why: str) -> Scan:
        return Scan(target.digest, state, self._clock.now(), why=why)


def _packages(
    content: Content, memory: dict[str, tuple[OsvPackage, ...] | str]
) -> tuple[tuple[OsvPackage, ...], str, str]:
    """Return what to ask OSV for, what it cannot be asked about, and why it cannot be asked at all.

    Args:
        content: What is in the image.
        memory: What package URLs mean, or the distribution that OSV does not know: images have most in common.
    """
    if content.packages is None:
        return (), "", content.no_packages
    packages: dict[OsvPackage, None] = {}
    unknown: dict[str, None] = {}
    for purl in content.packages:
        meant = memory.get(purl)
        if meant is None:
            try:
                meant = osv_packages(purl)
            except UnknownDistributionError as error:
                meant = str(error)
            memory[purl] = meant
        if isinstance(meant, str):
            return (), "", f"OSV has no advisories for packages of {meant}"
        packages.update(dict.fromkeys(meant))
        name = "" if meant else name_of(purl)
        unknown.update({name: None} if name else {})
    return tuple(packages), _gaps(list(unknown)), "" if packages else "its SBOM names no package that OSV could know"


def _gaps(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"OSV cannot be asked about {', '.join(names[:MOST_NAMED])}{more}"


def _why(error: HubError) -> str:
    match error:
        case RateLimitedError():
            return f"OSV takes no more requests before {error.retry_at:%H:%M} UTC"
        case UnavailableError():
            return "OSV did not answer"
        case _:
            return "OSV answered something unexpected"
