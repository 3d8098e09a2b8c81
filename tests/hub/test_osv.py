"""The client of OSV, against the simulated OSV and against literal answers."""

import json
from collections.abc import Iterator

import pytest

from bot.clock import FrozenClock
from bot.errors import HubError, RateLimitedError, UnavailableError, UnexpectedResponseError
from bot.hub.advisory import Affected, OsvPackage, Rating, read_advisory
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.hub.osv import Advisories, Match, Osv
from bot.sandbox.builders.faults import BuilderFault
from bot.sandbox.osv import OsvSimulator
from tests.hub.support import NOW, FakeWire, json_answer, make_api, scripted

CURL = OsvPackage("Debian:12", "curl", "7.88.1-10")
JINJA = OsvPackage("PyPI", "jinja2", "3.1.2")
CLEAN = OsvPackage("npm", "left-pad", "1.3.0")


@pytest.fixture
def simulator() -> Iterator[OsvSimulator]:
    with OsvSimulator() as simulator:
        yield simulator


@pytest.fixture
def osv(simulator: OsvSimulator) -> Iterator[Osv]:
    with HubClient(HubUrls(osv=simulator.url), Credentials(), FrozenClock(NOW)) as client:
        yield client.osv


def ids(matches: tuple[Match, ...]) -> set[str]:
    return {match.id for match in matches}


def asked(simulator: OsvSimulator) -> list[str]:
    return [record.path for record in simulator.records]


def test_many_packages_are_one_call_and_each_gets_its_own_answer(osv: Osv, simulator: OsvSimulator) -> None:
    found = osv.find([CURL, JINJA, CLEAN, CURL])

    assert {package: ids(matches) for package, matches in found.items()} == {
        CURL: {"DSA-5587-1", "DEBIAN-CVE-2023-46218", "DEBIAN-CVE-2023-46219"},
        JINJA: {"GHSA-h5c8-rqwp-cp95", "PYSEC-2024-9"},
        CLEAN: set(),
    }
    assert asked(simulator) == ["/v1/querybatch"]
    assert len(json.loads(simulator.records[0].body)["queries"]) == 3


def test_no_packages_are_no_call(osv: Osv, simulator: OsvSimulator) -> None:
    assert osv.find([]) == {}
    assert osv.advisories([]) == {}
    assert simulator.records == []


def test_more_than_a_thousand_packages_are_several_calls(osv: Osv, simulator: OsvSimulator) -> None:
    packages = [OsvPackage("npm", f"package-{number}", "1.0.0") for number in range(1_500)]

    assert set(osv.find([*packages, JINJA])) == {*packages, JINJA}
    assert [len(json.loads(record.body)["queries"]) for record in simulator.records] == [1000, 501]


def test_pages_are_followed_for_the_packages_that_have_them(osv: Osv, simulator: OsvSimulator) -> None:
    simulator.page_size = 2

    found = osv.find([CURL, JINJA, CLEAN])

    assert len(found[CURL]) == 3
    assert len(found[JINJA]) == 2
    assert [len(json.loads(record.body)["queries"]) for record in simulator.records] == [3, 1]


def test_ecosystem_that_osv_does_not_know_leaves_the_others(osv: Osv, simulator: OsvSimulator) -> None:
    unknown = [OsvPackage("Nonesuch:1", f"package-{number}", "1") for number in range(3)]

    found = osv.find([CURL, *unknown, JINJA, CLEAN])

    assert set(found) == {CURL, JINJA, CLEAN}
    assert len(simulator.records) < 12


def test_a_batch_of_refusals_ends(osv: Osv, simulator: OsvSimulator) -> None:
    found = osv.find([OsvPackage("Nonesuch", f"package-{number}", "1") for number in range(1000)])

    assert found == {}
    assert len(simulator.records) <= 40


def test_advisories_are_read_once_until_they_change(osv: Osv, simulator: OsvSimulator) -> None:
    matches = osv.find([CURL])[CURL]
    first = osv.advisories(matches)
    simulator.clear_records()

    assert osv.advisories(matches) == first
    assert simulator.records == []

    simulator.add(
        {
            "id": "DSA-5587-1",
            "affected": [{"package": {"ecosystem": "Debian:12", "name": "curl"}, "versions": [CURL.version]}],
        }
    )
    again = osv.advisories(osv.find([CURL])[CURL])
    assert again["DSA-5587-1"].upstream == ()
    assert asked(simulator) == ["/v1/querybatch", "/v1/vulns/DSA-5587-1"]


def test_advisory_that_is_gone_is_left_out(osv: Osv) -> None:
    assert set(osv.advisories([Match("GHSA-h5c8-rqwp-cp95"), Match("CVE-1999-0001")])) == {"GHSA-h5c8-rqwp-cp95"}


def test_passing_faults_are_asked_again(osv: Osv, simulator: OsvSimulator) -> None:
    simulator.faults.add(BuilderFault("answer", times=1, status=503))
    simulator.faults.add(BuilderFault("truncated", times=1))

    assert set(osv.find([CURL])) == {CURL}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (BuilderFault("answer", status=503), UnavailableError),
        (BuilderFault("answer", status=429, headers={"Retry-After": "600"}), RateLimitedError),
        (BuilderFault("answer", status=200, body="<html>"), UnavailableError),
        (
            BuilderFault("answer", status=302, headers={"Location": "https://elsewhere.example/"}),
            UnexpectedResponseError,
        ),
    ],
)
def test_lasting_faults_are_errors(
    osv: Osv, simulator: OsvSimulator, fault: BuilderFault, kind: type[HubError]
) -> None:
    simulator.faults.add(fault)

    with pytest.raises(kind):
        osv.find([CURL])


@pytest.mark.parametrize("results", [None, {}, [], [{}, {}], "x"])
def test_another_number_of_results_is_unexpected(results: object) -> None:
    osv = Osv(make_api(FakeWire(scripted(json_answer({"results": results})))), "https://api.osv.dev")

    with pytest.raises(UnexpectedResponseError):
        osv.find([CURL])


@pytest.mark.parametrize(
    "result", [{}, None, {"vulns": None}, {"vulns": [None, {}, {"id": ""}, {"id": "."}, {"id": 7}]}]
)
def test_odd_results_are_no_vulnerabilities(result: object) -> None:
    osv = Osv(make_api(FakeWire(scripted(json_answer({"results": [result]})))), "https://api.osv.dev")

    assert osv.find([CURL]) == {CURL: ()}


def test_pages_without_an_end_are_unexpected() -> None:
    answer = json_answer({"results": [{"vulns": [{"id": "CVE-2024-1000"}], "next_page_token": "again"}]})
    osv = Osv(make_api(FakeWire(scripted(answer))), "https://api.osv.dev")

    with pytest.raises(UnexpectedResponseError, match="without an end"):
        osv.find([CURL])


def test_memory_of_advisories_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.hub.osv.ADVISORIES_KEPT", 2)
    advisories = Advisories()
    known = {name: Match(name, "1") for name in "abc"}
    for name, match in known.items():
        found = read_advisory({"id": name})
        assert found is not None
        advisories.put(match, found)
        advisories.get(known["a"])

    assert [name for name, match in known.items() if advisories.get(match)] == ["a", "c"]


def test_advisory_is_read_liberally() -> None:
    found = read_advisory(
        {
            "id": "GHSA-1",
            "aliases": None,
            "upstream": ["CVE-2024-1000", 7],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/…"}, {"type": "CVSS_V4"}, None],
            "database_specific": {"severity": " MODERATE "},
            "affected": [
                {"package": None},
                {
                    "package": {"ecosystem": "npm", "name": "braces"},
                    "ranges": [
                        {"type": "GIT", "events": [{"fixed": "deadbeef"}]},
                        {
                            "type": "SEMVER",
                            "events": [{"introduced": "0"}, {"fixed": "2.3.4"}, None, {"fixed": "3.0.3"}],
                        },
                        {"type": "SEMVER", "events": None},
                    ],
                },
            ],
        }
    )

    assert found is not None
    assert (found.aliases, found.upstream, found.word) == ((), ("CVE-2024-1000",), "moderate")
    assert found.ratings == (Rating("CVSS_V3", "CVSS:3.1/…"),)
    assert found.affected == (Affected("npm", "braces", ("2.3.4", "3.0.3")),)
    assert read_advisory({"aliases": []}) is None
    assert read_advisory([]) is None
