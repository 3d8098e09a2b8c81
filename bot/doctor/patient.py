"""What is looked at: the settings, and everything that was made from them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bot.clock import Clock
from bot.egress.client import EgressClient
from bot.hub.auth import Credentials
from bot.hub.client import HubClient
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.store.base import Store


@dataclass(frozen=True)
class Patient:
    """The bot, as its doctor sees it.

    Attributes:
        settings: What it was told from outside.
        clock: The time.
        slack: Slack.
        hub_of: Makes a Docker Hub client for certain credentials.
        egress: Calls the hosts that the settings name.
        store: Gives the database for a while: the one in use, or one that is closed again.
        admins: Tells who is an admin, by user id; raises `DeliveryError` when Slack does not say.
    """

    settings: Settings
    clock: Clock
    slack: SlackClient
    hub_of: Callable[[Credentials], HubClient]
    egress: EgressClient
    store: Callable[[], AbstractContextManager[Store]]
    admins: Callable[[], frozenset[str]]
