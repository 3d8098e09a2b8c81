"""How far each subject was looked through, and who looks at it next: the rows of `sightings`.

A look is claimed by one conditional update of `due_at`, so that of several processes one looks. The claim is a lease of
five minutes; what is not finished by then is begun anew by whoever comes first. Two looks at once cost requests and
nothing else: what they find is deduplicated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select, update

from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import sightings

LEASE = timedelta(minutes=5)
AT_ONCE = timedelta(seconds=30)
"""A subject that was first wanted so lately has been looked at from the beginning."""
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far Docker Hub's clock may be ahead of the database's."""


@dataclass(frozen=True)
class Claim:
    """The right to look at a subject.

    Attributes:
        subject: Its key.
        seen_until: Pushes up to then are known, or were before our time (UTC).
        is_first: Whether no look has succeeded yet.
        problem: Why the last look failed; empty when it did not.
    """

    subject: str
    seen_until: datetime
    is_first: bool = False
    problem: str = ""


class Sightings:
    """The rows of one workspace. Safe to use from several threads, and in several processes on one database.

    Args:
        store: Where they are.
        workspace: Whose.
    """

    def __init__(self, store: Store, workspace: str) -> None:
        self._store = store
        self._workspace = workspace

    def due(self, connection: Connection, intervals: Mapping[str, timedelta]) -> tuple[str, ...]:
        """Return which subjects are due, those that were never looked at included, in the order given.

        Args:
            connection: One to read on.
            intervals: How often each subject is looked at.
        """
        now = self._store.now(connection)
        of_workspace = sightings.c.workspace == self._workspace
        rows = connection.execute(select(sightings.c.subject, sightings.c.due_at).where(of_workspace)).all()
        due_at = {row.subject: row.due_at for row in rows}
        return tuple(
            subject
            for subject, interval in intervals.items()
            if subject not in due_at or _is_due(due_at[subject], interval, now)
        )

    def claim(
        self, subject: str, interval: timedelta, *, since: datetime | None = None, at_once: bool = False
    ) -> Claim | None:
        """Take the right to look at a subject; None: it is not due (any more), or somebody else was faster.

        The first claim of all makes the row: what was pushed before the subject was first wanted is before our time.

        Args:
            subject: Its key.
            since: When it was first wanted.
            interval: How often it is looked at. A row that is due later than that was written by a clock that has been
                set back since; so is one that has seen what is still to come, and it starts over from now.
            at_once: Whether not to wait until it is due.
        """

        def claim(connection: Connection) -> Claim | None:
            now = self._store.now(connection)
            key = {"workspace": self._workspace, "subject": subject}
            # We may have been down since: then there is something to see already.
            was_away = since is not None and since < now - AT_ONCE
            first = {**key, "seen_until": since if was_away else now, "due_at": now + LEASE}
            if insert_if_new(connection, sightings, first, unique=list(sightings.primary_key)):
                return Claim(subject, since if since is not None and was_away else now, is_first=not was_away)
            row = connection.execute(select(sightings).where(*self._is(subject))).one()
            if not (at_once or _is_due(row.due_at, interval, now)):
                return None
            seen_until = row.seen_until if row.seen_until <= now + CLOCK_TOLERANCE else now
            taken = connection.execute(
                update(sightings)
                .where(*self._is(subject), sightings.c.due_at == row.due_at)
                .values(due_at=now + LEASE, seen_until=seen_until)
            )
            if taken.rowcount != 1:
                return None
            return Claim(subject, seen_until, is_first=row.looked_at is None, problem=row.problem or "")

        return self._store.write(claim)

    def succeed(self, claim: Claim, *, newest: datetime | None, next_in: timedelta, problem: str = "") -> None:
        """Note a look that saw all there is to see.

        Args:
            claim: The right to it.
            newest: The last push that was seen (UTC); None: none. `seen_until` never moves back, nor into the future.
            next_in: When to look again.
            problem: One word for what is not shown to us, and will not be; empty: nothing.
        """

        def succeed(connection: Connection) -> None:
            now = self._store.now(connection)
            noted = {"looked_at": now, "due_at": now + next_in, "problem": problem or None}
            connection.execute(update(sightings).where(*self._is(claim.subject)).values(noted))
            if newest is not None:
                seen_until = min(newest, now + CLOCK_TOLERANCE)
                earlier = sightings.c.seen_until < seen_until
                connection.execute(
                    update(sightings).where(*self._is(claim.subject), earlier).values(seen_until=seen_until)
                )

        self._store.write(succeed)

    def fail(self, claim: Claim, problem: str) -> None:
        """Note a look that did not see everything: the next one starts where this one did, when a new lease is over.

        Args:
            claim: The right to it.
            problem: One word.
        """

        def fail(connection: Connection) -> None:
            noted = {"due_at": self._store.now(connection) + LEASE, "problem": problem}
            connection.execute(update(sightings).where(*self._is(claim.subject)).values(noted))

        self._store.write(fail)

    def _is(self, subject: str) -> Sequence[ColumnElement[bool]]:
        return sightings.c.workspace == self._workspace, sightings.c.subject == subject


def _is_due(due_at: datetime, interval: timedelta, now: datetime) -> bool:
    return due_at <= now or due_at > now + max(interval, LEASE)
