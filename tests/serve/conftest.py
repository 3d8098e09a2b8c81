"""What the bot's process stands between: a simulated workspace and a simulated Docker Hub."""

from collections.abc import Iterator

import pytest

from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.slack import acme


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    with acme() as simulator:
        yield simulator


@pytest.fixture
def hub() -> Iterator[HubSimulator]:
    with HubSimulator() as simulator:
        yield simulator
