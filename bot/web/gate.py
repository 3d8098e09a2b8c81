"""Is this request from Slack, from now, and for the first time? Decided before anything of it is read.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from enum import StrEnum

from slack_sdk.signature import Clock as VerifierClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.web.recent import Recent

# A request is good from five minutes before its time until five minutes after it.
_REMEMBERED_SECONDS = 600.0


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
        self._verifier = SignatureVerifier(signing_secret, clock=_WallTime(clock))
        self._seen = Recent(_REMEMBERED_SECONDS, monotonic=clock.monotonic)

    def check(self, body: bytes, *, timestamp: str | None, signature: str | None) -> Verdict:
        """Return what to do with a request of this body and these headers."""
        if not timestamp or not signature:
            return Verdict.UNSIGNED
        if not self._is_valid(body, timestamp, signature):
            return Verdict.REFUSED
        return Verdict.GOOD if self._seen.is_new(signature) else Verdict.REPEATED

    def _is_valid(self, body: bytes, timestamp: str, signature: str) -> bool:
        try:
            return self._verifier.is_valid(body=body, timestamp=timestamp, signature=signature)
        except (ValueError, TypeError, OverflowError):
            # A timestamp that is no number, a signature that is not ASCII, a body that is not UTF-8: the verifier
            # raises, and every surprise is the same refusal.
            return False


class _WallTime(VerifierClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()
