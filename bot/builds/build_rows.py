"""Builds that we asked for, as rows: added when the asking begins, moved on by whoever hears something of them.

Whatever changes a row has its message written anew, and leaves a note in its thread for each step, in the same
transaction.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from bot.builds import progress
from bot.builds.model import Accepted, Order, Setup
from bot.builds.progress import Progress, Run
from bot.governance import cards
from bot.governance.proposals import Asker
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.store.tables import builds
from bot.store.tables import cards as card_rows
from bot.store.types import storable

KIND, STEP_KIND = "build", "build_step"
"""The kinds of messages: the one that follows a build, and the notes in its thread."""
FIRST_LOOK = timedelta(seconds=5)
FARTHEST = timedelta(minutes=10)
"""No look is ever due further ahead: one that is comes from a wall clock that has been set back since, and is due."""
APART = timedelta(milliseconds=1)
"""Between messages of one transaction: of two of the very same moment, either may go first."""
_ID_BYTES = 6
_ANSWER_MARGIN = timedelta(seconds=20)


@dataclass(frozen=True)
class FollowedBuild:
    """A build that we asked for.

    Attributes:
        id: `bld_…`, which people see.
        workspace: Whose.
        order: What was asked for.
        setup: How, as it was then.
        change_id: The change that asked for it.
        asked_by: Who, see `bot.governance.proposals.Asker.user_id`.
        channel: Where it is followed; None: nowhere.
        asked_at: When (UTC).
        due_at: When to look at it next (UTC); None: not any more.
        run: What is known of it.
    """

    id: str
    workspace: str
    order: Order
    setup: Setup
    change_id: str | None
    asked_by: str
    channel: str | None
    asked_at: datetime
    due_at: datetime | None
    run: Run

    @property
    def asker(self) -> Asker:
        """Who asked."""
        return Asker(self.asked_by)

    @property
    def thread_key(self) -> str:
        """What its message and the notes under that share."""
        return f"{KIND}:{self.id}"


def add(
    connection: Connection,
    *,
    workspace: str,
    order: Order,
    setup: Setup,
    change_id: str | None,
    asker: Asker,
    channel: str | None,
    now: datetime,
    baseline: datetime | None = None,
) -> str:
    """Keep a build that is about to be asked for, and have the message posted that follows it.

    Args:
        connection: One in a write.
        workspace: Whose.
        order: What is asked for.
        setup: How.
        change_id: The change that asks for it.
        asker: Who.
        channel: Where it is followed: a channel, or a person; None: nowhere.
        now: The database's time.
        baseline: When the tag that is asked for was pushed last (UTC); None: nobody knows, or never.

    Returns:
        Its id.
    """
    build_id = f"bld_{secrets.token_hex(_ID_BYTES)}"
    row = {
        "id": build_id,
        "workspace": workspace,
        "repository": order.repository,
        "change_id": change_id,
        "setup": setup.model_dump(mode="json"),
        "wanted": order.model_dump(mode="json"),
        "asked_by": asker.user_id,
        "channel": channel,
        "state": Progress.REQUESTED,
        "run": _stored(Run(heard_at=now, baseline=baseline)),
        "asked_at": now,
        # Not while the asking is under way: what came of that says more. If its process dies, this is when to look.
        "due_at": now + timedelta(seconds=setup.timeout_seconds) + _ANSWER_MARGIN,
    }
    connection.execute(insert(builds).values(row))
    if channel is not None:
        _post_card(connection, find(connection, build_id), channel, now)
    return build_id


def note_accepted(connection: Connection, which: str, accepted: Accepted, now: datetime) -> None:
    """Note that the provider took it.

    Args:
        connection: One in a write.
        which: The build's id, or that of the change that asked for it; one of neither is no matter.
        accepted: What the provider said.
        now: The database's time.
    """
    _note(connection, which, lambda run: progress.accepted(run, accepted, now), now, due_at=now + FIRST_LOOK)


def note_not_taken(connection: Connection, which: str, sentence: str, *, may_be_queued: bool, now: datetime) -> None:
    """Note that the provider did not take it; where nobody knows whether it did, it is followed all the same.

    Args:
        connection: One in a write.
        which: The build's id, or that of the change that asked for it; one of neither is no matter.
        sentence: What happened and what to do, for people.
        may_be_queued: Whether the provider may have taken it.
        now: The database's time.
    """

    def moved(run: Run) -> Run:
        return progress.not_taken(run, sentence, now, may_be_queued=may_be_queued)

    _note(connection, which, moved, now, due_at=now + FIRST_LOOK)


def find(connection: Connection, which: str) -> FollowedBuild:
    """Return a build.

    Raises:
        NoResultFound: There is none of that id.
    """
    return _read(connection.execute(select(builds).where(builds.c.id == which)).one())


def find_any(connection: Connection, which: str) -> FollowedBuild | None:
    """Return a build by its id, or by that of the change that asked for it; None: there is none."""
    is_it = or_(builds.c.id == which, builds.c.change_id == which)
    row = connection.execute(select(builds).where(is_it)).first()
    return _read(row) if row else None


def recent(connection: Connection, workspace: str, repository: str, most: int) -> Sequence[FollowedBuild]:
    """Return the builds of a repository that were asked for last, newest first."""
    of_it = and_(builds.c.workspace == workspace, builds.c.repository == repository)
    found = select(builds).where(of_it).order_by(builds.c.asked_at.desc(), builds.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def due(connection: Connection, now: datetime, *, most: int) -> Sequence[FollowedBuild]:
    """Return builds that have to be looked at, those that have waited longest first."""
    is_due = or_(builds.c.due_at <= now, builds.c.due_at > now + FARTHEST)
    found = select(builds).where(is_due).order_by(builds.c.due_at, builds.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def take(connection: Connection, build: FollowedBuild, *, until: datetime) -> bool:
    """Take a lease on a build that is due, by making it due later; return whether nobody else did before."""
    is_it = and_(builds.c.id == build.id, builds.c.due_at == build.due_at)
    return connection.execute(update(builds).where(is_it).values(due_at=until)).rowcount == 1


def move(
    connection: Connection,
    build: FollowedBuild,
    change: Callable[[Run], Run],
    now: datetime,
    *,
    due_at: Callable[[Run], datetime | None],
) -> FollowedBuild:
    """Change what is known of a build as it is now, show that, and say when to look next; return it as it is then.

    Args:
        connection: One in a write.
        build: Which.
        change: Returns what is known afterwards.
        now: The database's time.
        due_at: Returns when to look next, by what is known afterwards; None: not any more.
    """
    # Locked, so that of two who heard something neither forgets what the other heard.
    row = connection.execute(select(builds).where(builds.c.id == build.id).with_for_update()).one()
    before = _read(row)
    run = change(before.run)
    values: dict[str, Any] = {"state": run.state, "run": _stored(run), "due_at": due_at(run)}
    connection.execute(update(builds).where(builds.c.id == build.id).values(values))
    after = find(connection, build.id)
    if _shown(before.run) != _shown(after.run):
        cards.rewrite(connection, after.workspace, after.id, now)
    if after.channel is not None:
        for number in range(len(before.run.steps), len(after.run.steps)):
            _post_step(connection, after, after.channel, number, now)
    return after


def card_of(connection: Connection, build: FollowedBuild) -> str | None:
    """Return the id of the message that follows a build; None: none does."""
    is_it = and_(card_rows.c.workspace == build.workspace, card_rows.c.subject == build.id)
    found = connection.execute(select(card_rows.c.message_id).where(is_it).limit(1)).scalar()
    return str(found) if found else None


def _note(connection: Connection, which: str, change: Callable[[Run], Run], now: datetime, *, due_at: datetime) -> None:
    build = find_any(connection, which)
    if build is not None:
        # After an end the next look only makes sure that somebody is told of it.
        move(connection, build, change, now, due_at=lambda _: due_at)


def _post_card(connection: Connection, build: FollowedBuild, channel: str, now: datetime) -> None:
    message_id = messages.add(
        connection,
        Lane(build.workspace, channel),
        kind=KIND,
        stream=build.id,
        now=now,
        content={"build": build.id},
        thread_key=build.thread_key,
    )
    row = {"workspace": build.workspace, "subject": build.id, "message_id": message_id}
    connection.execute(insert(card_rows).values(row))


def _post_step(connection: Connection, build: FollowedBuild, channel: str, number: int, now: datetime) -> None:
    messages.add(
        connection,
        Lane(build.workspace, channel),
        kind=STEP_KIND,
        stream=build.id,
        # Never at the moment of the message itself, which has to be the root of the thread.
        now=now + APART * (number + 1),
        content={"build": build.id, "step": number},
        thread_key=build.thread_key,
    )


def _shown(run: Run) -> dict[str, Any]:
    """Return what of it people see."""
    return run.model_dump(exclude={"looks", "heard_at", "shows_builds"})


def _stored(run: Run) -> Any:
    return storable(run.model_dump(mode="json", exclude_defaults=True))


def _read(row: Row[Any]) -> FollowedBuild:
    return FollowedBuild(
        id=row.id,
        workspace=row.workspace,
        order=Order.model_validate(row.wanted),
        setup=Setup.model_validate(row.setup),
        change_id=row.change_id,
        asked_by=row.asked_by,
        channel=row.channel,
        asked_at=row.asked_at,
        due_at=row.due_at,
        run=Run.model_validate(row.run),
    )
