"""What all simulated build providers have in common: a server, a log of requests, faults, a clock, a latency."""

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.sandbox.builders.faults import BuilderFault, answer_under
from bot.sandbox.clock import utc_now
from bot.sandbox.faults import FaultBox
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.records import Records
from bot.sandbox.service import Service


@dataclass(frozen=True, slots=True)
class BuilderRequest:
    """One request that a provider met, with what it answered.

    Attributes:
        path: As sent, still percent-encoded, without the query.
        headers: Names in lower case.
        status: None when the connection was reset instead of answered.
        when: By the provider's clock, UTC.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int | None
    when: datetime


class Builder(Service):
    """A simulated build provider on loopback; `start` begins to answer.

    Args:
        now: Returns the time, aware and UTC.
        port: The TCP port; 0 lets the system choose.

    Attributes:
        clock: Where it takes its time from.
        faults: What goes wrong; empty at first.
        latency_seconds: How long every answer takes at least; may be changed while running.
    """

    def __init__(self, *, now: Callable[[], datetime] = utc_now, port: int = 0) -> None:
        self.clock = now
        self.faults = FaultBox[BuilderFault]()
        self.latency_seconds = 0.0
        self._lock = threading.RLock()
        self._records = Records[BuilderRequest]()
        self._server = HttpServer(self._take, port)

    @property
    def url(self) -> str:
        """The provider's origin, such as `http://127.0.0.1:43210`."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def records(self) -> list[BuilderRequest]:
        """A copy of the log, in the order in which requests were answered."""
        return self._records.copy()

    def clear_records(self) -> None:
        """Forget the recorded requests."""
        self._records.clear()

    def start(self) -> Self:
        """Begin to answer, in background threads."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for all threads."""
        self._server.stop()

    @abstractmethod
    def answer_to(self, request: Request) -> Answer:
        """Return the right answer. One request at a time."""

    def _take(self, request: Request) -> Answer:
        self._server.pause(self.latency_seconds)
        fault = self.faults.take(request.method, request.path, request.body)
        if fault is not None and fault.kind == "slow":
            self._server.pause(fault.seconds)
        with self._lock:
            answer = answer_under(fault, lambda: self.answer_to(request))
        self._record(request, answer)
        if fault is not None and fault.kind == "hang":
            self._server.pause(fault.seconds)
        return answer

    def _record(self, request: Request, answer: Answer) -> None:
        record = BuilderRequest(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            None if answer.delivery == "reset" else answer.status,
            self.clock(),
        )
        self._records.add(record)
