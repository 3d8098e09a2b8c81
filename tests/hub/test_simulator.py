"""The client survives every fault, and every position of what nobody outside Docker knows."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import (
    HubError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.hub.client import HubClient
from bot.images import ImageReference, RepositoryName
from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.unknowns import Unknowns
from tests.hub.conftest import MakeClient
from tests.support.unknowns import positions_of_reading

API = RepositoryName("acme", "api")
NGINX = RepositoryName("library", "nginx")
GATEWAY = RepositoryName("acme", "gateway")
EMPTY = RepositoryName("acme", "empty")
ODD = RepositoryName("acme", seed.ODD_NAME)
POSITIONS = positions_of_reading()


@pytest.mark.parametrize("unknowns", POSITIONS.values(), ids=POSITIONS.keys())
@pytest.mark.parametrize("credential", ["nobody", "ana", "acme"])
def test_every_position_gives_the_same_facts(
    hub: HubSimulator, make_client: MakeClient, unknowns: Unknowns, credential: str
) -> None:
    hub.unknowns = unknowns
    people = {"ana": make_client("ana", seed.ANA_PAT), "acme": make_client(acme=seed.ACME_OAT), "nobody": make_client()}
    client = people[credential]

    assert [tag.name for tag in client.tags.newest(NGINX, 3)] == ["latest", "1", "1.29"]
    assert [tag.name for tag in client.tags.newest(GATEWAY, 1)] == ["latest"]
    assert list(client.tags.newest(EMPTY, 25)) == []
    assert len(list(client.repositories.list("acme"))) == (13 if credential == "nobody" else 41)
    assert client.repositories.get(ODD).repository_name == ODD
    assert client.find(ImageReference.parse("nginx"), "acme") == NGINX
    assert client.find(ImageReference.parse("gateway"), "acme") == GATEWAY
    assert next(client.search.list("nginx", 1)).repository_name == NGINX
    with pytest.raises(NotFoundError):
        client.tags.get(NGINX, "no-such-tag")
    client.rate_limits.get("acme")
    assert client.registry.pull_limit().limit
    assert client.credential_status("acme").refusal == ""


@pytest.mark.parametrize("unknowns", POSITIONS.values(), ids=POSITIONS.keys())
def test_every_position_reads_all_tags_of_a_large_repository(
    hub: HubSimulator, make_client: MakeClient, unknowns: Unknowns
) -> None:
    hub.unknowns = unknowns
    client = make_client("ana", seed.ANA_PAT)

    tags = list(client.tags.list(API))
    newest = list(client.tags.newest(API, 25))

    assert len({tag.name for tag in tags}) == len(tags) == 409
    assert len(newest) == 25
    assert all(tag.pushed_at is not None for tag in newest)
    assert {tag.name for tag in newest[:2]} <= {tag.name for tag in tags}


@pytest.mark.parametrize("unknowns", POSITIONS.values(), ids=POSITIONS.keys())
def test_every_position_keeps_strangers_out_and_their_credential_in(
    hub: HubSimulator, make_client: MakeClient, unknowns: Unknowns
) -> None:
    hub.unknowns = unknowns
    zoe = make_client("zoe", seed.ZOE_PAT)

    with pytest.raises(HubError) as raised:
        zoe.repositories.get(API)

    assert raised.value.reason in {"not_found", "forbidden", "unauthorized"}
    assert zoe.repositories.get(NGINX).name == "nginx"
    assert zoe.credential_status("acme").refusal == ""


@pytest.mark.parametrize("form", ["x_retry_after_unix", "retry_after_seconds", "both", "neither"])
def test_limit_is_waited_out_in_whatever_form_it_is_told(hub: HubSimulator, make_client: MakeClient, form: Any) -> None:
    hub.faults.add(Fault(kind="rate_limited", times=1, retry_after=form, retry_after_seconds=4))

    assert make_client().repositories.get(NGINX).name == "nginx"
    first, second = hub.requests
    assert 4 <= (second.when - first.when).total_seconds() < 6


PASSING = {
    "429": Fault(kind="rate_limited", times=1, retry_after_seconds=3),
    "503": Fault(kind="unavailable", times=3),
    "502": Fault(kind="unavailable", status=502, times=1, shape="detail"),
    "504": Fault(kind="unavailable", status=504, times=1),
    "empty 502": Fault(kind="empty", times=1),
    "html 503": Fault(kind="html", times=1),
    "html 200": Fault(kind="html", status=200, times=2),
    "not json": Fault(kind="not_json", times=1),
    "reset": Fault(kind="reset", times=1),
    "reset late": Fault(kind="reset", after="after_accepting", times=2),
    "truncated": Fault(kind="truncated", times=1),
    "slow": Fault(kind="slow", seconds=0.05, times=1),
    "redirect to the slash": Fault(kind="redirect", status=301, times=1, path="/v2/namespaces"),
    "short page": Fault(kind="short_page"),
}
READS: dict[str, Callable[[HubClient], Any]] = {
    "repository": lambda client: client.repositories.get(API),
    "repositories": lambda client: list(client.repositories.list("acme")),
    "tag": lambda client: client.tags.get(API, "latest"),
    "tags": lambda client: list(client.tags.newest(API, 25)),
    "search": lambda client: list(client.search.list("acme")),
    "pull limit": lambda client: client.registry.pull_limit(),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_passing_fault_is_not_noticed(
    hub: HubSimulator, make_client: MakeClient, fault: Fault, read: Callable[[HubClient], Any]
) -> None:
    expected = read(make_client("ana", seed.ANA_PAT))
    hub.faults.add(fault)

    assert read(make_client("ana", seed.ANA_PAT)) == expected


LASTING = {
    "429": (Fault(kind="rate_limited", retry_after_seconds=30), RateLimitedError),
    "abuse": (Fault(kind="abuse_limited"), RateLimitedError),
    "500": (Fault(kind="unavailable", status=500), UnavailableError),
    "503": (Fault(kind="unavailable"), UnavailableError),
    "empty": (Fault(kind="empty"), UnavailableError),
    "html 503": (Fault(kind="html"), UnavailableError),
    "html 200": (Fault(kind="html", status=200), UnavailableError),
    "not json": (Fault(kind="not_json"), UnavailableError),
    "reset": (Fault(kind="reset"), UnavailableError),
    "truncated": (Fault(kind="truncated"), UnavailableError),
    "redirect away": (Fault(kind="redirect", location="https://evil.example/"), UnexpectedResponseError),
}


@pytest.mark.parametrize(("fault", "kind"), LASTING.values(), ids=LASTING.keys())
@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_lasting_fault_is_an_error_that_says_with_what_it_was_asked(
    hub: HubSimulator, make_client: MakeClient, *, fault: Fault, kind: type[HubError], read: Callable[[HubClient], Any]
) -> None:
    hub.faults.add(fault)
    people = {"no credential": make_client(), "the PAT of ana": make_client("ana", seed.ANA_PAT)}

    for credential, client in people.items():
        with pytest.raises(kind) as raised:
            read(client)
        assert credential in raised.value.credential
        assert seed.ANA_PAT not in f"{raised.value} {raised.value!r}"

    # Four tries without a credential; with it, four of the login and four without.
    assert len(hub.requests) <= 12


def test_redirected_bearer_stays_at_home(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)
    client.repositories.get(API)
    with HubSimulator(hub.state) as elsewhere:
        hub.faults.add(Fault(kind="redirect", location=f"{elsewhere.url}/v2/"))

        with pytest.raises(UnexpectedResponseError):
            client.repositories.get(API)

        assert elsewhere.requests == []


def test_next_page_elsewhere_is_not_asked_for(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)
    with HubSimulator(hub.state) as elsewhere:
        hub.faults.add(Fault(kind="bad_next", location=elsewhere.url))

        listing = client.tags.list(API)

        assert len(list(listing)) == 100
        assert "only 100: the next page is said to be at" in listing.shortfall
        assert elsewhere.requests == []


def test_list_without_end_ends(hub: HubSimulator, make_client: MakeClient) -> None:
    hub.faults.add(Fault(kind="endless"))
    client = make_client("ana", seed.ANA_PAT)

    tags = client.tags.list(API)
    repositories = client.repositories.list("acme")

    assert len(list(tags)) == 409
    assert len(list(repositories)) == 41
    assert len(hub.requests) < 20
    assert (tags.is_complete, repositories.is_complete) == (True, True)


def test_shifting_list_yields_each_entry_once(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)
    before = {tag.name for tag in client.tags.list(API)}
    hub.faults.add(Fault(kind="shifting"))

    after = [tag.name for tag in client.tags.list(API)]

    assert len(after) == len(set(after))
    assert before <= set(after)


def test_login_that_is_away_leaves_public_data_readable(hub: HubSimulator, make_client: MakeClient) -> None:
    hub.faults.add(Fault(kind="unavailable", path="/v2/auth/token"))
    client = make_client("ana", seed.ANA_PAT)

    assert len(list(client.repositories.list("acme"))) == 13
    assert client.credential_status("acme").refusal == (
        "Docker Hub's login does not answer for the PAT of ana: public data only."
    )
