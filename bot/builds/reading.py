"""What the builds package reads with: how a repository is built and by whom, as `bot.builds.service` knows it."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from bot.builds.model import Build, ProviderKind, Setup
from bot.builds.providers.provider import BuildError, Provider
from bot.errors import HubError, UserError

DOCKER_HUBS = frozenset({ProviderKind.DOCKER_HUB, ProviderKind.CLASSIC})
"""Who builds at Docker Hub, which shows all its builds in one list, and never says which of them a trigger became."""


class BuildSource(Protocol):
    """Knows who builds what. `bot.builds.service.Builds` is one."""

    def setup_of(self, repository: str) -> tuple[Setup, SecretStr] | None:
        """Return how a repository is built, and the secret for it; None: nobody said. May raise UserError."""

    def reading_setup(self, repository: str) -> Setup:
        """Return with which set-up to look at builds."""

    def provider_of(self, setup: Setup) -> Provider:
        """Return who builds with a set-up."""


@dataclass(frozen=True)
class Shown:
    """What a provider shows of the builds of a repository.

    Attributes:
        setup: Whose builds they are: of the repository's provider, or Docker Hub's own.
        builds: Newest first; None: nobody shows any.
        problems: What could not be read and why, as sentences with code in backticks.
    """

    setup: Setup
    builds: tuple[Build, ...] | None
    problems: tuple[str, ...] = ()


def secret_for(source: BuildSource, setup: Setup) -> tuple[SecretStr | None, str]:
    """Return the secret to look with, and why there is none although there should be; empty: there is no problem.

    Raises:
        StoreUnavailableError: The database is away.
    """
    try:
        kept = source.setup_of(setup.repository)
    except UserError as error:
        return None, str(error)
    return (fitting_secret(setup, *kept) if kept else None), ""


def fitting_secret(setup: Setup, kept: Setup, secret: SecretStr) -> SecretStr | None:
    """Return a secret if it was kept for where a set-up leads, else None: it is nobody else's business.

    Args:
        setup: What is to be asked with.
        kept: With which the secret is kept.
        secret: The secret.
    """
    is_same_place = (setup.provider, setup.url, setup.project) == (kept.provider, kept.url, kept.project)
    return secret if is_same_place else None


def shown_builds(source: BuildSource, repository: str, *, most: int) -> Shown:
    """Return the last builds that the repository's provider shows; where it shows none, Docker Hub's own.

    Raises:
        StoreUnavailableError: The database is away.
    """
    setup = source.reading_setup(repository)
    shown = _shown(source, setup, most)
    if shown.builds is not None or setup.provider in DOCKER_HUBS:
        return shown
    own = _shown(source, Setup(repository=repository, provider=ProviderKind.DOCKER_HUB), most)
    if not own.builds:
        # What Docker Hub has to say matters only if it has builds: others build here.
        return shown
    return Shown(own.setup, own.builds, shown.problems)


def _shown(source: BuildSource, setup: Setup, most: int) -> Shown:
    secret, problem = secret_for(source, setup)
    problems = (problem,) if problem else ()
    try:
        found = source.provider_of(setup).recent(setup, secret, most=most)
    except (BuildError, HubError, UserError) as error:
        return Shown(setup, None, (*problems, str(error)))
    return Shown(setup, None if found is None else tuple(found), problems)
