"""What becomes of a channel: closed to us and open again, muted for a while."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.images import RepositoryName
from bot.outbox import lanes
from bot.outbox import messages as outbox
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.outbox.writers import MessageRow
from bot.pushes import folding
from bot.pushes.mutes import lift
from bot.pushes.noting import note_done
from bot.slack import text
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import members, mutes, subscriptions
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

MUTED_FOR = timedelta(hours=24)
_REASONS = {
    "is_archived": "it is archived",
    "not_in_channel": "I am not in it",
    "channel_not_found": "it is gone, or private and I am not in it",
}


@dataclass(frozen=True)
class Subject:
    """What a message is about.

    Attributes:
        repository: Which.
        tag: The one that was pushed last; None when no push named one.
    """

    repository: RepositoryName
    tag: str | None


@dataclass(frozen=True)
class Mute:
    """What a channel does not want to hear of for a while.

    Attributes:
        repository: Which.
        until: Until when (UTC).
    """

    repository: RepositoryName
    until: datetime


def tell_owners(connection: Connection, lane: Lane, why: str, now: datetime) -> None:
    """Tell everybody who subscribed the channel that it hears no more. For the outbox, when it is closed to us."""
    owners = connection.execute(
        select(subscriptions.c.created_by)
        .where(
            subscriptions.c.workspace == lane.workspace,
            subscriptions.c.channel == lane.channel,
            subscriptions.c.created_by.is_not(None),
        )
        .distinct()
    ).scalars()
    logger.warning("channel_suspended", extra={"channel": lane.channel, "reason": why})
    for owner in sorted(owners):
        add_note(connection, Lane(lane.workspace, owner), _closed(lane.channel, why), stream=lane.channel, now=now)


class Channels:
    """Opens and mutes channels. Every method raises `StoreUnavailableError` when the database is away.

    Args:
        store: Where everything is kept.
        workspace: Whose channels.
    """

    def __init__(self, store: Store, workspace: str = HOME) -> None:
        self._store = store
        self._workspace = workspace

    def resume(self, channel: str) -> bool:
        """Send into a channel again that had been closed to us; return whether it had."""
        lane = Lane(self._workspace, channel)

        def work(connection: Connection) -> bool:
            now = self._store.now(connection)
            since = lanes.resume(connection, lane, now)
            if since is not None:
                add_note(connection, lane, _open_again(since, now), stream=f"open:{now.isoformat()}", now=now)
            return since is not None

        was_closed = self._store.write(work)
        if was_closed:
            logger.info("channel_resumed", extra={"channel": channel})
        return was_closed

    def mute(self, message_id: str, *, channel: str, by: str) -> Mute | None:
        """Let a channel hear no more of the repository that a message is about, for a day.

        Args:
            message_id: The message whose button was pressed.
            channel: Where it was pressed.
            by: The Slack user id of who did.

        Returns:
            What is muted; None when there is no such message in that channel.
        """

        def work(connection: Connection) -> Mute | None:
            now = self._store.now(connection)
            message = self._announcement(connection, message_id, channel)
            if message is None:
                return None
            mute = Mute(RepositoryName.parse(message.stream), now + MUTED_FOR)
            lanes.wake(connection, [message.lane], now)
            row: dict[str, Any] = {
                "workspace": message.lane.workspace,
                "channel": message.lane.channel,
                "repository": message.stream,
                "until_at": mute.until,
                "muted_by": by,
            }
            put(connection, mutes, row)
            _note(connection, message, f"Announce no pushes to {message.stream} for a day", verb="mute", by=by, now=now)
            outbox.change(connection, [message.id], now)
            return mute

        return self._store.write(work)

    def unmute(self, message_id: str, *, channel: str, by: str | None = None) -> RepositoryName | None:
        """Let a channel hear again of the repository that a message is about.

        Args:
            message_id: The message whose button was pressed.
            channel: Where it was pressed.
            by: The Slack user id of who did; None: nobody in Slack did.

        Returns:
            Which; None when there is no such message in that channel.
        """

        def work(connection: Connection) -> RepositoryName | None:
            now = self._store.now(connection)
            message = self._announcement(connection, message_id, channel)
            if message is None:
                return None
            lanes.wake(connection, [message.lane], now)
            repository = RepositoryName.parse(message.stream)
            if lift(connection, message.lane, repository):
                _note(connection, message, f"Announce pushes to {repository} again", verb="unmute", by=by, now=now)
            outbox.change(connection, [message.id], now)
            return repository

        return self._store.write(work)

    def _announcement(self, connection: Connection, message_id: str, channel: str) -> MessageRow | None:
        message = outbox.find(connection, message_id)
        if message is None or (message.lane, message.kind) != (Lane(self._workspace, channel), folding.KIND):
            return None
        return message

    def subject(self, message_id: str, *, channel: str) -> Subject | None:
        """Return what a message of a channel is about; None when there is no such message there."""
        with self._store.read() as connection:
            message = self._announcement(connection, message_id, channel)
            if message is None:
                return None
            tags = select(members.c.tag).where(members.c.message_id == message_id, members.c.tag != "")
            last_first = tags.order_by(members.c.pushed_at.desc(), members.c.event_id.desc())
            last = connection.execute(last_first.limit(1)).scalar()
            return Subject(RepositoryName.parse(message.stream), last)


def _note(
    connection: Connection, message: MessageRow, summary: str, *, verb: str, by: str | None, now: datetime
) -> None:
    lane = message.lane
    note_done(
        connection,
        lane.workspace,
        verb=verb,
        subject=message.stream,
        summary=summary,
        by=by,
        channel=lane.channel,
        now=now,
    )


def _closed(channel: str, why: str) -> Message:
    reason = _REASONS.get(why, f"Slack says {text.code(why)}")
    return Message(
        f"I cannot post in <#{channel}> any more: {reason}. Its subscriptions are kept, but pushes are not announced "
        "there until you invite me again."
    )


def _open_again(since: datetime, now: datetime) -> Message:
    return Message(
        f"I am back, and pushes are announced here again. What came in between {text.date(since)} and {text.date(now)} "
        "is not."
    )
