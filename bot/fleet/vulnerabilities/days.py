"""How the counts of vulnerabilities went, by day: of each tag, and of whole namespaces."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from bot.fleet.model import TagSnapshot
from bot.fleet.vulnerabilities.model import Counts, Severity, Target
from bot.fleet.vulnerabilities.written import read_counts, written_counts
from bot.store.rows import batched, put_many
from bot.store.tables import scan_days

KEPT_FOR = timedelta(days=400)
WEEK = timedelta(days=7)
_LOOKED_BACK = timedelta(days=14)


def day_of(moment: datetime) -> str:
    """Return the day of a moment, in UTC: `2026-11-21`."""
    return f"{moment:%Y-%m-%d}"


def keep_days(connection: Connection, workspace: str, of_today: Iterable[tuple[Target, Counts]], now: datetime) -> None:
    """Note how many vulnerabilities are open in tags today."""
    found = {(str(target.repository), target.tag): (target, counts) for target, counts in of_today}
    rows = [_row(workspace, key, target.digest, counts, now) for key, (target, counts) in sorted(found.items())]
    put_many(connection, scan_days, rows)


def keep_total(connection: Connection, workspace: str, namespace: str, counts: Counts, now: datetime) -> None:
    """Note how many vulnerabilities are open in all of a namespace today."""
    put_many(connection, scan_days, [_row(workspace, (_whole(namespace), ""), "", counts, now)])


def totals(
    connection: Connection, workspace: str, namespace: str, *, since: datetime
) -> tuple[tuple[str, dict[Severity, int]], ...]:
    """Return how many were open in all of a namespace, by day, the oldest first; unknown days are missing."""
    which = _of(workspace, [_whole(namespace)], day_of(since))
    found = select(scan_days.c.day, scan_days.c.counts).where(which).order_by(scan_days.c.day)
    return tuple((row.day, read_counts(row.counts)) for row in connection.execute(found))


def before(
    connection: Connection, workspace: str, tags: Collection[TagSnapshot], now: datetime
) -> dict[str, tuple[str, dict[Severity, int]]]:
    """Return how many were open in tags a week ago, or on the first day that is known; with that day, by reference.

    Where the day of a week ago is not known, it is the last one before. A tag that was not looked at before is missing.
    """
    week_ago, today = day_of(now - WEEK), day_of(now)
    found = _pick(connection, workspace, tags, (day_of(now - _LOOKED_BACK), week_ago), is_last=True)
    younger = [tag for tag in tags if tag.reference not in found]
    return {**found, **_pick(connection, workspace, younger, (week_ago, today), is_last=False)}


def prune(connection: Connection, workspace: str, now: datetime) -> int:
    """Forget days that are long over; return how many rows that were."""
    old = and_(scan_days.c.workspace == workspace, scan_days.c.day < day_of(now - KEPT_FOR))
    return connection.execute(delete(scan_days).where(old)).rowcount


def sums(each: Iterable[Counts]) -> dict[Severity, int]:
    """Return counts added up."""
    total = dict.fromkeys(Severity, 0)
    for counts in each:
        for severity, value in counts.items():
            total[severity] += value
    return total


def _pick(
    connection: Connection,
    workspace: str,
    tags: Collection[TagSnapshot],
    days: tuple[str, str],
    *,
    is_last: bool,
) -> dict[str, tuple[str, dict[Severity, int]]]:
    """Return the first or last of some days; today is not among them."""
    wanted = {(str(tag.repository), tag.name): tag.reference for tag in tags}
    first, last = days
    found: dict[str, tuple[str, Mapping[str, int]]] = {}
    columns = (scan_days.c.repository, scan_days.c.tag, scan_days.c.day, scan_days.c.counts)
    until = scan_days.c.day <= last if is_last else scan_days.c.day < last
    order = scan_days.c.day if is_last else scan_days.c.day.desc()
    for some in batched(sorted({repository for repository, _ in wanted})):
        which = and_(_of(workspace, some, first), until)
        for row in connection.execute(select(*columns).where(which).order_by(order)):
            reference = wanted.get((row.repository, row.tag))
            if reference is not None:
                found[reference] = (row.day, row.counts)
    return {reference: (day, read_counts(counts)) for reference, (day, counts) in found.items()}


def _row(workspace: str, tag: tuple[str, str], digest: str, counts: Counts, now: datetime) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "repository": tag[0],
        "tag": tag[1],
        "day": day_of(now),
        "digest": digest,
        "counts": written_counts(counts),
    }


def _of(workspace: str, repositories: Sequence[str], since: str) -> ColumnElement[bool]:
    return and_(scan_days.c.workspace == workspace, scan_days.c.repository.in_(repositories), scan_days.c.day >= since)


def _whole(namespace: str) -> str:
    return f"{namespace}/"
