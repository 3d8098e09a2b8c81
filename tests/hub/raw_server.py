"""A server that answers with the very bytes a test gives it."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

RESET = b"RESET"
"""Given as an answer: send nothing and end the connection with a reset."""

_TLS_HANDSHAKE = b"\x16"
# SO_LINGER on with a time of zero: closing then answers with RST instead of FIN.
_LINGER_ZERO = struct.pack("ii", 1, 0)


class RawServer:
    """Listens on loopback. Every connection carries one request.

    Attributes:
        heard: The requests as they came, head and body.
    """

    def __init__(self, respond: Callable[[bytes], bytes]) -> None:
        self.heard: list[bytes] = []
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                request = _read_request(self.connection)
                server.heard.append(request)
                answer = respond(request)
                if answer == RESET:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                    socket.close(self.connection.detach())
                    return
                self.connection.sendall(answer)

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.block_on_close = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def response(
    body: bytes = b"{}", status: str = "200 OK", *, length: int | None = None, headers: tuple[str, ...] = ()
) -> bytes:
    """Return a whole answer; `length` announces another length than there is."""
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _read_request(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if data[:1] == _TLS_HANDSHAKE:
        return data
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
