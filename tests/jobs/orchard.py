"""A kind of job whose outcome can be counted: apples are picked off a tree, each at most once."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, delete

from bot.clock import FrozenClock
from bot.errors import HubBotError, UnavailableError
from bot.jobs import job_rows
from bot.jobs.model import Item, ItemState, Job, JobState, NewItem, NewJob, Result
from bot.jobs.runner import Runner
from bot.store.base import Store
from bot.store.tables import job_items, jobs
from bot.store.workspaces import HOME

KIND, JOB_ID = "orchard", "job_1"
NOT_THERE = "It was not there."
A_LEASE = job_rows.LEASE.total_seconds() + 1

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here."""


class Orchard:
    """Picks apples. Implements `bot.jobs.model.JobKind`.

    Attributes:
        tree: What hangs there.
        sent: What was reached for, in order.
        raises: By step (`check`, `send`, `read_back`, `probe`), what is raised instead, once each, in order.
        unreadable: Labels of what cannot be looked at.
        results: By label, what `send` says instead.
        point: Called between any two things that are done.
        ends: The jobs that ended, with what came of each item.
        during_check: Called while somebody looks.
    """

    def __init__(self, labels: Sequence[str], *, per_second: float = 2.0) -> None:
        self.per_second = per_second
        self.longest = timedelta(hours=24)
        self.tree = set(labels)
        self.sent: list[str] = []
        self.raises: dict[str, list[HubBotError | Exception]] = {}
        self.unreadable: set[str] = set()
        self.results: dict[str, Result] = {}
        self.point: Callable[[], None] = lambda: None
        self.during_check: Callable[[], None] = lambda: None
        self.ends: list[tuple[str, dict[str, str]]] = []
        self._lock = threading.Lock()

    def check(self, _job: Job, item: Item) -> Result | None:
        """Look whether it hangs there."""
        self.point()
        self._raise("check")
        if item.label in self.unreadable:
            raise UnavailableError(item.label)
        self.during_check()
        return None if item.label in self.tree else Result(ItemState.SKIPPED, NOT_THERE)

    def probe(self, _job: Job) -> None:
        """Look whether the gate is open."""
        self._raise("probe")

    def send(self, _job: Job, item: Item) -> Result:
        """Pick it."""
        self.point()
        self._raise("send")
        with self._lock:
            self.sent.append(item.label)
        self.point()
        if item.label in self.results:
            return self.results[item.label]
        self.tree.discard(item.label)
        self.point()
        return Result(ItemState.DONE)

    def read_back(self, _job: Job, item: Item) -> Result:
        """Look whether it is gone."""
        self.point()
        self._raise("read_back")
        return Result(ItemState.FAILED, "Still there.") if item.label in self.tree else Result(ItemState.DONE, "Gone.")

    def ended(self, _connection: Connection, job: Job, items: Sequence[Item], _now: datetime) -> None:
        """Count it."""
        self.ends.append((job.state, {item.label: item.state.value for item in items}))

    def _raise(self, step: str) -> None:
        if self.raises.get(step):
            raise self.raises[step].pop(0)


class CountedStore(Store):
    """A store whose user may die just before and just after each of its writes."""

    def __init__(self, store: Store, point: Callable[[], None]) -> None:
        super().__init__("counted", None)
        self._store = store
        self._point = point

    def read(self) -> AbstractContextManager[Connection]:
        """Pass on."""
        return self._store.read()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        """Pass on."""
        self._point()
        result = self._store.write(work, is_urgent=is_urgent)
        self._point()
        return result

    def now(self, connection: Connection) -> datetime:
        """Pass on."""
        return self._store.now(connection)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        """Nobody does."""
        raise AssertionError

    def check(self) -> None:
        """Nobody does."""

    def close(self) -> None:
        """Whoever opened the other closes it."""

    def _database_time(self, connection: Connection) -> datetime:
        return self._store.now(connection)


def plant(
    store: Store, labels: Sequence[str], *, channel: str | None = None, begins_in: timedelta = timedelta(0)
) -> None:
    """Keep a job that picks these."""
    new = NewJob(
        id=JOB_ID,
        workspace=HOME,
        kind=KIND,
        change_id="chg_1",
        subject="the tree",
        title=f"Pick {len(labels)} apples",
        unit="apples",
        done_word="picked",
        order={},
        items=tuple(map(NewItem, labels)),
        asked_by="U0ANA",
        channel=channel,
        begins_in=begins_in,
    )
    store.write(lambda connection: job_rows.add(connection, new, store.now(connection)))


def job_of(store: Store) -> Job:
    """Return the job as it is."""
    with store.read() as connection:
        found = job_rows.find(connection, JOB_ID)
    assert found is not None
    return found


def states(store: Store) -> dict[str, str]:
    """Return how far each item is."""
    with store.read() as connection:
        return {item.label: item.state.value for item in job_rows.items(connection, JOB_ID)}


def said(store: Store) -> dict[str, str]:
    """Return what came of each item, in words."""
    with store.read() as connection:
        return {item.label: item.sentence for item in job_rows.items(connection, JOB_ID)}


def run(runner: Runner, store: Store, clock: FrozenClock, seconds: float) -> None:
    """Let time go by, and do what is due meanwhile."""
    ends_at = clock.now() + timedelta(seconds=seconds)
    while clock.now() <= ends_at:
        if runner.turn():
            due_at = job_of(store).due_at or ends_at
            left = (min(due_at, ends_at + timedelta(seconds=0.1)) - clock.now()).total_seconds()
            clock.advance(max(left, 0.01))


def forget(store: Store) -> None:
    """Take the job away."""
    for table in (job_items, jobs):
        store.write(lambda connection, table=table: connection.execute(delete(table)))  # type: ignore[misc]


def points_of(store: Store, clock: FrozenClock, labels: Sequence[str]) -> int:
    """Return at how many points a process can die while the job is done."""
    count = 0

    def point() -> None:
        nonlocal count
        count += 1

    plant(store, labels)
    orchard = Orchard(labels)
    orchard.point = point
    run(runner_of(CountedStore(store, point), orchard, clock), store, clock, 5)
    forget(store)
    return count


def die_at(store: Store, clock: FrozenClock, labels: Sequence[str], moments: set[int]) -> Orchard:
    """Have the job done by processes that die at these points; each next one comes when the lease has ended."""
    plant(store, labels)
    orchard = Orchard(labels)
    passed = 0

    def point() -> None:
        nonlocal passed
        passed += 1
        if passed in moments:
            raise Crash

    orchard.point = point
    for _ in range(len(moments) + 1):
        try:
            run(runner_of(CountedStore(store, point), orchard, clock), store, clock, 5)
        except Crash:
            clock.advance(A_LEASE)
    return orchard


def assert_nothing_twice_and_nothing_lost(store: Store, orchard: Orchard, labels: Sequence[str], deaths: int) -> None:
    """Compare what happened with what is said of it."""
    found = states(store)
    assert len(orchard.sent) == len(set(orchard.sent))
    assert {label for label, state in found.items() if state == "done"} == set(labels) - orchard.tree
    assert set(found.values()) <= {"done", "failed"}
    assert list(found.values()).count("failed") <= deaths
    assert job_of(store).state is JobState.ENDED
    assert orchard.ends[-1][1] == found


def runner_of(store: Store, orchard: Orchard, clock: FrozenClock) -> Runner:
    """Return what does the job."""
    return Runner(store, {KIND: orchard}, clock, draw=lambda: 0.0)
