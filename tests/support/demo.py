"""`hub-bot demo` as a process of its own, the way a newcomer starts it."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bot.sandbox.sandbox import WEBHOOK_SECRET

READY_SECONDS = 30.0
STOP_SECONDS = 20.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class RunningDemo:
    """A demo that is ready.

    Attributes:
        url: The page's address.
        said: What it printed until then.
    """

    def __init__(self, process: "subprocess.Popen[str]", url: str, said: str) -> None:
        self._process = process
        self.url = url
        self.said = said

    def post(self, path: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for something as the page does, and return the answer."""
        answer = requests.post(f"{self.url}{path}", json=dict(order), timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def seen_by(self, user: str) -> dict[str, Any]:
        """Return everything that somebody sees of the workspace, as the page is told."""
        found: dict[str, Any] = requests.get(f"{self.url}/state?as={user}&after=0", timeout=10).json()
        return found

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C, and return the exit status and what was said on standard error."""
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=STOP_SECONDS)
        return self._process.returncode, errors

    def wait(self) -> tuple[int, str]:
        """Wait for it to end by itself, and return as `stop` does."""
        _, errors = self._process.communicate(timeout=STOP_SECONDS)
        return self._process.returncode, errors

    def bot_pid(self) -> int:
        """Return the process id of the bot, which is the demo's only child."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return int(children.split()[0])

    def send_webhook(self, payload: Mapping[str, Any]) -> int:
        """Send the bot what nobody at Docker Hub pushed, and return the status of its answer."""
        environment = Path(f"/proc/{self.bot_pid()}/environ").read_text().split("\0")
        port = dict(each.split("=", 1) for each in environment if each)["HUB_BOT_PORT"]
        url = f"http://127.0.0.1:{port}/webhooks/dockerhub/{WEBHOOK_SECRET}"
        return requests.post(url, json=dict(payload), timeout=10).status_code


@contextmanager
def running_demo(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningDemo]:
    """Yield a demo that is ready; it is ended in the end, however the test ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", *options],
        env={"PATH": os.environ["PATH"], **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = _said_until_ready(process)
        found = _ADDRESS.search(said)
        assert found, said
        yield RunningDemo(process, found[0], said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOP_SECONDS)


def _said_until_ready(process: "subprocess.Popen[str]") -> str:
    """Return what is printed up to the line on how to end it."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    output = process.stdout
    assert output is not None

    def read() -> None:
        for line in output:
            lines.put(line)
            if line.startswith("Ctrl-C"):
                break
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    said, deadline = "", time.monotonic() + READY_SECONDS
    while line := lines.get(timeout=deadline - time.monotonic()):
        said += line
    if "Ctrl-C" not in said:
        _, errors = process.communicate(timeout=STOP_SECONDS)
        raise AssertionError(f"the demo ended with {process.returncode}: {errors}")
    return said
