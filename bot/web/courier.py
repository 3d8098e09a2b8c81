"""Posting through the Web API for somebody who waits: a few tries, then the plain form, then no more."""

from collections.abc import Callable
from typing import TypeVar

from bot.clock import Clock
from bot.slack.client import Posted, SlackClient
from bot.slack.failures import Kind, SlackCallError
from bot.slack.message import Message

_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 10.0

T = TypeVar("T")


class Courier:
    """Sends messages; what fails for good is raised as `SlackCallError`.

    Args:
        client: Slack.
        clock: The time.
        backoff_seconds: How long to wait after the first failure; doubled after each further one.
    """

    def __init__(self, client: SlackClient, clock: Clock, *, backoff_seconds: float = 0.5) -> None:
        self.client = client
        self._clock = clock
        self._backoff_seconds = backoff_seconds

    def post(self, channel: str, message: Message, plain: Message, *, thread_ts: str | None = None) -> Posted:
        """Post into a channel, a thread, or (with a person's id as the channel) as a direct message."""
        return self._send(lambda form: self.client.post_message(channel, form, thread_ts=thread_ts), message, plain)

    def show(self, channel: str, user_id: str, message: Message, plain: Message, *, thread_ts: str | None) -> None:
        """Show something to one person in a channel or a thread."""
        self._send(lambda form: self.client.post_ephemeral(channel, user_id, form, thread_ts=thread_ts), message, plain)

    def update(self, channel: str, ts: str, message: Message, plain: Message) -> None:
        """Put something else in the place of a message of ours."""
        self._send(lambda form: self.client.update_message(channel, ts, form), message, plain)

    def _send(self, send: Callable[[Message], T], message: Message, plain: Message) -> T:
        try:
            return self._patiently(send, message)
        except SlackCallError as error:
            if error.kind is not Kind.OUR_BUG or not message.blocks:
                raise
        return self._patiently(send, plain)

    def _patiently(self, send: Callable[[Message], T], form: Message) -> T:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return send(form)
            except SlackCallError as error:
                wait = self._wait(error, attempt)
                if wait is None:
                    raise
                self._clock.sleep(wait)
        return send(form)

    def _wait(self, error: SlackCallError, attempt: int) -> float | None:
        """Return how long to wait before the next try; None when there is no point in one."""
        if error.permanent:
            return None
        wait = self._backoff_seconds * 2.0**attempt if error.retry_after_seconds is None else error.retry_after_seconds
        return wait if wait <= _LONGEST_WAIT_SECONDS else None
