"""Links to messages."""

import threading

from bot.errors import DeliveryError
from bot.slack import text
from bot.slack.client import SlackClient


class MessageLinks:
    """Makes links to messages; call it with a channel's id and a message's `ts`.

    Slack has a method for this; made like this, a page of links costs one request and not one each.
    Source: https://docs.slack.dev/reference/methods/chat.getPermalink, whose answers have this form.

    Args:
        client: Slack, which tells the workspace's address.
    """

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._address: str | None = None

    def __call__(self, channel: str, ts: str) -> str | None:
        """Return the link; None while Slack does not tell the workspace's address."""
        try:
            with self._lock:
                if self._address is None:
                    self._address = text.web_address(self._client.auth_test().address)
        except DeliveryError:
            return None
        return f"{self._address.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if self._address else None
