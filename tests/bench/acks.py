"""How long Slack waits for an acknowledgement."""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection

from tests.bench.outside import Outside
from tests.support.running import signed, slash_command

ROUNDS = 7
PER_ROUND = 100
BURSTS = 5
BURST_SIZE = 40
BURST_HUB_SECONDS = 1.0
_DRAIN_SECONDS = 30.0
# Long enough for an answer that should not come: a command answered twice.
_SECOND_ANSWER_SECONDS = 0.5


@dataclass(frozen=True)
class AckRatio:
    """Acknowledgements back to back, against the bare listener; medians of the rounds' medians, in seconds."""

    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare listener's time ours takes."""
        return self.ours / self.bare


@dataclass(frozen=True)
class Burst:
    """Many commands at once.

    Attributes:
        slowest_ack: In seconds.
        slowest_answer: From the first request on, in seconds; infinite when one never came.
        answered_once: How many of the commands were answered exactly once.
    """

    slowest_ack: float
    slowest_answer: float
    answered_once: int


def measure_ratio(outside: Outside, our_port: int, bare_port: int, text: str) -> AckRatio:
    """Measure both in turn, so that a machine that drifts drifts for both."""
    ours, bare = HTTPConnection("127.0.0.1", our_port), HTTPConnection("127.0.0.1", bare_port)
    _round(outside, ours, text, expected=b"")
    _round(outside, bare, text, expected=b"ok")
    pairs = [
        (_round(outside, ours, text, expected=b""), _round(outside, bare, text, expected=b"ok")) for _ in range(ROUNDS)
    ]
    return AckRatio(*(statistics.median(side) for side in zip(*pairs, strict=True)))


def _round(outside: Outside, connection: HTTPConnection, text: str, *, expected: bytes) -> float:
    """Send a round over one kept-alive connection; return the median of its acknowledgements, in seconds."""
    addresses = outside.response_urls(PER_ROUND)
    seconds = [_ack(connection, text, address, expected=expected) for address in addresses]
    if not expected:  # Ours answers later; the next round starts when this one is done.
        outside.wait_for_answers(addresses, timeout_seconds=_DRAIN_SECONDS)
    return statistics.median(seconds)


def _ack(connection: HTTPConnection, text: str, address: str, *, expected: bytes) -> float:
    body, headers = signed(slash_command(text, address))
    began = time.perf_counter()
    connection.request("POST", "/slack/events", body=body, headers=headers)
    answer = connection.getresponse()
    said = answer.read()
    seconds = time.perf_counter() - began
    if (answer.status, said) != (200, expected):
        raise AssertionError(f"{answer.status} {said!r}")
    return seconds


def measure_bursts(outside: Outside, port: int, text: str) -> Sequence[Burst]:
    """Send bursts of commands that each need a second of Docker Hub."""
    outside.slow_hub(BURST_HUB_SECONDS)
    try:
        return [_burst(outside, port, text) for _ in range(BURSTS)]
    finally:
        outside.slow_hub(0.0)


def _burst(outside: Outside, port: int, text: str) -> Burst:
    addresses = outside.response_urls(BURST_SIZE)
    acks: list[float] = []
    barrier = threading.Barrier(BURST_SIZE + 1)

    def send(address: str) -> None:
        connection = HTTPConnection("127.0.0.1", port)
        connection.connect()
        barrier.wait()
        acks.append(_ack(connection, text, address, expected=b""))
        connection.close()

    threads = [threading.Thread(target=send, args=(address,)) for address in addresses]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.time()  # The answers are timed in another process, by the time of day.
    for thread in threads:
        thread.join()
    outside.wait_for_answers(addresses, timeout_seconds=_DRAIN_SECONDS)
    time.sleep(_SECOND_ANSWER_SECONDS)
    answers = outside.answers(addresses)
    last = [times[-1] - began if times else float("inf") for times in answers]
    return Burst(max(acks), max(last), sum(1 for times in answers if len(times) == 1))
