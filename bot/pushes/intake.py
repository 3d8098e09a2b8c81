"""Where pushes come in: each is committed once before anybody is told that it was accepted."""

import secrets
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from bot.pushes.payload import Push
from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import events

HOME = "home"
"""Stands for the workspace that the settings serve, whose id only Slack knows: pushes come in while Slack is away."""

Source = Literal["webhook", "listing", "poll", "test"]
_ID_BYTES = 12


@dataclass(frozen=True)
class Accepted:
    """What became of a push.

    Attributes:
        event_id: Of the event that stands for it.
        is_new: False: the same repository, tag and time had been accepted before.
    """

    event_id: str
    is_new: bool


class Intake:
    """Commits pushes. Safe to use from several threads, and in several processes on one database.

    Args:
        store: Where events are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, push: Push, *, workspace: str = HOME, source: Source = "webhook") -> Accepted:
        """Commit a push as an event, unless it is one already; when this returns, it is kept for good.

        Args:
            push: What the payload says.
            workspace: Whose event it is.
            source: How we heard of it.

        Raises:
            StoreUnavailableError: Nothing was committed, or nobody knows; sending it again does no harm.
        """
        row = {
            "id": f"ev_{secrets.token_hex(_ID_BYTES)}",
            "workspace": workspace,
            "repository": str(push.repository),
            "tag": push.tag,
            "pushed_at": push.pushed_at,
            "pusher": push.pusher,
            "media_type": push.media_type,
            "content_kind": push.content_kind.value,
            "source": source,
            "payload": dict(push.hardened),  # The part of it that has no column of its own.
        }

        def insert(connection: Connection) -> Accepted:
            received = {**row, "received_at": self._store.now(connection)}
            if insert_if_new(connection, events, received, unique=KEY):
                return Accepted(str(row["id"]), is_new=True)
            same = [column == row[column.name] for column in KEY]
            return Accepted(str(connection.execute(select(events.c.id).where(*same)).scalar_one()), is_new=False)

        return self._store.write(insert)


KEY = (events.c.workspace, events.c.repository, events.c.tag, events.c.pushed_at)
"""What makes two webhooks the same push. Docker Hub gives no id of its own."""
