"""The simulated Web API before a small workspace; `workspace.py` says who and what is in it."""

from collections.abc import Iterator

import pytest

from bot.sandbox.clock import SettableClock
from tests.sandbox.slack.api.workspace import NOW, Slack


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def slack(clock: SettableClock) -> Iterator[Slack]:
    slack = Slack(clock)
    slack.server.start()
    yield slack
    slack.server.stop()
