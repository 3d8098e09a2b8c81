"""What a simulator remembers of what it met, for tests to look at; the oldest is forgotten first."""

import threading
from collections import deque
from typing import Generic, TypeVar

# No test asks for more. What runs for weeks should remember less.
RECORDS_KEPT = 100_000

T = TypeVar("T")


class Records(Generic[T]):
    """A log in memory; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[T] = deque(maxlen=RECORDS_KEPT)
        self.count = 0
        """How many there ever were."""

    def add(self, record: T) -> None:
        """Remember one more."""
        with self._lock:
            self._records.append(record)
            self.count += 1

    def copy(self) -> list[T]:
        """Return what is remembered, the oldest first."""
        with self._lock:
            return list(self._records)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()

    def keep(self, most: int) -> None:
        """Remember no more than the newest so many from now on."""
        with self._lock:
            self._records = deque(self._records, maxlen=most)
