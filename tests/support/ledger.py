"""Rows of the past: pushes, what channels made of them, and the messages that told them, as delivery leaves them."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, Table, func, insert, select, update

from bot.outbox.lanes import Lane, wake
from bot.store.base import Store
from bot.store.tables import events, lanes, members, messages


class Past:
    """Writes rows. Everything not said is as it is most of the time.

    Args:
        store: Where to.
        now: The time from which ages are counted.
        workspace: Whose.
    """

    def __init__(self, store: Store, now: datetime, workspace: str = "home") -> None:
        self.store = store
        self.now = now
        self.workspace = workspace
        self._numbers = itertools.count(1)

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def push(
        self, image: str = "acme/api:1.0", *, at: datetime | None = None, source: str = "webhook", event_id: str = ""
    ) -> str:
        """Add an event; return its id."""
        repository, _, tag = image.partition(":")
        number = next(self._numbers)
        came = at or self.ago(minutes=5)
        row = {
            "id": event_id or f"ev_{number:024x}",
            "workspace": self.workspace,
            "repository": repository,
            "tag": tag,
            "pushed_at": came - timedelta(seconds=number),
            "received_at": came,
            "pusher": "ana",
            "content_kind": "image",
            "source": source,
            "payload": {},
        }
        self._insert(events, row)
        return str(row["id"])

    def message(self, channel: str = "C1", **values: Any) -> str:
        """Add a message and its lane; waiting unless something else is said; return its id."""
        message_id = f"msg_{next(self._numbers):024x}"
        created_at = values.get("created_at", self.ago(minutes=5))
        row = {
            "id": message_id,
            "workspace": self.workspace,
            "channel": channel,
            "kind": "push",
            "stream": "acme/api",
            "created_at": created_at,
            "state": "waiting",
            "due_at": created_at,
            "attempts": 0,
            "is_plain": False,
            "version": 1,
            "shown_version": 0,
        }
        self.lane(channel)
        self._insert(messages, {**row, **values})
        return message_id

    def sent(self, channel: str = "C1", *, at: datetime | None = None, ts: str = "1.000001", **values: Any) -> str:
        """Add a message that is in Slack; return its id."""
        moment = at or self.ago(minutes=5)
        where = {"posted_channel": channel, "ts": ts, "sent_at": moment, "created_at": moment}
        return self.message(channel, **{"state": "sent", "attempts": 1, "shown_version": 1, **where, **values})

    def failing(self, channel: str = "C1", **values: Any) -> str:
        """Add a message that Slack has not taken so far; return its id."""
        failed = {"attempts": 3, "last_error": "internal_error", "failing_since": self.ago(minutes=4)}
        return self.message(channel, **{"due_at": self.now + timedelta(seconds=20), **failed, **values})

    def dead(self, channel: str = "C1", **values: Any) -> str:
        """Add a message that was given up; return its id."""
        failed = {"attempts": 90, "last_error": "internal_error", "failing_since": self.ago(hours=25)}
        return self.message(channel, **{"state": "dead", **failed, **values})

    def tell(
        self, event_id: str, message_id: str | None = None, *, channel: str = "C1", state: str | None = None
    ) -> None:
        """Add what a channel made of an event: in the message, or in none yet, or as said."""
        self.lane(channel)
        with self.store.read() as connection:
            event = connection.execute(select(events).where(events.c.id == event_id)).one()
        row = {
            "workspace": self.workspace,
            "channel": channel,
            "event_id": event_id,
            "repository": event.repository,
            "tag": event.tag,
            "pushed_at": event.pushed_at,
            "received_at": event.received_at,
            "threads": "never",
            "state": state or ("placed" if message_id else "waiting"),
            "message_id": message_id,
        }
        self._insert(members, row)

    def lane(self, channel: str, **values: Any) -> None:
        """Add a lane if it is not there, resting; set what is said."""
        at = Lane(self.workspace, channel)
        mine = (lanes.c.workspace == at.workspace) & (lanes.c.channel == at.channel)
        with self.store.read() as connection:
            is_there = connection.execute(select(lanes.c.channel).where(mine)).first() is not None
        if not is_there:
            self.store.write(lambda connection: wake(connection, [at], self.now))
            values = {"due_at": None, **values}
        if values:
            self.run(update(lanes).where(mine).values(values))

    def add(self, table: Table, **row: Any) -> None:
        """Add any other row."""
        self._insert(table, {"workspace": self.workspace, **row})

    def run(self, statement: Executable) -> None:
        """Write something else."""

        def work(connection: Connection) -> None:
            connection.execute(statement)

        self.store.write(work)

    def count(self, table: Table) -> int:
        with self.store.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return all rows of a table, in the order of their primary key."""
        with self.store.read() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            return [dict(row) for row in found]

    def row(self, table: Table, key: str) -> dict[str, Any]:
        """Return the row whose last primary-key column has that value."""
        (found,) = [row for row in self.rows(table) if row[list(table.primary_key)[-1].name] == key]
        return found

    def _insert(self, table: Table, row: dict[str, Any]) -> None:
        self.run(insert(table).values(row))
