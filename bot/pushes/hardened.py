"""What Docker says changed in a mirrored Docker Hardened Image: read from the payload's `dhi_metadata`. Pure.

The form may change, and anybody can send a payload. So what looks different is left out, and nothing is guessed.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_SEVERITIES = ("critical", "high", "medium", "low")
# A CVE, or what another register calls a hole that has none (`GHSA-…`).
_ADVISORY = re.compile(r"[A-Z]{2,10}-[A-Za-z0-9-]{1,30}")


@dataclass(frozen=True)
class HardenedChanges:
    """What changed, over all platforms; what several of them share counts once.

    Attributes:
        fixed: The numbers of the vulnerabilities that were fixed, most severe first, then in alphabetical order.
        severities: How many of them are `critical`, `high`, `medium` and `low`; of others it is not known.
        updated, added, removed: How many packages.
    """

    fixed: tuple[str, ...] = ()
    severities: Mapping[str, int] = field(default_factory=dict)
    updated: int = 0
    added: int = 0
    removed: int = 0


def hardened_changes(metadata: Mapping[str, Any]) -> HardenedChanges:
    """Read the metadata of one push: a map from the digest of each platform's manifest to what changed in it."""
    platforms = [each.get("changes") for each in metadata.values() if isinstance(each, dict)]
    changes = [each for each in platforms if isinstance(each, dict)]
    severity_of: dict[str, str] = {}
    for each in _entries(changes, "vulnerabilities_fixed"):
        number = _text(each, "cve_id")
        if _ADVISORY.fullmatch(number):
            severity_of.setdefault(number, _text(each, "severity").lower())
    return HardenedChanges(
        fixed=tuple(sorted(severity_of, key=lambda number: (_rank(severity_of[number]), number))),
        severities=Counter(severity for severity in severity_of.values() if severity in _SEVERITIES),
        updated=_packages(changes, "packages_updated"),
        added=_packages(changes, "packages_added"),
        removed=_packages(changes, "packages_removed"),
    )


def _packages(changes: list[dict[str, Any]], kind: str) -> int:
    return len({_text(each, "name") for each in _entries(changes, kind)} - {""})


def _entries(changes: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    for each in changes:
        entries = each.get(kind)
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, dict))


def _text(entry: Mapping[str, Any], name: str) -> str:
    found = entry.get(name)
    return found if isinstance(found, str) else ""


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
