"""How often an app may call, and how fast it may post.

Source: https://docs.slack.dev/apis/web-api/rate-limits (tiers are counted per method, workspace and app in windows of a
minute; posting is one message a second for each channel, whichever way it is posted). Which method is of which tier:
slackapi/java-slack-sdk, MethodsRateLimits.
"""

import math
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from bot.sandbox.clock import is_within

Clock = Callable[[], datetime]
Tier = Literal["tier_1", "tier_2", "tier_3", "tier_4", "special"]

MESSAGE_INTERVAL = timedelta(seconds=1)
WINDOW = timedelta(minutes=1)
# What each tier promises; "special" is said to be hundreds a minute.
CALLS_PER_MINUTE: Mapping[Tier, int] = {"tier_1": 1, "tier_2": 20, "tier_3": 50, "tier_4": 100, "special": 300}
# Slack tolerates bursts of a size that it does not tell.
TOLERATED_BURST = 5


class RateLimited(Exception):  # noqa: N818 - it is an answer, not a failure.
    """A call that came too early.

    Args:
        seconds: How long to wait, whole seconds.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class MessagePace:
    """One message a second for each channel, over all ways of posting. Safe to use from any thread.

    Args:
        now: Returns the time, aware and UTC.
        burst: How many messages in a row a channel takes that was quiet; Slack's advice is to count on one.
        is_enabled: Whether anything is ever refused; may be changed at any time.
    """

    def __init__(self, now: Clock, *, burst: int = 1, is_enabled: bool = True) -> None:
        self.burst = burst
        self.is_enabled = is_enabled
        self._now = now
        self._lock = threading.Lock()
        self._full_until: dict[str, datetime] = {}

    def spend(self, channel: str) -> int:
        """Count one message to a channel and return 0, or return how many whole seconds it comes too early."""
        with self._lock:
            now = self._now()
            full_until = max(self._full_until.get(channel, now), now)
            if full_until > now + self.burst * MESSAGE_INTERVAL:
                full_until = now  # Further than it can be filled: the clock was moved back since.
            wait = full_until - now - (self.burst - 1) * MESSAGE_INTERVAL
            if self.is_enabled and wait > timedelta():
                return math.ceil(wait.total_seconds())
            self._full_until[channel] = full_until + MESSAGE_INTERVAL
            return 0


class CallQuota:
    """The calls of each method that an app has left, in windows that begin with the first call of each.

    Args:
        now: Returns the time, aware and UTC.
        calls_per_minute: By tier.
        burst: How many more calls each window takes.
        is_enabled: Whether anything is ever refused; may be changed at any time.
    """

    def __init__(
        self,
        now: Clock,
        *,
        calls_per_minute: Mapping[Tier, int] = CALLS_PER_MINUTE,
        burst: int = TOLERATED_BURST,
        is_enabled: bool = True,
    ) -> None:
        self.is_enabled = is_enabled
        self._now = now
        self._allowed = {tier: calls + burst for tier, calls in calls_per_minute.items()}
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[datetime, int]] = {}

    def spend(self, app_id: str, method: str, tier: Tier) -> int:
        """Count one call and return 0, or return how many whole seconds it comes too early."""
        with self._lock:
            now = self._now()
            began_at, spent = self._windows.get((app_id, method), (now, 0))
            if not is_within(WINDOW, began_at, now):
                began_at, spent = now, 0
            if self.is_enabled and spent >= self._allowed[tier]:
                return math.ceil((began_at + WINDOW - now).total_seconds())
            self._windows[app_id, method] = (began_at, spent + 1)
            return 0
