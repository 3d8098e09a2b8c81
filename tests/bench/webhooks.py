"""How many webhooks a second are committed before their answer, against the same route parsing without storing."""

import itertools
import json
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.clock import SystemClock
from bot.pushes.intake import Accepted, Intake
from bot.pushes.payload import Push
from bot.web.health import Health
from bot.web.routes import build_routes
from bot.web.server import WebServer
from bot.web.webhooks import DockerHubWebhooks

SECRET = "a-path-secret-of-the-bench-1"
CONNECTIONS = 8
PER_ROUND = 2_000
ROUNDS = 5
STEADY_PER_SECOND = 200
STEADY_SECONDS = 5
_PAYLOAD = json.loads((Path(__file__).parents[1] / "pushes" / "payloads" / "push__2022_today.json").read_text())
_LARGEST_ANSWER = 65_536


@dataclass(frozen=True)
class Webhooks:
    """Webhooks a second, medians of rounds that alternate; and the 99th percentile at a steady rate, in seconds."""

    ours: float
    bare: float
    steady_p99: float

    @property
    def ratio(self) -> float:
        """How much of the rate without storing is left."""
        return self.ours / self.bare


def measure_webhooks(our_port: int, bare_port: int) -> Webhooks:
    """Measure both in turn, so that a machine that drifts drifts for both."""
    requests = _requests()
    for port in (our_port, bare_port):
        _rate(port, [next(requests) for _ in range(PER_ROUND // 10)])
    pairs = []
    for _ in range(ROUNDS):
        batches = [[next(requests) for _ in range(PER_ROUND)] for _ in range(2)]
        pairs.append((_rate(our_port, batches[0]), _rate(bare_port, batches[1])))
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    steady = [next(requests) for _ in range(STEADY_PER_SECOND * STEADY_SECONDS)]
    return Webhooks(ours, bare, _steady_p99(our_port, steady))


def _requests() -> Iterator[bytes]:
    """Yield whole requests, no two of which are the same push."""
    for second in itertools.count(int(time.time())):
        payload = {**_PAYLOAD, "push_data": {**_PAYLOAD["push_data"], "pushed_at": second}}
        body = json.dumps(payload).encode()
        head = f"POST /webhooks/dockerhub/{SECRET} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
        yield head.encode() + body


def _rate(port: int, requests: Sequence[bytes]) -> float:
    """Send requests over a few kept-alive connections at once; return how many a second were answered."""
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    barrier = threading.Barrier(CONNECTIONS + 1)

    def send(share: Sequence[bytes]) -> None:
        with _connected(port) as connection:
            barrier.wait()
            for request in share:
                _exchange(connection, request)

    threads = [threading.Thread(target=send, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(requests) / (time.perf_counter() - began)


def _steady_p99(port: int, requests: Sequence[bytes]) -> float:
    """Send requests at a steady rate; return the 99th percentile of the time each takes from when it was due."""
    began = time.perf_counter() + 0.1
    due = [began + number / STEADY_PER_SECOND for number in range(len(requests))]
    taken: list[float] = []

    def send(first: int) -> None:
        with _connected(port) as connection:
            for number in range(first, len(requests), CONNECTIONS):
                time.sleep(max(0.0, due[number] - time.perf_counter()))
                _exchange(connection, requests[number])
                taken.append(time.perf_counter() - due[number])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.quantiles(taken, n=100)[-1]


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
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


class _Forgetful:
    """Takes a push and keeps nothing."""

    def take(self, push: Push) -> Accepted:
        return Accepted(f"ev_{push.pushed_at.timestamp():.0f}", is_new=True)


def serve_bare(port: int) -> None:
    """Serve the same route, without a database, until the process is killed."""
    webhooks = DockerHubWebhooks(cast("Intake", _Forgetful()), [SECRET])
    server = WebServer(build_routes(Health((), SystemClock()), None, webhooks), "127.0.0.1", port)
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    serve_bare(int(sys.argv[1]))
