"""Where pushes come in: each is committed once, with who is to hear of it, before its sender is told so."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from bot.outbox import lanes
from bot.outbox.lanes import Lane
from bot.pushes.folding import QUIET, WAITING
from bot.pushes.model import ReadingState, Threads
from bot.pushes.payload import Push
from bot.pushes.subscriptions import Match, matching
from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import events, members
from bot.store.workspaces import HOME

Source = Literal["webhook", "listing", "poll", "test"]
_ID_BYTES = 6


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
        row = _row_of(push, workspace, source)

        def commit(connection: Connection) -> Accepted:
            now = self._store.now(connection)
            matches = matching(connection, workspace, repository=push.repository, tag=push.tag, pusher=push.pusher)
            return _commit(connection, row, matches, now)

        return self._store.write(commit, is_urgent=True)

    def take_test(self, push: Push, *, channel: str, workspace: str = HOME) -> Accepted:
        """Commit a push that did not happen, for one channel to see what its messages look like.

        Args:
            push: What is to be told.
            channel: Who is to hear of it.
            workspace: Whose event it is.

        Raises:
            StoreUnavailableError: Nothing was committed, or nobody knows.
        """
        row = _row_of(push, workspace, "test")
        matches = [Match(channel, number=0, threads=Threads.NEVER, platforms=None)]
        return self._store.write(lambda connection: _commit(connection, row, matches, self._store.now(connection)))


def _row_of(push: Push, workspace: str, source: Source) -> dict[str, Any]:
    return {
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


def _commit(connection: Connection, row: Mapping[str, Any], matches: Sequence[Match], now: datetime) -> Accepted:
    reading = (
        {"reading_state": ReadingState.WAITING.value, "reading_due_at": now + QUIET}
        if matches
        else {"reading_state": ReadingState.UNWANTED.value}
    )
    # In the order in which they came, for pushes of the same second: that is all that Docker Hub tells.
    event_id = f"ev_{int(now.timestamp() * 1e6):014x}{secrets.token_hex(_ID_BYTES)}"
    row = {**row, "id": event_id}
    while not insert_if_new(connection, events, {**row, "received_at": now, **reading}, unique=KEY):
        same = [column == row[column.name] for column in KEY]
        found = connection.execute(select(events.c.id).where(*same)).scalar()
        if found is not None:  # Else it was old, and has just been deleted.
            return Accepted(str(found), is_new=False)
    if matches:
        connection.execute(_INSERT_MEMBERS, [_member(row, match, now) for match in matches])
        lanes.wake(connection, [Lane(row["workspace"], match.channel) for match in matches], now + QUIET)
    return Accepted(event_id, is_new=True)


def _member(row: Mapping[str, Any], match: Match, now: datetime) -> dict[str, Any]:
    return {
        "workspace": row["workspace"],
        "channel": match.channel,
        "event_id": row["id"],
        "repository": row["repository"],
        "tag": row["tag"],
        "pushed_at": row["pushed_at"],
        "received_at": now,
        "threads": match.threads.value,
        "platforms": None if match.platforms is None else list(match.platforms),
        "state": WAITING,
    }


_INSERT_MEMBERS = insert(members)
KEY = (events.c.workspace, events.c.repository, events.c.tag, events.c.pushed_at)
"""What makes two webhooks the same push. Docker Hub gives no id of its own."""
