"""Deciding what is said of a date, once, whatever dies and however many look.

A digest that is due is claimed as a lease. What it says is read on a connection that sees one moment. Then the report,
which is unique for digest and date, the baseline of the next one, the next date and the message that is to be sent are
committed together, if the lease still holds. So each date is decided exactly once, and what is decided is delivered as
every message is.

Only the newest date that is due is told, and only while it is less than twelve hours late; those before it were missed.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection

from bot.digest import rows
from bot.digest.knowledge import Baseline, Gathered, Knowledge
from bot.digest.rows import Decided, Digest, ReportState
from bot.digest.schedule import Due, Schedule
from bot.digest.writers import KIND, content_of
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.slack import text
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

LATEST = timedelta(hours=12)
"""A digest that is later than this is not sent."""
LATE_AFTER = timedelta(minutes=5)
"""One that is later than this says so."""
MOST_NOTED = 100
"""Of the dates that were missed in a row, so many are noted, the newest ones."""


@dataclass(frozen=True)
class Plan:
    """What is to be decided.

    Attributes:
        told: The date that is told; None: none is.
        passed: The dates that are not, and why.
    """

    told: Due | None
    passed: tuple[tuple[Due, ReportState], ...] = ()


def make_plan(schedule: Schedule, due: Due, now: datetime, *, paused_until: datetime | None = None) -> Plan:
    """Return what is to be decided of what is due by now.

    Args:
        schedule: When the digest is due.
        due: The first time that is not decided yet.
        now: The time (aware).
        paused_until: Until when dates are passed over.
    """
    if due.at > now:
        return Plan(None)
    # By date: after a change of the time zone the same one may come once more.
    dues = list({each.date: each for each in (due, *schedule.all_after(due.at, until=now))}.values())[-MOST_NOTED:]
    newest = dues[-1]
    is_told = now - newest.at < LATEST and not _is_paused(newest, paused_until)
    passed = dues[:-1] if is_told else dues
    return Plan(newest if is_told else None, tuple((each, _why_not(each, paused_until)) for each in passed))


def next_undecided(
    connection: Connection, workspace: str, digest_id: str, schedule: Schedule, after: datetime
) -> tuple[Due, bool]:
    """Return when a digest is due next, and whether a date before that was left out because it is decided already."""
    due = schedule.next_after(after)
    decided = rows.dates_decided(connection, workspace, digest_id, since=due.date)
    has_left_out = due.date in decided
    while due.date in decided:
        due = schedule.next_after(due.at)
    return due, has_left_out


class Decider:
    """Decides. Safe to use from several threads and processes. Every method raises `StoreUnavailableError`.

    Args:
        store: Where digests are.
        knowledge: What they are made of.
        workspace: Whose.
        is_read_outside: Returns whether people of other organizations read a channel, as far as Slack says now.
    """

    def __init__(
        self,
        store: Store,
        knowledge: Knowledge,
        workspace: str = HOME,
        *,
        is_read_outside: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._workspace = workspace
        self._is_read_outside = is_read_outside

    def decide(self, digest: Digest) -> bool:
        """Decide what is due of a digest; return whether that was done, and not by somebody else."""
        with self._store.read() as connection:
            plan = self._plan(digest, self._store.now(connection))
        fence = self._claim(digest)
        if fence is None:
            return False
        is_held = plan.told is not None and self._is_held(digest)
        gathered = self._gather(digest, digest.baseline or {}, plan.told) if plan.told and not is_held else None

        def commit(connection: Connection) -> bool:
            if not rows.hold(connection, digest, fence):
                return False  # Somebody changed it, or took over.
            rows.release(connection, digest)
            now = self._store.now(connection)
            if self._plan(digest, now) != plan:
                return False  # Time has gone by: another date is due, or this one is too late.
            if plan.told and gathered:
                self._tell(connection, digest, plan.told, gathered, now)
            elif plan.told:
                self._hold_back(connection, digest, plan.told, now)
            for due, state in plan.passed:
                rows.decide(connection, self._workspace, _decided(digest, due, state, now))
            due, _ = next_undecided(connection, self._workspace, digest.id, digest.wish.schedule, now)
            rows.move_on(connection, digest, due)
            return True

        is_done = self._store.write(commit)
        if is_done:
            _log(digest, plan, is_held=is_held)
        return is_done

    def take_baseline(self, digest: Digest) -> bool:
        """Note how everything is, so that the next digest tells what has changed since; return whether it was done."""
        fence = self._claim(digest)
        if fence is None:
            return False
        gathered = self._gather(digest, {})

        def commit(connection: Connection) -> bool:
            if not rows.hold(connection, digest, fence):
                return False
            rows.release(connection, digest)
            rows.keep_baseline(connection, digest, gathered.baseline, gathered.at)
            return True

        return self._store.write(commit)

    def _is_held(self, digest: Digest) -> bool:
        """Return whether nobody has agreed to who reads the channel: it may have been shared since it was set."""
        return not digest.wish.is_for_outside and self._is_read_outside(digest.wish.channel)

    def _hold_back(self, connection: Connection, digest: Digest, due: Due, now: datetime) -> None:
        """Keep the baseline, so that the next digest tells all; and tell who set it, once."""
        before = rows.last_decided(connection, self._workspace, [digest.id]).get(digest.id)
        decided = _decided(digest, due, ReportState.HELD, now)
        is_new = rows.decide(connection, self._workspace, decided)
        if not is_new or digest.created_by is None or (before and before.state is ReportState.HELD):
            return
        channel, name = digest.wish.channel, text.code(digest.wish.name)
        said = Message(
            f"People of another organization read <#{channel}> by now, so I hold the digest {name} back. Nothing of it "
            "is lost: set it there once more with `/hub digest set`, and say that they may read it. `/hub digest off` "
            "ends it."
        )
        add_note(connection, Lane(self._workspace, digest.created_by), said, stream=channel, now=now)

    def _claim(self, digest: Digest) -> int | None:
        return self._store.write(lambda connection: rows.claim(connection, digest, self._store.now(connection)))

    def _plan(self, digest: Digest, now: datetime) -> Plan:
        return make_plan(digest.wish.schedule, digest.due, now, paused_until=digest.paused_until)

    def _gather(self, digest: Digest, baseline: Baseline, due: Due | None = None) -> Gathered:
        with self._store.read() as connection:
            now = self._store.now(connection)
            day = due.date if due else digest.wish.schedule.date_at(now)
            return self._knowledge.gather(
                connection, digest.wish.wanted, baseline, now=now, since=digest.baseline_at, day=day
            )

    def _tell(self, connection: Connection, digest: Digest, due: Due, gathered: Gathered, now: datetime) -> None:
        decided = _decided(digest, due, ReportState.TOLD, now, report=gathered.report.model_dump(mode="json"))
        if not rows.decide(connection, self._workspace, decided):
            return  # Whatever was decided of this date stays so; what is new is told with the next one.
        late_by = now - due.at
        content = content_of(
            gathered.report,
            report_id=decided.id,
            name=digest.wish.name,
            date=due.date,
            late_by=late_by if late_by > LATE_AFTER else None,
        )
        lane = Lane(self._workspace, digest.wish.channel)
        message_id = messages.add(connection, lane, kind=KIND, stream=digest.id, now=now, content=content)
        rows.note_message(connection, self._workspace, decided.id, message_id)
        rows.keep_baseline(connection, digest, gathered.baseline, gathered.at)


def _is_paused(due: Due, paused_until: datetime | None) -> bool:
    return paused_until is not None and due.at < paused_until


def _why_not(due: Due, paused_until: datetime | None) -> ReportState:
    return ReportState.PAUSED if _is_paused(due, paused_until) else ReportState.MISSED


def _decided(digest: Digest, due: Due, state: ReportState, now: datetime, report: JsonValue = None) -> Decided:
    return Decided(
        id=rows.new_id("rep"),
        digest_id=digest.id,
        channel=digest.wish.channel,
        date=due.date,
        state=state,
        due_at=due.at,
        decided_at=now,
        report=report,
    )


def _log(digest: Digest, plan: Plan, *, is_held: bool) -> None:
    facts = {"digest": digest.id, "channel": digest.wish.channel}
    if plan.told and is_held:
        logger.warning("digest_held_back", extra={**facts, "date": plan.told.date.isoformat()})
    elif plan.told:
        logger.info("digest_decided", extra={**facts, "date": plan.told.date.isoformat()})
    missed = [due.date.isoformat() for due in _missed(plan)]
    if missed:
        logger.warning("digests_missed", extra={**facts, "dates": missed})


def _missed(plan: Plan) -> Iterator[Due]:
    return (due for due, state in plan.passed if state is ReportState.MISSED)
