"""Folds: pushes of one repository that come within a short while are one message of a channel.

A fold is over when nothing has come for five seconds, or after twenty. Then its pushes are put into a message for good
(it is *frozen*); what comes later makes the next one. While the channel is busy a fold goes on growing, so a burst
makes fewer messages, not later ones.

A push that turns out to be of the image that the channel was told of last, or of an index that holds it, belongs to
that message if that is not older than ten minutes: a push of several platforms sends several webhooks over minutes. A
push of any other image is news, also of one that was there before: that is a rollback.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.images import RepositoryName
from bot.outbox import messages as outbox
from bot.outbox.lanes import Lane
from bot.platforms import is_wanted
from bot.pushes import verdicts
from bot.pushes.model import Fold, PushedTag, Reading, ReadingProblem, ReadingState, Threads
from bot.pushes.payload import ContentKind
from bot.store.rows import batched
from bot.store.tables import events, members, messages, mutes

logger = logging.getLogger(__name__)

QUIET = timedelta(seconds=5)
LONGEST_FOLD = timedelta(seconds=20)
READING_PATIENCE = timedelta(seconds=3)
"""How long a message waits for a first reading that does not come, before it goes out as unconfirmed yet."""
SAME_PUSH = timedelta(minutes=10)
"""How long after a message another push of its image changes it."""
SAME_PUSH_PATIENCE = timedelta(seconds=20)
"""How long a message waits for a reading that would tell whether it is one."""
GIVEN_UP_AFTER = timedelta(hours=24)
"""After so long a message is not sent any more, so nothing older can have been told lately."""
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
    pushed_at: datetime
    threads: Threads
    platforms: tuple[str, ...] | None
    state: ReadingState
    was_tried: bool
    is_test: bool

    @property
    def may_still_be_read(self) -> bool:
        """Whether the first answer of Docker Hub is still to come."""
        return self.state is ReadingState.WAITING and not self.was_tried


@dataclass(frozen=True)
class _Told:
    """The last push of a tag that a channel was told of lately.

    Attributes:
        message_id: The message; None: the channel's filters kept the push back.
        pushed_at: When the push was.
        state: How far its reading is.
        reading: What that gave.
    """

    message_id: str | None
    pushed_at: datetime
    state: ReadingState
    reading: Reading

    def is_near(self, push: _Member) -> bool:
        """Return whether the two may well be one push: its webhooks come one after the other."""
        return abs(push.pushed_at - self.pushed_at) <= verdicts.SAME_PUSH


def gather(connection: Connection, lane: Lane, now: datetime) -> datetime | None:
    """Freeze one fold of the channel, if one is over; pushes that belong to an earlier message are put there.

    Returns:
        When to look again; None when nothing waits.
    """
    busy = outbox.streams_waiting(connection, lane)
    looks = []
    for repository, first, last in _waiting(connection, lane):
        if repository in busy:  # Its message may be given up, which nobody tells us of.
            looks.append(now + LONGEST_FOLD)
            continue
        over_at = ready_at(first, last, now)
        if over_at > now:
            looks.append(over_at)
            continue
        try:
            # What came in later than now did so by another clock, and has waited long enough.
            patient_from = over_at if last <= now else None
            look = _attend_to(connection, lane, repository, patient_from, now)
        except SQLAlchemyError:
            raise
        except Exception:
            # What one repository's rows hold must not keep the others of the channel.
            logger.exception("fold_crashed", extra={"channel": lane.channel, "repository": repository})
            look = now + LONGEST_FOLD
        if look is None:
            looks.append(now)  # There may be more; the next look comes after this message.
            break
        looks.append(look)
    return min(looks, default=None)


def _attend_to(
    connection: Connection, lane: Lane, repository: str, patient_from: datetime | None, now: datetime
) -> datetime | None:
    """Place what waits of a repository; return when to look again, or None when there is a new message.

    Args:
        connection: One in a write that holds the lane.
        lane: Which.
        repository: Which.
        patient_from: Since when readings are waited for; None: not at all.
        now: The database's time.
    """
    waiting = _members_of(connection, lane, repository)
    told = _told_lately(connection, lane, repository, sorted({each.tag for each in waiting}), now)
    patience = _patience(waiting, told)
    if patient_from is not None and now < patient_from + patience:
        return patient_from + patience
    return None if _place(connection, lane, repository, waiting, told, now) else now + LONGEST_FOLD


def _patience(waiting: Sequence[_Member], told: Mapping[str, _Told]) -> timedelta:
    """Return how long readings are waited for: longer where they may show that nothing is news."""
    if any(each.state is ReadingState.WAITING and _is_near(told.get(each.tag), each) for each in waiting):
        return SAME_PUSH_PATIENCE
    return READING_PATIENCE if any(each.may_still_be_read for each in waiting) else timedelta(0)


def _is_near(told: _Told | None, push: _Member) -> bool:
    return told is not None and told.message_id is not None and told.is_near(push)


def _place(  # noqa: PLR0917 - What is known of one repository, looked up once.
    connection: Connection,
    lane: Lane,
    repository: str,
    waiting: Sequence[_Member],
    told: Mapping[str, _Told],
    now: datetime,
) -> bool:
    """Decide what becomes of each member; return whether a new message was made."""
    tests = [each for each in waiting if each.is_test]
    if tests:  # They look like pushes, and must not be mixed up with any.
        _freeze(connection, lane, tests, now)
        return True
    if muted_until(connection, lane, repository, now) is not None:
        _settle(connection, lane, waiting, MUTED)
        return False
    last_of = {each.tag: each for each in waiting}
    readings = _readings_of(connection, [each.event_id for each in waiting if each.platforms is not None], last_of)
    unwanted = [each for each in waiting if not _is_wanted(each, readings.get(each.event_id))]
    _settle(connection, lane, unwanted, FILTERED)
    kept_back = {each.event_id for each in unwanted}
    homes: dict[str, list[_Member]] = {}
    fresh = []
    for each in waiting:
        if each.event_id in kept_back:
            continue
        last = last_of[each.tag]
        home = _earlier_message(told.get(each.tag), last, readings.get(last.event_id, Reading()))
        if home is None:
            fresh.append(each)
        else:
            homes.setdefault(home, []).append(each)
    for home, late in homes.items():
        _settle(connection, lane, late, PLACED, message_id=home)
    outbox.change(connection, sorted(homes), now)
    if fresh:
        _freeze(connection, lane, fresh, now)
    return bool(fresh)


def _is_wanted(push: _Member, reading: Reading | None) -> bool:
    """Return whether a push is for a platform that the channel asked for; what is not known may be."""
    if push.platforms is None or reading is None or reading.image is None:
        return True
    return is_wanted(push.platforms, [each.platform for each in reading.image.platforms])


def _freeze(connection: Connection, lane: Lane, pushes: Sequence[_Member], now: datetime) -> None:
    """Put pushes into a new message, for good."""
    first = pushes[0]
    thread_key = _thread_key(first.threads, first.repository, now)
    message_id = outbox.add(connection, lane, kind=KIND, stream=first.repository, now=now, thread_key=thread_key)
    _settle(connection, lane, pushes, PLACED, message_id=message_id)


def _earlier_message(told: _Told | None, push: _Member, reading: Reading) -> str | None:
    """Return the message that tells of this very push already; None when it is news."""
    if told is None or told.message_id is None:
        return None
    if told.state is ReadingState.WAITING:
        # Neither is known. Most likely it is one push; if not, the message tells of both when it is.
        return told.message_id if push.state is ReadingState.WAITING and told.is_near(push) else None
    shown, image = told.reading.image, reading.image
    is_same = shown is not None and image is not None and image.includes(shown)
    return told.message_id if is_same else None


def _told_lately(
    connection: Connection, lane: Lane, repository: str, tags: Sequence[str], now: datetime
) -> Mapping[str, _Told]:
    """Return the last push of each tag, where a message of the last minutes tells of it."""
    told: dict[str, _Told] = {}
    for some in batched(tags):
        told |= _told_of(connection, lane, repository, some, now)
    return told


def _told_of(
    connection: Connection, lane: Lane, repository: str, tags: Sequence[str], now: datetime
) -> Mapping[str, _Told]:
    latest = (
        select(
            members.c.tag,
            members.c.state,
            members.c.message_id,
            members.c.event_id,
            members.c.pushed_at,
            func.row_number()
            .over(partition_by=members.c.tag, order_by=(members.c.pushed_at.desc(), members.c.event_id.desc()))
            .label("place"),
        )
        .join(events, events.c.id == members.c.event_id)
        .outerjoin(messages, messages.c.id == members.c.message_id)
        .where(
            _in(lane),
            members.c.repository == repository,
            members.c.tag.in_(tags),
            members.c.received_at > now - SAME_PUSH - GIVEN_UP_AFTER,
            events.c.source != _TEST,
            or_(
                members.c.state == FILTERED,
                and_(
                    members.c.state == PLACED,
                    messages.c.state == outbox.SENT,
                    messages.c.sent_at >= now - SAME_PUSH,
                ),
            ),
        )
        .subquery()
    )
    rows = connection.execute(
        select(latest, events.c.reading_state, events.c.reading)
        .join(events, events.c.id == latest.c.event_id)
        .where(latest.c.place == 1)
    )
    return {
        row.tag: _Told(
            message_id=row.message_id if row.state == PLACED else None,
            pushed_at=row.pushed_at,
            state=ReadingState(row.reading_state),
            reading=_reading(row.reading),
        )
        for row in rows
    }


def _readings_of(connection: Connection, some: Iterable[str], last_of: Mapping[str, _Member]) -> Mapping[str, Reading]:
    """Return the readings of some events, and of the last one of each tag: of thousands of pushes few matter."""
    wanted = sorted({*some, *(each.event_id for each in last_of.values())})
    found: dict[str, Reading] = {}
    for ids in batched(wanted):
        rows = connection.execute(select(events.c.id, events.c.reading).where(events.c.id.in_(ids)))
        found |= {row.id: _reading(row.reading) for row in rows}
    return found


def fold_of(connection: Connection, message_id: str, lane: Lane, now: datetime) -> Fold | None:
    """Return what a message tells, as far as it is known now; None when it tells nothing."""
    told = and_(members.c.message_id == message_id, members.c.workspace == lane.workspace)
    rows = connection.execute(
        select(
            events.c.id,
            events.c.tag,
            events.c.pushed_at,
            events.c.pusher,
            events.c.content_kind,
            events.c.source,
            members.c.repository,
        )
        .join(events, events.c.id == members.c.event_id)
        .where(told, members.c.channel == lane.channel)
        .order_by(events.c.pushed_at, events.c.id)
    ).all()
    if not rows:
        return None
    repository = rows[0].repository
    by_tag: dict[str, list[Any]] = {}
    for row in rows:
        by_tag.setdefault(row.tag, []).append(row)
    details = _details_of(connection, [pushes[-1].id for pushes in by_tag.values()])
    in_order = sorted(by_tag.items(), key=lambda each: (each[1][-1].pushed_at, each[1][-1].id))
    tags = [_pushed_tag(tag, pushes, details[pushes[-1].id]) for tag, pushes in in_order]
    mute = connection.execute(select(mutes).where(_mute(lane, repository), mutes.c.until_at > now)).first()
    return Fold(
        repository=RepositoryName.parse(repository),
        tags=tuple(tags),
        is_test=all(row.source == _TEST for row in rows),
        muted_until=mute.until_at if mute else None,
        muted_by=mute.muted_by if mute else None,
    )


def _details_of(connection: Connection, ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    """Return what is kept at length, of some events."""
    columns = (events.c.id, events.c.payload, events.c.reading_state, events.c.reading_problem, events.c.reading)
    found: dict[str, Row[Any]] = {}
    for some in batched(ids):
        found |= {row.id: row for row in connection.execute(select(*columns).where(events.c.id.in_(some)))}
    return found


def muted_until(connection: Connection, lane: Lane, repository: str, now: datetime) -> datetime | None:
    """Return until when the channel does not want to hear of the repository; None when it does."""
    still = and_(_mute(lane, repository), mutes.c.until_at > now)
    found = connection.execute(select(mutes.c.until_at).where(still)).scalar()
    return found if isinstance(found, datetime) else None


def lanes_of(connection: Connection, workspace: str, event_ids: Sequence[str]) -> list[Lane]:
    """Return the lanes of the channels that are to hear, or have heard, of events."""
    channels: set[str] = set()
    for ids in batched(event_ids):
        told = and_(members.c.workspace == workspace, members.c.event_id.in_(ids))
        channels |= set(connection.execute(select(members.c.channel).where(told).distinct()).scalars())
    return [Lane(workspace, channel) for channel in sorted(channels)]


def note_readings(connection: Connection, workspace: str, event_ids: Sequence[str], now: datetime) -> None:
    """Have the messages written anew that tell of events whose reading is over. Their lanes were woken before."""
    over: set[str] = set()
    for ids in batched(event_ids):
        rows = connection.execute(
            select(members.c.message_id)
            .join(events, events.c.id == members.c.event_id)
            .where(
                members.c.workspace == workspace,
                members.c.event_id.in_(ids),
                members.c.message_id.is_not(None),
                events.c.reading_state != ReadingState.WAITING.value,
            )
            .distinct()
        )
        over |= set(rows.scalars())
    outbox.change(connection, sorted(over), now)


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
            members.c.pushed_at,
            members.c.threads,
            members.c.platforms,
            events.c.reading_state,
            events.c.reading_problem,
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
            pushed_at=row.pushed_at,
            threads=Threads(row.threads),
            platforms=None if row.platforms is None else tuple(row.platforms),
            state=ReadingState(row.reading_state),
            was_tried=row.reading_problem is not None,
            is_test=row.source == _TEST,
        )
        for row in rows
    ]


def _pushed_tag(tag: str, pushes: Sequence[Any], details: Row[Any]) -> PushedTag:
    """Return what several pushes of one tag come to; the last one decides."""
    last = pushes[-1]
    return PushedTag(
        tag=tag,
        pushed_at=tuple(push.pushed_at for push in pushes),
        pushers=tuple(dict.fromkeys(push.pusher for push in pushes if push.pusher)),
        content_kind=ContentKind(last.content_kind),
        state=ReadingState(details.reading_state),
        problem=ReadingProblem(details.reading_problem) if details.reading_problem else None,
        reading=_reading(details.reading),
        hardened=details.payload or {},
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
    values = {"state": state, "message_id": message_id}
    for ids in batched([each.event_id for each in which]):
        connection.execute(update(members).where(_in(lane), members.c.event_id.in_(ids)).values(values))


def _in(lane: Lane) -> ColumnElement[bool]:
    return and_(members.c.workspace == lane.workspace, members.c.channel == lane.channel)


def _mute(lane: Lane, repository: str) -> ColumnElement[bool]:
    at = and_(mutes.c.workspace == lane.workspace, mutes.c.channel == lane.channel)
    return and_(at, mutes.c.repository == repository)
