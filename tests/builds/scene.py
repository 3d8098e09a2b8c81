"""A provider that shows what a test says, and what knows of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NoReturn

from pydantic import SecretStr
from sqlalchemy import Connection

from bot.builds import build_rows
from bot.builds.build_rows import FollowedBuild
from bot.builds.model import Accepted, Build, Order, Prepared, ProviderKind, Ref, Setup
from bot.builds.providers.provider import Asked, Provider
from bot.clock import FrozenClock
from bot.errors import HubBotError
from bot.governance.proposals import Asker
from bot.store.base import Store
from bot.store.workspaces import HOME

API = "acme/api"
CHANNEL = "C0GENERAL"
ANA = Asker("U0ANA", "T0ACME", CHANNEL)
GITHUB = Setup(repository=API, provider=ProviderKind.GITHUB, project="acme/api", workflow="build.yml", branch="main")
TAKEN = Accepted(said="GitHub took it.")
LATEST = Order(repository=API, ref=Ref.DOCKER_TAG, name="latest")


class ScriptedProvider:
    """Shows what it is told to. Implements `bot.builds.providers.provider.Provider`, as far as looking goes.

    Attributes:
        found: What became of what was asked for.
        shown: Its last builds; None: it shows none.
        error: What it raises instead of telling.
        asked: What it was asked for.
        on_find: Called while it is being asked.
    """

    def __init__(self) -> None:
        self.found: Build | None = None
        self.shown: list[Build] | None = None
        self.error: HubBotError | None = None
        self.asked: list[Asked] = []
        self.secrets: list[str | None] = []
        self.on_find: Callable[[], None] = lambda: None

    def find(self, _setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Tell of what was asked for."""
        self.asked.append(asked)
        self.secrets.append(secret.get_secret_value() if secret else None)
        self.on_find()
        if self.error:
            raise self.error
        return self.found

    def recent(self, _setup: Setup, _secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Tell of the last builds."""
        if self.error:
            raise self.error
        return None if self.shown is None else self.shown[:most]

    def check(self, setup: Setup, secret: SecretStr) -> NoReturn:
        """Nobody who only looks does this."""
        raise AssertionError

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Likewise."""
        raise AssertionError

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Likewise: whoever follows a build never asks for one."""
        raise AssertionError

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Likewise."""
        raise AssertionError


class Source:
    """Knows one set-up, and which provider builds. Implements `bot.builds.reading.BuildSource`."""

    def __init__(self, setup: Setup | None = GITHUB) -> None:
        self.setup = setup
        self.providers = {kind: ScriptedProvider() for kind in ProviderKind}
        self.error: HubBotError | None = None

    @property
    def provider(self) -> ScriptedProvider:
        """The provider of the set-up."""
        return self.providers[self.setup.provider if self.setup else ProviderKind.DOCKER_HUB]

    def setup_of(self, _repository: str) -> tuple[Setup, SecretStr] | None:
        """Return the set-up, with a secret."""
        if self.error:
            raise self.error
        return (self.setup, SecretStr("a-secret-of-the-test")) if self.setup else None

    def reading_setup(self, repository: str) -> Setup:
        """Return the set-up, else Docker Hub's own builds."""
        return self.setup or Setup(repository=repository, provider=ProviderKind.DOCKER_HUB)

    def provider_of(self, setup: Setup) -> Provider:
        """Return who builds."""
        return self.providers[setup.provider]


def ask(
    store: Store,
    clock: FrozenClock,
    *,
    order: Order = LATEST,
    setup: Setup = GITHUB,
    change_id: str = "chg_1",
    channel: str | None = CHANNEL,
    asker: Asker = ANA,
    baseline: datetime | None = None,
    accepted: Accepted | None = TAKEN,
) -> str:
    """Have a build asked for, and taken unless `accepted` is None; return its id."""

    def begin(connection: Connection) -> str:
        return build_rows.add(
            connection,
            workspace=HOME,
            order=order,
            setup=setup,
            change_id=change_id,
            asker=asker,
            channel=channel,
            now=clock.now(),
            baseline=baseline,
        )

    build_id = store.write(begin)
    if accepted is not None:
        store.write(lambda connection: build_rows.note_accepted(connection, change_id, accepted, clock.now()))
    return build_id


def the(store: Store, build_id: str) -> FollowedBuild:
    """Return a build as it is now."""
    with store.read() as connection:
        return build_rows.find(connection, build_id)
