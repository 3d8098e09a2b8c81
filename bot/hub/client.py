"""The Docker Hub client: one object that leads to all resources.

::

    client = HubClient(HubUrls(), Credentials.from_values(username="acme-bot", token=…), SystemClock())
    for tag in client.tags.newest(RepositoryName("acme", "api"), limit=25):
        …

Each resource is a module of this package. Below them: `api` (which credential, bearers), `transport` (waiting,
retrying), `wire` (HTTP). Safe to use from several threads.
"""

import copy
import random
from types import TracebackType
from typing import Self

from bot.clock import Clock
from bot.hub.api import Api, CredentialStatus, HubUrls
from bot.hub.auth import Credentials
from bot.hub.builds import Builds
from bot.hub.invites import Invites
from bot.hub.members import Members
from bot.hub.names import Names
from bot.hub.osv import Advisories, Osv
from bot.hub.pacing import INTERACTIVE_WAIT_SECONDS, Budgets, Draw
from bot.hub.plans import Plans
from bot.hub.rate_limits import RateLimits
from bot.hub.registry import Registry
from bot.hub.registry_tokens import RegistryTokens
from bot.hub.repositories import Repositories
from bot.hub.scout import Scout
from bot.hub.search import Search
from bot.hub.tags import Tags
from bot.hub.teams import Teams
from bot.hub.transport import Transport
from bot.hub.webhooks import Webhooks
from bot.hub.wire import Wire
from bot.images import ImageReference, RepositoryName

__all__ = ["CredentialStatus", "Credentials", "HubClient", "HubUrls"]


class Remembered:
    """What every client of one set of credentials remembers together.

    Args:
        clock: The time.

    Attributes:
        names: What short names were found to mean.
        registry_tokens: Bearers for the registry.
        advisories: Advisories of OSV.
    """

    def __init__(self, clock: Clock) -> None:
        self.names = Names(clock)
        self.registry_tokens = RegistryTokens(clock)
        self.advisories = Advisories()


class HubClient:
    """Docker Hub, as one set of credentials sees it.

    Attributes:
        repositories: Repositories.
        tags: Tags and images.
        search: Search over public repositories.
        webhooks: The webhooks of repositories.
        builds: The automated builds of repositories.
        members: The members of organizations.
        invites: The pending invites of organizations.
        teams: The teams of organizations.
        plans: The subscriptions of organizations.
        rate_limits: The budget of API requests.
        registry: Manifests and files of images, and the budget of image pulls.
        scout: What Docker Scout knows of images.
        osv: The OSV database of vulnerabilities, which is not Docker Hub's and takes no credential.
    """

    def __init__(self, urls: HubUrls, credentials: Credentials, clock: Clock, *, draw: Draw = random.random) -> None:
        """Make a client; nothing is sent.

        Args:
            urls: Where the services are.
            credentials: What may be used; none at all is fine for public data.
            clock: The time.
            draw: Gives random numbers from 0 to 1, for jitter.
        """
        transport = Transport(Wire(clock), Budgets(clock, draw), clock=clock, draw=draw)
        api = Api(urls.hub, credentials, transport, clock=clock, wait_seconds=INTERACTIVE_WAIT_SECONDS)
        self._assemble(api, urls, Remembered(clock))

    def _assemble(self, api: Api, urls: HubUrls, remembered: Remembered) -> None:
        self._api = api
        self._urls = urls
        self._remembered = remembered
        self.repositories = Repositories(api)
        self.tags = Tags(api)
        self.search = Search(api)
        self.webhooks = Webhooks(api)
        self.builds = Builds(api)
        self.members = Members(api)
        self.invites = Invites(api)
        self.teams = Teams(api)
        self.plans = Plans(api)
        self.rate_limits = RateLimits(api)
        self.registry = Registry(api, urls, remembered.registry_tokens)
        self.scout = Scout(api, urls)
        self.osv = Osv(api, urls.osv, remembered.advisories)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find(self, reference: ImageReference, default_namespace: str | None) -> RepositoryName:
        """Return the repository meant: a short name is the default namespace's, else the official image.

        Remembered for a minute. Nothing is sent for a name with a namespace.

        Args:
            reference: What somebody wrote.
            default_namespace: Where short names are looked for first; None when there is no such place.

        Raises:
            HubError: Docker Hub could not say whether the repository exists.
        """
        return self._remembered.names.find(reference, default_namespace, self.repositories)

    def credential_status(self, namespace: str) -> CredentialStatus:
        """Return which credential reads of a namespace are made with and what that hides; nothing is sent."""
        return self._api.status(namespace.lower())

    @property
    def leaves_reserve(self) -> bool:
        """Whether the last part of each budget is left to people, because nobody waits for this."""
        return self._api.patience().leaves_reserve

    def background(self) -> Self:
        """Return the same client for work that nobody waits for.

        It shares everything, waits for limits as long as it takes, and leaves the last twentieth of each budget to
        people.
        """
        return self._twin(self._api.with_wait(None))

    def once(self) -> Self:
        """Return the same client for work that comes back by itself when it fails.

        It shares everything, asks once, and where a limit stands in the way raises `RateLimitedError` instead of
        waiting (only for a login it may wait as a person would). Like `background`, it leaves the last twentieth of
        each budget to people.
        """
        return self._twin(self._api.with_wait(0, asks_once=True))

    def close(self) -> None:
        """Close all connections, those of `background` and `once` clients too."""
        self._api.transport.close()

    def _twin(self, api: Api) -> Self:
        twin = copy.copy(self)
        twin._assemble(api, self._urls, self._remembered)  # noqa: SLF001 - of its own class.
        return twin
