"""Who reads a channel: only people of the own organization, or others too?"""

import logging
from enum import Enum

from bot.errors import DeliveryError
from bot.slack.client import SlackClient

logger = logging.getLogger(__name__)


class Audience(Enum):
    """Who reads along. The value is how to say that an answer was kept back; empty where it need not be."""

    OURS = ""
    OTHERS = "people of another organization read this channel"
    UNKNOWN = "Slack does not tell me who reads this channel (invite me, and it will)"

    @property
    def is_ours(self) -> bool:
        """Whether private data may be shown without a second thought."""
        return self is Audience.OURS


class Audiences:
    """Finds out who reads a channel.

    Args:
        client: Slack.
        has_private_data: Whether the bot holds a Docker Hub credential. Without one it knows only what everybody
            knows, and nobody needs to be kept from reading it.
    """

    def __init__(self, client: SlackClient, *, has_private_data: bool) -> None:
        self._client = client
        self._has_private_data = has_private_data

    def of(self, channel_id: str, *, is_shared_outside: bool | None = None) -> Audience:
        """Return who reads the channel; asked anew every time, because it can change at any time.

        Args:
            channel_id: The channel.
            is_shared_outside: What Slack has said already; None asks it.
        """
        if not self._has_private_data:
            return Audience.OURS
        try:
            is_outside = self._client.is_shared_outside(channel_id) if is_shared_outside is None else is_shared_outside
        except DeliveryError as error:
            logger.info("audience_unknown", extra={"channel_id": channel_id, "reason": str(error)})
            return Audience.UNKNOWN
        return Audience.OTHERS if is_outside else Audience.OURS
