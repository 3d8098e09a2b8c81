"""When a namespace, or an image, was looked at, and who looks next: the rows of `sweeps`.

A subject is a namespace with a slash at its end (`acme/`), or an image (`library/python:3.12`). To look at one is a
lease with a fence: of several processes one looks in the background, and one that slept through its lease notices.
A full sweep that was cut short goes on where it was: when it began is kept until it ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Row, select, update

from bot.fleet.model import ImageName, Unchecked
from bot.store.base import Store
from bot.store.rows import batched, insert_if_new, put_many
from bot.store.tables import sweeps

LEASE = timedelta(minutes=5)
EVERY = timedelta(hours=1)
FULL_EVERY = timedelta(days=7)
AGAIN_AFTER = timedelta(minutes=15)
"""When to go on with what was cut short, unless it is known better."""
MOST_KEPT = 100
"""How many things that could not be looked at a row names; what a repository lacks stands in its own row as well."""


class SweepReport(BaseModel):
    """What a sweep did.

    Attributes:
        namespace: Whose repositories were looked through.
        is_full: Whether everything was to be read again, known or not.
        is_listed: Whether the list of repositories was read to its end.
        repositories: How many the list showed.
        changed: How many of them had to be read.
        read: How many of those were.
        gone: Repositories that are no more.
        requests: How many requests it took, without logins and repetitions.
        unchecked: What could not be looked at.
        is_partial: It was cut short: not everything was read that should have been.
        retry_at: When it makes sense to come back (UTC); None: nobody knows.
        started_at, ended_at: When (UTC).
    """

    model_config = ConfigDict(frozen=True)

    namespace: str
    started_at: datetime
    ended_at: datetime
    is_full: bool = False
    is_listed: bool = False
    repositories: int = 0
    changed: int = 0
    read: int = 0
    gone: tuple[str, ...] = ()
    requests: int = 0
    unchecked: tuple[Unchecked, ...] = ()
    is_partial: bool = False
    retry_at: datetime | None = None

    def kept(self) -> dict[str, Any]:
        """Return it as a row keeps it: what is said of a whole namespace before what is said of one repository."""
        unchecked = sorted(self.unchecked, key=lambda each: "/" in each.subject)
        some = self.model_copy(update={"unchecked": tuple(unchecked[:MOST_KEPT]), "gone": self.gone[:MOST_KEPT]})
        return some.model_dump(mode="json")


@dataclass(frozen=True)
class Lease:
    """The right to look at a subject in the background.

    Attributes:
        subject: Which.
        fence: Which lease it is.
        is_full: Whether everything is to be read again.
        started_at: Since when: what was read from then on need not be read again (UTC).
        at_once: Whether it is for somebody who waits.
    """

    subject: str
    fence: int
    is_full: bool
    started_at: datetime
    at_once: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a subject.

    Attributes:
        ended_at: When it was last looked at, to the end (UTC); None: never.
        report: What came of the last time, cut short or not; None: there was none.
        problem: Of an image: why it could not be looked at.
    """

    ended_at: datetime | None
    report: SweepReport | None = None
    problem: str = ""


def subject_of(what: str | ImageName) -> str:
    """Return the key of a namespace, or of an image."""
    if isinstance(what, str):
        return f"{what}/"
    return f"{what.repository}:{what.tag}" if what.tag else str(what.repository)


class Sweeps:
    """The rows of one workspace. Safe to use from several threads, and in several processes on one database."""

    def __init__(self, store: Store, workspace: str) -> None:
        self._store = store
        self._workspace = workspace

    def due(self, connection: Connection, subjects: Iterable[str]) -> tuple[str, ...]:
        """Return which subjects are due and in nobody's hands, those that were never looked at included."""
        now = self._store.now(connection)
        wanted = tuple(dict.fromkeys(subjects))
        known = {}
        for some in batched(wanted):
            rows = connection.execute(select(sweeps).where(*self._among(some)))
            known.update({row.subject: _is_free(row, now) and _is_due(row, now) for row in rows})
        return tuple(each for each in wanted if known.get(each, True))

    def take(self, subject: str, *, at_once: bool = False) -> Lease | None:
        """Take the right to look at a subject; None: it is not due (any more), or somebody else has it.

        Args:
            subject: Its key.
            at_once: For somebody who waits: due or not, and never a full one.
        """

        def take(connection: Connection) -> Lease | None:
            now = self._store.now(connection)
            insert_if_new(connection, sweeps, self._new(subject, now), unique=list(sweeps.primary_key))
            row = connection.execute(select(sweeps).where(*self._is(subject))).one()
            if not _is_free(row, now) or not (at_once or _is_due(row, now)):
                return None
            goes_on = row.is_full and row.started_at is not None and row.started_at <= now
            is_full = not at_once and (goes_on or _is_past(row.full_due_at, now, FULL_EVERY))
            started_at = row.started_at if goes_on else now
            values = {"fence": row.fence + 1, "leased_until": now + LEASE}
            if not at_once:
                values |= {"is_full": is_full, "started_at": started_at}
            taken = connection.execute(
                update(sweeps).where(*self._is(subject), sweeps.c.fence == row.fence).values(values)
            )
            if taken.rowcount != 1:
                return None
            since = started_at if is_full else now
            return Lease(subject, row.fence + 1, is_full=is_full, started_at=since, at_once=at_once)

        return self._store.write(take)

    def claim(self, subjects: Iterable[str]) -> list[str]:
        """Take those subjects that are due for as long as a lease lasts, if nobody was faster."""
        wanted = sorted(set(subjects))

        def claim(connection: Connection) -> list[str]:
            now = self._store.now(connection)
            taken = []
            for subject in self.due(connection, wanted):
                insert_if_new(connection, sweeps, self._new(subject, now), unique=list(sweeps.primary_key))
                row = connection.execute(select(sweeps.c.fence).where(*self._is(subject))).one()
                values = {"leased_until": now + LEASE, "fence": row.fence + 1}
                claimed = update(sweeps).where(*self._is(subject), sweeps.c.fence == row.fence).values(values)
                taken += [subject] if connection.execute(claimed).rowcount == 1 else []
            return taken

        return self._store.write(claim)

    def renew(self, connection: Connection, lease: Lease) -> bool:
        """Have a lease last longer; False when it is somebody else's by now."""
        until = self._store.now(connection) + LEASE
        renewed = connection.execute(update(sweeps).where(*self._holds(lease)).values(leased_until=until))
        return renewed.rowcount == 1

    def end(self, lease: Lease, report: SweepReport, *, next_in: timedelta = EVERY) -> None:
        """Note what came of a sweep, and give the right to it back; nothing where it is somebody else's by now.

        One for somebody who waits does not put off a full one that is under way or due.

        Args:
            lease: The right.
            report: What came of it.
            next_in: When to look again, if it was not cut short.
        """

        def end(connection: Connection) -> None:
            now = self._store.now(connection)
            row = connection.execute(select(sweeps).where(*self._holds(lease))).one_or_none()
            if row is None:
                return
            values: dict[str, Any] = {"leased_until": None, "report": report.kept()}
            if report.is_partial:
                values["due_at"] = max(report.retry_at or now + AGAIN_AFTER, now)
            else:
                values |= {"ended_at": now, "due_at": now + next_in}
                if report.is_full:
                    values |= {"is_full": False, "full_due_at": now + FULL_EVERY}
            if lease.at_once and (row.is_full or _is_past(row.full_due_at, now, FULL_EVERY)):
                del values["due_at"]
            connection.execute(update(sweeps).where(*self._holds(lease)).values(values))

        self._store.write(end)

    def give_back(self, lease: Lease) -> None:
        """Give the right back: the process ends, and another may go on at once."""

        def give_back(connection: Connection) -> None:
            connection.execute(update(sweeps).where(*self._holds(lease)).values(leased_until=None))

        self._store.write(give_back)

    def orphan(self) -> None:
        """Take all rights back: no other process uses this database, and this one starts."""

        def orphan(connection: Connection) -> None:
            is_held = sweeps.c.workspace == self._workspace, sweeps.c.leased_until.is_not(None)
            # Who held one and lives on, a thread that was too slow, finds that it is somebody else's.
            connection.execute(update(sweeps).where(*is_held).values(leased_until=None, fence=sweeps.c.fence + 1))

        self._store.write(orphan)

    def note(self, connection: Connection, problems: dict[str, str], *, next_in: timedelta = EVERY) -> None:
        """Note that images were looked at.

        Args:
            connection: One in a write.
            problems: Why each of them could not be, empty where it could, by subject.
            next_in: When to look again.
        """
        now = self._store.now(connection)
        rows = [
            {
                **self._new(subject, now),
                "due_at": now + next_in,
                "leased_until": None,
                "ended_at": now,
                "report": {"problem": problems[subject]},
            }
            for subject in sorted(problems)
        ]
        kept = {"full_due_at": sweeps.c.full_due_at, "fence": sweeps.c.fence, "is_full": sweeps.c.is_full}
        put_many(connection, sweeps, rows, change=lambda _: kept)

    def hasten(self, subjects: Iterable[str]) -> None:
        """Have subjects due at once."""
        wanted = sorted(set(subjects))

        def hasten(connection: Connection) -> None:
            now = self._store.now(connection)
            rows = [self._new(subject, now) for subject in wanted]
            put_many(connection, sweeps, rows, change=_only_due)

        self._store.write(hasten)

    def known(self, connection: Connection, subjects: Iterable[str]) -> dict[str, Known]:
        """Return what is known of subjects; of those that nobody ever wanted nothing."""
        return known(connection, self._workspace, subjects)

    def _new(self, subject: str, now: datetime) -> dict[str, Any]:
        return {
            "workspace": self._workspace,
            "subject": subject,
            "due_at": now,
            # The first one reads everything anyway.
            "full_due_at": now + FULL_EVERY,
            "fence": 0,
            "is_full": False,
        }

    def _is(self, subject: str) -> Sequence[ColumnElement[bool]]:
        return sweeps.c.workspace == self._workspace, sweeps.c.subject == subject

    def _among(self, subjects: Sequence[str]) -> Sequence[ColumnElement[bool]]:
        return sweeps.c.workspace == self._workspace, sweeps.c.subject.in_(subjects)

    def _holds(self, lease: Lease) -> Sequence[ColumnElement[bool]]:
        return *self._is(lease.subject), sweeps.c.fence == lease.fence


def known(connection: Connection, workspace: str, subjects: Iterable[str]) -> dict[str, Known]:
    """Return what is known of subjects; of those that nobody ever wanted nothing."""
    found = {}
    c = sweeps.c
    for some in batched(sorted(set(subjects))):
        statement = select(c.subject, c.ended_at, c.report).where(c.workspace == workspace, c.subject.in_(some))
        for row in connection.execute(statement):
            found[row.subject] = _known(row.ended_at, row.report)
    return found


def _known(ended_at: datetime | None, report: dict[str, Any] | None) -> Known:
    if report is None:
        return Known(ended_at)
    if "problem" in report:
        return Known(ended_at, problem=report["problem"])
    return Known(ended_at, SweepReport.model_validate(report))


def _only_due(new: Any) -> dict[str, Any]:
    c = sweeps.c
    return {"due_at": new.due_at, "full_due_at": c.full_due_at, "fence": c.fence, "is_full": c.is_full}


def _is_free(row: Row[Any], now: datetime) -> bool:
    return row.leased_until is None or _is_past(row.leased_until, now, LEASE)


def _is_due(row: Row[Any], now: datetime) -> bool:
    return _is_past(row.due_at, now, EVERY)


def _is_past(moment: datetime, now: datetime, longest: timedelta) -> bool:
    """Tell whether a moment has come; one further away than it can be was written by a clock that was set back."""
    return moment <= now or moment > now + longest
