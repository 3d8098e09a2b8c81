"""Asks the database what is due, some minutes before has everything looked at, and has it decided when it is due.

A digest waits up to two minutes for what is being looked at just then. After that it says how old its knowledge is.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.digest import rows
from bot.digest.deciding import LATEST, Decider, make_plan
from bot.digest.knowledge import Knowledge
from bot.digest.rows import Coming, Digest
from bot.digest.schedule import Due
from bot.loops import POLL_SECONDS, Loop
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

PREPARATION = timedelta(minutes=10)
"""So long before it is due, everything is to be looked at; what was looked at since is fresh."""
PATIENCE = timedelta(minutes=2)
"""So long a digest that is due waits for that."""
PATIENCE_WITH_BASELINE = timedelta(minutes=10)
"""So long a new digest waits before it takes for the state of things what is known by then."""
HURRY = timedelta(hours=1)
"""With less than this left until it is too late, a digest waits for nothing."""
PRUNED_AT_ONCE = 100
_PRUNED_EVERY = timedelta(hours=1)
_REMEMBERED = timedelta(days=2)


class DigestLoop(Loop):
    """Sees to digests in a thread of its own. Several processes may do so on one database.

    What it remembers (since when something has been due, who was asked) is lost with the process, and only makes it
    wait or ask once more.

    Args:
        store: Where digests are.
        knowledge: What they are made of.
        workspace: Whose.
        is_read_outside: Returns whether people of other organizations read a channel, as far as Slack says now.
        after_commit: Called when there is something new to be said; should be quick.
    """

    def __init__(
        self,
        store: Store,
        knowledge: Knowledge,
        workspace: str = HOME,
        *,
        is_read_outside: Callable[[str], bool] = lambda _: False,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("digests")
        self._store = store
        self._knowledge = knowledge
        self._workspace = workspace
        self._decider = Decider(store, knowledge, workspace, is_read_outside=is_read_outside)
        self._after_commit = after_commit
        self._asked_at: dict[tuple[str, datetime | None], datetime] = {}
        self._seen_at: dict[tuple[str, datetime], datetime] = {}
        self._again_at: dict[str, datetime] = {}
        self._pruned_at: datetime | None = None

    def step(self) -> float:
        """Do what is due."""
        with self._store.read() as connection:
            now = self._store.now(connection)
            coming = rows.coming(connection, self._workspace, until=now + PREPARATION)
        for each in coming:
            if self.is_stopping:
                break
            if not self._is_prepared(each, now) and not self._rests(each.id, now):
                self._attend_to(each.id, now)
        self._clear_up(now)
        return POLL_SECONDS

    def _is_prepared(self, coming: Coming, now: datetime) -> bool:
        return coming.is_begun and coming.due.at > now and (coming.id, coming.due.at) in self._asked_at

    def _rests(self, digest_id: str, now: datetime) -> bool:
        again_at = self._again_at.get(digest_id)
        return again_at is not None and now < again_at <= now + rows.LEASE

    def _attend_to(self, digest_id: str, began_at: datetime) -> None:
        """See to one digest, whatever is wrong with it."""
        try:
            with self._store.read() as connection:
                digest = rows.get(connection, self._workspace, digest_id)
                now = self._store.now(connection)
            if digest is not None:
                self._serve(digest, now)
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("digest_crashed", extra={"digest": digest_id})
            self._again_at[digest_id] = began_at + rows.LEASE

    def _serve(self, digest: Digest, now: datetime) -> None:
        if digest.baseline_at is None and digest.due.at > now:
            self._see_to_baseline(digest, now)
        plan = make_plan(digest.wish.schedule, digest.due, now, paused_until=digest.paused_until)
        if digest.due.at > now:
            self._prepare(digest, now)
        elif (plan.told is None or self._is_ready(digest, plan.told, now)) and self._decider.decide(digest):
            self._after_commit()

    def _prepare(self, digest: Digest, now: datetime) -> None:
        is_paused = digest.paused_until is not None and digest.due.at < digest.paused_until
        if digest.due.at <= now + PREPARATION and not is_paused:
            self._ask(digest, digest.due.at, now)

    def _see_to_baseline(self, digest: Digest, now: datetime) -> None:
        self._ask(digest, None, now)
        is_late = now - digest.created_at >= PATIENCE_WITH_BASELINE
        if is_late or self._knowledge.is_fresh(digest.wish.wanted.scope, digest.created_at):
            self._decider.take_baseline(digest)

    def _is_ready(self, digest: Digest, due: Due, now: datetime) -> bool:
        """Return whether to wait no longer for what is being looked at."""
        seen_at = min(self._seen_at.setdefault((digest.id, due.at), now), now)
        self._ask(digest, due.at, now)
        if now - seen_at >= PATIENCE or now - due.at >= LATEST - HURRY:
            return True
        return self._knowledge.is_fresh(digest.wish.wanted.scope, max(seen_at, due.at) - PREPARATION)

    def _ask(self, digest: Digest, what_for: datetime | None, now: datetime) -> None:
        """Have everything looked at, once for each time that it is due; None: for its beginning."""
        key = (digest.id, what_for)
        if key not in self._asked_at:
            self._knowledge.ask(digest.wish.wanted.scope)
            self._asked_at[key] = now

    def _clear_up(self, now: datetime) -> None:
        """Forget what is over."""
        self._asked_at = {key: at for key, at in self._asked_at.items() if at >= now - _REMEMBERED}
        self._seen_at = {key: at for key, at in self._seen_at.items() if at >= now - _REMEMBERED}
        self._again_at = {key: at for key, at in self._again_at.items() if at >= now}
        if self._pruned_at is not None and self._pruned_at <= now < self._pruned_at + _PRUNED_EVERY:
            return
        self._pruned_at = now

        def prune(connection: Connection) -> int:
            return rows.prune(connection, now, most=PRUNED_AT_ONCE)

        while self._store.write(prune) == PRUNED_AT_ONCE and not self.is_stopping:
            pass
