"""Sends webhooks, in the background and each repository's one after the other; the API never waits for them.

What Docker Hub makes of time limits, answers and redirects is not documented: these are switches of `Unknowns`.
"""

import heapq
import ipaddress
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import count
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from bot.sandbox.hub.pipelines import Attempt
from bot.sandbox.hub.unknowns import Unknowns
from bot.sandbox.outgoing import Failure, Outgoing, Response
from bot.sandbox.records import Records

logger = logging.getLogger(__name__)

# Inferred; what is known is only that answers should come at once.
TIMEOUT_SECONDS = 10.0
RETRY_DELAY = timedelta(seconds=10)
RETRIES = 3
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SENDERS = 4
# How soon a moved clock is noticed, real time.
POLL_SECONDS = 0.02
# None but Go's and Python's own were ever guessed.
USER_AGENTS = {"go": "Go-http-client/1.1", "python": "python-requests/2.32", "none": None}

Problem = Literal["refused", "not_of_this_machine"] | Failure


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook to be sent.

    Attributes:
        repository: `namespace/name`.
        at: When, by the simulator's clock.
        payload: What it says.
        body: The same as it travels.
        attempt: The line of the history that is about it.
        tries: How often it was sent before.
    """

    repository: str
    tag: str
    url: str
    at: datetime
    payload: Mapping[str, Any]
    body: bytes
    content_type: str
    attempt: Attempt
    tries: int = 0


@dataclass(frozen=True, slots=True)
class SentWebhook:
    """One try to deliver a webhook.

    Attributes:
        payload: What it said, decoded.
        status: Of the answer; None without one.
        problem: Why it does not count as delivered; None when it does.
        tries: How often the same was sent before.
        when: When it was sent, by the simulator's clock, UTC.
    """

    repository: str
    tag: str
    url: str
    payload: Mapping[str, Any]
    body: bytes
    content_type: str
    status: int | None
    problem: Problem | None
    tries: int
    when: datetime


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    number: int
    since: datetime = field(compare=False)
    letter: Letter = field(compare=False)

    def is_due(self, now: datetime) -> bool:
        """Tell whether its time has come; also when the clock was moved back from the push."""
        return not self.since <= now < self.at


class WebhookSender:
    """Sends letters when they are due. Safe to use from any thread.

    Args:
        now: Returns the time, aware and UTC; letters wait by it.
        unknowns: Returns the positions of the switches.

    Attributes:
        timeout_seconds: How long a receiver has for its whole answer, redirects included; real time.
        on_sent: Called after each try, in a background thread.
        failed_count: How many tries there were of which nothing came.
    """

    def __init__(self, now: Callable[[], datetime], unknowns: Callable[[], Unknowns]) -> None:
        self.timeout_seconds = TIMEOUT_SECONDS
        self.on_sent: Callable[[], object] = lambda: None
        self.failed_count = 0
        self._now = now
        self._unknowns = unknowns
        self._numbers = count()
        self._due: list[_Due] = []
        self._under_way = 0
        self._is_stopped = False
        self._changed = threading.Condition()
        self._outgoing = Outgoing()
        self._records = Records[SentWebhook]()
        self._senders = [ThreadPoolExecutor(1, thread_name_prefix="sandbox-webhook") for _ in range(SENDERS)]
        self._clerk: threading.Thread | None = None

    @property
    def sent(self) -> list[SentWebhook]:
        """A copy of the log, in the order in which the outcomes were known."""
        return self._records.copy()

    @property
    def sent_count(self) -> int:
        """How many there ever were, further tries included."""
        return self._records.count

    def sent_about(self, repository: str, tag: str | None = None) -> list[SentWebhook]:
        """Return what was sent about a repository, or about one of its tags."""
        return [each for each in self.sent if each.repository == repository and tag in {None, each.tag}]

    def clear(self) -> None:
        """Forget what was sent."""
        self._records.clear()

    def keep_records(self, most: int) -> None:
        """Remember no more than the newest so many from now on."""
        self._records.keep(most)

    def send(self, letters: Iterable[Letter]) -> None:
        """Send letters at their times; returns at once."""
        since = self._now()
        with self._changed:
            if self._is_stopped:
                return
            for letter in letters:
                heapq.heappush(self._due, _Due(letter.at, next(self._numbers), since, letter))
            if self._clerk is None and self._due:
                self._clerk = threading.Thread(target=self._keep_sending, name="sandbox-webhooks", daemon=True)
                self._clerk.start()
            self._changed.notify_all()

    def settle(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until nothing is under way or due by now; return whether that came in time."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_seconds)

    @property
    def waiting(self) -> int:
        """How many have not been sent yet, most of them because their time has not come."""
        with self._changed:
            return len(self._due) + self._under_way

    def stop(self) -> None:
        """Drop what waits, break off what is under way, and wait for all threads."""
        with self._changed:
            self._is_stopped = True
            self._due.clear()
            self._changed.notify_all()
        self._outgoing.stop()
        if self._clerk is not None:
            self._clerk.join()
        for sender in self._senders:
            sender.shutdown(cancel_futures=True)

    def _is_idle(self) -> bool:
        return self._under_way == 0 and not self._is_one_due()

    def _is_one_due(self) -> bool:
        return bool(self._due) and self._due[0].is_due(self._now())

    def _keep_sending(self) -> None:
        with self._changed:
            while not self._is_stopped:
                while self._is_one_due():
                    self._under_way += 1
                    letter = heapq.heappop(self._due).letter
                    sender = self._senders[zlib.crc32(letter.repository.encode()) % SENDERS]
                    sender.submit(self._send, letter)
                self._changed.wait(POLL_SECONDS if self._due else None)

    def _send(self, letter: Letter) -> None:
        try:
            self._deliver(letter)
        except Exception:
            # Nobody looks at what a background thread raises.
            logger.exception("sandbox failed")
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _deliver(self, letter: Letter) -> None:
        sent_at = self._now()
        letter.attempt.status = "pending"
        status, problem = self._outcome(letter)
        with self._changed:
            self.failed_count += problem is not None
        is_last = problem is None or letter.tries >= (RETRIES if self._unknowns().webhook_retries == "thrice" else 0)
        if is_last:
            letter.attempt.status = "error" if problem else "success"
        self._records.add(
            SentWebhook(
                letter.repository,
                letter.tag,
                letter.url,
                letter.payload,
                letter.body,
                letter.content_type,
                status,
                problem,
                letter.tries,
                sent_at,
            )
        )
        if not is_last:
            self.send([replace(letter, at=sent_at + RETRY_DELAY, tries=letter.tries + 1)])
        self.on_sent()

    def _outcome(self, letter: Letter) -> tuple[int | None, Problem | None]:
        unknowns = self._unknowns()
        agent = USER_AGENTS[unknowns.webhook_user_agent]
        headers = {"Content-Type": letter.content_type, **({"User-Agent": agent} if agent else {})}
        ends_at = time.monotonic() + self.timeout_seconds
        url, status = letter.url, None
        for _ in range(MAX_REDIRECTS if unknowns.webhook_redirects == "followed" else 1):
            if not _is_of_this_machine(url):
                return status, "not_of_this_machine"
            response = self._outgoing.post(url, letter.body, headers, ends_at)
            if not isinstance(response, Response):
                return None, response
            status = response.status
            if status not in REDIRECTS:
                break
            url = _redirected(url, response)
        return status, None if _is_success(status, unknowns) else "refused"


def _is_of_this_machine(url: str) -> bool:
    """Tell whether a URL leads to loopback: what is invented in a sandbox is sent nowhere else."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _redirected(url: str, response: Response) -> str:
    """Return where an answer leads; an empty address when that is no address."""
    try:
        return urljoin(url, response.headers.get("location", ""))
    except ValueError:
        return ""


def _is_success(status: int | None, unknowns: Unknowns) -> bool:
    if unknowns.webhook_success == "only_200":
        return status == HTTPStatus.OK
    return status is not None and status // 100 == HTTPStatus.OK // 100
