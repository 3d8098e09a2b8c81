"""An app's side for the tests: an HTTP server that records what it gets, and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator

ACK = Answer(200, b"", content_type=None)
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request of Slack."""

    request: Request

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.request.headers)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.body.decode(), keep_blank_values=True))

    @property
    def payload(self) -> Any:
        """What it holds: JSON as it is or in a form, or the form of a command."""
        if self.headers["content-type"] == "application/json":
            return json.loads(self.request.body)
        return json.loads(self.form["payload"]) if "payload" in self.form else self.form


class Receiver:
    """A recording server; `answer` may be replaced at any time."""

    def __init__(self) -> None:
        self.answer: Callable[[Received], Answer] = lambda _: ACK
        self._received: list[Received] = []
        self._changed = threading.Condition()
        self._server = HttpServer(self._take)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/slack/events"

    @property
    def received(self) -> list[Received]:
        with self._changed:
            return list(self._received)

    @property
    def payloads(self) -> list[Any]:
        return [each.payload for each in self.received]

    @property
    def events(self) -> list[Any]:
        """The inner events, in the order of their coming."""
        return [each["event"] for each in self.payloads if each.get("type") == "event_callback"]

    def wait_for(self, count: int) -> list[Received]:
        """Return what came as soon as there are so many requests."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._received) >= count, PATIENCE_SECONDS), self._received
            return list(self._received)

    def answers(self, body: Any, status: int = 200) -> None:
        """Answer everything from now on with JSON."""
        self.answer = lambda _: Answer(status, json.dumps(body).encode())

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _take(self, request: Request) -> Answer:
        received = Received(request)
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
        return self.answer(received)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


@contextmanager
def acme_with(receiver: Receiver, clock: SettableClock, **options: Any) -> Iterator[SlackSimulator]:
    """The workspace of Acme, with the plain app at the receiver installed in it."""
    app = seed.hub_bot(seed.manifest_for(receiver.url))
    with SlackSimulator(
        app=app, now=clock, ack_timeout_seconds=options.pop("ack_timeout_seconds", 0.25), **options
    ) as slack:
        yield slack


def texts(slack: SlackSimulator, channel: str) -> list[str]:
    """What stands in a channel, ephemeral messages too."""
    return [message.text for message in slack.state.messages(channel)]
