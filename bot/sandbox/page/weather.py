"""The panel's weather: what goes wrong at the simulated Docker Hub and at the simulated Slack, and what is pushed."""

import secrets
from collections.abc import Sequence
from typing import Literal

from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import Image, ImmutableTagError, digest_of
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator

HubNetwork = Literal["up", "slow", "limited", "down"]
SlackNetwork = Literal["up", "slow", "limited", "down", "revoked"]
TokenCondition = Literal["good", "expired"]

SLOW_SECONDS = 4.0
LIMITED_SECONDS = 60.0
_SIZE_BYTES = 41_000_000
_LONGEST_PLATFORM = 3


class Unacceptable(Exception):  # noqa: N818 - It is an answer for a person, not a failure.
    """What was asked of the sandbox makes no sense; the text says why."""


class HubWeather:
    """The simulated Docker Hub's network and token, as the panel sets them.

    Attributes:
        network: As set last.
        token: As set last.
    """

    def __init__(self, hub: HubSimulator) -> None:
        self._hub = hub
        self.network: HubNetwork = "up"
        self.token: TokenCondition = "good"

    def set_network(self, network: HubNetwork) -> None:
        """Replace whatever goes wrong now."""
        self._hub.faults.clear()
        match network:
            case "slow":
                self._hub.faults.add(Fault(kind="slow", seconds=SLOW_SECONDS))
            case "limited":
                self._hub.faults.add(Fault(kind="rate_limited", retry_after_seconds=LIMITED_SECONDS))
            case "down":
                self._hub.faults.add(Fault(kind="reset"))
        self.network = network

    def set_token(self, token: TokenCondition) -> None:
        """Let the access tokens be good or expired."""
        self._hub.set_tokens_active(is_active=token == "good")
        self.token = token

    def push(self, repository: str, tag: str, platforms: Sequence[str]) -> str:
        """Push an image that was just built, one manifest per platform, and return the digest of what the tag names."""
        with self._hub.state.lock:
            if self._hub.state.find_repository(repository) is None:
                raise Unacceptable(f"There is no repository {repository}.")
            images = [self._image(platform) for platform in platforms]
            try:
                pushed = self._hub.state.push_tag(repository, tag, at=self._hub.clock(), images=images, pusher="ana")
            except ImmutableTagError:
                raise Unacceptable(
                    f"{repository}:{tag} is immutable: a tag that a rule protects is never changed."
                ) from None
        return pushed.digest or ""

    def _image(self, platform: str) -> Image:
        parts = platform.split("/")
        if not 1 < len(parts) <= _LONGEST_PLATFORM:
            raise Unacceptable(f"{platform!r} is not a platform; write it like linux/arm64.")
        now = self._hub.clock()
        return Image(
            os=parts[0],
            architecture=parts[1],
            variant=parts[2] if len(parts) == _LONGEST_PLATFORM else None,
            digest=digest_of(f"{platform} {secrets.token_hex(16)}"),
            size_bytes=_SIZE_BYTES + secrets.randbelow(_SIZE_BYTES // 10),
            pushed_at=now,
        )


class SlackWeather:
    """The simulated Slack's network, as the panel sets it.

    Attributes:
        network: As set last.
    """

    def __init__(self, slack: SlackSimulator) -> None:
        self._slack = slack
        self.network: SlackNetwork = "up"

    def set_network(self, network: SlackNetwork) -> None:
        """Replace whatever goes wrong now; it concerns what the bot asks of Slack, not what people do."""
        self._slack.faults.clear()
        match network:
            case "slow":
                self._slack.faults.add(SlackFault(kind="slow", seconds=SLOW_SECONDS))
            case "limited":
                self._slack.faults.add(SlackFault(kind="rate_limited", retry_after_seconds=LIMITED_SECONDS))
            case "down":
                self._slack.faults.add(SlackFault(kind="unavailable"))
            case "revoked":
                self._slack.faults.add(SlackFault(kind="refused", error="token_revoked", path="/api/"))
        self.network = network
