"""Findings and counts as they are kept: as short as can be, because there are a hundred in an image.

A finding is a list: id, severity, package, version, fixed by, score, aliases.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.fleet.vulnerabilities.model import Counts, Severity, Vulnerability
from bot.store.types import storable

Findings = dict[tuple[Any, ...], Vulnerability]
"""Findings that were read before: images on the same base share most of theirs, and so the memory they take."""


def written_counts(counts: Counts) -> dict[str, int]:
    """Return counts as JSON, with every severity."""
    return {severity.value: int(counts.get(severity, 0)) for severity in Severity}


def read_counts(written: Mapping[str, int]) -> dict[Severity, int]:
    """Return counts that were written."""
    return {severity: written.get(severity.value, 0) for severity in Severity}


def written_findings(findings: Sequence[Vulnerability], since: Mapping[str, datetime]) -> dict[str, Any]:
    """Return findings as JSON.

    Args:
        findings: Each vulnerability and package.
        since: When some of them came, by id (UTC).
    """
    found = [
        [each.id, each.severity.value, each.package, each.version, each.fixed_by, _score(each), list(each.aliases)]
        for each in findings
    ]
    came = {each.id: since[each.id].isoformat() for each in findings if each.id in since}
    return {"found": storable(found), "since": storable(came)}


def read_findings(written: Mapping[str, Any], known: Findings) -> tuple[tuple[Vulnerability, ...], dict[str, datetime]]:
    """Return findings that were written, and when some of them came.

    Args:
        written: As `written_findings` returns it.
        known: Filled with what is read, and read from.
    """
    found = tuple(_read(entry, known) for entry in written["found"])
    return found, {name: datetime.fromisoformat(at) for name, at in written["since"].items()}


def _score(each: Vulnerability) -> float | None:
    return each.score if each.score is not None and math.isfinite(each.score) else None


def _read(entry: Sequence[Any], known: Findings) -> Vulnerability:
    name, severity, package, version, fixed_by, score, aliases = entry
    key = (name, severity, package, version, fixed_by, score, *aliases)
    if key not in known:
        known[key] = Vulnerability(
            id=name,
            severity=Severity(severity),
            package=package,
            version=version,
            fixed_by=fixed_by,
            score=score,
            aliases=tuple(aliases),
        )
    return known[key]
