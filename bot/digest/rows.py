"""Digests, and what was decided of each, as rows.

A digest has one row, with when it is due next. Whoever decides on it takes a lease, by the database's clock and with a
number, the fencing token: a later lease, and every change to the digest, has a higher one, so whoever held an earlier
one finds that this is over. That a date is decided only once is seen to by the key of its report.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from bot.digest.schedule import Due, Schedule
from bot.fleet.model import ImageName, Scope
from bot.images import OFFICIAL_NAMESPACE, ImageReference, InvalidReferenceError, RepositoryName
from bot.pushes.subscriptions import Origin
from bot.store.rows import batched, insert_if_new
from bot.store.tables import digest_reports, digests, messages
from bot.words import quoted

DEFAULT_NAME = "morning"
LEASE = timedelta(minutes=2)
KEPT = timedelta(days=90)
"""How long what was decided is kept."""
_AHEAD = LEASE + timedelta(seconds=2)
_ID_BYTES = 12


class ReportState(StrEnum):
    """What was decided of a date."""

    TOLD = "told"
    """Its message is in the outbox, and delivered as every message is."""
    MISSED = "missed"
    """The bot was down for too long, or a later date was due as well: nothing was sent."""
    PAUSED = "paused"
    HELD = "held"
    """People of other organizations read the channel, and nobody has agreed to that: what there is to say waits."""


@dataclass(frozen=True)
class Wanted:
    """What a digest is about.

    Attributes:
        scope: Which images.
        only: Which parts, by key; empty: all there are.
    """

    scope: Scope
    only: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as it is kept."""
        return {
            "namespaces": list(self.scope.namespaces),
            "images": [str(each) for each in self.scope.images],
            "only": [*sorted(self.only)],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Wanted":
        """Return what was kept."""
        images = tuple(read_image(each) for each in value["images"])
        return cls(Scope(tuple(value["namespaces"]), images), frozenset(value["only"]))


def check_image(text: str) -> ImageReference:
    """Read an image that a digest may be about.

    Raises:
        InvalidReferenceError: It is none, or names a digest.
    """
    reference = ImageReference.parse(text)
    if reference.digest:
        raise InvalidReferenceError(f"{quoted(text)} names a digest, which never changes; name a tag.")
    return reference


def read_image(text: str) -> ImageName:
    """Read an image's exact name, with or without a tag; without a namespace it is an official image.

    Raises:
        InvalidReferenceError: As of `check_image`.
    """
    reference = check_image(text)
    return ImageName(RepositoryName(reference.namespace or OFFICIAL_NAMESPACE, reference.name), reference.tag)


@dataclass(frozen=True)
class Wish:
    """A digest that is to be.

    Attributes:
        channel: A Slack channel's id.
        name: What people call it by, in its channel.
        schedule: When.
        wanted: Of what.
        is_for_outside: Whether people of other organizations may read it.
    """

    channel: str
    name: str
    schedule: Schedule
    wanted: Wanted
    is_for_outside: bool = False


@dataclass(frozen=True)
class Digest:
    """A digest as it is kept.

    Attributes:
        id: Ours.
        workspace: Whose.
        wish: Where, when and of what.
        origin: Who keeps it.
        created_by: The Slack user id of who last set it; None: nobody in Slack did.
        created_at: When that was (UTC).
        due: When it is due next, or has been since.
        fence: Counts leases and changes.
        paused_until: Until when dates are passed over (UTC); None: they are not.
        baseline: What the last one knew of, by part; None: none was taken yet.
        baseline_at: When that was (UTC).
    """

    id: str
    workspace: str
    wish: Wish
    origin: Origin
    created_by: str | None
    created_at: datetime
    due: Due
    fence: int = 0
    paused_until: datetime | None = None
    baseline: Mapping[str, JsonValue] | None = None
    baseline_at: datetime | None = None

    @property
    def key(self) -> tuple[str, date]:
        """What is decided once: the digest and the local date."""
        return self.id, self.due.date


@dataclass(frozen=True)
class Decided:
    """What was decided of a date.

    Attributes:
        id: Of the report.
        digest_id: Of which digest.
        channel: The Slack channel that it was for.
        date: Which local date.
        state: What.
        due_at: When it was due (UTC).
        decided_at: When it was decided (UTC).
        message_id: The message that tells it; None: none does.
        delivery: The state of that message, of `bot.outbox.messages`; None: there is none any more, or it was not
            asked for.
        report: All that it said, as JSON; None: nothing.
    """

    id: str
    digest_id: str
    channel: str
    date: date
    state: ReportState
    due_at: datetime
    decided_at: datetime
    message_id: str | None = None
    delivery: str | None = None
    report: JsonValue = field(default=None, repr=False)


@dataclass(frozen=True)
class Listed:
    """A digest as it is listed, without what it takes long to read.

    Attributes:
        wish: Where, when and of what.
        created_by: The Slack user id of who last set it; None: nobody in Slack did.
        due: When it is due next, or has been since.
        paused_until: Until when dates are passed over (UTC); None: they are not.
    """

    wish: Wish
    created_by: str | None
    due: Due
    paused_until: datetime | None


@dataclass(frozen=True)
class Coming:
    """A digest that somebody has to see to soon, without what it takes long to read.

    Attributes:
        id: Which.
        due: When it is due.
        is_begun: Whether it has a baseline.
    """

    id: str
    due: Due
    is_begun: bool


def new_id(kind: str) -> str:
    """Return an id that nothing else has: of a digest (`dig`) or a report (`rep`)."""
    return f"{kind}_{secrets.token_hex(_ID_BYTES)}"


def add(connection: Connection, digest: Digest) -> bool:
    """Insert a digest; return whether its channel had none of that name."""
    row = {"id": digest.id, "workspace": digest.workspace, **_values(digest), "fence": digest.fence}
    unique = [digests.c.workspace, digests.c.channel, digests.c.name]
    return insert_if_new(connection, digests, row, unique=unique)


def change(connection: Connection, digest: Digest) -> None:
    """Make a digest what is given. Whoever is deciding on it finds that their lease is over."""
    values = {**_values(digest), "fence": digests.c.fence + 1, "leased_until": None}
    connection.execute(update(digests).where(_is(digest)).values(values))


def remove(connection: Connection, digest: Digest) -> bool:
    """Delete a digest; return whether it was there. What was decided stays for as long as it is kept."""
    return connection.execute(delete(digests).where(_is(digest))).rowcount == 1


def find(connection: Connection, workspace: str, channel: str, name: str, *, to_change: bool = False) -> Digest | None:
    """Return a digest; None where there is none.

    Args:
        connection: Any; one in a write `to_change` it.
        workspace: Whose.
        channel: Where.
        name: Which.
        to_change: Whether to keep everybody else from it until the transaction ends.
    """
    is_it = (digests.c.workspace == workspace) & (digests.c.channel == channel) & (digests.c.name == name)
    query = select(digests).where(is_it)
    row = connection.execute(query.with_for_update() if to_change else query).first()
    return _read(row) if row else None


def every(
    connection: Connection, workspace: str, channel: str | None = None, *, to_change: bool = False
) -> tuple[Digest, ...]:
    """Return the digests of a channel, or of all channels, by channel and name; `to_change` as of `find`."""
    ours = digests.c.workspace == workspace
    if channel is not None:
        ours &= digests.c.channel == channel
    query = select(digests).where(ours).order_by(digests.c.channel, digests.c.name)
    found = connection.execute(query.with_for_update() if to_change else query)
    return tuple(_read(row) for row in found)


def listed(connection: Connection, workspace: str, channel: str | None = None) -> tuple[Listed, ...]:
    """Return the same without their baselines, which may be large."""
    c = digests.c
    ours = c.workspace == workspace
    if channel is not None:
        ours &= c.channel == channel
    heavy = {c.baseline.name, c.fence.name, c.leased_until.name}
    columns: list[ColumnElement[Any]] = [column for column in c if column.name not in heavy]
    found = connection.execute(select(*columns).where(ours).order_by(c.channel, c.name))
    return tuple(
        Listed(_read_wish(row), row.created_by, Due(row.due_at, date.fromisoformat(row.due_date)), row.paused_until)
        for row in found
    )


def scopes(connection: Connection, workspace: str) -> tuple[Scope, ...]:
    """Return which images each digest is about, and read no more than that."""
    query = select(digests.c.scope).where(digests.c.workspace == workspace)
    found = connection.execute(query.order_by(digests.c.channel, digests.c.name)).scalars()
    return tuple(Wanted.from_json(each).scope for each in found)


def coming(connection: Connection, workspace: str, *, until: datetime) -> tuple[Coming, ...]:
    """Return the digests that are due by then or have no baseline yet, the most urgent first."""
    ours = (digests.c.workspace == workspace) & or_(digests.c.due_at <= until, digests.c.baseline_at.is_(None))
    columns = (digests.c.id, digests.c.due_at, digests.c.due_date, digests.c.baseline_at.is_not(None).label("is_begun"))
    found = connection.execute(select(*columns).where(ours).order_by(digests.c.due_at, digests.c.id))
    return tuple(Coming(row.id, Due(row.due_at, date.fromisoformat(row.due_date)), row.is_begun) for row in found)


def get(connection: Connection, workspace: str, digest_id: str) -> Digest | None:
    """Return a digest by its id; None where there is none."""
    is_it = (digests.c.workspace == workspace) & (digests.c.id == digest_id)
    row = connection.execute(select(digests).where(is_it)).first()
    return _read(row) if row else None


def claim(connection: Connection, digest: Digest, now: datetime) -> int | None:
    """Take a lease on a digest, if nobody has one and it is as it was seen.

    Returns:
        The fencing token; None: it is not to be had.
    """
    fence = digest.fence + 1
    as_seen = and_(_is(digest), digests.c.fence == digest.fence, _is_free(now))
    taken = connection.execute(update(digests).where(as_seen).values(fence=fence, leased_until=now + LEASE))
    return fence if taken.rowcount == 1 else None


def hold(connection: Connection, digest: Digest, fence: int) -> bool:
    """Lock a digest's row until the transaction ends; return whether the lease still holds."""
    row = connection.execute(select(digests.c.fence).where(_is(digest)).with_for_update()).first()
    return row is not None and row.fence == fence


def release(connection: Connection, digest: Digest) -> None:
    """End a lease that is held in this transaction."""
    connection.execute(update(digests).where(_is(digest)).values(leased_until=None))


def move_on(connection: Connection, digest: Digest, due: Due) -> None:
    """Have a digest, whose lease is held in this transaction, due the next time."""
    values = {"due_at": due.at, "due_date": due.date.isoformat()}
    connection.execute(update(digests).where(_is(digest)).values(values))


def keep_baseline(connection: Connection, digest: Digest, baseline: Mapping[str, JsonValue], at: datetime) -> None:
    """Keep what was compared, for the next time."""
    values = {"baseline": dict(baseline), "baseline_at": at}
    connection.execute(update(digests).where(_is(digest)).values(values))


def decide(connection: Connection, workspace: str, decided: Decided) -> bool:
    """Keep what was decided of a date; return whether nothing was decided of it before."""
    row = {
        "workspace": workspace,
        "digest_id": decided.digest_id,
        "channel": decided.channel,
        "date": decided.date.isoformat(),
        "id": decided.id,
        "state": decided.state.value,
        "due_at": decided.due_at,
        "decided_at": decided.decided_at,
        "message_id": decided.message_id,
        "report": decided.report,
    }
    return insert_if_new(connection, digest_reports, row, unique=list(digest_reports.primary_key))


def note_message(connection: Connection, workspace: str, report_id: str, message_id: str) -> None:
    """Note which message tells a report."""
    is_it = (digest_reports.c.workspace == workspace) & (digest_reports.c.id == report_id)
    connection.execute(update(digest_reports).where(is_it).values(message_id=message_id))


def dates_decided(connection: Connection, workspace: str, digest_id: str, *, since: date) -> frozenset[date]:
    """Return the dates of a digest that are decided, from one on."""
    of_it = (digest_reports.c.workspace == workspace) & (digest_reports.c.digest_id == digest_id)
    found = connection.execute(select(digest_reports.c.date).where(of_it, digest_reports.c.date >= since.isoformat()))
    return frozenset(date.fromisoformat(each) for each in found.scalars())


def last_decided(connection: Connection, workspace: str, ids: Collection[str]) -> dict[str, Decided]:
    """Return what was last decided of each digest and what became of its message, without the reports themselves."""
    reports = digest_reports
    found: dict[str, Decided] = {}
    for piece in batched(sorted(ids)):
        newest = (
            select(reports.c.digest_id, func.max(reports.c.date).label("date"))
            .where(reports.c.workspace == workspace, reports.c.digest_id.in_(piece))
            .group_by(reports.c.digest_id)
            .subquery()
        )
        columns: list[ColumnElement[Any]] = [column for column in reports.c if column is not reports.c.report]
        is_newest = (reports.c.digest_id == newest.c.digest_id) & (reports.c.date == newest.c.date)
        columns.append(messages.c.state.label("delivery"))
        query = select(*columns).join(newest, is_newest).outerjoin(messages, messages.c.id == reports.c.message_id)
        rows = connection.execute(query.where(reports.c.workspace == workspace))
        found |= {row.digest_id: _read_decided(row, delivery=row.delivery) for row in rows}
    return found


def find_report(connection: Connection, workspace: str, report_id: str) -> Decided | None:
    """Return what was decided, by its id; None where there is nothing, or nothing any more."""
    is_it = (digest_reports.c.workspace == workspace) & (digest_reports.c.id == report_id)
    row = connection.execute(select(digest_reports).where(is_it)).first()
    return _read_decided(row, row.report) if row else None


def channel_of(connection: Connection, workspace: str, report_id: str) -> str | None:
    """Return where a report was told; None where there is none, or none any more."""
    is_it = (digest_reports.c.workspace == workspace) & (digest_reports.c.id == report_id)
    query = select(digest_reports.c.channel).where(is_it, digest_reports.c.state == ReportState.TOLD.value)
    return connection.execute(query).scalar_one_or_none()


def prune(connection: Connection, now: datetime, *, most: int) -> int:
    """Forget some of what was decided long ago; return how many."""
    reports = digest_reports
    old = select(reports.c.id).where(reports.c.decided_at < now - KEPT).order_by(reports.c.decided_at).limit(most)
    ids = list(connection.execute(old).scalars())
    if not ids:
        return 0
    return connection.execute(delete(reports).where(reports.c.id.in_(ids))).rowcount


def _is(digest: Digest) -> ColumnElement[bool]:
    return and_(digests.c.workspace == digest.workspace, digests.c.id == digest.id)


def _is_free(now: datetime) -> ColumnElement[bool]:
    # A lease that ends later than any can was taken by a wall clock that has been set back since.
    until = digests.c.leased_until
    return or_(until.is_(None), until <= now, until > now + _AHEAD)


def _values(digest: Digest) -> dict[str, Any]:
    wish = digest.wish
    return {
        "channel": wish.channel,
        "name": wish.name,
        "schedule": wish.schedule.to_json(),
        "scope": wish.wanted.to_json(),
        "is_for_outside": wish.is_for_outside,
        "origin": digest.origin.value,
        "created_by": digest.created_by,
        "created_at": digest.created_at,
        "paused_until": digest.paused_until,
        "due_at": digest.due.at,
        "due_date": digest.due.date.isoformat(),
        "baseline": None if digest.baseline is None else dict(digest.baseline),
        "baseline_at": digest.baseline_at,
    }


def _read_wish(row: Row[Any]) -> Wish:
    schedule, wanted = Schedule.from_json(row.schedule), Wanted.from_json(row.scope)
    return Wish(row.channel, row.name, schedule, wanted, is_for_outside=row.is_for_outside)


def _read(row: Row[Any]) -> Digest:
    return Digest(
        id=row.id,
        workspace=row.workspace,
        wish=_read_wish(row),
        origin=Origin(row.origin),
        created_by=row.created_by,
        created_at=row.created_at,
        due=Due(row.due_at, date.fromisoformat(row.due_date)),
        fence=row.fence,
        paused_until=row.paused_until,
        baseline=row.baseline,
        baseline_at=row.baseline_at,
    )


def _read_decided(row: Row[Any], report: JsonValue = None, *, delivery: str | None = None) -> Decided:
    return Decided(
        id=row.id,
        digest_id=row.digest_id,
        channel=row.channel,
        date=date.fromisoformat(row.date),
        state=ReportState(row.state),
        due_at=row.due_at,
        decided_at=row.decided_at,
        message_id=row.message_id,
        delivery=delivery,
        report=report,
    )
