"""Our own workers: a fixed number of threads and a queue with an end.

Slack waits three seconds for an acknowledgement, so listeners hand everything else over to here; and what does not
fit is refused at once, because a command that waits a minute is worse than a clear "busy".
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

THREADS = 32
QUEUE_SIZE = 200
# Python runs one thread at a time: a job that computes slows the acknowledgements that are on their way just then, and
# those have a deadline. So jobs start when none came for a moment, at the latest after a quarter of a second. Measured
# with commands back to back: acknowledgements in 1.0 and 1.5 ms (`help`, `tags`) instead of 4.5 and 13.9 ms.
QUIET_SECONDS = 0.003
LONGEST_HOLD_SECONDS = 0.25
ABANDON_SECONDS = 1.0


def _nobody() -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Job:
    """A piece of work.

    Attributes:
        run: Does it. An exception is logged, and the worker lives on.
        abandon: Is called when the pool stops before the job's turn, or before it is done; it should be short.
    """

    run: Callable[[], None]
    abandon: Callable[[], None] = _nobody


class WorkerPool:
    """Runs jobs on its own threads, in the order they came.

    Args:
        name: What the threads are called.
        threads: How many jobs run at the same time.
        queue_size: How many more may wait.
        quiet_seconds: How long no job must have come before one starts; 0 starts each at once.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = THREADS,
        queue_size: int = QUEUE_SIZE,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._quiet_seconds = quiet_seconds
        self._lobby: queue.SimpleQueue[tuple[float, Job] | None] = queue.SimpleQueue()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._last_came_at = 0.0
        self._most = threads + queue_size
        self._lock = threading.Lock()
        self._unfinished = 0
        self._running: dict[int, Job] = {}
        self._is_open = True
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        self._usher = threading.Thread(target=self._let_in, name=f"{name}-usher", daemon=True)
        for thread in (*self._threads, self._usher):
            thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether jobs are taken, and every worker is there to do them."""
        return self._is_open and all(thread.is_alive() for thread in (*self._threads, self._usher))

    def submit(self, job: Job) -> bool:
        """Hand a job over; never waits. False: there is no room, or the pool is stopping, and nothing was kept."""
        with self._lock:
            if not self._is_open or self._unfinished >= self._most:
                return False
            self._unfinished += 1
            self._last_came_at = time.monotonic()
            self._lobby.put((self._last_came_at, job))
            return True

    def stop(self, timeout_seconds: float) -> bool:
        """Take no more jobs, let the running ones finish, and tell those who wait for one that did not.

        Returns:
            Whether everything was finished in time.
        """
        with self._lock:
            self._is_open = False
        self._lobby.put(None)
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            unfinished = list(self._running.values())
        self._abandon(unfinished)
        return not unfinished

    def _abandon(self, jobs: Sequence[Job]) -> None:
        # All at once, and not for long: a Slack that hangs must not hold up the end for each of them.
        telling = [threading.Thread(target=self._run, args=(job.abandon,), daemon=True) for job in jobs]
        for thread in telling:
            thread.start()
        deadline = time.monotonic() + ABANDON_SECONDS
        for thread in telling:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _let_in(self) -> None:
        while (entry := self._lobby.get()) is not None:
            came_at, job = entry
            self._wait_for_quiet(came_at + LONGEST_HOLD_SECONDS)
            self._queue.put(job)
            del entry, job
        for _ in self._threads:
            self._queue.put(None)

    def _wait_for_quiet(self, at_the_latest: float) -> None:
        while self._is_open and (now := time.monotonic()) < at_the_latest:
            missing = self._last_came_at + self._quiet_seconds - now
            if missing <= 0:
                return
            time.sleep(missing)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                self._running[id(job)] = job
            self._run(job.run if self._is_open else job.abandon)
            with self._lock:
                del self._running[id(job)]
                self._unfinished -= 1
            del job  # Gone before the next wait, with all it holds on to.

    def _run(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            logger.exception("job_crashed")
