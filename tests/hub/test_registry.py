"""The budget of image pulls."""

import base64

import pytest

from bot.clock import FrozenClock
from bot.errors import HubError, RateLimitedError, UnauthorizedError, UnavailableError, UnexpectedResponseError
from bot.hub.api import HubUrls
from bot.hub.auth import Credential
from bot.hub.protocol import Answer, PullLimit
from bot.hub.registry import PullBudget, Registry
from bot.hub.retrying import Outcome
from tests.hub.support import NOW, PAT_OF_ANA, FakeWire, Sent, json_answer, make_api, scripted

TOKEN = json_answer({"token": "abc.def.ghi"})
HEADERS = {
    "RateLimit-Limit": "100;w=3600",
    "RateLimit-Remaining": "76;w=3600",
    "Docker-RateLimit-Source": "198.51.100.7",
}
REFUSED = json_answer({"details": "incorrect username or password"}, 401)


def registry(wire: FakeWire, *credentials: Credential) -> Registry:
    return Registry(make_api(wire, *credentials), HubUrls())


def wire_of(*outcomes: Outcome) -> FakeWire:
    return FakeWire(scripted(*outcomes), FrozenClock(NOW))


def test_budget_is_asked_without_pulling() -> None:
    wire = wire_of(TOKEN, Answer(200, HEADERS))

    assert registry(wire).pull_limit() == PullBudget(PullLimit(100, 76, 3600, "198.51.100.7"), "no credential")
    assert [(sent.request.method, sent.request.url, sent.headers.get("Authorization")) for sent in wire.sent] == [
        (
            "GET",
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aratelimitpreview%2Ftest%3Apull",
            None,
        ),
        ("HEAD", "https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest", "Bearer abc.def.ghi"),
    ]


def test_no_headers_mean_unlimited() -> None:
    assert registry(wire_of(TOKEN, Answer(200))).pull_limit().limit.is_unlimited


def test_budget_of_a_credential_is_asked_with_basic() -> None:
    wire = wire_of(TOKEN, Answer(200, HEADERS))

    assert registry(wire, PAT_OF_ANA).pull_limit().credential == "the PAT of ana"
    scheme, _, pair = wire.sent[0].headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"ana:dckr_pat_0123456789abcdef")


def test_refused_credential_leaves_the_budget_of_the_address() -> None:
    def respond(sent: Sent) -> Outcome:
        if sent.headers.get("Authorization", "").startswith("Basic"):
            return REFUSED
        return TOKEN if sent.request.method == "GET" else Answer(200, HEADERS)

    budget = registry(FakeWire(respond, FrozenClock(NOW)), PAT_OF_ANA).pull_limit()

    assert budget.credential == "no credential, because the registry refuses the PAT of ana"


@pytest.mark.parametrize("token", [{}, {"token": ""}, {"token": 7}, [], None])
def test_answer_without_a_token_is_unexpected(token: object) -> None:
    with pytest.raises(UnexpectedResponseError, match="the pull limit"):
        registry(wire_of(json_answer(token))).pull_limit()


def test_token_may_be_called_access_token() -> None:
    wire = wire_of(json_answer({"access_token": "x"}), Answer(200, HEADERS))

    assert registry(wire).pull_limit().limit.remaining == 76


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(503), UnavailableError),
        (Answer(401), UnauthorizedError),
        (Answer(429, {"Retry-After": "600"}), RateLimitedError),
    ],
)
def test_errors_of_the_registry_are_errors(answer: Answer, kind: type[HubError]) -> None:
    with pytest.raises(kind, match="the pull limit"):
        registry(wire_of(TOKEN, answer)).pull_limit()
