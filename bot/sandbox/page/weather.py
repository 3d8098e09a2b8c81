"""The panel's weather: what goes wrong at the simulated Docker Hub and at the simulated Slack, and what is pushed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.pushing import SILENCE, Announcement, size_like, usual_count
from bot.sandbox.hub.scout_seed import Severity
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import ImmutableTagError, Repository
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator

HubNetwork = Literal["up", "slow", "limited", "down"]
SlackNetwork = Literal["up", "slow", "limited", "down", "revoked"]
TokenCondition = Literal["good", "expired"]
HubWebhooks = Literal["prompt", "late", "doubled", "lost"]
HubData = Literal["fresh", "lagging"]
BuildFarmState = Literal["working", "failing", "paused", "dropping"]

SLOW_SECONDS = 4.0
LIMITED_SECONDS = 60.0
LAG_SECONDS = 20.0
# Whoever builds: the one whose token the bot has.
PUSHER = "ana"
_ANNOUNCEMENTS: Mapping[HubWebhooks, Announcement] = {
    "prompt": Announcement(),
    "late": Announcement(delay_seconds=30),
    "doubled": Announcement(duplicates=1, order="reversed"),
    "lost": SILENCE,
}


class Unacceptable(Exception):  # noqa: N818 - It is an answer for a person, not a failure.
    """What was asked of the sandbox makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Attributes:
        digest: Of what the tag names now.
        webhooks: How many are on their way, or will be.
    """

    digest: str
    webhooks: int


@dataclass(frozen=True, slots=True)
class Advisory:
    """A vulnerability that was published.

    Attributes:
        package: What it is in.
        repositories: How many repositories have that.
    """

    id: str
    package: str
    repositories: int


class HubWeather:
    """The simulated Docker Hub's network, token, webhooks, data and build farm, as the panel sets them.

    Attributes:
        network: As set last.
        token: As set last.
        webhooks: As set last.
        data: As set last.
        build_farm: As set last.
    """

    def __init__(self, hub: HubSimulator) -> None:
        self._hub = hub
        self.network: HubNetwork = "up"
        self.token: TokenCondition = "good"
        self.webhooks: HubWebhooks = "prompt"
        self.data: HubData = "fresh"
        self.build_farm: BuildFarmState = "working"

    def state(self) -> dict[str, str]:
        """Return everything as it was set last."""
        return {
            "network": self.network,
            "token": self.token,
            "webhooks": self.webhooks,
            "data": self.data,
            "build_farm": self.build_farm,
        }

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

    def set_webhooks(self, webhooks: HubWebhooks) -> None:
        """Say how the pushes from now on are told."""
        self._hub.announcement = _ANNOUNCEMENTS[webhooks]
        self.webhooks = webhooks

    def set_data(self, data: HubData) -> None:
        """Let Docker Hub's API show the pushes from now on at once, or later than they are told."""
        self._hub.lag_seconds = LAG_SECONDS if data == "lagging" else 0.0
        self.data = data

    def set_build_farm(self, state: BuildFarmState) -> None:
        """Let what is asked for be built, fail, wait until this is said again, or be forgotten."""
        farm = self._hub.builds
        farm.usual_outcome = "error" if state == "failing" else "success"
        farm.drops_requests = state == "dropping"
        if state == "paused":
            farm.pause()
        else:
            farm.resume()
        self.build_farm = state

    def push(
        self,
        repository: str,
        tag: str,
        *,
        platforms: Sequence[str],
        grow_percent: float = 0,
        webhooks: int | None = None,
    ) -> Pushed:
        """Push an image that was just built, one manifest per platform.

        Args:
            repository: `namespace/name`.
            tag: The name, new or old.
            platforms: At least one.
            grow_percent: By how much it is larger than the tag's image, or the repository's newest, was.
            webhooks: How many webhooks it brings; None: as many as Docker Hub's.
        """
        with self._hub.state.lock:
            found = self._repository(repository)
            factor = 1 + grow_percent / 100
            sizes = [round(size_like(found, tag, platform) * factor) for platform in platforms]
            return self._push(repository, tag, webhooks, platforms=platforms, sizes=sizes)

    def roll_back(self, repository: str, tag: str, *, webhooks: int | None = None) -> Pushed:
        """Let a tag point again at the image that it pointed at before."""
        with self._hub.state.lock:
            before = self._repository(repository).tag_before(tag)
            if before is None:
                raise Unacceptable(f"{repository}:{tag} has pointed at no other image, so there is none to go back to.")
            return self._push(repository, tag, webhooks, images=before.images, digest=before.digest)

    def publish_vulnerability(self, severity: Severity) -> Advisory:
        """Let a vulnerability become known, in some package that some images have."""
        finding, repositories = self._hub.scout.publish(severity)
        return Advisory(finding.id, finding.package, len(repositories))

    def accept_invite(self, organization: str, invitee: str) -> str:
        """Let an invitee join the organization, and return the user name by which they did."""
        try:
            return self._hub.state.accept_invite(organization, invitee, at=self._hub.clock()).name
        except KeyError:
            raise Unacceptable(f"{invitee} has no invite to {organization}.") from None

    def _push(self, repository: str, tag: str, webhooks: int | None, **what: Any) -> Pushed:
        announcement = self._hub.announcement
        if webhooks is not None and self.webhooks != "lost":
            announcement = replace(announcement, count=webhooks)
        try:
            pushed = self._hub.push(repository, tag, pusher=PUSHER, webhooks=announcement, **what)
        except ImmutableTagError:
            raise Unacceptable(
                f"{repository}:{tag} is immutable: a tag that a rule protects is never changed."
            ) from None
        except ValueError as error:
            raise Unacceptable(f"{error}; write it like linux/arm64.") from None
        each = usual_count(len(pushed.images)) if announcement.count is None else announcement.count
        receivers = len(self._repository(repository).pipelines)
        return Pushed(pushed.digest or "", each * receivers * (1 + announcement.duplicates))

    def _repository(self, path: str) -> Repository:
        found = self._hub.state.find_repository(path)
        if found is None:
            raise Unacceptable(f"There is no repository {path}.")
        return found


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
