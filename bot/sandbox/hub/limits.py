"""How many calls a client has left: the API's budget per minute and the registry's pull budget per hour.

Source: docs.docker.com, Docker Hub API, rate limiting (`X-RateLimit-*`), and Docker Hub usage, pulls (`ratelimit-*`).
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.clock import is_within
from bot.sandbox.hub.faults import RetryAfterForm

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a client has left in its current window.

    Attributes:
        limit: Calls per window.
        remaining: Calls left, never below zero.
        reset_at: End of the window, UTC.
        is_exceeded: Whether the call that asked was one too many.
    """

    limit: int
    remaining: int
    reset_at: datetime
    is_exceeded: bool


class RateLimiter:
    """Counts calls per client in fixed windows, each of which begins with the client's first call."""

    def __init__(self, clock: Clock, window: timedelta) -> None:
        self._clock = clock
        self._window = window
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[datetime, int]] = {}

    def spend(self, client: str, limit: int) -> Budget:
        """Count one call; a refused one is not counted."""
        with self._lock:
            began_at, spent = self._current(client)
            is_exceeded = spent >= limit
            spent += not is_exceeded
            self._windows[client] = (began_at, spent)
        return Budget(limit, limit - spent, began_at + self._window, is_exceeded)

    def peek(self, client: str, limit: int) -> Budget:
        """Tell the budget without spending any of it."""
        with self._lock:
            began_at, spent = self._current(client)
        return Budget(limit, limit - spent, began_at + self._window, is_exceeded=spent >= limit)

    def _current(self, client: str) -> tuple[datetime, int]:
        now = self._clock()
        began_at, spent = self._windows.get(client, (now, 0))
        return (began_at, spent) if is_within(self._window, began_at, now) else (now, 0)


def unix_time(moment: datetime) -> int:
    """Return whole Unix seconds, rounded up so that a client which waits for them is never early."""
    return math.ceil(moment.timestamp())


def api_headers(budget: Budget) -> dict[str, str]:
    """Write the headers that every answer of the API carries."""
    return {
        "X-RateLimit-Limit": str(budget.limit),
        "X-RateLimit-Remaining": str(budget.remaining),
        "X-RateLimit-Reset": str(unix_time(budget.reset_at)),
    }


def retry_headers(form: RetryAfterForm, return_at: datetime, now: datetime) -> dict[str, str]:
    """Write when a refused client may come back, in one of the forms that documents and clients disagree on."""
    unix = {"X-Retry-After": str(unix_time(return_at))}
    seconds = {"Retry-After": str(math.ceil((return_at - now).total_seconds()))}
    forms = {"x_retry_after_unix": unix, "retry_after_seconds": seconds, "both": unix | seconds, "neither": {}}
    return dict(forms[form])


def pull_headers(budget: Budget, window: timedelta, source: str) -> dict[str, str]:
    """Write the registry's headers: a number, and the window in seconds."""
    seconds = int(window.total_seconds())
    return {
        "ratelimit-limit": f"{budget.limit};w={seconds}",
        "ratelimit-remaining": f"{budget.remaining};w={seconds}",
        "docker-ratelimit-source": source,
    }
