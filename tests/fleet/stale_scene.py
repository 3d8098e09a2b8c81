"""What it takes to look for stale images, before a simulated Docker Hub on a frozen clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.clock import FrozenClock
from bot.fleet.bases import Bases
from bot.fleet.contents import Contents
from bot.fleet.looking import Area, Looked, Question, StaleImages
from bot.fleet.rules import StaleRules
from bot.fleet.service import Fleet
from bot.hub.client import Credentials, HubClient, HubUrls
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from bot.store.base import Store
from tests.support.databases import open_database
from tests.support.desk import NOW, ago, digest, image

ACME = Question(areas=[Area("acme")])


@dataclass
class Scene:
    """Everything that it takes to look, before a simulated Docker Hub."""

    hub: HubSimulator
    clock: FrozenClock
    store: Store
    client: HubClient
    fleet: Fleet
    rules: StaleRules
    images: StaleImages

    def look(self, question: Question = ACME) -> Looked:
        return self.images.look(question, hub=self.client)

    def paths(self) -> list[str]:
        """Return what Docker Hub was asked since this was last called."""
        asked = [each.path.removeprefix("/v2/namespaces/") for each in self.hub.requests]
        self.hub.clear_requests()
        return asked

    def tags_read(self) -> list[str]:
        """Return of which repositories tags were asked for, likewise."""
        asked = [path for path in self.paths() if path.endswith("/tags")]
        return sorted(path.removesuffix("/tags").replace("/repositories/", "/") for path in asked)


@contextmanager
def open_scene(state: HubState, unknowns: Unknowns | None = None, *, rate_limit: int = 1_000) -> Iterator[Scene]:
    clock = FrozenClock(NOW)
    with HubSimulator(state, now=clock.now, unknowns=unknowns or Unknowns(), rate_limit=rate_limit) as hub:
        client = HubClient(HubUrls(hub.url, hub.url, hub.url), Credentials.from_values(), clock)
        store = open_database(clock.now)
        fleet, rules = Fleet(store, client, clock), StaleRules(store)
        images = StaleImages(store, fleet, rules, Bases(store, fleet, Contents(store, client), rules))
        try:
            yield Scene(hub, clock, store, client, fleet, rules, images)
        finally:
            store.close()
            client.close()


def push(state: HubState, path: str, tag: str, days: float, *, size: int = 50_000_000) -> None:
    state.push_tag(path, tag, at=ago(days=days), images=[image("linux/amd64", "a", size)], digest=digest("1"))
