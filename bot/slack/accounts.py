"""What Slack says of a person, as far as rights depend on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A person's account.

    Attributes:
        team_id: The workspace the account belongs to; None when Slack did not say.
        is_guest: Restricted to some channels (single- or multi-channel guest).
        is_stranger: Of another organization, met through a shared channel.
        is_active: Neither deactivated nor a bot.
        zone: The name of the time zone that they live in; None when Slack did not say.
        enterprise_team_ids: Further workspaces of the same organization that the account belongs to.
    """

    team_id: str | None
    is_guest: bool = False
    is_stranger: bool = False
    is_active: bool = True
    zone: str | None = None
    enterprise_team_ids: frozenset[str] = frozenset()
