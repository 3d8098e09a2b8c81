"""waitress with a start and a stop."""

import http.client
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from bot.errors import ConfigError
from bot.web.server import WebServer


def hello(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"hi"]


@contextmanager
def serving(app: Callable[..., Iterable[bytes]] = hello, host: str = "127.0.0.1") -> Iterator[WebServer]:
    server = WebServer(app, host, 0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_port_0_takes_one_that_is_free() -> None:
    with serving() as server:
        assert server.port != 0
        assert requests.get(f"http://127.0.0.1:{server.port}/", timeout=5).text == "hi"


def test_answers_do_not_wait_for_more_to_send() -> None:
    with serving() as server, requests.Session() as session:
        address = f"http://127.0.0.1:{server.port}/"
        seconds = [session.get(address, timeout=5).elapsed.total_seconds() for _ in range(5)]

    assert min(seconds) < 0.03, "Nagle's algorithm costs 40 ms"


def test_nobody_learns_what_server_it_is() -> None:
    with serving() as server:
        assert "server" not in requests.get(f"http://127.0.0.1:{server.port}/", timeout=5).headers


def test_a_port_in_use_is_a_clear_error() -> None:
    with serving() as server, pytest.raises(ConfigError) as caught:
        WebServer(hello, "127.0.0.1", server.port).start()

    assert str(caught.value) == f"HUB_BOT_PORT: port {server.port} on 127.0.0.1 is in use by another program."


def test_an_address_of_somebody_else_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"HUB_BOT_HOST: cannot listen on 192\.0\.2\.1"):
        WebServer(hello, "192.0.2.1", 0).start()


def test_a_running_request_is_answered_before_the_server_stops() -> None:
    entered, leave = threading.Event(), threading.Event()
    answers: list[str] = []

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        entered.set()
        assert leave.wait(5)
        return hello(environ, start_response)

    with serving(slow) as server:
        address = f"http://127.0.0.1:{server.port}/"
        asking = threading.Thread(target=lambda: answers.append(requests.get(address, timeout=5).text))
        asking.start()
        entered.wait(5)
        threading.Timer(0.02, leave.set).start()
    asking.join()

    assert answers == ["hi"]
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=1)


def test_a_connection_that_is_kept_open_does_not_hold_up_the_stop() -> None:
    with serving() as server:
        idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
        idle.request("GET", "/")
        assert idle.getresponse().read() == b"hi"

        server.stop()

        assert idle.sock.recv(1) == b""
        idle.close()
