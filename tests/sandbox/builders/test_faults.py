"""Each fault is looked at from the other end of the wire, at the receiver, which does the least of all providers."""

import time

import pytest
import requests
from pydantic import ValidationError

from bot.sandbox.builders.faults import BuilderFault
from bot.sandbox.builders.receiver import WebhookReceiver, redirect_to
from bot.sandbox.httpd import Answer


def post(receiver: WebhookReceiver, *, timeout: float = 5) -> requests.Response:
    return requests.post(receiver.hook_url, data=b"{}", timeout=timeout, allow_redirects=False)


def test_the_receiver_remembers_requests_and_answers_as_told(receiver: WebhookReceiver) -> None:
    receiver.answer = lambda _: Answer(418, b"teapot", "text/plain")

    answer = requests.post(f"{receiver.hook_url}?a=b", data=b'{"x": 1}', headers={"X-Signature": "s"}, timeout=5)

    (received,) = receiver.received
    assert (answer.status_code, answer.text) == (418, "teapot")
    assert (received.method, received.path, received.body) == ("POST", "/hooks/build", b'{"x": 1}')
    assert (received.query, received.headers["x-signature"]) == ({"a": "b"}, "s")
    assert [(record.status, record.when) for record in receiver.records] == [(418, receiver.clock())]


def test_the_receiver_leads_elsewhere(receiver: WebhookReceiver) -> None:
    receiver.answer = lambda _: redirect_to("http://169.254.169.254/latest", 307)

    answer = post(receiver)

    assert (answer.status_code, answer.headers["location"]) == (307, "http://169.254.169.254/latest")


def test_whoever_waits_for_a_request_is_told_when_none_came(receiver: WebhookReceiver) -> None:
    assert not receiver.wait_for(1, timeout_seconds=0.01)
    post(receiver)
    assert receiver.wait_for(1)


def test_an_answer_can_be_anything_and_nothing_is_done(receiver: WebhookReceiver) -> None:
    receiver.faults.add(
        BuilderFault(
            "answer", times=1, status=502, body="<html>", content_type="text/html", headers={"Retry-After": "7"}
        )
    )

    answer = post(receiver)

    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (502, "<html>", "text/html")
    assert answer.headers["retry-after"] == "7"
    assert receiver.received == []
    assert post(receiver).status_code == 202


@pytest.mark.parametrize(("after", "received"), [("before_reading", 0), ("after_accepting", 1)])
@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_lost_connection_leaves_the_request_done_or_undone(
    receiver: WebhookReceiver, kind: str, after: str, received: int
) -> None:
    receiver.faults.add(BuilderFault(kind, after=after))  # type: ignore[arg-type]

    with pytest.raises(requests.ConnectionError):
        post(receiver)

    assert len(receiver.received) == received
    assert [record.status for record in receiver.records] == [None]


@pytest.mark.parametrize(("after", "received"), [("before_reading", 0), ("after_accepting", 1)])
def test_a_hang_is_a_timeout_for_whoever_waits_less(receiver: WebhookReceiver, after: str, received: int) -> None:
    receiver.faults.add(BuilderFault("hang", seconds=30, after=after))  # type: ignore[arg-type]
    began = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        post(receiver, timeout=0.1)

    assert time.monotonic() - began < 5
    assert len(receiver.received) == received


def test_a_slow_answer_is_the_right_one_and_comes_late(receiver: WebhookReceiver) -> None:
    receiver.faults.add(BuilderFault("slow", seconds=0.05))
    began = time.monotonic()

    assert post(receiver).status_code == 202
    assert time.monotonic() - began >= 0.05


def test_a_truncated_answer_ends_by_half_and_was_meant(receiver: WebhookReceiver) -> None:
    receiver.faults.add(BuilderFault("truncated"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(receiver)

    assert len(receiver.received) == 1


def test_a_fault_is_for_a_path_and_a_method_and_as_often_as_told(receiver: WebhookReceiver) -> None:
    receiver.faults.add(BuilderFault("answer", path="/other", method="POST"))
    receiver.faults.add(BuilderFault("answer", path="/hooks", method="GET"))

    assert post(receiver).status_code == 202
    assert requests.get(receiver.hook_url, timeout=5).status_code == 503


def test_latency_is_added_to_every_answer(receiver: WebhookReceiver) -> None:
    receiver.latency_seconds = 0.05
    began = time.monotonic()

    post(receiver)

    assert time.monotonic() - began >= 0.05


def test_misspelt_fault_is_refused() -> None:
    with pytest.raises(ValidationError):
        BuilderFault("hnag")  # type: ignore[arg-type]


def test_records_are_forgotten(receiver: WebhookReceiver) -> None:
    post(receiver)
    receiver.clear_records()
    assert receiver.records == []
