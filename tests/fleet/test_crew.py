"""The same work on many things side by side."""

import threading
import time
from collections.abc import Iterator

import pytest

from bot.fleet.crew import Crew, StoppedError

_TIMEOUT_SECONDS = 10.0


class Breadth:
    """So many at once, whatever happens."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.answers = 0

    def note_answer(self) -> None:
        self.answers += 1


def test_everything_is_done_once() -> None:
    crew = Crew[int, int](lambda number: number * 2, Breadth(5), most=5)

    found = [each for each in crew.results(range(300), count=300) if each is not None]

    assert sorted(found) == [(number, number * 2) for number in range(300)]


def test_no_more_are_at_work_than_are_allowed() -> None:
    breadth, busy, most = Breadth(3), 0, 0
    lock = threading.Lock()

    def work(_number: int) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.001)
        with lock:
            busy -= 1

    for _ in Crew[int, None](work, breadth, most=24).results(range(60), count=60):
        pass

    assert most == 3


def test_they_really_work_side_by_side() -> None:
    meeting = threading.Barrier(4)
    crew = Crew[int, int](lambda _: meeting.wait(_TIMEOUT_SECONDS), Breadth(4), most=4)

    assert len([each for each in crew.results(range(4), count=4) if each is not None]) == 4


def test_what_was_begun_is_finished_and_nothing_more() -> None:
    done: list[int] = []
    crew = Crew[int, None](done.append, Breadth(2), most=2)

    for result in crew.results(range(1_000), count=1_000):
        if result is not None:
            crew.finish()

    assert 1 <= len(done) < 1_000


def test_a_process_that_ends_does_not_wait_for_who_waits() -> None:
    held = threading.Event()
    crew = Crew[int, bool](lambda _: held.wait(_TIMEOUT_SECONDS), Breadth(2), most=2, is_stopping=lambda: True)

    with pytest.raises(StoppedError):
        list(crew.results(range(10), count=10))

    held.set()


def test_an_error_is_raised_where_the_results_are() -> None:
    def work(number: int) -> int:
        return 10 // (number - 7)

    with pytest.raises(ZeroDivisionError):
        list(Crew[int, int](work, Breadth(2), most=2).results(range(10), count=10))


def test_an_error_of_what_gives_the_things_too() -> None:
    def things() -> Iterator[int]:
        yield 1
        raise LookupError

    with pytest.raises(LookupError):
        list(Crew[int, int](lambda number: number, Breadth(2), most=2).results(things(), count=10))
