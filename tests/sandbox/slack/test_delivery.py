"""How requests reach an app.

Sources: https://docs.slack.dev/apis/events-api (three seconds, two redirects, retry headers) and
https://docs.slack.dev/interactivity/handling-user-interaction (form with `payload`, three seconds).
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.clock import SettableClock, utc_now
from bot.sandbox.httpd import Answer
from bot.sandbox.slack import seed
from bot.sandbox.slack.delivery import DeliveredRequest, Dispatcher, Outcome, Parcel, ParcelKind, Retry
from bot.sandbox.slack.http_delivery import HttpDelivery
from tests.sandbox.slack.receiver import Received, Receiver

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def http() -> Iterator[HttpDelivery]:
    http = HttpDelivery(SettableClock(NOW), ack_timeout_seconds=0.1)
    yield http
    http.stop()


def parcel(kind: ParcelKind, url: str | None, *, retry: Retry | None = None) -> Parcel:
    app = seed.hub_bot(seed.manifest_for(url))
    return Parcel(kind, app, url, {"text": 'Grüße & "mehr"', "command": "/hub"}, retry)


@contextmanager
def server_that_sends(*pieces: bytes, pause_seconds: float = 0.0) -> Iterator[str]:
    """A raw server: reads one request and sends what it was given, piece by piece."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    return
                time.sleep(pause_seconds)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_command_travels_as_a_form(http: HttpDelivery, receiver: Receiver) -> None:
    outcome = http.deliver(parcel("command", receiver.url))

    request = receiver.received[0].request
    assert (request.method, request.path) == ("POST", "/slack/events")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body.decode() == urlencode({"text": 'Grüße & "mehr"', "command": "/hub"})
    assert outcome == Outcome("accepted", 200)


def test_interaction_travels_as_json_in_a_form(http: HttpDelivery, receiver: Receiver) -> None:
    http.deliver(parcel("interactive", receiver.url))

    received = receiver.received[0]
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert json.loads(received.form["payload"]) == {"text": 'Grüße & "mehr"', "command": "/hub"}


def test_event_travels_as_json(http: HttpDelivery, receiver: Receiver) -> None:
    http.deliver(parcel("event", receiver.url))

    received = receiver.received[0]
    assert received.headers["content-type"] == "application/json"
    assert received.payload == {"text": 'Grüße & "mehr"', "command": "/hub"}


@pytest.mark.parametrize("kind", ["command", "interactive", "event"])
def test_request_is_signed_at_the_time_of_the_clock(receiver: Receiver, kind: ParcelKind) -> None:
    verifier = SignatureVerifier(seed.SIGNING_SECRET)

    HttpDelivery(utc_now).deliver(parcel(kind, receiver.url))
    HttpDelivery(SettableClock(NOW)).deliver(parcel(kind, receiver.url))

    now, then = receiver.received
    assert verifier.is_valid_request(now.request.body, now.headers)
    assert then.headers["x-slack-request-timestamp"] == "1795262400"
    assert then.headers["user-agent"] == "Slackbot 1.0 (+https://api.slack.com/robots)"


def test_retry_says_which_one_it_is_and_why(http: HttpDelivery, receiver: Receiver) -> None:
    http.deliver(parcel("event", receiver.url))
    http.deliver(parcel("event", receiver.url, retry=Retry(2, "http_timeout")))

    first, second = receiver.received
    assert "x-slack-retry-num" not in first.headers
    assert (second.headers["x-slack-retry-num"], second.headers["x-slack-retry-reason"]) == ("2", "http_timeout")


def test_body_of_the_answer_comes_back(http: HttpDelivery, receiver: Receiver) -> None:
    receiver.answers({"text": "Done"})

    outcome = http.deliver(parcel("command", receiver.url))

    assert (outcome.decoded(), outcome.content_type) == ({"text": "Done"}, "application/json")


@pytest.mark.parametrize(
    ("kind", "status", "is_accepted"),
    [("command", 200, True), ("command", 201, False), ("command", 500, False), ("event", 204, True)],
)
def test_only_200_acknowledges_but_for_events(
    http: HttpDelivery, receiver: Receiver, kind: ParcelKind, status: int, *, is_accepted: bool
) -> None:
    receiver.answer = lambda _: Answer(status, b"")

    outcome = http.deliver(parcel(kind, receiver.url))

    assert (outcome.is_accepted, outcome.status) == (is_accepted, status)


def test_answer_may_forbid_retries(http: HttpDelivery, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(500, b"", headers={"X-Slack-No-Retry": "1"})

    assert http.deliver(parcel("event", receiver.url)).forbids_retry


def test_silence_is_a_timeout(http: HttpDelivery, receiver: Receiver) -> None:
    def answer_late(_: Received) -> Answer:
        time.sleep(0.15)
        return Answer(200)

    receiver.answer = answer_late

    assert http.deliver(parcel("command", receiver.url)).kind == "timeout"


def test_trickle_is_a_timeout_too(http: HttpDelivery) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"
    with server_that_sends(head, *[b"x"] * 10, pause_seconds=0.03) as url:
        began = time.monotonic()
        outcome = http.deliver(parcel("command", url))

    assert outcome.kind == "timeout"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf",), (b"nonsense\r\n\r\n",)]
)
def test_broken_connection_is_unreachable(http: HttpDelivery, pieces: tuple[bytes, ...]) -> None:
    with server_that_sends(*pieces) as url:
        assert http.deliver(parcel("command", url)).kind == "unreachable"


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1/", "http://127.0.0.1:port/", "http://"])
def test_nobody_there_is_unreachable(http: HttpDelivery, url: str | None) -> None:
    assert http.deliver(parcel("event", url)).kind == "unreachable"


def test_two_redirects_are_followed(http: HttpDelivery, receiver: Receiver) -> None:
    locations = iter(["/one", f"{receiver.url}/two?a=b"])

    def redirect(_: Received) -> Answer:
        location = next(locations, None)
        return Answer(200) if location is None else Answer(302, headers={"Location": location})

    receiver.answer = redirect

    assert http.deliver(parcel("event", receiver.url)).is_accepted
    assert [each.request.path for each in receiver.received] == ["/slack/events", "/one", "/slack/events/two"]
    assert len({each.request.body for each in receiver.received}) == 1


def test_third_redirect_is_one_too_many(http: HttpDelivery, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(302, headers={"Location": "/again"})

    assert http.deliver(parcel("event", receiver.url)).kind == "too_many_redirects"
    assert len(receiver.received) == 3


def test_stop_breaks_off_what_is_under_way(receiver: Receiver) -> None:
    http = HttpDelivery(SettableClock(NOW), ack_timeout_seconds=30)
    held, outcomes = threading.Event(), list[Outcome]()
    receiver.answer = lambda _: Answer(200) if held.wait(5) else Answer(500)
    thread = threading.Thread(target=lambda: outcomes.append(http.deliver(parcel("event", receiver.url))))
    thread.start()
    receiver.wait_for(1)

    http.stop()
    thread.join()
    held.set()

    assert [each.kind for each in outcomes] == ["unreachable"]


class Way:
    """A delivery that goes nowhere."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def deliver(self, parcel: Parcel) -> Outcome:
        return self.outcome


def test_manifest_chooses_the_way_and_the_log_keeps_it() -> None:
    over_http, over_socket = Outcome("accepted", 200), Outcome("unacknowledged")
    dispatcher = Dispatcher(Way(over_http), Way(over_socket), SettableClock(NOW))
    first, second = parcel("command", "http://app/"), parcel("event", None, retry=Retry(1, "timeout"))

    assert (dispatcher.deliver(first), dispatcher.deliver(second)) == (over_http, over_socket)
    assert dispatcher.delivered == [
        DeliveredRequest("command", seed.APP_ID, first.payload, over_http, 0, NOW),
        DeliveredRequest("event", seed.APP_ID, second.payload, over_socket, 1, NOW),
    ]
