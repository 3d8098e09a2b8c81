"""SBOMs of a real registry and advisories of a simulated OSV, to vulnerabilities of images."""

from collections.abc import Iterator

import pytest

from bot.clock import FrozenClock
from bot.fleet.contents import Contents
from bot.fleet.reading_contents import NO_SBOM
from bot.fleet.vulnerabilities import sbom
from bot.fleet.vulnerabilities.model import ScanState, Severity, Target, VulnerabilitySource
from bot.fleet.vulnerabilities.sbom import OsvSource
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.builders.faults import BuilderFault
from bot.sandbox.osv import OsvSimulator
from bot.store.tables import metadata
from tests.store.conftest import OpenStore
from tests.support.registry import SPDX, Build, Pusher, RegistryFront, provenance, spdx

LIBCURL = "pkg:deb/debian/libcurl4@7.88.1-10?arch=amd64&distro=debian-12&upstream=curl"
CURL = "pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12"
COREUTILS = "pkg:deb/debian/coreutils@9.1-1?arch=amd64&distro=debian-12"
JINJA = "pkg:pypi/jinja2@3.1.2"
BRACES = "pkg:npm/braces@3.0.2"
BASE = provenance(("pkg:docker/python@3.12", "sha256:" + "a" * 64))


@pytest.fixture
def osv(clock: FrozenClock) -> Iterator[OsvSimulator]:
    with OsvSimulator(now=clock.now) as osv:
        yield osv


@pytest.fixture
def source(
    opening: OpenStore, front: RegistryFront, osv: OsvSimulator, clock: FrozenClock
) -> Iterator[VulnerabilitySource]:
    store = opening("sqlite://", now=clock.now)
    store.reshape(metadata.create_all)
    with HubClient(HubUrls(registry=front.url, auth=front.url, osv=osv.url), Credentials(), clock) as hub:
        yield OsvSource(Contents(store, hub.once()), hub.once().osv, clock)


def pushed(pusher: Pusher, tag: str, *purls: str) -> Target:
    [target] = pusher.push(tag, Build(labels={"tag": tag}, statements=[(SPDX, spdx(*purls)), BASE])).targets.values()
    return target


def test_vulnerabilities_are_those_of_the_packages_each_once(
    source: VulnerabilitySource, pusher: Pusher, clock: FrozenClock
) -> None:
    scan = source.detail(pushed(pusher, "1.0", CURL, LIBCURL, COREUTILS, JINJA, BRACES))

    assert (scan.state, scan.scanned_at, scan.why) == (ScanState.ANALYSED, clock.now(), "")
    assert scan.findings is not None
    assert [(each.id, each.severity, each.package, each.version, each.fixed_by) for each in scan.findings] == [
        ("CVE-2024-4068", Severity.HIGH, "braces", "3.0.2", "3.0.3"),
        ("CVE-2023-46218", Severity.MEDIUM, "curl", "7.88.1-10", "7.88.1-10+deb12u5"),
        ("CVE-2023-46219", Severity.MEDIUM, "curl", "7.88.1-10", "7.88.1-10+deb12u5"),
        ("CVE-2024-22195", Severity.MEDIUM, "jinja2", "3.1.2", "3.1.3"),
        ("CVE-2016-2781", Severity.LOW, "coreutils", "9.1-1", None),
    ]
    assert scan.counts == {
        Severity.CRITICAL: 0,
        Severity.HIGH: 1,
        Severity.MEDIUM: 3,
        Severity.LOW: 1,
        Severity.UNSPECIFIED: 0,
    }
    assert scan.findings[3].names == {"CVE-2024-22195", "GHSA-h5c8-rqwp-cp95", "PYSEC-2024-9"}


def test_image_without_vulnerabilities_is_analysed_and_has_none(source: VulnerabilitySource, pusher: Pusher) -> None:
    scan = source.detail(pushed(pusher, "1.0", "pkg:npm/left-pad@1.3.0"))

    assert scan.state is ScanState.ANALYSED
    assert scan.counts is not None
    assert sum(scan.counts.values()) == 0


def test_many_images_are_asked_for_together(source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator) -> None:
    targets = [pushed(pusher, f"{number}", CURL, JINJA, f"pkg:npm/package-{number}@1.0.0") for number in range(4)]

    scans = {scan.digest: scan for scan in source.summarize(targets)}

    assert set(scans) == {target.digest for target in targets}
    assert {scan.counts[Severity.MEDIUM] for scan in scans.values() if scan.counts} == {3}
    paths = [record.path for record in osv.records]
    assert paths.count("/v1/querybatch") == 1
    assert len(paths) == len(set(paths)), "each advisory is read once"


def test_pieces_share_what_was_read(
    source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbom, "AT_ONCE", 1)
    targets = [pushed(pusher, f"{number}", CURL, JINJA) for number in range(2)]

    assert len(list(source.summarize(targets))) == 2
    read = [record.path for record in osv.records if record.path.startswith("/v1/vulns")]
    assert len(read) == len(set(read))


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ([BASE], NO_SBOM),
        ([(SPDX, spdx()), BASE], "its SBOM names no package that OSV could know"),
        (
            [(SPDX, spdx("pkg:rpm/amzn/curl@8.0?distro=amzn-2023", JINJA)), BASE],
            "OSV has no advisories for packages of amzn",
        ),
        ([(SPDX, b"{}"), BASE], "it has an SBOM of another form than SPDX"),
    ],
)
def test_what_cannot_be_analysed_says_why_and_never_zero(
    source: VulnerabilitySource, pusher: Pusher, statements: list[tuple[str, object]], why: str
) -> None:
    [target] = pusher.push("1.0", Build(statements=statements)).targets.values()

    scan = source.detail(target)

    assert (scan.state, scan.why, scan.counts, scan.findings) == (ScanState.UNAVAILABLE, why, None, None)


def test_what_an_advisory_that_cannot_be_found_is_about_counts_by_its_name(
    source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator
) -> None:
    osv.faults.add(BuilderFault("answer", path="/v1/vulns/.*", status=404, body='{"code": 5, "message": "Not found."}'))

    scan = source.detail(pushed(pusher, "1.0", BRACES))

    assert scan.counts is not None
    assert (scan.state, sum(scan.counts.values())) == (ScanState.ANALYSED, scan.counts[Severity.UNSPECIFIED])
    assert [each.package for each in scan.findings or ()] == ["braces"]


def test_packages_that_osv_cannot_be_asked_about_are_named(source: VulnerabilitySource, pusher: Pusher) -> None:
    unknown = [f"pkg:generic/tool{number}@1" for number in range(3)]

    scan = source.detail(pushed(pusher, "1.0", JINJA, "pkg:npm/lodash", *unknown, "pkg:docker/python@3.12"))

    assert scan.state is ScanState.ANALYSED
    named = "lodash of unknown version, tool0 1, tool1 1 and 1 more"
    assert scan.gaps == f"OSV cannot be asked about {named}"


def test_ecosystem_that_osv_refuses_is_no_zero(source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator) -> None:
    osv.faults.add(BuilderFault("answer", path="/v1/querybatch", status=400, body='{"code": 3, "message": "Invalid."}'))

    scan = source.detail(pushed(pusher, "1.0", CURL))

    assert (scan.state, scan.why) == (ScanState.UNAVAILABLE, "OSV does not take packages of Debian:12")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (BuilderFault("answer", status=503), "OSV did not answer"),
        (
            BuilderFault("answer", status=429, headers={"Retry-After": "600"}),
            "OSV takes no more requests before 12:10 UTC",
        ),
        (BuilderFault("answer", path="/v1/vulns", status=418), "OSV answered something unexpected"),
        (BuilderFault("answer", path="/v1/vulns", status=200, body="[]"), "OSV answered something unexpected"),
    ],
)
def test_osv_away_is_a_failure_and_not_zero(
    source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator, fault: BuilderFault, why: str
) -> None:
    osv.faults.add(fault)

    scan = source.detail(pushed(pusher, "1.0", CURL))

    assert (scan.state, scan.why, scan.counts) == (ScanState.FAILED, why, None)


def test_what_the_pull_budget_leaves_for_later_is_pending(
    source: VulnerabilitySource, pusher: Pusher, front: RegistryFront
) -> None:
    target = pushed(pusher, "1.0", CURL)
    front.limit, front.remaining = 10, 2

    scan = source.detail(target)

    assert scan.state is ScanState.PENDING
    assert scan.why == "reading it takes pulls, and only 2 of 10 are left for no credential"


def test_image_that_cannot_be_read_is_a_failure(source: VulnerabilitySource, pusher: Pusher) -> None:
    pushed(pusher, "1.0", CURL)
    gone = Target(pusher.repository, "2.0", "sha256:" + "b" * 64, "sha256:" + "c" * 64)

    scan = source.detail(gone)

    assert (scan.state, scan.why) == (ScanState.FAILED, "the registry does not show it (asked with no credential)")


def test_new_advisories_are_found_without_reading_the_image_again(
    source: VulnerabilitySource, pusher: Pusher, osv: OsvSimulator, front: RegistryFront
) -> None:
    target = pushed(pusher, "1.0", "pkg:npm/left-pad@1.3.0")
    source.detail(target)
    front.seen.clear()
    package = {"ecosystem": "npm", "name": "left-pad"}
    osv.add({"id": "MAL-2026-1", "affected": [{"package": package, "versions": ["1.3.0"]}]})

    scan = source.detail(target)

    assert scan.findings is not None
    assert [each.id for each in scan.findings] == ["MAL-2026-1"]
    assert front.seen == []


def test_it_is_open_to_every_namespace(source: VulnerabilitySource) -> None:
    assert (source.name, source.label, source.problem("acme")) == ("osv", "SBOM and OSV", "")
