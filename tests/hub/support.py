"""What the tests of the Docker Hub client share: a wire that is no wire, bearers, and a client around them."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from pydantic import SecretStr

from bot.clock import Clock, FrozenClock
from bot.hub.api import Api
from bot.hub.auth import Credential, Credentials
from bot.hub.pacing import Budgets
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.hub.transport import Transport
from bot.hub.wire import Request

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HUB = "https://hub.docker.com"
PAT = "dckr_pat_0123456789abcdef"
OAT = "dckr_oat_0123456789abcdef"
PASSWORD = "correct horse battery staple"

# A busy machine is no reason for a law not to hold.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PAT_OF_ANA = Credential.of("ana", SecretStr(PAT))
OAT_OF_ACME = Credential.of("acme", SecretStr(OAT))
PASSWORD_OF_ANA = Credential.of("ana", SecretStr(PASSWORD))


@dataclass(frozen=True)
class Sent:
    """A request as it went out."""

    request: Request
    headers: Mapping[str, str]
    at: float

    @property
    def bearer(self) -> str | None:
        """The bearer that was sent along."""
        authorization = self.headers.get("Authorization", "")
        return authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else None

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.path}"


@dataclass
class FakeWire:
    """Answers each request by a function, and keeps a record."""

    respond: Callable[[Sent], Outcome]
    clock: Clock = field(default_factory=lambda: FrozenClock(NOW))
    sent: list[Sent] = field(default_factory=list)

    def exchange(self, request: Request, headers: Mapping[str, str]) -> Outcome:
        """Record and answer."""
        sent = Sent(request, dict(headers), self.clock.monotonic())
        self.sent.append(sent)
        return self.respond(sent)

    def close(self) -> None:
        """Nothing is open."""


def scripted(*outcomes: Outcome) -> Callable[[Sent], Outcome]:
    """Return a function that gives these outcomes, one after the other; the last one for ever."""
    left = list(outcomes)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def json_answer(data: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/json", **named}, json.dumps(data).encode())


def jwt(lifetime_seconds: float | None = 600.0, *, serial: int = 1, issued_at: float = NOW.timestamp()) -> str:
    """Return something shaped like a bearer; None leaves `exp` out."""
    claims: dict[str, Any] = {"iat": issued_at, "serial": serial}
    if lifetime_seconds is not None:
        claims["exp"] = issued_at + lifetime_seconds
    parts = ({"alg": "none"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*encoded, "c2lnbmF0dXJl"))


def make_transport(wire: FakeWire, clock: Clock, draw: Callable[[], float] = lambda: 0.0) -> Transport:
    """Return a transport on a fake wire."""
    return Transport(wire, Budgets(clock, draw), clock=clock, draw=draw)


def make_api(wire: FakeWire, *credentials: Credential, clock: Clock | None = None) -> Api:
    """Return the API on a fake wire, for a person who waits."""
    clock = clock or wire.clock
    transport = make_transport(wire, clock)
    return Api(HUB, Credentials(credentials), transport, clock=clock, wait_seconds=10.0)
