"""The clock of another process, followed over HTTP: the sandbox's own page server tells it."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import ConfigError
from bot.followed_clock import FollowedClock
from bot.sandbox.clock import MovableClock
from bot.sandbox.httpd import Answer, HttpServer, Request, free_port

PATIENCE_SECONDS = 5.0
A_DAY_SECONDS = 86_400.0


def telling(clock: MovableClock, port: int = 0) -> HttpServer:
    """Return a server that tells a clock's time, as the sandbox does: at once when it was moved since `after`."""

    def answer(request: Request) -> Answer:
        version, offset = clock.wait_for_move(int(request.query["after"]), 0.2)
        return Answer(200, json.dumps({"version": version, "offset_seconds": offset.total_seconds()}).encode())

    return HttpServer(answer, port)


@pytest.fixture
def sandbox() -> MovableClock:
    return MovableClock()


@pytest.fixture
def clock(sandbox: MovableClock) -> Iterator[FollowedClock]:
    server = telling(sandbox)
    server.start()
    clock = FollowedClock(f"http://127.0.0.1:{server.port}/clock")
    clock.start()
    yield clock
    clock.stop()
    server.stop()


def moved(sandbox: MovableClock) -> None:
    """Return when the follower has the time that was just set."""
    assert sandbox.wait_for_followers(1, PATIENCE_SECONDS)


def test_it_begins_with_the_sandbox_time() -> None:
    sandbox = MovableClock()
    sandbox.set_to(datetime(2026, 12, 24, 9, tzinfo=UTC))
    server = telling(sandbox)
    server.start()
    clock = FollowedClock(f"http://127.0.0.1:{server.port}/clock")

    clock.start()

    assert abs(clock.now() - sandbox()) < timedelta(seconds=1)
    clock.stop()
    server.stop()


def test_a_move_forward_moves_both_times(sandbox: MovableClock, clock: FollowedClock) -> None:
    moved(sandbox)
    before = clock.monotonic()

    sandbox.advance(days=1)
    moved(sandbox)

    assert abs(clock.now() - sandbox()) < timedelta(seconds=1)
    assert A_DAY_SECONDS <= clock.monotonic() - before < A_DAY_SECONDS + PATIENCE_SECONDS


def test_a_move_back_leaves_the_monotonic_time_alone(sandbox: MovableClock, clock: FollowedClock) -> None:
    sandbox.advance(hours=2)
    moved(sandbox)
    before = clock.monotonic()

    sandbox.reset()
    moved(sandbox)

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
    assert 0 <= clock.monotonic() - before < PATIENCE_SECONDS


def test_a_move_forward_ends_a_sleep(sandbox: MovableClock, clock: FollowedClock) -> None:
    sleeper = threading.Thread(target=clock.sleep, args=(3_600,))
    sleeper.start()
    moved(sandbox)

    sandbox.advance(hours=1, seconds=1)
    sleeper.join(PATIENCE_SECONDS)

    assert not sleeper.is_alive()


def test_a_short_sleep_takes_its_time(clock: FollowedClock) -> None:
    began_at = time.monotonic()

    clock.sleep(0.05)
    clock.sleep(-1)

    assert 0.05 <= time.monotonic() - began_at < 2


def test_a_sandbox_that_went_away_leaves_its_time_behind_and_is_followed_again(sandbox: MovableClock) -> None:
    server = telling(sandbox)
    server.start()
    clock = FollowedClock(f"http://127.0.0.1:{server.port}/clock", retry_seconds=0.01)
    sandbox.advance(days=3)
    clock.start()
    moved(sandbox)

    server.stop()
    sandbox.advance(days=1)
    time.sleep(0.05)  # Some tries in vain.
    assert abs(clock.now() + timedelta(days=1) - sandbox()) < timedelta(seconds=1)

    again = telling(sandbox, port=server.port)
    again.start()
    moved(sandbox)
    assert abs(clock.now() - sandbox()) < timedelta(seconds=1)
    clock.stop()
    again.stop()


def test_without_a_sandbox_it_does_not_start() -> None:
    with pytest.raises(ConfigError, match="HUB_BOT_CLOCK: no sandbox tells its time"):
        FollowedClock(f"http://127.0.0.1:{free_port()}/clock").start()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"version": 1}', b'{"version": 1, "offset_seconds": NaN}'])
def test_nonsense_is_no_time(body: bytes) -> None:
    server = HttpServer(lambda _: Answer(200, body))
    server.start()

    with pytest.raises(ConfigError, match="no sandbox tells its time"):
        FollowedClock(f"http://127.0.0.1:{server.port}/clock").start()

    server.stop()
