"""SARIF: what Trivy, Grype and docker scout write, what others might, and what nobody should."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.vulnerabilities.model import Severity, Vulnerability, count
from bot.fleet.vulnerabilities.sarif import NotSarifError, parse
from tests.hub.support import unhurried

REPORTS = Path(__file__).parent / "reports"
CRITICAL, HIGH, MEDIUM, LOW, UNSPECIFIED = Severity


def report(*results: Any, rules: Any = (), **run: Any) -> bytes:
    tool = {"driver": {"name": "any", "rules": list(rules)}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}).encode()


def only(*results: Any, rules: Any = ()) -> Vulnerability:
    (found,) = parse(report(*results, rules=rules))
    return found


def test_trivy() -> None:
    openssl = ("3.0.11-1~deb12u2", "3.0.17-1~deb12u3", 9.8)

    assert parse((REPORTS / "trivy.sarif").read_bytes()) == (
        Vulnerability("CVE-2026-20001", CRITICAL, "libssl3", *openssl),
        Vulnerability("CVE-2026-20001", CRITICAL, "openssl", *openssl),
        # Its own severity, not that of the score; and no fix, whatever its description says.
        Vulnerability("CVE-2026-20002", MEDIUM, "libexpat1", "2.5.0-1", None, 7.5),
        # 2.0 is what Trivy writes where it knows no score.
        Vulnerability("CVE-2026-20003", LOW, "tar", "1.34+dfsg-1.2", "1.34+dfsg-1.3", None),
        Vulnerability("GHSA-m425-mq94-257g", HIGH, "google.golang.org/grpc", "1.54.0", "1.56.3, 1.57.1, 1.58.3", None),
        Vulnerability("CVE-2026-20004", UNSPECIFIED, "zlib1g", "1:1.2.13.dfsg-1", None, None),
    )


def test_grype() -> None:
    assert parse((REPORTS / "grype.sarif").read_bytes()) == (
        Vulnerability("CVE-2026-30001", CRITICAL, "openssl", "3.0.11-1~deb12u2", "3.0.17-1~deb12u3", 9.8),
        Vulnerability("GHSA-9wx4-h78v-vm56", MEDIUM, "requests", "2.30.0", "2.32.0", 5.6),
        Vulnerability("GHSA-9wx4-h78v-vm56", MEDIUM, "requests", "2.28.1", "2.32.0", 5.6),
        # "low" with a score of nothing is what Grype writes where it does not know.
        Vulnerability("CVE-2026-30002", UNSPECIFIED, "libc-bin", "2.36-9+deb12u4", None, None),
        Vulnerability("CVE-2026-30003", HIGH, "zlib1g", "1:1.2.13.dfsg-1", None, None),
        Vulnerability("CVE-2026-30004", LOW, "tar", "1.34+dfsg-1.2", None, 3.3),
    )


def test_grype_as_it_was() -> None:
    rule = {"id": "CVE-1999-0001-package-1", "help": {"text": "Vulnerability CVE-1999-0001\nSeverity: critical"}}
    message = "The path somefile-1.txt reports package-1 at version 1.1.1  which is a vulnerable (rpm) package"

    found = only({"ruleId": rule["id"], "message": {"text": message}}, rules=[rule])

    assert found == Vulnerability("CVE-1999-0001", CRITICAL, "package-1", "1.1.1")


def test_docker_scout() -> None:
    assert parse((REPORTS / "docker_scout.sarif").read_bytes()) == (
        Vulnerability("CVE-2026-40001", HIGH, "nghttp2", "1.52.0-1", "1.52.0-1+deb12u1", 7.5),
        # The rule names a fix, which is that of its other package.
        Vulnerability("CVE-2026-40001", HIGH, "curl", "7.88.1-10+deb12u5", None, 7.5),
        Vulnerability("CVE-2026-40002", LOW, "curl", "7.88.1-10+deb12u5", None, 3.7),
        Vulnerability("CVE-2026-40003", UNSPECIFIED, "@acme/widget", "1.4.2", "1.4.3", None),
        Vulnerability("CVE-2026-40004", MEDIUM, "golang.org/x/net", "0.17.0", "0.38.0", 5.3),
    )


def test_a_vulnerability_in_two_packages_counts_once() -> None:
    counts = count(parse((REPORTS / "docker_scout.sarif").read_bytes()))

    assert counts == {CRITICAL: 0, HIGH: 1, MEDIUM: 1, LOW: 1, UNSPECIFIED: 1}


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("10.0", CRITICAL),
        (9.0, CRITICAL),
        ("8.9", HIGH),
        (7, HIGH),
        ("6.9", MEDIUM),
        ("4.0", MEDIUM),
        ("3.9", LOW),
        ("0.1", LOW),
    ],
)
def test_where_no_severity_is_told_the_score_decides(score: object, severity: Severity) -> None:
    rule = {"id": "CVE-2026-1", "properties": {"security-severity": score}}

    assert only({"ruleId": "CVE-2026-1", "level": "note"}, rules=[rule]).severity is severity


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("error", HIGH),
        ("warning", MEDIUM),
        ("note", LOW),
        ("none", UNSPECIFIED),
        (None, UNSPECIFIED),
        ([], UNSPECIFIED),
    ],
)
@pytest.mark.parametrize("score", ["0.0", "11", "-1", "NaN", "1e999", "high", None, [], True, 10**400])
def test_where_there_is_no_score_either_the_level_decides(level: object, severity: Severity, score: object) -> None:
    rule = {"id": "CVE-2026-1", "properties": {"security-severity": score}, "defaultConfiguration": {"level": level}}

    found = only({"ruleId": "CVE-2026-1"}, rules=[rule])

    # A score of nothing beside the lowest level says that nobody knows.
    expected = UNSPECIFIED if severity is LOW and score == "0.0" else severity
    assert (found.severity, found.score) == (expected, None)


def test_package_comes_from_the_package_url_else_from_the_place() -> None:
    purl = {"ruleId": "CVE-2026-1", "properties": {"purls": ["nonsense", "pkg:npm/%40a/b@1.0"]}}
    place = {"ruleId": "CVE-2026-2", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a/b.jar"}}}]}
    logical = {"ruleId": "CVE-2026-3", "locations": [{"logicalLocations": [{"fullyQualifiedName": "a:b"}]}]}

    found = parse(report(purl, place, logical, {"ruleId": "CVE-2026-4"}))

    assert [(each.package, each.version) for each in found] == [("@a/b", "1.0"), ("a/b.jar", ""), ("a:b", ""), ("", "")]


@pytest.mark.parametrize(
    "result",
    [
        {"suppressions": [{"kind": "external"}]},
        {"suppressions": [{"kind": "inSource", "status": "accepted"}]},
        {"baselineState": "absent"},
        {"kind": "pass"},
        {"kind": "notApplicable"},
    ],
)
def test_what_is_set_aside_or_gone_does_not_count(result: dict[str, Any]) -> None:
    assert parse(report({"ruleId": "CVE-2026-1", **result})) == ()


@pytest.mark.parametrize(
    "result",
    [
        {"suppressions": []},
        {"suppressions": [{"kind": "external", "status": "rejected"}]},
        {"suppressions": [1, "x", None]},
        {"suppressions": "x"},
        {"baselineState": "new"},
        {"kind": "fail"},
        {"kind": ["pass"]},
    ],
)
def test_anything_else_counts(result: dict[str, Any]) -> None:
    assert len(parse(report({"ruleId": "CVE-2026-1", **result}))) == 1


def test_rule_is_found_by_its_id_where_the_index_leads_astray() -> None:
    rules = [{"id": "CVE-2026-1", "properties": {"tags": ["HIGH"]}}, {"id": "CVE-2026-2"}]
    extension = {"rules": [{"id": "CVE-2026-3", "properties": {"tags": ["CRITICAL"]}}]}
    results = [
        {"ruleId": "CVE-2026-1", "ruleIndex": 1},
        {"ruleId": "CVE-2026-1", "ruleIndex": 99},
        {"rule": {"index": 0}},
        {"rule": {"id": "CVE-2026-3", "index": 0}},
    ]
    tool = {"driver": {"name": "any", "rules": rules}, "extensions": [extension]}

    found = parse(json.dumps({"runs": [{"tool": tool, "results": results}]}).encode())

    assert [(each.id, each.severity) for each in found] == [("CVE-2026-1", HIGH), ("CVE-2026-3", CRITICAL)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is no JSON"),
        (b"Usage: grype [IMAGE]", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 200_000, "it is no JSON"),
        (b'{"runs": [' + b'{"a":' * 200_000, "it is no JSON"),
        (b"[]", "it is no SARIF"),
        (b"null", "it is no SARIF"),
        (b"{}", "it is no SARIF"),
        (b'{"runs": []}', "it is no SARIF"),
        (b'{"runs": {}}', "it is no SARIF"),
        (b'{"runs": [null]}', "it is no SARIF"),
        (b'{"runs": [{"results": []}]}', "it is no SARIF"),
        (b'{"matches": []}', "it is no SARIF"),
        (b'{"runs": [{"tool": {"driver": {"name": "x"}}}]}', "it has no list of results"),
        (b'{"runs": [{"tool": {"driver": {"name": "x"}}, "results": null}]}', "it has no list of results"),
        (report(None), "it is no SARIF"),
        (report({}), "it tells of something that has no name"),
        (report({"ruleId": "CVE-2026-1"}, {"ruleId": " \x07"}), "it tells of something that has no name"),
        (report(invocations=[{"executionSuccessful": False}]), "it tells of a scan that was not finished"),
    ],
)
def test_what_cannot_be_relied_on_is_refused_and_is_never_nothing_found(data: bytes, why: str) -> None:
    with pytest.raises(NotSarifError) as raised:
        parse(data)

    assert str(raised.value) == why


def test_too_many_to_be_true_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.fleet.vulnerabilities.sarif.MOST_FINDINGS", 2)

    assert len(parse(report(*({"ruleId": f"CVE-2026-{number}"} for number in range(2))))) == 2
    with pytest.raises(NotSarifError, match="more vulnerabilities than is plausible"):
        parse(report(*({"ruleId": f"CVE-2026-{number}"} for number in range(3))))


def test_control_characters_and_endless_texts_do_not_get_through() -> None:
    message = f"Package: evil\x1b[31m\u202e{'x' * 100_000}\nInstalled Version: \x00\x071\nFixed Version: 2\x85"

    found = only({"ruleId": "CVE-2026-1", "message": {"text": message}})

    assert found.package.startswith("evil [31m x")
    assert len(found.package) <= 200
    assert (found.version, found.fixed_by) == ("", None)  # Cut off with the endless line.


def _places_of(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, each in inner for place in _places_of(each, (*path, key)))]


@unhurried
@given(
    st.sampled_from(["trivy", "grype", "docker_scout"]),
    st.integers(min_value=0),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_whatever_stands_anywhere_in_a_report_it_is_read_or_refused(name: str, which: int, junk: Any) -> None:
    data = json.loads((REPORTS / f"{name}.sarif").read_text())
    places = _places_of(data)[1:]
    *way, last = places[which % len(places)]
    node = data
    for key in way:
        node = node[key]
    node[last] = junk

    try:
        found = parse(json.dumps(data).encode())
    except NotSarifError:
        return
    for each in found:
        assert each.id
        assert all(text.isprintable() for text in (each.id, each.package, each.version, each.fixed_by or ""))
        assert each.score is None or 0 < each.score <= 10


def test_an_empty_list_of_results_is_nothing_found() -> None:
    data = json.loads((REPORTS / "trivy.sarif").read_text())
    data["runs"][0]["results"] = []

    assert parse(json.dumps(data).encode()) == ()
