"""The budget of API requests."""

from datetime import timedelta

import pytest

from bot.clock import FrozenClock
from bot.errors import HubError, RateLimitedError
from bot.hub.pacing import SeenLimit
from bot.hub.protocol import Answer, RateLimit
from bot.hub.rate_limits import RateLimits
from bot.hub.retrying import Outcome
from tests.hub.support import NOW, OAT_OF_ACME, FakeWire, Sent, json_answer, jwt, make_api, scripted

RESET = str(int(NOW.timestamp()) + 40)


def told(remaining: int, status: int = 200, limit: int = 180) -> Answer:
    return json_answer(
        {"results": []},
        status,
        X_RateLimit_Limit=str(limit),
        X_RateLimit_Remaining=str(remaining),
        X_RateLimit_Reset=RESET,
    )


def seen(remaining: int, credential: str = "no credential", limit: int = 180) -> SeenLimit:
    return SeenLimit("hub.docker.com", credential, RateLimit(limit, remaining, NOW + timedelta(seconds=40)), NOW)


def test_budget_is_asked_with_one_small_documented_request() -> None:
    wire = FakeWire(scripted(told(93)), FrozenClock(NOW))

    assert RateLimits(make_api(wire)).get() == seen(93)
    assert [sent.request.url for sent in wire.sent] == [
        "https://hub.docker.com/v2/namespaces/library/repositories?page_size=1"
    ]


def test_budget_of_a_namespace_is_that_of_its_credential() -> None:
    def respond(sent: Sent) -> Outcome:
        if sent.request.method == "POST":
            return json_answer({"access_token": jwt()}, X_RateLimit_Remaining="9", X_RateLimit_Limit="180")
        return told(597, limit=600)

    wire = FakeWire(respond, FrozenClock(NOW))
    limits = RateLimits(make_api(wire, OAT_OF_ACME))

    assert limits.get("acme") == seen(597, "the organization token of acme", 600)
    assert {known.credential: known.limit.remaining for known in limits.list()} == {
        "no credential": 9,
        "the organization token of acme": 597,
    }


def test_the_budget_in_use_is_that_of_whoever_reads() -> None:
    def respond(sent: Sent) -> Outcome:
        return json_answer({"message": "no"}, 401) if sent.request.method == "POST" else told(93)

    limits = RateLimits(make_api(FakeWire(respond, FrozenClock(NOW)), OAT_OF_ACME))

    assert (limits.in_use("acme").seen, limits.in_use("other").seen) == (None, None)
    limits.get("acme")
    # The token is not taken, so that anybody's budget pays.
    assert limits.in_use("acme").seen == seen(93)


def test_namespace_that_does_not_exist_tells_the_budget_as_well() -> None:
    wire = FakeWire(scripted(told(93, 404)), FrozenClock(NOW))

    assert RateLimits(make_api(wire)).get("nobody") == seen(93)


def test_spent_budget_is_not_spent_further() -> None:
    wire = FakeWire(scripted(told(0)), FrozenClock(NOW))
    limits = RateLimits(make_api(wire))

    assert [limits.get(), limits.get()] == [seen(0), seen(0)]
    assert len(wire.sent) == 1


def test_limit_of_unknown_budget_is_an_error() -> None:
    wire = FakeWire(scripted(Answer(429, {}, b"Too Many Requests")), FrozenClock(NOW))
    limits = RateLimits(make_api(wire))

    for _ in range(2):
        with pytest.raises(RateLimitedError):
            limits.get()
    assert len(wire.sent) == 1


def test_service_that_tells_no_budget_has_none_known() -> None:
    wire = FakeWire(scripted(json_answer({"results": []})), FrozenClock(NOW))
    limits = RateLimits(make_api(wire))

    assert limits.get() is None
    assert limits.list() == ()


def test_other_errors_are_errors() -> None:
    wire = FakeWire(scripted(Answer(500)), FrozenClock(NOW))

    with pytest.raises(HubError):
        RateLimits(make_api(wire)).get()
