"""What the bot's processes stand between when they are killed and cut off, and the processes themselves.

Each process has a way to Slack of its own, a *door*. So it is known afterwards which process said what and when, which
Slack itself could not tell.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bot.sandbox.clock import MovableClock
from bot.sandbox.httpd import Answer, HttpServer, Request, free_port
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import Repository
from bot.sandbox.slack import seed
from bot.sandbox.slack.incoming import read_call
from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.running import environment_for
from tests.support.slack import acme, install

SECRET = "a-path-secret-of-the-chaos-tests"
NAMESPACE = "acme"
READY_SECONDS = 30.0
STOP_SECONDS = 20.0
LEASE_SECONDS = 61.0
"""After so long everything that a dead process held is free again."""
_MANY = 1_000_000


@dataclass(frozen=True)
class Said:
    """A request to post or change a message, as it came through a door.

    Attributes:
        method: `chat.postMessage` or `chat.update`.
        message_id: What is in the metadata; None for an update.
        arrived_at, answered_at: Monotonic seconds.
        is_taken: Whether Slack carried it out.
    """

    method: str
    message_id: str | None
    arrived_at: float
    answered_at: float
    is_taken: bool


@dataclass
class Door:
    """The way of one process to Slack.

    Attributes:
        said: What came through, in the order of the answers.
        under_way: How many requests there are at the moment that Slack has not answered.
    """

    slack: SlackSimulator
    said: list[Said] = field(default_factory=list)
    under_way: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = HttpServer(self._answer)
        self._server.start()

    @property
    def api_url(self) -> str:
        """What the process takes for Slack."""
        return f"http://127.0.0.1:{self._server.port}/api/"

    def close(self) -> None:
        """Let nobody through any more."""
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        arrived_at = time.monotonic()
        with self._lock:
            self.under_way += 1
        try:
            answer = self.slack._answer(request)
        finally:
            with self._lock:
                self.under_way -= 1
        call = read_call(request)
        if call.method in {"chat.postMessage", "chat.update"}:
            said = Said(call.method, _message_id(call.arguments), arrived_at, time.monotonic(), _is_taken(answer))
            with self._lock:
                self.said.append(said)
        return answer


class BotProcess:
    """The bot as a process that may be killed.

    Attributes:
        name: Of its log, and of its sessions on PostgreSQL.
        port: Where it listens.
        door: Its way to Slack.
        process: The process.
        absences: From when it could do nothing until it could again, or was surely dead (monotonic seconds).
    """

    def __init__(self, name: str, door: Door, port: int, settings: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.door = door
        self.port = port
        self.log = log
        self.absences: list[tuple[float, float]] = []
        self._suspended_at = 0.0
        with log.open("wb") as output:  # Into a file: a pipe that nobody empties would stop it.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve"], env=dict(settings), stdout=output, stderr=output
            )

    @property
    def is_ready(self) -> bool:
        """Whether it serves."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_until_ready(self) -> None:
        """Return when it serves.

        Raises:
            AssertionError: It ended, or it took too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready:
            assert self.process.poll() is None, self.log.read_text()[-2_000:]
            assert time.monotonic() < deadline, "the bot did not start to serve in time"
            time.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL."""
        before = time.monotonic()
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.absences.append((before, time.monotonic()))

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def suspend(self) -> None:
        """Let it do nothing until `resume`, without it knowing."""
        self._suspended_at = time.monotonic()
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)
        self.absences.append((self._suspended_at, time.monotonic()))


@dataclass(frozen=True)
class Accepted:
    """A push that the bot has said it keeps.

    Attributes:
        pushed_at: A Unix time.
        event: The id that the bot gave it.
    """

    repository: str
    tag: str
    pushed_at: float
    event: str


class World:
    """Docker Hub, Slack, the time, and whoever listens on the bot's ports.

    Args:
        folder: For the configuration file and the logs.
        database_url: The bot's database.
        slack, hub, clock: What the bot stands between.
        channels: By the id of each, the repositories (`acme/…`) that it subscribed to.
        ports: Where the bot listens, one for each process that is to run at the same time.
        clock_url: Where the played clock is; None: the bot goes by the database's own.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        slack: SlackSimulator,
        hub: HubSimulator,
        clock: MovableClock,
        *,
        channels: Mapping[str, Sequence[str]],
        ports: Sequence[int],
        clock_url: str | None,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.slack = slack
        self.hub = hub
        self.clock = clock
        self.channels = channels
        self.ports = ports
        self.processes: list[BotProcess] = []
        self._clock_url = clock_url

    @property
    def is_played(self) -> bool:
        """Whether the bot goes by the clock here, which can be moved."""
        return self._clock_url is not None

    @property
    def repositories(self) -> list[str]:
        """Everything that somebody subscribed to."""
        return sorted({repository for listed in self.channels.values() for repository in listed})

    @property
    def alive(self) -> list[BotProcess]:
        """The processes that run."""
        return [each for each in self.processes if each.process.poll() is None]

    def channels_of(self, repository: str) -> list[str]:
        """Return the channels that are to hear of a repository."""
        return [channel for channel, listed in self.channels.items() if repository in listed]

    def start_bot(self, port: int | None = None) -> BotProcess:
        """Start a process, and return it at once."""
        chosen = port or self.ports[0]
        door, name = Door(self.slack), f"bot-{len(self.processes)}"
        played = {"HUB_BOT_CLOCK": self._clock_url} if self._clock_url else {}
        settings = {
            **environment_for(slack_api_url=door.api_url, hub_url=self.hub.url, port=chosen),
            "DOCKER_SCOUT_URL": self.hub.url,
            "OSV_URL": self.hub.url,
            "DOCKERHUB_NAMESPACES": NAMESPACE,
            "HUB_BOT_WEBHOOK_SECRET": SECRET,
            "HUB_BOT_DATABASE_URL": self._database_url_for(name),
            "HUB_BOT_CONFIG": str(self.folder / "hub-bot.toml"),
            **played,
        }
        process = BotProcess(name, door, chosen, settings, self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def _database_url_for(self, name: str) -> str:
        is_file = self.database_url.startswith("sqlite")
        return self.database_url if is_file else f"{self.database_url}?application_name={name}"

    def push(self, repository: str, tag: str, *, is_at_hub: bool = True) -> dict[str, Any]:
        """Push at Docker Hub, and return the webhook, which nobody has sent yet."""
        with self.hub.state.lock:
            now = self.clock()
            if is_at_hub:
                self.hub.state.push_tag(repository, tag, at=now)
        return {
            "push_data": {"pushed_at": round(now.timestamp(), 6), "pusher": "ana", "tag": tag},
            "repository": {"repo_name": repository},
        }

    def post_webhook(self, payload: Mapping[str, Any], port: int | None = None) -> requests.Response:
        """Send a webhook, once.

        Raises:
            requests.RequestException: It was not answered.
        """
        url = f"http://127.0.0.1:{port or self.ports[0]}/webhooks/dockerhub/{SECRET}"
        return requests.post(url, data=json.dumps(payload), timeout=15)

    def deliver(self, payload: Mapping[str, Any], ports: Callable[[], int] | None = None) -> Accepted:
        """Send a webhook again and again until it was accepted."""
        while True:
            try:
                answer = self.post_webhook(payload, ports() if ports else None)
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if answer.status_code in {200, 202}:
                break
            time.sleep(0.1)
        return Accepted(
            payload["repository"]["repo_name"],
            payload["push_data"]["tag"],
            payload["push_data"]["pushed_at"],
            answer.json()["event"],
        )

    def skip(self, seconds: float) -> None:
        """Move the played clock, and wait until all who follow it have followed."""
        followers = self.clock.followers
        self.clock.advance(seconds=seconds)
        assert self.clock.wait_for_followers(followers, 10), "somebody does not follow the clock"

    def close(self) -> None:
        """End what still runs."""
        for each in self.processes:
            if each.process.poll() is None:
                each.process.send_signal(signal.SIGCONT)
                each.process.kill()
                each.process.wait(STOP_SECONDS)
            each.door.close()


@contextmanager
def world(
    folder: Path,
    database_url: str,
    *,
    channels: Mapping[str, Sequence[str]],
    replicas: int = 1,
    is_played: bool = True,
    slack_latency_seconds: float = 0.0,
    rate_limit: int = _MANY,
) -> Iterator[World]:
    """Yield a world without a bot.

    Args:
        folder: For files.
        database_url: The bot's database.
        channels: By the id of each, the repositories that it subscribed to; both are made.
        replicas: How many processes are to run at the same time.
        is_played: Whether the bot goes by a clock that can be moved.
        slack_latency_seconds: How long Slack takes for an answer.
        rate_limit: What Docker Hub allows in a minute.
    """
    clock = MovableClock()
    with ExitStack() as stack:
        slack = stack.enter_context(acme(clock))
        hub = stack.enter_context(HubSimulator(now=clock, rate_limit=rate_limit))
        slack.latency_seconds = slack_latency_seconds
        clock_url = stack.enter_context(_telling(clock)) if is_played else None
        for channel in channels.keys() - slack.state.conversations.keys():
            slack.state.add_conversation(channel.lower(), members=(seed.ANA, seed.BOT_USER), conversation_id=channel)
        for path in {path for listed in channels.values() for path in listed}:
            with hub.state.lock:
                if hub.state.find_repository(path) is None:
                    _create(hub, path, clock)
        (folder / "hub-bot.toml").write_text(_subscriptions(channels), encoding="utf-8")
        ports = [free_port() for _ in range(replicas)]
        install(slack, f"http://127.0.0.1:{ports[0]}")
        found = World(folder, database_url, slack, hub, clock, channels=channels, ports=ports, clock_url=clock_url)
        stack.callback(found.close)
        yield found


def _create(hub: HubSimulator, path: str, clock: MovableClock) -> Repository:
    namespace, _, name = path.partition("/")
    return hub.state.create_repository(namespace, name, at=clock())


def _subscriptions(channels: Mapping[str, Collection[str]]) -> str:
    tables = [
        f'[[subscriptions]]\nchannel = "{channel}"\nimage = "{image}"\n'
        for channel, listed in channels.items()
        for image in listed
    ]
    return "\n".join(tables)


@contextmanager
def _telling(clock: MovableClock) -> Iterator[str]:
    """Yield where the clock is told to other processes."""

    def answer(request: Request) -> Answer:
        version, offset = clock.wait_for_move(int(request.query["after"]), 20)
        return Answer(200, json.dumps({"version": version, "offset_seconds": offset.total_seconds()}).encode())

    server = HttpServer(answer)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/clock"
    finally:
        clock.close()
        server.stop()


def _message_id(arguments: Mapping[str, Any]) -> str | None:
    metadata = arguments.get("metadata")
    known = json.loads(metadata) if isinstance(metadata, str) else metadata
    return str(known["event_payload"]["message_id"]) if known else None


def _is_taken(answer: Answer) -> bool:
    """Tell whether Slack carried a request out, be its answer lost on the way."""
    return answer.status == 200 and answer.body.startswith(b'{"ok":true') and answer.body.endswith(b"}")
