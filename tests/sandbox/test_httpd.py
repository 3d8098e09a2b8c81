import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from bot.sandbox.httpd import Answer, HttpServer, Request


def answer(request: Request) -> Answer:
    """Echo the body, or do what the path says."""
    if request.path == "/crash":
        raise ValueError("a mistake in a handler")
    if request.path == "/empty":
        return Answer(204, b"never sent", content_type=None)
    if request.path == "/truncated":
        return Answer(200, b"0123456789", delivery="truncated")
    if request.path == "/reset":
        return Answer(200, b"0123456789", delivery="reset")
    return Answer(
        200, request.method.encode() + b" " + request.body, "text/plain", {"X-Query": str(dict(request.query))}
    )


@pytest.fixture
def server() -> Iterator[HttpServer]:
    server = HttpServer(answer)
    server.start()
    yield server
    server.stop()


def exchange(server: HttpServer, sent: bytes) -> bytes:
    """Send bytes on a fresh connection and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_method_query_and_body_arrive_whole(server: HttpServer) -> None:
    response = requests.put(f"http://127.0.0.1:{server.port}/x?a=1&b=%26&a=2", data=b"body", timeout=5)

    assert (response.status_code, response.text) == (200, "PUT body")
    assert response.headers["X-Query"] == "{'a': '2', 'b': '&'}"


def test_two_requests_share_one_connection(server: HttpServer) -> None:
    received = exchange(server, b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert b"Connection: close" not in received


def test_connection_closes_when_the_client_asks_for_it(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert b"\r\nConnection: close\r\n" in received


def test_head_tells_the_length_and_sends_no_body(server: HttpServer) -> None:
    received = exchange(server, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"Content-Length: 5\r\n" in received
    assert received.endswith(b"\r\n\r\n")


def test_204_has_neither_body_nor_length(server: HttpServer) -> None:
    received = exchange(server, b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n")

    assert received == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_truncated_answer_announces_more_than_it_sends(server: HttpServer) -> None:
    received = exchange(server, b"GET /truncated HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"Content-Length: 10\r\n" in received
    assert received.endswith(b"\r\n\r\n01234")


def test_reset_is_seen_as_a_reset_and_not_as_an_end(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /reset HTTP/1.1\r\nHost: x\r\n\r\n")

        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_mistake_in_a_handler_is_a_500_that_names_it(server: HttpServer) -> None:
    response = requests.get(f"http://127.0.0.1:{server.port}/crash", timeout=5)

    assert response.status_code == 500
    assert response.text == "The sandbox itself failed with ValueError; its log says where."


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"GET / x HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_malformed_request_is_refused_by_the_server_itself(server: HttpServer, head: bytes, status: bytes) -> None:
    assert status in exchange(server, head).splitlines()[0]


def test_many_clients_are_answered_at_once(server: HttpServer) -> None:
    barrier = threading.Barrier(64)
    statuses: list[int] = []

    def ask() -> None:
        barrier.wait()
        statuses.append(requests.get(f"http://127.0.0.1:{server.port}/", timeout=5).status_code)

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 64


def test_stop_ends_idle_connections_and_leaves_no_thread() -> None:
    stopped = HttpServer(answer)
    stopped.start()
    with socket.create_connection(("127.0.0.1", stopped.port), timeout=5) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(65536)

        stopped.stop()

        assert idle.recv(1) == b""
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sandbox")] == []


def test_stop_wakes_a_waiting_answer() -> None:
    waiting = threading.Event()

    def slow(_: Request) -> Answer:
        waiting.set()
        stopped.pause(60)
        return Answer(200)

    stopped = HttpServer(slow)
    stopped.start()
    with socket.create_connection(("127.0.0.1", stopped.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        waiting.wait(5)

        stopped.stop()

    assert not any(thread.name.startswith("sandbox") for thread in threading.enumerate())


def test_server_that_never_started_can_be_stopped() -> None:
    HttpServer(answer).stop()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: 10000000000000", b"400"),
        ("Content-Length: 999999999999", b"413"),
        ("Content-Length: +1", b"400"),
        ("Content-Length: \u0661", b"400"),
        ("Transfer-Encoding: Chunked", b"411"),
    ],
)
def test_a_body_of_no_reasonable_length_is_refused_unread(server: HttpServer, header: str, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{header}\r\n\r\n".encode())

        assert connection.recv(100).split()[1] == status
