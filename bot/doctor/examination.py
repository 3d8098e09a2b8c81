"""Looking at everything at once: checks, what they find, and who runs them."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import HubBotError

logger = logging.getLogger(__name__)

_CRASHED = "The check itself failed; see the log."


class Verdict(StrEnum):
    """What a check found."""

    BROKEN = "broken"
    """It does not work, and somebody has to do something."""
    UNKNOWN = "unknown"
    """It could not be checked."""
    OFF = "off"
    """It is not set up, which may be as it should be."""
    WORKS = "works"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What it is, in a few words.
        verdict: Whether it works.
        said: What was found, a sentence or two without any secret; commands and settings between backticks.
        advice: What to do about it; may be empty.
    """

    name: str
    verdict: Verdict
    said: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """Something to look at.

    Attributes:
        name: What it is, in a few words; for a look that fails.
        look: Looks, and returns what it found. May take its time, and raise: `HubBotError` counts as unknown.
    """

    name: str
    look: Callable[[], Iterable[Finding]]


class Doctor:
    """Runs checks. Safe to use from several threads.

    Args:
        checks: What to look at, in the order in which to tell of it.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)

    def examine(self) -> tuple[Finding, ...]:
        """Run all checks, at the same time; each waits for somebody else and has time limits of its own."""
        with ThreadPoolExecutor(max_workers=max(1, len(self._checks)), thread_name_prefix="doctor") as pool:
            return tuple(finding for findings in pool.map(_look, self._checks) for finding in findings)


def _look(check: Check) -> tuple[Finding, ...]:
    try:
        return tuple(check.look())
    except HubBotError as error:
        return (Finding(check.name, Verdict.UNKNOWN, str(error)),)
    except Exception:
        logger.exception("check_crashed", extra={"check": check.name})
        return (Finding(check.name, Verdict.UNKNOWN, _CRASHED),)
