"""The whole bot as a process of its own, between the simulated Slack and Docker Hub: what the outside sees."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.httpd import free_port
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.signing import signature
from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.slack import install

_READY_SECONDS = 20.0
_STOP_SECONDS = 15.0


class RunningBot:
    """A bot that serves.

    Attributes:
        process: Its process.
        port: Where it listens.
        log: What it wrote, complete once it has stopped.
    """

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.log = ""

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Post to where Slack posts, and return status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/slack/events", body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        _, self.log = self.process.communicate(timeout=_STOP_SECONDS)
        return self.process.returncode


def slash_command(text: str, response_url: str) -> bytes:
    """Return the body of a slash command that nobody typed. A trigger id makes each one another."""
    form: dict[str, Any] = {
        "command": "/hub",
        "text": text,
        "response_url": response_url,
        "trigger_id": f"{time.perf_counter_ns()}.1",
        "user_id": seed.ANA,
        "team_id": seed.TEAM_ID,
        "channel_id": seed.GENERAL,
        "api_app_id": seed.APP_ID,
        "is_enterprise_install": "false",
    }
    return urlencode(form).encode()


def signed(
    body: bytes,
    *,
    at: float | None = None,
    secret: str = seed.SIGNING_SECRET,
    content_type: str = "application/x-www-form-urlencoded",
) -> tuple[bytes, dict[str, str]]:
    """Return the body with the headers that Slack would send."""
    timestamp = str(int(time.time() if at is None else at))
    return body, {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(secret, timestamp, body),
        "Content-Type": content_type,
    }


def environment_for(*, slack_api_url: str, hub_url: str, port: int) -> dict[str, str]:
    """Return the settings of a bot over HTTP, without a Docker Hub credential."""
    return {
        "PATH": os.environ["PATH"],
        "SLACK_BOT_TOKEN": seed.BOT_TOKEN,
        "SLACK_SIGNING_SECRET": seed.SIGNING_SECRET,
        "SLACK_API_URL": slack_api_url,
        "DOCKERHUB_URL": hub_url,
        "DOCKER_REGISTRY_URL": hub_url,
        "DOCKER_AUTH_URL": hub_url,
        "HUB_BOT_PORT": str(port),
        "HUB_BOT_DATABASE_URL": "sqlite://",
    }


def start_bot(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a bot that serves, and return its process at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_bot(
    slack: SlackSimulator, hub: HubSimulator, more: Mapping[str, str] | None = None
) -> Iterator[RunningBot]:
    """Yield a bot that has started to serve, over HTTP unless the settings say otherwise; it is stopped in the end."""
    port = free_port()
    environment = {**environment_for(slack_api_url=slack.api_url, hub_url=hub.url, port=port), **(more or {})}
    bot = RunningBot(start_bot(environment), port)
    if environment["SLACK_SIGNING_SECRET"]:
        install(slack, f"http://127.0.0.1:{port}")
    try:
        wait_until_it_serves(bot)
        yield bot
    finally:
        if bot.process.poll() is None:
            bot.process.kill()
            bot.process.communicate()


def wait_until_it_serves(bot: RunningBot, *, path: str = "/healthz", status: int = 200) -> None:
    """Return when the page has that status.

    Raises:
        AssertionError: The process ended, or it took too long.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if bot.process.poll() is not None:
            _, errors = bot.process.communicate()
            raise AssertionError(f"the bot ended with {bot.process.returncode}: {errors}")
        try:
            if bot.get(path)[0] == status:
                return
        except OSError:
            time.sleep(0.01)
    raise AssertionError("the bot did not start to serve in time")
