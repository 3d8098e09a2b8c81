"""The time of a sandbox: one that stands still until somebody moves it, and one that runs and can be moved.

Hand either to a simulator as its `now`.
"""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SettableClock:
    """Tells the time it was given."""

    def __init__(self, now: datetime) -> None:
        """Set the clock to an aware UTC time."""
        self.now = now

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(self, **duration: float) -> None:
        """Move forward by a duration in the words of `timedelta`, such as `seconds=61`."""
        self.now += timedelta(**duration)


def utc_now() -> datetime:
    """Return the machine's time, aware and UTC."""
    return datetime.now(UTC)


def is_within(duration: timedelta, since: datetime, now: datetime) -> bool:
    """Tell whether a duration that began at `since` is still running.

    A clock may have been moved back past its beginning. Then it is over too: else what began tomorrow lasted till then.
    """
    return timedelta() <= now - since < duration


class MovableClock:
    """The machine's time and an offset. Safe to use from any thread.

    Whoever lives in another process follows it with `wait_for_move`; moving waits a moment for these followers, so that
    what happens next happens at the new time for all of them.

    Args:
        machine: Returns the machine's time, aware and UTC.
    """

    def __init__(self, machine: Callable[[], datetime] = utc_now) -> None:
        self._machine = machine
        self._offset = timedelta()
        self._version = 1
        self._waiting: Counter[int] = Counter()
        self._is_closed = False
        self._changed = threading.Condition()

    def __call__(self) -> datetime:
        """Tell the time."""
        with self._changed:
            return self._machine() + self._offset

    @property
    def offset(self) -> timedelta:
        """How far it is from the machine's time."""
        with self._changed:
            return self._offset

    def advance(self, **duration: float) -> None:
        """Move by a duration in the words of `timedelta`, such as `hours=1`."""
        with self._changed:
            self._move(self._offset + timedelta(**duration))

    def set_to(self, now: datetime) -> None:
        """Move to an aware time and go on from there."""
        with self._changed:
            self._move(now - self._machine())

    def reset(self) -> None:
        """Move back to the machine's time."""
        with self._changed:
            self._move(timedelta())

    @property
    def followers(self) -> int:
        """How many know the present time and wait for the next move."""
        with self._changed:
            return self._waiting[self._version]

    def wait_for_move(self, after: int, timeout_seconds: float) -> tuple[int, timedelta]:
        """Return version and offset as soon as the version is not `after`, at the latest after the timeout."""
        with self._changed:
            self._waiting[after] += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._version != after or self._is_closed, timeout_seconds)
            self._waiting[after] -= 1
            return self._version, self._offset

    def wait_for_followers(self, count: int, timeout_seconds: float) -> bool:
        """Return whether so many know the present time, at the latest after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting[self._version] >= count, timeout_seconds)

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _move(self, offset: timedelta) -> None:
        self._offset = offset
        self._version += 1
        self._changed.notify_all()
