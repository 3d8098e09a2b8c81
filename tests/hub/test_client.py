"""The whole client against the simulated Docker Hub: what it costs, shares and says."""

import threading

import pytest
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.errors import NotFoundError, RateLimitedError, UnavailableError
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import ImageReference, RepositoryName
from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from tests.hub.conftest import MakeClient

API = RepositoryName("acme", "api")
NGINX = RepositoryName("library", "nginx")


def test_public_services_are_the_default() -> None:
    assert HubUrls() == HubUrls("https://hub.docker.com", "https://registry-1.docker.io", "https://auth.docker.io")


def test_tags_of_a_public_repository_cost_one_request_and_no_login(hub: HubSimulator, make_client: MakeClient) -> None:
    tags = list(make_client().tags.newest(NGINX, 25))

    assert [tag.name for tag in tags[:2]] == ["latest", "1"]
    assert [(request.method, request.path) for request in hub.requests] == [
        ("GET", "/v2/namespaces/library/repositories/nginx/tags")
    ]


def test_private_repository_costs_one_login_for_many_requests(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)

    assert client.repositories.get(API).is_private
    assert len(list(client.tags.newest(API, 25))) == 25

    assert [(request.method, request.path) for request in hub.requests] == [
        ("POST", "/v2/auth/token"),
        ("GET", "/v2/namespaces/acme/repositories/api"),
        ("GET", "/v2/namespaces/acme/repositories/api/tags"),
    ]


def test_many_threads_log_in_once(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)
    threads = [threading.Thread(target=client.repositories.get, args=(API,)) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len(hub.requests_to("/v2/auth/token")) == 1
    assert len(hub.requests) == 17


def test_bearer_is_renewed_before_it_ends(hub: HubSimulator, make_client: MakeClient, clock: FrozenClock) -> None:
    client = make_client("ana", seed.ANA_PAT)

    for _ in range(7):
        client.repositories.get(API)
        clock.advance(100)

    assert len(hub.requests_to("/v2/auth/token")) == 2
    assert 401 not in {request.status for request in hub.requests}


def test_short_name_asked_twice_is_looked_up_once(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)
    reference = ImageReference.parse("api:latest")

    assert [client.find(reference, "acme"), client.background().find(reference, "acme")] == [API, API]

    assert len(hub.requests_to("/v2/namespaces/acme/repositories/api")) == 1


def test_organization_token_without_the_list_scope_hides_and_we_say_that_it_may(make_client: MakeClient) -> None:
    whole = make_client(acme=seed.ACME_OAT)
    partial = make_client(acme=seed.ACME_OAT_WITHOUT_LIST)

    assert len(list(whole.repositories.list("acme"))) == 41
    assert len(list(partial.repositories.list("acme"))) == 13
    assert "scope-repository-list" in partial.credential_status("ACME").hidden


def test_wrong_token_reads_public_data_and_says_why_private_ones_are_missing(
    hub: HubSimulator, make_client: MakeClient
) -> None:
    client = make_client("ana", "dckr_pat_revoked_000000000000")

    assert len(list(client.tags.newest(NGINX, 5))) == 5
    assert len(list(client.repositories.list("acme"))) == 13
    with pytest.raises(NotFoundError, match="because Docker Hub refuses the PAT of ana"):
        client.repositories.get(API)
    assert len(hub.requests_to("/v2/auth/token")) == 1
    assert client.credential_status("acme").refusal == "Docker Hub refuses the PAT of ana: public data only."


def test_background_waits_where_a_person_is_told(
    hub: HubSimulator, make_client: MakeClient, clock: FrozenClock
) -> None:
    client = make_client()
    hub.faults.add(Fault(kind="rate_limited", times=1, retry_after_seconds=40))

    with pytest.raises(RateLimitedError, match=r"rate limited until 09:00 UTC"):
        client.repositories.get(NGINX)
    assert clock.monotonic() == 0
    assert client.background().repositories.get(NGINX).name == "nginx"
    assert clock.monotonic() >= 40


def test_work_that_comes_back_by_itself_is_told_when_and_never_waits(
    hub: HubSimulator, make_client: MakeClient, clock: FrozenClock
) -> None:
    client = make_client().once()
    hub.faults.add(Fault(kind="rate_limited", times=1, retry_after_seconds=40))

    for _ in range(3):
        with pytest.raises(RateLimitedError) as raised:
            client.repositories.get(NGINX)
        assert (raised.value.retry_at - clock.now()).total_seconds() == pytest.approx(40, abs=0.1)

    assert clock.monotonic() == 0
    assert len(hub.requests) == 1


def test_work_that_comes_back_by_itself_asks_once(
    hub: HubSimulator, make_client: MakeClient, clock: FrozenClock
) -> None:
    client = make_client()
    hub.faults.add(Fault(kind="unavailable"))

    with pytest.raises(UnavailableError):
        client.once().repositories.get(NGINX)
    assert (len(hub.requests), clock.monotonic()) == (1, 0)

    with pytest.raises(UnavailableError):
        client.repositories.get(NGINX)
    assert len(hub.requests) > 2


def test_work_that_comes_back_by_itself_leaves_some_of_the_budget_to_people(make_client: MakeClient) -> None:
    client = make_client()
    once = client.once()

    for _ in range(180 - 9):
        once.repositories.get(NGINX)
    with pytest.raises(RateLimitedError):
        once.repositories.get(NGINX)

    assert client.rate_limits.list()[0].limit.remaining == 9
    assert client.repositories.get(NGINX).name == "nginx"


def test_background_keeps_to_the_budget_and_leaves_some(make_client: MakeClient, clock: FrozenClock) -> None:
    client = make_client()
    background = client.background()

    for _ in range(400):
        background.repositories.get(NGINX)
        seen = client.rate_limits.list()[0].limit
        assert seen.remaining >= 8  # 9 of 180 are 5 %; the request that finds 9 left was still made.

    assert clock.monotonic() >= 120


def test_next_links_of_the_real_host_are_followed_at_our_own(hub: HubSimulator, clock: FrozenClock) -> None:
    credentials = Credentials.from_values(username="ana", token=SecretStr(seed.ANA_PAT))
    with HubSimulator(hub.state, now=clock.now, public_origin="https://hub.docker.com") as real:
        with HubClient(HubUrls(real.url, real.url, real.url), credentials, clock) as client:
            assert len(list(client.tags.list(API))) == 409
        assert len(real.requests_to("/v2/namespaces/acme/repositories/api/tags")) == 5


def test_client_closes_when_its_block_ends(hub: HubSimulator, make_client: MakeClient) -> None:
    with make_client() as client:
        assert client.repositories.get(NGINX).name == "nginx"


def test_budgets_are_told(make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)

    api, pulls = client.rate_limits.get("acme"), client.registry.pull_limit()

    assert api is not None
    assert (api.credential, api.limit.limit) == ("the PAT of ana", 600)
    assert (pulls.credential, pulls.limit.window_seconds) == ("the PAT of ana", 3600)
