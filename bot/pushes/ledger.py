"""The ledger: what became of each push in each channel, and what an operator can do about what was not delivered.

It is read from the rows that the delivery itself works on, so it says what is, not what was noted. Nothing is sent from
here: retrying and dropping change rows, and the lane's worker does the rest.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select, update

from bot.outbox.lanes import Lane, is_over, resume, wake
from bot.outbox.messages import DEAD, DROPPED, WAITING
from bot.pushes import folding
from bot.pushes.ledger_rows import (
    HAS_FAILED,
    Backlog,
    Delivery,
    DeliveryState,
    events_meant,
    in_state,
    newest_events,
    of,
    read_backlog,
    read_delivery,
    select_failed_others,
    select_other,
    select_pushes,
    unsettled_events,
)
from bot.pushes.noting import note_done
from bot.store.base import Store
from bot.store.tables import events, lanes, members, messages
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

_READ_MORE = 4
"""So many times as much is read where it was not enough."""


@dataclass(frozen=True)
class Deliveries:
    """A look into the ledger.

    Attributes:
        rows: What was asked for, newest first: all that `Delivery.row` takes together counts as one.
        has_more: Whether there are older ones.
        backlog: What is still to be delivered, shown or not.
    """

    rows: tuple[Delivery, ...]
    has_more: bool
    backlog: Backlog


class Outcome(BaseModel):
    """What came of retrying or dropping one message, or one push that is in no message.

    Attributes:
        message_id: None: it is in no message.
        event_ids: The pushes it tells.
        channel: Whose; None: no channel asked for the push, so there was nothing to do.
        was: What had become of it before.
        is_done: Whether it was done; if not, `was` says why not, unless `is_on_its_way`.
        is_on_its_way: It may be going to Slack at this moment, and so was not dropped.
        is_resumed: The channel's lane was suspended, and is no more.
        sent_at: When it had been delivered (UTC); None: it had not.
    """

    model_config = ConfigDict(frozen=True)

    message_id: str | None
    event_ids: tuple[str, ...]
    channel: str | None
    was: DeliveryState
    is_done: bool = False
    is_on_its_way: bool = False
    is_resumed: bool = False
    sent_at: datetime | None = None


class Retried(BaseModel):
    """What retrying everything that had failed in a channel came to.

    Attributes:
        channel: Which.
        messages: How many are tried again.
        is_resumed: The channel's lane was suspended, and is no more.
    """

    model_config = ConfigDict(frozen=True)

    channel: str
    messages: int
    is_resumed: bool


Link = Callable[[str, str], str | None]
"""Returns the address of a message in Slack, by channel and `ts`; None when that is not known."""


def _no_link(_channel: str, _ts: str) -> None:
    """Know no address."""


class Ledger:
    """Knows what became of pushes. Safe to use from several threads.

    Every method raises `StoreUnavailableError` while the database is away.

    Args:
        store: Where everything is kept.
        link: Knows the addresses of messages in Slack.
    """

    def __init__(self, store: Store, *, link: Link = _no_link) -> None:
        self._store = store
        self._link = link

    def deliveries(self, *, workspace: str = HOME, channel: str | None, failed: bool = False, limit: int) -> Deliveries:
        """Return what became of pushes, the last that we heard of first; and failed messages of any other kind.

        Args:
            workspace: Whose.
            channel: In which channel; None: in all of them, with the pushes that no channel asked for.
            failed: Only what is tried again, is a dead letter, or cannot go into a suspended lane.
            limit: How many rows at most, each of one message and tag: it may tell of several webhooks.
        """

        def newest(at_most: int) -> Select[Any]:
            ids = unsettled_events(workspace, channel) if failed else newest_events(workspace, channel, at_most)
            pushes = select_pushes(ids, channel, failed=failed)
            return pushes.order_by(events.c.received_at.desc(), events.c.id.desc(), members.c.channel).limit(at_most)

        others = select_failed_others(workspace, channel).order_by(messages.c.created_at.desc(), messages.c.id.desc())
        with self._store.read() as connection:
            found = [*_read_enough(connection, newest, limit + 1), *_read(connection, others.limit(limit + 1))]
            backlog = read_backlog(connection, workspace, channel)
        found.sort(key=lambda each: each.received_at, reverse=True)
        rows = list(dict.fromkeys(each.row for each in found))
        shown = set(rows[:limit])
        told = tuple(self._with_links(each for each in found if each.row in shown))
        return Deliveries(rows=told, has_more=len(rows) > limit, backlog=backlog)

    def backlog(self, *, workspace: str = HOME, channel: str | None = None) -> Backlog:
        """Return what is still to be delivered; quick, however long the history.

        Args:
            workspace: Whose.
            channel: In which channel; None: in all of them.
        """
        with self._store.read() as connection:
            return read_backlog(connection, workspace, channel)

    def retry(self, which: str, by: str, *, workspace: str = HOME) -> tuple[Outcome, ...]:
        """Have what was not delivered tried again now: a dead letter, or what has failed or is in a suspended lane.

        The day after which it would be given up begins anew. How often it was tried, and that Slack refused its blocks,
        stays known. A suspended lane is resumed, for all that waits in it: whoever retries says that it should work
        now. If it does not, Slack says so again, and the lane is suspended again. A dead letter arrives late, behind
        pushes that came after it.

        Args:
            which: The id of a message (`msg_…`), or of an event (`ev_…`): all messages that tell it.
            by: Who wants it, for the log.
            workspace: Whose.

        Returns:
            What came of it, by channel; empty: there is nothing of that id.
        """
        return self._act(_retry, which, by, workspace, word="Retry", log_as="delivery_retried")

    def drop(self, which: str, by: str, *, workspace: str = HOME) -> tuple[Outcome, ...]:
        """Give up what was not delivered, for good; what waited behind it goes on. It stays in the ledger as dropped.

        A message that a worker may be sending at this moment (sending it was begun, and its lane is leased) is left
        alone: what Slack has taken must not be called dropped. That is known when the lease ends, within a minute. A
        worker that takes the lane later finds the message dropped, because both lock the lane's row to decide. Should
        a worker still come back to a lease that has run out, and note that Slack took the message, it is delivered.

        Args:
            which: The id of a message (`msg_…`), or of an event (`ev_…`): all messages that tell it, whole.
            by: Who wants it, for the log.
            workspace: Whose.

        Returns:
            What came of it, by channel; empty: there is nothing of that id.
        """
        return self._act(_drop, which, by, workspace, word="Drop", log_as="delivery_dropped")

    def retry_failed(self, by: str, *, workspace: str = HOME, channel: str | None) -> tuple[Retried, ...]:
        """Do with everything that failed what `retry` does with one.

        Args:
            by: Who wants it, for the log.
            workspace: Whose.
            channel: In which channel; None: in all of them.

        Returns:
            What came of it, for each channel in which something had failed.
        """

        def work(connection: Connection) -> tuple[Retried, ...]:
            now = self._store.now(connection)
            failing = _channels_with_failures(connection, workspace, channel)
            _lock(connection, workspace, failing)
            retried = tuple(_retry_all(connection, Lane(workspace, each), now) for each in failing)
            for each in retried:
                count = "1 message" if each.messages == 1 else f"{each.messages:,} messages"
                said = f"Retry everything that failed: {count}"
                _note(connection, workspace, each.channel, said, by=by, channel=each.channel, now=now)
            return retried

        retried = self._store.write(work)
        for each in retried:
            logger.info("deliveries_retried", extra={"channel": each.channel, "messages": each.messages, "by": by})
        return retried

    def _act(
        self, action: "_Action", which: str, by: str, workspace: str, *, word: str, log_as: str
    ) -> tuple[Outcome, ...]:
        def work(connection: Connection) -> tuple[Outcome, ...]:
            now = self._store.now(connection)
            _lock(connection, workspace, (each.channel for each in _targets(connection, workspace, which)))
            # Read again: what is true before the lock may not be true behind it.
            targets = _targets(connection, workspace, which)
            outcomes = tuple(action(connection, workspace, each, now) for each in targets)
            for target, outcome in zip(targets, outcomes, strict=True):
                if outcome.is_done:
                    subject = target.first.repository or which
                    said = f"{word} {outcome.message_id or which}"
                    _note(connection, workspace, subject, said, by=by, channel=outcome.channel, now=now)
            return outcomes

        outcomes = self._store.write(work)
        for each in outcomes:
            if each.is_done:
                about = {"message_id": each.message_id, "event_ids": list(each.event_ids), "channel": each.channel}
                logger.info(log_as, extra={**about, "was": each.was, "by": by})
        return outcomes

    def _with_links(self, rows: Iterable[Delivery]) -> Iterator[Delivery]:
        """Add the links. Outside of any transaction: to know where the workspace is, Slack may have to be asked."""
        is_known = True
        for each in rows:
            link = self._link(each.posted_channel, each.ts) if is_known and each.posted_channel and each.ts else None
            yield each.model_copy(update={"link": link})
            # What is not known of one is not known of the others; Slack being away should cost one wait, not many.
            is_known = is_known and not (each.ts and link is None)


@dataclass(frozen=True)
class _Target:
    """A message with all the pushes it tells, or a push that is in none; at least one."""

    told: tuple[Delivery, ...]

    @property
    def first(self) -> Delivery:
        """One of them; what is true of the message is true of all."""
        return self.told[0]

    @property
    def channel(self) -> str | None:
        return self.first.channel

    def is_named(self, which: str) -> bool:
        """Return whether an id stands for it."""
        return any(which in {each.event_id, each.message_id} for each in self.told)

    def outcome(self, **came_of_it: bool) -> Outcome:
        return Outcome(
            message_id=self.first.message_id,
            event_ids=tuple(each.event_id for each in self.told if each.event_id),
            channel=self.channel,
            was=self.first.state,
            sent_at=self.first.sent_at,
            **came_of_it,
        )


def _targets(connection: Connection, workspace: str, which: str) -> list[_Target]:
    """Return what the id stands for, by channel: each message once, and each push that is in none."""
    pushes = select_pushes(events_meant(workspace, which)).order_by(members.c.channel, events.c.id)
    others = select_other(workspace, which)
    groups: dict[tuple[str | None, str | None], list[Delivery]] = {}
    for each in _read(connection, pushes, others):
        groups.setdefault((each.channel, each.message_id or each.event_id), []).append(each)
    targets = [_Target(tuple(group)) for group in groups.values()]
    # What stands beside the push that is meant, in one message, may wait in another channel by itself.
    return [each for each in targets if each.is_named(which)]


def _read(connection: Connection, *queries: Select[Any]) -> list[Delivery]:
    return [read_delivery(row) for query in queries for row in connection.execute(query)]


def _read_enough(connection: Connection, newest: Callable[[int], Select[Any]], rows: int) -> list[Delivery]:
    """Read the newest pushes until they make so many rows; there are seldom many more webhooks than rows."""
    at_most = rows
    while True:
        found = _read(connection, newest(at_most))
        if len(found) < at_most or len({each.row for each in found}) >= rows:
            return found
        at_most *= _READ_MORE


def _note(
    connection: Connection, workspace: str, subject: str, said: str, *, by: str, channel: str | None, now: datetime
) -> None:
    note_done(connection, workspace, verb="deliveries", subject=subject, summary=said, by=by, channel=channel, now=now)


_Action = Callable[[Connection, str, _Target, datetime], Outcome]


def _retry(connection: Connection, workspace: str, target: _Target, now: datetime) -> Outcome:
    if target.channel is None or target.first.state not in {"retrying", "dead letter", "lane suspended"}:
        return target.outcome()
    _put_back(connection, messages.c.id == target.first.message_id, now)
    return target.outcome(is_done=True, is_resumed=_let_go_on(connection, Lane(workspace, target.channel), now))


def _retry_all(connection: Connection, lane: Lane, now: datetime) -> Retried:
    failed = and_(of(messages, lane.workspace, lane.channel), or_(messages.c.state == DEAD, HAS_FAILED))
    count = _put_back(connection, failed, now)
    return Retried(channel=lane.channel, messages=count, is_resumed=_let_go_on(connection, lane, now))


def _put_back(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    unsent = and_(which, messages.c.state.in_((WAITING, DEAD)))
    values = {"state": WAITING, "due_at": now, "failing_since": None}
    return connection.execute(update(messages).where(unsent).values(values)).rowcount


def _let_go_on(connection: Connection, lane: Lane, now: datetime) -> bool:
    """Resume the lane, and have it looked at; return whether it was suspended."""
    suspended_since = resume(connection, lane, now)
    wake(connection, [lane], now)
    return suspended_since is not None


def _drop(connection: Connection, workspace: str, target: _Target, now: datetime) -> Outcome:
    undelivered = {"waiting", "retrying", "dead letter", "lane suspended"}
    if target.channel is None or target.first.state not in undelivered:
        return target.outcome()
    lane = Lane(workspace, target.channel)
    if _may_be_on_its_way(connection, lane, target.first.message_id, now):
        return target.outcome(is_on_its_way=True)
    unsent = and_(messages.c.id == target.first.message_id, messages.c.state.in_((WAITING, DEAD)))
    connection.execute(update(messages).where(unsent).values(state=DROPPED))
    untold = and_(
        of(members, workspace, target.channel),
        members.c.event_id.in_([each.event_id for each in target.told if each.event_id]),
        members.c.state.in_((folding.WAITING, folding.PLACED)),
    )
    connection.execute(update(members).where(untold).values(state=folding.DROPPED))
    wake(connection, [lane], now)
    return target.outcome(is_done=True)


def _may_be_on_its_way(connection: Connection, lane: Lane, message_id: str | None, now: datetime) -> bool:
    """Return whether a worker may be telling it to Slack; each attempt is noted before it begins."""
    leased = and_(
        of(lanes, lane.workspace, lane.channel),
        lanes.c.leased_until.is_not(None),
        not_(is_over(lanes.c.leased_until, now)),
    )
    begun = and_(messages.c.state == WAITING, messages.c.attempts > 0, is_over(messages.c.due_at, now))
    both = select(messages.c.id).join(lanes, leased).where(messages.c.id == message_id, begun)
    return connection.execute(both).first() is not None


def _lock(connection: Connection, workspace: str, channels: Iterable[str | None]) -> None:
    """Lock lanes until the transaction ends, in the order of their keys; no worker decides anything meanwhile."""
    these = and_(of(lanes, workspace), lanes.c.channel.in_(sorted({each for each in channels if each is not None})))
    connection.execute(select(lanes.c.channel).where(these).order_by(lanes.c.channel).with_for_update()).all()


def _channels_with_failures(connection: Connection, workspace: str, channel: str | None) -> Sequence[str]:
    unsent = select(messages.c.channel).where(in_state(messages, workspace, channel, WAITING, DEAD))
    failed = unsent.where(or_(messages.c.state == DEAD, HAS_FAILED))
    suspended = select(lanes.c.channel).where(of(lanes, workspace, channel), lanes.c.suspended_at.is_not(None))
    return sorted(connection.execute(failed.union(suspended)).scalars())
