"""Is this request from Slack, from now, and for the first time? Decided before anything of it is read.

slack_sdk has a verifier too. It raises for a timestamp that is no number and cannot sign bytes that are no text, so
that what is forged and what is merely garbled would look the same.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from enum import StrEnum

from bot.clock import Clock
from bot.web.recent import Recent

_VERSION = b"v0"
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
# A request is good from five minutes before its time until five minutes after it.
_GOOD_SECONDS = 300
_REMEMBERED_SECONDS = 2.0 * _GOOD_SECONDS


class Verdict(StrEnum):
    """What to do with a request."""

    GOOD = "good"
    REPEATED = "repeated"
    """It was let in before: say yes, and do nothing."""
    UNSIGNED = "unsigned"
    """A header is missing."""
    REFUSED = "refused"
    """Forged, stale, or not even well-formed."""


class SignatureGate:
    """Lets signed requests in, each once.

    Args:
        signing_secret: What Slack and we share.
        clock: The time.
    """

    def __init__(self, signing_secret: str, clock: Clock) -> None:
        self._secret = signing_secret.encode()
        self._clock = clock
        self._seen = Recent(_REMEMBERED_SECONDS, monotonic=clock.monotonic)

    def check(self, body: bytes, *, timestamp: str | None, signature: str | None) -> Verdict:
        """Return what to do with a request of this body and these headers."""
        if not timestamp or not signature:
            return Verdict.UNSIGNED
        if not self._is_valid(body, timestamp, signature):
            return Verdict.REFUSED
        return Verdict.GOOD if self._seen.is_new(signature) else Verdict.REPEATED

    def _is_valid(self, body: bytes, timestamp: str, signature: str) -> bool:
        if not _TIMESTAMP.fullmatch(timestamp) or abs(self._clock.now().timestamp() - int(timestamp)) > _GOOD_SECONDS:
            return False
        signed = b":".join((_VERSION, timestamp.encode(), body))
        expected = f"{_VERSION.decode()}={hmac.new(self._secret, signed, hashlib.sha256).hexdigest()}"
        # As bytes: compare_digest raises for text that is not ASCII.
        return hmac.compare_digest(expected.encode(), signature.encode())
