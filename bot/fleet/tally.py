"""What is to be read, how far that has come, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock
from bot.errors import HubError, RateLimitedError
from bot.fleet.keeping import AHEAD, State
from bot.fleet.model import Unchecked
from bot.images import RepositoryName
from bot.progress import Progress

TOLD_EVERY_SECONDS = 0.5

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Depth:
    """Which repositories are read, and how far.

    Attributes:
        began_at: When this began: what was read since need not be read again (UTC).
        is_deep: All tags; else the newest page is enough.
        since: Read again what was not read since then, changed or not; None: only what has changed.
        is_listed: Whether a listing of just now tells when something was last pushed.
    """

    began_at: datetime
    is_deep: bool = True
    since: datetime | None = None
    is_listed: bool = True

    def needs(self, state: State, now: datetime) -> bool:
        """Tell whether a repository has to be read; what was read in the future was so by a clock that was set back."""
        if state.read_at is None or state.read_at > now + AHEAD or (self.is_deep and not state.is_covered):
            return True
        if state.read_at > self.began_at:
            return False  # Somebody else was faster.
        return not self.is_listed or state.has_changed or (self.since is not None and state.read_at < self.since)


@dataclass
class Tally:
    """What came of a piece of work so far.

    Attributes:
        read: How many repositories' tags were read.
        requests: How many requests it took, without logins and repetitions.
        unchecked: What could not be looked at.
        failed: The repositories among that.
        is_cut_short: Whether it ended before its end.
        retry_at: When it makes sense to go on (UTC); None: nobody knows.
    """

    read: int = 0
    requests: int = 0
    unchecked: list[Unchecked] = field(default_factory=list)
    failed: list[RepositoryName] = field(default_factory=list)
    is_cut_short: bool = False
    retry_at: datetime | None = None

    def miss(self, name: RepositoryName, why: str) -> None:
        """Note a repository that could not be looked at."""
        self.unchecked.append(Unchecked(name.familiar, why))
        self.failed.append(name)

    def cut_short(self, error: HubError | None = None) -> None:
        """Note that it ends before its end, and why."""
        self.is_cut_short = True
        if isinstance(error, RateLimitedError):
            self.retry_at = max(error.retry_at, self.retry_at or error.retry_at)


class Teller:
    """Tells how far something has come, not too often. For one thread.

    Args:
        tell: Whom to tell.
        clock: The time.
        total: Of how much.
        what: What is counted, with what was done to it.
    """

    def __init__(self, tell: Tell, clock: Clock, total: int, what: str) -> None:
        self._tell = tell
        self._clock = clock
        self._total = total
        self._what = what
        self._told_at = float("-inf")

    def tell(self, done: int, *, is_last: bool = False) -> None:
        """Tell that so much is done, if it is time again."""
        now = self._clock.monotonic()
        if is_last or now - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = now
            self._tell(Progress(done, self._total, self._what))
