"""Sends one request to a host that may be called, once.

The host is looked up here, every address that comes back is checked, and the connection goes to one of exactly these:
a name server that changes its answer between the check and the call gains nothing. Redirects are answers like any
other; nothing is asked twice; no proxy, cookie or `.netrc` is taken from anywhere.

`http.client` and not the libraries above it: those look hosts up by themselves, and log a whole address (which may be
a secret) when a header of the answer is malformed.
"""

import functools
import http.client
import ipaddress
import logging
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from pydantic import SecretStr
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bot import __version__
from bot.addresses import HTTP_PORT, HTTPS_PORT, IpAddress, ip_address
from bot.egress.errors import EgressRefusedError, EgressUnansweredError, EgressUnreachableError
from bot.egress.hosts import AllowedHosts, Target, check_addresses

logger = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 1_048_576
CONNECT_SECONDS = 3.05
"""For each address; a little over the three seconds after which TCP sends its first packet again."""

_CHUNK_BYTES = 65_536
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_METHOD = re.compile(r"[A-Z]+")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that follow from the request; nobody else's word counts."""

Resolve = Callable[..., Sequence[tuple[Any, ...]]]
"""Looks a host up as `socket.getaddrinfo` does."""
Connect = Callable[..., socket.socket]
"""Connects to an address and port as `socket.create_connection` does."""


@dataclass(frozen=True)
class EgressRequest:
    """A request.

    Attributes:
        method: The HTTP method.
        url: Where to, with all its secrets.
        headers: What to send along; may hold secrets.
        body: The body; None: none.
        timeout_seconds: How long all of it may take.
    """

    method: str
    url: SecretStr
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class EgressAnswer:
    """What came back: any status, redirects too, which are not followed.

    Attributes:
        status: The HTTP status.
        headers: In lower case.
        body: At most the first mebibyte, not decompressed.
        is_whole: Whether the body is all there was: neither cut off, nor too long, nor too slow.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True


class EgressClient:
    """Calls the hosts that may be called. Safe to use from several threads.

    Args:
        hosts: Which these are.
        resolve: Looks up a host.
        connect: Connects to an address.
        monotonic: Seconds that never go back.
        tls: Whom to trust; None: the authorities of the system, and those that the libraries bring.
    """

    def __init__(
        self,
        hosts: AllowedHosts,
        *,
        resolve: Resolve = socket.getaddrinfo,
        connect: Connect = socket.create_connection,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.hosts = hosts
        self._resolve = resolve
        self._connect_to = connect
        self._monotonic = monotonic
        self._tls = tls or _usual_trust()

    def send(self, request: EgressRequest) -> EgressAnswer:
        """Send a request once, and return the answer whatever its status.

        Raises:
            EgressRefusedError: It may not be sent, and was not.
            EgressUnreachableError: No connection could be made; nothing was sent.
            EgressUnansweredError: It may have been taken; there was no answer.
        """
        started = self._monotonic()
        target = self.hosts.target(request.url)
        _check_form(request)
        extra: dict[str, Any] = {"host": target.host, "method": request.method, "status": None, "mishap": ""}
        try:
            answer = self._send(request, target, deadline=started + request.timeout_seconds)
            extra["status"] = answer.status
        except (EgressRefusedError, EgressUnreachableError, EgressUnansweredError) as error:
            extra["mishap"] = error.reason
            raise
        else:
            return answer
        finally:
            duration_ms = round((self._monotonic() - started) * 1000)
            logger.info("egress_request", extra={**extra, "duration_ms": duration_ms})

    def _send(self, request: EgressRequest, target: Target, *, deadline: float) -> EgressAnswer:
        addresses = self._addresses(target, deadline)
        check_addresses(target, addresses)
        with closing(self._connect(target, addresses, deadline)) as connection:
            return self._exchange(connection, request, target, deadline)

    def _addresses(self, target: Target, deadline: float) -> Sequence[IpAddress]:
        """Look the host up, in a thread of its own: a name server may take longer than anybody wants to wait."""
        literal = ip_address(target.host)
        if literal is not None:
            return [literal]
        found: queue.SimpleQueue[Sequence[IpAddress] | None] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                entries = self._resolve(target.host, target.port, type=socket.SOCK_STREAM)
                found.put([ipaddress.ip_address(str(entry[4][0])) for entry in entries])
            except (OSError, ValueError):  # A name that cannot be looked up, and an address with a zone.
                found.put(None)

        threading.Thread(target=look_up, name="egress-look-up", daemon=True).start()
        try:
            addresses = found.get(timeout=max(0.0, deadline - self._monotonic()))
        except queue.Empty:
            raise EgressUnreachableError(
                target.host, f"`{target.host}` could not be looked up in time; nothing was sent."
            ) from None
        if not addresses:
            raise EgressUnreachableError(target.host, f"`{target.host}` has no address; nothing was sent.")
        return list(dict.fromkeys(addresses))

    def _connect(self, target: Target, addresses: Sequence[IpAddress], deadline: float) -> http.client.HTTPConnection:
        """Connect to the first of the addresses that can be connected to. Nothing of the request is sent."""
        problem = "could not be reached"
        for address in addresses:
            left = deadline - self._monotonic()
            if left <= 0:
                break
            connected = partial(self._connect_to, (str(address), target.port), timeout=min(left, CONNECT_SECONDS))
            connection = _Connection(target, connected, self._tls)
            try:
                connection.connect()
            except ssl.SSLError:
                problem = "has a certificate that cannot be trusted, or no TLS"
            except OSError:
                problem = "could not be reached"
            else:
                return connection
            connection.close()
        raise EgressUnreachableError(target.host, f"`{target.host}` {problem}; nothing was sent.")

    def _exchange(
        self, connection: http.client.HTTPConnection, request: EgressRequest, target: Target, deadline: float
    ) -> EgressAnswer:
        with _Watchdog(connection.sock, deadline - self._monotonic()) as watchdog:
            try:
                connection.request(request.method, target.path, body=request.body, headers=_headers(request, target))
                response = connection.getresponse()
            except (OSError, http.client.HTTPException, ValueError):  # ValueError: what is no HTTP at all.
                raise EgressUnansweredError(target.host, _unanswered(target, is_late=watchdog.has_barked)) from None
            if watchdog.has_barked:  # The library takes a head that ends early for a short one.
                raise EgressUnansweredError(target.host, _unanswered(target, is_late=True))
            with response:
                body, is_whole = _read(response)
            headers = {name.lower(): value for name, value in response.getheaders()}
            return EgressAnswer(response.status, headers, body, is_whole and not watchdog.has_barked)


class _Connection(http.client.HTTPConnection):
    """A connection to one address, under the name of the host."""

    def __init__(self, target: Target, connected: Callable[[], socket.socket], tls: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._connected = connected
        self._tls = tls

    def connect(self) -> None:
        """Connect to the address, and have it prove that it is the host."""
        self.sock = self._connected()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._target.is_encrypted:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._target.host)


class _Watchdog:
    """Ends a connection when its time is up: time limits of sockets begin anew with every byte that drips in."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self._socket = connected
        self.has_barked = False
        connected.settimeout(max(seconds, 0.001))
        self._timer = threading.Timer(max(seconds, 0.0), self._bark)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _bark(self) -> None:
        self.has_barked = True
        with suppress(OSError):  # It has ended by itself.
            # Not the method of a TLS socket, which would turn it into a plain one under the hands of the reader.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@functools.cache
def _usual_trust() -> ssl.SSLContext:
    """Read the certificates once: it takes a twentieth of a second."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return trust


def _check_form(request: EgressRequest) -> None:
    """Refuse what could not be sent, before anything is: the library's own complaint would repeat it."""
    is_well_formed = _METHOD.fullmatch(request.method) and all(
        _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value) for name, value in request.headers.items()
    )
    if not is_well_formed:
        raise EgressRefusedError("A token or header has characters that cannot be sent; nothing was sent.")


def _headers(request: EgressRequest, target: Target) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
    names = {name.lower() for name in kept}
    usual = {"User-Agent": f"hub-bot/{__version__}", "Accept": "*/*"}
    host = f"[{target.host}]" if ":" in target.host else target.host
    is_usual_port = target.port == (HTTPS_PORT if target.is_encrypted else HTTP_PORT)
    return {
        "Host": host if is_usual_port else f"{host}:{target.port}",
        # A small answer may be a large one compressed.
        "Accept-Encoding": "identity",
        "Connection": "close",
        **{name: value for name, value in usual.items() if name.lower() not in names},
        **kept,
    }


def _read(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """Return the body as far as it came, and whether that is all of it. The status counts in any case."""
    body = bytearray()
    try:
        while chunk := response.read1(_CHUNK_BYTES):
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                return bytes(body[:LARGEST_BODY_BYTES]), False
    except (OSError, http.client.HTTPException, ValueError):
        return bytes(body), False
    return bytes(body), not response.length


def _unanswered(target: Target, *, is_late: bool) -> str:
    what = "did not answer in time" if is_late else "gave no answer"
    return f"`{target.host}` {what}; it may have taken the request all the same."
