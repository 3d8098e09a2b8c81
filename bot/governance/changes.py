"""Changes, as rows. Each step is one conditional update: of several who try it, one gets through."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.store.tables import changes

LEASE = timedelta(minutes=3)
"""How long carrying out a change may take. After that its process counts as dead, and what became of it is read."""
GRACE = timedelta(seconds=20)
"""How long who asked may take to begin what nobody has to approve, before a loop does."""
LONGEST_WAIT = timedelta(minutes=1)
"""How far ahead something approved is looked at next, at most."""
_ID_BYTES = 6
_BUTTON_BYTES = 24
# An answer that comes late corrects what was not known.
_UNSETTLED = (State.STARTED, State.UNKNOWN)


def add(
    connection: Connection,
    workspace: str,
    proposal: Proposal,
    asker: Asker,
    *,
    now: datetime,
    approval_reason: str | None = None,
    deadline: timedelta | None = None,
) -> Change:
    """Keep a change: requested, if somebody else has to approve it, else approved.

    Args:
        connection: One in a write.
        workspace: Whose.
        proposal: What is to be done.
        asker: Who wants it.
        now: The database's time.
        approval_reason: Why somebody else has to approve it.
        deadline: How long that may take; goes with the reason.
    """
    expires_at = now + deadline if deadline is not None else None
    change_id = f"chg_{secrets.token_hex(_ID_BYTES)}"
    row = {
        "id": change_id,
        "workspace": workspace,
        "button": secrets.token_urlsafe(_BUTTON_BYTES),
        "kind": proposal.kind,
        "proposal": proposal.model_dump(mode="json"),
        "subject": proposal.subject,
        "asker": asker.user_id,
        "asker_team": asker.team_id,
        "channel": asker.channel,
        "state": State.APPROVED if approval_reason is None else State.REQUESTED,
        "approval_reason": approval_reason,
        "requested_at": now,
        "expires_at": expires_at,
        "due_at": now + GRACE if approval_reason is None else expires_at,
    }
    connection.execute(insert(changes).values(row))
    change = _found(connection, change_id)
    _note(connection, change, State.REQUESTED, now)
    return change


def find(connection: Connection, change_id: str) -> Change | None:
    """Return a change; None when there is none of that id."""
    return _one(connection, changes.c.id == change_id)


def find_by_button(connection: Connection, button: str) -> Change | None:
    """Return the change that a button decides on; None when there is none."""
    return _one(connection, changes.c.button == button)


def in_states(connection: Connection, workspace: str, states: Collection[State], *, most: int) -> Sequence[Change]:
    """Return the newest changes that are in one of the states, newest first."""
    which = and_(changes.c.workspace == workspace, changes.c.state.in_(list(states)))
    found = select(changes).where(which).order_by(changes.c.requested_at.desc(), changes.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def requests(
    connection: Connection, workspace: str, *, is_open: bool, asker: str | None, most: int
) -> Sequence[Change]:
    """Return the newest changes that somebody else has to approve, or had to; newest first.

    Args:
        connection: Any.
        workspace: Whose.
        is_open: Only what still waits for it.
        asker: Only what this person asked for; None: everybody.
        most: How many at most.
    """
    wanted = [changes.c.workspace == workspace, changes.c.approval_reason.is_not(None)]
    if is_open:
        wanted.append(changes.c.state == State.REQUESTED)
    if asker is not None:
        wanted.append(changes.c.asker == asker)
    found = select(changes).where(and_(*wanted)).order_by(changes.c.requested_at.desc(), changes.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def due(connection: Connection, now: datetime, *, most: int) -> Sequence[Change]:
    """Return changes that a loop has to look at."""
    found = select(changes).where(_is_due(now)).order_by(changes.c.due_at, changes.c.id).limit(most)
    return [_read(row) for row in connection.execute(found)]


def take(connection: Connection, change: Change, *, now: datetime, until: datetime) -> bool:
    """Keep others from looking at a change that is due, until then; return whether this did it."""
    is_it = and_(changes.c.id == change.id, changes.c.state == change.state, _is_due(now))
    return connection.execute(update(changes).where(is_it).values(due_at=until)).rowcount == 1


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Return whether it is time; what is further ahead than anything here sets comes from a clock set back since."""
    ahead = or_(
        and_(changes.c.state == State.APPROVED, changes.c.due_at > now + LONGEST_WAIT),
        and_(changes.c.state == State.STARTED, changes.c.due_at > now + LEASE),
    )
    return or_(changes.c.due_at <= now, ahead)


def decide(connection: Connection, change: Change, state: State, *, by: str | None, now: datetime) -> bool:
    """Approve, reject, withdraw or let expire what was requested; return whether this did it.

    Args:
        connection: One in a write.
        change: Which.
        state: What becomes of it.
        by: Who decided; None: time did, or who asked.
        now: The database's time.
    """
    is_open = changes.c.expires_at <= now if state is State.EXPIRED else changes.c.expires_at > now
    return _move(
        connection,
        change,
        (State.REQUESTED,),
        state,
        now,
        only_if=is_open,
        decided_by=by,
        decided_at=now,
        ended_at=now if state.is_final else None,
        due_at=now if state is State.APPROVED else None,
    )


def start(connection: Connection, change: Change, *, now: datetime) -> bool:
    """Note that it is being carried out; return whether this did it, and so has the only right to send."""
    return _move(connection, change, (State.APPROVED,), State.STARTED, now, started_at=now, due_at=now + LEASE)


def refuse(connection: Connection, change: Change, outcome: Outcome, *, now: datetime) -> bool:
    """Note that what was approved must not be carried out after all; return whether this did it."""
    return _move(
        connection, change, (State.APPROVED,), State.FAILED, now, outcome=outcome.to_json(), ended_at=now, due_at=None
    )


def settle(connection: Connection, change: Change, outcome: Outcome, *, now: datetime) -> bool:
    """Note what came of it; return whether this did it."""
    return _move(
        connection, change, _UNSETTLED, outcome.state, now, outcome=outcome.to_json(), ended_at=now, due_at=None
    )


def postpone(connection: Connection, change: Change, *, until: datetime) -> None:
    """Have a loop look at it later; nothing, if it has gone on since."""
    is_it = and_(changes.c.id == change.id, changes.c.state == change.state)
    connection.execute(update(changes).where(is_it).values(due_at=until))


def orphan(connection: Connection, now: datetime) -> None:
    """Let what was under way count as left by its process: where there is one process only, which starts."""
    is_under_way = changes.c.state.in_([State.APPROVED, State.STARTED])
    connection.execute(update(changes).where(is_under_way).values(due_at=now))


def _move(
    connection: Connection,
    change: Change,
    before: Sequence[State],
    after: State,
    now: datetime,
    *,
    only_if: ColumnElement[bool] | None = None,
    **values: Any,
) -> bool:
    is_it = and_(changes.c.id == change.id, changes.c.state.in_(list(before)), changes.c.state != after)
    which = is_it if only_if is None else and_(is_it, only_if)
    if connection.execute(update(changes).where(which).values(state=after, **values)).rowcount != 1:
        return False
    _note(connection, _found(connection, change.id), after, now)
    return True


def _note(connection: Connection, change: Change, event: State, now: datetime) -> None:
    details: dict[str, Any] = {"action": change.proposal.action}
    if event is State.REQUESTED:
        details |= {"sent": list(change.proposal.shown), "approval": change.approval_reason}
    if change.outcome:
        details |= change.outcome.to_json()
    entry = Entry(
        event=event,
        verb=change.proposal.action.partition(".")[0],
        subject=change.proposal.subject,
        summary=change.proposal.summary,
        actor=change.asker.user_id,
        channel=change.asker.channel,
        decided_by=change.decided_by,
        change_id=change.id,
        details=details,
    )
    audit.note(connection, change.workspace, entry, now=now)


def _found(connection: Connection, change_id: str) -> Change:
    return _read(connection.execute(select(changes).where(changes.c.id == change_id)).one())


def _one(connection: Connection, which: ColumnElement[bool]) -> Change | None:
    row = connection.execute(select(changes).where(which)).first()
    return _read(row) if row else None


def _read(row: Row[Any]) -> Change:
    state = State(row.state)
    return Change(
        id=row.id,
        workspace=row.workspace,
        button=row.button,
        proposal=Proposal.model_validate(row.proposal),
        asker=Asker(user_id=row.asker, team_id=row.asker_team, channel=row.channel),
        state=state,
        approval_reason=row.approval_reason,
        decided_by=row.decided_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=_outcome(state, row.outcome) if row.outcome else None,
    )


def _outcome(state: State, kept: Mapping[str, Any]) -> Outcome:
    return Outcome(state, kept["sentence"], kept["answer"], goes_on=kept.get("goes_on", False))
