"""Each fault is looked at from the other end of the wire."""

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import get_args

import pytest
import requests
from pydantic import ValidationError

from bot.sandbox.clock import SettableClock
from bot.sandbox.faults import FaultBox
from bot.sandbox.hub.errors import SHAPES, ErrorShape
from bot.sandbox.hub.faults import Fault, FaultKind
from bot.sandbox.hub.limits import unix_time
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState

Login = Callable[[str, str], dict[str, str]]

PATH = "/v2/namespaces/library/repositories/nginx"
DELETED = "/v2/namespaces/acme/repositories/api/tags/1.0.0"


def get(hub: HubSimulator, path: str = PATH) -> requests.Response:
    return requests.get(f"{hub.url}{path}", timeout=5, allow_redirects=False)


# Which requests a fault is for


def test_fault_is_for_a_path_and_a_method() -> None:
    fault = Fault(kind="empty", path="/v2/namespaces/[a-z]+/", method="GET")

    assert fault.matches("GET", "/v2/namespaces/acme/repositories")
    assert not fault.matches("HEAD", "/v2/namespaces/acme/repositories")
    assert not fault.matches("GET", "/x/v2/namespaces/acme/")
    assert Fault(kind="empty").matches("PUT", "/anything")


def test_faults_fire_in_order_and_as_often_as_told() -> None:
    box = FaultBox[Fault]()
    box.add(Fault(kind="empty", times=2))
    box.add(Fault(kind="html", times=1))

    taken = [box.take("GET", "/") for _ in range(4)]

    assert [fault and fault.kind for fault in taken] == ["empty", "empty", "html", None]


def test_fault_without_a_number_fires_until_cleared() -> None:
    box = FaultBox[Fault]()
    box.add(Fault(kind="empty"))
    assert all(box.take("GET", "/") for _ in range(5))

    box.clear()

    assert box.take("GET", "/") is None


def test_misspelt_fault_is_refused() -> None:
    with pytest.raises(ValidationError):
        Fault(kind="slwo")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Fault(kind="slow", second=1)  # type: ignore[call-arg]


# What each kind does


@pytest.mark.parametrize("form", [None, "retry_after_seconds"])
def test_rate_limited(hub: HubSimulator, clock: SettableClock, form: str | None) -> None:
    hub.faults.add(Fault(kind="rate_limited", retry_after=form, retry_after_seconds=7))  # type: ignore[arg-type]

    response = get(hub)

    assert (response.status_code, response.json()) == (429, {"detail": "Rate limit exceeded", "error": False})
    assert response.headers["X-RateLimit-Remaining"] == "0"
    if form is None:
        assert response.headers["X-Retry-After"] == str(unix_time(clock.now + timedelta(seconds=7)))
    else:
        assert response.headers["Retry-After"] == "7"
        assert "X-Retry-After" not in response.headers


def test_abuse_limited_is_bare_text(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="abuse_limited"))

    response = get(hub)

    assert (response.status_code, response.text) == (429, "Too Many Requests (HAP429)\n")
    assert sorted(response.headers) == ["Content-Length", "Content-Type"]


@pytest.mark.parametrize("shape", get_args(ErrorShape))
def test_unavailable_comes_in_every_recorded_shape(hub: HubSimulator, shape: ErrorShape) -> None:
    hub.faults.add(Fault(kind="unavailable", status=502, shape=shape))

    response = get(hub)

    text = "Our service is temporarily unavailable. We'll be back soon!"
    assert (response.status_code, response.json()) == (502, SHAPES[shape](502, text))


def test_unavailable_is_503_unless_told_otherwise(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="unavailable"))

    assert get(hub).status_code == 503


@pytest.mark.parametrize(("status", "expected"), [(None, 503), (200, 200), (403, 403)])
def test_html(hub: HubSimulator, status: int | None, expected: int) -> None:
    hub.faults.add(Fault(kind="html", status=status))

    response = get(hub)

    assert response.status_code == expected
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_slow_is_right_but_late(hub: HubSimulator) -> None:
    right = get(hub).json()
    hub.faults.add(Fault(kind="slow", seconds=0.05))

    began = time.monotonic()
    late = get(hub).json()

    assert time.monotonic() - began >= 0.05
    assert late == right


def test_slow_answers_do_not_hold_up_the_others(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="slow", seconds=30, method="HEAD"))

    with socket.create_connection(("127.0.0.1", int(hub.url.rpartition(":")[2])), timeout=5) as waiting:
        waiting.sendall(f"HEAD {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

        assert get(hub).status_code == 200


@pytest.mark.parametrize(("after", "is_done"), [("before_reading", False), ("after_accepting", True)])
def test_reset(hub: HubSimulator, state: HubState, login: Login, after: str, *, is_done: bool) -> None:
    headers = login("ana", ANA_PAT)
    hub.faults.add(Fault(kind="reset", after=after, method="DELETE"))  # type: ignore[arg-type]

    with pytest.raises(requests.ConnectionError) as caught:
        requests.delete(f"{hub.url}{DELETED}", headers=headers, timeout=5)

    assert "ConnectionResetError" in repr(caught.value)
    assert ("1.0.0" not in state.repository("acme/api").tags) == is_done
    assert hub.requests[-1].status is None


def test_truncated(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="truncated"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(hub)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect(hub: HubSimulator, status: int) -> None:
    hub.faults.add(Fault(kind="redirect", status=status, times=1))
    hub.faults.add(Fault(kind="redirect", status=status, location="https://evil.example/"))

    same, elsewhere = get(hub, f"{PATH}?a=b"), get(hub)

    assert (same.status_code, same.headers["Location"]) == (status, f"{PATH}/?a=b")
    assert (elsewhere.status_code, elsewhere.headers["Location"]) == (status, "https://evil.example/")


def test_redirect_is_302_unless_told_otherwise(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="redirect"))

    assert get(hub).status_code == 302


@pytest.mark.parametrize(("status", "expected"), [(None, 502), (200, 200), (500, 500)])
def test_empty(hub: HubSimulator, status: int | None, expected: int) -> None:
    hub.faults.add(Fault(kind="empty", status=status))

    response = get(hub)

    assert (response.status_code, response.content) == (expected, b"")


def test_not_json(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="not_json"))

    response = get(hub)

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(requests.JSONDecodeError):
        response.json()


@pytest.mark.parametrize(
    "kind", ["rate_limited", "abuse_limited", "unavailable", "html", "redirect", "empty", "not_json"]
)
def test_replaced_answer_means_that_nothing_was_done(
    hub: HubSimulator, state: HubState, login: Login, kind: FaultKind
) -> None:
    headers = login("ana", ANA_PAT)
    hub.faults.add(Fault(kind=kind))

    requests.delete(f"{hub.url}{DELETED}", headers=headers, timeout=5, allow_redirects=False)

    assert "1.0.0" in state.repository("acme/api").tags


def test_connection_survives_faults_that_are_answers(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="unavailable", times=1))
    with requests.Session() as session:
        statuses = [session.get(f"{hub.url}{PATH}", timeout=5).status_code for _ in range(2)]

    assert statuses == [503, 200]
