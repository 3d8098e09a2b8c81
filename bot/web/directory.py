"""Where roles look people up: Slack."""

import threading

from bot.governance.roles import Profile
from bot.slack.client import SlackClient


class SlackDirectory:
    """Answers what `bot.governance.roles` asks, out of Slack's Web API.

    Args:
        client: Slack.
        home_team: The workspace that the bot serves; None: the one of its token.
    """

    def __init__(self, client: SlackClient, *, home_team: str | None = None) -> None:
        self._client = client
        self._home_team = home_team
        self._lock = threading.Lock()

    def profile(self, user_id: str) -> Profile:
        """Return what Slack knows of the person, as far as rights depend on it.

        Raises:
            DeliveryError: Slack did not say.
        """
        account = self._client.account(user_id)
        return Profile(
            team_id=account.team_id,
            is_guest=account.is_guest,
            is_stranger=account.is_stranger,
            is_active=account.is_active,
            enterprise_team_ids=account.enterprise_team_ids,
        )

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        """Return the user ids of a user group.

        Raises:
            DeliveryError: Slack did not say.
        """
        return self._client.usergroup_members(usergroup_id)

    def home_team(self) -> str:
        """Return the workspace that the bot serves. Slack is asked once; until it has said, every time.

        Raises:
            DeliveryError: Slack did not say.
        """
        with self._lock:
            if self._home_team is None:
                self._home_team = self._client.auth_test().team_id
            return self._home_team
