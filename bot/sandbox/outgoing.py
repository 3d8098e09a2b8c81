"""Requests that a simulated service makes by itself: one POST, with a deadline for its whole answer."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Literal
from urllib.parse import SplitResult, urlsplit

Failure = Literal["timeout", "unreachable", "ssl_error"]


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whatever its status.

    Attributes:
        headers: Names in lower case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]


class Outgoing:
    """Sends requests until it is stopped. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_stopped = False

    def post(self, url: str, body: bytes, headers: Mapping[str, str], ends_at: float) -> Response | Failure:
        """Make one request and follow no redirect; every failure on the way is an outcome.

        Args:
            url: With the scheme http or https.
            body: The whole body.
            headers: All of them, but for `Host` and `Content-Length`.
            ends_at: When the whole answer must be there, by the monotonic clock.
        """
        seconds = ends_at - time.monotonic()
        if seconds <= 0:
            return "timeout"
        try:
            with closing(_connection(urlsplit(url), seconds)) as connection:
                connection.connect()
                with self._cut_off_at(ends_at, connection.sock) as is_late:
                    response = _exchange(connection, url, body, headers)
                return "timeout" if is_late() else response
        except TimeoutError:
            return "timeout"
        except ssl.SSLError:
            return "ssl_error"
        except (OSError, HTTPException, ValueError):
            return "timeout" if time.monotonic() >= ends_at else "unreachable"

    def stop(self) -> None:
        """Break off what is under way, and send nothing any more."""
        with self._lock:
            self._is_stopped = True
            waiting = list(self._open)
        for connection in waiting:
            _shut(connection)

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


def _connection(target: SplitResult, seconds: float) -> HTTPConnection:
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    return kind(target.hostname or "", target.port, timeout=seconds)


def _exchange(connection: HTTPConnection, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
    target = urlsplit(url)
    connection.request("POST", f"{target.path or '/'}?{target.query}".rstrip("?"), body, dict(headers))
    with connection.getresponse() as answer:
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, answer.read(), found)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
