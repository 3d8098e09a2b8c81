"""An outbox between a database of each kind and a simulated Slack, on a clock that stands still."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.clock import FrozenClock
from bot.outbox import lanes
from bot.outbox.lanes import Lane, Lease
from bot.outbox.notes import KIND, NoteWriter, add_note
from bot.outbox.worker import LaneWorker
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack.client import SlackClient
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.tables import messages
from bot.store.workspaces import HOME
from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import clock, store
from tests.support.slack import acme

__all__ = ["clock", "opening", "postgresql_url", "server", "sqlite_url", "store", "url"]


@pytest.fixture
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


class Outbox:
    """What the tests do with it."""

    def __init__(self, store: Store, slack: SlackSimulator, clock: FrozenClock) -> None:
        self.store = store
        self.clock = clock
        self.suspended: list[tuple[str, str]] = []
        client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
        self.worker = LaneWorker(
            store, client, {KIND: NoteWriter()}, clock, on_suspended=self._note_suspension, draw=lambda: 0.0
        )

    def _note_suspension(self, _connection: Connection, lane: Lane, why: str, _now: datetime) -> None:
        self.suspended.append((lane.channel, why))

    def say(
        self, words: str, channel: str = seed.GENERAL, *, stream: str | None = None, message: Message | None = None
    ) -> str:
        """Keep a note."""
        note = message or Message(words)
        lane = Lane(HOME, channel)
        return self.store.write(
            lambda connection: add_note(connection, lane, note, stream=stream or words, now=self.clock.now())
        )

    def claim(self, at_most: int = 10) -> list[Lease]:
        """Take leases on what is due."""
        return self.store.write(
            lambda connection: lanes.claim(connection, self.clock.now(), at_most=at_most, without=())
        )

    def serve_due(self) -> int:
        """Look after every lane that is due, once; return how many there were."""
        leases = self.claim()
        for lease in leases:
            self.worker.serve(lease)
        return len(leases)

    def run(self, seconds: float, *, step: float = 0.25) -> None:
        """Let time go by, and look after what is due meanwhile."""
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() <= ends_at:
            while self.serve_due():
                pass
            self.clock.advance(step)

    def rows(self) -> list[tuple[str, str, int, str | None]]:
        """Return the messages: id, state, attempts, last error."""
        with self.store.read() as connection:
            found = connection.execute(
                select(messages.c.id, messages.c.state, messages.c.attempts, messages.c.last_error).order_by(
                    messages.c.created_at, messages.c.id
                )
            )
            return [(row.id, row.state, row.attempts, row.last_error) for row in found]

    def states(self) -> list[str]:
        """Return the states of the messages, oldest first."""
        return [state for _, state, _, _ in self.rows()]


@pytest.fixture
def outbox(store: Store, slack: SlackSimulator, clock: FrozenClock) -> Outbox:
    return Outbox(store, slack, clock)
