"""Two things at the same moment, in the worst order."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clock import FrozenClock
from bot.outbox import lanes
from bot.pushes.card import CONFIRMING
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack.simulator import SlackSimulator
from tests.chaos.inside import InsideBot, started
from tests.store.conftest import OpenStore
from tests.support.slack import acme

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PATIENCE_IS_OVER_SECONDS = 8.5
"""A fold is over after five seconds, and waits three for its reading."""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    with HubSimulator(now=clock.now) as hub:
        yield hub


Start = Callable[[str], InsideBot]


@pytest.fixture
def start(opening: OpenStore, slack: SlackSimulator, hub: HubSimulator, clock: FrozenClock) -> Start:
    """Return what starts a bot on the database of a URL."""
    return lambda url: started(opening(url, now=clock.now), slack, hub, clock)


def test_a_push_that_is_confirmed_while_its_message_is_on_its_way_ends_confirmed(
    start: Start, url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = start(url)
    client = bot.client
    post = client.post_message

    def post_late(*arguments: Any, **options: Any) -> Any:
        bot.read_back()
        return post(*arguments, **options)

    bot.push("acme/new", "n1")
    clock.advance(PATIENCE_IS_OVER_SECONDS)
    monkeypatch.setattr(client, "post_message", post_late)
    bot.serve()
    monkeypatch.undo()
    assert CONFIRMING in bot.seen()[0].text
    bot.run(30)

    (message,) = bot.seen()
    assert CONFIRMING not in message.text


def test_a_push_that_is_confirmed_while_it_is_put_into_a_message_ends_confirmed(
    start: Start, postgresql_url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer, so this cannot be."""
    bot = start(postgresql_url)
    wake, reader = lanes.wake, threading.current_thread()

    def wake_late(*arguments: Any) -> None:
        if threading.current_thread() is reader:
            worker = threading.Thread(target=bot.serve)
            worker.start()
            worker.join(10)
        wake(*arguments)

    bot.push("acme/new", "n1")
    clock.advance(PATIENCE_IS_OVER_SECONDS)
    monkeypatch.setattr(lanes, "wake", wake_late)
    bot.read_back()
    monkeypatch.undo()
    assert CONFIRMING in bot.seen()[0].text
    bot.run(30)

    (message,) = bot.seen()
    assert CONFIRMING not in message.text
