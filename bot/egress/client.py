"""Sends one request to a host that may be called."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr


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
        body: At most the first megabyte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
