import threading

import pytest

from bot.loops import Loop
from bot.store.errors import StoreUnavailableError
from tests.support.waiting import wait_until


class Counting(Loop):
    """Counts its steps, and fails when told to."""

    def __init__(self, *, threads: int = 1, seconds: float = 60.0) -> None:
        super().__init__("counting", threads=threads)
        self.seconds = seconds
        self.steps = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def step(self) -> float:
        self.steps += 1
        self.gate.wait()
        if self.error:
            raise self.error
        return self.seconds


def test_it_comes_back_when_it_said_and_when_it_is_woken() -> None:
    loop = Counting(seconds=0.01)
    loop.start()
    wait_until(lambda: loop.steps > 3)
    loop.seconds = 60.0
    wait_until(lambda: loop.is_alive)
    loop.wake()
    assert loop.stop(5)
    assert not loop.is_alive


def test_being_woken_during_a_step_is_not_lost() -> None:
    loop = Counting()
    loop.gate.clear()
    loop.start()
    wait_until(lambda: loop.steps == 1)
    loop.wake()
    loop.gate.set()

    wait_until(lambda: loop.steps == 2)
    assert loop.stop(5)


def test_it_outlives_every_error_and_says_each_once(caplog: pytest.LogCaptureFixture) -> None:
    loop = Counting()
    away = StoreUnavailableError("away", cause="away", detail="")
    for error in (away, away, KeyError("bug"), KeyError("bug"), None, away):
        loop.error = error
        loop.guarded_step()

    assert [record.message for record in caplog.records] == [
        "loop_waits_for_database",
        "loop_crashed",
        "loop_waits_for_database",
    ]


def test_a_step_that_does_not_end_is_not_waited_for_longer_than_asked() -> None:
    loop = Counting(threads=2)
    loop.gate.clear()
    loop.start()
    wait_until(lambda: loop.steps == 2)

    assert not loop.stop(0.05)
    assert loop.is_stopping
    loop.gate.set()
    assert loop.stop(5)


def test_a_pause_ends_with_the_loop() -> None:
    loop = Counting()
    assert not loop.pause(0.01)
    loop.stop(0)
    assert loop.pause(60)
