"""One response_url and what is left of it: five uses, half an hour."""

import threading
from typing import Any

from bot.clock import Clock
from bot.slack.message import Message
from bot.slack.response_url import LIFETIME_SECONDS, MOST_USES, Outcome, ResponseUrl, ResponseUrls

ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 0.5
# As often as a channel takes a message.
BUSY_SECONDS = 1.0
# The half hour runs on Slack's clock, from a moment before ours.
_MARGIN_SECONDS = 15.0


class ResponseLine:
    """Posts to one response_url, never more often than Slack allows. Safe to use from several threads.

    Args:
        urls: Does the posting.
        url: The address.
        clock: The time.
        received_at: When the request came in, in monotonic seconds.
        backoff_seconds: How long to wait after the first connection error; doubled after each further one.
    """

    def __init__(
        self,
        urls: ResponseUrls,
        url: ResponseUrl,
        *,
        clock: Clock,
        received_at: float,
        backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._urls = urls
        self._url = url
        self._clock = clock
        self._expires_at = received_at + LIFETIME_SECONDS - _MARGIN_SECONDS
        self._backoff_seconds = backoff_seconds
        self._lock = threading.Lock()
        self._uses_left = MOST_USES

    @property
    def is_open(self) -> bool:
        """Whether it can be used once more."""
        return self._uses_left > 0 and self._clock.monotonic() < self._expires_at

    def say(self, message: Message, plain: Message, **fields: Any) -> bool:
        """Post the message, or its plain form when it is refused. One use is kept back for the plain form.

        Args:
            message: What to post.
            plain: The same without blocks.
            fields: More fields of the request: `response_type`, `replace_original`.

        Returns:
            Whether Slack took one of them.
        """
        outcome = self._post({**message.payload(), **fields}, keep_back=1) if message.blocks else None
        # A channel that is too busy for a message is too busy for its plain form.
        if outcome not in {Outcome.DELIVERED, Outcome.BUSY}:
            outcome = self._post({**plain.payload(), **fields})
        return outcome is Outcome.DELIVERED

    def say_once(self, text: str, *, replace_original: bool = False, keep_back: int = 2) -> bool:
        """Show the person a few words, if that leaves enough uses for what is to come. False: they are not shown.

        Args:
            text: The words.
            replace_original: Whether they stand in the place of the last ones.
            keep_back: How many uses what is to come may need.
        """
        payload = {"text": text, "response_type": "ephemeral", "replace_original": replace_original}
        # Without an answer from Slack the words may well be there.
        return self._post(payload, keep_back=keep_back, attempts=1) in {Outcome.DELIVERED, Outcome.UNREACHABLE}

    def take_back(self) -> bool:
        """Remove the last words that were shown, if that leaves enough uses for what is to come; return whether."""
        return self._post({"delete_original": True}, keep_back=2, attempts=1) is not None

    def _post(self, payload: dict[str, Any], *, keep_back: int = 0, attempts: int = ATTEMPTS) -> Outcome | None:
        """Post, again after connection errors and in a busy channel.

        Returns:
            What became of the last try; None when it was not tried, because nothing is left to try with.
        """
        outcome = None
        for attempt in range(attempts):
            if attempt:
                is_busy = outcome is Outcome.BUSY
                self._clock.sleep(BUSY_SECONDS if is_busy else self._backoff_seconds * 2 ** (attempt - 1))
            if not self._may_use(keep_back):
                return outcome
            outcome = self._urls.post(self._url, payload)
            if outcome is Outcome.BUSY:
                self._give_back()
            elif outcome is not Outcome.UNREACHABLE:
                return outcome
        return outcome

    def _may_use(self, keep_back: int) -> bool:
        with self._lock:
            if not self.is_open or self._uses_left <= keep_back:
                return False
            self._uses_left -= 1
            return True

    def _give_back(self) -> None:
        with self._lock:
            self._uses_left += 1
