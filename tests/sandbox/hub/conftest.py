"""A small world for the tests of the simulated Docker Hub: an owner, a member, a stranger, and a few repositories."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub import seed
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image, digest_of
from tests.sandbox.hub.receiver import Receiver, running_receiver

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def state() -> HubState:
    """`acme/api` is private, `acme/site` and `library/nginx` are public; only `acme/api` has more than one tag."""
    state = HubState()
    joined_at = NOW - timedelta(days=900)
    for name in ("ana", "bo", "zoe"):
        state.add_user(name, password=f"password-of-{name}", joined_at=joined_at)
    state.add_organization("acme", joined_at=joined_at, members={"ana": "owner", "bo": "member"})
    for name, secret in (("ana", seed.ANA_PAT), ("bo", seed.BO_PAT), ("zoe", seed.ZOE_PAT)):
        state.add_personal_token(name, secret)
    state.add_personal_token("ana", seed.ANA_READ_ONLY_PAT, "repo:read")
    state.add_personal_token("ana", seed.ANA_PUBLIC_ONLY_PAT, "repo:public_read")
    state.add_organization_token("acme", seed.ACME_OAT, seed.ACME_OAT_SCOPES)
    state.add_organization_token("acme", seed.ACME_OAT_WITHOUT_LIST, {"scope-repository-read", "scope-tag-read"})
    _add_repositories(state)
    return state


def _add_repositories(state: HubState) -> None:
    created_at = NOW - timedelta(days=400)
    state.create_repository("acme", "api", at=created_at, is_private=True, description="The API")
    state.create_repository("acme", "site", at=created_at, description="The site")
    state.create_repository("library", "nginx", at=created_at, description="Official build of Nginx.")
    pushed_at = NOW - timedelta(hours=2)
    images = [
        Image("linux", "amd64", digest=digest_of("amd64"), size_bytes=84_211_016, pushed_at=pushed_at),
        Image("linux", "arm64", "v8", digest=digest_of("arm64"), size_bytes=84_517_548, pushed_at=pushed_at),
    ]
    state.push_tag("acme/api", "1.0.0", at=NOW - timedelta(days=90), pusher="bo")
    state.push_tag("acme/api", "1.1.0", at=NOW - timedelta(days=3), pusher="bo")
    state.push_tag("acme/api", "latest", at=pushed_at, images=images, pusher="ana")
    state.push_tag("acme/site", "latest", at=NOW - timedelta(days=40))
    state.push_tag("library/nginx", "latest", at=NOW - timedelta(days=1))


@pytest.fixture
def hub(state: HubState, clock: SettableClock) -> Iterator[HubSimulator]:
    with HubSimulator(state, now=clock) as simulator:
        yield simulator


@pytest.fixture
def acme(state: HubState) -> Organization:
    """The organization with a team `web` in which Bo is, four seats and nobody invited."""
    for name in ("ana", "bo", "zoe"):
        state.accounts[name].email = f"{name}@acme.example"
    state.add_team("acme", "web", description="The site", members=["bo"])
    organization = state.organization("acme")
    organization.seats = 4
    return organization


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def login(hub: HubSimulator) -> Callable[[str, str], dict[str, str]]:
    """Return a function that logs in and gives the headers of the bearer."""

    def log_in(identifier: str, secret: str) -> dict[str, str]:
        answer = requests.post(f"{hub.url}/v2/auth/token", json={"identifier": identifier, "secret": secret}, timeout=5)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return log_in
