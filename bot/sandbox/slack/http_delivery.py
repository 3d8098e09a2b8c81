"""Requests to an app's own URLs: signed, with three seconds for the whole answer.

Source: https://docs.slack.dev/apis/events-api (deadline, redirects, retry headers)
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urljoin, urlsplit

from bot.sandbox.slack.delivery import ACK_TIMEOUT_SECONDS, Outcome, Parcel, ParcelKind
from bot.sandbox.slack.signing import signed_headers

MAX_REDIRECTS = 2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class HttpDelivery:
    """Sends signed requests to the URLs of the manifest.

    Attributes:
        ack_timeout_seconds: How long the app has for its whole answer, redirects included; real time.
    """

    def __init__(self, now: Callable[[], datetime], ack_timeout_seconds: float = ACK_TIMEOUT_SECONDS) -> None:
        self.ack_timeout_seconds = ack_timeout_seconds
        self._now = now
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_stopped = False

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send one request and wait for its acknowledgement."""
        if parcel.url is None:
            return Outcome("unreachable")
        body, content_type = parcel.encoded()
        headers = {"Content-Type": content_type, **self._headers(parcel, body)}
        ends_at = time.monotonic() + self.ack_timeout_seconds
        url = parcel.url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._post(url, body, headers, ends_at)
            if isinstance(response, Outcome):
                return response
            if response.status not in REDIRECTS:
                return _outcome_of(parcel.kind, response)
            url = urljoin(url, response.location)
        return Outcome("too_many_redirects")

    def stop(self) -> None:
        """Break off what is under way, and send nothing any more."""
        with self._lock:
            self._is_stopped = True
            waiting = list(self._open)
        for connection in waiting:
            _shut(connection)

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json,*/*"}
        headers |= signed_headers(parcel.app.signing_secret, body, at=self._now())
        if parcel.retry is not None:
            headers["X-Slack-Retry-Num"] = str(parcel.retry.number)
            headers["X-Slack-Retry-Reason"] = parcel.retry.reason
        return headers

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], ends_at: float) -> "_Response | Outcome":
        """Make one request; every failure on the way is the outcome already."""
        seconds = ends_at - time.monotonic()
        if seconds <= 0:
            return Outcome("timeout")
        try:
            with closing(_connection(urlsplit(url), seconds)) as connection:
                connection.connect()
                with self._cut_off_at(ends_at, connection.sock) as is_late:
                    response = _exchange(connection, url, body, headers)
                return Outcome("timeout") if is_late() else response
        except TimeoutError:
            return Outcome("timeout")
        except ssl.SSLError:
            return Outcome("ssl_error")
        except (OSError, HTTPException, ValueError):
            return Outcome("timeout" if time.monotonic() >= ends_at else "unreachable")

    @contextmanager
    def _cut_off_at(self, ends_at: float, connection: socket.socket) -> Iterator[Callable[[], bool]]:
        """Break the connection at the deadline: a timeout of the socket begins anew with every byte that arrives."""
        fired = threading.Event()

        def fire() -> None:
            fired.set()
            _shut(connection)

        timer = threading.Timer(ends_at - time.monotonic(), fire)
        timer.daemon = True
        with self._lock:
            self._open.add(connection)
            is_stopped = self._is_stopped
        if is_stopped:
            _shut(connection)
        timer.start()
        try:
            yield fired.is_set
        finally:
            timer.cancel()
            timer.join()
            with self._lock:
                self._open.discard(connection)


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    body: bytes
    content_type: str
    location: str
    forbids_retry: bool


def _connection(target: SplitResult, seconds: float) -> HTTPConnection:
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    return kind(target.hostname or "", target.port, timeout=seconds)


def _exchange(connection: HTTPConnection, url: str, body: bytes, headers: Mapping[str, str]) -> _Response:
    target = urlsplit(url)
    connection.request("POST", f"{target.path or '/'}?{target.query}".rstrip("?"), body, dict(headers))
    with connection.getresponse() as answer:
        return _Response(
            status=answer.status,
            body=answer.read(),
            content_type=answer.getheader("Content-Type", ""),
            location=answer.getheader("Location", ""),
            forbids_retry=answer.getheader("X-Slack-No-Retry", "") == "1",
        )


def _outcome_of(kind: ParcelKind, response: _Response) -> Outcome:
    """Return what an answer means: any 2xx acknowledges an event, only a 200 everything else."""
    is_good = response.status // 100 == HTTPStatus.OK // 100 if kind == "event" else response.status == HTTPStatus.OK
    return Outcome(
        "accepted" if is_good else "refused",
        response.status,
        response.body,
        response.content_type,
        response.forbids_retry and not is_good,
    )


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
