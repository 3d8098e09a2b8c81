"""What becomes of the pushes whose tags were read: confirmed, asked for again later, or given up.

Runs in one write, with the history of the tags beside it. Whatever was decided before, the rows decide.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection, select, update

from bot.hub.tags import Tag
from bot.pushes import claims, history, verdicts
from bot.pushes.claims import Claim, WaitingPush
from bot.pushes.growth import Thresholds, growths
from bot.pushes.model import Reading, ReadingProblem, ReadingState, TagImage
from bot.pushes.tag_reader import Finding, Unseen
from bot.store.rows import batched
from bot.store.tables import events

GIVEN_UP_AFTER = timedelta(minutes=15)
FEWEST_ATTEMPTS = 3
"""Before that nothing is given up: it may be old because we were away, or because a clock jumped ahead."""
MOST_ATTEMPTS = 200
"""Several times what a quarter of an hour has room for: then the clock was set back, and time will not end it."""

_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 30.0
_MOST_DOUBLINGS = 10
_SPREAD = 0.25
_SHORTEST_WAIT = timedelta(seconds=1)
"""What Docker Hub says is over by now is over in a moment."""


def backoff_seconds(attempts: int, draw: float) -> float:
    """Return how long after an attempt the next one comes: doubling from two seconds to half a minute.

    Whatever is drawn, no pause is shorter than the one before, until they are as long as they get.

    Args:
        attempts: How many there were, at least one.
        draw: A random number from 0 to 1, which takes up to a quarter away.
    """
    doublings = min(max(attempts, 1) - 1, _MOST_DOUBLINGS)
    whole = min(_FIRST_PAUSE_SECONDS * 2.0**doublings, _LONGEST_PAUSE_SECONDS)
    return whole * (1 - _SPREAD * draw)


@dataclass(frozen=True)
class _Shown:
    """What Docker Hub shows for a tag, with what else is known of it."""

    tag: Tag
    later: tuple[datetime, ...]
    reading: Reading

    def reading_of(self, push: WaitingPush) -> Reading:
        """Return the reading of one of the tag's pushes."""
        if push.is_test or not verdicts.is_overtaken(self.tag, push.pushed_at, self.later):
            return self.reading
        return self._overtaken

    @cached_property
    def _overtaken(self) -> Reading:
        """The image is another push's, and so is what there is to say about its size."""
        return self.reading.model_copy(update={"is_overtaken": True, "growths": ()})


@dataclass(frozen=True)
class _Note:
    """What becomes of a push, and whether there is something new to tell."""

    event_id: str
    state: ReadingState
    due_at: datetime | None = None
    problem: ReadingProblem | None = None
    reading: Reading | None = None
    is_news: bool = False


class Settling:
    """Keeps what reading some tags of a repository gave.

    Args:
        claim: What was to be read.
        findings: What was found, by tag; of other tags too.
        thresholds: When an image of the repository counts as grown too large.
        draw: A random number from 0 to 1. One for all the tags: so they stay due together, and are read together.
    """

    def __init__(self, claim: Claim, findings: Mapping[str, Finding], thresholds: Thresholds, *, draw: float) -> None:
        self._claim = claim
        self._findings = findings
        self._thresholds = thresholds
        self._draw = draw

    def run(self, connection: Connection, now: datetime) -> list[str]:
        """Note everything, and return the events that there is something new to tell of."""
        claim = self._claim
        # Also what came in meanwhile: what Docker Hub shows may hold it already.
        waiting = claims.waiting_pushes(connection, claim.workspace, claim.repository, claim.tags)
        self._remember(connection, now)
        shown = self._shown(connection, waiting)
        notes = [note for push in waiting if (note := self._note(push, shown, now)) is not None]
        _write(connection, notes)
        return [note.event_id for note in notes if note.is_news]

    def _remember(self, connection: Connection, now: datetime) -> None:
        # Also what is older than the push: it will be what was there before.
        for tag in sorted({*self._claim.wanted, self._thresholds.baseline_tag or ""}):
            found = self._findings.get(tag)
            image = verdicts.image_of(found) if isinstance(found, Tag) else None
            if image is not None:
                history.remember(connection, self._claim.workspace, self._claim.repository, tag, image, seen_at=now)

    def _shown(self, connection: Connection, waiting: Sequence[WaitingPush]) -> dict[str, _Shown]:
        """Return what confirms a push, by tag."""
        tags = {each.tag: each for each in waiting if self._confirming(each)}
        later = self._known_pushes(connection, tags)
        return {
            tag: _Shown(found, tuple(later.get(tag, ())), self._reading(connection, tag, verdicts.image_of(found)))
            for tag, push in tags.items()
            if (found := self._confirming(push)) is not None
        }

    def _confirming(self, push: WaitingPush) -> Tag | None:
        """Return what confirms the push; None: nothing does."""
        found = self._findings.get(push.tag)
        if isinstance(found, Tag) and (push.is_test or verdicts.is_shown(found, push.pushed_at)):
            return found
        return None

    def _reading(self, connection: Connection, tag: str, image: TagImage | None) -> Reading:
        if image is None:
            return Reading()
        where = (self._claim.workspace, self._claim.repository)
        named = self._thresholds.baseline_tag
        previous = history.before(connection, *where, tag, image)
        baseline = (
            history.baseline(connection, *where, tag) if named is None else history.latest(connection, *where, named)
        )
        return Reading(image=image, previous=previous, growths=growths(image, previous, baseline, self._thresholds))

    def _known_pushes(self, connection: Connection, tags: Collection[str]) -> Mapping[str, Sequence[datetime]]:
        """Return when tags were pushed since the first of the pushes that wait, in no order."""
        found: dict[str, list[datetime]] = {}
        if tags:
            rows = connection.execute(
                select(events.c.tag, events.c.pushed_at).where(
                    events.c.workspace == self._claim.workspace,
                    events.c.repository == self._claim.repository,
                    events.c.tag.in_(tags),
                    events.c.pushed_at > min(each.pushed_at for each in self._claim.pushes),
                    events.c.source != "test",
                )
            )
            for row in rows:
                found.setdefault(row.tag, []).append(row.pushed_at)
        return found

    def _note(self, push: WaitingPush, shown: Mapping[str, _Shown], now: datetime) -> _Note | None:
        """Return what becomes of a push; None: it was not ours to read."""
        if self._confirming(push) is not None:
            reading = shown[push.tag].reading_of(push)
            return _Note(push.event_id, ReadingState.CONFIRMED, reading=reading, is_news=True)
        if push.event_id not in self._claim.event_ids:
            return None
        if not push.tag:
            return _Note(push.event_id, ReadingState.UNCONFIRMED, is_news=True)
        unseen = self._unseen(push)
        if _is_hopeless(push, now):
            return _Note(push.event_id, ReadingState.UNCONFIRMED, problem=unseen.problem, is_news=True)
        return _Note(
            push.event_id,
            ReadingState.WAITING,
            due_at=now + self._pause(push, unseen),
            problem=unseen.problem,
            is_news=push.problem is None,
        )

    def _unseen(self, push: WaitingPush) -> Unseen:
        found = self._findings.get(push.tag, Unseen(ReadingProblem.AWAY))
        if isinstance(found, Unseen):
            return found
        return Unseen(ReadingProblem.AWAY if found.pushed_at is None else ReadingProblem.OLDER)

    def _pause(self, push: WaitingPush, unseen: Unseen) -> timedelta:
        if unseen.again_after is None:
            return timedelta(seconds=backoff_seconds(push.attempts, self._draw))
        return min(max(unseen.again_after, _SHORTEST_WAIT), claims.LONGEST_WAIT)


def _is_hopeless(push: WaitingPush, now: datetime) -> bool:
    is_old = now - push.received_at >= GIVEN_UP_AFTER and push.attempts >= FEWEST_ATTEMPTS
    return push.is_test or is_old or push.attempts >= MOST_ATTEMPTS


def _write(connection: Connection, notes: Iterable[_Note]) -> None:
    """Write what is alike at once: thousands of pushes of one tag have one reading."""
    alike: dict[tuple[object, ...], list[_Note]] = {}
    for note in notes:
        alike.setdefault((note.state, note.due_at, note.problem, id(note.reading)), []).append(note)
    for same in alike.values():
        first = same[0]
        values = {
            "reading_state": first.state.value,
            "reading_due_at": first.due_at,
            "reading_problem": None if first.problem is None else first.problem.value,
            "reading": None if first.reading is None else first.reading.model_dump(mode="json"),
        }
        for ids in batched([note.event_id for note in same]):
            connection.execute(update(events).where(events.c.id.in_(ids)).values(values))
