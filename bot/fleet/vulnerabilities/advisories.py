"""Makes vulnerabilities out of advisories: several databases speak of the same one, and one advisory of several. Pure.

Counted by advisory, the same vulnerability would count two or three times: as `CVE-2023-5363`, `GHSA-…` and
`DEBIAN-CVE-2023-5363`. So advisories that are aliases of each other, however long the chain, are one vulnerability; and
what a distribution issues (`DSA-…`, `USN-…`, `RHSA-…`) is no vulnerability of its own, but speaks of those upstream.

Source: https://ossf.github.io/osv-schema/#aliases-field and #upstream-field below it
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from bot.fleet.vulnerabilities.model import Severity, Vulnerability
from bot.fleet.vulnerabilities.ratings import Rated, rate, worst
from bot.hub.advisory import Advisory, Affected, OsvPackage
from bot.versions import parse_version

_CVE = re.compile(r"CVE-(\d{4})-(\d{4,19})")
# `DEBIAN-CVE-2023-5363` is what Debian's tracker says of that CVE; so with Alpine, Ubuntu and others.
_OF_TRACKER = re.compile(r"[A-Z]+-(CVE-\d{4}-\d{4,19})")
_SEPARATORS = re.compile(r"[-_.]+")


class Merged:
    """Advisories, put together to vulnerabilities.

    Args:
        advisories: By id; also such as only rate others. What is withdrawn is left out.
    """

    def __init__(self, advisories: Mapping[str, Advisory]) -> None:
        self._advisories = {name: each for name, each in advisories.items() if not each.is_withdrawn}
        self._parents: dict[str, str] = {}
        for each in self._advisories.values():
            for alias in each.aliases:
                self._join(each.id, alias)
        self._names: dict[str, list[str]] = defaultdict(list)
        for name in {*self._parents, *self._advisories}:
            self._names[self._root(name)].append(name)
        self._subjects = {name: self._subjects_of(each) for name, each in self._advisories.items()}
        self._about: dict[str, list[Advisory]] = defaultdict(list)
        for name, subjects in self._subjects.items():
            for subject in subjects:
                self._about[subject].append(self._advisories[name])

    def unrated(self) -> tuple[str, ...]:
        """Return the CVEs that no advisory about them alone rates, and that have an advisory nobody asked for yet."""
        missing = (self._id_of(subject) for subject in self._about if self._rated_alone(subject) is None)
        return tuple(sorted(name for name in missing if _CVE.fullmatch(name) and name not in self._advisories))

    def vulnerabilities(self, found: Mapping[OsvPackage, Collection[str]]) -> tuple[Vulnerability, ...]:
        """Return the vulnerabilities of an image: each once for a package, the worst first.

        Args:
            found: The ids of the advisories for each of its packages; of those that are not known, nothing is told.
        """
        merged: dict[tuple[str, str, str], Vulnerability] = {}
        for package in sorted(found):
            by_subject: dict[str, list[Advisory]] = defaultdict(list)
            for name in dict.fromkeys(found[package]):
                for subject in self._subjects.get(name, ()):
                    by_subject[subject].append(self._advisories[name])
            for subject, about in by_subject.items():
                # A package of two streams of a distribution is one.
                key = subject, package.name, package.version
                merged[key] = _worse(merged.get(key), self._vulnerability(subject, package, about))
        order = sorted(
            merged.values(), key=lambda each: (each.severity.rank, -(each.score or 0.0), each.id, each.package)
        )
        return tuple(order)

    def _vulnerability(self, subject: str, package: OsvPackage, about: Sequence[Advisory]) -> Vulnerability:
        alone = [each for each in about if self._is_alone(each)]
        # What an advisory about several says of how bad they are is true of the worst of them.
        rated = (
            worst(_rate_for(package, each) for each in alone)
            or self._rated_alone(subject)
            or worst(_rate_for(package, each) or rate(each.ratings, each.word) for each in about)
        )
        severity, score = rated or (Severity.UNSPECIFIED, None)
        fixes = (_fixed_by(package, each) for each in (*alone, *about))
        name = self._id_of(subject)
        return Vulnerability(
            id=name,
            severity=severity,
            package=package.name,
            version=package.version,
            fixed_by=next((fix for fix in fixes if fix is not None), None),
            score=score,
            aliases=tuple(sorted({*self._names.get(subject, ()), *(each.id for each in alone)} - {name})),
        )

    def _rated_alone(self, subject: str) -> Rated | None:
        return worst(rate(each.ratings, each.word) for each in self._about.get(subject, ()) if self._is_alone(each))

    def _is_alone(self, advisory: Advisory) -> bool:
        """Tell whether it is about one vulnerability."""
        return len(self._subjects[advisory.id]) == 1

    def _subjects_of(self, advisory: Advisory) -> frozenset[str]:
        """Return the vulnerabilities that an advisory is about: those upstream, else itself."""
        tracked = _OF_TRACKER.fullmatch(advisory.id)
        upstream = [_cve_of(name) for name in advisory.upstream or ((tracked[1],) if tracked else ())]
        # Beside each CVE, the list has what others call it.
        subjects = {self._root(name) for name in [name for name in upstream if _CVE.fullmatch(name)] or upstream}
        own = self._root(advisory.id)
        if not subjects or any(_CVE.fullmatch(name) for name in self._names.get(own, ())):
            subjects.add(own)
        return frozenset(subjects)

    def _id_of(self, subject: str) -> str:
        """Return the name of a vulnerability that most people know: the oldest CVE, else a GHSA, else any."""
        return min(self._names.get(subject) or (subject,), key=_familiarity)

    def _join(self, one: str, other: str) -> None:
        first, second = self._root(one), self._root(other)
        if first != second:
            # The smaller name, so that the order in which advisories come changes nothing.
            self._parents[max(first, second)] = min(first, second)

    def _root(self, name: str) -> str:
        """Return what stands for all aliases of a name."""
        root = name
        while self._parents.setdefault(root, root) != root:
            root = self._parents[root]
        while self._parents[name] != root:
            self._parents[name], name = root, self._parents[name]
        return root


def _cve_of(name: str) -> str:
    tracked = _OF_TRACKER.fullmatch(name)
    return tracked[1] if tracked else name


def _familiarity(name: str) -> tuple[int, int, int, str]:
    cve = _CVE.fullmatch(name)
    if cve is not None:
        return 0, int(cve[1]), int(cve[2]), name
    return (1 if name.startswith("GHSA-") else 2), 0, 0, name


def _worse(one: Vulnerability | None, other: Vulnerability) -> Vulnerability:
    if one is None or other.severity.rank < one.severity.rank:
        return other
    return one


def _rate_for(package: OsvPackage, advisory: Advisory) -> Rated | None:
    """Return how bad it is for this package, where that is said apart."""
    return worst(rate(each.ratings, each.word) for each in _entries(package, advisory))


def _fixed_by(package: OsvPackage, advisory: Advisory) -> str | None:
    """Return the first version that fixes it, of the branch that is used."""
    fixed = [version for each in _entries(package, advisory) for version in each.fixed]
    if len(fixed) <= 1:
        return next(iter(fixed), None)
    ours = parse_version(package.version)
    known = [(version, text) for text in fixed if (version := parse_version(text)) is not None]
    if ours is None or len(known) < len(fixed):
        return fixed[0]
    later = [(version, text) for version, text in known if version > ours]
    return min(later, key=lambda each: each[0])[1] if later else None


def _entries(package: OsvPackage, advisory: Advisory) -> list[Affected]:
    """Return what is said of a package: of its own release, not of others."""
    named = [each for each in advisory.affected if _is_named(package, each.name)]
    exact = [each for each in named if each.ecosystem == package.ecosystem]
    return exact or [each for each in named if each.ecosystem == package.ecosystem.partition(":")[0]]


def _is_named(package: OsvPackage, name: str) -> bool:
    if package.ecosystem == "PyPI":
        # Source: https://packaging.python.org/en/latest/specifications/name-normalization/
        return _SEPARATORS.sub("-", name).lower() == _SEPARATORS.sub("-", package.name).lower()
    return name == package.name
