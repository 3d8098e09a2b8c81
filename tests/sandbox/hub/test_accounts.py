import base64
import json
from collections.abc import Callable

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

Login = Callable[[str, str], dict[str, str]]
PUBLIC = "/v2/namespaces/library/repositories/nginx"


def claims(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("identifier", "secret"), [("ana", "password-of-ana"), ("ana", ANA_PAT), ("acme", ACME_OAT)])
def test_password_pat_and_oat_are_exchanged_for_a_bearer(
    hub: HubSimulator, clock: SettableClock, identifier: str, secret: str, slash: str
) -> None:
    response = requests.post(
        f"{hub.url}/v2/auth/token{slash}", json={"identifier": identifier, "secret": secret}, timeout=5
    )

    # Docker Hub API, create access token: only `access_token`, good for 10 minutes.
    assert response.status_code == 200
    assert list(response.json()) == ["access_token"]
    decoded = claims(response.json()["access_token"])
    assert decoded["iat"] == int(clock.now.timestamp())
    assert decoded["exp"] == int(clock.now.timestamp()) + 600
    assert decoded["https://hub.docker.com"]["username"] == identifier  # type: ignore[index]


@pytest.mark.parametrize(
    "login",
    [
        {"identifier": "ana", "secret": "wrong"},
        {"identifier": "nobody", "secret": ANA_PAT},
        {"identifier": "ana", "secret": ACME_OAT},  # An organization token goes with the organization's name.
        {"identifier": "acme", "secret": ANA_PAT},
        {"identifier": "acme", "secret": ""},
        {},
        ["no", "object"],
    ],
)
def test_wrong_credentials_get_the_documented_401(hub: HubSimulator, login: object) -> None:
    response = requests.post(f"{hub.url}/v2/auth/token", json=login, timeout=5)

    assert response.status_code == 401
    assert response.json() == {"detail": "Incorrect authentication credentials"}


def test_revoked_token_no_longer_logs_in(hub: HubSimulator, state: HubState) -> None:
    state.personal_tokens[ANA_PAT].is_active = False

    response = requests.post(f"{hub.url}/v2/auth/token", json={"identifier": "ana", "secret": ANA_PAT}, timeout=5)

    assert response.status_code == 401


def test_bearer_expires_by_the_simulators_clock(hub: HubSimulator, login: Login, clock: SettableClock) -> None:
    headers = login("ana", ANA_PAT)
    clock.advance(seconds=599)
    before = requests.get(f"{hub.url}/v2/user/", headers=headers, timeout=5)
    clock.advance(seconds=1)

    after = requests.get(f"{hub.url}/v2/user/", headers=headers, timeout=5)

    assert (before.status_code, after.status_code) == (200, 401)


def test_token_lifetime_is_a_setting(state: HubState, clock: SettableClock) -> None:
    with HubSimulator(state, now=clock, token_lifetime_seconds=5) as hub:
        body = {"identifier": "ana", "secret": ANA_PAT}
        token = requests.post(f"{hub.url}/v2/auth/token", json=body, timeout=5).json()["access_token"]

    assert claims(token)["exp"] == int(clock.now.timestamp()) + 5


@pytest.mark.parametrize("authorization", [f"Bearer {ANA_PAT}", "Bearer eyJ.nonsense", "Basic YW5hOnB3", "Bearer"])
def test_bad_bearer_turns_even_public_data_into_401(hub: HubSimulator, authorization: str) -> None:
    # Observed: a bad bearer turns the 200 of a public repository into 401; a PAT is no bearer.
    response = requests.get(f"{hub.url}{PUBLIC}", headers={"Authorization": authorization}, timeout=5)

    assert response.status_code == 401
    assert hub.requests[-1].credential == "invalid"


def test_bad_bearer_does_not_stand_in_the_way_of_a_login(hub: HubSimulator) -> None:
    response = requests.post(
        f"{hub.url}/v2/auth/token",
        json={"identifier": "ana", "secret": ANA_PAT},
        headers={"Authorization": "Bearer expired"},
        timeout=5,
    )

    assert response.status_code == 200


def test_legacy_spelling_of_the_header_still_works(hub: HubSimulator, login: Login) -> None:
    token = login("ana", ANA_PAT)["Authorization"].removeprefix("Bearer ")

    response = requests.get(f"{hub.url}/v2/user/", headers={"Authorization": f"JWT {token}"}, timeout=5)

    assert response.json()["username"] == "ana"


def test_legacy_login_gives_a_long_lived_token(hub: HubSimulator, clock: SettableClock) -> None:
    body = {"username": "ana", "password": ANA_PAT}
    response = requests.post(f"{hub.url}/v2/users/login?refresh_token=true", json=body, timeout=5)

    assert sorted(response.json()) == ["refresh_token", "token"]
    assert claims(response.json()["token"])["exp"] == int(clock.now.timestamp()) + 30 * 24 * 3600


def test_legacy_login_refuses_a_wrong_password(hub: HubSimulator) -> None:
    response = requests.post(f"{hub.url}/v2/users/login", json={"username": "ana", "password": "x"}, timeout=5)

    assert (response.status_code, response.json()) == (401, {"detail": "Incorrect authentication credentials"})


def test_legacy_login_with_an_organization_token_is_an_open_question(hub: HubSimulator) -> None:
    body = {"username": "acme", "password": ACME_OAT}
    refused = requests.post(f"{hub.url}/v2/users/login", json=body, timeout=5)
    hub.unknowns = Unknowns(oat_legacy_login="accepted")
    accepted = requests.post(f"{hub.url}/v2/users/login", json=body, timeout=5)

    # Reported: refused with this text in February 2025, accepted in May 2026.
    assert (refused.status_code, refused.json()) == (401, {"detail": "Cannot log into an organization account"})
    assert list(accepted.json()) == ["token"]


def test_own_profile_needs_a_user(hub: HubSimulator, login: Login) -> None:
    own = requests.get(f"{hub.url}/v2/user/", headers=login("ana", ANA_PAT), timeout=5)
    anonymous = requests.get(f"{hub.url}/v2/user/", timeout=5)
    organization = requests.get(f"{hub.url}/v2/user/", headers=login("acme", ACME_OAT), timeout=5)

    assert own.json()["username"] == "ana"
    assert (anonymous.status_code, organization.status_code) == (401, 403)


def test_profiles_are_public(hub: HubSimulator) -> None:
    user = requests.get(f"{hub.url}/v2/users/ana/", timeout=5).json()
    organization = requests.get(f"{hub.url}/v2/orgs/acme/", timeout=5).json()

    assert (user["username"], user["type"]) == ("ana", "User")
    assert (organization["orgname"], organization["type"]) == ("acme", "Org")


@pytest.mark.parametrize("path", ["/v2/users/nobody/", "/v2/orgs/nobody/", "/v2/orgs/ana/"])
def test_unknown_account_is_404_in_the_words_of_the_django_services(hub: HubSimulator, path: str) -> None:
    response = requests.get(f"{hub.url}{path}", timeout=5)

    assert (response.status_code, response.json()) == (404, {"detail": "Object not found"})
