"""Asking again, waiting, giving up; on a wire that is no wire."""

import logging

import pytest

from bot.clock import FrozenClock
from bot.errors import RateLimitedError, UnavailableError, UnexpectedResponseError
from bot.hub.pacing import Patience
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap, Outcome
from bot.hub.transport import MOST_REFUSALS, Transport
from bot.hub.wire import Request
from tests.hub.support import HUB, NOW, FakeWire, json_answer, make_transport, scripted

READ = Request("GET", HUB, "/v2/x", (("page", "1"),))
WRITE = Request("POST", HUB, "/v2/x", body={})
LOGIN = Request("POST", HUB, "/v2/auth/token", body={}, changes_nothing=True)
OK = json_answer({})
LOST = Failure(Mishap.LOST, None, "the connection was lost")
REFUSED = Answer(429, {"Retry-After": "3"}, b'{"detail": "Rate limit exceeded", "error": false}')


def send(transport: Transport, request: Request = READ, patience: Patience | None = None) -> Answer:
    return transport.send(
        request,
        resource="acme/api",
        credential="the PAT of ana",
        payer="the PAT of ana",
        patience=patience or Patience(),
    )


def wire_of(*outcomes: Outcome) -> tuple[FakeWire, Transport, FrozenClock]:
    clock = FrozenClock(NOW)
    wire = FakeWire(scripted(*outcomes), clock)
    return wire, make_transport(wire, clock), clock


def test_success_is_returned_at_once() -> None:
    wire, transport, clock = wire_of(OK)

    assert send(transport) is OK
    assert (len(wire.sent), clock.monotonic()) == (1, 0)


@pytest.mark.parametrize("trouble", [Answer(502), Answer(503), Answer(504), LOST, Failure(Mishap.TRUNCATED)])
def test_read_is_asked_again_with_growing_pauses(trouble: Outcome) -> None:
    wire, transport, _ = wire_of(trouble, trouble, trouble, OK)

    assert send(transport) is OK
    assert [sent.at for sent in wire.sent] == [0, 0.5, 1.5, 3.5]


def test_read_is_given_up_after_four_tries() -> None:
    wire, transport, _ = wire_of(Answer(503))

    assert send(transport).status == 503
    assert len(wire.sent) == 4


def test_login_is_asked_again_as_a_read_is() -> None:
    wire, transport, _ = wire_of(Answer(503), OK)

    assert send(transport, LOGIN) is OK
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "trouble", [Answer(500), Answer(502), Answer(503), Answer(504), LOST, Failure(Mishap.TRUNCATED, 200)]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_write_is_never_repeated_once_it_was_sent(method: str, trouble: Outcome) -> None:
    wire, transport, _ = wire_of(trouble, OK)

    try:
        assert send(transport, Request(method, HUB, "/v2/x")) is trouble
    except UnavailableError:
        assert isinstance(trouble, Failure)
    assert len(wire.sent) == 1


@pytest.mark.parametrize("trouble", [REFUSED, Failure(Mishap.NOT_CONNECTED)])
def test_write_is_repeated_when_it_was_refused_before_it_ran(trouble: Outcome) -> None:
    wire, transport, _ = wire_of(trouble, OK)

    assert send(transport, WRITE) is OK
    assert len(wire.sent) == 2


def test_refused_request_is_sent_again_after_the_time_told() -> None:
    wire, transport, _ = wire_of(REFUSED, OK)

    assert send(transport) is OK
    assert wire.sent[0].at == 0
    assert 3 < wire.sent[1].at < 3.2


def test_person_is_not_kept_waiting_for_more_than_ten_seconds_in_all() -> None:
    wire, transport, clock = wire_of(Answer(429, {"Retry-After": "6"}, b"{}"))

    with pytest.raises(RateLimitedError) as raised:
        send(transport)

    assert len(wire.sent) == 2  # Six seconds are waited once; a second time would make twelve.
    assert clock.monotonic() < 10
    assert raised.value.resource == "acme/api"


def test_person_is_told_at_once_when_the_limit_lasts_longer() -> None:
    wire, transport, clock = wire_of(Answer(429, {"Retry-After": "60"}, b"{}"))

    with pytest.raises(RateLimitedError, match=r"rate limited until 09:01 UTC"):
        send(transport)

    assert (len(wire.sent), clock.monotonic()) == (1, 0)


def test_those_who_come_later_do_not_even_ask() -> None:
    wire, transport, _ = wire_of(Answer(429, {"Retry-After": "60"}, b"{}"))

    for _ in range(3):
        with pytest.raises(RateLimitedError):
            send(transport)

    assert len(wire.sent) == 1


def test_background_work_waits_as_long_as_it_takes() -> None:
    hour = Answer(429, {"Retry-After": "3600"}, b"{}")
    wire, transport, clock = wire_of(*[hour] * 7, OK)

    assert send(transport, patience=Patience(None)) is OK
    assert len(wire.sent) == 8
    assert clock.monotonic() >= 7 * 3600


def test_background_work_does_not_count_waiting_as_trying() -> None:
    wire, transport, _ = wire_of(REFUSED, REFUSED, REFUSED, REFUSED, Answer(503), OK)

    assert send(transport, patience=Patience(None)) is OK
    assert len(wire.sent) == 6


def test_background_work_gives_up_on_a_limit_without_end() -> None:
    wire, transport, _ = wire_of(REFUSED)

    assert send(transport, patience=Patience(None)).status == 429
    assert len(wire.sent) == MOST_REFUSALS


def test_person_gets_no_further_try_when_the_first_ones_took_long() -> None:
    clock = FrozenClock(NOW)

    def respond(_: object) -> Outcome:
        clock.advance(10)
        return LOST

    wire = FakeWire(respond, clock)

    with pytest.raises(UnavailableError):
        send(make_transport(wire, clock))

    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    ("mishap", "kind"),
    [
        (Mishap.NOT_CONNECTED, UnavailableError),
        (Mishap.LOST, UnavailableError),
        (Mishap.TRUNCATED, UnavailableError),
        (Mishap.NOT_JSON, UnavailableError),
        (Mishap.UNTRUSTED, UnavailableError),
        (Mishap.TOO_LARGE, UnexpectedResponseError),
        (Mishap.REDIRECTED, UnexpectedResponseError),
    ],
)
def test_mishap_that_stays_is_an_error(mishap: Mishap, kind: type[Exception]) -> None:
    _, transport, _ = wire_of(Failure(mishap, 200, "what happened"))

    with pytest.raises(kind, match=r"acme/api.*with the PAT of ana.*what happened"):
        send(transport)


def test_each_request_leaves_one_line_with_the_facts(caplog: pytest.LogCaptureFixture) -> None:
    _, transport, _ = wire_of(LOST, OK)

    with caplog.at_level(logging.INFO, logger="bot.hub.transport"):
        send(transport)

    facts = ("method", "host", "path", "status", "mishap", "duration_ms", "attempt", "credential")
    assert [record.message for record in caplog.records] == ["hub_request", "hub_request"]
    assert [tuple(vars(record)[fact] for fact in facts) for record in caplog.records] == [
        ("GET", "hub.docker.com", "/v2/x", None, "lost", 0, 1, "the PAT of ana"),
        ("GET", "hub.docker.com", "/v2/x", 200, "", 0, 2, "the PAT of ana"),
    ]
