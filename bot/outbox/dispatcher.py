"""The threads of the outbox: one takes the lanes that are due, the others look after them."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.loops import POLL_SECONDS, Loop
from bot.outbox import lanes, messages
from bot.outbox.lanes import Lane, Lease
from bot.outbox.throttle import EVERYWHERE
from bot.outbox.worker import LaneWorker
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

WORKERS = 16
"""Slack takes some hundred milliseconds for a message, a channel takes one a second."""
_SHORTEST_WAIT_SECONDS = 0.02
_TIDY_SECONDS = 600.0


class Dispatcher(Loop):
    """Runs the outbox of one process.

    Args:
        store: Where lanes and messages are kept.
        worker: Looks after one lane.
        clock: The time.
        workers: How many lanes are looked after at the same time.
    """

    def __init__(self, store: Store, worker: LaneWorker, clock: Clock, *, workers: int = WORKERS) -> None:
        super().__init__("outbox")
        self._store = store
        self._worker = worker
        self._clock = clock
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="outbox-worker")
        self._idle = threading.Condition()
        self._busy: set[Lane] = set()
        # Not at once: what waits in a closed channel gets the chance that the channel is open again by now.
        self._tidied_at = clock.monotonic()

    def start(self) -> None:
        """Begin.

        Raises:
            StoreUnavailableError: The database is away.
        """
        if not self._store.is_shared:
            self._store.write(lambda connection: lanes.end_leases(connection, self._store.now(connection)))
        super().start()

    def stop(self, timeout_seconds: float) -> bool:
        """Take no more lanes, and wait for what is being sent; False when that took too long."""
        ends_at = time.monotonic() + timeout_seconds
        self._worker.stop()
        has_ended = super().stop(timeout_seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._idle:
            return self._idle.wait_for(lambda: not self._busy, max(0.0, ends_at - time.monotonic())) and has_ended

    def step(self) -> float:
        """Hand out the lanes that are due."""
        self._tidy()
        with self._idle:
            busy = frozenset(self._busy)
        room = self._workers - len(busy)
        if room <= 0:
            return POLL_SECONDS  # A worker that ends wakes us.
        if paused := self._worker.throttle.seconds_left(EVERYWHERE):
            return paused
        with self._store.read() as connection:
            due_in = lanes.due_in(connection, self._store.now(connection))
        if due_in is None:
            return POLL_SECONDS
        if due_in > timedelta(0):
            return min(POLL_SECONDS, max(due_in.total_seconds(), _SHORTEST_WAIT_SECONDS))

        def claim(connection: Connection) -> list[Lease]:
            now = self._store.now(connection)
            return lanes.claim(connection, now, at_most=room, without=busy)

        leases = self._store.write(claim)
        for lease in leases:
            with self._idle:
                self._busy.add(lease.lane)
            self._pool.submit(self._serve, lease)
        return _SHORTEST_WAIT_SECONDS if leases else POLL_SECONDS / 5

    def _serve(self, lease: Lease) -> None:
        try:
            self._worker.serve(lease)
        except StoreUnavailableError as error:
            logger.debug("lane_left", extra={"cause": error.cause})
        except Exception:
            # The lease runs out, and the lane is looked at again.
            logger.exception("lane_crashed", extra={"channel": lease.lane.channel})
        finally:
            with self._idle:
                self._busy.discard(lease.lane)
                self._idle.notify_all()
            self.wake()

    def _tidy(self) -> None:
        if self._clock.monotonic() - self._tidied_at < _TIDY_SECONDS:
            return
        given_up = self._store.write(
            lambda connection: messages.give_up_in_suspended_lanes(connection, self._store.now(connection))
        )
        if given_up:
            logger.error("messages_given_up", extra={"count": given_up})
        self._tidied_at = self._clock.monotonic()
