"""Vulnerabilities out of SARIF 2.1.0, as scanners of images write it. Pure.

SARIF has places for rules, results and messages, and none for packages, versions or fixes, so each scanner puts those
where it likes:

- Trivy: labelled lines in the message (`Package`, `Installed Version`, `Severity`, `Fixed Version`), the rule is the
  vulnerability. It reports wrong settings, secrets and licences in the same list; those are left out.
- Grype: a sentence in the message, labelled lines in the rule's help (`Fix Version`), a rule for each vulnerability and
  package: `CVE-…-openssl`.
- docker scout: a table in the message (`Package : pkg:deb/…`, `Fixed version : not fixed`), the severity among the
  rule's properties.

What a scanner says of the severity holds, for that is what its own tables show; else the score decides by the bands of
CVSS, else the level of the result.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/; https://github.com/aquasecurity/trivy, `pkg/report/sarif.go`;
https://github.com/anchore/grype, `grype/presenter/sarif`; that of docker scout as seen in published reports;
https://nvd.nist.gov/vuln-metrics/cvss for the bands.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bot.fleet.vulnerabilities.model import Severity, Vulnerability
from bot.hub.failures import clean

MOST_FINDINGS = 50_000
"""More than any image has; whoever says so is not believed."""

_LONGEST_TEXT = 4_000
_HIGHEST_SCORE = 10.0
_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW}
_WORDS = {
    **{severity.value: severity for severity in Severity},
    "moderate": Severity.MEDIUM,
    "negligible": Severity.LOW,
    "unknown": Severity.UNSPECIFIED,
}
# What Trivy and Grype write as a score where there is none.
_STAND_INS = {
    Severity.CRITICAL: {9.5, 9.0},
    Severity.HIGH: {8.0, 7.0},
    Severity.MEDIUM: {5.5, 4.0},
    Severity.LOW: {2.0, 1.0},
}
_NOT_FIXED = frozenset({"", "not fixed", "none", "n/a"})
_OTHER_THINGS = frozenset({"misconfiguration", "secret", "license"})
_NO_FAILURES = frozenset({"pass", "notapplicable", "informational"})
_SYSTEM_PACKAGES = frozenset({"deb", "apk", "rpm"})

_LABEL = re.compile(r"[ \t]*([A-Za-z][A-Za-z ]{0,30}?)[ \t]*:[ \t]*(.*)")
_NAMED = re.compile(r"^[ \t]*Vulnerability[ \t:]+([A-Z][A-Z0-9]+-[\w.:-]+)", re.MULTILINE)
_ADVISORY = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}", re.IGNORECASE)
_SENTENCE = re.compile(r"A (\w+) vulnerability in \S+ package: (.+?), version (.+?) was found")
_OLD_SENTENCE = re.compile(r"reports (\S+) at version (\S+)")
_PURL = re.compile(r"pkg:\S+")


class NotSarifError(ValueError):
    """That is no SARIF, or tells of a scan that was not finished. `str()` is a clause for people."""


@dataclass(frozen=True)
class _Place:
    """A package, and the version of it that is installed."""

    package: str
    version: str = ""


def parse(data: bytes) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities in a report, one entry for each vulnerability, package and version.

    Raises:
        NotSarifError: It cannot be relied on; nothing is made of a part of it.
    """
    found: dict[tuple[str, str, str], Vulnerability] = {}
    unreadable = 0
    for run in _runs(_decoded(data)):
        rules = _Rules(run)
        for result in _results(run):
            if not _is_vulnerability(result, rules.of(result)):
                continue
            finding = _finding(result, rules.of(result))
            if finding is None:
                unreadable += 1
                continue
            key = (finding.id, finding.package, finding.version)
            known = found.get(key)
            if known is None or finding.severity.rank < known.severity.rank:
                found[key] = finding
            if len(found) > MOST_FINDINGS:
                raise NotSarifError("it tells of more vulnerabilities than is plausible")
    if unreadable:
        raise NotSarifError("it tells of something that has no name")
    return tuple(found.values())


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotSarifError("it is no JSON") from error
    if not isinstance(decoded, dict):
        raise NotSarifError("it is no SARIF")
    return decoded


def _runs(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    runs = report.get("runs")
    if not isinstance(runs, list) or not runs:
        raise NotSarifError("it is no SARIF")
    for run in runs:
        if not isinstance(run, dict) or not _object(_object(run.get("tool")).get("driver")):
            raise NotSarifError("it is no SARIF")
        if any(_object(each).get("executionSuccessful") is False for each in _list(run.get("invocations"))):
            raise NotSarifError("it tells of a scan that was not finished")
        yield run


def _results(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    results = run.get("results")
    if not isinstance(results, list):
        # By the specification that means: there was no scan. None found is an empty list.
        raise NotSarifError("it has no list of results")
    for result in results:
        if not isinstance(result, dict):
            raise NotSarifError("it is no SARIF")
        yield result


class _Rules:
    """The rules of a run, of the scanner itself and of its extensions."""

    def __init__(self, run: dict[str, Any]) -> None:
        tool = _object(run.get("tool"))
        self._own = [_object(rule) for rule in _list(_object(tool.get("driver")).get("rules"))]
        others = [rule for each in _list(tool.get("extensions")) for rule in _list(_object(each).get("rules"))]
        self._by_id: dict[str, dict[str, Any]] = {}
        for rule in (*self._own, *map(_object, others)):
            self._by_id.setdefault(_text(rule.get("id")), rule)

    def of(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return the rule of a result; empty where there is none."""
        name = _rule_id(result)
        index = result.get("ruleIndex", _object(result.get("rule")).get("index"))
        if isinstance(index, int) and 0 <= index < len(self._own):
            rule = self._own[index]
            if not name or _text(rule.get("id")) == name:
                return rule
        return self._by_id.get(name, {}) if name else {}


def _is_vulnerability(result: dict[str, Any], rule: dict[str, Any]) -> bool:
    """Tell whether a result is one that counts: no other kind of finding, not set aside, and still there."""
    tags = {_text(tag).lower() for tag in _list(_object(rule.get("properties")).get("tags"))}
    is_other = not _OTHER_THINGS.isdisjoint({*tags, _text(rule.get("name")).lower()})
    is_suppressed = any(
        isinstance(each, dict) and _text(each.get("status")) in {"", "accepted"}
        for each in _list(result.get("suppressions"))
    )
    is_failure = _text(result.get("kind")).lower() not in _NO_FAILURES
    return is_failure and not is_other and not is_suppressed and result.get("baselineState") != "absent"


def _finding(result: dict[str, Any], rule: dict[str, Any]) -> Vulnerability | None:
    message = _words(_object(result.get("message")).get("text"))
    help_text = _words(_object(rule.get("help")).get("text"))
    labels, rule_labels = _labels(message), _labels(help_text)
    properties = {**_object(rule.get("properties")), **_object(result.get("properties"))}
    place = _place(message, labels, rule_labels, properties, result)
    name = _name(_rule_id(result) or _text(rule.get("id")), (message, help_text), place.package)
    if not name:
        return None
    told = _told_severity(message, labels, rule_labels, properties)
    score = _score(properties.get("security-severity"))
    severity = told if told is not None else _judged(score, result, rule)
    if severity is Severity.LOW and score == 0.0:
        severity = Severity.UNSPECIFIED  # Grype says "low" also where it does not know.
    return Vulnerability(
        name,
        severity,
        place.package,
        place.version,
        _fix(labels, rule_labels, properties),
        _real_score(properties, score, severity),
    )


def _name(rule_id: str, texts: Sequence[str], package: str) -> str:
    """Return what the vulnerability is called; empty when that cannot be told."""
    for text in texts:
        named = _NAMED.search(text)
        if named:
            return clean(named[1])
    advisory = _ADVISORY.match(rule_id)
    if advisory:
        return advisory[0]
    return rule_id.removesuffix(f"-{package}") if package else rule_id


def _place(
    message: str,
    labels: Mapping[str, str],
    rule_labels: Mapping[str, str],
    properties: Mapping[str, Any],
    result: dict[str, Any],
) -> _Place:
    """Return the package: the message knows best, since a rule may stand for several."""
    sentence = _SENTENCE.search(message)
    if sentence:
        return _Place(clean(sentence[2]), clean(sentence[3]))
    old_sentence = _OLD_SENTENCE.search(message)
    if old_sentence:
        return _Place(clean(old_sentence[1]), clean(old_sentence[2]))
    for told in (labels, rule_labels):
        package = told.get("package", "")
        if package.startswith("pkg:"):
            return _read_purl(package)
        if package:
            return _Place(package, told.get("installed version") or told.get("version", ""))
    purls = [_text(each) for each in (*_list(properties.get("purls")), properties.get("purl"))]
    purl = next((each for each in purls if _PURL.fullmatch(each)), None)
    return _read_purl(purl) if purl else _Place(_where(result))


def _where(result: dict[str, Any]) -> str:
    """Return where a result is, which is better than nothing where no package is named."""
    location = _object(next(iter(_list(result.get("locations"))), None))
    logical = _object(next(iter(_list(location.get("logicalLocations"))), None))
    artifact = _object(_object(location.get("physicalLocation")).get("artifactLocation"))
    return _text(logical.get("fullyQualifiedName")) or _text(logical.get("name")) or _text(artifact.get("uri"))


def _read_purl(purl: str) -> _Place:
    """Read a package URL. What is part of a system's distribution goes by its name alone, anything else by its path.

    Source: https://github.com/package-url/purl-spec
    """
    body = re.split(r"[?#]", purl.removeprefix("pkg:"), maxsplit=1)[0]
    path, at, version = body.rpartition("@")
    kind, _, name = (path if at else body).strip("/").partition("/")
    if kind in _SYSTEM_PACKAGES:
        name = name.rpartition("/")[2]
    return _Place(clean(unquote(name)), clean(unquote(version)) if at else "")


def _fix(labels: Mapping[str, str], rule_labels: Mapping[str, str], properties: Mapping[str, Any]) -> str | None:
    told = [each[key] for each in (labels, rule_labels) for key in ("fixed version", "fix version") if key in each]
    fix = told[0] if told else _text(properties.get("fixed_version"))
    return None if fix.lower() in _NOT_FIXED else fix


def _told_severity(
    message: str, labels: Mapping[str, str], rule_labels: Mapping[str, str], properties: Mapping[str, Any]
) -> Severity | None:
    sentence = _SENTENCE.search(message)
    words = [labels.get("severity", ""), sentence[1] if sentence else "", rule_labels.get("severity", "")]
    words += [_text(properties.get("cvssV3_severity")), *map(_text, _list(properties.get("tags")))]
    return next((_WORDS[word.lower()] for word in words if word.lower() in _WORDS), None)


def _judged(score: float | None, result: dict[str, Any], rule: dict[str, Any]) -> Severity:
    if score is not None and score > 0:
        return next((severity for least, severity in _BANDS if score >= least), Severity.LOW)
    level = _text(result.get("level")) or _text(_object(rule.get("defaultConfiguration")).get("level"))
    return _LEVELS.get(level.lower(), Severity.UNSPECIFIED)


def _real_score(properties: Mapping[str, Any], score: float | None, severity: Severity) -> float | None:
    """Return the score by CVSS, which a scanner makes up from the severity where there is none."""
    for key in ("cvssv3_baseScore", "cvssv40_baseScore"):
        own = _score(properties.get(key))
        if own:
            return own
    if not score or severity is Severity.UNSPECIFIED or score in _STAND_INS[severity]:
        return None
    return score


def _score(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        score = float(value)
    except (ValueError, OverflowError):
        return None
    return score if 0 <= score <= _HIGHEST_SCORE else None


def _labels(text: str) -> dict[str, str]:
    """Return the labelled lines of a text, by the label in lower case; the first of a label holds."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LABEL.match(line)
        if match:
            found.setdefault(match[1].lower(), clean(match[2]))
    return found


def _rule_id(result: dict[str, Any]) -> str:
    return _text(result.get("ruleId")) or _text(_object(result.get("rule")).get("id"))


def _words(value: Any) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _text(value: Any) -> str:
    """Return a text as one line without control characters; empty when it is none."""
    return clean(value) if isinstance(value, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
