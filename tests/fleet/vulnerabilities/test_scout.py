"""Docker Scout as a source, over the whole road: our client, HTTP, and the simulated service."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.errors import UnavailableError
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability
from bot.fleet.vulnerabilities.scout import ScoutSource
from bot.hub.api import HubUrls
from bot.hub.client import Credentials, HubClient
from bot.hub.protocol import Answer
from bot.hub.scout import Scout
from bot.images import RepositoryName
from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.scout import SbomState
from bot.sandbox.hub.scout_seed import Finding
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.hub.support import NOW, OAT_OF_ACME, FakeWire, Sent, json_answer, jwt, make_api, unhurried

GRAPHQL = "/v1/graphql"
API = RepositoryName("acme", "api")
WEB = RepositoryName("acme", "web")
NGINX = RepositoryName("library", "nginx")
GRAFANA = RepositoryName("grafana", "grafana")
CRITICAL, HIGH, MEDIUM, LOW, UNSPECIFIED = Severity
ANA = ("ana", seed.ANA_PAT)
UNKNOWN = "Docker Scout does not know it; perhaps its repository is not enabled there"
SCOUT_POSITIONS = {
    name: each for name, each in Unknowns.every_position() if name == "defaults" or name.startswith("scout_")
}

OPENSSL = Finding("CVE-2026-1", "CRITICAL", "openssl", "3.0.1", "3.0.2", 9.8)
LIBSSL = Finding("CVE-2026-1", "HIGH", "libssl3", "3.0.1", "3.0.2", 7.5)
TAR = Finding("CVE-2026-2", "LOW", "tar", "1.34")
EXCEPTED = Finding("CVE-2026-3", "HIGH", "perl", "5", is_excepted=True)
NONE_FOUND = dict.fromkeys(Severity, 0)

MakeSource = Callable[..., ScoutSource]


@pytest.fixture(scope="module")
def acme() -> HubState:
    """Two namespaces of repositories and a stranger's; `acme/api` has 409 tags."""
    state = HubState()
    state.add_user("ana", password="a long password", joined_at=NOW)
    state.add_user("zoe", password="a long password", joined_at=NOW)
    state.add_organization("acme", joined_at=NOW, members={"ana": "owner"})
    state.add_personal_token("ana", seed.ANA_PAT)
    state.add_personal_token("zoe", seed.ZOE_PAT)
    state.add_organization_token("acme", seed.ACME_OAT, seed.ACME_OAT_SCOPES)
    for path in ("acme/api", "acme/web", "acme/worker", "acme/old-monolith", "library/nginx", "grafana/grafana"):
        state.create_repository(*path.split("/"), at=NOW, is_private=path.startswith("acme"))
        state.push_tag(path, "latest", at=NOW)
    for number in range(408):
        state.push_tag("acme/api", f"1.{number}", at=NOW)
    return state


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def hub(acme: HubState, clock: FrozenClock) -> Iterator[HubSimulator]:
    with HubSimulator(acme, now=clock.now) as simulator:
        yield simulator


@pytest.fixture
def make_source(hub: HubSimulator, clock: FrozenClock) -> Iterator[MakeSource]:
    clients: list[HubClient] = []

    def make(
        *, person: tuple[str, str] | None = ANA, acme: str | None = seed.ACME_OAT, waits: bool = False
    ) -> ScoutSource:
        username, token = person or (None, None)
        credentials = Credentials.from_values(
            username=username,
            token=SecretStr(token) if token else None,
            organization_tokens={"acme": SecretStr(acme)} if acme else None,
        )
        client = HubClient(HubUrls(hub.url, hub.url, hub.url, scout=hub.url), credentials, clock, draw=lambda: 0.0)
        clients.append(client)
        return ScoutSource(client.background() if waits else client, clock)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def source(make_source: MakeSource) -> ScoutSource:
    return make_source()


def target(hub: HubSimulator, repository: RepositoryName = API, tag: str = "latest") -> Target:
    found = hub.state.repository(str(repository)).tags[tag]
    return Target(repository, tag, found.images[0].digest or "", found.digest or "", "linux/amd64")


def all_of(hub: HubSimulator, *namespaces: str) -> list[Target]:
    return [
        target(hub, RepositoryName(namespace, each.name))
        for namespace in namespaces
        for each in hub.state.repositories[namespace].values()
        if "latest" in each.tags
    ]


def summary(source: ScoutSource, image: Target) -> Scan:
    (scan,) = source.summarize([image])
    return scan


def answering(packages: object) -> ScoutSource:
    """Return a source whose Docker Scout has analysed the image, and lists these packages."""
    return _source_of(
        "imagePackagesForImageCoords", {"sbomState": "INDEXED", "imagePackages": {"packages": packages}}, None
    )


def asked(hub: HubSimulator) -> int:
    return len(hub.requests_to(GRAPHQL))


def test_counts_are_those_of_docker_scout(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.put(image.digest, OPENSSL, TAR, EXCEPTED)

    scan = summary(source, image)

    assert scan == Scan(image.digest, ScanState.ANALYSED, NOW, {**NONE_FOUND, CRITICAL: 1, LOW: 1})


def test_details_name_each_package_and_count_each_vulnerability_once(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.put(image.digest, OPENSSL, LIBSSL, TAR, EXCEPTED)

    scan = source.detail(image)

    assert (scan.state, scan.counts) == (ScanState.ANALYSED, {**NONE_FOUND, CRITICAL: 1, LOW: 1})
    assert scan.findings == (
        Vulnerability("CVE-2026-1", CRITICAL, "openssl", "3.0.1", "3.0.2", 9.8),
        Vulnerability("CVE-2026-1", HIGH, "libssl3", "3.0.1", "3.0.2", 7.5),
        Vulnerability("CVE-2026-2", LOW, "tar", "1.34", None, None),
    )


@pytest.mark.parametrize(
    "packages",
    [
        [{"package": {"name": "a", "vulnerabilities": []}}, {"package": None}],
        [{"package": {"name": "a", "vulnerabilities": []}}, {"package": {"name": "b", "vulnerabilities": None}}],
        [{"package": {"name": "a", "vulnerabilities": [{"sourceId": None, "cvss": {"severity": "CRITICAL"}}]}}],
        [{"package": {"name": "a", "vulnerabilities": {"x": 1}}}],
        [{"package": {"name": "a", "vulnerabilities": [None]}}],
    ],
)
def test_a_list_with_something_that_cannot_be_read_is_a_failure_and_not_a_shorter_list(packages: object) -> None:
    scan = answering(packages).detail(Target(API, "latest", "sha256:" + "a" * 64, "", None))

    assert (scan.state, scan.counts, scan.findings) == (ScanState.FAILED, None, None)
    assert scan.why


def test_how_long_the_list_was_is_told_with_what_is_excepted(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.put(image.digest, OPENSSL, LIBSSL, TAR, EXCEPTED)

    assert source.detail(image).listed == 4


def test_without_a_token_official_images_are_not_asked_about(make_source: MakeSource) -> None:
    assert make_source(person=None, acme=None).problem("library")
    assert make_source().problem("library") == ""


def test_an_analysed_image_without_vulnerabilities_has_none(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.put(image.digest)

    assert summary(source, image).counts == NONE_FOUND
    assert source.detail(image) == Scan(image.digest, ScanState.ANALYSED, NOW, NONE_FOUND, (), listed=0)


@pytest.mark.parametrize(
    ("word", "state", "why"),
    [
        ("INDEXING", ScanState.PENDING, "Docker Scout is analysing it"),
        ("NONE", ScanState.PENDING, "Docker Scout has not analysed it"),
        ("INDEXING_FAILED", ScanState.UNAVAILABLE, "Docker Scout failed to analyse it"),
        ("INDEXING_UNAVAILABLE", ScanState.UNAVAILABLE, "Docker Scout cannot analyse what it is"),
    ],
)
def test_what_is_not_indexed_is_not_analysed(
    hub: HubSimulator, source: ScoutSource, word: SbomState, state: ScanState, why: str
) -> None:
    image = target(hub)
    hub.scout.put(image.digest)
    hub.scout.set_state(image.digest, word)

    for scan in (summary(source, image), source.detail(image)):
        assert scan == Scan(image.digest, state, NOW, why=why)


def test_what_is_known_and_not_scanned_is_pending(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.unscan(image.digest)

    for scan in (summary(source, image), source.detail(image)):
        assert (scan.state, scan.counts) == (ScanState.PENDING, None)
        assert scan.why == "Docker Scout knows it and has not looked for vulnerabilities yet"


def test_what_docker_scout_does_not_know_is_pending(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub, RepositoryName("acme", "old-monolith"))

    for scan in (summary(source, image), source.detail(image)):
        assert (scan.state, scan.counts, scan.why) == (ScanState.PENDING, None, UNKNOWN)


def test_a_partial_batch_tells_of_each_image_what_is_known(hub: HubSimulator, source: ScoutSource) -> None:
    targets = all_of(hub, "acme")
    known, forgotten, broken = targets[:3]
    hub.scout.put(known.digest, TAR)
    hub.scout.forget(forgotten.digest)
    hub.scout.break_report(broken.digest)

    scans = {scan.digest: scan for scan in source.summarize(targets)}

    assert asked(hub) == 1
    assert len(scans) == len(targets)
    assert scans[known.digest].counts == {**NONE_FOUND, LOW: 1}
    for image in (forgotten, broken):
        scan = scans[image.digest]
        assert (scan.state, scan.why) == (ScanState.FAILED, "Docker Scout says: downstream service error")
    assert source.detail(broken).state is ScanState.FAILED


def test_a_hundred_images_of_many_repositories_are_one_request(hub: HubSimulator, source: ScoutSource) -> None:
    targets = [
        Target(API, tag.name, tag.images[0].digest or "", tag.digest or "", "linux/amd64")
        for tag in hub.state.repository("acme/api").tags.values()
    ]

    scans = list(source.summarize(targets[:250]))

    assert len(scans) == 250
    assert all(scan.state is ScanState.ANALYSED for scan in scans)
    assert asked(hub) == 3


def test_official_images_and_those_of_strangers_are_looked_up_as_public_ones(
    hub: HubSimulator, source: ScoutSource
) -> None:
    targets = [target(hub, repository) for repository in (API, NGINX, GRAFANA)]

    scans = list(source.summarize(targets))

    assert [scan.state for scan in scans] == [ScanState.ANALYSED] * 3
    assert [source.detail(each).state for each in targets] == [ScanState.ANALYSED] * 3


def test_what_a_token_may_not_see_is_not_said_to_be_pending(hub: HubSimulator, make_source: MakeSource) -> None:
    zoe = make_source(person=("zoe", seed.ZOE_PAT), acme=None)
    image = target(hub)

    for scan in (summary(zoe, image), zoe.detail(image)):
        assert (scan.state, scan.why) == (ScanState.UNAVAILABLE, "Docker Scout does not show it to the PAT of zoe")


@pytest.mark.parametrize("name", list(SCOUT_POSITIONS))
@pytest.mark.parametrize("tokens", ["both", "organization", "person"])
def test_every_position_of_every_switch_gives_the_same_facts(
    hub: HubSimulator, make_source: MakeSource, name: str, tokens: str
) -> None:
    hub.unknowns = SCOUT_POSITIONS[name]
    images = [target(hub, repository) for repository in (API, WEB)]
    hub.scout.put(images[0].digest, OPENSSL, TAR)
    hub.scout.put(images[1].digest)
    source = make_source(
        person=None if tokens == "organization" else ANA, acme=None if tokens == "person" else seed.ACME_OAT
    )

    first, second = source.summarize(images)

    assert (first.counts, second.counts) == ({**NONE_FOUND, CRITICAL: 1, LOW: 1}, NONE_FOUND)
    assert source.detail(images[0]).counts == first.counts


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        (402, ScanState.UNAVAILABLE, "the plan at Docker Hub does not allow it"),
        (403, ScanState.UNAVAILABLE, "Docker Scout does not show it to the organization token of acme"),
        (404, ScanState.UNAVAILABLE, "Docker Scout is not where it is looked for"),
        (401, ScanState.FAILED, "Docker Hub refuses the organization token of acme"),
        (418, ScanState.FAILED, "Docker Scout answered something unexpected"),
        (500, ScanState.FAILED, "Docker Scout did not answer"),
        (503, ScanState.FAILED, "Docker Scout did not answer"),
        (429, ScanState.FAILED, "Docker Scout takes no more requests until 09:01 UTC"),
    ],
)
def test_a_refusal_is_a_scan_that_says_why(
    hub: HubSimulator, make_source: MakeSource, status: int, state: ScanState, why: str
) -> None:
    hub.scout.refuse(status)
    source = make_source(person=None)
    image = target(hub)

    for scan in (summary(source, image), source.detail(image)):
        assert (scan.state, scan.counts, scan.why) == (state, None, why)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault("unavailable", path=GRAPHQL), "Docker Scout did not answer"),
        (Fault("reset", path=GRAPHQL), "Docker Scout did not answer"),
        (Fault("html", path=GRAPHQL, status=200), "Docker Scout did not answer"),
        (Fault("html", path=GRAPHQL, status=404), "Docker Scout is not where it is looked for"),
        (Fault("not_json", path=GRAPHQL), "Docker Scout did not answer"),
        (Fault("truncated", path=GRAPHQL), "Docker Scout did not answer"),
        (Fault("empty", path=GRAPHQL), "Docker Scout did not answer"),
        (Fault("redirect", path=GRAPHQL), "Docker Scout answered something unexpected"),
        (Fault("rate_limited", path=GRAPHQL), "Docker Scout takes no more requests until 09:00 UTC"),
        (Fault("abuse_limited", path=GRAPHQL), "Docker Scout takes no more requests until 09:01 UTC"),
    ],
)
def test_whatever_goes_wrong_there_is_a_scan_for_each_image_and_no_zero(
    hub: HubSimulator, source: ScoutSource, fault: Fault, why: str
) -> None:
    hub.faults.add(fault)
    targets = all_of(hub, "acme", "library")

    scans = list(source.summarize(targets))

    assert [scan.digest for scan in scans] == [each.digest for each in targets]
    assert {(scan.counts, scan.why) for scan in scans} == {(None, why)}


def test_where_nothing_answers_the_rest_is_not_asked(hub: HubSimulator, source: ScoutSource) -> None:
    hub.faults.add(Fault("unavailable", path=GRAPHQL))
    tags = hub.state.repository("acme/api").tags.values()

    scans = list(source.summarize([Target(API, each.name, each.images[0].digest or "", "") for each in tags]))

    assert len(scans) == 409
    # Two batches of five, four times each.
    assert asked(hub) == 8


def test_a_passing_fault_is_not_noticed(hub: HubSimulator, source: ScoutSource) -> None:
    hub.faults.add(Fault("html", path=GRAPHQL, status=200, times=2))

    assert summary(source, target(hub)).state is ScanState.ANALYSED


def test_who_waits_for_nobody_waits_for_limits(hub: HubSimulator, make_source: MakeSource, clock: FrozenClock) -> None:
    hub.faults.add(Fault("rate_limited", path=GRAPHQL, times=1, retry_after_seconds=120))

    scan = summary(make_source(waits=True), target(hub))

    assert scan.state is ScanState.ANALYSED
    assert (scan.scanned_at - NOW).total_seconds() >= 120


def test_problems_are_told(hub: HubSimulator, make_source: MakeSource) -> None:
    assert make_source().problem("acme") == make_source().problem("library") == ""
    assert make_source(person=None, acme=None).problem("acme").startswith("No credential in the settings may be used")

    hub.scout.enroll("acme", is_enrolled=False)
    assert make_source().problem("acme") == "acme is not enrolled in Docker Scout."

    hub.scout.refuse(402)
    assert make_source().problem("acme").startswith("The plan at Docker Hub does not include the enrolment of acme")


def test_a_problem_that_cannot_be_found_out_is_none(hub: HubSimulator, source: ScoutSource) -> None:
    hub.faults.add(Fault("unavailable", path=GRAPHQL))

    with pytest.raises(UnavailableError):
        source.problem("acme")


def test_no_secret_is_in_what_is_said(hub: HubSimulator, source: ScoutSource) -> None:
    image = target(hub)
    hub.scout.refuse(418, f"who are you, {seed.ACME_OAT}")
    hub.scout.break_report(image.digest)

    told = repr([summary(source, image), source.detail(image)])

    assert seed.ACME_OAT not in told


# The law behind all this: whatever Docker Scout says, only an image that it has analysed has numbers.

_JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5) | st.just([]) | st.just({})
)
_WORDS = st.sampled_from(["INDEXED", "INDEXING", "INDEXING_FAILED", "INDEXING_UNAVAILABLE", "NONE", "indexed", "NEW"])
_NUMBERS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("critical", "high", "medium", "low", "unspecified", "total"), _JUNK)
)
_FULL = st.fixed_dictionaries(dict.fromkeys(("critical", "high", "medium", "low", "unspecified"), st.integers(0, 9)))
_SUMMARY = st.fixed_dictionaries(
    {"digest": st.sampled_from(["sha256:" + "a" * 64, "sha256:" + "b" * 64])},
    optional={"sbomState": _WORDS | _JUNK, "vulnerabilityReport": _NUMBERS | _FULL | _JUNK},
)
_VULNERABILITIES = st.none() | st.lists(
    st.fixed_dictionaries({}, optional={"sourceId": st.just("CVE-1"), "cvss": _JUNK}) | _JUNK, max_size=2
)
_PACKAGE = st.fixed_dictionaries({}, optional={"package": st.fixed_dictionaries({"vulnerabilities": _VULNERABILITIES})})
_IMAGE = st.fixed_dictionaries(
    {},
    optional={
        "sbomState": _WORDS | _JUNK,
        "imagePackages": _JUNK | st.fixed_dictionaries({"packages": st.lists(_PACKAGE | _JUNK, max_size=2) | _JUNK}),
    },
)
_ERRORS = st.none() | st.lists(
    st.fixed_dictionaries(
        {"message": st.text(max_size=5)},
        optional={"extensions": st.fixed_dictionaries({"status": st.sampled_from([402, 403, "403", 503, None])})},
    ),
    max_size=1,
)


def _source_of(field: str, value: Any, errors: Any) -> ScoutSource:
    def respond(sent: Sent) -> Answer:
        if sent.request.path != GRAPHQL:
            return json_answer({"access_token": jwt()})
        data = {field: value} if field in sent.request.body["query"] else None
        return json_answer({"data": data, **({"errors": errors} if errors else {})})

    clock = FrozenClock(NOW)
    hub = HubClient(HubUrls(), Credentials([OAT_OF_ACME]), clock)
    hub.scout = Scout(make_api(FakeWire(respond, clock), OAT_OF_ACME), HubUrls())
    return ScoutSource(hub, clock)


@unhurried
@given(st.lists(_SUMMARY | _JUNK, max_size=3) | _JUNK, _ERRORS)
def test_only_what_is_analysed_has_counts(entries: Any, errors: Any) -> None:
    targets = [Target(API, "latest", f"sha256:{letter * 64}", "", None) for letter in "abc"]

    scans = list(_source_of("imageSummariesByDigest", entries, errors).summarize(targets))

    told: dict[str, list[Any]] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        if isinstance(entry, dict) and entry.get("sbomState") == "INDEXED" and entry.get("vulnerabilityReport"):
            told.setdefault(entry["digest"], []).append(entry["vulnerabilityReport"])
    assert [scan.digest for scan in scans] == [each.digest for each in targets]
    for scan in scans:
        assert (scan.counts is not None) == (scan.state is ScanState.ANALYSED)
        assert bool(scan.why) == (scan.state is not ScanState.ANALYSED)
        if scan.counts is not None:
            assert any(
                all(int(report[each.value]) == number for each, number in scan.counts.items())
                for report in told[scan.digest]
            )


@unhurried
@given(_IMAGE | _JUNK, _ERRORS)
def test_only_what_is_analysed_has_findings(image: Any, errors: Any) -> None:
    scan = _source_of("imagePackagesForImageCoords", image, errors).detail(
        Target(API, "latest", f"sha256:{'a' * 64}", "", None)
    )

    assert (scan.findings is not None) == (scan.counts is not None) == (scan.state is ScanState.ANALYSED)
    if scan.state is ScanState.ANALYSED:
        assert image["sbomState"] == "INDEXED"
        assert isinstance(image["imagePackages"]["packages"], list)
        assert not errors
