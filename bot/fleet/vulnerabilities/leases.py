"""Which images are to be asked about, and who asks: of several processes, one does."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from bot.fleet.vulnerabilities.model import Target
from bot.fleet.vulnerabilities.scans import ASKED, DAILY
from bot.store.rows import batched, insert_if_new
from bot.store.tables import scans


def due(
    connection: Connection, workspace: str, source: str, targets: Sequence[Target], now: datetime
) -> tuple[Target, ...]:
    """Return of which images a source is to be asked: first of those it was never asked about, then what waits longest.

    Of several tags that point to the same image, one is returned.
    """
    by_digest = {target.digest: target for target in targets}
    waits: dict[str, datetime] = {}
    taken: set[str] = set()
    for some in batched(sorted(by_digest)):
        columns = (scans.c.digest, scans.c.due_at, scans.c.leased_until, scans.c.state)
        for row in connection.execute(select(*columns).where(_are(workspace, source, some))):
            if not _is_due(row.due_at, row.leased_until, now):
                taken.add(row.digest)
            elif row.state != ASKED:
                waits[row.digest] = row.due_at
    asked_first = datetime.min.replace(tzinfo=now.tzinfo)
    wanted = [digest for digest in by_digest if digest not in taken]
    return tuple(by_digest[each] for each in sorted(wanted, key=lambda each: waits.get(each, asked_first)))


def claim(
    connection: Connection, workspace: str, source: str, targets: Sequence[Target], *, now: datetime, lease: timedelta
) -> tuple[Target, ...]:
    """Take the right to ask a source of images; return those of which nobody else is asking.

    Args:
        connection: One in a write.
        workspace: Whose.
        source: Which.
        targets: That are due.
        now: The database's time.
        lease: For how long: what is not kept by then may be asked for by anybody.
    """
    until = now + lease
    mine: set[str] = set()
    for target in sorted(targets, key=lambda each: each.digest):
        row = {
            "workspace": workspace,
            "source": source,
            "digest": target.digest,
            "repository": str(target.repository),
            "platform": target.platform,
            "state": ASKED,
            "scanned_at": now,
            "due_at": now,
            "leased_until": until,
        }
        if insert_if_new(connection, scans, row, unique=list(scans.primary_key)):
            mine.add(target.digest)
    others = sorted({target.digest for target in targets} - mine)
    for some in batched(others):
        is_free = or_(scans.c.leased_until.is_(None), scans.c.leased_until <= now, scans.c.leased_until > until)
        is_due = or_(scans.c.due_at <= now, scans.c.due_at > now + DAILY)
        taken = (
            update(scans)
            .where(_are(workspace, source, some), is_free, is_due)
            .values(leased_until=until)
            .returning(scans.c.digest)
        )
        mine |= {str(digest) for digest in connection.execute(taken).scalars()}
    return tuple(target for target in targets if target.digest in mine)


def hold(
    connection: Connection,
    workspace: str,
    source: str,
    digests: Collection[str],
    *,
    held_until: datetime,
    until: datetime | None,
) -> None:
    """Lease images that one has leased for longer, or let go of them (None)."""
    for some in batched(sorted(digests)):
        which = and_(_are(workspace, source, some), scans.c.leased_until == held_until)
        connection.execute(update(scans).where(which).values(leased_until=until))


def hasten(
    connection: Connection, workspace: str, digests: Collection[str], *, asked_before: datetime, now: datetime
) -> None:
    """Make due now what any source was asked about before a time (UTC). What has just failed keeps its pause."""
    for some in batched(sorted(digests)):
        which = and_(scans.c.workspace == workspace, scans.c.digest.in_(some))
        is_old = and_(scans.c.scanned_at < asked_before, scans.c.due_at > now, scans.c.attempts == 0)
        connection.execute(update(scans).where(which, is_old).values(due_at=now))


def is_waiting(connection: Connection, workspace: str, source: str, digests: Collection[str], at: datetime) -> bool:
    """Return whether a source is still to be asked about some of the images, or is being asked."""
    for some in batched(sorted(digests)):
        asked = and_(_are(workspace, source, some), scans.c.due_at > at)
        if connection.execute(select(func.count()).select_from(scans).where(asked)).scalar_one() < len(some):
            return True
    return False


def _is_due(due_at: datetime, leased_until: datetime | None, now: datetime) -> bool:
    """Return whether to ask. What is due later than anything is ever put off was written by a clock set back since."""
    return (due_at <= now or due_at > now + DAILY) and (leased_until is None or leased_until <= now)


def _are(workspace: str, source: str, digests: Sequence[str]) -> ColumnElement[bool]:
    return and_(scans.c.workspace == workspace, scans.c.source == source, scans.c.digest.in_(digests))
