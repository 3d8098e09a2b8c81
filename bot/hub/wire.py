"""One exchange over HTTP: a request goes out, a whole answer or the reason for having none comes back.

The only room that knows the HTTP library. It neither asks twice nor judges an answer; `bot.hub.transport` does. What
it promises: no cookies and no `.netrc`, limits on time and size, redirects only for reads and only within the same
origin. The one exception are files of the registry (`Request.may_leave`): those it keeps elsewhere, see
`bot.hub.elsewhere`.
"""

import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from bot import __version__
from bot.addresses import is_loopback
from bot.clock import Clock
from bot.hub.elsewhere import NotPublicError, PublicAdapter, may_lead
from bot.hub.protocol import Answer, Query, origin_of, user_agent
from bot.hub.retrying import Failure, Mishap, Outcome

CONNECT_SECONDS = 3.05
"""A little over the three seconds after which TCP sends its first packet again."""
READ_SECONDS = 10.0
WHOLE_ANSWER_SECONDS = 20.0
WHOLE_FILE_SECONDS = 120.0
LARGEST_ANSWER_BYTES = 20_000_000
POOLED_CONNECTIONS = 64
MOST_REDIRECTS = 3

_READS = frozenset({"GET", "HEAD"})
_CHUNK_BYTES = 65_536
_UNREACHABLE = frozenset({errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH})


@dataclass(frozen=True)
class Request:
    """One request, complete but for the authorization.

    Attributes:
        method: Upper case.
        origin: Scheme, host and port.
        path: Percent-encoded, with a leading slash.
        query: The query's fields, not yet encoded.
        body: What to send as JSON; None sends no body.
        expects_json: Whether a success without JSON is none.
        changes_nothing: Whether it is safe to send twice although the method says otherwise, as a login is.
        is_query: Whether it is a query of GraphQL, see `bot.hub.graphql`; it changes nothing.
        most_bytes: How long the answer may be; None: as any answer.
        may_leave: Whether a redirect to another host is followed, without the authorization. For files that are known
            by their digest, and may take long.
    """

    method: str
    origin: str
    path: str
    query: Query = ()
    body: Any = field(default=None, repr=False)
    expects_json: bool = True
    changes_nothing: bool = False
    is_query: bool = False
    most_bytes: int | None = None
    may_leave: bool = False

    @property
    def is_read(self) -> bool:
        """Whether asking twice changes nothing."""
        return self.changes_nothing or self.is_query or self.method in _READS

    @property
    def host(self) -> str:
        """The host that is asked, with the port if it is a special one."""
        return urlsplit(self.origin).netloc

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.origin}{self.path}" + (f"?{urlencode(self.query)}" if self.query else "")


class Wire:
    """A pool of connections. Safe to use from several threads.

    Args:
        clock: The time.
        read_seconds: How long the service may be silent.
        largest_bytes: How long an answer may be, decompressed.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        read_seconds: float = READ_SECONDS,
        largest_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> None:
        self._clock = clock
        self._read_seconds = read_seconds
        self._largest_bytes = largest_bytes
        adapter = HTTPAdapter(pool_maxsize=POOLED_CONNECTIONS)
        self._session = _session(adapter)
        self._elsewhere = _session(PublicAdapter())

    def close(self) -> None:
        """Close all connections."""
        self._session.close()
        self._elsewhere.close()

    def exchange(self, request: Request, headers: Mapping[str, str]) -> Outcome:
        """Send a request once and read the whole answer.

        Args:
            request: What to send.
            headers: The authorization, if any.
        """
        url = request.url
        session = self._session
        outcome = self._send(session, request, url, headers)
        for _ in range(MOST_REDIRECTS):
            if isinstance(outcome, Failure) or not outcome.is_redirect:
                break
            try:
                url = urljoin(url, outcome.headers["location"])
                is_ours = origin_of(url) == origin_of(request.origin)
                may_leave = request.may_leave and may_lead(url, registry=request.origin)
            except ValueError:
                break
            # A redirected write would arrive as a GET that changes nothing and answers 200; a bearer sent to another
            # origin would be given away.
            if request.method not in _READS or not (is_ours or may_leave):
                break
            if not is_ours:
                headers = _without_authorization(headers)
            is_near = is_ours or is_loopback(urlsplit(url).hostname)
            session = self._session if is_near else self._elsewhere
            outcome = self._send(session, request, url, headers)
        return outcome if isinstance(outcome, Failure) else _judge(request, outcome)

    def _send(self, session: requests.Session, request: Request, url: str, headers: Mapping[str, str]) -> Outcome:
        try:
            with session.request(
                request.method,
                url,
                json=request.body,
                headers=dict(headers),
                timeout=(CONNECT_SECONDS, self._read_seconds),
                allow_redirects=False,
                stream=True,
                proxies=_proxies(url),
            ) as response:
                return self._read(request, response)
        except requests.RequestException as error:
            return Failure(*_mishap_of(error))
        except urllib3.exceptions.HTTPError as error:  # Reading the body goes past requests, and past its errors.
            return _mishap_while_reading(error)
        except ValueError:
            # An address or a header that is no text; requests looks at `Location` even when it is not to follow it.
            return Failure(Mishap.REDIRECTED, None, "an answer with headers that cannot be read")

    def _read(self, request: Request, response: requests.Response) -> Outcome:
        body = bytearray()
        started = self._clock.monotonic()
        most_bytes = self._largest_bytes if request.most_bytes is None else request.most_bytes
        most_seconds = WHOLE_FILE_SECONDS if request.may_leave else WHOLE_ANSWER_SECONDS
        # Whatever has come, not chunks of a fixed size: a service that drips would hold those up past every deadline.
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > most_bytes:
                return Failure(Mishap.TOO_LARGE, response.status_code, "more data than is plausible")
            if self._clock.monotonic() - started > most_seconds:
                return Failure(Mishap.LOST, response.status_code, "the answer came too slowly")
        return Answer(response.status_code, dict(response.headers), bytes(body))


def _session(adapter: HTTPAdapter) -> requests.Session:
    session = requests.Session()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A cookie would carry one caller's identity into another's request.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # The environment may name a proxy, but a `.netrc` must not add a login that the settings do not know of.
    session.auth = _NoAuth()
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = user_agent(__version__, requests.__version__)
    return session


class _NoAuth(AuthBase):
    """Adds nothing; being there is enough to keep `.netrc` out."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def _without_authorization(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _judge(request: Request, answer: Answer) -> Outcome:
    """Take as a mishap what cannot be used: a redirect, and a success that lacks the JSON asked for.

    The front end answers reads with a web page and 200 while it is in trouble.
    """
    if answer.is_redirect:
        return Failure(Mishap.REDIRECTED, answer.status, "a redirect that is not followed")
    if request.method == "HEAD" or not request.expects_json or not answer.is_success or answer.is_json:
        return answer
    is_page = answer.body.lstrip()[:1] == b"<"
    detail = "a web page instead of data" if is_page else "an answer that is not JSON"
    return Failure(Mishap.NOT_JSON, answer.status, detail)


def _proxies(url: str) -> dict[str, str] | None:
    """Keep requests to this machine away from a proxy that the environment may name."""
    host = urlsplit(url).hostname or ""
    return {"no_proxy": host} if is_loopback(host) else None


def _mishap_of(error: requests.RequestException) -> tuple[Mishap, int | None, str]:
    """Sort the library's errors; the order matters, since some are kinds of others."""
    if _has_cause(error, NotPublicError):
        return Mishap.REDIRECTED, None, "a redirect to an address that is not public"
    if isinstance(error, requests.exceptions.SSLError):
        return Mishap.UNTRUSTED, None, "its certificate cannot be trusted"
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError) or _is_unreachable(error):
        return Mishap.NOT_CONNECTED, None, "no connection could be made"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return Mishap.TRUNCATED, None, "the answer was cut off"
    if isinstance(error, requests.Timeout):
        return Mishap.LOST, None, "no answer in time"
    return Mishap.LOST, None, "the connection was lost"


def _mishap_while_reading(error: urllib3.exceptions.HTTPError) -> Failure:
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Failure(Mishap.LOST, None, "no answer in time")
    if isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError):
        return Failure(Mishap.TRUNCATED, None, "the answer was cut off")
    return Failure(Mishap.LOST, None, "the connection was lost")


def _is_unreachable(error: BaseException) -> bool:
    """Look for the system's own reason, which the library hides under several layers."""
    return any(
        isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _UNREACHABLE)
        for cause in _causes(error)
    )


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
