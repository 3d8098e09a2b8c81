"""A clock that stands still until somebody moves it."""

from datetime import datetime, timedelta


class SettableClock:
    """Tells the time it was given; hand it to a simulator as its `now`."""

    def __init__(self, now: datetime) -> None:
        """Set the clock to an aware UTC time."""
        self.now = now

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(self, **duration: float) -> None:
        """Move forward by a duration in the words of `timedelta`, such as `seconds=61`."""
        self.now += timedelta(**duration)
