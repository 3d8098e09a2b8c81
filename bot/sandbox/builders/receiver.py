"""Where the generic webhook arrives: records what it gets, and answers as it is told."""

import threading
from collections.abc import Callable
from datetime import datetime

from bot.sandbox.builders.builder import Builder
from bot.sandbox.clock import utc_now
from bot.sandbox.httpd import Answer, Request

PATH = "/hooks/build"
ACCEPTED = Answer(202, b"{}")


class WebhookReceiver(Builder):
    """A receiver on loopback. Whether a request is signed rightly is for the test to say, which knows the key.

    Args:
        now: Returns the time, aware and UTC.
        port: The TCP port; 0 lets the system choose.

    Attributes:
        answer: Returns the answer to a request; may be replaced at any time.
        received: Every request that was carried out, also when its answer was lost.
    """

    def __init__(self, *, now: Callable[[], datetime] = utc_now, port: int = 0) -> None:
        super().__init__(now=now, port=port)
        self.answer: Callable[[Request], Answer] = lambda _: ACCEPTED
        self.received: list[Request] = []
        self._came = threading.Condition(self._lock)

    @property
    def hook_url(self) -> str:
        """Where to send webhooks; any other path does as well."""
        return f"{self.url}{PATH}"

    def wait_for(self, count: int, timeout_seconds: float = 5.0) -> bool:
        """Return whether so many came, as soon as they did, at the latest after the timeout; real time."""
        with self._came:
            return self._came.wait_for(lambda: len(self.received) >= count, timeout_seconds)

    def answer_to(self, request: Request) -> Answer:
        """Remember the request, and answer as told."""
        self.received.append(request)
        self._came.notify_all()
        return self.answer(request)


def redirect_to(location: str, status: int = 302) -> Answer:
    """Return an answer that leads elsewhere, such as to an address that must not be called."""
    return Answer(status, content_type=None, headers={"Location": location})
