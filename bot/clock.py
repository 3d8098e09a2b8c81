"""Time, as something that is passed in.

Wall time decides what a person reads and what is due; monotonic time decides how long something waits. Nothing in
the project asks for the date by itself, and nothing that waits for Docker Hub or Slack sleeps by itself, so that a test
never waits and a demo can be moved to tomorrow morning. Threads that wait for each other use the machine's own time.
"""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the project knows of time."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary point; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Return after at least that many seconds; at once for zero or less."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary point; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep for that many seconds; at once for zero or less."""
        if seconds > 0:
            time.sleep(seconds)


class FrozenClock:
    """A clock that moves only when told to, or when somebody sleeps on it. For tests and simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = at.timestamp()
        self._monotonic = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time the clock was set to, moved by every `advance` and `sleep` since."""
        return datetime.fromtimestamp(self._at, UTC)

    def monotonic(self) -> float:
        """Return the seconds that passed since the clock was made."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Move the clock by that many seconds and return at once."""
        self.advance(max(0.0, seconds))

    def step(self, seconds: float) -> None:
        """Set the wall time alone, forward or back, as somebody does who corrects a clock."""
        with self._lock:
            self._at += seconds

    def advance(self, seconds: float) -> None:
        """Move both times forward by that many seconds."""
        with self._lock:
            self._at += seconds
            self._monotonic += seconds
