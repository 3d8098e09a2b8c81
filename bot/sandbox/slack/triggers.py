"""Trigger ids: the short permission to open a modal for somebody who has just done something.

Source: https://docs.slack.dev/interactivity/handling-user-interaction (they expire in three seconds, and may be used
only once).
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from bot.sandbox.clock import is_within
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.unknowns import SlackUnknowns

LIFETIME = timedelta(seconds=3)
# Long enough to tell an old one from one that never was.
REMEMBERED = timedelta(hours=1)
FIRST_NUMBER = 13_345_224_609
TEAM_NUMBER = 738_474_920


@dataclass(slots=True)
class _Trigger:
    user_id: str
    issued_at: datetime
    is_used: bool = False


class Triggers:
    """Issues trigger ids and takes each back once. Safe to use from any thread.

    Args:
        now: Returns the time, aware and UTC.
        unknowns: Returns the positions of the switches.
    """

    def __init__(self, now: Callable[[], datetime], unknowns: Callable[[], SlackUnknowns] = SlackUnknowns) -> None:
        self._now = now
        self._unknowns = unknowns
        self._lock = threading.Lock()
        self._numbers = count(FIRST_NUMBER)
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user_id: str) -> str:
        """Return a new trigger id for something that a user has just done."""
        now = self._now()
        with self._lock:
            known = self._issued.items()
            self._issued = {key: each for key, each in known if is_within(REMEMBERED, each.issued_at, now)}
            trigger_id = f"{next(self._numbers)}.{TEAM_NUMBER}.{secrets.token_hex(16)}"
            self._issued[trigger_id] = _Trigger(user_id, now)
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """Return whose trigger it is, and use it up.

        Raises:
            Refusal: It is too old, was used before, or was never issued.
        """
        with self._lock:
            trigger = self._issued.get(trigger_id)
            if trigger is None:
                raise Refusal("invalid_trigger_id")
            if trigger.is_used:
                raise Refusal(self._word(used=True))
            if not is_within(LIFETIME, trigger.issued_at, self._now()):
                raise Refusal(self._word(used=False))
            trigger.is_used = True
            return trigger.user_id

    def _word(self, *, used: bool) -> str:
        if self._unknowns().trigger_refusal == "trigger_expired":
            return "trigger_exchanged" if used else "trigger_expired"
        return "exchanged_trigger_id" if used else "expired_trigger_id"
