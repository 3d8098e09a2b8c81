"""How many webhooks a second are committed before their answer, against the same route parsing without storing.

One channel hears of all of them. The rates are those of a bot that has caught up with what came before; the time at a
steady rate is that of one which is in the midst of reading back, folding and posting.
"""

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, islice
from typing import cast

from bot.clock import SystemClock
from bot.logs import configure_logging
from bot.pushes.intake import Accepted, Intake
from bot.pushes.payload import Push
from bot.sandbox.slack import seed
from bot.web.health import Health
from bot.web.routes import build_routes
from bot.web.server import WebServer
from bot.web.webhooks import DockerHubWebhooks
from tests.bench.books import Books
from tests.bench.outside import Outside
from tests.bench.sending import SECRET, send, steady_p99, webhook
from tests.support.running import RunningBot

PER_ROUND = 2_000
ROUNDS = 5
STEADY_PER_SECOND = 200
STEADY_SECONDS = 5
REPOSITORIES, TAGS = 20, 100
CHANNEL = seed.DEPLOYS
_CATCH_UP_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Webhooks:
    """Webhooks a second, medians of rounds that alternate; and the 99th percentile at a steady rate, in seconds.

    Attributes:
        posts: How many messages the channel got meanwhile.
    """

    ours: float
    bare: float
    steady_p99: float
    posts: int

    @property
    def ratio(self) -> float:
        """How much of the rate without storing is left."""
        return self.ours / self.bare


def measure_webhooks(world: Outside, ours: RunningBot, books: Books, bare: RunningBot) -> Webhooks:
    """Measure both in turn, so that a machine that drifts drifts for both."""
    requests = _requests(world)
    for each in (ours, bare):
        send(each.port, list(islice(requests, PER_ROUND // 10)))
    pairs = []
    for _ in range(ROUNDS):
        _let_catch_up(books)
        seconds = send(ours.port, list(islice(requests, PER_ROUND)))
        with _halted(ours):
            pairs.append((seconds, send(bare.port, list(islice(requests, PER_ROUND)))))
    our_rate, bare_rate = (PER_ROUND / statistics.median(side) for side in zip(*pairs, strict=True))
    steady = list(islice(requests, STEADY_PER_SECOND * STEADY_SECONDS))
    p99 = steady_p99(ours.port, steady, STEADY_PER_SECOND)
    return Webhooks(our_rate, bare_rate, p99, posts=world.told().messages.get(CHANNEL, 0))


def _requests(world: Outside) -> Iterator[bytes]:
    """Yield whole requests, no two of which are the same push: each tag is pushed again and again, by the second."""
    pushed_at = world.push_everything()
    for second in count():
        for repository in range(world.plan.repositories):
            for tag in range(world.plan.tags):
                at = pushed_at - timedelta(seconds=second)
                yield webhook(world.plan.repository(repository), world.plan.tag(repository, tag), at)


def _let_catch_up(books: Books) -> None:
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while books.waiting().readings:
        if time.monotonic() > deadline:
            raise AssertionError(f"the bot does not catch up: {books.waiting()}")
        time.sleep(_LOOK_EVERY_SECONDS)


@contextmanager
def _halted(bot: RunningBot) -> Iterator[None]:
    """Stop a bot for a while: what it still has to do would slow down what it is compared with."""
    os.kill(bot.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(bot.process.pid, signal.SIGCONT)


class _Forgetful:
    """Takes a push and keeps nothing."""

    def take(self, push: Push) -> Accepted:
        return Accepted(f"ev_{push.pushed_at.timestamp():.0f}", is_new=True)


def serve_bare(port: int) -> None:
    """Serve the same route, which logs as much, without a database, until the process is killed."""
    configure_logging(stream=tempfile.TemporaryFile("w"))  # noqa: SIM115 - Into a file, as ours; it ends with us.
    webhooks = DockerHubWebhooks(cast("Intake", _Forgetful()), [SECRET])
    server = WebServer(build_routes(Health((), SystemClock()), None, webhooks), "127.0.0.1", port)
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    serve_bare(int(sys.argv[1]))
