"""Whether to ask again, and how long to wait before: pure policy.

=============================  ======  =======  ==================================================================
outcome                        reads   writes   why
=============================  ======  =======  ==================================================================
429                            again   again    refused before it ran; after the time told (see `bot.hub.pacing`)
no connection                  again   again    nothing was sent
502, 503, 504                  again   never    happens while Docker deploys; a write may have been carried out
connection lost, no answer     again   never    a write may have been carried out
body cut off, not JSON         again   never    the front end's trouble; a write was carried out
any other answer               never   never    asking again gives the same answer
certificate refused            never   never    as above
=============================  ======  =======  ==================================================================
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from bot.hub.protocol import Answer

TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
_LARGEST_EXPONENT = 30

_PASSING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class Mishap(StrEnum):
    """How an exchange can end without a usable answer."""

    NOT_CONNECTED = "not_connected"
    """No connection was made: nothing was sent."""
    LOST = "lost"
    """The connection broke, or no answer came in time; the request may have arrived."""
    TRUNCATED = "truncated"
    """The body was cut off."""
    NOT_JSON = "not_json"
    """A success whose body is not the JSON that was asked for."""
    TOO_LARGE = "too_large"
    """More bytes than any honest answer has."""
    REDIRECTED = "redirected"
    """It points somewhere else, where we do not go."""
    UNTRUSTED = "untrusted"
    """The certificate is not good."""


_PASSING_MISHAPS = frozenset({Mishap.NOT_CONNECTED, Mishap.LOST, Mishap.TRUNCATED, Mishap.NOT_JSON})


@dataclass(frozen=True)
class Failure:
    """An exchange without a usable answer.

    Attributes:
        mishap: What happened.
        status: The HTTP status, when it came that far.
        detail: A few words of our own for a person; nothing that the service sent.
    """

    mishap: Mishap
    status: int | None = None
    detail: str = ""


Outcome = Answer | Failure


def is_worth_repeating(outcome: Outcome, *, is_read: bool) -> bool:
    """Tell whether the same request should be sent once more; see the table above."""
    if isinstance(outcome, Failure):
        return outcome.mishap is Mishap.NOT_CONNECTED or (is_read and outcome.mishap in _PASSING_MISHAPS)
    if outcome.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return is_read and outcome.status in _PASSING


def pause_seconds(attempt: int, draw: float) -> float:
    """Return how long to wait after a failed attempt.

    Doubles from `FIRST_PAUSE_SECONDS` up to `LONGEST_PAUSE_SECONDS`. The jitter only ever lengthens, by less than the
    doubling does, so that whatever is drawn no pause is shorter than the one before.

    Args:
        attempt: Which attempt failed, from 1.
        draw: A random number from 0 to 1.
    """
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(max(0, attempt - 1), _LARGEST_EXPONENT)
    return min(doubled * (1 + draw / 2), LONGEST_PAUSE_SECONDS)
