"""What an answer of Docker Hub says, decided without any I/O: limits, waiting times, next pages, JSON.

Everything here is a pure function of status, headers, body and the time. Which error an answer is stands in
`bot.hub.failures`, whether to ask again in `bot.hub.retrying`.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

LONGEST_WAIT_SECONDS = 3600.0
"""No limit of Docker Hub lasts longer than an hour (pulls are counted by the hour); a longer time is nonsense."""
SHORTEST_WAIT_SECONDS = 1.0
"""Times are told in whole seconds, so `now` or a moment ago means: in this very second."""

# A number this large cannot be seconds to wait (31 years); both headers have been seen with either meaning.
_LEAST_TIMESTAMP = 1e9
_HUB_DOMAIN = "docker.com"
_LEADING_NUMBER = re.compile(r"\s*(\d{1,18})(?![\d.])")
_WINDOW = re.compile(r";\s*w=(\d{1,9})")

Query = tuple[tuple[str, str], ...]
"""The fields of a query in their order."""


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer.

    Attributes:
        status: The HTTP status.
        headers: By name; names are kept in lower case.
        body: The bytes, already decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        lowered = {name.lower(): value for name, value in self.headers.items()}
        object.__setattr__(self, "headers", lowered)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_redirect(self) -> bool:
        """Whether it points somewhere else."""
        return "location" in self.headers and self.status in {301, 302, 303, 307, 308}

    @property
    def is_json(self) -> bool:
        """Whether the body can be read as JSON, whatever the content type claims."""
        return self._parsed[0]

    @property
    def data(self) -> Any:
        """The body read as JSON; None when it is not JSON."""
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[bool, Any]:
        try:
            return True, json.loads(self.body)
        except (ValueError, RecursionError):
            return False, None


@dataclass(frozen=True)
class RateLimit:
    """The budget of API requests, as one answer told it. Its truth value: may another request be made?

    Source: https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting

    Attributes:
        limit: Requests per minute; None when the answer did not say.
        remaining: Requests left in this minute.
        resets_at: When the budget is whole again (aware, UTC, by our own clock); None when the answer did not say.
    """

    limit: int | None
    remaining: int
    resets_at: datetime | None

    def __bool__(self) -> bool:
        return self.remaining > 0

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], *, now: datetime) -> Self | None:
        """Read `X-RateLimit-*`; None when the answer carries none.

        Args:
            headers: By lower-case name.
            now: The time by our own clock.
        """
        remaining = _number(headers.get("x-ratelimit-remaining"))
        if remaining is None:
            return None
        return cls(
            limit=_number(headers.get("x-ratelimit-limit")),
            remaining=remaining,
            resets_at=_reset_time(headers, now),
        )

    def seconds_left(self, now: datetime) -> float:
        """Return how long until the reset: at least 0, at most an hour, 0 when it is unknown."""
        if self.resets_at is None:
            return 0.0
        return min(max(0.0, (self.resets_at - now).total_seconds()), LONGEST_WAIT_SECONDS)


@dataclass(frozen=True)
class PullLimit:
    """The budget of image pulls. Its truth value: may another image be pulled?

    Source: https://docs.docker.com/docker-hub/usage/pulls/

    Attributes:
        limit: Pulls per window; None means unlimited.
        remaining: Pulls left; None means unlimited, or that the registry did not say.
        window_seconds: The length of the window; None when the registry did not say.
        source: Whose budget it is, as the registry names it: an IP address or a user's id; may be empty.
    """

    limit: int | None = None
    remaining: int | None = None
    window_seconds: int | None = None
    source: str = ""

    def __bool__(self) -> bool:
        return self.remaining is None or self.remaining > 0

    @property
    def is_unlimited(self) -> bool:
        """Whether pulls are not counted for this credential."""
        return self.limit is None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """Read `RateLimit-*` of the registry (`100;w=3600`: a number and the window in seconds).

        A paid plan has no such headers: without them pulls are unlimited.
        """
        told = headers.get("ratelimit-limit", "")
        window = _WINDOW.search(told) or _WINDOW.search(headers.get("ratelimit-remaining", ""))
        return cls(
            limit=_number(told),
            remaining=_number(headers.get("ratelimit-remaining")),
            window_seconds=int(window[1]) if window else None,
            source=headers.get("docker-ratelimit-source", ""),
        )


class ForeignLinkError(ValueError):
    """A link to a next page points away from Docker Hub. `str()` names the host."""


def retry_seconds(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return how long the service asks to wait; None when it does not say or says nonsense.

    `X-Retry-After` is documented as a Unix time and `Retry-After` as seconds, but each has been seen with the other's
    meaning, so the size of the number decides. A time is measured against the answer's own `Date`, so that it does
    not matter when the two clocks disagree.

    Source: https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting

    Args:
        headers: By lower-case name.
        now: The time by our own clock, for answers without a `Date`.

    Returns:
        Seconds, from `SHORTEST_WAIT_SECONDS` to `LONGEST_WAIT_SECONDS`.
    """
    for name in ("x-retry-after", "retry-after"):
        seconds = _told_seconds(headers.get(name, ""), answered_at(headers, now))
        if seconds is not None:
            return min(max(SHORTEST_WAIT_SECONDS, seconds), LONGEST_WAIT_SECONDS)
    return None


def answered_at(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return the service's own time when it answered; our time when it did not say."""
    return _http_date(headers.get("date", "")) or now


def is_abuse_limit(answer: Answer) -> bool:
    """Tell the limit on a whole address, for all of Docker's sites, from the one on API requests.

    The former comes from the front end: 429 with a line of text, no JSON and no budget.
    Source: https://docs.docker.com/docker-hub/usage/#abuse-rate-limit
    """
    return (
        answer.status == HTTPStatus.TOO_MANY_REQUESTS
        and not isinstance(answer.data, dict)
        and not any(name.startswith("x-ratelimit-") for name in answer.headers)
    )


def next_query(link: Any, *, origin: str) -> Query | None:
    """Return the query of the next page; None when there is no next page.

    Only the query is taken: `next` is absolute and names `hub.docker.com` even when the answer came from elsewhere (a
    simulator, a proxy), and a bearer must never follow a link to another host.

    Args:
        link: The value of `next`, as it came.
        origin: Scheme, host and port that we talk to.

    Raises:
        ForeignLinkError: The link names a host that is neither ours nor Docker's.
    """
    if not isinstance(link, str) or not link:
        return None
    try:
        link.encode()  # JSON can hold halves of characters, which no address can.
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError as error:
        raise ForeignLinkError("an address that cannot be read") from error
    is_own = not parts.netloc or (parts.scheme, parts.netloc) == urlsplit(origin)[:2]
    if not is_own and not _is_docker_host(host):
        raise ForeignLinkError(host)
    return tuple(parse_qsl(parts.query, keep_blank_values=True))


def path_of(*parts: str) -> str:
    """Join parts to a path with a leading slash, each percent-encoded whole.

    Raises:
        ValueError: A part is empty or made of dots: it would change the meaning of the path.
    """
    if any(part.strip(".") == "" for part in parts):
        raise ValueError(f"not parts of a path: {parts!r}")
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def user_agent(version: str, library_version: str) -> str:
    """Return how the bot names itself."""
    return f"hub-bot/{version} python-requests/{library_version}"


def _is_docker_host(host: str) -> bool:
    return host == _HUB_DOMAIN or host.endswith(f".{_HUB_DOMAIN}")


def _number(text: str | None) -> int | None:
    match = _LEADING_NUMBER.match(text or "")
    return int(match[1]) if match else None


def _told_seconds(text: str, answered_at: datetime) -> float | None:
    try:
        number = float(text)
    except ValueError:
        told_at = _http_date(text)
        return None if told_at is None else (told_at - answered_at).total_seconds()
    if not math.isfinite(number):
        return None
    return number if number <= _LEAST_TIMESTAMP else number - answered_at.timestamp()


def _reset_time(headers: Mapping[str, str], now: datetime) -> datetime | None:
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    seconds = reset - answered_at(headers, now).timestamp()
    return now + timedelta(seconds=min(max(-LONGEST_WAIT_SECONDS, seconds), LONGEST_WAIT_SECONDS))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
