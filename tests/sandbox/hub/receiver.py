"""Where webhooks arrive in the tests: an HTTP server that records what it gets, and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote

from bot.sandbox.httpd import Answer, HttpServer, Request

PATIENCE_SECONDS = 5.0


class Receiver:
    """A recording server; `answer` may be replaced at any time."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Answer] = lambda _: Answer(202, b"{}")
        self._received: list[Request] = []
        self._changed = threading.Condition()
        self._server = HttpServer(self._take)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/hook"

    @property
    def requests(self) -> list[Request]:
        with self._changed:
            return list(self._received)

    @property
    def payloads(self) -> list[Any]:
        return [payload_of(request) for request in self.requests]

    @property
    def times(self) -> list[int]:
        """Each webhook's `pushed_at`, in the order of arrival."""
        return [payload["push_data"]["pushed_at"] for payload in self.payloads]

    def wait_for(self, count: int) -> None:
        """Return once so many came."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._received) >= count, PATIENCE_SECONDS)

    def _take(self, request: Request) -> Answer:
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()
        return self.answer(request)


def payload_of(request: Request) -> Any:
    text = request.body.decode()
    if request.headers["content-type"] == "application/json":
        return json.loads(text)
    return json.loads(parse_qs(text)["payload"][0] if text.startswith("payload=") else unquote(text))


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver._server.start()
    try:
        yield receiver
    finally:
        receiver._server.stop()
