"""Messages, as rows. Every change happens in a transaction that holds the message's lane, or makes the lane look."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update

from bot.outbox import lanes as lane_rows
from bot.outbox.lanes import Lane
from bot.outbox.writers import MessageRow
from bot.store.tables import lanes as lane_table
from bot.store.tables import messages

WAITING, SENT, DEAD, DROPPED = "waiting", "sent", "dead", "dropped"
"""The states: not in Slack yet; in Slack; given up after a day of failures; given up by a person."""
GIVEN_UP_AFTER = timedelta(hours=24)
PATIENCE_WITH_POSTS = timedelta(seconds=10)
"""A change of a message lets new messages go first for so long."""
_ID_BYTES = 12

_earlier = messages.alias("earlier")


def add(
    connection: Connection,
    lane: Lane,
    *,
    kind: str,
    stream: str,
    now: datetime,
    content: Any = None,
    thread_key: str | None = None,
) -> str:
    """Keep a message that is to be sent, and have its lane looked at.

    Args:
        connection: One in a write.
        lane: Where it goes.
        kind: Who can write it.
        stream: Those of one stream go out one after the other.
        now: The database's time.
        content: What to write it from, as JSON; None: other rows.
        thread_key: Messages with the same one share a thread.

    Returns:
        Its id.
    """
    message_id = f"msg_{secrets.token_hex(_ID_BYTES)}"
    row = {
        "id": message_id,
        "workspace": lane.workspace,
        "channel": lane.channel,
        "kind": kind,
        "stream": stream,
        "content": content,
        "thread_key": thread_key,
        "created_at": now,
        "state": WAITING,
        "due_at": now,
        "attempts": 0,
        "is_plain": False,
        "version": 1,
        "shown_version": 0,
    }
    connection.execute(insert(messages).values(row))
    lane_rows.wake(connection, [lane], now)
    return message_id


def change(connection: Connection, ids: Collection[str], now: datetime) -> None:
    """Have messages written anew, because the rows behind them have changed.

    The caller has woken, and so locked, their lanes before it read those rows: a worker either sees them as they are
    now, or finds the higher version when its message is sent.
    """
    if ids:
        is_it = messages.c.id.in_(ids)
        connection.execute(update(messages).where(is_it).values(version=messages.c.version + 1))
        connection.execute(update(messages).where(is_it, messages.c.state == SENT).values(due_at=now))


def withdraw(connection: Connection, lane: Lane, stream: str) -> None:
    """Forget what is not in Slack yet of a stream, because it is said elsewhere. The lane is locked."""
    unsaid = and_(_in(lane), messages.c.stream == stream, messages.c.state.in_([WAITING, DEAD]))
    connection.execute(delete(messages).where(unsaid))


def find(connection: Connection, message_id: str) -> MessageRow | None:
    """Return a message; None when there is none of that id."""
    row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
    return _read(row) if row else None


def streams_waiting(connection: Connection, lane: Lane) -> frozenset[str]:
    """Return the streams that have a message which is not in Slack yet: their next one has to wait for it."""
    found = connection.execute(select(messages.c.stream).where(_in(lane), messages.c.state == WAITING).distinct())
    return frozenset(found.scalars())


def next_post(connection: Connection, lane: Lane, now: datetime) -> MessageRow | None:
    """Return the message to be posted now: the oldest that is due and the first of its stream."""
    due = and_(_in(lane), messages.c.state == WAITING, lane_rows.is_over(messages.c.due_at, now), ~_held_back())
    row = connection.execute(
        select(messages).where(due).order_by(messages.c.created_at, messages.c.id).limit(1)
    ).first()
    return _read(row) if row else None


def next_change(connection: Connection, lane: Lane, now: datetime) -> MessageRow | None:
    """Return the message in Slack whose words are to be changed now."""
    due = and_(_in(lane), _is_changed(), lane_rows.is_over(messages.c.due_at, now))
    row = connection.execute(select(messages).where(due).order_by(messages.c.due_at, messages.c.id).limit(1)).first()
    return _read(row) if row else None


def next_due(connection: Connection, lane: Lane) -> tuple[datetime | None, datetime | None]:
    """Return when the next message is to be posted, and when the next is to be changed; None: none is."""
    due = (
        and_(_in(lane), messages.c.state == WAITING, ~_held_back()),
        and_(_in(lane), _is_changed()),
    )
    post, change = (connection.execute(select(func.min(messages.c.due_at)).where(each)).scalar() for each in due)
    return post, change


def thread_of(connection: Connection, message: MessageRow) -> str | None:
    """Return the message under which this one goes: the first of its thread that is in Slack."""
    if message.thread_key is None:
        return None
    root = and_(
        _in(message.lane),
        messages.c.thread_key == message.thread_key,
        messages.c.state == SENT,
        messages.c.thread_ts.is_(None),
        messages.c.id != message.id,
    )
    found = connection.execute(select(messages.c.ts).where(root).order_by(messages.c.sent_at).limit(1)).scalar()
    return str(found) if found else None


def begin(connection: Connection, message: MessageRow, *, thread_ts: str | None) -> None:
    """Note that sending begins: after a death it is known that the answer may have been lost."""
    _set(connection, message, attempts=messages.c.attempts + 1, thread_ts=thread_ts)


def note_sent(connection: Connection, message: MessageRow, *, channel: str, ts: str | None, now: datetime) -> None:
    """Note that a message is in Slack as it was written."""
    _set(
        connection,
        message,
        state=SENT,
        posted_channel=channel,
        ts=ts,
        sent_at=now,
        shown_version=message.version,
        failing_since=None,
        last_error=None,
        due_at=now,
    )


def note_changed(connection: Connection, message: MessageRow, *, error: str | None = None) -> None:
    """Note that a message says in Slack what it should, or never will."""
    _set(connection, message, shown_version=message.version, failing_since=None, last_error=error)


def note_failure(connection: Connection, message: MessageRow, *, error: str, now: datetime, due_at: datetime) -> None:
    """Note a failure, and when to try again."""
    since = message.failing_since if message.failing_since and message.failing_since <= now else now
    _set(connection, message, last_error=error, failing_since=since, due_at=due_at)


def note_plain(connection: Connection, message: MessageRow, *, error: str, now: datetime) -> None:
    """Note that Slack refused the blocks; the text goes at once."""
    _set(connection, message, is_plain=True, last_error=error, due_at=now)


def note_thread_gone(connection: Connection, message: MessageRow, *, now: datetime) -> None:
    """Note that what the message was to go under is gone: it becomes the root of a thread itself."""
    gone = and_(_in(message.lane), messages.c.thread_key == message.thread_key, messages.c.ts == message.thread_ts)
    connection.execute(update(messages).where(gone).values(thread_key=None))
    _set(connection, message, thread_ts=None, due_at=now)


def note_reposting(connection: Connection, message: MessageRow, *, error: str, now: datetime) -> None:
    """Have a message that cannot be changed any more said anew."""
    _set(connection, message, only_if=SENT, state=WAITING, ts=None, last_error=error, failing_since=None, due_at=now)


def give_up(connection: Connection, message: MessageRow) -> None:
    """Make a message a dead letter. It stays, and people can send it again."""
    _set(connection, message, only_if=WAITING, state=DEAD)


def is_hopeless(message: MessageRow, now: datetime) -> bool:
    """Return whether sending has failed for a day. To be asked when it has just failed again, and not before."""
    return message.failing_since is not None and message.failing_since <= now - GIVEN_UP_AFTER


def waits_since(connection: Connection, message: MessageRow, *, attempts: int) -> bool:
    """Return whether a message is still to be sent, and nobody has begun to since it was begun for that time."""
    as_it_was = and_(messages.c.id == message.id, messages.c.state == WAITING, messages.c.attempts == attempts)
    return connection.execute(select(messages.c.id).where(as_it_was)).first() is not None


def give_up_in_suspended_lanes(connection: Connection, now: datetime) -> int:
    """Make what has waited in suspended lanes for a day dead letters; return how many."""
    suspended = exists().where(
        lane_table.c.workspace == messages.c.workspace,
        lane_table.c.channel == messages.c.channel,
        lane_table.c.suspended_at.is_not(None),
        lane_table.c.suspended_at <= now - GIVEN_UP_AFTER,
    )
    old = and_(messages.c.state == WAITING, messages.c.created_at <= now - GIVEN_UP_AFTER, suspended)
    return connection.execute(update(messages).where(old).values(state=DEAD)).rowcount


def _set(connection: Connection, message: MessageRow, *, only_if: str | None = None, **values: Any) -> None:
    """Change a message; only if it is in that state still, where what was decided may have been overtaken."""
    is_it = messages.c.id == message.id
    which = is_it if only_if is None else and_(is_it, messages.c.state == only_if)
    connection.execute(update(messages).where(which).values(values))


def _in(lane: Lane) -> ColumnElement[bool]:
    return and_(messages.c.workspace == lane.workspace, messages.c.channel == lane.channel)


def _held_back() -> ColumnElement[bool]:
    """Return whether an earlier message of the stream is not in Slack yet."""
    is_earlier = or_(
        _earlier.c.created_at < messages.c.created_at,
        and_(_earlier.c.created_at == messages.c.created_at, _earlier.c.id < messages.c.id),
    )
    return exists().where(
        _earlier.c.workspace == messages.c.workspace,
        _earlier.c.channel == messages.c.channel,
        _earlier.c.stream == messages.c.stream,
        _earlier.c.state == WAITING,
        is_earlier,
    )


def _is_changed() -> ColumnElement[bool]:
    return and_(messages.c.state == SENT, messages.c.version > messages.c.shown_version)


def _read(row: Row[Any]) -> MessageRow:
    return MessageRow(
        id=row.id,
        lane=Lane(row.workspace, row.channel),
        kind=row.kind,
        stream=row.stream,
        content=row.content,
        thread_key=row.thread_key,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failing_since=row.failing_since,
        is_sent=row.state == SENT,
        attempts=row.attempts,
        is_plain=row.is_plain,
        version=row.version,
        posted_channel=row.posted_channel,
        ts=row.ts,
        thread_ts=row.thread_ts,
    )
