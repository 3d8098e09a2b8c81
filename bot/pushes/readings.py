"""Reading pushes back: a webhook is a hint, so each tag is looked up at Docker Hub before it is told as a fact.

Once per tag, whatever the number of channels that hear of it, and never while a lane is held. A push that Docker Hub
does not show yet is asked for again, more and more seldom, for a quarter of an hour. What is due, and who reads it,
are rows (`bot.pushes.claims`): readers may die, be many, and live in several processes.

Special cases:

- A push that names no tag (as before 2016) has nothing to be read: it ends unconfirmed, without a problem, unasked.
- A test shows what a message looks like: whatever Docker Hub shows is taken for the push, and it is asked once.
- A tag that Docker Hub shows without a time is not confirmed by that; one without a digest is, without an image.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.hub.client import HubClient
from bot.hub.pacing import Draw
from bot.hub.tags import Tag
from bot.images import InvalidReferenceError, RepositoryName
from bot.loops import POLL_SECONDS, Loop
from bot.pushes import claims, history
from bot.pushes.claims import Claim
from bot.pushes.growth import Thresholds
from bot.pushes.model import ReadingProblem
from bot.pushes.settling import Settling
from bot.pushes.tag_reader import Finding, TagReader, Unseen
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

THREADS = 2
"""Docker Hub allows three requests a second; more would only be in the way of everything else."""
MOST_TAGS_A_WRITE = 20
"""Webhooks wait for a write to end, and each tag takes it a millisecond or two."""

_SHORTEST_WAIT_SECONDS = 0.05
_LOOKS_CLOSER_FROM = 2
"""The attempt at which it is worth a request to know why a tag is not found; at the first, it is usually late."""


OnSettled = Callable[[Connection, str, Sequence[str]], None]
"""Has everything looked at that tells of these events of a workspace, whose reading went on. Runs in the transaction
that keeps the result: nothing but database work, which may be run again."""


class Readings(Loop):
    """The readers of one process.

    Args:
        store: Where events are kept.
        hub: Docker Hub.
        clock: The time, the same as the client's.
        threads: How many repositories are read at the same time.
        on_settled: Called for events that are settled, and for those whose first attempt failed.
        after_commit: Called when such a result is kept; should be quick.
        thresholds: Returns when an image of a repository counts as grown too large.
        draw: Gives random numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        store: Store,
        hub: HubClient,
        clock: Clock,
        *,
        on_settled: OnSettled,
        threads: int = THREADS,
        after_commit: Callable[[], None] = lambda: None,
        thresholds: Callable[[RepositoryName], Thresholds] = lambda _: Thresholds(),
        draw: Draw = random.random,
    ) -> None:
        super().__init__("readings", threads=threads)
        self._store = store
        self._reader = TagReader(hub.once(), clock)
        self._on_settled = on_settled
        self._after_commit = after_commit
        self._thresholds = thresholds
        self._draw = draw

    def step(self) -> float:
        """Read the tags that are due of one repository, if there is one.

        Returns:
            In how many seconds to come back; 0 when something was done, for there may be more.

        Raises:
            StoreUnavailableError: The database is away. What was being read is due again when its lease ends.
        """
        with self._store.read() as connection:
            due_in = claims.due_in(connection, self._store.now(connection))
        if due_in is None:
            return POLL_SECONDS
        if due_in > timedelta(0):
            return min(POLL_SECONDS, due_in.total_seconds())
        claim = self._store.write(lambda connection: claims.take(connection, self._store.now(connection)))
        if claim is None:
            return _SHORTEST_WAIT_SECONDS
        self._serve(claim)
        return 0.0

    def _serve(self, claim: Claim) -> None:
        try:
            self._settle(claim, self._find(claim))
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("reading_failed", extra={"repository": claim.repository})
            self._settle(claim, dict.fromkeys(claim.wanted, Unseen(ReadingProblem.AWAY)))

    def _find(self, claim: Claim) -> dict[str, Finding]:
        wanted = claim.wanted
        if not wanted:
            return {}
        repository = RepositoryName.parse(claim.repository)
        looks_closer = any(each.is_test or each.attempts + 1 >= _LOOKS_CLOSER_FROM for each in claim.pushes)
        findings = self._reader.read(repository, wanted, looks_closer=looks_closer)
        if any(isinstance(each, Tag) for each in findings.values()):
            self._find_baseline(claim, repository, findings)
        return findings

    def _find_baseline(self, claim: Claim, repository: RepositoryName, findings: dict[str, Finding]) -> None:
        """Have the tag that is the baseline read too, if it was pushed before our time."""
        tag = self._thresholds(repository).baseline_tag
        if tag is None or tag in findings:
            return
        with self._store.read() as connection:
            known = history.latest(connection, claim.workspace, claim.repository, tag)
            now = self._store.now(connection)
        if known is None:
            findings.update(self._reader.read(repository, {tag: now}, looks_closer=False))

    def _settle(self, claim: Claim, findings: Mapping[str, Finding]) -> None:
        thresholds = self._thresholds_of(claim)
        draw = self._draw()
        for part in claim.parts(MOST_TAGS_A_WRITE):
            self._settle_part(part, Settling(part, findings, thresholds, draw=draw))

    def _settle_part(self, claim: Claim, settling: Settling) -> None:
        def work(connection: Connection) -> list[str]:
            news = settling.run(connection, self._store.now(connection))
            if news:
                self._on_settled(connection, claim.workspace, news)
            return news

        if self._store.write(work):
            self._after_commit()

    def _thresholds_of(self, claim: Claim) -> Thresholds:
        try:
            return self._thresholds(RepositoryName.parse(claim.repository))
        except InvalidReferenceError:
            return Thresholds()
