"""The rows behind the ledger, read: a push, what a channel made of it, the message that tells it, and its lane."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    SelectBase,
    Table,
    and_,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
)

from bot.outbox import messages as outbox
from bot.pushes import folding
from bot.store.tables import events, lanes, members, messages

DeliveryState = Literal[
    "waiting",
    "retrying",
    "delivered",
    "dead letter",
    "lane suspended",
    "muted",
    "filtered",
    "dropped",
    "unwanted",
]
"""The one word for people. `lane suspended`: not delivered, because Slack lets nothing into the channel; `muted` and
`filtered`: the channel did not want this one; `dropped`: a person gave it up; `unwanted`: no channel asked for it."""


class Delivery(BaseModel):
    """What became of one push in one channel; or a message of another kind that failed.

    Attributes:
        event_id: None: the message tells of no push.
        repository: `namespace/name`; None: the message tells of no push.
        tag: Empty when Docker Hub named none.
        source: How we heard of the push: `webhook`, `listing`, `poll`, `test`.
        pushed_at: By Docker Hub's clock (UTC).
        received_at: When we heard of it, or made the message (UTC).
        channel: Slack's id of a channel, or of a person; None: no channel asked for it.
        state: The one word for people.
        member_state: Whether it is in a message; None: no push, or no channel.
        message_id: None: it is in no message.
        message_kind: Who writes the message.
        message_state: `waiting`, `sent`, `dead` or `dropped`.
        attempts: How often sending was begun.
        last_error: Why the last attempt failed, or why the lane is suspended: Slack's word, or a short one of ours.
        failing_since: UTC.
        due_at: When the next attempt may begin at the earliest (UTC); None when there is none to come.
        sent_at: When Slack took it (UTC).
        posted_channel: Where it is in Slack.
        ts: Which message it is there.
        link: Leads to it; None when it is not there, or the address is not known.
    """

    model_config = ConfigDict(frozen=True)

    event_id: str | None = None
    repository: str | None = None
    tag: str = ""
    source: str | None = None
    pushed_at: datetime | None = None
    received_at: datetime
    channel: str | None = None
    state: DeliveryState
    member_state: str | None = None
    message_id: str | None = None
    message_kind: str | None = None
    message_state: str | None = None
    attempts: int = 0
    last_error: str | None = None
    failing_since: datetime | None = None
    due_at: datetime | None = None
    sent_at: datetime | None = None
    posted_channel: str | None = None
    ts: str | None = None
    link: str | None = None

    @property
    def row(self) -> tuple[str | None, ...]:
        """What it shares with others that a person sees as one: Docker Hub sends several webhooks for one push.

        What is in no message stays by itself, because each of it can be dropped by its own id.
        """
        return (self.channel, self.message_id or self.event_id, self.tag, self.state)


class Backlog(BaseModel):
    """What is still to be delivered, and what was given up.

    Attributes:
        waiting: Messages of pushes that a channel is still to get. What is in none yet will be in one for each
            repository.
        retrying: How many of them have failed before.
        oldest_at: When we heard of the oldest push in them (UTC); None: nothing waits.
        dead_letters: Messages that were given up.
        suspended_lanes: Channels into which Slack lets nothing.
    """

    model_config = ConfigDict(frozen=True)

    waiting: int = 0
    retrying: int = 0
    oldest_at: datetime | None = None
    dead_letters: int = 0
    suspended_lanes: int = 0


HAS_FAILED = and_(
    messages.c.state == outbox.WAITING,
    # In its first attempt, which may be going on just now, it has not failed yet.
    or_(messages.c.failing_since.is_not(None), messages.c.last_error.is_not(None), messages.c.attempts > 1),
)
"""A message that is tried again."""

_IS_SUSPENDED = lanes.c.suspended_at.is_not(None)
_MESSAGE = (
    messages.c.id.label("message_id"),
    messages.c.kind.label("message_kind"),
    messages.c.state.label("message_state"),
    func.coalesce(messages.c.attempts, 0).label("attempts"),
    messages.c.last_error,
    messages.c.failing_since,
    messages.c.due_at,
    messages.c.sent_at,
    messages.c.posted_channel,
    messages.c.ts,
    HAS_FAILED.label("has_failed"),
    _IS_SUSPENDED.label("is_suspended"),
    lanes.c.suspension,
)


def of(table: Table, workspace: str, channel: str | None = None) -> ColumnElement[bool]:
    """Return whether a row is the workspace's, and the channel's if one is named."""
    mine: ColumnElement[bool] = table.c.workspace == workspace
    return mine if channel is None else and_(mine, table.c.channel == channel)


def select_pushes(ids: SelectBase, channel: str | None = None, *, failed: bool = False) -> Select[Any]:
    """Select pushes with what channels made of them: once for each channel, once if there is none.

    Args:
        ids: Selects the ids of the events, of one workspace. Everything else is looked up by them.
        channel: In which channel; None: in all, and in none.
        failed: Only what is tried again, is a dead letter, or cannot go into a suspended lane.
    """
    meant = ids.subquery("meant")
    lane = and_(lanes.c.workspace == members.c.workspace, lanes.c.channel == members.c.channel)
    query = (
        select(
            events.c.id.label("event_id"),
            events.c.repository,
            events.c.tag,
            events.c.source,
            events.c.pushed_at,
            events.c.received_at,
            members.c.channel,
            members.c.state.label("member_state"),
            *_MESSAGE,
        )
        .select_from(meant)
        .join(events, events.c.id == meant.c.event_id)
        .outerjoin(members, members.c.event_id == events.c.id)
        .outerjoin(messages, messages.c.id == members.c.message_id)
        .outerjoin(lanes, lane)
    )
    if channel is not None:
        query = query.where(members.c.channel == channel)
    stuck = and_(_IS_SUSPENDED, or_(members.c.state == folding.WAITING, messages.c.state == outbox.WAITING))
    return query.where(or_(messages.c.state == outbox.DEAD, HAS_FAILED, stuck)) if failed else query


def newest_events(workspace: str, channel: str | None, at_most: int) -> SelectBase:
    """Select the events that came last, whatever became of them; of all, or of those that a channel was to hear of."""
    if channel is None:
        ids = select(events.c.id.label("event_id")).where(of(events, workspace))
        return ids.order_by(events.c.received_at.desc(), events.c.id.desc()).limit(at_most)
    told = select(members.c.event_id).where(of(members, workspace, channel))
    return told.order_by(members.c.received_at.desc(), members.c.event_id.desc()).limit(at_most)


def events_meant(workspace: str, which: str) -> SelectBase:
    """Select the event of that id, and those beside it in its messages; or those in the message of that id.

    Only the ids are looked for, each by an index of its own: an `or` over all of it would read every row.
    """
    itself = select(events.c.id.label("event_id")).where(events.c.id == which, of(events, workspace))
    of_message = select(members.c.event_id).where(members.c.message_id == which, of(members, workspace))
    beside = members.alias("beside")
    of_event = (
        select(beside.c.event_id)
        .join(members, members.c.message_id == beside.c.message_id)
        .where(members.c.event_id == which, of(members, workspace))
    )
    return union(itself, of_message, of_event)


def unsettled_events(workspace: str, channel: str | None) -> SelectBase:
    """Select the events that a channel has not got, although a message tells them or the lane is suspended."""
    told = select(members.c.event_id).join(messages, messages.c.id == members.c.message_id)
    unsent = told.where(in_state(messages, workspace, channel, outbox.WAITING, outbox.DEAD))
    suspended = select(lanes.c.channel).where(of(lanes, workspace, channel), _IS_SUSPENDED)
    held_up = select(members.c.event_id).where(
        of(members, workspace), members.c.channel.in_(suspended), members.c.state == folding.WAITING
    )
    return union(unsent, held_up)


def in_state(table: Table, workspace: str, channel: str | None, *states: str) -> ColumnElement[bool]:
    """Return whether a message or a member is the workspace's, and the channel's if one is named, in one of the states.

    There are few channels, and few rows in a state that does not last. With the channels looked up first, an index
    leads to those rows alone; without, all of the workspace's history would be read.
    """
    channels = select(lanes.c.channel).where(of(lanes, workspace, channel))
    return and_(of(table, workspace), table.c.channel.in_(channels), table.c.state.in_(states))


def select_failed_others(workspace: str, channel: str | None) -> Select[Any]:
    """Select messages that tell of no push and failed, with the columns of `select_pushes`."""
    stuck = and_(_IS_SUSPENDED, messages.c.state == outbox.WAITING)
    failed = or_(messages.c.state == outbox.DEAD, HAS_FAILED, stuck)
    return _OTHERS.where(in_state(messages, workspace, channel, outbox.WAITING, outbox.DEAD), failed)


def select_other(workspace: str, message_id: str) -> Select[Any]:
    """Select a message if it tells of no push, with the columns of `select_pushes`."""
    return _OTHERS.where(of(messages, workspace), messages.c.id == message_id)


_OTHERS = (
    select(
        null().label("event_id"),
        null().label("repository"),
        literal("").label("tag"),
        null().label("source"),
        null().label("pushed_at"),
        messages.c.created_at.label("received_at"),
        messages.c.channel,
        null().label("member_state"),
        *_MESSAGE,
    )
    .select_from(messages)
    .outerjoin(lanes, and_(lanes.c.workspace == messages.c.workspace, lanes.c.channel == messages.c.channel))
    .where(~exists().where(members.c.message_id == messages.c.id))
)


def read_delivery(row: Row[Any]) -> Delivery:
    """Return what a row of either selection says; without its link."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it.
    values["state"] = _state(row)
    if values["state"] == "lane suspended":
        values["last_error"] = row.suspension or row.last_error
    if row.message_state != outbox.WAITING or row.is_suspended:
        values["due_at"] = None
    return Delivery.model_validate(values)


_SETTLED_MESSAGES: Mapping[str | None, DeliveryState] = {
    outbox.SENT: "delivered",
    outbox.DEAD: "dead letter",
    outbox.DROPPED: "dropped",
}
_SETTLED_MEMBERS: Mapping[str | None, DeliveryState] = {
    folding.MUTED: "muted",
    folding.FILTERED: "filtered",
    folding.DROPPED: "dropped",
}


def _state(row: Row[Any]) -> DeliveryState:
    # The message first: what Slack has taken is delivered, whatever was wanted meanwhile.
    settled = _SETTLED_MESSAGES.get(row.message_state) or _SETTLED_MEMBERS.get(row.member_state)
    if settled is not None:
        return settled
    if row.message_id is None and row.member_state is None:
        return "unwanted"
    if row.is_suspended:
        return "lane suspended"
    return "retrying" if row.has_failed else "waiting"


def read_backlog(connection: Connection, workspace: str, channel: str | None) -> Backlog:
    """Count what is not delivered."""
    to_be_placed = (
        select(func.min(members.c.received_at).label("oldest_at"))
        .where(in_state(members, workspace, channel, folding.WAITING))
        .group_by(members.c.channel, members.c.repository)
        .subquery()
    )
    waiting = select(func.count(), func.min(to_be_placed.c.oldest_at))
    different = func.count(messages.c.id.distinct())
    placed = (
        select(different, func.min(members.c.received_at), different.filter(HAS_FAILED))
        .join(messages, messages.c.id == members.c.message_id)
        .where(in_state(messages, workspace, channel, outbox.WAITING))
    )
    dead = select(func.count()).select_from(messages).where(in_state(messages, workspace, channel, outbox.DEAD))
    suspended = select(func.count()).select_from(lanes).where(of(lanes, workspace, channel), _IS_SUSPENDED)
    fresh, fresh_at = connection.execute(waiting).one()
    unsent, unsent_at, retrying = connection.execute(placed).one()
    return Backlog(
        waiting=fresh + unsent,
        retrying=retrying,
        oldest_at=min((at for at in (fresh_at, unsent_at) if at is not None), default=None),
        dead_letters=connection.execute(dead).scalar_one(),
        suspended_lanes=connection.execute(suspended).scalar_one(),
    )
