import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

# Docker Hub usage, pulls: the documented look at one's own budget.
PREVIEW = "/v2/ratelimitpreview/test/manifests/latest"
SERVICE = {"service": "registry.docker.io", "scope": "repository:ratelimitpreview/test:pull"}


def bearer(hub: HubSimulator, auth: tuple[str, str] | None = None) -> dict[str, str]:
    response = requests.get(f"{hub.url}/token", params=SERVICE, auth=auth, timeout=5)
    return {"Authorization": f"Bearer {response.json()['token']}"}


def test_head_shows_the_anonymous_budget_and_spends_nothing(hub: HubSimulator) -> None:
    headers = bearer(hub)

    answers = [requests.head(f"{hub.url}{PREVIEW}", headers=headers, timeout=5) for _ in range(3)]

    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["10;w=3600"] * 3
    assert answers[0].headers["ratelimit-limit"] == "10;w=3600"
    assert answers[0].headers["docker-ratelimit-source"] == "127.0.0.1"


def test_get_counts_until_nothing_is_left(hub: HubSimulator, clock: SettableClock) -> None:
    headers = bearer(hub)

    statuses = [requests.get(f"{hub.url}{PREVIEW}", headers=headers, timeout=5).status_code for _ in range(11)]
    refused = requests.get(f"{hub.url}{PREVIEW}", headers=headers, timeout=5)
    looked = requests.head(f"{hub.url}{PREVIEW}", headers=headers, timeout=5)
    clock.advance(hours=1)
    later = requests.head(f"{hub.url}{PREVIEW}", headers=bearer(hub), timeout=5)

    assert statuses == [200] * 10 + [429]
    assert refused.json()["errors"][0]["code"] == "TOOMANYREQUESTS"
    assert "https://www.docker.com/increase-rate-limits" in refused.json()["errors"][0]["message"]
    assert (looked.status_code, looked.headers["ratelimit-remaining"]) == (200, "0;w=3600")
    assert later.headers["ratelimit-remaining"] == "10;w=3600"


@pytest.mark.parametrize("secret", [ANA_PAT, "password-of-ana"])
def test_account_has_more(hub: HubSimulator, state: HubState, secret: str) -> None:
    answer = requests.head(f"{hub.url}{PREVIEW}", headers=bearer(hub, ("ana", secret)), timeout=5)

    assert answer.headers["ratelimit-limit"] == "100;w=3600"
    assert answer.headers["docker-ratelimit-source"] == state.accounts["ana"].uuid


def test_unlimited_accounts_see_no_headers(hub: HubSimulator) -> None:
    hub.unknowns = Unknowns(pull_budget="unlimited")
    headers = bearer(hub)

    answers = [requests.get(f"{hub.url}{PREVIEW}", headers=headers, timeout=5) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in name for name in answers[0].headers)


@pytest.mark.parametrize("auth", [("ana", "wrong"), ("nobody", ANA_PAT)])
def test_token_service_refuses_wrong_credentials(hub: HubSimulator, auth: tuple[str, str]) -> None:
    assert requests.get(f"{hub.url}/token", params=SERVICE, auth=auth, timeout=5).status_code == 401


@pytest.mark.parametrize("authorization", ["Basic !!!", "Bearer YW5hOng=", "Basic /w=="])
def test_token_service_refuses_broken_credentials(hub: HubSimulator, authorization: str) -> None:
    response = requests.get(f"{hub.url}/token", headers={"Authorization": authorization}, timeout=5)

    assert response.status_code == 401


def test_registry_challenges_those_without_a_token(hub: HubSimulator) -> None:
    manifest = requests.head(f"{hub.url}{PREVIEW}", timeout=5)
    base = requests.get(f"{hub.url}/v2/", timeout=5)

    realm = f'Bearer realm="{hub.url}/token",service="registry.docker.io"'
    assert manifest.status_code == base.status_code == 401
    assert manifest.headers["WWW-Authenticate"] == f'{realm},scope="repository:ratelimitpreview/test:pull"'
    assert base.headers["WWW-Authenticate"] == realm
    assert base.json()["errors"][0]["code"] == "UNAUTHORIZED"


def test_bearer_of_the_hub_is_none_for_the_registry_nor_the_other_way(hub: HubSimulator) -> None:
    body = {"identifier": "ana", "secret": ANA_PAT}
    hub_token = requests.post(f"{hub.url}/v2/auth/token", json=body, timeout=5).json()["access_token"]

    at_registry = requests.get(f"{hub.url}/v2/", headers={"Authorization": f"Bearer {hub_token}"}, timeout=5)
    at_hub = requests.get(f"{hub.url}/v2/user/", headers=bearer(hub, ("ana", ANA_PAT)), timeout=5)

    assert (at_registry.status_code, at_hub.status_code) == (401, 401)
    assert requests.get(f"{hub.url}/v2/", headers=bearer(hub), timeout=5).status_code == 200


def test_manifest_tells_the_tags_digest(hub: HubSimulator, state: HubState) -> None:
    headers = bearer(hub, ("ana", ANA_PAT))
    tag = state.repository("acme/api").tags["latest"]

    by_name = requests.get(f"{hub.url}/v2/acme/api/manifests/latest", headers=headers, timeout=5)
    by_digest = requests.head(f"{hub.url}/v2/acme/api/manifests/{tag.digest}", headers=headers, timeout=5)

    assert by_name.headers["Docker-Content-Digest"] == by_digest.headers["Docker-Content-Digest"] == tag.digest
    assert by_name.headers["Content-Type"] == tag.media_type
    assert by_name.json()["manifests"][1] == {
        "digest": tag.images[1].digest,
        "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
    }


@pytest.mark.parametrize("path", ["acme/api/manifests/latest", "acme/site/manifests/none", "acme/no/manifests/latest"])
def test_unknown_and_hidden_manifests_are_404(hub: HubSimulator, path: str) -> None:
    response = requests.get(f"{hub.url}/v2/{path}", headers=bearer(hub), timeout=5)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_writing_to_the_registry_is_not_played(hub: HubSimulator) -> None:
    assert requests.put(f"{hub.url}{PREVIEW}", headers=bearer(hub), timeout=5).status_code == 405


def test_registry_answers_do_not_touch_the_api_budget(hub: HubSimulator) -> None:
    answer = requests.head(f"{hub.url}{PREVIEW}", headers=bearer(hub), timeout=5)

    assert "X-RateLimit-Limit" not in answer.headers
    body = requests.get(f"{hub.url}/v2/namespaces/library/repositories", timeout=5)
    assert body.headers["X-RateLimit-Remaining"] == "179"
