"""The outside world in a process of its own, so that measuring does not slow down what is measured."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.web.answers import WORKING
from tests.support.slack import acme

_PLENTY = 10**9


@dataclass(frozen=True)
class Outside:
    """The simulated Slack, and Docker Hub without rate limits, elsewhere.

    Attributes:
        slack_api_url: Slack's Web API.
        hub_url: Docker Hub, its registry and its token service.
    """

    slack_api_url: str
    hub_url: str
    _pipe: Connection

    def response_urls(self, count: int) -> list[str]:
        """Return fresh response URLs."""
        return list(self._ask("response_urls", count))

    def answers(self, addresses: list[str]) -> list[list[float]]:
        """Return for each response URL when answers arrived there, in seconds of the machine's time of day.

        "Working…" is not an answer.
        """
        return list(self._ask("answers", addresses))

    def slow_hub(self, latency_seconds: float) -> None:
        """Let Docker Hub take that long for everything."""
        self._ask("slow_hub", latency_seconds)

    def wait_for_answers(self, addresses: list[str], *, timeout_seconds: float) -> list[list[float]]:
        """Return the times of the answers once each URL has one, or what there is when time is up."""
        deadline = time.monotonic() + timeout_seconds
        answers = self.answers(addresses)
        while not all(answers) and time.monotonic() < deadline:
            time.sleep(0.02)
            answers = self.answers(addresses)
        return answers

    def _ask(self, question: str, argument: object) -> Any:
        self._pipe.send((question, argument))
        return self._pipe.recv()


@contextmanager
def outside() -> Iterator[Outside]:
    """Yield the outside world; it ends with the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(theirs,), daemon=True)
    process.start()
    slack_api_url, hub_url = ours.recv()
    try:
        yield Outside(slack_api_url, hub_url, ours)
    finally:
        ours.send(("stop", None))
        process.join(10)


def _live(pipe: Connection) -> None:
    hub = HubSimulator(rate_limit=_PLENTY, authenticated_rate_limit=_PLENTY)
    with acme() as slack, hub:
        pipe.send((slack.api_url, hub.url))
        while True:
            question, argument = pipe.recv()
            match question:
                case "response_urls":
                    pipe.send([slack.issue_response_url(user=seed.ANA, channel=seed.GENERAL) for _ in range(argument)])
                case "answers":
                    times = _times(slack)
                    pipe.send([times.get(address, []) for address in argument])
                case "slow_hub":
                    hub.latency_seconds = argument
                    pipe.send(None)
                case _:
                    return


def _times(slack: SlackSimulator) -> dict[str, list[float]]:
    """Return when answers came to each response URL."""
    times: dict[str, list[float]] = {}
    for post in slack.posts:
        if post.payload is not None and not str(post.payload.get("text", "")).startswith(WORKING):
            times.setdefault(post.url, []).append(post.when.timestamp())
    return times
