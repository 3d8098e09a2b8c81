"""Looks for pushes that no webhook told of, and has the intake make their events.

A webhook is lost while we are down, while the database is away, or on its way; and nobody sends us webhooks for other
people's repositories. So Docker Hub is looked through: our own namespaces after a start, after any webhook that we
could not take, and hourly; what others own, about every ten minutes. What there is to look at says
`bot.pushes.subjects`, how far it was looked through `bot.pushes.sightings`; a look itself is `bot.pushes.looks`.
"""

import logging
import random
import threading
from collections.abc import Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.errors import HubError
from bot.hub.client import HubClient
from bot.hub.pacing import Draw
from bot.loops import POLL_SECONDS, Loop
from bot.pushes.intake import Intake
from bot.pushes.looks import Look, Looker, StoppedError
from bot.pushes.sightings import Claim, Sightings
from bot.pushes.subjects import Subject, load_subjects
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

WITH_WEBHOOKS = timedelta(hours=1)
WITHOUT_WEBHOOKS = timedelta(minutes=10)
AGAIN_AFTER_SECONDS = (30.0, 120.0, 300.0, 900.0)
"""After a webhook that we could not take: Docker Hub may be away just then, too, or show the push minutes later."""
JITTER = 0.1
"""The part of an interval by which a look may come sooner, so that not all come at the same moment."""
_CRASHED = "crashed"


class Lookout(Loop):
    """Finds pushes in a thread of its own. Several processes may do so on one database.

    Args:
        store: Where subscriptions, events and sightings are.
        hub: Docker Hub; asked in the background, so that people find some requests left.
        intake: Makes events.
        clock: The time.
        namespaces: Our own.
        has_webhooks: Whether Docker Hub can tell us of pushes to them.
        draw: Gives random numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        store: Store,
        hub: HubClient,
        intake: Intake,
        clock: Clock,
        *,
        namespaces: Sequence[str],
        has_webhooks: bool,
        draw: Draw = random.random,
    ) -> None:
        super().__init__("lookout")
        self._store = store
        self._clock = clock
        self._own = frozenset(namespace.lower() for namespace in namespaces)
        self._own_interval = WITH_WEBHOOKS if has_webhooks else WITHOUT_WEBHOOKS
        self._draw = draw
        self._sightings = Sightings(store, HOME)
        self._lock = threading.Lock()
        self._again: list[float] = []
        self._wanted = threading.Event()
        self._wanted.set()  # Nobody knows what came while we were down.
        self._looker = Looker(store, hub.background(), intake, workspace=HOME, is_stopping=lambda: self.is_stopping)

    def look_now(self) -> None:
        """Have our own namespaces looked at as soon as the database is there: a webhook could not be taken.

        Cheap, never waits, and may be called from any thread.
        """
        now = self._clock.monotonic()
        with self._lock:
            self._again = [now + seconds for seconds in AGAIN_AFTER_SECONDS]
        self._wanted.set()

    def step(self) -> float:
        """Look at all that is due."""
        with self._lock:
            if self._again and self._again[0] <= self._clock.monotonic():
                self._again.pop(0)
                self._wanted.set()
        is_wanted = self._wanted.is_set()
        if is_wanted:
            self._wanted.clear()  # Before anything is read: what is wanted from now on may be missed by this round.
        try:
            self._round(is_wanted=is_wanted)
        except StoppedError:
            logger.debug("lookout_stopped")
        except Exception:
            if is_wanted:
                self._wanted.set()
            raise
        return POLL_SECONDS

    def _round(self, *, is_wanted: bool) -> None:
        with self._store.read() as connection:
            subjects = load_subjects(connection, HOME, self._own)
            due = self._sightings.due(connection, {subject.key: self._interval(subject) for subject in subjects})
        for subject in subjects:
            at_once = is_wanted and subject.is_own
            if at_once or subject.key in due:
                self._attend_to(subject, at_once=at_once)

    def _interval(self, subject: Subject) -> timedelta:
        return self._own_interval if subject.is_own else WITHOUT_WEBHOOKS

    def _attend_to(self, subject: Subject, *, at_once: bool) -> None:
        """Look at a subject, if nobody else does, and note what came of it."""
        claim = self._sightings.claim(subject.key, self._interval(subject), since=subject.since, at_once=at_once)
        if claim is None:
            return
        started = self._clock.monotonic()
        look = self._look(subject, claim)
        if look.is_complete:
            next_in = self._interval(subject) * (1 - JITTER * self._draw())
            self._sightings.succeed(claim, newest=look.newest, next_in=next_in, problem=look.problem)
        else:
            self._sightings.fail(claim, look.problem)
        _log(subject, claim, look, seconds=self._clock.monotonic() - started)

    def _look(self, subject: Subject, claim: Claim) -> Look:
        """Look, whatever goes wrong with this one subject."""
        try:
            return self._looker.look(subject, claim)
        except HubError as error:
            return Look(problem=error.reason, is_complete=False)
        except (StoreUnavailableError, StoppedError):
            raise
        except Exception:
            logger.exception("lookout_look_crashed", extra={"subject": subject.key})
            return Look(problem=_CRASHED, is_complete=False)


def _log(subject: Subject, claim: Claim, look: Look, *, seconds: float) -> None:
    """Write a line about a finished look. A problem is worth one when it is new: it may be there for days."""
    level = logging.INFO if look.told else logging.DEBUG
    if (look.problem and look.problem != claim.problem) or (look.too_old and look.is_complete):
        level = logging.WARNING
    facts = {"problem": look.problem, "told": look.told, "too_old": look.too_old, "seconds": round(seconds, 3)}
    logger.log(level, "lookout_looked", extra={"subject": subject.key, **facts})
