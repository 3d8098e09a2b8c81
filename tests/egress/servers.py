"""Servers of bytes on loopback, with and without TLS, and a name server that says what a test wants."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Respond = Callable[[socket.socket, bytes], None]


def saying(answer: bytes) -> Respond:
    """Return a behaviour: answer with these bytes."""
    return lambda connection, _: connection.sendall(answer)


def dripping(answer: bytes, every_seconds: float = 0.02) -> Respond:
    """Return a behaviour: answer with these bytes one by one."""

    def respond(connection: socket.socket, _: bytes) -> None:
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(every_seconds)

    return respond


def silent(connection: socket.socket, _: bytes) -> None:
    """Take the request and say nothing until the other side has gone."""
    connection.recv(1)


def hanging_up(connection: socket.socket, _: bytes) -> None:
    """Take the request and close."""


class Server:
    """Listens on loopback; every connection carries one request.

    Attributes:
        heard: The requests, head and body.
        names: The server names that TLS clients asked for.
        port: Where it listens.
    """

    def __init__(self, respond: Respond, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.heard: list[bytes] = []
        self.names: list[str | None] = []
        self._respond = respond
        self._tls = tls
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listening = socket.create_server((address, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self._tls is None:
            self._converse(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as encrypted:
            self._converse(encrypted)

    def _converse(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65_536)
            if not chunk:
                return
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < (int(lengths[0].partition(b":")[2]) if lengths else 0):
            body += connection.recv(65_536)
        self.heard.append(head + b"\r\n\r\n" + body)
        self._respond(connection, self.heard[-1])


@contextmanager
def serving(respond: Respond | None = None, **options: Any) -> Iterator[Server]:
    """Yield a server that listens, and answers `OK` if nothing else is said."""
    server = Server(respond or saying(OK), **options)
    try:
        yield server
    finally:
        server.close()


class NameServer:
    """Answers like `socket.getaddrinfo`, with one answer after the other; the last one again and again.

    Attributes:
        asked: The names that were looked up.
    """

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def __call__(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        """Look a name up."""
        self.asked.append(host)
        addresses = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


class Diverted:
    """Connects to a server on loopback, wherever it should go.

    Attributes:
        tried: The addresses and ports that it should have gone to.
    """

    def __init__(self, server: Server, *, dead: Sequence[str] = ()) -> None:
        self.tried: list[tuple[str, int]] = []
        self._server = server
        self._dead = dead

    def __call__(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """Connect."""
        self.tried.append(address)
        if address[0] in self._dead:
            raise ConnectionRefusedError("nobody is there")
        return socket.create_connection(("127.0.0.1", self._server.port), timeout=timeout)


def certified(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server of these names shows, and what makes a client trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
    began = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(chain, secret)
    return shown, ssl.create_default_context(cafile=str(chain))
