from collections.abc import Iterator

import pytest

from bot.slack.client import SlackClient
from tests.support.fake_slack import TOKEN, FakeSlack, fake_slack


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as slack:
        yield slack


@pytest.fixture
def client(slack: FakeSlack) -> SlackClient:
    return SlackClient(TOKEN, slack.api_url, timeout_seconds=2)
