"""Lanes: the ways into channels, as rows; leases on them, and when to look at them next.

A lease is for a minute, by the database's clock, and has a number, the fencing token: it tells whoever held an earlier
one that this is over. A worker keeps the row locked only while it decides and while it notes what came of it, never
while it talks to Slack.

Times that lie further ahead than anything here ever sets come from a wall clock that has been set back since; they
count as over, so that nothing stands still until the clock has caught up.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from bot.store.rows import bring_forward
from bot.store.tables import lanes

LEASE = timedelta(seconds=60)
LONGEST_REST = timedelta(seconds=30)
"""How far ahead a lane is looked at next, at most."""
_AHEAD = LEASE + timedelta(seconds=2)


@dataclass(frozen=True, order=True)
class Lane:
    """The way into one channel, or to one person.

    Attributes:
        workspace: Whose.
        channel: The channel's id, or a person's.
    """

    workspace: str
    channel: str

    @property
    def is_direct(self) -> bool:
        """Whether it leads to a person."""
        return self.channel.startswith(("U", "W", "D"))


@dataclass(frozen=True)
class Lease:
    """The right to look after a lane for a while.

    Attributes:
        lane: Which.
        fence: The fencing token; a later lease has a higher one.
    """

    lane: Lane
    fence: int


@dataclass(frozen=True)
class LaneState:
    """What a worker needs to know of its lane.

    Attributes:
        rest: How long nothing may be posted yet.
        is_suspended: Whether Slack does not let us in.
    """

    rest: timedelta
    is_suspended: bool


def wake(connection: Connection, which: Iterable[Lane], at: datetime) -> None:
    """Have the lanes looked at by then, made if they are not there; in the order of their keys, as everybody does."""
    rows = [{"workspace": lane.workspace, "channel": lane.channel, "due_at": at} for lane in sorted(set(which))]
    if rows:
        bring_forward(connection, lanes, rows, moment=lanes.c.due_at)


def due_in(connection: Connection, now: datetime) -> timedelta | None:
    """Return how long until the next lane that nobody works on is due; zero or less: one is; None: none will be."""
    first = connection.execute(
        select(lanes.c.due_at)
        .where(lanes.c.due_at.is_not(None), _is_free(now))
        .order_by(is_over(lanes.c.due_at, now).desc(), lanes.c.due_at)
        .limit(1)
    ).scalar()
    if not isinstance(first, datetime):
        return None
    return timedelta(0) if first > now + _AHEAD else first - now


def claim(connection: Connection, now: datetime, *, at_most: int, without: Collection[Lane]) -> list[Lease]:
    """Take leases on lanes that are due, those that have waited longest first.

    Args:
        connection: One in a write.
        now: The database's time.
        at_most: How many.
        without: Lanes that this process still works on, even if their lease has run out.
    """
    found = connection.execute(
        select(lanes.c.workspace, lanes.c.channel, lanes.c.fence)
        .where(is_over(lanes.c.due_at, now), _is_free(now))
        .order_by(lanes.c.due_at)
        .limit(at_most + len(without))
        .with_for_update(skip_locked=True)
    ).all()
    leases = [Lease(Lane(row.workspace, row.channel), row.fence + 1) for row in found]
    taken = [lease for lease in leases if lease.lane not in without][:at_most]
    for lease in taken:
        # Due again when the lease ends: if this process dies, somebody else goes on.
        until = now + LEASE
        connection.execute(
            update(lanes).where(_is(lease.lane)).values(fence=lease.fence, leased_until=until, due_at=until)
        )
    return taken


def hold(connection: Connection, lease: Lease, now: datetime) -> LaneState | None:
    """Lock the lane's row until the transaction ends, and make the lease a new minute long.

    Returns:
        The lane; None when somebody else has leased it since.
    """
    row = connection.execute(
        select(lanes.c.fence, lanes.c.paced_until, lanes.c.pace_seconds, lanes.c.suspended_at)
        .where(_is(lease.lane))
        .with_for_update()
    ).first()
    if row is None or row.fence != lease.fence:
        return None
    connection.execute(update(lanes).where(_is(lease.lane)).values(leased_until=now + LEASE, due_at=now + LEASE))
    rest = timedelta(0) if row.paced_until is None else row.paced_until - now
    is_plausible = rest <= timedelta(seconds=row.pace_seconds or 0)
    return LaneState(rest=rest if is_plausible else timedelta(0), is_suspended=row.suspended_at is not None)


def release(connection: Connection, lease: Lease, *, due_at: datetime | None) -> None:
    """End a lease that is held in this transaction.

    Args:
        connection: The one it is held on.
        lease: Which.
        due_at: When to look at the lane next; None: when something comes.
    """
    connection.execute(update(lanes).where(_is(lease.lane)).values(leased_until=None, due_at=due_at))


def pace(connection: Connection, lane: Lane, now: datetime, rest: timedelta) -> None:
    """Post nothing for so long."""
    values = {"paced_until": now + rest, "pace_seconds": math.ceil(rest.total_seconds())}
    connection.execute(update(lanes).where(_is(lane)).values(values))


def lock(connection: Connection, lane: Lane) -> None:
    """Keep everybody else from changing what is in the lane until the transaction ends."""
    connection.execute(select(lanes.c.fence).where(_is(lane)).with_for_update()).first()


def end_leases(connection: Connection, now: datetime) -> None:
    """End all leases. For the start of the one process that a database has: whoever held them is dead."""
    held = lanes.c.leased_until.is_not(None)
    connection.execute(update(lanes).where(held).values(leased_until=None, due_at=now, fence=lanes.c.fence + 1))


def suspend(connection: Connection, lane: Lane, *, why: str, now: datetime) -> None:
    """Send nothing any more until somebody resumes it.

    Args:
        connection: One in a write.
        lane: Which.
        why: Slack's word.
        now: The database's time.
    """
    values = {"suspended_at": now, "suspension": why}
    connection.execute(update(lanes).where(_is(lane), lanes.c.suspended_at.is_(None)).values(values))


def resume(connection: Connection, lane: Lane, now: datetime) -> datetime | None:
    """Send again.

    Returns:
        Since when it had been suspended; None when it was not.
    """
    since = connection.execute(select(lanes.c.suspended_at).where(_is(lane)).with_for_update()).scalar()
    if since is None:
        return None
    cleared = {"suspended_at": None, "suspension": None, "due_at": now, "paced_until": None}
    connection.execute(update(lanes).where(_is(lane)).values(cleared))
    return since if isinstance(since, datetime) else None


def is_over(moment: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Return whether a moment within the next minute or so has come; one that is too far ahead has."""
    return and_(moment.is_not(None), or_(moment <= now, moment > now + _AHEAD))


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(lanes.c.leased_until.is_(None), is_over(lanes.c.leased_until, now))


def _is(lane: Lane) -> ColumnElement[bool]:
    return and_(lanes.c.workspace == lane.workspace, lanes.c.channel == lane.channel)
