"""How many requests go out side by side.

Docker Hub tells with each answer how many requests are left until its next reset. Never more are on their way than
that, less what background work leaves to people: so the end of a budget is met by one request, and not by twenty that
are all refused. After a refusal half as many go out, and one more for each round that is answered.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting
"""

import threading
from collections.abc import Callable
from datetime import datetime

from bot.hub.pacing import RESERVE, Budget

MOST = 20
"""So many at once make a thousand requests of 50 ms a matter of three seconds; each thread takes a megabyte."""


class Width:
    """How many at once. Safe to use from several threads.

    Args:
        budget: Returns what the requests are counted against.
        now: Returns the time (aware, UTC).
        leaves_reserve: Whether the last part of the budget is left to people.
        most: Never more than so many.
    """

    def __init__(
        self,
        budget: Callable[[], Budget],
        now: Callable[[], datetime],
        *,
        leaves_reserve: bool,
        most: int = MOST,
    ) -> None:
        self._budget = budget
        self._now = now
        self._reserve = RESERVE if leaves_reserve else 0.0
        self._most = most
        self._wanted = float(most)
        self._was_spent = False
        self._lock = threading.Lock()

    @property
    def allowed(self) -> int:
        """How many requests may be on their way now; at least one, which waits for its turn if it must."""
        budget = self._budget()
        with self._lock:
            is_spent = budget.is_spent
            if is_spent and not self._was_spent:
                self._wanted = max(1.0, self._wanted / 2)
            self._was_spent = is_spent
            return max(1, min(int(self._wanted), self._left(budget)))

    def note_answer(self) -> None:
        """Note that a request was answered."""
        with self._lock:
            self._wanted = min(float(self._most), self._wanted + 1 / self._wanted)

    def _left(self, budget: Budget) -> int:
        """Return how many requests are left until the reset; more than enough where nobody knows."""
        seen = budget.seen
        if seen is None or (seen.limit.resets_at is not None and seen.limit.resets_at <= self._now()):
            return self._most
        limit = seen.limit
        return limit.remaining - int((limit.limit or 0) * self._reserve)
