"""What the two kinds of Docker Hub's automated builds share: an address that builds when something is sent to it.

The address is the secret: whoever has it can build. The body says what to build. Docker ends automated builds on
1 April 2027.

Source: observed in several clients; what the bodies do is from the source of Docker Hub's own site of 2016, and that
all of them still work from https://github.com/docker/hub-feedback/issues/1725.
"""

# ruff: noqa: ARG002 - One form for every provider; not each of them needs all that it is given.

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue, SecretStr

from bot.builds.model import Accepted, Build, Order, Prepared, Ref, Setup
from bot.builds.providers.calling import JSON, Caller, Party, check_unchanged, encoded
from bot.builds.providers.docker_hub_views import DockerHubViews
from bot.builds.providers.provider import Asked
from bot.egress.client import EgressRequest
from bot.hub.protocol import Answer


@dataclass(frozen=True)
class TriggerUrl:
    """An address, taken apart.

    Attributes:
        url: The whole of it, with the slash at the end that all clients send.
        masked: What people see of it.
        secrets: Its secret parts.
    """

    url: SecretStr
    masked: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<TriggerUrl {self.masked}>"


class TriggerUrlProvider(ABC):
    """Implements `bot.builds.providers.provider.Provider`, but for what the address and the answer look like."""

    def __init__(self, caller: Caller, views: DockerHubViews) -> None:
        self._caller = caller
        self._views = views

    @abstractmethod
    def _take_apart(self, setup: Setup, secret: SecretStr) -> TriggerUrl:
        """Return the address that the secret is.

        Raises:
            SetupError: It is none.
        """

    @abstractmethod
    def _encode(self, body: JsonValue) -> bytes | None:
        """Return what a body is sent as; None: nothing."""

    @abstractmethod
    def _judge(self, answer: Answer, party: Party) -> str:
        """Return what a success says, in words for people; may be empty.

        Raises:
            BuildError: It is none.
        """

    def check(self, setup: Setup, secret: SecretStr) -> None:
        """Check that the secret is a trigger URL.

        Raises:
            SetupError: It is not, or its host may not be called.
        """
        self._caller.check_url(self._take_apart(setup, secret).url, "secret")

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make.

        Raises:
            SetupError: The secret is no trigger URL, or its host may not be called.
        """
        self.check(setup, secret)
        body = body_of(order)
        headers = {} if body is None else {"Content-Type": JSON}
        return Prepared(method="POST", address=self._take_apart(setup, secret).masked, headers=headers, body=body)

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Ask for the build, once.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
            SetupError: The secret is no trigger URL; nothing was sent.
        """
        target = self._take_apart(setup, secret)
        check_unchanged(prepared, target.masked)
        request = EgressRequest(
            prepared.method,
            target.url,
            prepared.headers,
            self._encode(prepared.body),
            timeout_seconds=setup.timeout_seconds,
        )
        party = Party(
            "Docker Hub",
            setup.repository,
            credential="the trigger URL",
            unknown="Docker Hub knows no such trigger, or it was deleted",
            secrets=target.secrets,
        )
        answer = self._caller.trigger(request, party)
        return Accepted(said=self._judge(answer, party), status=answer.status)

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Return None: whatever is sent to a trigger URL builds."""
        return None

    def recent(self, setup: Setup, secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Return the last builds, newest first; None: Docker Hub tells of none.

        Raises:
            HubError: Docker Hub could not be asked.
        """
        return self._views.recent(setup.repository, most=most)

    def find(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Return what became of a build; None: Docker Hub does not show it.

        Raises:
            HubError: Docker Hub could not be asked.
        """
        return self._views.find(asked)


def body_of(order: Order) -> JsonValue:
    """Return what Docker Hub is sent to build what is wanted; None, which is no body, for everything."""
    match order.ref:
        case Ref.ALL:
            return None
        case Ref.DOCKER_TAG:
            return {"docker_tag": order.name}
        case Ref.BRANCH:
            return {"source_type": "Branch", "source_name": order.name}
        case Ref.GIT_TAG:
            return {"source_type": "Tag", "source_name": order.name}


def json_or_nothing(body: JsonValue) -> bytes | None:
    """Return a body as it is sent; None for none."""
    return None if body is None else encoded(body)
