"""Jobs: each item is begun before anything is sent for it, sent at most once, and comes to an end whatever dies."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import FrozenClock
from bot.errors import ForbiddenError, RateLimitedError, UnavailableError
from bot.jobs import job_rows
from bot.jobs.loop import JobLoop
from bot.jobs.model import ItemState, JobState, Result
from bot.jobs.runner import CRASHED, CRASHED_SENDING, LEFT, SAME, TRY_AGAIN_SECONDS
from bot.jobs.service import Jobs
from bot.progress import Progress
from bot.store.base import Store
from tests.jobs.orchard import (
    A_LEASE,
    JOB_ID,
    KIND,
    NOT_THERE,
    CountedStore,
    Crash,
    Orchard,
    assert_nothing_twice_and_nothing_lost,
    die_at,
    forget,
    job_of,
    plant,
    points_of,
    run,
    runner_of,
    said,
    states,
)
from tests.store.played import NOON
from tests.support.databases import open_database

APPLES = ("a", "b", "c")


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    """A database in memory; that both kinds do the same is looked at beside this."""
    with closing(open_database(clock.now)) as opened:
        yield opened


def test_each_item_is_done_once_in_its_order_and_then_the_job_has_ended(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    assert orchard.sent == ["a", "b", "c"]
    assert states(store) == {"a": "done", "b": "done", "c": "done"}
    job = job_of(store)
    assert (job.state, job.due_at, job.counts) == (JobState.ENDED, None, {ItemState.DONE: 3})
    assert orchard.ends == [("ended", {"a": "done", "b": "done", "c": "done"})]


def test_it_keeps_to_its_pace(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard([str(number) for number in range(20)], per_second=2.0)
    plant(store, [str(number) for number in range(20)])

    run(runner_of(store, orchard, clock), store, clock, 4)

    assert len(orchard.sent) == 9  # At 0 s, and then two a second.


def test_what_is_not_to_be_done_any_more_is_never_begun(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(["a", "c"])
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    assert orchard.sent == ["a", "c"]
    assert (states(store)["b"], said(store)["b"]) == ("skipped", NOT_THERE)


@settings(max_examples=12, deadline=None)
@given(moments=st.sets(st.integers(1, 45), max_size=4))
def test_whatever_dies_wherever_nothing_is_done_twice_and_nothing_is_lost(moments: set[int]) -> None:
    clock = FrozenClock(NOON)
    with closing(open_database(clock.now)) as store:
        orchard = die_at(store, clock, APPLES, moments)

        assert_nothing_twice_and_nothing_lost(store, orchard, APPLES, len(moments))


def test_at_whichever_point_a_process_dies_nothing_is_done_twice(store: Store, clock: FrozenClock) -> None:
    most = points_of(store, clock, APPLES[:2])
    assert most > 20

    for number in range(1, most + 1):
        orchard = die_at(store, clock, APPLES[:2], {number})

        assert_nothing_twice_and_nothing_lost(store, orchard, APPLES[:2], 1)
        forget(store)


def test_what_was_left_begun_is_read_back_when_the_lease_has_ended_and_not_before(
    store: Store, clock: FrozenClock
) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)

    def die() -> None:
        if orchard.sent:
            raise Crash

    orchard.point = die
    with pytest.raises(Crash):
        runner_of(store, orchard, clock).turn()
    orchard.point = lambda: None

    clock.advance(30)
    assert runner_of(store, orchard, clock).turn() > 0
    assert states(store) == {"a": "started", "b": "waiting", "c": "waiting"}
    clock.advance(A_LEASE)
    run(runner_of(store, orchard, clock), store, clock, 5)

    assert orchard.sent == ["a", "b", "c"]
    assert (states(store)["a"], said(store)["a"]) == ("failed", "Still there.")


def test_a_limit_is_waited_for_and_what_was_refused_is_sent_again(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    until = clock.now() + timedelta(minutes=2)
    orchard.raises = {"send": [RateLimitedError("a", retry_at=until)]}
    plant(store, APPLES)
    runner = runner_of(store, orchard, clock)

    run(runner, store, clock, 60)
    assert (orchard.sent, states(store)["a"], job_of(store).due_at) == ([], "waiting", until)
    assert "rate limited until 12:02 UTC" in job_of(store).problem
    run(runner, store, clock, 70)

    assert orchard.sent == ["a", "b", "c"]
    assert job_of(store).problem == ""


def test_an_outage_is_waited_for_longer_and_longer(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {step: [UnavailableError("a") for _ in range(8)] for step in ("check", "probe")}
    plant(store, APPLES)
    runner = runner_of(store, orchard, clock)
    waits = []
    for _ in range(8):
        runner.turn()
        job = job_of(store)
        assert job.due_at is not None
        waits.append((job.due_at - clock.now()).total_seconds())
        clock.advance(waits[-1])

    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    run(runner, store, clock, 5)
    assert orchard.sent == ["a", "b", "c"]


def test_after_an_unheard_answer_it_is_read_back_and_never_sent_again(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {"send": [UnavailableError("a")], "read_back": [UnavailableError("a")]}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 60)

    assert orchard.sent == ["b", "c"]
    assert (states(store)["a"], said(store)["a"]) == ("failed", "Still there.")


def test_what_cannot_be_read_back_for_an_hour_is_unknown(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {"send": [UnavailableError("a")], "read_back": [UnavailableError("a") for _ in range(1_000)]}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 3_600 + TRY_AGAIN_SECONDS[-1])

    assert states(store) == {"a": "unknown", "b": "done", "c": "done"}


def test_what_cannot_be_read_is_put_behind_the_others_and_has_failed_after_some_tries(
    store: Store, clock: FrozenClock
) -> None:
    orchard = Orchard(APPLES)
    orchard.unreadable = {"a"}
    plant(store, APPLES)
    runner = runner_of(store, orchard, clock)

    run(runner, store, clock, 5)
    assert (orchard.sent, states(store)["a"]) == (["b", "c"], "waiting")
    assert job_of(store).problem == said(store)["a"] == str(UnavailableError("a"))
    run(runner, store, clock, sum(TRY_AGAIN_SECONDS) + 10)

    assert states(store) == {"a": "failed", "b": "done", "c": "done"}
    assert said(store)["a"].startswith("It could not be read in 6 tries, so nothing was done. ")
    assert job_of(store).state is JobState.ENDED


def test_what_can_be_read_again_is_done_after_the_others(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.unreadable = {"a"}
    plant(store, APPLES)
    runner = runner_of(store, orchard, clock)

    run(runner, store, clock, 2)
    orchard.unreadable.clear()
    run(runner, store, clock, 10)

    assert orchard.sent == ["b", "c", "a"]
    assert (job_of(store).state, job_of(store).problem, said(store)["a"]) == (JobState.ENDED, "", "")


def test_what_is_left_begun_and_cannot_be_read_keeps_nobody_waiting(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {"send": [UnavailableError("a")], "read_back": [UnavailableError("a") for _ in range(9)]}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 2)

    assert states(store) == {"a": "started", "b": "done", "c": "done"}


def test_a_job_is_stopped_while_it_waits_for_what_was_set_aside(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.unreadable = {"a", "b", "c"}
    plant(store, APPLES)
    runner = runner_of(store, orchard, clock)
    run(runner, store, clock, 3)

    Jobs(store, {KIND: orchard}, clock).stop(JOB_ID, by="U0BEA")
    run(runner, store, clock, 1)

    assert (job_of(store).state, set(said(store).values())) == (JobState.STOPPED, {LEFT})


def test_a_clock_set_back_does_not_keep_what_was_set_aside(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(["a"])
    orchard.unreadable = {"a"}
    plant(store, ["a"])
    runner = runner_of(store, orchard, clock)
    run(runner, store, clock, 1)
    orchard.unreadable.clear()

    clock.step(-86_400)
    run(runner, store, clock, 5)

    assert orchard.sent == ["a"]


def test_what_is_wrong_for_all_is_not_tried_again(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.results = {"a": Result(ItemState.FAILED, "No right.", ends_job=True)}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    assert orchard.sent == ["a"]
    assert said(store) == {"a": "No right.", "b": SAME, "c": SAME}
    assert job_of(store).state is JobState.ENDED


def test_a_refusal_is_a_failure_of_that_item_alone(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {"check": [ForbiddenError("a")], "send": [ForbiddenError("b")]}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    assert states(store) == {"a": "failed", "b": "failed", "c": "done"}


def test_a_bug_is_no_end_of_the_job(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.raises = {"check": [ValueError("a")], "send": [ValueError("b")]}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 5)

    assert states(store) == {"a": "failed", "b": "unknown", "c": "done"}
    assert (said(store)["a"], said(store)["b"]) == (CRASHED, CRASHED_SENDING)


def test_it_stops_after_what_it_does_just_now(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)
    jobs = Jobs(store, {KIND: orchard}, clock)
    runner = runner_of(store, orchard, clock)
    runner.turn()

    stopped = jobs.stop(JOB_ID, by="U0BEA")
    run(runner, store, clock, 2)

    assert stopped is not None
    assert (stopped.state, stopped.stopped_by) == (JobState.STOPPING, "U0BEA")
    assert states(store) == {"a": "done", "b": "skipped", "c": "skipped"}
    assert said(store)["c"] == LEFT
    assert job_of(store).state is JobState.STOPPED
    assert jobs.stop(JOB_ID, by="U0BEA") is None
    assert jobs.stop("job_2", by="U0BEA") is None


def test_what_is_stopped_while_it_is_looked_at_is_not_sent(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)
    orchard.during_check = lambda: void(Jobs(store, {KIND: orchard}, clock).stop(JOB_ID, by="U0ANA"))

    run(runner_of(store, orchard, clock), store, clock, 2)

    assert orchard.sent == []
    assert set(states(store).values()) == {"skipped"}


def void(_: object) -> None:
    """Make nothing of something."""


def test_what_was_decided_too_long_ago_is_decided_anew(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(["a"])
    plant(store, ["a"])
    slow = [20.0]

    def point() -> None:
        if slow and states(store)["a"] == "started":
            clock.advance(slow.pop())

    runner_of(CountedStore(store, point), orchard, clock).turn()

    assert (orchard.sent, states(store)["a"]) == ([], "waiting")
    run(runner_of(store, orchard, clock), store, clock, 2)
    assert orchard.sent == ["a"]


def test_whose_lease_ended_while_they_looked_begins_nothing(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)

    def another() -> None:
        clock.advance(A_LEASE)
        assert store.write(lambda connection: job_rows.claim(connection, clock.now(), [KIND])) is not None

    orchard.during_check = another
    runner_of(store, orchard, clock).turn()

    assert (orchard.sent, set(states(store).values())) == ([], {"waiting"})


def test_an_answer_that_comes_late_counts_unless_it_was_found_out(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)

    def another() -> None:
        """Let the lease end while the first is on its way, and somebody else take the job."""
        if orchard.sent == ["a"] and "a" not in orchard.tree:
            orchard.point = lambda: None
            clock.advance(A_LEASE)
            with store.read() as connection:
                assert job_rows.find(connection, JOB_ID) is not None
            runner_of(store, orchard, clock).turn()

    orchard.point = another
    runner_of(store, orchard, clock).turn()

    assert (states(store)["a"], said(store)["a"]) == ("done", "Gone.")
    run(runner_of(store, orchard, clock), store, clock, 5)
    assert orchard.sent == ["a", "b", "c"]


def test_a_job_that_gets_nowhere_is_given_up(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    orchard.longest = timedelta(minutes=10)
    orchard.raises = {step: [UnavailableError("a") for _ in range(100)] for step in ("check", "probe")}
    plant(store, APPLES)

    run(runner_of(store, orchard, clock), store, clock, 700)

    assert orchard.sent == []
    assert said(store)["a"] == "Not done within 10 min."


def test_a_clock_set_back_does_not_stop_it(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)
    runner_of(store, orchard, clock).turn()

    clock.step(-86_400)
    run(runner_of(store, orchard, clock), store, clock, 5)

    assert orchard.sent == ["a", "b", "c"]


def test_a_job_of_a_kind_that_this_version_does_not_know_is_left_alone(store: Store, clock: FrozenClock) -> None:
    plant(store, APPLES)

    assert JobLoop(store, {}, clock).step() > 0
    assert set(states(store).values()) == {"waiting"}


def test_it_is_done_right_here_and_progress_is_told(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES, begins_in=timedelta(seconds=20))
    jobs = Jobs(store, {KIND: orchard}, clock)
    told: list[Progress | str] = []
    assert runner_of(store, orchard, clock).turn() > 0  # Whoever serves leaves it for a while.

    ended = jobs.finish(job_of(store), tell=told.append)

    assert (ended.state, orchard.sent) == (JobState.ENDED, ["a", "b", "c"])
    assert "1 of 3 apples looked after" in list(map(str, told))
    assert clock.monotonic() < 5
    assert jobs.finish(ended) == ended


def test_who_does_it_right_here_and_who_serves_are_of_help_to_each_other(store: Store, clock: FrozenClock) -> None:
    orchard = Orchard(APPLES)
    plant(store, APPLES)
    jobs, served = Jobs(store, {KIND: orchard}, clock), runner_of(store, orchard, clock)

    jobs.finish(job_of(store), tell=lambda _: void(served.turn()))

    assert orchard.sent == ["a", "b", "c"]
    assert len(orchard.ends) == 1
