"""Folds: pushes of one repository that come within a short while are one message of a channel.

A fold is over when nothing has come for five seconds, or after twenty. Then its pushes are put into a message for good
(it is *frozen*); what comes later makes the next one. While the channel is busy a fold goes on growing, so a burst
makes fewer messages, not later ones.

A push that turns out to be of the image that the channel was told of last, or of an index that holds it, belongs to
that message if that is not older than ten minutes: a push of several platforms sends several webhooks over minutes. A
push of any other image is news, also of one that was there before: that is a rollback.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from bot.images import RepositoryName
from bot.outbox import messages as outbox
from bot.outbox.lanes import Lane
from bot.platforms import is_wanted
from bot.pushes.model import Fold, PushedTag, Reading, ReadingProblem, ReadingState, Threads
from bot.pushes.payload import ContentKind
from bot.store.tables import events, members, messages, mutes

QUIET = timedelta(seconds=5)
LONGEST_FOLD = timedelta(seconds=20)
READING_PATIENCE = timedelta(seconds=3)
"""How long a message waits for a first reading that does not come, before it goes out as unconfirmed yet."""
SAME_PUSH = timedelta(minutes=10)
KIND = "push"

WAITING, PLACED, MUTED, FILTERED, DROPPED = "waiting", "placed", "muted", "filtered", "dropped"
"""The states of a member: in no message yet; in one; kept back by a mute; by the channel's filters; given up."""
_TEST = "test"


def ready_at(first: datetime, last: datetime, now: datetime) -> datetime:
    """Return when a fold is over.

    Args:
        first: When its first push came in.
        last: When its last one did.
        now: The database's time. What claims to have come in later did so by a clock that has been set back.
    """
    if last > now:
        return now
    return min(last + QUIET, first + LONGEST_FOLD)


@dataclass(frozen=True)
class _Member:
    """A push that waits to be told to a channel, with its event."""

    event_id: str
    repository: str
    tag: str
    threads: Threads
    platforms: tuple[str, ...] | None
    state: ReadingState
    was_tried: bool
    reading: Reading
    is_test: bool

    @property
    def is_wanted(self) -> bool:
        """Whether it is for a platform that the channel asked for; unknown is."""
        image = self.reading.image
        known = None if image is None else [each.platform for each in image.platforms]
        return self.platforms is None or is_wanted(self.platforms, known)


def gather(connection: Connection, lane: Lane, now: datetime) -> datetime | None:
    """Freeze one fold of the channel, if one is over; pushes that belong to an earlier message are put there.

    Returns:
        When to look again; None when nothing waits.
    """
    busy = outbox.streams_waiting(connection, lane)
    looks = []
    for repository, first, last in _waiting(connection, lane):
        if repository in busy:  # Looked at again when that message is sent.
            continue
        over_at = ready_at(first, last, now)
        if over_at > now:
            looks.append(over_at)
            continue
        waiting = _members_of(connection, lane, repository)
        patient_until = over_at + READING_PATIENCE
        if now < patient_until <= now + READING_PATIENCE and any(_may_still_be_read(each) for each in waiting):
            looks.append(patient_until)
            continue
        if _place(connection, lane, repository, waiting, now):
            looks.append(now)  # There may be more; the next look comes after this message.
            break
    return min(looks, default=None)


def _may_still_be_read(member: _Member) -> bool:
    return member.state is ReadingState.WAITING and not member.was_tried


def _place(connection: Connection, lane: Lane, repository: str, waiting: Sequence[_Member], now: datetime) -> bool:
    """Decide what becomes of each member; return whether a new message was made."""
    if muted_until(connection, lane, repository, now) is not None:
        _settle(connection, lane, [each for each in waiting if not each.is_test], MUTED)
        waiting = [each for each in waiting if each.is_test]
    _settle(connection, lane, [each for each in waiting if not each.is_wanted], FILTERED)
    waiting = [each for each in waiting if each.is_wanted]
    tests = [each for each in waiting if each.is_test]
    if tests:  # They look like pushes, and must not be mixed up with any.
        _freeze(connection, lane, tests, now)
        return True
    fresh = []
    for _, same_tag in groupby(sorted(waiting, key=lambda each: each.tag), key=lambda each: each.tag):
        pushes = list(same_tag)
        home = _earlier_message(connection, lane, pushes[-1], now)
        if home is None:
            fresh += pushes
        else:
            _settle(connection, lane, pushes, PLACED, message_id=home)
            outbox.change(connection, [home], now)
    if fresh:
        _freeze(connection, lane, fresh, now)
    return bool(fresh)


def _freeze(connection: Connection, lane: Lane, pushes: Sequence[_Member], now: datetime) -> None:
    """Put pushes into a new message, for good."""
    first = pushes[0]
    thread_key = _thread_key(first.threads, first.repository, now)
    message_id = outbox.add(connection, lane, kind=KIND, stream=first.repository, now=now, thread_key=thread_key)
    _settle(connection, lane, pushes, PLACED, message_id=message_id)


def _earlier_message(connection: Connection, lane: Lane, push: _Member, now: datetime) -> str | None:
    """Return the message that tells of this very push already; None when it is news."""
    last = connection.execute(
        select(messages.c.id, messages.c.sent_at, events.c.reading_state, events.c.reading)
        .join(members, members.c.message_id == messages.c.id)
        .join(events, events.c.id == members.c.event_id)
        .where(
            _in(lane),
            members.c.repository == push.repository,
            members.c.tag == push.tag,
            members.c.state == PLACED,
            messages.c.state == outbox.SENT,
            events.c.source != _TEST,
        )
        .order_by(members.c.pushed_at.desc(), members.c.event_id.desc())
        .limit(1)
    ).first()
    if last is None or last.sent_at < now - SAME_PUSH:
        return None
    if ReadingState(last.reading_state) is ReadingState.WAITING:
        # Neither is known. Most likely it is one push; if not, the message tells of both when it is.
        return str(last.id) if push.state is ReadingState.WAITING else None
    shown = _reading(last.reading).image
    image = push.reading.image
    is_same = shown is not None and image is not None and image.contains(shown.digest)
    return str(last.id) if is_same else None


def fold_of(connection: Connection, message_id: str, lane: Lane, now: datetime) -> Fold | None:
    """Return what a message tells, as far as it is known now; None when it tells nothing."""
    told = and_(members.c.message_id == message_id, members.c.workspace == lane.workspace)
    rows = connection.execute(
        select(events, members.c.repository.label("member_repository"))
        .join(events, events.c.id == members.c.event_id)
        .where(told, members.c.channel == lane.channel)
        .order_by(events.c.pushed_at, events.c.id)
    ).all()
    if not rows:
        return None
    repository = rows[0].member_repository
    by_tag: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_tag.setdefault(row.tag, []).append(row)
    tags = sorted((_pushed_tag(tag, pushes) for tag, pushes in by_tag.items()), key=lambda each: each.pushed_at[-1])
    mute = connection.execute(select(mutes).where(_mute(lane, repository), mutes.c.until_at > now)).first()
    return Fold(
        repository=RepositoryName.parse(repository),
        tags=tuple(tags),
        is_test=all(row.source == _TEST for row in rows),
        muted_until=mute.until_at if mute else None,
        muted_by=mute.muted_by if mute else None,
    )


def muted_until(connection: Connection, lane: Lane, repository: str, now: datetime) -> datetime | None:
    """Return until when the channel does not want to hear of the repository; None when it does."""
    still = and_(_mute(lane, repository), mutes.c.until_at > now)
    found = connection.execute(select(mutes.c.until_at).where(still)).scalar()
    return found if isinstance(found, datetime) else None


def note_readings(connection: Connection, workspace: str, event_ids: Sequence[str], now: datetime) -> list[Lane]:
    """Have everything looked at that tells of events whose reading has gone on; return the lanes to wake.

    Messages are written anew only where the reading is over.
    """
    found = connection.execute(
        select(members.c.channel, members.c.message_id, events.c.reading_state)
        .join(events, events.c.id == members.c.event_id)
        .where(
            members.c.workspace == workspace,
            members.c.event_id.in_(event_ids),
            or_(members.c.state == WAITING, members.c.state == PLACED),
        )
    ).all()
    over = {row.message_id for row in found if row.message_id and row.reading_state != ReadingState.WAITING}
    outbox.change(connection, sorted(over), now)
    return sorted({Lane(workspace, row.channel) for row in found})


def _waiting(connection: Connection, lane: Lane) -> Sequence[tuple[str, datetime, datetime]]:
    """Return the repositories of which something waits, with when the first and the last of it came in."""
    first = func.min(members.c.received_at, type_=members.c.received_at.type)
    last = func.max(members.c.received_at, type_=members.c.received_at.type)
    rows = connection.execute(
        select(members.c.repository, first, last)
        .where(_in(lane), members.c.state == WAITING)
        .group_by(members.c.repository)
        .order_by(first, members.c.repository)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _members_of(connection: Connection, lane: Lane, repository: str) -> list[_Member]:
    rows = connection.execute(
        select(
            members.c.event_id,
            members.c.tag,
            members.c.threads,
            members.c.platforms,
            events.c.reading_state,
            events.c.reading_problem,
            events.c.reading,
            events.c.source,
        )
        .join(events, events.c.id == members.c.event_id)
        .where(_in(lane), members.c.state == WAITING, members.c.repository == repository)
        .order_by(members.c.pushed_at, members.c.event_id)
    )
    return [
        _Member(
            event_id=row.event_id,
            repository=repository,
            tag=row.tag,
            threads=Threads(row.threads),
            platforms=None if row.platforms is None else tuple(row.platforms),
            state=ReadingState(row.reading_state),
            was_tried=row.reading_problem is not None,
            reading=_reading(row.reading),
            is_test=row.source == _TEST,
        )
        for row in rows
    ]


def _pushed_tag(tag: str, pushes: Sequence[Row[Any]]) -> PushedTag:
    """Return what several pushes of one tag come to; the last one decides."""
    last = pushes[-1]
    hardened: dict[str, Any] = next((push.payload for push in reversed(pushes) if push.payload), {})
    return PushedTag(
        tag=tag,
        pushed_at=tuple(push.pushed_at for push in pushes),
        pushers=tuple(dict.fromkeys(push.pusher for push in pushes if push.pusher)),
        content_kind=ContentKind(last.content_kind),
        state=ReadingState(last.reading_state),
        problem=ReadingProblem(last.reading_problem) if last.reading_problem else None,
        reading=_reading(last.reading),
        hardened=hardened,
        source=last.source,
    )


def _reading(stored: Any) -> Reading:
    return Reading.model_validate(stored) if stored else Reading()


def _thread_key(threads: Threads, repository: str, now: datetime) -> str | None:
    match threads:
        case Threads.NEVER:
            return None
        case Threads.REPOSITORY:
            return repository
        case Threads.DAY:
            return f"{repository} {now.astimezone(UTC):%Y-%m-%d}"


def _settle(
    connection: Connection, lane: Lane, which: Iterable[_Member], state: str, *, message_id: str | None = None
) -> None:
    ids = [each.event_id for each in which]
    if ids:
        values = {"state": state, "message_id": message_id}
        connection.execute(update(members).where(_in(lane), members.c.event_id.in_(ids)).values(values))


def _in(lane: Lane) -> ColumnElement[bool]:
    return and_(members.c.workspace == lane.workspace, members.c.channel == lane.channel)


def _mute(lane: Lane, repository: str) -> ColumnElement[bool]:
    at = and_(mutes.c.workspace == lane.workspace, mutes.c.channel == lane.channel)
    return and_(at, mutes.c.repository == repository)
