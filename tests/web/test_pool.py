import threading
import time

import pytest

from bot.web.pool import ABANDON_SECONDS, LONGEST_HOLD_SECONDS, Job, WorkerPool
from tests.support.waiting import wait_until


def test_jobs_run_and_exceptions_kill_nobody(caplog: pytest.LogCaptureFixture) -> None:
    pool = WorkerPool("test", threads=1, queue_size=9)
    done: list[int] = []

    def crash() -> None:
        raise RuntimeError("bug")

    assert pool.submit(Job(crash))
    assert pool.submit(Job(lambda: done.append(1)))

    wait_for_idle(pool)
    assert done == [1]
    assert pool.is_alive
    assert [record.message for record in caplog.records] == ["job_crashed"]
    assert pool.stop(1)


def test_what_does_not_fit_is_refused() -> None:
    gate = threading.Event()
    pool = WorkerPool("test", threads=2, queue_size=3)

    taken = [pool.submit(Job(lambda: wait_at(gate))) for _ in range(7)]

    assert taken == [True] * 5 + [False] * 2
    gate.set()
    wait_for_idle(pool)
    assert pool.submit(Job(lambda: None)), "there is room again"
    pool.stop(1)


def test_stopping_finishes_what_runs_and_tells_what_waits() -> None:
    gate, started = threading.Event(), threading.Event()
    pool = WorkerPool("test", threads=1, queue_size=9)
    events: list[str] = []

    def first() -> None:
        started.set()
        gate.wait(2)
        events.append("finished")

    pool.submit(Job(first))
    started.wait(2)
    pool.submit(Job(lambda: events.append("ran"), abandon=lambda: events.append("told")))
    threading.Timer(0.02, gate.set).start()

    assert pool.stop(2)
    assert events == ["finished", "told"]
    assert not pool.is_alive
    assert not pool.submit(Job(lambda: None))


def test_stopping_does_not_wait_for_ever() -> None:
    gate, started = threading.Event(), threading.Event()
    pool = WorkerPool("test", threads=1)

    def hang() -> None:
        started.set()
        gate.wait(2)

    pool.submit(Job(hang))
    started.wait(2)

    assert not pool.stop(0.01)
    gate.set()


def test_who_waits_for_a_job_that_does_not_end_in_time_is_told() -> None:
    gate, started, told = threading.Event(), threading.Event(), threading.Event()
    pool = WorkerPool("test", threads=1, queue_size=1)

    def run() -> None:
        started.set()
        gate.wait(5)

    pool.submit(Job(run, abandon=told.set))
    assert started.wait(2)

    assert not pool.stop(0.01)
    assert told.is_set()
    gate.set()


def test_telling_those_who_wait_is_no_longer_than_a_moment() -> None:
    gate = threading.Event()
    pool = WorkerPool("test", threads=4, queue_size=1)
    started = threading.Barrier(5)

    def run() -> None:
        started.wait(2)
        gate.wait(5)

    for _ in range(4):
        pool.submit(Job(run, abandon=lambda: wait_at(gate)))
    started.wait(2)
    began = time.monotonic()

    assert not pool.stop(0.01)
    assert time.monotonic() - began < ABANDON_SECONDS + 0.5
    gate.set()


def test_a_stream_of_jobs_is_held_back_for_a_moment_only() -> None:
    pool = WorkerPool("test", threads=4, queue_size=1_000)
    done: list[float] = []
    came: list[float] = []
    for _ in range(300):  # One every two milliseconds: never quiet.
        came.append(time.monotonic())
        pool.submit(Job(lambda: done.append(time.monotonic())))
        time.sleep(0.002)

    assert pool.stop(5)
    assert done[0] - came[0] < LONGEST_HOLD_SECONDS + 0.2
    assert len(done) > 100  # Those in the lobby when the pool stopped were abandoned, the others had their turn.


def wait_at(gate: threading.Event) -> None:
    gate.wait(2)


def wait_for_idle(pool: WorkerPool) -> None:
    wait_until(lambda: not pool._unfinished)
