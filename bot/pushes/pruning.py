"""Forgetting what is over: events, messages and what belongs to them, once they are old enough.

What is still to be delivered is never forgotten, however old it is. All is done in small transactions, the rows that
point at others first, so that deliveries go on meanwhile; and several processes may do it at the same time.
"""

import logging
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, or_, select, tuple_

from bot.clock import Clock
from bot.loops import Loop
from bot.outbox.messages import DEAD, DROPPED, SENT
from bot.pushes import folding
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.tables import events, images, members, messages, mutes, told

logger = logging.getLogger(__name__)

KEPT_DAYS = 30
"""How long events and messages are kept."""
HISTORY_DAYS = 400
"""How long the history of tags is kept, and what was told once: longer than a year."""
MUTES_KEPT = timedelta(days=1)
"""How long a mute is kept after its end."""
AT_MOST = 250
"""Rows in one write. Webhooks wait behind it: measured among 200,000 events, 250 take 40 ms and 1,000 take 100 ms."""
EVERY_SECONDS = 3_600.0
PAUSE_SECONDS = 1.0
_LOOK_EVERY_SECONDS = 30.0

_GIVEN_UP = (DEAD, DROPPED)
_SETTLED_MESSAGES = (SENT, *_GIVEN_UP)
_SETTLED_MEMBERS = (folding.MUTED, folding.FILTERED, folding.DROPPED)


@dataclass(frozen=True)
class Pruned:
    """How many rows were deleted.

    Attributes:
        has_more: Whether there are more to be deleted.
    """

    events: int = 0
    members: int = 0
    messages: int = 0
    images: int = 0
    mutes: int = 0
    told: int = 0
    has_more: bool = False


def prune(store: Store, now: datetime, *, days: int = KEPT_DAYS, at_most: int = AT_MOST) -> Pruned:
    """Delete a piece of what is over.

    Events go when they came in so many days ago and no channel is still to hear of them; messages when they are as old,
    settled, and tell of no event that is left. A message under which others stand stays as long as one of those does.

    Args:
        store: Where from.
        now: The time (aware).
        days: How long events and messages are kept.
        at_most: How many rows of each table, but for members, which go with their events.

    Raises:
        StoreUnavailableError: The database is away; what was deleted until then stays deleted.
    """
    kept_since, history_since = now - timedelta(days=days), now - timedelta(days=HISTORY_DAYS)
    with store.read() as connection:
        old_events = _old_events(connection, kept_since, at_most)
    gone_events, gone_members = store.write(lambda connection: _delete_events(connection, old_events, kept_since))
    with store.read() as connection:
        old_messages = _old_messages(connection, kept_since, at_most)
    gone_messages = store.write(lambda connection: _delete_messages(connection, old_messages))
    by_age = {
        table.name: _delete_where(store, table, over, at_most)
        for table, over in (
            (images, images.c.seen_at < history_since),
            (mutes, mutes.c.until_at < now - MUTES_KEPT),
            (told, told.c.told_at < history_since),
        )
    }
    full = [len(old_events), len(old_messages), *by_age.values()]
    return Pruned(
        events=gone_events,
        members=gone_members,
        messages=gone_messages,
        **by_age,
        has_more=any(count >= at_most for count in full),
    )


def _old_events(connection: Connection, since: datetime, at_most: int) -> list[str]:
    """Find them apart from the write that deletes them: nobody has to wait for a search."""
    found = select(events.c.id).where(events.c.received_at < since, ~_is_wanted(since)).order_by(events.c.received_at)
    return list(connection.execute(found.limit(at_most)).scalars())


def _is_wanted(since: datetime) -> ColumnElement[bool]:
    """Return whether a channel is still to hear of an event; states of a later version, unknown to us, count as yes.

    A message that is written anew is made from its events: so they stay as long as it is young, or has something to
    say yet.
    """
    says_all = and_(messages.c.version <= messages.c.shown_version, messages.c.created_at < since)
    is_settled = or_(and_(messages.c.state == SENT, says_all), messages.c.state.in_(_GIVEN_UP))
    message_is_settled = exists().where(messages.c.id == members.c.message_id, is_settled)
    settled = or_(members.c.state.in_(_SETTLED_MEMBERS), message_is_settled)
    return exists().where(members.c.event_id == events.c.id, ~settled)


def _delete_events(connection: Connection, ids: Collection[str], since: datetime) -> tuple[int, int]:
    """Delete those of the events that nobody has wanted since; return how many, and how many members with them."""
    # A dead letter can be retried at any time: not between this look at it and the end of this.
    told_in = select(members.c.message_id).where(members.c.event_id.in_(ids))
    in_order = select(messages.c.id).where(messages.c.id.in_(told_in)).order_by(messages.c.id)
    connection.execute(in_order.with_for_update()).all()
    still = list(connection.execute(select(events.c.id).where(events.c.id.in_(ids), ~_is_wanted(since))).scalars())
    gone_members = connection.execute(delete(members).where(members.c.event_id.in_(still))).rowcount
    return connection.execute(delete(events).where(events.c.id.in_(still))).rowcount, gone_members


def _old_messages(connection: Connection, since: datetime, at_most: int) -> list[str]:
    replies = messages.alias("replies")
    roots = select(replies.c.workspace, replies.c.posted_channel, replies.c.thread_ts).where(
        replies.c.posted_channel.is_not(None), replies.c.thread_ts.is_not(None)
    )
    place = tuple_(messages.c.workspace, messages.c.posted_channel, messages.c.ts)
    is_root = and_(messages.c.posted_channel.is_not(None), messages.c.ts.is_not(None), place.in_(roots))
    found = select(messages.c.id).where(messages.c.created_at < since, _is_forgotten(), ~is_root)
    return list(connection.execute(found.order_by(messages.c.created_at).limit(at_most)).scalars())


def _is_forgotten() -> ColumnElement[bool]:
    is_told_of = exists().where(members.c.message_id == messages.c.id)
    return and_(messages.c.state.in_(_SETTLED_MESSAGES), ~is_told_of)


def _delete_messages(connection: Connection, ids: Collection[str]) -> int:
    return connection.execute(delete(messages).where(messages.c.id.in_(ids), _is_forgotten())).rowcount


def _delete_where(store: Store, table: Table, over: ColumnElement[bool], at_most: int) -> int:
    key = tuple_(*table.primary_key)
    some = delete(table).where(key.in_(select(*table.primary_key).where(over).limit(at_most)), over)
    return store.write(lambda connection: connection.execute(some).rowcount)


class Pruner(Loop):
    """Prunes once an hour, on a thread of its own.

    Args:
        store: Where from.
        clock: The time.
        look_every_seconds: How often it looks whether the hour is over.
        pause_seconds: Between two pieces.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        look_every_seconds: float = _LOOK_EVERY_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        super().__init__("pruning")
        self._store = store
        self._clock = clock
        self._look_every_seconds = look_every_seconds
        self._pause_seconds = pause_seconds
        self._due_at = clock.monotonic()

    def step(self) -> float:
        """Prune, if the hour is over. The first is at once: who is often started anew has no hour to wait."""
        self.prune_if_due()
        return self._look_every_seconds

    def prune_if_due(self) -> None:
        """Delete what is over, unless that was done within the hour: piece by piece, with pauses for everybody else.

        What goes wrong is logged, and tried again in an hour: nothing depends on it today.
        """
        if self._clock.monotonic() < self._due_at:
            return
        self._due_at = self._clock.monotonic() + EVERY_SECONDS
        try:
            while self._prune_piece().has_more and not self.pause(self._pause_seconds):
                pass
        except StoreUnavailableError as error:
            logger.warning("pruning_put_off", extra={"cause": error.cause})
        except Exception:
            logger.exception("pruning_crashed")

    def _prune_piece(self) -> Pruned:
        with self._store.read() as connection:
            now = self._store.now(connection)
        pruned = prune(self._store, now)
        counts = {name: count for name, count in asdict(pruned).items() if count}
        if counts:
            logger.info("pruned", extra=counts)
        return pruned
