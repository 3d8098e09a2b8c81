"""Which workspace the bot serves."""

import threading

from bot.slack.client import SlackClient


class HomeTeam:
    """Knows the workspace; call it for the id.

    Args:
        client: Slack.
        configured: The workspace named in the settings; None: the one that the bot's token belongs to.
    """

    def __init__(self, client: SlackClient, *, configured: str | None = None) -> None:
        self._client = client
        self._team_id = configured
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """Return the workspace's id. Slack is asked once; until it has said, every time.

        Raises:
            DeliveryError: Slack did not say.
        """
        with self._lock:
            if self._team_id is None:
                self._team_id = self._client.auth_test().team_id
            return self._team_id
