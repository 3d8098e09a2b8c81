"""Is the bot alive, and can it do its work? Every part brings its own check; nobody is asked during a request.

A check of our own machinery that fails makes the bot unfit for traffic (503). The outside being away does not: the
bot still answers, and says what is missing (200, `degraded`).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from bot.clock import Clock, SystemClock
from bot.errors import HubBotError

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60
# After three rounds without news the prober itself is taken for dead.
_STALE_SECONDS = 3 * EVERY_SECONDS
_OK, _UNAVAILABLE = 200, 503
NOT_CHECKED = "not checked yet"


@dataclass(frozen=True)
class Check:
    """Something that has to be in order.

    Attributes:
        name: A word for it: `slack`, `docker_hub`, `workers`.
        probe: Looks; raises `HubBotError` with a sentence when it is not in order. May take its time.
        is_outside: Whether it is somebody else's service.
    """

    name: str
    probe: Callable[[], object]
    is_outside: bool = True


class NotInOrderError(HubBotError):
    """A part of the bot is not as it should be; the sentence says which."""

    reason = "not_in_order"


def requires(is_in_order: Callable[[], bool], sentence: str) -> Callable[[], None]:
    """Return a probe that fails with the sentence when something is not as it should be."""

    def probe() -> None:
        if not is_in_order():
            raise NotInOrderError(sentence)

    return probe


@dataclass(frozen=True)
class _State:
    """What is known of a check: why it failed (empty: it did not), when it was tried and when it was last good."""

    reason: str = NOT_CHECKED
    tried_at: float | None = None
    good_at: float | None = None


class Health:
    """Runs the checks in the background, every minute and once at the start, and reports what it knows.

    Args:
        checks: What has to be in order.
        clock: The time; None: the machine's own, by which loops wait, though a demo may have moved the bot's.
    """

    def __init__(self, checks: Sequence[Check], clock: Clock | None = None) -> None:
        self._checks = tuple(checks)
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._states = {check.name: _State() for check in checks}
        self._scheduler = BackgroundScheduler(timezone=UTC, daemon=True)

    def start(self) -> None:
        """Look at our own parts now, at all the others in the background, and go on doing so."""
        for check in self._checks:
            if not check.is_outside:
                self.look_at(check)
            first = {"next_run_time": self._clock.now()} if check.is_outside else {}
            self._scheduler.add_job(self._look_aside, "interval", args=[check], seconds=EVERY_SECONDS, **first)
        self._scheduler.start()

    def stop(self) -> None:
        """Look no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def look_at(self, check: Check) -> None:
        """Run one check and remember what came of it."""
        reason = _reason(check)
        now = self._clock.monotonic()
        with self._lock:
            known = self._states[check.name]
            self._states[check.name] = _State(reason, tried_at=now, good_at=known.good_at if reason else now)
        if reason != known.reason:
            level = logging.WARNING if reason else logging.INFO
            logger.log(level, "health_changed", extra={"check": check.name, "reason": reason or "in order"})

    def _look_aside(self, check: Check) -> None:
        """Run one check in a thread that nobody waits for: those of the scheduler hold up the end of the program."""
        threading.Thread(target=self.look_at, args=[check], name=f"check-{check.name}", daemon=True).start()

    def report(self) -> tuple[int, dict[str, Any]]:
        """Return the HTTP status and the body of `/readyz`."""
        now = self._clock.monotonic()
        with self._lock:
            states = dict(self._states)
        reasons = {name: _current_reason(state, now) for name, state in states.items()}
        failed = [check for check in self._checks if reasons[check.name]]
        is_unfit = any(not check.is_outside for check in failed)
        body = {
            "status": "unavailable" if is_unfit else "degraded" if failed else "ok",
            "checks": {
                name: {
                    "status": "failed" if reasons[name] else "ok",
                    "age_seconds": None if state.good_at is None else round(now - state.good_at, 1),
                    "reason": reasons[name] or None,
                }
                for name, state in states.items()
            },
        }
        return (_UNAVAILABLE if is_unfit else _OK), body


def _reason(check: Check) -> str:
    try:
        check.probe()
    except HubBotError as error:
        return str(error)
    except Exception:
        logger.exception("health_check_crashed", extra={"check": check.name})
        return "the check itself failed; see the log"
    return ""


def _current_reason(state: _State, now: float) -> str:
    if state.tried_at is not None and now - state.tried_at > _STALE_SECONDS:
        return "not checked for minutes: the background loop is gone"
    return state.reason
