"""Webhooks as a load: whole requests over a few kept-alive connections."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

SECRET = "a-path-secret-of-the-bench-1"
CONNECTIONS = 8
_PAYLOAD = json.loads((Path(__file__).parents[1] / "pushes" / "payloads" / "push__2022_today.json").read_text())
_TIMEOUT_SECONDS = 30
_LARGEST_ANSWER = 65_536


def webhook(repository: str, tag: str, pushed_at: datetime) -> bytes:
    """Return the whole request that tells of a push. Docker Hub tells whole seconds."""
    push_data = {**_PAYLOAD["push_data"], "tag": tag, "pushed_at": int(pushed_at.timestamp())}
    of_repository = {**_PAYLOAD["repository"], "repo_name": repository}
    body = json.dumps({**_PAYLOAD, "push_data": push_data, "repository": of_repository}).encode()
    head = f"POST /webhooks/dockerhub/{SECRET} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def send(port: int, requests: Sequence[bytes]) -> float:
    """Send requests over all connections, as fast as they are answered; return how many seconds that took.

    Raises:
        AssertionError: One was not taken as an event that is new.
    """
    barrier = threading.Barrier(CONNECTIONS + 1)

    def work(share: Sequence[bytes]) -> None:
        with _connected(port) as connection:
            barrier.wait()
            for request in share:
                _exchange(connection, request)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        shares = [pool.submit(work, requests[number::CONNECTIONS]) for number in range(CONNECTIONS)]
        barrier.wait()
        began = time.perf_counter()
        for share in shares:
            share.result()
    return time.perf_counter() - began


def steady_p99(port: int, requests: Sequence[bytes], per_second: int) -> float:
    """Send requests at a steady rate; return the 99th percentile of the seconds each takes from when it was due.

    Raises:
        AssertionError: One was not taken as an event that is new.
    """
    began = time.perf_counter() + 0.1
    due = [began + number / per_second for number in range(len(requests))]

    def work(first: int) -> list[float]:
        taken = []
        with _connected(port) as connection:
            for number in range(first, len(requests), CONNECTIONS):
                time.sleep(max(0.0, due[number] - time.perf_counter()))
                _exchange(connection, requests[number])
                taken.append(time.perf_counter() - due[number])
        return taken

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        taken = [seconds for share in pool.map(work, range(CONNECTIONS)) for seconds in share]
    return statistics.quantiles(taken, n=100)[-1]


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _exchange(connection: socket.socket, request: bytes) -> None:
    """Send one request and look at its answer: an event that is new, and nothing else."""
    connection.sendall(request)
    answer = b""
    while b"}" not in answer:  # The answers are small objects without others in them.
        received = connection.recv(_LARGEST_ANSWER)
        if not received:
            break
        answer += received
    if b'"accepted"' not in answer:
        raise AssertionError(answer)
