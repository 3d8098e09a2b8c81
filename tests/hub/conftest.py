"""Fixtures for the tests that run the whole client against the simulated Docker Hub."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.hub import seed
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from tests.hub.support import NOW
from tests.support.registry import front, pusher, registry_url

__all__ = ["front", "pusher", "registry_url"]

MakeClient = Callable[..., HubClient]


@pytest.fixture(scope="session")
def acme() -> HubState:
    """What there is in the simulated Docker Hub. Made once: reading changes nothing."""
    state = HubState()
    seed.seed_acme(state, NOW)
    return state


@pytest.fixture
def clock() -> FrozenClock:
    """The time of both the client and the simulator: what one sleeps through has passed for the other."""
    return FrozenClock(NOW)


@pytest.fixture
def hub(acme: HubState, clock: FrozenClock) -> Iterator[HubSimulator]:
    with HubSimulator(acme, now=clock.now) as simulator:
        yield simulator


@pytest.fixture
def make_client(hub: HubSimulator, clock: FrozenClock) -> Iterator[MakeClient]:
    made: list[HubClient] = []

    def make(username: str | None = None, token: str | None = None, **organization_tokens: str) -> HubClient:
        credentials = Credentials.from_values(
            username=username,
            token=SecretStr(token) if token else None,
            organization_tokens={name: SecretStr(secret) for name, secret in organization_tokens.items()},
        )
        made.append(HubClient(HubUrls(hub.url, hub.url, hub.url, scout=hub.url), credentials, clock, draw=lambda: 0.0))
        return made[-1]

    yield make
    for client in made:
        client.close()
