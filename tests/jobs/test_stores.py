"""Jobs on both stores: the same steps, and several processes at once."""

import threading

from bot.clock import FrozenClock
from bot.jobs.model import ItemState, JobState
from bot.store.base import Store
from tests.jobs.orchard import (
    Orchard,
    assert_nothing_twice_and_nothing_lost,
    die_at,
    forget,
    job_of,
    plant,
    run,
    runner_of,
    states,
)

APPLES = ("a", "b", "c")


def test_a_job_is_done_on_either_store(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    job = job_of(store)
    assert orchard.sent == ["a", "b", "c"]
    assert (job.state, job.due_at, job.counts) == (JobState.ENDED, None, {ItemState.DONE: 3})


def test_processes_that_die_leave_nothing_twice_nor_lost(store: Store, clock: FrozenClock) -> None:
    for moment in (2, 6, 7, 8, 9, 10):
        orchard = die_at(store, clock, APPLES, {moment, moment + 9})

        assert_nothing_twice_and_nothing_lost(store, orchard, APPLES, 2)
        forget(store)


def test_several_processes_share_the_work_and_do_nothing_twice(store: Store, clock: FrozenClock) -> None:
    labels = [f"{number:02}" for number in range(12)]
    orchard = Orchard(labels, per_second=1_000)
    plant(store, labels)
    failures: list[Exception] = []

    def work() -> None:
        runner = runner_of(store, orchard, clock)
        try:
            while job_of(store).state is JobState.RUNNING:
                runner.turn()
                clock.advance(0.01)
        except Exception as error:  # noqa: BLE001 - It is looked at below.
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert failures == []
    assert sorted(orchard.sent) == labels
    assert set(states(store).values()) == {"done"}
    assert len(orchard.ends) == 1
