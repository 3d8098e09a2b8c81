"""What happened a short while ago, so that it is not done twice."""

import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 100_000


class Recent:
    """Remembers keys for a time. Bounded: when it is full, the oldest is forgotten first.

    Args:
        seconds: How long a key is remembered.
        monotonic: Seconds that never go back.
        most: How many keys are remembered.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float], most: int = MOST) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._most = most
        self._lock = threading.Lock()
        self._expiries: OrderedDict[str, float] = OrderedDict()

    def is_new(self, key: str) -> bool:
        """Return whether the key has not been seen lately, and remember it. Only one of several callers gets True."""
        now = self._monotonic()
        with self._lock:
            while self._expiries and next(iter(self._expiries.values())) <= now:
                self._expiries.popitem(last=False)
            if key in self._expiries:
                return False
            self._expiries[key] = now + self._seconds
            if len(self._expiries) > self._most:
                self._expiries.popitem(last=False)
            return True
