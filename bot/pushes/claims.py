"""Which pushes are to be read back next, as rows; and leases on them, so that only one reader asks for them.

Readers take whole repositories: a repository is locked by the first of its waiting rows, and whoever finds that locked
goes on to the next. A lease is nothing but a time at which the push is due again: if its reader dies, another reads it.

Times further ahead than anything here ever sets come from a wall clock that has been set back since; they count as
over, so that nothing stands still until the clock has caught up.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Update, and_, bindparam, func, select, update

from bot.pushes.folding import ready_at
from bot.pushes.model import ReadingProblem, ReadingState
from bot.store.tables import events

LEASE = timedelta(seconds=60)
LONGEST_WAIT = LEASE
"""How far ahead a push may be due, at most."""
_AHEAD = LONGEST_WAIT + timedelta(seconds=1)
_CANDIDATES = 50
"""How many rows to look at for a repository that nobody else is just taking."""


@dataclass(frozen=True)
class WaitingPush:
    """An event that is to be read back. All times are the database's (UTC), but for `pushed_at`, which is Docker Hub's.

    Attributes:
        event_id: Which event.
        tag: Empty when the push named none.
        pushed_at: When it was pushed.
        received_at: When we heard of it.
        due_at: When it is to be read.
        attempts: How often it was taken to be read.
        problem: Why the last attempt did not confirm it; None before the first has failed.
        is_test: Whether it did not happen.
    """

    event_id: str
    tag: str
    pushed_at: datetime
    received_at: datetime
    due_at: datetime
    attempts: int
    problem: ReadingProblem | None
    is_test: bool


@dataclass(frozen=True)
class Claim:
    """The right to read some tags of a repository, for the time of a lease.

    Attributes:
        workspace: Whose.
        repository: `namespace/name`.
        pushes: All that wait on these tags, by event.
    """

    workspace: str
    repository: str
    pushes: tuple[WaitingPush, ...]

    @cached_property
    def event_ids(self) -> frozenset[str]:
        """The events."""
        return frozenset(each.event_id for each in self.pushes)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The tags, in order; an empty one for pushes that name none."""
        return tuple(sorted({each.tag for each in self.pushes}))

    @cached_property
    def wanted(self) -> Mapping[str, datetime]:
        """When the last of the waiting pushes to each tag was; without those that name no tag."""
        pushed_at: dict[str, datetime] = {}
        for each in self.pushes:
            if each.tag:
                pushed_at[each.tag] = max(each.pushed_at, pushed_at.get(each.tag, each.pushed_at))
        return pushed_at

    def parts(self, size: int) -> Iterator["Claim"]:
        """Yield the same claim in parts of at most so many tags."""
        for start in range(0, len(self.tags), size):
            tags = frozenset(self.tags[start : start + size])
            yield replace(self, pushes=tuple(each for each in self.pushes if each.tag in tags))


def due_in(connection: Connection, now: datetime) -> timedelta | None:
    """Return how long until the next push is due; zero or less: one is; None: none waits."""
    times = select(events.c.reading_due_at).where(_waits()).limit(1)
    first = connection.execute(times.order_by(events.c.reading_due_at)).scalar()
    last = connection.execute(times.order_by(events.c.reading_due_at.desc())).scalar()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    return timedelta(0) if last > now + _AHEAD else first - now


def take(connection: Connection, now: datetime) -> Claim | None:
    """Take a lease on all tags that are due of one repository, the one that has waited longest.

    Tags of which no push was read yet wait until nothing has come for the repository for five seconds, or for twenty,
    as its messages do: six webhooks of one push, or a push of twenty tags, are then one request.

    Args:
        connection: One in a write.
        now: The database's time.

    Returns:
        None when nothing is due, or somebody else is just taking it.
    """
    for workspace, repository in _candidates(connection, now):
        if not _lock(connection, workspace, repository):
            continue
        # Whoever claims waits for nobody while holding rows, so there is no deadlock. What is locked is being settled.
        waiting = waiting_pushes(connection, workspace, repository, skip_locked=True)
        due = _due_tags(connection, waiting, now)
        if due:
            claimed = [each for each in waiting if each.tag in due]
            _lease(connection, claimed, now)
            return Claim(workspace, repository, tuple(claimed))
    return None


def waiting_pushes(
    connection: Connection,
    workspace: str,
    repository: str,
    tags: Collection[str] | None = None,
    *,
    skip_locked: bool = False,
) -> list[WaitingPush]:
    """Return what waits to be read of a repository, locked, in the order in which everybody locks: that of the ids.

    Args:
        connection: One in a write.
        workspace: Whose.
        repository: `namespace/name`.
        tags: Only these; None is all.
        skip_locked: Whether to leave out what somebody else has locked, instead of waiting for it.
    """
    rows = connection.execute(
        select(
            events.c.id,
            events.c.tag,
            events.c.pushed_at,
            events.c.received_at,
            events.c.reading_due_at,
            events.c.reading_attempts,
            events.c.reading_problem,
            events.c.source,
        )
        .where(_waits_in(workspace, repository), *([] if tags is None else [events.c.tag.in_(tags)]))
        .order_by(events.c.id)
        .with_for_update(skip_locked=skip_locked)
    )
    return [
        WaitingPush(
            event_id=row.id,
            tag=row.tag,
            pushed_at=row.pushed_at,
            received_at=row.received_at,
            due_at=row.reading_due_at,
            attempts=row.reading_attempts,
            problem=ReadingProblem(row.reading_problem) if row.reading_problem else None,
            is_test=row.source == "test",
        )
        for row in rows
    ]


def _candidates(connection: Connection, now: datetime) -> Iterable[tuple[str, str]]:
    """Return repositories of which something is due, those that have waited longest first."""
    for is_over in (events.c.reading_due_at <= now, events.c.reading_due_at > now + _AHEAD):
        rows = connection.execute(
            select(events.c.workspace, events.c.repository)
            .where(_waits(), is_over)
            .order_by(events.c.reading_due_at)
            .limit(_CANDIDATES)
        ).all()
        yield from dict.fromkeys((row.workspace, row.repository) for row in rows)


def _lock(connection: Connection, workspace: str, repository: str) -> bool:
    """Lock a repository until the transaction ends; False: it is locked."""
    first = select(func.min(events.c.id)).where(_waits_in(workspace, repository)).scalar_subquery()
    locking = select(events.c.id).where(events.c.id == first, _waits()).with_for_update(skip_locked=True)
    return connection.execute(locking).first() is not None


def _due_tags(connection: Connection, waiting: Sequence[WaitingPush], now: datetime) -> frozenset[str]:
    """Return the tags to be read now; those that should wait a little longer are put off."""
    by_tag = {
        tag: tuple(pushes)
        for tag, pushes in groupby(sorted(waiting, key=lambda each: each.tag), key=lambda each: each.tag)
    }
    due = {tag for tag, pushes in by_tag.items() if any(_is_due(each, now) for each in pushes)}
    fresh = {tag for tag, pushes in by_tag.items() if not any(each.attempts for each in pushes)}
    heard_at = [each.received_at for tag in fresh for each in by_tag[tag]]
    if not heard_at or (until := ready_at(min(heard_at), max(heard_at), now)) <= now:
        return frozenset(due)
    put_off = [each.event_id for tag in fresh & due for each in by_tag[tag]]
    _postpone(connection, put_off, until)
    return frozenset(due - fresh)


def _is_due(push: WaitingPush, now: datetime) -> bool:
    return push.due_at <= now or push.due_at > now + _AHEAD


def _postpone(connection: Connection, event_ids: Iterable[str], until: datetime) -> None:
    _update(connection, update(events).values(reading_due_at=until), event_ids)


def _lease(connection: Connection, pushes: Iterable[WaitingPush], now: datetime) -> None:
    lease = update(events).values(reading_due_at=now + LEASE, reading_attempts=events.c.reading_attempts + 1)
    _update(connection, lease, [each.event_id for each in pushes])


def _update(connection: Connection, change: Update, event_ids: Iterable[str]) -> None:
    rows = [{"event_id": event_id} for event_id in sorted(event_ids)]
    if rows:
        connection.execute(change.where(events.c.id == bindparam("event_id")), rows)


def _waits() -> ColumnElement[bool]:
    return and_(events.c.reading_state == ReadingState.WAITING.value, events.c.reading_due_at.is_not(None))


def _waits_in(workspace: str, repository: str) -> ColumnElement[bool]:
    return and_(_waits(), events.c.workspace == workspace, events.c.repository == repository)
