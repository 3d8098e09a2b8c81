"""Where in Slack a command was asked, and by whom."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A person in a channel.

    Attributes:
        channel: The channel's id.
        user_id: The person's, `U…` or `W…`.
        team_id: The person's workspace, `T…`.
    """

    channel: str
    user_id: str
    team_id: str = ""
