"""Jobs and their items, as rows. Whoever changes a job locks its row first, and then the lane of its message."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from bot.jobs.model import Item, ItemState, Job, JobState, NewJob, Result
from bot.outbox import lanes, messages
from bot.outbox.lanes import Lane
from bot.store.tables import job_items, jobs
from bot.store.types import storable

KIND, RESULTS_KIND = "job", "job_results"
"""The kinds of messages: the one that shows the progress of a job, and the results in its thread."""
LEASE = timedelta(seconds=90)
"""How long one item may take. It is sent within fifteen seconds or not at all, and a login and a request are given up
after less than half a minute each: so nothing is on its way any more when somebody else reads what became of it."""
FARTHEST = timedelta(minutes=10)
"""Nothing is ever due further ahead: what is comes from a wall clock that has been set back since, and is due."""
APART = timedelta(milliseconds=1)
"""Between messages of one transaction: of two of the very same moment, either may go first."""
_MARGIN = timedelta(seconds=2)


def add(connection: Connection, new: NewJob, now: datetime) -> None:
    """Keep a job, with the message that shows its progress.

    Args:
        connection: One in a write.
        new: What is to be done.
        now: The database's time.
    """
    row = {
        "id": new.id,
        "workspace": new.workspace,
        "kind": new.kind,
        "change_id": new.change_id,
        "subject": new.subject,
        "request": {"title": new.title, "unit": new.unit, "done_word": new.done_word, "order": dict(new.order)},
        "asked_by": new.asked_by,
        "channel": new.channel,
        "message_id": None if new.channel is None else _post(connection, Lane(new.workspace, new.channel), new.id, now),
        "state": JobState.RUNNING,
        "counts": {ItemState.WAITING: len(new.items)},
        "created_at": now,
        "due_at": now + new.begins_in,
    }
    connection.execute(insert(jobs).values(row))
    rows = [
        {
            "job_id": new.id,
            "position": position,
            "workspace": new.workspace,
            "item": {"label": item.label, "order": dict(item.order)},
            "state": ItemState.WAITING,
        }
        for position, item in enumerate(new.items)
    ]
    if rows:
        connection.execute(insert(job_items), rows)


def find(connection: Connection, which: str) -> Job | None:
    """Return a job by its id, or by that of its change; None: there is none."""
    row = connection.execute(select(jobs).where(or_(jobs.c.id == which, jobs.c.change_id == which))).first()
    return _read(row) if row else None


def newest(connection: Connection, workspace: str, kind: str, *, is_open: bool, most: int) -> Sequence[Job]:
    """Return the jobs of a kind that were asked for last, newest first.

    Args:
        connection: Any.
        workspace: Whose.
        kind: Which kind.
        is_open: Only those that have not ended.
        most: How many at most.
    """
    wanted: list[ColumnElement[bool]] = [jobs.c.workspace == workspace, jobs.c.kind == kind]
    if is_open:
        wanted.append(jobs.c.due_at.is_not(None))
    found = select(jobs).where(and_(*wanted)).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def items(
    connection: Connection, job_id: str, *, states: Collection[ItemState] = tuple(ItemState), most: int | None = None
) -> tuple[Item, ...]:
    """Return the items of a job that are in one of the states, in their order."""
    which = and_(job_items.c.job_id == job_id, job_items.c.state.in_(list(states)))
    found = select(job_items).where(which).order_by(job_items.c.position).limit(most)
    return tuple(_read_item(row) for row in connection.execute(found))


def claim(connection: Connection, now: datetime, kinds: Collection[str], job_id: str | None = None) -> Job | None:
    """Take a lease on a job that is due.

    Args:
        connection: One in a write.
        now: The database's time.
        kinds: Which kinds can be done.
        job_id: This one, also if it is to begin only later; None: that which has waited longest.

    Returns:
        The job under its new fence; None: none is due, or others work on them.
    """
    is_free = or_(jobs.c.leased_until.is_(None), _is_over(jobs.c.leased_until, now, LEASE + _MARGIN))
    is_due = _is_over(jobs.c.due_at, now, FARTHEST)
    wanted = [jobs.c.due_at.is_not(None), is_free, jobs.c.kind.in_(list(kinds))]
    if job_id is None:
        wanted.append(is_due)
    else:
        wanted += [jobs.c.id == job_id, or_(is_due, jobs.c.started_at.is_(None))]
    found = select(jobs).where(and_(*wanted)).order_by(jobs.c.due_at, jobs.c.id).limit(1)
    row = connection.execute(found.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    until = now + LEASE
    values = {"fence": row.fence + 1, "leased_until": until, "due_at": until, "started_at": row.started_at or now}
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
    return _known(connection, row.id)


def hold(connection: Connection, job_id: str) -> Job:
    """Lock a job until the transaction ends, and return it as it is."""
    return _read(connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one())


def due_in(
    connection: Connection, now: datetime, kinds: Collection[str], job_id: str | None = None
) -> timedelta | None:
    """Return how long until a job is due; zero or less: one is; None: there is none. As for `claim`."""
    wanted: list[ColumnElement[bool]] = [jobs.c.due_at.is_not(None), jobs.c.kind.in_(list(kinds))]
    if job_id is not None:
        wanted.append(jobs.c.id == job_id)
    first = connection.execute(select(func.min(jobs.c.due_at)).where(and_(*wanted))).scalar()
    return first - now if isinstance(first, datetime) else None


def next_item(connection: Connection, job_id: str, now: datetime) -> Item | None:
    """Return the item that is next: what was left behind in the middle comes first; None: none is due.

    What could not be read comes after what was not tried yet.
    """
    is_due = or_(job_items.c.due_at.is_(None), _is_over(job_items.c.due_at, now, FARTHEST))
    for state in (ItemState.STARTED, ItemState.WAITING):
        which = and_(job_items.c.job_id == job_id, job_items.c.state == state, is_due)
        found = select(job_items).where(which).order_by(job_items.c.tries, job_items.c.position).limit(1)
        if row := connection.execute(found).first():
            return _read_item(row)
    return None


def next_set_aside(connection: Connection, job_id: str) -> Item | None:
    """Return the item that is due first of those that were set aside; None: there is none."""
    is_open = job_items.c.state.in_([ItemState.STARTED, ItemState.WAITING])
    which = and_(job_items.c.job_id == job_id, is_open, job_items.c.due_at.is_not(None))
    row = connection.execute(select(job_items).where(which).order_by(job_items.c.due_at).limit(1)).first()
    return _read_item(row) if row else None


def begin_item(connection: Connection, job: Job, item: Item, now: datetime) -> bool:
    """Note that an item is begun, and make the lease a whole one again.

    Returns:
        Whether it may be: the lease is still ours, and nobody has stopped the job.
    """
    held = hold(connection, job.id)
    if held.fence != job.fence or held.state is not JobState.RUNNING:
        return False
    until = now + LEASE
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(leased_until=until, due_at=until))
    return _move(connection, job.id, item, ItemState.STARTED, started_at=now, due_at=None, result=None)


def put_back(connection: Connection, job_id: str, item: Item) -> None:
    """Let an item that was begun wait again: it is certain that nothing was done."""
    _move(connection, job_id, item, ItemState.WAITING, started_at=None)


def set_aside(connection: Connection, job_id: str, item: Item, sentence: str, due_at: datetime) -> None:
    """Put an item that cannot be read just now behind the others; why, and when to try again."""
    _move(
        connection,
        job_id,
        item,
        item.state,
        result=storable({"sentence": sentence}),
        due_at=due_at,
        tries=job_items.c.tries + 1,
    )


def end_item(connection: Connection, job_id: str, item: Item, result: Result, now: datetime) -> bool:
    """Note what came of an item; return whether nobody has noted anything else since it was read."""
    kept = storable({"sentence": result.sentence}) if result.sentence else None
    return _move(connection, job_id, item, result.state, result=kept, ended_at=now)


def skip_rest(connection: Connection, job_id: str, sentence: str, now: datetime) -> None:
    """Note that the items which are not begun will not be done."""
    rest = and_(job_items.c.job_id == job_id, job_items.c.state == ItemState.WAITING)
    values = {"state": ItemState.SKIPPED, "result": storable({"sentence": sentence}), "ended_at": now}
    connection.execute(update(job_items).where(rest).values(values))


def count(connection: Connection, job_id: str) -> dict[str, int]:
    """Count the items by their state, and keep that with the job."""
    by_state = select(job_items.c.state, func.count()).where(job_items.c.job_id == job_id).group_by(job_items.c.state)
    counts = {str(state): int(number) for state, number in connection.execute(by_state)}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(counts=counts))
    return counts


def release(connection: Connection, job_id: str, *, due_at: datetime, problem: str = "", failures: int = 0) -> None:
    """End the lease of a job that is locked.

    Args:
        connection: The one it is locked on.
        job_id: Which.
        due_at: When to go on.
        problem: Why it does not get on; empty: it does.
        failures: How often in a row it did not.
    """
    kept = storable(problem) or None
    values = {"leased_until": None, "due_at": due_at, "problem": kept, "failures": failures}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def stop(connection: Connection, job: Job, *, by: str, now: datetime) -> bool:
    """Have a job that is locked begin nothing more; return whether this did it."""
    is_running = and_(jobs.c.id == job.id, jobs.c.state == JobState.RUNNING)
    values: dict[str, Any] = {"state": JobState.STOPPING, "stopped_by": by}
    if connection.execute(update(jobs).where(is_running).values(values)).rowcount != 1:
        return False
    # Where somebody works on it, they see it before they begin anything else.
    is_idle = and_(jobs.c.id == job.id, jobs.c.leased_until.is_(None))
    connection.execute(update(jobs).where(is_idle).values(due_at=now))
    return True


def end(connection: Connection, job: Job, state: JobState, now: datetime) -> Job:
    """Note that a job has ended, have its results posted, and return it as it is then."""
    values = {"state": state, "ended_at": now, "due_at": None, "leased_until": None, "problem": None, "failures": 0}
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    ended = _known(connection, job.id)
    _post_results(connection, ended, now)
    return ended


def show(connection: Connection, job: Job, now: datetime) -> None:
    """Have the message of a job written anew."""
    if job.channel is not None and job.message_id is not None:
        lanes.wake(connection, [Lane(job.workspace, job.channel)], now)
        messages.change(connection, [job.message_id], now)


def move(connection: Connection, job: Job, channel: str, now: datetime) -> None:
    """Have a job that is locked shown somewhere else from now on, and what is not said yet said there.

    Args:
        connection: The one it is locked on.
        job: Which.
        channel: A channel, or a person.
        now: The database's time.
    """
    if job.channel is not None:
        before = Lane(job.workspace, job.channel)
        lanes.wake(connection, [before], now)
        messages.withdraw(connection, before, job.id)
        # If it can be written anew there one day, it says where it went on.
        messages.change(connection, [job.message_id] if job.message_id else [], now)
    new = _post(connection, Lane(job.workspace, channel), job.id, now, instead_of=job.channel)
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(channel=channel, message_id=new))
    if job.state.is_final:
        _post_results(connection, _known(connection, job.id), now)


def _post(connection: Connection, lane: Lane, job_id: str, now: datetime, *, instead_of: str | None = None) -> str:
    return messages.add(
        connection,
        lane,
        kind=KIND,
        stream=job_id,
        now=now,
        content={"job": job_id, "instead_of": instead_of},
        thread_key=_thread_key(job_id),
    )


def _post_results(connection: Connection, job: Job, now: datetime) -> None:
    if job.channel is None:
        return
    messages.add(
        connection,
        Lane(job.workspace, job.channel),
        kind=RESULTS_KIND,
        stream=job.id,
        # Never at the moment of the message itself, which has to be the root of the thread.
        now=now + APART,
        content={"job": job.id, "of": job.message_id},
        thread_key=_thread_key(job.id),
    )


def _thread_key(job_id: str) -> str:
    return f"{KIND}:{job_id}"


def _move(connection: Connection, job_id: str, item: Item, state: ItemState, **values: Any) -> bool:
    as_it_was = and_(
        job_items.c.job_id == job_id, job_items.c.position == item.position, job_items.c.state == item.state
    )
    return connection.execute(update(job_items).where(as_it_was).values(state=state, **values)).rowcount == 1


def _is_over(moment: ColumnElement[datetime], now: datetime, farthest: timedelta) -> ColumnElement[bool]:
    return or_(moment <= now, moment > now + farthest)


def _known(connection: Connection, job_id: str) -> Job:
    return _read(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())


def _read(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        workspace=row.workspace,
        kind=row.kind,
        change_id=row.change_id,
        subject=row.subject,
        title=row.request["title"],
        unit=row.request["unit"],
        done_word=row.request["done_word"],
        order=row.request["order"],
        asked_by=row.asked_by,
        channel=row.channel,
        message_id=row.message_id,
        state=JobState(row.state),
        counts={ItemState(state): number for state, number in row.counts.items()},
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        fence=row.fence,
        problem=row.problem or "",
        failures=row.failures,
        stopped_by=row.stopped_by,
    )


def _read_item(row: Row[Any]) -> Item:
    return Item(
        position=row.position,
        label=row.item["label"],
        order=row.item["order"],
        state=ItemState(row.state),
        sentence=(row.result or {}).get("sentence", ""),
        started_at=row.started_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        tries=row.tries,
    )
