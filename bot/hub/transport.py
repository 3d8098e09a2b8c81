"""Requests that wait their turn, are asked again where that is safe, and leave one line in the log.

Between `bot.hub.wire`, which sends once, and `bot.hub.api`, which knows credentials. Retry policy is
`bot.hub.retrying`, waiting for limits `bot.hub.pacing`.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from bot.clock import Clock
from bot.errors import HubError, UnavailableError, UnexpectedResponseError
from bot.hub.graphql import unmasked
from bot.hub.pacing import INTERACTIVE_RETRY_SECONDS, Budget, Budgets, Draw, Patience
from bot.hub.protocol import Answer
from bot.hub.retrying import TRIES, Failure, Mishap, Outcome, is_worth_repeating, pause_seconds
from bot.hub.wire import Request

logger = logging.getLogger(__name__)

MOST_REFUSALS = 100
"""How many 429 in a row background work takes for one request before it gives up; each was waited out."""

_UNEXPECTED = frozenset({Mishap.TOO_LARGE, Mishap.REDIRECTED})


class Sender(Protocol):
    """Sends one request once; `bot.hub.wire.Wire`, but for tests."""

    def exchange(self, request: Request, headers: Mapping[str, str]) -> Outcome:
        """Return the whole answer, or why there is none."""

    def close(self) -> None:
        """Close all connections."""


class Transport:
    """Sends requests under the shared limits. Safe to use from several threads."""

    def __init__(self, wire: Sender, budgets: Budgets, *, clock: Clock, draw: Draw) -> None:
        self._wire = wire
        self.budgets = budgets
        self._clock = clock
        self._draw = draw

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def send(
        self,
        request: Request,
        *,
        resource: str,
        credential: str,
        payer: str,
        patience: Patience,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request until there is an answer worth having.

        Args:
            request: What to send.
            resource: What it is about, in words; for errors.
            credential: What it is sent with, in words; for errors and the log.
            payer: Whose budget it counts against, in words.
            patience: How long limits may hold it up.
            headers: The authorization, if any.

        Returns:
            An answer of any status, 429 and 5xx included when asking again did not help.

        Raises:
            RateLimitedError: The limit lasts longer than the patience; perhaps nothing was sent.
            UnavailableError: No answer, or never a whole one.
            UnexpectedResponseError: An answer that cannot be used.
        """
        budget = self.budgets.of(request.host, payer)
        started = self._clock.monotonic()
        attempt = refusals = 0
        while True:
            budget.wait(patience, resource=resource, credential=credential)
            attempt += 1
            outcome = self._send_once(request, headers or {}, budget=budget, attempt=attempt, credential=credential)
            refusals += _is_refusal(outcome)
            tries = attempt - refusals if patience.is_endless else attempt
            is_over = tries >= TRIES or refusals >= MOST_REFUSALS or self._is_late(started, patience)
            if patience.asks_once or is_over or not is_worth_repeating(outcome, is_read=request.is_read):
                return _answer_of(outcome, resource, credential)
            if not _is_refusal(outcome):
                self._clock.sleep(pause_seconds(tries, self._draw()))

    def _is_late(self, started: float, patience: Patience) -> bool:
        """Tell whether a person has waited too long for one more attempt to be of use."""
        return not patience.is_endless and self._clock.monotonic() - started > INTERACTIVE_RETRY_SECONDS

    def _send_once(
        self, request: Request, headers: Mapping[str, str], *, budget: Budget, attempt: int, credential: str
    ) -> Outcome:
        started = self._clock.monotonic()
        outcome = self._wire.exchange(request, headers)
        if isinstance(outcome, Answer):
            outcome = unmasked(outcome) if request.is_query else outcome
            budget.note(outcome)
        logger.info(
            "hub_request",
            extra={
                "method": request.method,
                "host": request.host,
                "path": request.path,
                "status": outcome.status,
                "mishap": outcome.mishap.value if isinstance(outcome, Failure) else "",
                "duration_ms": round((self._clock.monotonic() - started) * 1000),
                "attempt": attempt,
                "credential": credential,
            },
        )
        return outcome


def _is_refusal(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and outcome.status == HTTPStatus.TOO_MANY_REQUESTS


def _answer_of(outcome: Outcome, resource: str, credential: str) -> Answer:
    if isinstance(outcome, Answer):
        return outcome
    error: type[HubError] = UnexpectedResponseError if outcome.mishap in _UNEXPECTED else UnavailableError
    raise error(resource, credential=credential, detail=outcome.detail, status=outcome.status)
