"""Advisories in the form of OSV: what is vulnerable, how badly, and what fixes it. Pure.

Three fields name others. *Aliases* are the same vulnerability in other databases: symmetric, transitive. *Upstream* is
what an advisory of a distribution speaks of, perhaps several: transitive, not symmetric. *Related* is something else.

Source: https://ossf.github.io/osv-schema/
"""

from dataclasses import dataclass
from typing import Any

from bot.hub.decoding import read_text, read_texts

_GIT = "GIT"
_PLACES_OF_WORDS = (
    ("database_specific", "severity"),
    ("ecosystem_specific", "severity"),
    ("database_specific", "impact"),
)


@dataclass(frozen=True, order=True)
class OsvPackage:
    """A package as OSV knows it.

    Attributes:
        ecosystem: Where its name means something: `PyPI`, `Debian:12`.
        name: Of a distribution's package: that of the source package.
        version: The version that is used.
    """

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True)
class Rating:
    """How bad something is, by some measure.

    Attributes:
        kind: `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, `Ubuntu`; an open set.
        score: A vector, or a word.
    """

    kind: str
    score: str


@dataclass(frozen=True)
class Affected:
    """A package that is vulnerable.

    Attributes:
        ecosystem: Its ecosystem, as `OsvPackage` has it.
        name: Its name.
        fixed: The versions that fix it, in the order in which they stand; one for each branch that has a fix.
        ratings: How bad it is there.
        word: The same in a word; may be empty.
    """

    ecosystem: str
    name: str
    fixed: tuple[str, ...] = ()
    ratings: tuple[Rating, ...] = ()
    word: str = ""


@dataclass(frozen=True)
class Advisory:
    """What one database says.

    Attributes:
        id: What it is called there: `CVE-…`, `GHSA-…`, `DSA-…`.
        aliases: The same, elsewhere.
        upstream: What it speaks of.
        is_withdrawn: Whether it is no longer held to be true.
        ratings: How bad it is, for all that is affected.
        word: The same in a word; may be empty.
        affected: What is vulnerable.
    """

    id: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    is_withdrawn: bool = False
    ratings: tuple[Rating, ...] = ()
    word: str = ""
    affected: tuple[Affected, ...] = ()


def read_advisory(data: Any) -> Advisory | None:
    """Return the advisory that decoded JSON is, without what is of no use here; None: it is none."""
    name = read_text(data.get("id")) if isinstance(data, dict) else None
    if name is None:
        return None
    return Advisory(
        id=name,
        aliases=read_texts(data.get("aliases")),
        upstream=read_texts(data.get("upstream")),
        is_withdrawn=bool(data.get("withdrawn")),
        ratings=_ratings(data.get("severity")),
        word=_word(data),
        affected=tuple(each for each in map(_affected, _objects(data.get("affected"))) if each is not None),
    )


def _affected(entry: dict[str, Any]) -> Affected | None:
    package = entry.get("package")
    package = package if isinstance(package, dict) else {}
    ecosystem, name = read_text(package.get("ecosystem")), read_text(package.get("name"))
    if ecosystem is None or name is None:
        return None
    ranges = [each for each in _objects(entry.get("ranges")) if each.get("type") != _GIT]
    events = [event for each in ranges for event in _objects(each.get("events"))]
    fixed = (read_text(event.get("fixed")) for event in events)
    return Affected(
        ecosystem,
        name,
        tuple(dict.fromkeys(version for version in fixed if version is not None)),
        _ratings(entry.get("severity")),
        _word(entry),
    )


def _ratings(value: Any) -> tuple[Rating, ...]:
    pairs = [(read_text(each.get("type")), read_text(each.get("score"))) for each in _objects(value)]
    return tuple(Rating(kind, score) for kind, score in pairs if kind is not None and score is not None)


def _word(entry: dict[str, Any]) -> str:
    """Find the severity in words. No schema says where; these are the places that databases use."""
    for block, name in _PLACES_OF_WORDS:
        found = entry.get(block)
        word = read_text(found.get(name)) if isinstance(found, dict) else None
        if word is not None:
            return word.strip().lower()
    return ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
