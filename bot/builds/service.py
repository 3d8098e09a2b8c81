"""What commands may use of the builds."""

from collections.abc import Callable, Collection, Mapping

from pydantic import SecretStr

from bot.builds.executing import propose
from bot.builds.history import History, history_of
from bot.builds.model import Order, ProviderKind, Ref, Setup
from bot.builds.providers.provider import Provider
from bot.builds.setups import KeptSetup, Setups
from bot.errors import AccessDeniedError, UserError
from bot.governance.proposals import Asker, Proposal
from bot.governance.roles import Role
from bot.store.base import Store


class NotSetUpError(UserError):
    """Nobody said how a repository is built."""

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"Nobody said yet how `{repository}` is built. An operator can: `/hub trigger setup {repository}`."
        )


class Builds:
    """Knows who builds what.

    Args:
        store: Where builds that we asked for are kept.
        setups: How repositories are built.
        providers: Who builds.
        is_protected: Tells whether a repository is.
    """

    def __init__(
        self,
        store: Store,
        setups: Setups,
        providers: Mapping[ProviderKind, Provider],
        *,
        is_protected: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._is_protected = is_protected
        self.setups = setups
        self._providers = providers

    def require_right_to_set_up(self, repository: str, role: Role) -> None:
        """Return if somebody may say how a repository is built.

        Raises:
            AccessDeniedError: It is protected, and they are no admin: who chooses the builder chooses the image.
        """
        if self._is_protected(repository) and role < Role.ADMIN:
            raise AccessDeniedError(f"`{repository}` is protected: an admin has to say how it is built.")

    def provider_of(self, setup: Setup) -> Provider:
        """Return who builds with a set-up."""
        return self._providers[setup.provider]

    def setup_of(self, repository: str) -> tuple[Setup, SecretStr] | None:
        """Return how a repository is built, and the secret for it; None: nobody said.

        Raises:
            UserError: The secret cannot be read.
            StoreUnavailableError: The database is away.
        """
        found = self.setups.find_with_secret(repository)
        return (found[0].setup, found[1]) if found else None

    def reading_setup(self, repository: str) -> Setup:
        """Return with which set-up to look at builds: that of the repository, else Docker Hub's own builds.

        Raises:
            StoreUnavailableError: The database is away.
        """
        kept = self.setups.find(repository)
        return kept.setup if kept else Setup(repository=repository, provider=ProviderKind.DOCKER_HUB)

    def history(self, repository: str, *, most: int, states: Collection[str] | None = None) -> History:
        """Return the last builds of a repository, see `bot.builds.history.history_of`.

        Raises:
            StoreUnavailableError: The database is away.
        """
        return history_of(self._store, self, repository, most=most, states=states)

    def default_order(self, repository: str) -> Order:
        """Return what is built when nothing else is said: the branch of the set-up, else everything.

        Raises:
            NotSetUpError: Nobody said how.
            StoreUnavailableError: The database is away.
        """
        kept = self.setups.find(repository)
        if kept is None:
            raise NotSetUpError(repository)
        branch = kept.setup.branch
        return Order(repository=repository, ref=Ref.BRANCH if branch else Ref.ALL, name=branch or "")

    def propose(self, order: Order, *, role: Role, channel: str | None) -> Proposal:
        """Return the change that asks for a build, exactly as it will be sent.

        Args:
            order: What to build.
            role: The least role of who asks.
            channel: Where the build is followed: a channel, or a person; None: nowhere.

        Raises:
            NotSetUpError: Nobody said how.
            UserError: This provider cannot build that, or its secret cannot be read.
            StoreUnavailableError: The database is away.
        """
        found = self.setups.find_with_secret(order.repository)
        if found is None:
            raise NotSetUpError(order.repository)
        kept, secret = found
        prepared = self.provider_of(kept.setup).prepare(kept.setup, order, secret)
        return propose(kept, order, prepared, role=role, channel=channel)

    def save(self, setup: Setup, secret: SecretStr, asker: Asker) -> None:
        """Keep how a repository is built.

        Raises:
            SetupError: It, or the secret, has not the form that the provider needs.
            SetByFileError: The configuration file says how it is built.
            NoSecretKeyError: Nothing secret can be stored.
            StoreUnavailableError: The database is away.
        """
        self.provider_of(setup).check(setup, secret)
        self.setups.save(setup, secret, asker)

    def try_out(self, kept: KeptSetup, secret: SecretStr) -> str | None:
        """Check with the provider that a set-up works, without building anything.

        Returns:
            What was found, a sentence; None: this provider can only be tried by building.

        Raises:
            BuildError: It does not work.
        """
        return self.provider_of(kept.setup).try_out(kept.setup, secret)
