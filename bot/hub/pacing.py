"""Keeping to Docker Hub's request limits, together: everybody who uses one client waits in the same lines.

A 429, or a budget that is used up, starts a *cool-down*. Whoever comes later does not ask but waits, and when it ends
they are let through one after the other. There is one cool-down for each budget (a host, and the credential whose
requests it counts) and one for each host, for the limit on abuse that hits all credentials alike. Background work
stops earlier, so that people find some requests left.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from bot.clock import Clock
from bot.errors import RateLimitedError
from bot.hub.failures import limit_seconds
from bot.hub.protocol import Answer, RateLimit, is_abuse_limit

logger = logging.getLogger(__name__)

INTERACTIVE_WAIT_SECONDS = 10.0
INTERACTIVE_RETRY_SECONDS = 15.0
SPACING_SECONDS = 0.05
JITTER_SECONDS = 0.1
RESERVE = 0.05
"""The part of a budget that background work leaves to people."""
_SAME_WINDOW = timedelta(seconds=2)
"""Resets and the answers' dates are told in whole seconds."""

Draw = Callable[[], float]
"""Gives a random number from 0 to 1."""


class Patience:
    """How long one piece of work may wait for limits, all its requests taken together. Not for several threads.

    Args:
        wait_seconds: None waits as long as it takes, as background work does.
        asks_once: Whether the work comes back by itself, so that no request is repeated here.

    Attributes:
        asks_once: As given.
    """

    def __init__(self, wait_seconds: float | None = INTERACTIVE_WAIT_SECONDS, *, asks_once: bool = False) -> None:
        self._left = wait_seconds
        self.asks_once = asks_once

    @property
    def is_endless(self) -> bool:
        """Whether this is background work."""
        return self._left is None

    @property
    def leaves_reserve(self) -> bool:
        """Whether the last part of a budget is left to people, because nobody waits for this."""
        return self.is_endless or self.asks_once

    def allows(self, seconds: float) -> bool:
        """Tell whether that long a wait is still within it."""
        return self._left is None or seconds <= self._left

    def spend(self, seconds: float) -> None:
        """Note that so long was waited."""
        if self._left is not None:
            self._left -= seconds


class TooLongError(Exception):
    """The wait would be longer than the caller's patience; it has not taken a place in the line.

    Args:
        seconds: How long it would be.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds = seconds


class CoolDown:
    """A time in which nobody asks, and the line that forms behind it.

    Each waiter gets a place of its own, a little after the one before, and never before the end: if all were let go
    at once, the first second after the end would use up the new budget and start the next cool-down.
    """

    def __init__(self, clock: Clock, draw: Draw) -> None:
        self._clock = clock
        self._draw = draw
        self._lock = threading.Lock()
        self._ends_at = 0.0
        self._last_place = 0.0

    @property
    def is_on(self) -> bool:
        """Whether it has not ended yet."""
        return self._clock.monotonic() < self._ends_at

    def hold(self, seconds: float) -> None:
        """Begin it, or make it longer; never shorter."""
        with self._lock:
            self._ends_at = max(self._ends_at, self._clock.monotonic() + seconds)

    def wait(self, patience: Patience) -> None:
        """Return when it is the caller's turn; at once when there is neither a cool-down nor a line.

        Raises:
            TooLongError: It would take longer than the caller has patience for.
        """
        while seconds := self._take_place(patience):
            patience.spend(seconds)
            self._clock.sleep(seconds)
            if not self.is_on:
                return

    def _take_place(self, patience: Patience) -> float:
        with self._lock:
            now = self._clock.monotonic()
            end_of_line = max(self._ends_at, self._last_place)
            if end_of_line <= now:
                return 0.0
            place = end_of_line + SPACING_SECONDS + JITTER_SECONDS * self._draw()
            if not patience.allows(place - now):
                raise TooLongError(place - now)
            self._last_place = place
            return place - now


@dataclass(frozen=True)
class SeenLimit:
    """What a budget was when it was last seen.

    Attributes:
        host: Whose limit it is.
        credential: Whose requests it counts, in words.
        limit: The budget.
        seen_at: When it was told (aware, UTC).
    """

    host: str
    credential: str
    limit: RateLimit
    seen_at: datetime


class Budget:
    """The requests that one credential may make at one host."""

    def __init__(self, host: str, credential: str, *, address: CoolDown, clock: Clock, draw: Draw) -> None:
        self._host = host
        self._credential = credential
        self._clock = clock
        self._address = address
        self._cool_down = CoolDown(clock, draw)
        self._reserve = CoolDown(clock, draw)
        self._lock = threading.Lock()
        self._seen: SeenLimit | None = None

    @property
    def seen(self) -> SeenLimit | None:
        """What it was when last seen; None before the first answer."""
        return self._seen

    @property
    def is_spent(self) -> bool:
        """Whether it is known that asking now would be refused."""
        return self._address.is_on or self._cool_down.is_on

    def wait(self, patience: Patience, *, resource: str, credential: str) -> None:
        """Return when a request may be sent.

        Args:
            patience: How long that may take.
            resource: What is asked for, in words; for the error.
            credential: What it is asked with, in words; for the error.

        Raises:
            RateLimitedError: That is further away than the caller has patience for. Nothing was sent.
        """
        lines = [self._address, self._cool_down]
        if patience.leaves_reserve:
            lines.append(self._reserve)
        try:
            for line in lines:
                line.wait(patience)
        except TooLongError as error:
            retry_at = self._clock.now() + timedelta(seconds=error.seconds)
            raise RateLimitedError(resource, retry_at=retry_at, credential=credential) from error

    def note(self, answer: Answer) -> None:
        """Learn from an answer how much is left, and begin a cool-down when that is nothing."""
        now = self._clock.now()
        limit = RateLimit.from_headers(answer.headers, now=now)
        if limit is not None:
            self._note_limit(limit, now)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._refused(answer, now)

    def _refused(self, answer: Answer, now: datetime) -> None:
        seconds, is_abuse = limit_seconds(answer, now), is_abuse_limit(answer)
        (self._address if is_abuse else self._cool_down).hold(seconds)
        logger.warning(
            "hub_rate_limited",
            extra={
                "host": self._host,
                "credential": self._credential,
                "wait_seconds": round(seconds, 1),
                "is_abuse_limit": is_abuse,
            },
        )

    def _note_limit(self, limit: RateLimit, now: datetime) -> None:
        with self._lock:
            if self._seen is None or not _is_overtaken(limit, self._seen.limit):
                self._seen = SeenLimit(self._host, self._credential, limit, now)
        if not limit:
            self._cool_down.hold(limit.seconds_left(now))
        elif limit.limit is not None and limit.remaining <= limit.limit * RESERVE:
            self._reserve.hold(limit.seconds_left(now))


def _is_overtaken(limit: RateLimit, seen: RateLimit) -> bool:
    """Tell whether an answer is older than one seen already: of two of one window, the one with less left is later."""
    if limit.resets_at is None or seen.resets_at is None or limit.limit != seen.limit:
        return False
    return limit.remaining > seen.remaining and abs(limit.resets_at - seen.resets_at) < _SAME_WINDOW


class Budgets:
    """All budgets of one client, made when first asked for."""

    def __init__(self, clock: Clock, draw: Draw) -> None:
        self._clock = clock
        self._draw = draw
        self._lock = threading.Lock()
        self._addresses: dict[str, CoolDown] = {}
        self._budgets: dict[tuple[str, str], Budget] = {}

    def of(self, host: str, credential: str) -> Budget:
        """Return the budget of a credential, named in words, at a host."""
        with self._lock:
            address = self._addresses.setdefault(host, CoolDown(self._clock, self._draw))
            key = (host, credential)
            if key not in self._budgets:
                self._budgets[key] = Budget(host, credential, address=address, clock=self._clock, draw=self._draw)
            return self._budgets[key]

    def seen(self) -> tuple[SeenLimit, ...]:
        """Return what is known of all budgets, in the order of their first use."""
        with self._lock:
            budgets = tuple(self._budgets.values())
        return tuple(budget.seen for budget in budgets if budget.seen is not None)
