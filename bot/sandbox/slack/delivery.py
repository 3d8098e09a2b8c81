"""How a request reaches an app, and what became of it.

The ways themselves are in `http_delivery.py` and `socket_mode.py`.

Source: https://docs.slack.dev/interactivity/handling-user-interaction (three seconds, forms) and
https://docs.slack.dev/apis/events-api
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from bot.sandbox.records import Records
from bot.sandbox.slack.apps import App

ParcelKind = Literal["command", "interactive", "event"]
OutcomeKind = Literal[
    "accepted", "refused", "timeout", "unacknowledged", "unreachable", "too_many_redirects", "ssl_error"
]

ACK_TIMEOUT_SECONDS = 3.0
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Retry:
    """Which attempt after the first this is, from 1, and why the last one failed."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request for an app.

    Attributes:
        kind: A slash command, a click or the like, or an event. Only events are ever sent again.
        url: Where it goes over HTTP; None where the manifest names no place.
        payload: As JSON; over HTTP a command travels as a form instead.
        retry: For the attempts after the first.
    """

    kind: ParcelKind
    app: App
    url: str | None
    payload: Mapping[str, Any]
    retry: Retry | None = None

    def encoded(self) -> tuple[bytes, str]:
        """Return the body as it travels over HTTP, and its media type."""
        if self.kind == "event":
            return json.dumps(self.payload).encode(), JSON
        form = self.payload if self.kind == "command" else {"payload": json.dumps(self.payload)}
        return urlencode(form).encode(), FORM


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        kind: `accepted`: acknowledged in time. `refused`: answered with a status that is no acknowledgement. `timeout`:
            no whole answer within three seconds. `unacknowledged`: sent over a WebSocket, and nobody acknowledged it in
            time. `unreachable`: no connection, or lost before the answer.
        status: Of HTTP; None without an answer and in Socket Mode.
        body: What came with the acknowledgement; empty for a bare one.
        forbids_retry: Whether the answer said `x-slack-no-retry: 1`.
    """

    kind: OutcomeKind
    status: int | None = None
    body: bytes = b""
    content_type: str = ""
    forbids_retry: bool = False

    @property
    def is_accepted(self) -> bool:
        """Whether the app acknowledged the request."""
        return self.kind == "accepted"

    def decoded(self) -> Any:
        """Return the body's JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)


class Delivery(Protocol):
    """A way to an app."""

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send one request and wait for its acknowledgement; must not be called while the state's lock is held."""


@dataclass(frozen=True, slots=True)
class DeliveredRequest:
    """One attempt to reach an app.

    Attributes:
        attempt: 0 for the first.
        when: When it was sent, by the simulator's clock, UTC.
    """

    kind: ParcelKind
    app_id: str
    payload: Mapping[str, Any]
    outcome: Outcome
    attempt: int
    when: datetime


class Dispatcher:
    """Sends every app its requests the way its manifest asks for, and keeps a log.

    Args:
        http: The way of apps with request URLs.
        socket_mode: The way of apps that open a WebSocket.
        now: Returns the time, aware and UTC.
    """

    def __init__(self, http: Delivery, socket_mode: Delivery, now: Callable[[], datetime]) -> None:
        self._http = http
        self._socket_mode = socket_mode
        self._now = now
        self.records = Records[DeliveredRequest]()

    @property
    def delivered(self) -> list[DeliveredRequest]:
        """A copy of the log, in the order in which the outcomes were known."""
        return self.records.copy()

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send one request and wait for its acknowledgement."""
        sent_at = self._now()
        way = self._socket_mode if parcel.app.uses_socket_mode else self._http
        outcome = way.deliver(parcel)
        attempt = parcel.retry.number if parcel.retry else 0
        record = DeliveredRequest(parcel.kind, parcel.app.id, parcel.payload, outcome, attempt, sent_at)
        self.records.add(record)
        return outcome
