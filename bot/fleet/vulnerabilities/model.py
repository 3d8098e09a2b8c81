"""Vulnerabilities, what is known of an image's, and who can know it. Plain values and one interface."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.fleet.model import PlatformSnapshot, TagSnapshot
from bot.images import RepositoryName

_USUAL_PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm64")


class Severity(StrEnum):
    """How bad, worst first. The words are those of CVSS and of Docker Scout."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNSPECIFIED = "unspecified"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


Counts = Mapping[Severity, int]
"""How many of each severity; what is missing is none."""


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability in an image.

    Attributes:
        id: The CVE's where there is one, else what the advisory is called: `GHSA-…`.
        aliases: The other names of the same, without `id`.
        severity: How bad.
        score: By CVSS, 0 to 10; None is unknown.
        package: What is vulnerable, as people write it: `openssl`.
        version: The version that is in the image; may be empty.
        fixed_by: The first version without it; None: there is none, or nobody knows of one.
    """

    id: str
    severity: Severity
    package: str
    version: str = ""
    fixed_by: str | None = None
    score: float | None = None
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All names it goes by."""
        return frozenset((self.id, *self.aliases))


class ScanState(StrEnum):
    """Whether anything is known of an image's vulnerabilities."""

    ANALYSED = "analysed"
    PENDING = "pending"
    """Not analysed yet: that is never the same as none found."""
    UNAVAILABLE = "unavailable"
    """It cannot be analysed: there is no SBOM, it is no image, the plan does not allow it."""
    FAILED = "failed"
    """It could not be asked just now."""


@dataclass(frozen=True)
class Target:
    """An image of one platform, to be looked at.

    Attributes:
        repository: Where it is.
        tag: By which tag it was found.
        digest: Of the platform's own manifest.
        index_digest: What the tag points to; the same where there is only one platform.
        platform: None is unknown.
    """

    repository: RepositoryName
    tag: str
    digest: str
    index_digest: str
    platform: str | None = None

    @classmethod
    def of(cls, tag: TagSnapshot) -> "Target | None":
        """Return what is looked at for a tag: linux/amd64 where there is one, else arm64, else the first platform.

        None: Docker Hub does not say what it points to.
        """
        known = [each for each in tag.platforms if each.digest]
        chosen = min(known, key=_preference, default=None)
        digest = chosen.digest if chosen else tag.digest
        if digest is None:
            return None
        return cls(tag.repository, tag.name, digest, tag.digest or digest, chosen.platform if chosen else None)


def _preference(each: PlatformSnapshot) -> int:
    platform = each.platform or ""
    return _USUAL_PLATFORMS.index(platform) if platform in _USUAL_PLATFORMS else len(_USUAL_PLATFORMS)


@dataclass(frozen=True)
class Scan:
    """What a source says of an image.

    Attributes:
        digest: Of the platform's manifest.
        state: Whether anything is known.
        counts: How many of each severity; None unless it was analysed.
        findings: Each one; None where they were only counted. One entry for a vulnerability and package.
        why: Why nothing is known, a clause for people; empty otherwise.
        scanned_at: When the source said so (UTC).
        listed: How many entries its list had, also such as are no findings; None: the source does not count otherwise.
            A list that is shorter than what was counted is not whole.
        gaps: What in the image the source cannot know anything of, a clause for people; empty: nothing.
    """

    digest: str
    state: ScanState
    scanned_at: datetime
    counts: Counts | None = None
    findings: tuple[Vulnerability, ...] | None = None
    why: str = ""
    listed: int | None = None
    gaps: str = ""


class VulnerabilitySource(Protocol):
    """Knows what is vulnerable in images.

    Attributes:
        name: As it is kept and set: `scout`, `osv`, `scanner`.
        label: As people call it: `Docker Scout`.
    """

    name: str
    label: str

    def problem(self, namespace: str) -> str:
        """Return why it cannot be used for a namespace, a sentence for people; empty: it can.

        Raises:
            HubError: That could not be found out just now.
        """

    def summarize(self, targets: Sequence[Target]) -> Iterable[Scan]:
        """Yield a scan for each target, as cheaply as can be: perhaps only counts. A failure is a scan that says so."""

    def detail(self, target: Target) -> Scan:
        """Return a scan with findings. What fails is a scan that says so."""


def count(findings: Iterable[Vulnerability]) -> dict[Severity, int]:
    """Return how many distinct vulnerabilities there are of each severity; one in several packages counts once.

    Where its severity differs from package to package, the worst counts.
    """
    worst: dict[str, Severity] = {}
    for each in findings:
        known = worst.get(each.id)
        if known is None or each.severity.rank < known.rank:
            worst[each.id] = each.severity
    counts = dict.fromkeys(Severity, 0)
    for severity in worst.values():
        counts[severity] += 1
    return counts
