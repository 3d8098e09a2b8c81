"""The outside world in a process of its own, so that measuring does not slow down what is measured."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any

from bot.sandbox.hub.pushing import SILENCE
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.web.answers import WORKING
from tests.bench.telling import Told, look, tag_name
from tests.support.slack import acme

PLENTY = 10**9
NAMESPACE = "acme"
_PLATFORMS = ("linux/amd64", "linux/arm64")


@dataclass(frozen=True)
class Plan:
    """What there is outside, beside what is always there of Acme.

    Attributes:
        channels: How many channels more, with the bot in them.
        repositories: How many repositories more.
        tags: How many tags will be pushed to each of them.
        hub_per_minute: How many requests a minute Docker Hub answers.
        has_quotas: Whether Slack counts the calls of each method, beside one message a second for each channel.
    """

    channels: int = 0
    repositories: int = 0
    tags: int = 0
    hub_per_minute: int = PLENTY
    has_quotas: bool = True

    def channel(self, number: int) -> str:
        """Return a channel's id."""
        return f"C0BENCH{number:03d}"

    def repository(self, number: int) -> str:
        """Return a repository's name, with its namespace."""
        return f"{NAMESPACE}/bench-{number:03d}"

    def tag(self, repository: int, number: int) -> str:
        """Return the name of a tag, which only one repository has."""
        return tag_name(repository * self.tags + number)


@dataclass(frozen=True)
class HubTraffic:
    """What Docker Hub was asked.

    Attributes:
        requests: How many requests, by the kind of thing they asked for.
        refused: How many of them came too early.
    """

    requests: Counter[str]
    refused: int


@dataclass(frozen=True)
class Outside:
    """The simulated Slack and Docker Hub elsewhere.

    Attributes:
        slack_api_url: Slack's Web API.
        hub_url: Docker Hub, its registry and its token service.
        plan: What there is.
    """

    slack_api_url: str
    hub_url: str
    plan: Plan
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

    def push_everything(self) -> datetime:
        """Push every tag of the plan, of which no webhook tells; return when that was."""
        pushed_at: datetime = self._ask("push_everything")
        return pushed_at

    def told(self) -> Told:
        """Return what there is in Slack by now."""
        told: Told = self._ask("told")
        return told

    def hub_traffic(self) -> HubTraffic:
        """Return what Docker Hub was asked by now."""
        traffic: HubTraffic = self._ask("hub_traffic")
        return traffic

    def wait_for_answers(self, addresses: list[str], *, timeout_seconds: float) -> list[list[float]]:
        """Return the times of the answers once each URL has one, or what there is when time is up."""
        deadline = time.monotonic() + timeout_seconds
        answers = self.answers(addresses)
        while not all(answers) and time.monotonic() < deadline:
            time.sleep(0.02)
            answers = self.answers(addresses)
        return answers

    def _ask(self, question: str, argument: object = None) -> Any:
        self._pipe.send((question, argument))
        return self._pipe.recv()


@contextmanager
def outside(plan: Plan = Plan()) -> Iterator[Outside]:
    """Yield the outside world; it ends with the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(theirs, plan), daemon=True)
    process.start()
    slack_api_url, hub_url = ours.recv()
    try:
        yield Outside(slack_api_url, hub_url, plan, ours)
    finally:
        ours.send(("stop", None))
        process.join(10)


def _live(pipe: Connection, plan: Plan) -> None:
    hub = HubSimulator(rate_limit=plan.hub_per_minute, authenticated_rate_limit=plan.hub_per_minute)
    with acme() as slack, hub:
        _prepare(slack, hub, plan)
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
                case "push_everything":
                    pipe.send(_push_everything(hub, plan))
                case "told":
                    pipe.send(look(slack))
                case "hub_traffic":
                    pipe.send(_hub_traffic(hub))
                case _:
                    return


def _prepare(slack: SlackSimulator, hub: HubSimulator, plan: Plan) -> None:
    slack.quota.is_enabled = plan.has_quotas
    members = (seed.ANA, seed.BOT_USER)
    for number in range(plan.channels):
        channel = plan.channel(number)
        slack.state.add_conversation(f"bench-{number:03d}", members=members, conversation_id=channel)
    for number in range(plan.repositories):
        namespace, _, name = plan.repository(number).partition("/")
        hub.state.create_repository(namespace, name, at=hub.clock())


def _push_everything(hub: HubSimulator, plan: Plan) -> datetime:
    at = hub.clock().replace(microsecond=0)
    for repository in range(plan.repositories):
        for tag in range(plan.tags):
            path, name = plan.repository(repository), plan.tag(repository, tag)
            hub.push(path, name, platforms=_PLATFORMS, at=at, webhooks=SILENCE)
    return at


def _times(slack: SlackSimulator) -> dict[str, list[float]]:
    """Return when answers came to each response URL."""
    times: dict[str, list[float]] = {}
    for post in slack.posts:
        if post.payload is not None and not str(post.payload.get("text", "")).startswith(WORKING):
            times.setdefault(post.url, []).append(post.when.timestamp())
    return times


def _hub_traffic(hub: HubSimulator) -> HubTraffic:
    requests = hub.requests
    return HubTraffic(
        requests=Counter(_kind(request.path) for request in requests),
        refused=sum(1 for request in requests if request.status == HTTPStatus.TOO_MANY_REQUESTS),
    )


def _kind(path: str) -> str:
    """Return what a path asks for, in a word."""
    match path.strip("/").split("/"):
        case ["v2", "namespaces", _, "repositories", _, "tags"]:
            return "listings of tags"
        case ["v2", "namespaces", _, "repositories", _, "tags", _]:
            return "single tags"
        case ["v2", "namespaces", _, "repositories"]:
            return "listings of repositories"
        case _:
            return "others"
