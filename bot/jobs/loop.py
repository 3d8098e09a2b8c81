"""The threads in which jobs are done."""

from collections.abc import Callable

from bot.clock import Clock
from bot.jobs.model import Kinds
from bot.jobs.rerouting import reroute
from bot.jobs.runner import Runner
from bot.loops import Loop
from bot.store.base import Store

THREADS = 2
"""So many jobs are done side by side."""
REROUTED_EVERY_SECONDS = 5.0
"""How often to look whether jobs talk into closed channels."""


class JobLoop(Loop):
    """Does jobs in threads of its own. Several processes may do so on one database.

    Args:
        store: Where jobs are kept.
        kinds: Who can do them.
        clock: The time.
        after_commit: Called when there is something new to be said; should be quick.
    """

    def __init__(
        self, store: Store, kinds: Kinds, clock: Clock, *, after_commit: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__("jobs", threads=THREADS)
        self._store = store
        self._clock = clock
        self._after_commit = after_commit
        self._rerouted_at: float | None = None
        self._runner = Runner(store, kinds, clock, after_commit=after_commit)

    def step(self) -> float:
        """Do one item of a job that is due, if there is one.

        Returns:
            In how many seconds to come back; 0 when something was done, for there may be more.

        Raises:
            StoreUnavailableError: The database is away.
        """
        now = self._clock.monotonic()
        if self._rerouted_at is None or now - self._rerouted_at >= REROUTED_EVERY_SECONDS:
            self._rerouted_at = now
            if reroute(self._store):
                self._after_commit()
        return self._runner.turn()
