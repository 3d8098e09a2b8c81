"""What is asked where: a secret goes to the place that it was kept for, and to no other."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from bot.builds import build_rows
from bot.builds.executing import BuildExecutor, propose
from bot.builds.following import Follower
from bot.builds.model import ProviderKind, Setup
from bot.builds.providers import all_providers
from bot.builds.reading import fitting_secret, shown_builds
from bot.builds.service import Builds
from bot.builds.setups import Setups
from bot.clock import FrozenClock
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.governance import changes
from bot.governance.proposals import Change
from bot.governance.roles import Role
from bot.governance.vault import Vault
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.builders.github import GitHubSimulator
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.builds.scene import ANA, API, CHANNEL, GITHUB, LATEST, ask
from tests.store.played import NOON
from tests.support.databases import open_database

KEY = "dGhlIHNlY3JldCBrZXkgb2YgdGhlIHRlc3RzIDAwMDE="
OLD_TOKEN, NEW_TOKEN = "github_pat_old_000000000000000000", "github_pat_new_000000000000000000"
TRIGGER_URL = (
    "https://hub.docker.com/api/build/v1/source/5f0b3c1e-2a47-4d0c-9a56-0123456789ab"
    "/trigger/7c9e6679-7425-40de-944b-e07fc1f90ae7/call/"
)
NOWHERE = "http://127.0.0.1:9"


class Scene:
    """Two GitHubs, and who knows which of them builds."""

    def __init__(self, store: Store, clock: FrozenClock, old: GitHubSimulator, new: GitHubSimulator) -> None:
        self.store = store
        self.clock = clock
        self.old, self.new = old, new
        self.setups = Setups(store, Vault(store, [SecretStr(KEY)]), {})
        hosts = AllowedHosts(named=[each.url.removeprefix("http://") for each in (old, new)])
        self.hub = HubClient(HubUrls(NOWHERE, NOWHERE, NOWHERE), Credentials.from_values(), clock, draw=lambda: 0.0)
        self.providers = all_providers(EgressClient(hosts), self.hub.once(), clock)
        self.builds = Builds(store, self.setups, self.providers)
        self.executor = BuildExecutor(self.setups, self.providers)

    def set_up(self, secret: str, **changes: Any) -> Setup:
        setup = GITHUB.model_copy(update=changes)
        self.clock.advance(1)  # Two set-ups of the very same moment would look like one.
        self.setups.save(setup, SecretStr(secret), ANA)
        return setup

    def begun(self) -> Change:
        """Return a change that has begun, of which nobody knows how it went on."""
        found = self.setups.find_with_secret(API)
        assert found is not None
        kept, secret = found
        prepared = self.providers[kept.setup.provider].prepare(kept.setup, LATEST, secret)
        proposal = propose(kept, LATEST, prepared, role=Role.OPERATOR, channel=CHANNEL)

        def begin(connection: Connection) -> Change:
            now = self.store.now(connection)
            change = changes.add(connection, HOME, proposal, ANA, now=now)
            changes.start(connection, change, now=now)
            self.executor.begin(connection, change, now)
            return change

        return self.store.write(begin)

    def tokens_seen(self) -> set[str]:
        """Return what the old GitHub was asked with; empty: without any token."""
        assert self.old.records
        return {request.headers.get("authorization", "") for request in self.old.records}


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = FrozenClock(NOON)
    with ExitStack() as resources:
        store = resources.enter_context(closing(open_database(clock.now)))
        old, new = (resources.enter_context(GitHubSimulator(now=clock.now)) for _ in range(2))
        for github, token in ((old, OLD_TOKEN), (new, NEW_TOKEN)):
            github.add_workflow("acme/api", inputs=["tag"])
            github.add_token(token)
        scene = Scene(store, clock, old, new)
        resources.callback(scene.hub.close)
        yield scene


@pytest.mark.parametrize(
    "changes", [{"secret": NEW_TOKEN}, {"secret": TRIGGER_URL, "provider": ProviderKind.DOCKER_HUB}]
)
def test_who_built_before_never_sees_the_new_secret(scene: Scene, changes: dict[str, Any]) -> None:
    setup = scene.set_up(OLD_TOKEN, url=scene.old.url)
    change = scene.begun()
    ask(scene.store, scene.clock, setup=setup, change_id="chg_2")
    scene.set_up(**{"url": scene.new.url, **changes})
    follower = Follower(scene.store, scene.builds, scene.hub)

    for _ in range(20):
        scene.clock.advance(10)
        follower.step()
    scene.executor.read_back(change)

    assert scene.tokens_seen() == {""}


def test_a_new_token_for_the_same_place_is_followed_with_and_not_read_back_with(scene: Scene) -> None:
    scene.set_up(OLD_TOKEN, url=scene.old.url)
    change = scene.begun()
    scene.old.add_token(NEW_TOKEN)
    setup = scene.set_up(NEW_TOKEN, url=scene.old.url)

    scene.executor.read_back(change)
    assert scene.tokens_seen() == {""}

    assert shown_builds(scene.builds, API, most=5).setup == setup
    assert scene.tokens_seen() == {"", f"Bearer {NEW_TOKEN}"}


def test_what_is_read_back_is_asked_for_with_its_own_secret(scene: Scene) -> None:
    scene.set_up(OLD_TOKEN, url=scene.old.url)
    change = scene.begun()

    assert scene.executor.read_back(change) is None
    assert scene.tokens_seen() == {f"Bearer {OLD_TOKEN}"}

    with scene.store.read() as connection:
        assert build_rows.find_any(connection, change.id) is not None


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"branch": "develop", "workflow": "other.yml", "timeout_seconds": 5.0}, True),
        ({"provider": ProviderKind.GITLAB}, False),
        ({"url": "https://ghe.example.com/api/v3"}, False),
        ({"project": "acme/other"}, False),
    ],
)
def test_a_secret_fits_where_it_was_kept_for(changes: dict[str, Any], *, fits: bool) -> None:
    secret = SecretStr(OLD_TOKEN)

    assert fitting_secret(GITHUB, GITHUB.model_copy(update=changes), secret) == (secret if fits else None)
