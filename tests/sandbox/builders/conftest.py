"""Each simulated build provider with one thing to build, on a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.sandbox.builders.github import GitHubSimulator
from bot.sandbox.builders.gitlab import GitLabSimulator
from bot.sandbox.builders.receiver import WebhookReceiver
from bot.sandbox.clock import SettableClock

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def github(clock: SettableClock) -> Iterator[GitHubSimulator]:
    """`acme/api` is private and has `build.yml` with the input `tag`; the usual token is good for everything."""
    with GitHubSimulator(now=clock) as simulator:
        simulator.add_repository("acme/api", branches=["main", "develop"], tags=["v1.0"])
        simulator.add_workflow("acme/api", "build.yml", inputs=["tag"])
        simulator.add_token()
        yield simulator


@pytest.fixture
def gitlab(clock: SettableClock) -> Iterator[GitLabSimulator]:
    """`acme/backend/api` is private; its usual trigger token and the usual access token are good."""
    with GitLabSimulator(now=clock) as simulator:
        simulator.add_project("acme/backend/api", branches=["main"], tags=["v1.0"])
        simulator.add_trigger("acme/backend/api")
        simulator.add_access_token()
        yield simulator


@pytest.fixture
def receiver(clock: SettableClock) -> Iterator[WebhookReceiver]:
    with WebhookReceiver(now=clock) as simulator:
        yield simulator
