"""A small Docker Hub, a database and a fleet between them, all by one clock."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.fleet import snapshots
from bot.fleet.model import RepositorySnapshot, Scope, TagSnapshot
from bot.fleet.service import Fleet
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image, digest_of
from bot.store.base import Store
from bot.store.workspaces import HOME

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=90)
PLENTY = 1_000_000
API = RepositoryName("acme", "api")


class Scene:
    """What a test of the fleet plays with.

    Args:
        hub: Docker Hub, by the clock.
        store: The database, by the clock.
        clock: The time.
        token: A token; None: no credential.
        user: Whose it is.
    """

    def __init__(
        self, hub: HubSimulator, store: Store, clock: FrozenClock, *, token: str | None = None, user: str = "ana"
    ) -> None:
        self.hub = hub
        self.store = store
        self.clock = clock
        secret = SecretStr(token) if token else None
        credentials = Credentials.from_values(username=user if token else None, token=secret)
        self.client = HubClient(HubUrls(hub.url, hub.url, hub.url), credentials, clock, draw=lambda: 0.0)
        self.fleet = self.another()
        self._numbers = itertools.count(1)

    def another(self) -> Fleet:
        """Return a fleet as another process has it."""
        return Fleet(self.store, self.client, self.clock, draw=lambda: 0.0)

    def repository(self, path: str, *tags: str, is_private: bool = False) -> None:
        """Have a repository with some tags, of long ago and an hour from each other, the last one the newest."""
        namespace, _, name = path.partition("/")
        self.hub.state.create_repository(namespace, name, at=LONG_AGO, is_private=is_private)
        for number, tag in enumerate(tags):
            self.push(path, tag, at=LONG_AGO + timedelta(hours=number))

    def fill(self, path: str, count: int) -> None:
        """Have a repository with many tags, `t0000` the oldest."""
        self.repository(path, *(f"t{number:04}" for number in range(count)))

    def push(self, path: str, tag: str, *, at: datetime | None = None) -> datetime:
        """Push an image of its own, by default now, and return when."""
        at = at or self.clock.now()
        digest = digest_of(f"{path}:{tag} {next(self._numbers)}")
        self.hub.state.push_tag(path, tag, at=at, images=[Image("linux", "amd64", digest=digest, pushed_at=at)])
        return at

    def pass_time(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**duration).total_seconds())

    def requests(self) -> list[str]:
        """Return what Docker Hub was asked for since the last time: paths, without those of logins."""
        paths = [each.path for each in self.hub.requests if "/auth/" not in each.path]
        self.hub.clear_requests()
        return [path.removeprefix("/v2/namespaces/") for path in paths]

    def names(self, namespace: str = "acme") -> list[str]:
        """Return the repositories that are known."""
        return [each.name.familiar for each in self.known(namespace)]

    def known(self, namespace: str = "acme") -> Sequence[RepositorySnapshot]:
        """Return what is known of repositories."""
        with self.store.read() as connection:
            return snapshots.repositories(connection, HOME, namespace)

    def one(self, name: RepositoryName = API) -> RepositorySnapshot:
        """Return what is known of a repository."""
        with self.store.read() as connection:
            found = snapshots.repository(connection, HOME, name)
        assert found is not None
        return found

    def tags(self, name: RepositoryName = API) -> list[str]:
        """Return the tags that are known of a repository, the newest first."""
        return [tag.name for tag in self.snapshots_of(name)]

    def snapshots_of(self, name: RepositoryName = API) -> Sequence[TagSnapshot]:
        """Return what is known of the tags of a repository."""
        with self.store.read() as connection:
            return snapshots.tags_of(connection, HOME, [name]).get(name, ())

    def representatives(self, scope: Scope = Scope(("acme",))) -> list[str]:  # noqa: B008 - Frozen.
        """Return the images that stand for a scope."""
        with self.store.read() as connection:
            return [tag.reference for tag in snapshots.representatives(connection, HOME, scope)]

    def unchecked(self, scope: Scope = Scope(("acme",))) -> dict[str, str]:  # noqa: B008 - Frozen.
        """Return what could not be looked at, and why."""
        with self.store.read() as connection:
            now = self.store.now(connection)
            return {each.subject: each.why for each in snapshots.unchecked(connection, HOME, scope, now=now)}

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def make_hub(clock: FrozenClock, *, rate_limit: int = PLENTY) -> HubSimulator:
    """Return an empty Docker Hub that knows `acme`, to be entered."""
    state = HubState()
    state.add_user("ana", password="-", joined_at=LONG_AGO)
    state.add_organization("acme", joined_at=LONG_AGO, members={"ana": "owner"})
    return HubSimulator(state, now=clock.now, rate_limit=rate_limit, authenticated_rate_limit=rate_limit)
