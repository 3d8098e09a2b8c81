"""One thread that waits for many moments."""

import heapq
import itertools
import threading
from collections.abc import Callable


class Timer:
    """Does things when their time has come.

    Args:
        monotonic: Seconds that never go back.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._is_open = True
        self._thread = threading.Thread(target=self._watch, name="timer", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether somebody watches the time."""
        return self._is_open and self._thread.is_alive()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Have the action done at that (monotonic) moment, or at once when it is past. It must not wait or raise."""
        with self._changed:
            heapq.heappush(self._entries, (moment, next(self._numbers), action))
            if self._entries[0][0] == moment:
                self._changed.notify()

    def stop(self) -> None:
        """Forget what is still to come."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while self._is_open:
                wait = self._entries[0][0] - self._monotonic() if self._entries else None
                if wait is not None and wait <= 0:
                    heapq.heappop(self._entries)[2]()
                else:
                    self._changed.wait(wait)
