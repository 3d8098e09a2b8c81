"""Who builds: one module each, and the protocol that they share in `provider`."""

from collections.abc import Mapping

from bot.builds.model import ProviderKind
from bot.builds.providers.calling import Caller, Egress
from bot.builds.providers.classic import Classic
from bot.builds.providers.docker_hub import DockerHub
from bot.builds.providers.docker_hub_views import DockerHubViews
from bot.builds.providers.github import GitHub
from bot.builds.providers.gitlab import GitLab
from bot.builds.providers.provider import Provider
from bot.builds.providers.webhook import Webhook
from bot.clock import Clock, SystemClock
from bot.hub.client import HubClient

__all__ = ["all_providers"]


def all_providers(egress: Egress, hub: HubClient, clock: Clock | None = None) -> Mapping[ProviderKind, Provider]:
    """Return every provider.

    Args:
        egress: Calls them.
        hub: Where Docker Hub's own builds are looked up; which one decides how long a look may wait for limits.
        clock: The time; None: the machine's.
    """
    caller, views = Caller(egress), DockerHubViews(hub)
    return {
        ProviderKind.DOCKER_HUB: DockerHub(caller, views),
        ProviderKind.CLASSIC: Classic(caller, views),
        ProviderKind.GITHUB: GitHub(caller),
        ProviderKind.GITLAB: GitLab(caller),
        ProviderKind.WEBHOOK: Webhook(caller, clock or SystemClock()),
    }
