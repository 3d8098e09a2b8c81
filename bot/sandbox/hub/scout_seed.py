"""Believable vulnerabilities: invented, the same for the same image and the same time of the world's beginning.

An advisory is about a package; it becomes known on a day, and mostly some weeks later the package is mended. An image
has what was not yet mended in its packages when it was built. So old images have more, a fresh build has less, and who
moves the clock forward finds news.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED"]

FIRST_NUMBER, FIRST_NEWS_NUMBER = 10_001, 20_001
OLDEST_DAYS, NEWEST_DAYS = 500, -21
# So that there is news every few days, for whoever moves the clock.
FUTURE_SHARE = 0.2
MENDED_SHARE = {"CRITICAL": 0.97, "HIGH": 0.93, "MEDIUM": 0.8, "LOW": 0.6, "UNSPECIFIED": 0.6}
MENDED_AFTER_DAYS = (2, 75)
PACKAGE_SHARE = 0.55
DEBIAN_SHARE = 0.7
EXCEPTED_SHARE = 0.05

_SEVERITIES: Sequence[tuple[Severity, int, tuple[float, float] | None]] = (
    ("CRITICAL", 1, (9.0, 9.9)),
    ("HIGH", 4, (7.0, 8.9)),
    ("MEDIUM", 7, (4.0, 6.9)),
    ("LOW", 6, (1.9, 3.9)),
    ("UNSPECIFIED", 1, None),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A vulnerability of a package in an image.

    Attributes:
        id: Of the advisory.
        purl_type: `deb`, `apk`, `pypi`, `npm`, `golang`, `maven`.
        version: Which is in the image.
        fixed_by: The version without it; None: there is none yet.
        score: By CVSS; None is unknown.
        is_excepted: Whether a statement says that it does no harm here.
    """

    id: str
    severity: Severity
    package: str
    version: str
    fixed_by: str | None = None
    score: float | None = None
    purl_type: str = "deb"
    is_excepted: bool = False

    @property
    def purl(self) -> str:
        """The package URL."""
        distribution = {"deb": "debian/", "apk": "alpine/"}.get(self.purl_type, "")
        return f"pkg:{self.purl_type}/{distribution}{self.package}@{self.version.replace('+', '%2B')}"


@dataclass(frozen=True, slots=True)
class _Source:
    """A source package: what is built from it, and in which version it is mended."""

    purl_type: str
    packages: Sequence[str]
    version: str
    mended: str
    advisories: int


_SOURCES = (
    _Source("deb", ("openssl", "libssl3"), "3.0.11-1~deb12u2", "3.0.17-1~deb12u3", 7),
    _Source("deb", ("libc6", "libc-bin"), "2.36-9+deb12u4", "2.36-9+deb12u13", 8),
    _Source("deb", ("curl", "libcurl4"), "7.88.1-10+deb12u5", "7.88.1-10+deb12u14", 6),
    _Source("deb", ("zlib1g",), "1:1.2.13.dfsg-1", "1:1.2.13.dfsg-2", 3),
    _Source("deb", ("libexpat1",), "2.5.0-1", "2.5.0-1+deb12u2", 5),
    _Source("deb", ("perl-base",), "5.36.0-7+deb12u1", "5.36.0-7+deb12u3", 4),
    _Source("deb", ("tar",), "1.34+dfsg-1.2", "1.34+dfsg-1.3", 2),
    _Source("deb", ("libsystemd0",), "252.22-1~deb12u1", "252.39-1~deb12u1", 3),
    _Source("apk", ("libcrypto3", "libssl3"), "3.1.4-r1", "3.1.8-r1", 7),
    _Source("apk", ("busybox", "ssl_client"), "1.36.1-r5", "1.36.1-r20", 5),
    _Source("apk", ("musl",), "1.2.4-r2", "1.2.4-r3", 2),
    _Source("apk", ("zlib",), "1.2.13-r1", "1.3.1-r0", 2),
    _Source("pypi", ("setuptools",), "65.5.1", "78.1.1", 3),
    _Source("pypi", ("urllib3",), "1.26.16", "2.5.0", 4),
    _Source("pypi", ("requests",), "2.30.0", "2.32.4", 2),
    _Source("npm", ("semver",), "7.3.8", "7.5.2", 1),
    _Source("npm", ("express",), "4.18.2", "4.20.0", 3),
    _Source("npm", ("undici",), "5.22.0", "5.29.0", 4),
    _Source("golang", ("stdlib",), "1.21.3", "1.24.9", 9),
    _Source("golang", ("golang.org/x/net",), "0.17.0", "0.38.0", 4),
    _Source("maven", ("org.yaml/snakeyaml",), "1.33", "2.0", 2),
    _Source("maven", ("io.netty/netty-codec-http2",), "4.1.94.Final", "4.1.124.Final", 4),
)
# In these something is found when somebody asks for news.
_NEWSWORTHY = ("openssl", "stdlib", "libexpat1", "urllib3", "undici")
_LANGUAGES = ("golang", "npm", "pypi", "maven")
_KNOWN_LANGUAGES = {"python": "pypi", "python-base": "pypi", "node": "npm", "node-base": "npm", "go-base": "golang"}
_SYSTEMS = {"alpine": "apk", "redis": "apk", "gateway": "apk", "proxy": "apk", "go-base": "apk"}
_WITHOUT_LANGUAGE = frozenset({"alpine", "ubuntu", "nginx", "redis", "postgres", "hello-world"})


@dataclass(frozen=True, slots=True)
class _Advisory:
    """What became known of a source package; days count back from the beginning of the world."""

    id: str
    source: _Source
    severity: Severity
    score: float | None
    known_days: float
    mended_days: float | None


def findings(path: str, built_at: datetime | None, *, began_at: datetime, now: datetime) -> tuple[Finding, ...]:
    """Return what is vulnerable in an image.

    Args:
        path: The repository, `namespace/name`; it decides what is installed.
        built_at: When the image was pushed; None: very long ago.
        began_at: When the world began.
        now: What became known later is not told.
    """
    return tuple(_found(path, built_at, began_at, now))


def news(number: int, severity: Severity) -> tuple[Finding, ...]:
    """Invent an advisory that nobody has heard of yet, and return what it says of the packages built from one source.

    Args:
        number: How many there were before.
        severity: How bad it is.
    """
    first = _NEWSWORTHY[number % len(_NEWSWORTHY)]
    source = next(each for each in _SOURCES if each.packages[0] == first)
    low, high = next(band or (0.0, 0.0) for each, _, band in _SEVERITIES if each == severity)
    identity, score = f"CVE-2026-{FIRST_NEWS_NUMBER + number}", round((low + high) / 2, 1) or None
    return tuple(
        Finding(identity, severity, package, source.version, source.mended, score, source.purl_type)
        for package in source.packages
    )


def is_in(finding: Finding, path: str) -> bool:
    """Return whether the images of a repository have the package of a finding."""
    source = next(each for each in _SOURCES if finding.package in each.packages and finding.purl_type == each.purl_type)
    return _is_installed(source, path)


def _is_installed(source: "_Source", path: str) -> bool:
    return source.purl_type in _kinds(path) and _share(path, source.packages[0]) < PACKAGE_SHARE


def _found(path: str, built_at: datetime | None, began_at: datetime, now: datetime) -> Iterator[Finding]:
    for advisory in _advisories():
        source = advisory.source
        if not _is_installed(source, path) or began_at - timedelta(days=advisory.known_days) > now:
            continue
        mended_at = None if advisory.mended_days is None else began_at - timedelta(days=advisory.mended_days)
        if mended_at is not None and built_at is not None and built_at >= mended_at:
            continue
        for package in source.packages:
            yield Finding(
                advisory.id,
                advisory.severity,
                package,
                source.version,
                source.mended if mended_at is not None and mended_at <= now else None,
                advisory.score,
                source.purl_type,
                is_excepted=_share(path, advisory.id) < EXCEPTED_SHARE,
            )


def _kinds(path: str) -> frozenset[str]:
    name = path.partition("/")[2]
    system = _SYSTEMS.get(name) or ("deb" if _share(path, "system") < DEBIAN_SHARE else "apk")
    language = _KNOWN_LANGUAGES.get(name) or _LANGUAGES[int(_share(path, "language") * len(_LANGUAGES))]
    return frozenset({system} if name in _WITHOUT_LANGUAGE else {system, language})


def _share(*words: str) -> float:
    """Return a number from 0 to 1, the same for the same words."""
    return int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest()[:4], "big") / 2**32


@cache
def _advisories() -> tuple[_Advisory, ...]:
    """Invent all advisories; once, and not before somebody asks."""
    chance = random.Random(20_261_121)
    sources = [source for source in _SOURCES for _ in range(source.advisories)]
    return tuple(_advisory(source, number, chance) for number, source in enumerate(sources, FIRST_NUMBER))


def _advisory(source: _Source, number: int, chance: random.Random) -> _Advisory:
    severity, _, band = chance.choices(_SEVERITIES, weights=[weight for _, weight, _ in _SEVERITIES])[0]
    is_future = chance.random() < FUTURE_SHARE
    known_days = chance.uniform(NEWEST_DAYS, 0) if is_future else chance.uniform(0, OLDEST_DAYS)
    is_mended = chance.random() < MENDED_SHARE[severity]
    mended_days = known_days - chance.uniform(*MENDED_AFTER_DAYS) if is_mended else None
    score = round(chance.uniform(*band), 1) if band else None
    return _Advisory(f"CVE-2026-{number}", source, severity, score, known_days, mended_days)
