"""How bad a vulnerability is, from what advisories say: CVSS vectors, or words. Pure.

Source: https://www.first.org/cvss/v4.0/specification-document#Qualitative-Severity-Rating-Scale for the bands, which
are those of version 3, too; version 2 knows no `critical`, see https://nvd.nist.gov/vuln-metrics/cvss
"""

from collections.abc import Iterable

from bot.fleet.vulnerabilities.model import Severity
from bot.hub.advisory import Rating

_CRITICAL, _HIGH, _MEDIUM = 9.0, 7.0, 4.0
_VERSION_2, _VERSION_3, _VERSION_4 = "CVSS_V2", "CVSS_V3", "CVSS_V4"
_LONGEST_VECTOR = 500
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "negligible": Severity.LOW,
    "unimportant": Severity.LOW,
}

Rated = tuple[Severity, float | None]
"""A severity, and the CVSS score that it comes from."""


def rate(ratings: Iterable[Rating], word: str = "") -> Rated | None:
    """Return how bad something is: by its newest CVSS vector, else by a word; None: nothing tells.

    Args:
        ratings: As an advisory has them.
        word: What it says beside them.
    """
    by_kind = {rating.kind: rating.score for rating in ratings}
    for kind in (_VERSION_4, _VERSION_3, _VERSION_2):
        score = _score(kind, by_kind[kind]) if kind in by_kind else None
        if score is not None:
            return _band(kind, score), score
    # Ubuntu's priority is a word among the vectors.
    words = (_WORDS.get(each.strip().lower()) for each in (*by_kind.values(), word))
    return next(((severity, None) for severity in words if severity is not None), None)


def worst(rated: Iterable[Rated | None]) -> Rated | None:
    """Return the worst of several; None: none of them tells."""
    known = [each for each in rated if each is not None]
    return min(known, key=lambda each: (each[0].rank, -(each[1] or 0.0)), default=None)


def _score(kind: str, vector: str) -> float | None:
    """Return the base score of a vector; None: it is none."""
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError  # noqa: PLC0415 - only who asks OSV needs it.

    calculators = {_VERSION_2: CVSS2, _VERSION_3: CVSS3, _VERSION_4: CVSS4}
    if len(vector) > _LONGEST_VECTOR:
        return None
    try:
        return float(calculators[kind](vector).base_score)
    except CVSSError:
        return None


def _band(kind: str, score: float) -> Severity:
    if score >= _CRITICAL and kind != _VERSION_2:
        return Severity.CRITICAL
    if score >= _HIGH:
        return Severity.HIGH
    return Severity.MEDIUM if score >= _MEDIUM else Severity.LOW
