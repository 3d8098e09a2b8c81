"""Keeping what sources say of images.

An answer that says nothing is noted beside what is known, and asked for again after longer and longer times.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from bot.fleet.vulnerabilities.acceptances import Acceptances, active
from bot.fleet.vulnerabilities.days import keep_days
from bot.fleet.vulnerabilities.model import Counts, Scan, ScanState, Target, Vulnerability, count
from bot.fleet.vulnerabilities.scans import ASKED, DAILY, DETAILS_FOR
from bot.fleet.vulnerabilities.written import read_counts, read_findings, written_counts, written_findings
from bot.store.rows import batched, put_many
from bot.store.tables import scan_days, scans
from bot.store.types import storable

FIRST_RETRY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=90)
"""After so long a time without being asked about, an image is nobody's concern any more."""
_MOST_DOUBLINGS = 10
_FALLS_SHORT = "fewer vulnerabilities were listed than were counted"


def keep(
    connection: Connection,
    workspace: str,
    source: str,
    found: Iterable[tuple[Sequence[Target], Scan]],
    now: datetime,
) -> None:
    """Keep what a source says of images, and how the counts of their tags are today.

    Args:
        connection: One in a write.
        workspace: Whose.
        source: Who says so.
        found: Each scan, with everything that points to the image.
        now: The database's time.
    """
    by_digest = {scan.digest: (tuple(targets), scan) for targets, scan in found if targets}
    rows: dict[str, dict[str, Any]] = {}
    for some in batched(sorted(by_digest)):
        for row in connection.execute(select(scans).where(_are(workspace, source, some))).mappings():
            rows[row["digest"]] = dict(row)
    accepted = Acceptances(active(connection, workspace, now))
    new_rows, of_today = [], []
    for digest, (targets, told) in sorted(by_digest.items()):
        first, before = targets[0], rows.get(digest)
        scan = _believed(before, told)
        merged = _merged(before, scan, now)
        if _says_something(scan) and scan.findings is not None:
            had = before["findings"] if before and before["findings"] else _of_tag(connection, workspace, source, first)
            merged["findings"] = _dated(scan.findings, had, now)
        key = {"workspace": workspace, "source": source, "digest": digest}
        new_rows.append({**key, "repository": str(first.repository), "platform": first.platform, **merged})
        if _says_something(scan):
            of_today += [(target, _open_counts(merged, accepted, target)) for target in targets]
    put_many(connection, scans, new_rows)
    keep_days(connection, workspace, of_today, now)


def prune(connection: Connection, workspace: str, now: datetime) -> int:
    """Forget images that nobody asked for in a long time; return how many."""
    old = and_(scans.c.workspace == workspace, scans.c.due_at < now - FORGOTTEN_AFTER)
    return connection.execute(delete(scans).where(old)).rowcount


def _open_counts(row: Mapping[str, Any], accepted: Acceptances, target: Target) -> Counts:
    if row["detailed_at"] and accepted.of(target.repository):
        return count(accepted.split(target.repository, read_findings(row["findings"], {})[0])[0])
    return read_counts(row["counts"])


def _says_something(scan: Scan) -> bool:
    return scan.state is ScanState.ANALYSED and (scan.counts is not None or scan.findings is not None)


def _believed(row: Mapping[str, Any] | None, scan: Scan) -> Scan:
    """Return what a source says, or that it failed where it lists less than it counted: what is left out is there."""
    counted = sum(read_counts(row["summary"]).values()) if row is not None and row["summary"] else 0
    if scan.listed is None or scan.listed >= counted:
        return scan
    return Scan(scan.digest, ScanState.FAILED, scan.scanned_at, why=_FALLS_SHORT)


def _merged(row: Mapping[str, Any] | None, scan: Scan, now: datetime) -> dict[str, Any]:
    """Return what becomes of a row. What is known is not overwritten by an answer that says nothing."""
    had = row if row is not None and row["state"] != ASKED else None
    if not _says_something(scan):
        return _without_answer(had, scan, attempts=row["attempts"] if row else 0, now=now)
    answered = {
        "state": ScanState.ANALYSED.value,
        "scanned_at": scan.scanned_at,
        "problem": None,
        "gaps": str(storable(scan.gaps)) or None,
        "due_at": now + DAILY,
        "attempts": 0,
        "leased_until": None,
    }
    if scan.findings is not None:
        listed = written_counts(count(scan.findings))
        # A source may count otherwise than it lists. So its next count is compared with its last.
        summary = (had["summary"] if had else None) or written_counts(scan.counts or count(scan.findings))
        return {**answered, "counts": listed, "summary": summary, "findings": None, "detailed_at": now}
    told = written_counts(scan.counts or {})
    is_same = had is not None and had["summary"] == told
    if had is not None and is_same and had["detailed_at"]:
        # Findings that should be read again and cannot be are not asked for ever more often than others.
        attempts = had["attempts"] if had["detailed_at"] <= now - DETAILS_FOR else 0
        known = {name: had[name] for name in ("counts", "summary", "findings", "detailed_at")}
        return {**answered, **known, "attempts": attempts}
    counted = {**answered, "counts": told, "summary": told}
    if not any(told.values()):
        return {**counted, "findings": written_findings((), {}), "detailed_at": now}
    # Whoever asked goes on to read the findings. If they do not, it is still due.
    left = {"due_at": now, "leased_until": row["leased_until"] if row else None}
    attempts = had["attempts"] if had is not None and is_same else 0
    return {**counted, **left, "attempts": attempts, "findings": had["findings"] if had else None, "detailed_at": None}


def _without_answer(had: Mapping[str, Any] | None, scan: Scan, *, attempts: int, now: datetime) -> dict[str, Any]:
    wait = min(DAILY, FIRST_RETRY * 2 ** min(attempts, _MOST_DOUBLINGS))
    noted = {
        "problem": str(storable(scan.why)) or None,
        "due_at": now + wait,
        "attempts": attempts + 1,
        "leased_until": None,
    }
    names = ("state", "counts", "findings", "gaps", "scanned_at", "detailed_at", "summary")
    if had and had["state"] == ScanState.ANALYSED:
        return {**{name: had[name] for name in names}, **noted}
    state = ScanState.FAILED if scan.state is ScanState.ANALYSED else scan.state
    return {**dict.fromkeys(names), **noted, "state": state.value, "scanned_at": scan.scanned_at}


def _dated(findings: Sequence[Vulnerability], before: Any, now: datetime) -> Any:
    """Return findings as they are written, with the time at which each was first seen.

    Args:
        findings: Those that are there now.
        before: Those that were there before, as they are written; None: nobody looked, and all count as there from the
            beginning.
        now: The database's time.
    """
    if before is None:
        return written_findings(findings, {})
    had, since = read_findings(before, {})
    seen = {name: since.get(each.id) for each in had for name in each.names}
    came: dict[str, datetime] = {}
    for each in findings:
        known = [seen[name] for name in sorted(each.names) if name in seen]
        first = now if not known else known[0]
        if first is not None:
            came[each.id] = first
    return written_findings(findings, came)


def _of_tag(connection: Connection, workspace: str, source: str, target: Target) -> Any:
    """Return the findings of the image that a tag pointed to before; None: they are not known."""
    of_tag = and_(
        scan_days.c.workspace == workspace,
        scan_days.c.repository == str(target.repository),
        scan_days.c.tag == target.tag,
        scan_days.c.digest != target.digest,
    )
    digest = connection.execute(select(scan_days.c.digest).where(of_tag).order_by(scan_days.c.day.desc()).limit(1))
    previous = digest.scalar()
    if previous is None:
        return None
    which = and_(_are(workspace, source, [previous]), scans.c.findings.is_not(None))
    return connection.execute(select(scans.c.findings).where(which)).scalar()


def _are(workspace: str, source: str, digests: Sequence[str]) -> ColumnElement[bool]:
    return and_(scans.c.workspace == workspace, scans.c.source == source, scans.c.digest.in_(digests))
