"""One exchange, against servers that misbehave on purpose."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap, Outcome
from bot.hub.wire import MOST_REDIRECTS, WHOLE_ANSWER_SECONDS, Request, Wire
from tests.hub.raw_server import RESET, RawServer, response


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(SystemClock())
    yield wire
    wire.close()


def exchange(wire: Wire, answer: bytes, method: str = "GET", *, expects_json: bool = True) -> Outcome:
    with RawServer(lambda _: answer) as server:
        return wire.exchange(Request(method, server.origin, "/v2/x", expects_json=expects_json), {})


def mishap(outcome: Outcome) -> Mishap:
    assert isinstance(outcome, Failure)
    return outcome.mishap


def test_request_carries_who_we_are_what_we_want_and_nothing_else(wire: Wire) -> None:
    with RawServer(lambda _: response()) as server:
        request = Request("POST", server.origin, "/v2/a%2Fb", (("name", "a+b c"), ("page", "2")), {"x": 1})
        wire.exchange(request, {"Authorization": "Bearer x"})

    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    named = dict(header.split(": ", 1) for header in headers)
    assert line == "POST /v2/a%2Fb?name=a%2Bb+c&page=2 HTTP/1.1"
    assert body == b'{"x": 1}'
    assert named.pop("User-Agent").startswith("hub-bot/")
    assert named.pop("Host") in server.origin
    assert named == {
        "Accept": "application/json",
        "Accept-Encoding": named["Accept-Encoding"],
        "Authorization": "Bearer x",
        "Connection": "keep-alive",
        "Content-Length": "8",
        "Content-Type": "application/json",
    }


def test_whole_answer_comes_back_whatever_its_status(wire: Wire) -> None:
    answer = exchange(wire, response(b'{"detail": "no"}', "404 Not Found", headers=("X-RateLimit-Remaining: 3",)))

    assert isinstance(answer, Answer)
    assert (answer.status, answer.data, answer.headers["x-ratelimit-remaining"]) == (404, {"detail": "no"}, "3")


def test_compressed_answer_is_decompressed(wire: Wire) -> None:
    body = gzip.compress(b'{"count": 1}')

    answer = exchange(wire, response(body, headers=("Content-Encoding: gzip",)))

    assert isinstance(answer, Answer)
    assert answer.data == {"count": 1}


def test_cookies_are_not_kept(wire: Wire) -> None:
    with RawServer(lambda _: response(headers=("Set-Cookie: token=abc; Path=/",))) as server:
        for _ in range(2):
            wire.exchange(Request("GET", server.origin, "/"), {})

    assert b"cookie" not in server.heard[1].lower()


def test_netrc_adds_no_login(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with RawServer(lambda _: response()) as server:
        wire.exchange(Request("GET", server.origin, "/"), {})

    assert b"authorization" not in server.heard[0].lower()


def test_proxy_of_the_environment_is_not_asked_for_this_machine(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert isinstance(exchange(wire, response()), Answer)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(b'{"count": 1}', length=100), Mishap.TRUNCATED),
        (response(b"not gzip", headers=("Content-Encoding: gzip",)), Mishap.TRUNCATED),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{"a"', Mishap.TRUNCATED),
        (RESET, Mishap.LOST),
        (b"", Mishap.LOST),
        (b"220 smtp.example ESMTP\r\n", Mishap.LOST),
        (response(b"<!DOCTYPE html><html></html>"), Mishap.NOT_JSON),
        (response(b""), Mishap.NOT_JSON),
        (response(b'{"count": '), Mishap.NOT_JSON),
        (response(b"OK"), Mishap.NOT_JSON),
    ],
)
def test_damaged_answer_is_a_mishap(wire: Wire, answer: bytes, expected: Mishap) -> None:
    assert mishap(exchange(wire, answer)) is expected


def test_text_is_fine_where_no_json_is_expected(wire: Wire) -> None:
    answer = exchange(wire, response(b"OK"), expects_json=False)

    assert isinstance(answer, Answer)
    assert answer.body == b"OK"


def test_answer_to_head_needs_no_body(wire: Wire) -> None:
    assert isinstance(exchange(wire, response(b"", length=500), "HEAD"), Answer)


def test_error_needs_no_json(wire: Wire) -> None:
    assert isinstance(exchange(wire, response(b"<html>", "503 Service Unavailable")), Answer)


@pytest.fixture
def strict_wire() -> Iterator[Wire]:
    wire = Wire(SystemClock(), read_seconds=0.05, largest_bytes=100_000)
    yield wire
    wire.close()


def test_answer_that_is_too_long_is_cut_off(strict_wire: Wire) -> None:
    assert mishap(exchange(strict_wire, response(b" " * 300_000))) is Mishap.TOO_LARGE


def test_small_answer_that_unpacks_to_a_large_one_is_cut_off(strict_wire: Wire) -> None:
    bomb = response(gzip.compress(b" " * 10_000_000), headers=("Content-Encoding: gzip",))

    assert mishap(exchange(strict_wire, bomb)) is Mishap.TOO_LARGE


def test_silence_ends_with_the_time_limit(strict_wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        origin = f"http://127.0.0.1:{silent.getsockname()[1]}"

        assert mishap(strict_wire.exchange(Request("GET", origin, "/"), {})) is Mishap.LOST


def test_nobody_listening_means_that_nothing_was_sent(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert mishap(wire.exchange(Request("POST", f"http://127.0.0.1:{port}", "/"), {})) is Mishap.NOT_CONNECTED


def test_name_that_does_not_exist_means_that_nothing_was_sent(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert mishap(wire.exchange(Request("POST", "https://hub.invalid", "/"), {})) is Mishap.NOT_CONNECTED


def test_server_that_cannot_prove_who_it_is_gets_no_request(wire: Wire) -> None:
    with RawServer(lambda _: response()) as server:
        origin = server.origin.replace("http:", "https:")

        assert mishap(wire.exchange(Request("GET", origin, "/secret"), {})) is Mishap.UNTRUSTED
    assert b"secret" not in b"".join(server.heard)


def redirecting(location: str, status: str = "301 Moved Permanently") -> RawServer:
    def respond(request: bytes) -> bytes:
        if b" /v2/x/ " in request.split(b"\r\n")[0]:
            return response(b'{"found": true}')
        return response(b"", status, headers=(f"Location: {location}",))

    return RawServer(respond)


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_read_follows_a_redirect_to_the_trailing_slash(wire: Wire, status: str) -> None:
    with redirecting("/v2/x/", status) as server:
        answer = wire.exchange(Request("GET", server.origin, "/v2/x"), {"Authorization": "Bearer x"})

    assert isinstance(answer, Answer)
    assert answer.data == {"found": True}
    assert b"Authorization: Bearer x" in server.heard[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_write_follows_no_redirect(wire: Wire, method: str) -> None:
    with redirecting("/v2/x/") as server:
        outcome = wire.exchange(Request(method, server.origin, "/v2/x", body={}), {})

    assert mishap(outcome) is Mishap.REDIRECTED
    assert len(server.heard) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirect_to_another_origin_is_not_followed(wire: Wire, method: str) -> None:
    with RawServer(lambda _: response()) as elsewhere, redirecting(f"{elsewhere.origin}/v2/x/") as server:
        outcome = wire.exchange(Request(method, server.origin, "/v2/x"), {"Authorization": "Bearer x"})

    assert mishap(outcome) is Mishap.REDIRECTED
    assert elsewhere.heard == []


def test_circle_of_redirects_is_left(wire: Wire) -> None:
    with RawServer(lambda _: response(b"", "302 Found", headers=("Location: /v2/x",))) as server:
        outcome = wire.exchange(Request("GET", server.origin, "/v2/x"), {})

    assert mishap(outcome) is Mishap.REDIRECTED
    assert len(server.heard) == MOST_REDIRECTS + 1


def test_status_of_a_redirect_without_location_is_an_answer(wire: Wire) -> None:
    assert isinstance(exchange(wire, response(b"", "304 Not Modified")), Answer)


@pytest.mark.parametrize("location", [b"http://[", b"/\xe9\xff", b"http://127.0.0.1:many/"])
def test_redirect_to_an_address_that_cannot_be_read_is_a_mishap(wire: Wire, location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"

    assert mishap(exchange(wire, head)) is Mishap.REDIRECTED


class HastyClock(SystemClock):
    """A clock by which every look takes a quarter of the time that an answer may take."""

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return self._looks * WHOLE_ANSWER_SECONDS / 4


def test_answer_that_drips_is_given_up_though_it_is_never_silent() -> None:
    wire = Wire(HastyClock())
    drops = 0
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            nonlocal drops
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
                try:
                    while drops < 200:
                        connection.sendall(b" ")
                        drops += 1
                        time.sleep(0.01)
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        outcome = wire.exchange(Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}", "/v2/x"), {})
        wire.close()
        dripping.join()

    assert mishap(outcome) is Mishap.LOST
    assert drops < 200
