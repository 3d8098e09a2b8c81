"""Something that is done again and again for as long as the process serves, in threads of its own."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping

from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often a loop looks, at the least, whether there is something to do."""


class Loop(ABC):
    """A loop. It outlives whatever goes wrong in a round; waits are in the machine's own time.

    Args:
        name: Of the threads, and in the log.
        threads: How many do the same side by side.
    """

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._calls = 0
        self._is_stopping = False
        self._trouble = ""
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]

    @abstractmethod
    def step(self) -> float:
        """Do what is due.

        Returns:
            In how many seconds to come back, unless woken before.

        Raises:
            StoreUnavailableError: The database is away; nothing of it is lost by coming back later.
        """

    @property
    def is_alive(self) -> bool:
        """Whether every thread is at work."""
        return not self._is_stopping and all(thread.is_alive() for thread in self._threads)

    @property
    def is_stopping(self) -> bool:
        """Whether it is to end: what takes long should look at this now and then."""
        return self._is_stopping

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Have the next step done at once. Cheap, and may be called from any thread."""
        with self._changed:
            self._calls += 1
            self._changed.notify_all()

    def stop(self, timeout_seconds: float) -> bool:
        """Do nothing more, and wait for the steps that are under way; False when that took too long."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        ends_at = time.monotonic() + timeout_seconds
        started = [thread for thread in self._threads if thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, ends_at - time.monotonic()))
        return not any(thread.is_alive() for thread in started)

    def pause(self, seconds: float) -> bool:
        """Wait, unless it is to end meanwhile; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_stopping, seconds)

    def guarded_step(self) -> float:
        """Do a step; what goes wrong is logged, once for as long as it lasts."""
        try:
            seconds = self.step()
        except StoreUnavailableError as error:
            if self._is_new(error.cause):
                logger.warning("loop_waits_for_database", extra={"loop": self._name, "cause": error.cause})
            return POLL_SECONDS
        except Exception as error:
            if self._is_new(repr(error)):
                logger.exception("loop_crashed", extra={"loop": self._name})
            return POLL_SECONDS
        self._trouble = ""
        return seconds

    def _is_new(self, trouble: str) -> bool:
        with self._changed:
            is_new, self._trouble = trouble != self._trouble, trouble
        return is_new

    def _run(self) -> None:
        while not self._is_stopping:
            calls = self._calls
            seconds = self.guarded_step()
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopping or self._calls != calls, seconds)  # noqa: B023 - At once.


class Loops:
    """Several loops of one process.

    Args:
        loops: By name, in the order in which they are stopped: first what makes work for those after it.
    """

    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self.by_name = dict(loops)

    def start(self) -> None:
        """Begin.

        Raises:
            StoreUnavailableError: The database is away.
        """
        for loop in self.by_name.values():
            loop.start()

    def stop(self, timeout_seconds: float) -> bool:
        """End within the time, and a moment; False when something did not."""
        ends_at = time.monotonic() + timeout_seconds
        ended = [loop.stop(max(0.0, ends_at - time.monotonic())) for loop in self.by_name.values()]
        return all(ended)
