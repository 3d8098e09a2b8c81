"""Which package of OSV a package URL means. Pure.

Of a distribution's package, OSV knows the source package in a release: `libssl3` of Debian 12 is `openssl` in the
ecosystem `Debian:12`. Generators of SBOMs write both into qualifiers, each in its own way: Syft `distro=debian-12` and
`upstream=openssl@3.0.15-1`, Trivy `distro=debian-12.8`, Docker Scout `os_name=debian&os_version=12`.

Source: https://github.com/package-url/purl-spec, https://ossf.github.io/osv-schema/#defined-ecosystems
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.hub.advisory import OsvPackage

_LANGUAGES: Mapping[str, tuple[str, str]] = {
    "bitnami": ("Bitnami", ""),
    "cargo": ("crates.io", ""),
    "composer": ("Packagist", "/"),
    "conan": ("ConanCenter", ""),
    "cran": ("CRAN", ""),
    "gem": ("RubyGems", ""),
    "golang": ("Go", "/"),
    "hackage": ("Hackage", ""),
    "hex": ("Hex", "/"),
    "julia": ("Julia", ""),
    "maven": ("Maven", ":"),
    "npm": ("npm", "/"),
    "nuget": ("NuGet", ""),
    "opam": ("opam", ""),
    "pub": ("Pub", ""),
    "pypi": ("PyPI", ""),
    "swift": ("SwiftURL", "/"),
}
"""The ecosystem, and what stands between namespace and name; nothing: there is no namespace."""

_DISTRIBUTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apk", "alpaquita"): ("Alpaquita:{major}",),
    ("apk", "alpine"): ("Alpine:{alpine}",),
    ("apk", "chainguard"): ("Chainguard",),
    ("apk", "minimos"): ("MinimOS",),
    ("apk", "wolfi"): ("Wolfi",),
    ("deb", "debian"): ("Debian:{major}",),
    ("deb", "echo"): ("Echo",),
    ("deb", "ubuntu"): ("Ubuntu:{ubuntu}",),
    ("rpm", "almalinux"): ("AlmaLinux:{major}",),
    ("rpm", "mageia"): ("Mageia:{major}",),
    ("rpm", "photon"): ("Photon OS:{release}",),
    # What a Red Hat image installs comes from these two; each has advisories of its own.
    ("rpm", "redhat"): ("Red Hat:enterprise_linux:{major}::baseos", "Red Hat:enterprise_linux:{major}::appstream"),
    ("rpm", "rhel"): ("Red Hat:enterprise_linux:{major}::baseos", "Red Hat:enterprise_linux:{major}::appstream"),
    ("rpm", "rocky"): ("Rocky Linux:{major}",),
    ("rpm", "rocky-linux"): ("Rocky Linux:{major}",),
}
_IMAGES = frozenset({"docker", "oci"})
_LONGEST_NAME = 80
_SYSTEM_TYPES = frozenset({"alpm", "apk", "deb", "rpm"})
_DEBIAN = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15"}
_UBUNTU = {"trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04"} | {
    "noble": "24.04",
    "resolute": "26.04",
}
_CODENAMES: Mapping[str, str] = _DEBIAN | _UBUNTU
"""Source: https://debian.pages.debian.net/distro-info-data/"""

_RELEASE = re.compile(r"(?:[a-z][a-z0-9_ -]*?-)?v?(?P<release>\d+(?:\.\d+)*|[a-z]+)", re.IGNORECASE)
_SOURCE_RPM = re.compile(r"(?P<name>.+)-[^-]+-[^-]+\.src\.rpm")
_EVERY_OTHER_YEAR = 2


class UnknownDistributionError(Exception):
    """OSV has no advisories for packages of such a kind. `str()` names the distribution, or the kind."""


@dataclass(frozen=True)
class _Parts:
    """A package URL, taken apart."""

    kind: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]


def osv_packages(purl: str) -> tuple[OsvPackage, ...]:
    """Return what to ask OSV for; nothing for what is no package of any ecosystem (files, images, the build itself).

    Raises:
        UnknownDistributionError: It is a distribution's package, and OSV does not know that, or not in which release
            it is: what is vulnerable cannot be told.
    """
    parts = _parse(purl)
    if parts is None:
        return ()
    if parts.kind in _SYSTEM_TYPES:
        return _of_distribution(parts)
    if parts.kind not in _LANGUAGES:
        return ()
    ecosystem, separator = _LANGUAGES[parts.kind]
    name = f"{parts.namespace}{separator}{parts.name}" if parts.namespace and separator else parts.name
    # Versions of Go modules are written with a `v`, and those of OSV's ranges without.
    version = parts.version.removeprefix("v") if parts.kind == "golang" else parts.version
    return (OsvPackage(ecosystem, name, version),)


def name_of(purl: str) -> str:
    """Return what people call a package that `osv_packages` gives nothing for; empty: it is an image."""
    from packageurl import PackageURL  # noqa: PLC0415 - only who asks OSV needs it.

    try:
        found = PackageURL.from_string(purl)
    except ValueError:
        return purl.strip()[:_LONGEST_NAME]
    if found.type in _IMAGES:
        return ""
    name = f"{found.namespace}/{found.name}" if found.namespace and found.type not in _SYSTEM_TYPES else found.name
    return f"{name} {found.version or 'of unknown version'}"[:_LONGEST_NAME]


def _parse(purl: str) -> _Parts | None:
    """Take a package URL apart; None: it is none, or of no version."""
    from packageurl import PackageURL  # noqa: PLC0415 - only who asks OSV needs it.

    try:
        found = PackageURL.from_string(purl)
    except ValueError:
        return None
    if not found.version:
        return None
    namespace = found.namespace or ""
    return _Parts(
        kind=found.type,
        namespace=namespace.lower() if found.type in _SYSTEM_TYPES else namespace,
        name=found.name,
        version=found.version,
        qualifiers=dict(found.qualifiers),
    )


def _of_distribution(parts: _Parts) -> tuple[OsvPackage, ...]:
    ecosystems = _DISTRIBUTIONS.get((parts.kind, parts.namespace))
    if ecosystems is None:
        raise UnknownDistributionError(parts.namespace or parts.kind)
    release = _release(parts.qualifiers)
    if not release and any("{" in each for each in ecosystems):
        raise UnknownDistributionError(f"{parts.namespace} of an unknown release")
    filled = {
        "release": release,
        "major": release.split(".")[0],
        "alpine": _alpine(release),
        "ubuntu": _ubuntu(release),
    }
    name, version = _source(parts)
    return tuple(OsvPackage(each.format(**filled), name, version) for each in ecosystems)


def _release(qualifiers: Mapping[str, str]) -> str:
    """Return the release as a number (or as a word, for one that has none: `edge`, `sid`); empty: it is not told."""
    for name in ("os_version", "distro", "os_distro", "distro_name"):
        found = _RELEASE.fullmatch(qualifiers.get(name, ""))
        if found is not None:
            release = found["release"].lower()
            return _CODENAMES.get(release, release)
    return ""


def _alpine(release: str) -> str:
    """Write `3.19.1` as `v3.19`; a release has its own repositories, and its patches have not."""
    return f"v{'.'.join(release.split('.')[:2])}" if release[:1].isdigit() else release


def _ubuntu(release: str) -> str:
    """Write `24.04` as `24.04:LTS`: those of April, every other year."""
    year, _, month = release.partition(".")
    is_long = month[:2] == "04" and year.isdigit() and int(year) % _EVERY_OTHER_YEAR == 0
    return f"{year}.{month[:2]}:LTS" if is_long else release


def _source(parts: _Parts) -> tuple[str, str]:
    """Return name and version of the source package."""
    version = parts.version
    epoch = parts.qualifiers.get("epoch", "")
    if parts.kind == "rpm" and epoch.isdigit() and ":" not in version:
        version = f"{epoch}:{version}"
    upstream = parts.qualifiers.get("upstream", "")
    rpm = _SOURCE_RPM.fullmatch(upstream)
    if rpm is not None:
        return rpm["name"], version
    name, _, other_version = upstream.partition("@")
    return name or parts.name, other_version or version
