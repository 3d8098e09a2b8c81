"""What every build provider can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr

from bot.builds.model import Accepted, Build, Order, Prepared, Setup
from bot.errors import HubBotError, UserError


class Refusal(StrEnum):
    """What it means that a provider did not take a trigger."""

    WRONG = "wrong"
    """The trigger, project, workflow or branch does not exist, or the values are wrong: nothing is built."""
    FORBIDDEN = "forbidden"
    """The secret is refused."""
    PENDING = "pending"
    """The same is waiting to be built already; this was ignored."""
    THROTTLED = "throttled"
    """Too many, or too soon; this was ignored."""
    DOWN = "down"
    """The provider could not be reached: nothing was sent."""
    UNHEARD = "unheard"
    """It was sent and no good answer came: it may have been queued, so it must not be repeated."""


class BuildError(HubBotError):
    """A provider did not do what it was asked for.

    Args:
        refusal: What it means.
        sentence: What happened, what it means, and what to do about it; no secret in it.
        status: The HTTP status; None: there was no answer.
    """

    reason = "build"

    def __init__(self, refusal: Refusal, sentence: str, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.refusal = refusal
        self.status = status


class SetupError(UserError):
    """A set-up, or its secret, has not the form that its provider needs.

    Args:
        field: The field of `Setup` that is wrong, or `secret`.
        sentence: What is wrong, and what is expected; never a secret.
    """

    reason = "setup"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class Asked:
    """A build that we asked for, for its provider to find again.

    Attributes:
        order: What was asked for.
        at: When (UTC).
        build_id: Which build it became, if the provider said, or as which it was found.
        is_over: Whether its end is known.
        others: The other builds that we asked this provider for: a build that is found may be theirs.
    """

    order: Order
    at: datetime
    build_id: str | None = None
    is_over: bool = False
    others: tuple["Asked", ...] = ()


class Provider(Protocol):
    """One kind of provider. Holds no state of its own; safe to use from several threads."""

    def check(self, setup: Setup, secret: SecretStr) -> None:
        """Check the form of a set-up and its secret. Sends nothing.

        Raises:
            UserError: A sentence that says what is wrong, and which field of `Setup` it is (`SetupError`).
        """

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make, its secrets masked. Sends nothing.

        Raises:
            UserError: This provider cannot build that.
        """

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Ask for the build, once. Never repeated, whatever happens.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
        """

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Check with the provider that the set-up works, without building anything.

        Returns:
            What was found, a sentence; None: this provider can only be tried by building.

        Raises:
            BuildError: It does not work.
        """

    def recent(self, setup: Setup, secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Return the last builds, newest first; None: this provider does not tell of builds.

        Raises:
            BuildError: It could not be asked.
            HubError: Docker Hub could not be asked.
        """

    def find(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Return what became of a build that we asked for; None: the provider does not show it (yet, or ever).

        Of one whose id is known it is the build of that id, for whoever asks to see whether it still fits.

        Raises:
            BuildError: It could not be asked.
            HubError: Docker Hub could not be asked.
        """
