from collections.abc import Iterator

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack.client import SlackClient
from tests.support.slack import acme


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    with acme() as slack:
        yield slack


@pytest.fixture
def client(slack: SlackSimulator) -> SlackClient:
    return SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
