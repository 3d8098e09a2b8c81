"""A small HTTP/1.1 server: whole requests go to one function, whole answers come back, and the wire is ours.

Owns connections, keep-alive, threads and the ways in which an answer can be damaged on its way (reset, cut off).
Knows nothing of Docker Hub. The standard `ThreadingHTTPServer` could not do this: it neither joins its daemon threads
nor lets a handler end a connection with a reset.
"""

import logging
import re
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import parse_qsl

logger = logging.getLogger(__name__)

MAX_REQUEST_LINE_BYTES = 65536
# Uploads of files are the largest that anybody sends here.
LARGEST_BODY_BYTES = 64 * 1024 * 1024
LENGTH = re.compile(r"[0-9]{1,12}", re.ASCII)
# How long a client may keep a connection without saying anything.
IDLE_SECONDS = 120
SHUTDOWN_POLL_SECONDS = 0.01
# SO_LINGER on with a time of zero: closing then discards what is unsent and answers with RST instead of FIN.
LINGER_ZERO = struct.pack("ii", 1, 0)

Delivery = Literal["whole", "truncated", "reset"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived.

    Attributes:
        method: The method, as sent.
        path: The path, still percent-encoded, without the query.
        query: The query's fields, decoded; of a repeated field the last one.
        raw_query: The query as sent, without the question mark.
        headers: The headers, names in lower case.
        body: The body; empty when there was none.
        client_ip: The address that the request came from.
    """

    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    client_ip: str

    @property
    def has_trailing_slash(self) -> bool:
        """Whether the path ends in a slash."""
        return self.path.endswith("/")

    @property
    def target_with_slash(self) -> str:
        """The same path and query, with the slash that legacy routes want at the path's end."""
        return f"{self.path.rstrip('/')}/" + (f"?{self.raw_query}" if self.raw_query else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and how.

    Attributes:
        status: The HTTP status.
        body: The whole body. It is not sent on HEAD, 204 and 304, as HTTP has it.
        content_type: The media type of the body; None leaves the header out.
        headers: Further headers; `Content-Length` and `Content-Type` are written by the server.
        delivery: `whole`; `truncated` announces the whole body, sends the first half and closes; `reset` sends nothing
            and closes with RST.
    """

    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = "whole"


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class HttpServer(socketserver.TCPServer):
    """A server on loopback with one thread per connection, all of which end with `stop`."""

    allow_reuse_address = True
    # Load tests open hundreds of connections at once; the default of 5 would make the kernel drop some of them.
    request_queue_size = 512

    def __init__(self, answer: Callable[[Request], Answer], port: int = 0) -> None:
        """Bind and listen; nothing is served before `start`.

        Args:
            answer: Called for every request, from many threads at once.
            port: The TCP port; 0 lets the system choose.
        """
        self.answer = answer
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._acceptor = threading.Thread(
            target=self.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), name="sandbox-accept", daemon=True
        )
        super().__init__(("127.0.0.1", port), _Conversation)

    @property
    def port(self) -> int:
        """The TCP port in use."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to accept connections, in the background."""
        self._acceptor.start()

    def stop(self) -> None:
        """Close the listening socket and every connection, and wait for all threads to end."""
        self._stopping.set()
        if self._acceptor.is_alive():
            self.shutdown()
            self._acceptor.join()
        self.server_close()
        with self._lock:
            open_connections = dict(self._connections)
        for thread, connection in open_connections.items():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond `stop`."""
        self._stopping.wait(seconds)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a new connection its thread."""
        thread = threading.Thread(
            target=self._converse, args=(request, client_address), name="sandbox-connection", daemon=True
        )
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def _converse(self, connection: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(connection, client_address)
        except OSError:
            # Clients hang up in the middle of things; that is theirs to do, and tests do it on purpose.
            logger.debug("sandbox client went away", exc_info=True)
        finally:
            self.shutdown_request(connection)
            with self._lock:
                self._connections.pop(threading.current_thread(), None)


class _Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def handle_one_request(self) -> None:
        """Read one request, answer it, and say by `close_connection` whether another may follow."""
        self.raw_requestline = self.rfile.readline(MAX_REQUEST_LINE_BYTES + 1)
        self.close_connection = True
        if not self.raw_requestline or not self.parse_request():
            return
        request = self._read_request()
        if request is not None:
            self._deliver(request, self._answer(request))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's.
        """Send the base class's messages to the log instead of standard error."""
        logger.debug(format, *args)

    def _read_request(self) -> Request | None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return None
        length = self.headers.get("Content-Length", "0")
        if not LENGTH.fullmatch(length):
            self.send_error(HTTPStatus.BAD_REQUEST, "Bad Content-Length")
            return None
        if int(length) > LARGEST_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
            client_ip=str(self.client_address[0]),
        )

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.answer(request)
        except Exception as error:
            # A mistake of the simulator must be seen by the test that met it, and not look like a fault on purpose.
            logger.exception("sandbox failed")
            self.close_connection = True
            text = f"The sandbox itself failed with {type(error).__name__}; its log says where."
            return Answer(500, text.encode(), "text/plain")

    def _deliver(self, request: Request, answer: Answer) -> None:
        if answer.delivery == "reset":
            self._reset()
            return
        if answer.delivery == "truncated":
            self.close_connection = True
        # One write for head and body: two would meet Nagle's algorithm and delayed acknowledgements.
        self.wfile.write(_head(answer, close=self.close_connection) + _sent_body(request, answer))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        # Closing the descriptor itself: the base classes would first shut the connection down politely, with a FIN.
        socket.close(self.connection.detach())


def _head(answer: Answer, *, close: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if not _is_bodiless(answer.status):
        if answer.content_type is not None:
            lines.append(f"Content-Type: {answer.content_type}")
        lines.append(f"Content-Length: {_announced_length(answer)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _announced_length(answer: Answer) -> int:
    # Even an empty body can be cut off: one byte is then announced and never sent.
    return max(1, len(answer.body)) if answer.delivery == "truncated" else len(answer.body)


def _sent_body(request: Request, answer: Answer) -> bytes:
    if request.method == "HEAD" or _is_bodiless(answer.status):
        return b""
    return answer.body[: len(answer.body) // 2] if answer.delivery == "truncated" else answer.body


def _is_bodiless(status: int) -> bool:
    return status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
