"""Everybody locks the lanes in which they say something in one order, so that PostgreSQL has nobody to sacrifice.

Before they did, a deadlock cost each change a second (PostgreSQL's `deadlock_timeout`) and one of six attempts.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import cycle

from sqlalchemy import Connection, Engine, ExceptionContext, event, select

from bot.document import Document
from bot.errors import AccessDeniedError
from bot.governance import changes
from bot.governance.governance import Governance
from bot.governance.loop import ChangeLoop
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Person, Role
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.slack.render import render
from bot.store.base import Store
from bot.store.migrations import upgrade
from bot.store.tables import messages
from bot.store.workspaces import HOME
from tests.store.conftest import OpenStore
from tests.support.waiting import wait_until

ADMINS = ("U0ANA", "U0BEA", "U0MAX")
EACH = 10
"""So many changes does each admin ask for."""
ALL = EACH * len(ADMINS)
DEADLOCK = "40P01"


class Following:
    """Says in a channel that a change begins and what came of it, as builds do. Implements `Executor`."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def channels(self, change: Change) -> Sequence[str]:
        return (str(change.request["channel"]),)

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        self._say("It begins.", connection, change, now)

    def send(self, change: Change) -> Outcome:
        self.sent[change.id] += 1
        return Outcome(State.DONE, "It is done.")

    def read_back(self, _change: Change) -> None:
        return None

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: datetime) -> None:
        self._say(outcome.sentence, connection, change, now)

    def _say(self, words: str, connection: Connection, change: Change, now: datetime) -> None:
        for channel in self.channels(change):
            add_note(connection, Lane(HOME, channel), render(Document(words)), stream=change.id, now=now)


@contextmanager
def noting_errors() -> Iterator[Counter[str]]:
    """Count what the database refuses while this lasts, by SQLSTATE, also what is tried again unnoticed."""
    found: Counter[str] = Counter()

    def note(context: ExceptionContext) -> None:
        found[getattr(context.original_exception, "sqlstate", None) or "none"] += 1

    event.listen(Engine, "handle_error", note)
    try:
        yield found
    finally:
        event.remove(Engine, "handle_error", note)


class Process:
    """One of several processes of the bot."""

    def __init__(self, store: Store, executor: Following) -> None:
        self.store = store
        self.governance = Governance(
            store,
            {"build": executor},
            ApprovalPolicy(required=("build",)),
            role_of=lambda _: Role.ADMIN,
            admins=lambda: frozenset(ADMINS),
            on_decided=self._wake,
        )
        self.loop = ChangeLoop(self.governance)

    def _wake(self) -> None:
        self.loop.wake()

    def ask(self, who: str, channels: Sequence[str]) -> None:
        """Ask for builds, in one channel after the other."""
        for channel, _ in zip(cycle(channels), range(EACH), strict=False):
            self.governance.submit(proposal(channel), Asker(who, "T0HOME", channel))

    def approve(self, who: str) -> None:
        """Approve whatever others asked for."""
        with self.store.read() as connection:
            waiting = changes.requests(connection, HOME, is_open=True, asker=None, most=1_000)
        for change in waiting:
            if change.asker.user_id == who:
                continue
            try:
                self.governance.decide(change.button, Person(who, "T0HOME"), approve=True)
            except AccessDeniedError:
                continue  # Another admin was faster.


@contextmanager
def at_work(processes: Sequence[Process]) -> Iterator[None]:
    """Let their loops run."""
    for process in processes:
        process.loop.start()
    try:
        yield
    finally:
        assert all(process.loop.stop(5) for process in processes)


def proposal(channel: str) -> Proposal:
    return Proposal(
        kind="build",
        action="build",
        subject="acme/api",
        summary="Build acme/api",
        shown=("POST",),
        request={"channel": channel},
        role=Role.OPERATOR,
    )


def at_the_same_time(works: Sequence[Callable[[], None]]) -> None:
    """Do all of it, each in a thread of its own, and raise what went wrong in any."""
    problems: list[BaseException] = []
    ready = threading.Barrier(len(works))

    def do(work: Callable[[], None]) -> None:
        ready.wait(5)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - It is raised below.
            problems.append(error)

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert problems == []


def states(store: Store) -> Counter[State]:
    with store.read() as connection:
        found = changes.in_states(connection, HOME, tuple(State), most=1_000)
    return Counter(change.state for change in found)


def test_changes_that_cross_lock_nobody_out(opening: OpenStore, postgresql_url: str) -> None:
    stores = [opening(postgresql_url), opening(postgresql_url)]
    upgrade(stores[0])
    executor = Following()
    one, other = processes = [Process(store, executor) for store in stores]
    asking = [
        partial(one.ask, "U0ANA", ("C1", "C2")),
        partial(other.ask, "U0BEA", ("C2", "C1")),
        partial(one.ask, "U0MAX", ("C1", "C2")),
    ]
    approving = [partial(process.approve, who) for process in processes for who in ADMINS]

    with noting_errors() as refused:
        at_the_same_time(asking)
        with at_work(processes):
            at_the_same_time(approving)
            wait_until(lambda: len(executor.sent) == ALL)
            wait_until(lambda: states(stores[0]) == {State.DONE: ALL})

    assert refused[DEADLOCK] == 0
    assert set(executor.sent.values()) == {1}
    with stores[0].read() as connection:
        told = Counter(connection.execute(select(messages.c.channel)).scalars())
    cards = ALL - EACH
    # Two notes of each build in its channel; a card to every other admin, and a note to who asked.
    assert told == {"C1": ALL, "C2": ALL, **dict.fromkeys(ADMINS, cards + EACH)}
