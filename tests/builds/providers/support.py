"""What the tests of the providers share: set-ups, secrets, and a way out that leads nowhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.builds.model import Order, ProviderKind, Ref, Setup
from bot.egress.client import EgressAnswer, EgressRequest
from bot.egress.hosts import AllowedHosts

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SOURCE_UUID = "5f0b3c1e-2a47-4d0c-9a56-0123456789ab"
TRIGGER_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLASSIC_TOKEN = "9b2d8f3a-1c44-4e0b-8a7d-aa55bb66cc77"
GITHUB_TOKEN = "github_pat_11AAAAAAA0abcdefghijkl_0123456789"
GITLAB_TOKEN = "glptt-0123456789abcdef0123456789abcdef01234567"
SIGNING_KEY = "a-signing-key-nobody-guesses"
HOOK_PATH = "hooks/s3cret-path-of-the-hook"
SECRETS = (SOURCE_UUID, TRIGGER_UUID, CLASSIC_TOKEN, GITHUB_TOKEN, GITLAB_TOKEN, SIGNING_KEY, HOOK_PATH)
"""None of these may ever be read by anybody."""

EVERYTHING = Order(repository="acme/api")
A_TAG = Order(repository="acme/api", ref=Ref.DOCKER_TAG, name="1.2")
A_BRANCH = Order(repository="acme/api", ref=Ref.BRANCH, name="staging")
A_GIT_TAG = Order(repository="acme/api", ref=Ref.GIT_TAG, name="v1.1")
ORDERS = (EVERYTHING, A_TAG, A_BRANCH, A_GIT_TAG)

NAMED = ("api.github.com", "gitlab.com", "ci.example.com", "ghe.example.com")


def setup_of(provider: ProviderKind, **changes: Any) -> Setup:
    """Return a set-up of `acme/api` that works."""
    usual: dict[str, Any] = {}
    if provider is ProviderKind.GITHUB:
        usual = {"project": "acme/images", "workflow": "build.yml", "branch": "main"}
    if provider is ProviderKind.GITLAB:
        usual = {"project": "acme/images", "branch": "main"}
    return Setup(repository="acme/api", provider=provider, **{**usual, **changes})


def secret_of(provider: ProviderKind, origin: str | None = None) -> SecretStr:
    """Return the secret that goes with `setup_of`.

    Args:
        provider: Whose.
        origin: Where trigger URLs and webhooks lead; None: to the usual places.
    """
    hub, classic, hook = (origin or usual for usual in ("https://hub.docker.com", *_OTHERS))
    return SecretStr(
        {
            ProviderKind.DOCKER_HUB: f"{hub}/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
            ProviderKind.CLASSIC: f"{classic}/u/acme/api/trigger/{CLASSIC_TOKEN}/",
            ProviderKind.GITHUB: GITHUB_TOKEN,
            ProviderKind.GITLAB: GITLAB_TOKEN,
            ProviderKind.WEBHOOK: f"{hook}/{HOOK_PATH} {SIGNING_KEY}",
        }[provider]
    )


_OTHERS = ("https://registry.hub.docker.com", "https://ci.example.com")


def answer(data: Any = None, status: int = 200, **headers: str) -> EgressAnswer:
    """Return an answer of JSON; None: without a body. Underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is None:
        return EgressAnswer(status, named, b"")
    return EgressAnswer(status, {"content-type": "application/json", **named}, json.dumps(data).encode())


@dataclass
class FakeEgress:
    """Answers each request by a function, and keeps a record. Which hosts may be called is as in earnest."""

    respond: Callable[[EgressRequest], EgressAnswer] = lambda _: answer()
    hosts: AllowedHosts = field(default_factory=lambda: AllowedHosts(named=NAMED))
    sent: list[EgressRequest] = field(default_factory=list)

    def send(self, request: EgressRequest) -> EgressAnswer:
        """Record and answer."""
        self.hosts.check_url(request.url)
        self.sent.append(request)
        return self.respond(request)

    @property
    def urls(self) -> list[str]:
        """What was called, in order, as `GET https://…`."""
        return [f"{request.method} {request.url.get_secret_value()}" for request in self.sent]


def answering(*answers: EgressAnswer) -> FakeEgress:
    """Return a way out that gives these answers, one after the other; the last one for ever."""
    left = list(answers)
    return FakeEgress(lambda _: left.pop(0) if len(left) > 1 else left[0])
