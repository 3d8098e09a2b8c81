"""The simulated Slack with the workspace of Acme, and an app of the tests' own that records what it gets."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.simulator import SlackSimulator
from tests.sandbox.slack.receiver import Receiver, acme_with, receiving


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def slack(receiver: Receiver, clock: SettableClock) -> Iterator[SlackSimulator]:
    with acme_with(receiver, clock) as slack:
        yield slack
