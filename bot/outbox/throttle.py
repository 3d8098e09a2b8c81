"""Where Slack asked to be left alone for a while.

In memory and on monotonic time: a step of the wall clock cannot make a pause longer, and what is forgotten at a restart
costs one refused request. Each process learns its own.
"""

import threading
from collections.abc import Callable

_MOST = 10_000
EVERYWHERE = "*"


class Throttle:
    """Remembers pauses by key. Safe to use from several threads.

    Args:
        monotonic: Seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def hold(self, key: str, seconds: float) -> None:
        """Begin a pause, or make it longer; never shorter."""
        now = self._monotonic()
        with self._lock:
            if len(self._until) >= _MOST:
                self._until = {known: until for known, until in self._until.items() if until > now}
            self._until[key] = max(self._until.get(key, 0.0), now + seconds)

    def seconds_left(self, *keys: str) -> float:
        """Return how long the longest of the pauses still is; 0 when there is none."""
        now = self._monotonic()
        with self._lock:
            return max(0.0, *(self._until.get(key, 0.0) - now for key in keys))
