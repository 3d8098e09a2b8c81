"""What becomes of the pushes whose tags were read: confirmed, asked for again later, or given up.

Runs in one write, with the history of the tags beside it. Whatever was decided before, the rows decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from bot.hub.tags import Tag
from bot.images import RepositoryName
from bot.pushes import claims, history, verdicts
from bot.pushes.claims import Claim, WaitingPush
from bot.pushes.growth import Thresholds, growths
from bot.pushes.model import Reading, ReadingProblem, ReadingState, TagImage
from bot.pushes.tag_reader import Finding, Unseen
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


def backoff_seconds(attempts: int, draw: float) -> float:
    """Return how long after an attempt the next one comes: doubling from two seconds to half a minute.

    Whatever is drawn, no pause is longer than half a minute, and none shorter than the one before.

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
        # The image is another push's, and so is what there is to say about its size.
        return self.reading.model_copy(update={"is_overtaken": True, "growths": ()})


class Settling:
    """Keeps what reading some tags of a repository gave.

    Args:
        claim: What was to be read.
        findings: What was found, by tag.
        thresholds: Returns when an image of a repository counts as grown too large.
        draw: A random number from 0 to 1. One for all the tags: so they stay due together, and are read together.
    """

    def __init__(
        self,
        claim: Claim,
        findings: Mapping[str, Finding],
        thresholds: Callable[[RepositoryName], Thresholds],
        *,
        draw: float,
    ) -> None:
        self._claim = claim
        self._findings = findings
        self._thresholds = thresholds
        self._draw = draw

    def run(self, connection: Connection, now: datetime) -> list[str]:
        """Note everything, and return the events that there is something new to tell of."""
        claim = self._claim
        # Also what came in meanwhile: what Docker Hub shows may hold it already.
        waiting = claims.waiting_pushes(
            connection, claim.workspace, claim.repository, {each.tag for each in claim.pushes}
        )
        self._remember(connection, now)
        shown = {tag: self._shown(connection, tag, found) for tag, found in self._tags() if tag in claim.wanted}
        return [push.event_id for push in waiting if self._note(connection, push, shown.get(push.tag), now)]

    def _tags(self) -> list[tuple[str, Tag]]:
        return [(tag, found) for tag, found in sorted(self._findings.items()) if isinstance(found, Tag)]

    def _remember(self, connection: Connection, now: datetime) -> None:
        # Also what is older than the push: it will be what was there before.
        for tag, found in self._tags():
            if (image := verdicts.image_of(found)) is not None:
                history.remember(connection, self._claim.workspace, self._claim.repository, tag, image, seen_at=now)

    def _shown(self, connection: Connection, tag: str, found: Tag) -> _Shown:
        image = verdicts.image_of(found)
        reading = Reading() if image is None else self._reading(connection, tag, image)
        return _Shown(found, self._known_pushes(connection, tag), reading)

    def _reading(self, connection: Connection, tag: str, image: TagImage) -> Reading:
        where = (self._claim.workspace, self._claim.repository)
        thresholds = self._thresholds(RepositoryName.parse(self._claim.repository))
        previous = history.before(connection, *where, tag, image)
        named = thresholds.baseline_tag
        baseline = (
            history.baseline(connection, *where, tag) if named is None else history.latest(connection, *where, named)
        )
        return Reading(image=image, previous=previous, growths=growths(image, previous, baseline, thresholds))

    def _known_pushes(self, connection: Connection, tag: str) -> tuple[datetime, ...]:
        earliest = min(each.pushed_at for each in self._claim.pushes if each.tag == tag)
        found = connection.execute(
            select(events.c.pushed_at).where(
                events.c.workspace == self._claim.workspace,
                events.c.repository == self._claim.repository,
                events.c.tag == tag,
                events.c.pushed_at > earliest,
                events.c.source != "test",
            )
        )
        return tuple(found.scalars())

    def _note(self, connection: Connection, push: WaitingPush, shown: _Shown | None, now: datetime) -> bool:
        """Note what became of one push; return whether there is something to tell."""
        if shown is not None and (push.is_test or verdicts.is_shown(shown.tag, push.pushed_at)):
            reading = shown.reading_of(push).model_dump(mode="json")
            _write(connection, push, _settled(ReadingState.CONFIRMED, None), reading=reading)
            return True
        if push.event_id not in self._claim.event_ids:
            return False
        if not push.tag:
            _write(connection, push, _settled(ReadingState.UNCONFIRMED, None))
            return True
        unseen = self._unseen(push, shown)
        if _is_hopeless(push, now):
            _write(connection, push, _settled(ReadingState.UNCONFIRMED, unseen.problem))
            return True
        due_at = now + self._pause(push, unseen)
        _write(connection, push, {"reading_due_at": due_at, "reading_problem": unseen.problem.value})
        return push.problem is None

    def _unseen(self, push: WaitingPush, shown: _Shown | None) -> Unseen:
        if shown is not None:
            is_dated = shown.tag.pushed_at is not None
            return Unseen(ReadingProblem.OLDER if is_dated else ReadingProblem.AWAY)
        found = self._findings.get(push.tag)
        return found if isinstance(found, Unseen) else Unseen(ReadingProblem.AWAY)

    def _pause(self, push: WaitingPush, unseen: Unseen) -> timedelta:
        if unseen.again_after is None:
            return timedelta(seconds=backoff_seconds(push.attempts, self._draw))
        return min(max(unseen.again_after, timedelta(seconds=1)), claims.LONGEST_WAIT)


def _is_hopeless(push: WaitingPush, now: datetime) -> bool:
    is_old = now - push.received_at >= GIVEN_UP_AFTER and push.attempts >= FEWEST_ATTEMPTS
    return push.is_test or is_old or push.attempts >= MOST_ATTEMPTS


def _settled(state: ReadingState, problem: ReadingProblem | None) -> dict[str, Any]:
    return {
        "reading_state": state.value,
        "reading_problem": None if problem is None else problem.value,
        "reading_due_at": None,
    }


def _write(connection: Connection, push: WaitingPush, values: Mapping[str, Any], **more: Any) -> None:
    connection.execute(update(events).where(events.c.id == push.event_id).values({**values, **more}))
