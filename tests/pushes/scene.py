"""A small Docker Hub, a database and a lookout between them, all by one clock."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import delete, insert, select

from bot.clock import FrozenClock
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.pushes.intake import Intake
from bot.pushes.lookout import Lookout
from bot.pushes.payload import Push
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image, digest_of
from bot.store.base import Store
from bot.store.tables import events, sightings, subscriptions
from bot.store.workspaces import HOME

START = datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC)
LONG_AGO = START - timedelta(days=90)


class SettableClock(FrozenClock):
    """A clock whose wall time can be set back, as that of a machine can; monotonic time goes on."""

    def set_back(self, **duration: float) -> None:
        """Set it back by so much."""
        self._at -= timedelta(**duration).total_seconds()


class Scene:
    """What a test of the lookout plays with.

    Args:
        hub: Docker Hub, by the clock.
        store: The database, by the clock.
        clock: The time.
        token: A PAT of `ana`; None: no credential.
    """

    def __init__(self, hub: HubSimulator, store: Store, clock: SettableClock, *, token: str | None = None) -> None:
        self.hub = hub
        self.store = store
        self.clock = clock
        self.intake = Intake(store)
        credentials = Credentials.from_values(username="ana" if token else None, token=_secret(token))
        self.client = HubClient(HubUrls(hub.url, hub.url, hub.url), credentials, clock, draw=lambda: 0.0)
        self._numbers = itertools.count(1)

    def lookout(self, *namespaces: str, has_webhooks: bool = True) -> Lookout:
        """Return a lookout; each one is as good as another process."""
        return Lookout(
            self.store,
            self.client,
            self.intake,
            self.clock,
            namespaces=namespaces or ("acme",),
            has_webhooks=has_webhooks,
            draw=lambda: 0.0,
        )

    def subscribe(self, image: str, *tags: str) -> None:
        """Have a channel want the pushes of some repositories from now on."""
        number = next(self._numbers)
        namespace, _, name = image.partition("/")
        row = {
            "id": f"sub_{number}",
            "workspace": HOME,
            "channel": "C1",
            "number": number,
            "namespace": namespace,
            "name": name,
            "filters": {"tag": list(tags)} if tags else {},
            "origin": "command",
            "created_at": self.clock.now(),
        }
        self.store.write(lambda connection: connection.execute(insert(subscriptions), row))

    def unsubscribe(self) -> None:
        """Have nobody want anything any more."""
        self.store.write(lambda connection: connection.execute(delete(subscriptions)))

    def repository(self, path: str, *tags: str, at: datetime = LONG_AGO) -> None:
        """Have a repository with some tags, of long ago."""
        namespace, _, name = path.partition("/")
        self.hub.state.create_repository(namespace, name, at=LONG_AGO)
        for number, tag in enumerate(tags):
            self.push(path, tag, at=at + timedelta(minutes=number))

    def push(
        self,
        path: str,
        tag: str,
        *,
        at: datetime | None = None,
        image: str | None = None,
        pusher: str = "ci-bot",
    ) -> datetime:
        """Push, and return when; by default now, and an image of its own."""
        at = at or self.clock.now()
        digest = digest_of(image or f"{path}:{tag} {next(self._numbers)}")
        images = [Image("linux", "amd64", digest=digest, pushed_at=at)]
        self.hub.state.push_tag(path, tag, at=at, images=images, pusher=pusher)
        return at

    def webhook(self, path: str, tag: str, pushed_at: datetime) -> None:
        """Have Docker Hub tell of a push, as it does: in whole seconds."""
        self.intake.take(Push(RepositoryName.parse(path), tag, pushed_at.replace(microsecond=0), "ci-bot"))

    def advance(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**duration).total_seconds())

    def events(self) -> list[tuple[str, datetime, str]]:
        """Return what was found out: image, time and source, earliest first."""
        columns = events.c.repository, events.c.tag, events.c.pushed_at, events.c.source
        with self.store.read() as connection:
            rows = connection.execute(select(*columns).order_by(events.c.pushed_at, events.c.repository)).all()
        return [(f"{row.repository}:{row.tag}", row.pushed_at, row.source) for row in rows]

    def images(self) -> list[str]:
        """Return the images of the events alone."""
        return [image for image, _, _ in self.events()]

    def sighting(self, subject: str) -> dict[str, Any]:
        """Return the row of a subject."""
        with self.store.read() as connection:
            row = connection.execute(select(sightings).where(sightings.c.subject == subject)).mappings().one()
        return dict(row)

    def asked(self) -> Sequence[str]:
        """Return the paths that Docker Hub was asked for since the last time; those of logins are left out."""
        paths = [request.path for request in self.hub.requests if not request.path.startswith("/v2/auth")]
        self.hub.clear_requests()
        return paths

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def make_hub(clock: FrozenClock) -> HubSimulator:
    """Return an empty Docker Hub that knows `acme`, to be entered."""
    state = HubState()
    state.add_user("ana", password="-", joined_at=LONG_AGO)
    state.add_organization("acme", joined_at=LONG_AGO, members={"ana": "owner"})
    return HubSimulator(state, now=clock.now, rate_limit=1_000_000, authenticated_rate_limit=1_000_000)


def _secret(text: str | None) -> SecretStr | None:
    return SecretStr(text) if text else None
