"""Socket Mode: apps open WebSockets, and get their requests over one of them.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. How an eleventh connection is turned away is observed:
it is opened, told `too_many_websockets` in place of `hello`, and closed.
"""

import json
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from bot.sandbox.clock import is_within
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.delivery import ACK_TIMEOUT_SECONDS, JSON, Outcome, Parcel, ParcelKind

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled"]

MAX_CONNECTIONS = 10
TICKET_LIFETIME = timedelta(seconds=30)
HOST_NAME = "applink-sandbox"
BUILD_NUMBER = 1
CONNECTION_SECONDS = 3600
# With `&debug_reconnects=true` at the end of the address.
DEBUG_CONNECTION_SECONDS = 360
# The library's default would hold a stop up for ten seconds when a client does not answer.
CLOSE_TIMEOUT_SECONDS = 0.5
UNACKNOWLEDGED = Outcome("unacknowledged")
ENVELOPE_TYPES: Mapping[ParcelKind, str] = {
    "command": "slash_commands",
    "interactive": "interactive",
    "event": "events_api",
}


@dataclass(slots=True)
class _Envelope:
    """A request that waits for its acknowledgement on the connection that it went over."""

    connection: ServerConnection
    is_settled: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome = UNACKNOWLEDGED


class SocketModeServer:
    """A WebSocket server on loopback; the way of apps in Socket Mode.

    Attributes:
        ack_timeout_seconds: How long the app has to acknowledge; real time.
    """

    def __init__(
        self, now: Callable[[], datetime], ack_timeout_seconds: float = ACK_TIMEOUT_SECONDS, port: int = 0
    ) -> None:
        """Prepare the server; it listens from `start` on.

        Args:
            now: Returns the time, aware and UTC.
            ack_timeout_seconds: How long the app has to acknowledge.
            port: The TCP port; 0 lets the system choose.
        """
        self.ack_timeout_seconds = ack_timeout_seconds
        self._now = now
        self._wanted_port = port
        self._lock = threading.Lock()
        self._tickets: dict[str, tuple[str, datetime]] = {}
        self._connections: dict[str, list[ServerConnection]] = {}
        self._envelopes: dict[str, _Envelope] = {}
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The TCP port in use; 0 while nothing listens."""
        return int(self._server.socket.getsockname()[1]) if self._server else 0

    def start(self) -> None:
        """Listen and accept connections, in the background."""
        self._server = serve(
            self._converse,
            "127.0.0.1",
            self._wanted_port,
            process_request=self._check_ticket,
            compression=None,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="sandbox-socket-mode", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the listening socket and every connection, and wait for all threads to end."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()

    def open_url(self, app: App) -> str:
        """Return an address at which the app may open one WebSocket, within half a minute."""
        ticket = secrets.token_urlsafe(24)
        now = self._now()
        with self._lock:
            fresh = {key: each for key, each in self._tickets.items() if is_within(TICKET_LIFETIME, each[1], now)}
            self._tickets = {**fresh, ticket: (app.id, now)}
        return f"ws://127.0.0.1:{self.port}/link/?ticket={ticket}&app_id={app.id}"

    def connections(self, app: App) -> int:
        """Return how many WebSockets an app has open."""
        with self._lock:
            return len(self._connections.get(app.id, ()))

    def disconnect(self, app: App, reason: DisconnectReason) -> None:
        """Tell all connections of an app that they end; a `warning` only announces it, some ten seconds before."""
        is_over = reason != "warning"
        with self._lock:
            connections = list(self._connections.get(app.id, ()))
            if is_over:
                self._connections[app.id] = []  # Nothing is sent any more over what is about to be closed.
        for connection in connections:
            with suppress(ConnectionClosed):
                connection.send(json.dumps(_disconnect(reason)))
            if is_over:
                connection.close()

    def drop(self, app: App) -> None:
        """Break all connections of an app without a word, as a network does."""
        with self._lock:
            connections = list(self._connections.get(app.id, ()))
        for connection in connections:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send one request over one of the app's connections and wait for its acknowledgement."""
        while (connection := self._next_connection(parcel.app.id)) is not None:
            envelope_id, envelope = self._new_envelope(connection)
            try:
                connection.send(json.dumps(_envelope(envelope_id, parcel)))
                envelope.is_settled.wait(self.ack_timeout_seconds)
            except ConnectionClosed:
                self._forget(parcel.app.id, connection)
                continue
            finally:
                with self._lock:
                    del self._envelopes[envelope_id]
            return envelope.outcome
        return Outcome("unreachable")

    def _new_envelope(self, connection: ServerConnection) -> tuple[str, _Envelope]:
        envelope_id, envelope = _new_id(), _Envelope(connection)
        with self._lock:
            self._envelopes[envelope_id] = envelope
        return envelope_id, envelope

    def _next_connection(self, app_id: str) -> ServerConnection | None:
        with self._lock:
            connections = self._connections.get(app_id)
            if not connections:
                return None
            # Round robin: Slack promises nothing, and this shows soonest that nothing may be assumed.
            connections.append(connections.pop(0))
            return connections[-1]

    def _forget(self, app_id: str, connection: ServerConnection) -> None:
        with self._lock:
            if connection in self._connections.get(app_id, ()):
                self._connections[app_id].remove(connection)

    def _check_ticket(self, connection: ServerConnection, request: Request) -> Response | None:
        """Turn away who has no fresh ticket; a ticket is good once."""
        query = parse_qs(urlsplit(request.path).query)
        ticket = query.get("ticket", [""])[0]
        with self._lock:
            app_id, issued_at = self._tickets.pop(ticket, ("", None))
        if issued_at is None or not is_within(TICKET_LIFETIME, issued_at, self._now()):
            return connection.respond(HTTPStatus.FORBIDDEN, "invalid ticket\n")
        # The connection itself is where its handler looks for these.
        connection.username = app_id
        return None

    def _converse(self, connection: ServerConnection) -> None:
        """Serve one connection until it ends."""
        app_id = connection.username
        with suppress(ConnectionClosed):
            if not self._admit(app_id, connection):
                connection.send(json.dumps(_disconnect("too_many_websockets")))
                return
            try:
                for message in connection:
                    self._take_ack(connection, message)
            finally:
                self._leave(app_id, connection)

    def _admit(self, app_id: str, connection: ServerConnection) -> bool:
        """Greet a connection and count it in; False when there are too many."""
        with self._lock:
            connections = self._connections.setdefault(app_id, [])
            if len(connections) >= MAX_CONNECTIONS:
                return False
            # Under the lock: no request may overtake the greeting.
            connection.send(json.dumps(_hello(app_id, len(connections) + 1, connection)))
            connections.append(connection)
        return True

    def _leave(self, app_id: str, connection: ServerConnection) -> None:
        self._forget(app_id, connection)
        with self._lock:
            lost = [each for each in self._envelopes.values() if each.connection is connection]
        for envelope in lost:
            if not envelope.is_settled.is_set():
                envelope.outcome = Outcome("unreachable")
                envelope.is_settled.set()

    def _take_ack(self, connection: ServerConnection, message: str | bytes) -> None:
        """Settle the request that a message acknowledges; one that came over another connection does not count."""
        try:
            ack = json.loads(message)
            envelope_id = ack["envelope_id"]
        except (ValueError, TypeError, KeyError):
            return
        with self._lock:
            envelope = self._envelopes.get(envelope_id) if isinstance(envelope_id, str) else None
        if envelope is not None and envelope.connection is connection and not envelope.is_settled.is_set():
            body = b"" if ack.get("payload") is None else json.dumps(ack["payload"]).encode()
            envelope.outcome = Outcome("accepted", body=body, content_type=JSON if body else "")
            envelope.is_settled.set()


def _envelope(envelope_id: str, parcel: Parcel) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "envelope_id": envelope_id,
        "type": ENVELOPE_TYPES[parcel.kind],
        "payload": parcel.payload,
        "accepts_response_payload": parcel.kind != "event",
    }
    if parcel.kind == "event":
        envelope["retry_attempt"] = parcel.retry.number if parcel.retry else 0
        envelope["retry_reason"] = parcel.retry.reason if parcel.retry else ""
    return envelope


def _hello(app_id: str, number: int, connection: ServerConnection) -> dict[str, Any]:
    query = parse_qs(urlsplit(connection.request.path if connection.request else "").query)
    is_short = query.get("debug_reconnects") == ["true"]
    debug_info = {
        "host": HOST_NAME,
        "build_number": BUILD_NUMBER,
        "approximate_connection_time": DEBUG_CONNECTION_SECONDS if is_short else CONNECTION_SECONDS,
    }
    return {
        "type": "hello",
        "num_connections": number,
        "debug_info": debug_info,
        "connection_info": {"app_id": app_id},
    }


def _disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST_NAME}}


def _new_id() -> str:
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
