"""What the panel may order, as models: what does not fit is refused before anything happens."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from bot.sandbox.clock import MovableClock
from bot.sandbox.page.weather import (
    BuildFarmState,
    HubData,
    HubNetwork,
    HubWeather,
    HubWebhooks,
    SlackNetwork,
    SlackWeather,
    TokenCondition,
    Unacceptable,
)

MORNING_HOUR = 9
LONGEST_MOVE_SECONDS = 10 * 365 * 86_400.0
MOST_WEBHOOKS = 50

WebhookCount = Annotated[int, Field(ge=0, le=MOST_WEBHOOKS)]
TagName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class PushTag(_Order):
    """Push an image that was just built; one manifest per platform."""

    do: Literal["push_tag"]
    repository: str
    tag: TagName
    platforms: Sequence[str] = Field(min_length=1, max_length=20)
    grow_percent: float = Field(0, gt=-100, le=1_000, allow_inf_nan=False)
    webhooks: WebhookCount | None = None


class RollBackTag(_Order):
    """Let a tag point again at the image that it pointed at before."""

    do: Literal["roll_back_tag"]
    repository: str
    tag: TagName
    webhooks: WebhookCount | None = None


class PublishVulnerability(_Order):
    """Let a vulnerability become known."""

    do: Literal["publish_vulnerability"]
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]


class AcceptInvite(_Order):
    """Let an invitee join the organization."""

    do: Literal["accept_invite"]
    organization: str
    invitee: str


class SetHubNetwork(_Order):
    """Let something go wrong at Docker Hub, or nothing."""

    do: Literal["network"]
    state: HubNetwork


class SetToken(_Order):
    """Let Docker Hub's access tokens be good or expired."""

    do: Literal["token"]
    state: TokenCondition


class SetWebhooks(_Order):
    """Let Docker Hub's webhooks come as they should, or not."""

    do: Literal["webhooks"]
    state: HubWebhooks


class SetHubData(_Order):
    """Let Docker Hub's API show pushes at once, or later."""

    do: Literal["data"]
    state: HubData


class SetBuildFarm(_Order):
    """Let Docker Hub build what is asked for, or not."""

    do: Literal["build_farm"]
    state: BuildFarmState


class SetSlackNetwork(_Order):
    """Let something go wrong at Slack, or nothing."""

    do: Literal["network"]
    state: SlackNetwork


class MoveClock(_Order):
    """Move the time: by a while, to tomorrow morning where a person lives, or back to the machine's own."""

    by: str = Field("", alias="as")
    advance_seconds: float | None = Field(None, allow_inf_nan=False, ge=-LONGEST_MOVE_SECONDS, le=LONGEST_MOVE_SECONDS)
    to: Literal["tomorrow 09:00"] | None = None
    reset: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if [self.advance_seconds is not None, self.to is not None, self.reset].count(True) != 1:
            raise ValueError("say one of: advance_seconds, to, reset")
        return self


WeatherOrder = SetHubNetwork | SetToken | SetWebhooks | SetHubData | SetBuildFarm
HubOrder = PushTag | RollBackTag | PublishVulnerability | AcceptInvite | WeatherOrder
HUB_ORDER: TypeAdapter[HubOrder] = TypeAdapter(Annotated[HubOrder, Field(discriminator="do")])


def carry_out(order: HubOrder | SetSlackNetwork, hub: HubWeather, slack: SlackWeather) -> dict[str, Any]:
    """Do it, and return what the page wants to know about it."""
    match order:
        case PushTag():
            pushed = hub.push(
                order.repository,
                order.tag,
                platforms=order.platforms,
                grow_percent=order.grow_percent,
                webhooks=order.webhooks,
            )
            return asdict(pushed)
        case RollBackTag():
            return asdict(hub.roll_back(order.repository, order.tag, webhooks=order.webhooks))
        case PublishVulnerability():
            return asdict(hub.publish_vulnerability(order.severity))
        case AcceptInvite():
            return {"user": hub.accept_invite(order.organization, order.invitee)}
        case SetSlackNetwork():
            slack.set_network(order.state)
        case _:
            _change_weather(order, hub)
    return {}


def _change_weather(order: WeatherOrder, hub: HubWeather) -> None:
    match order:
        case SetHubNetwork():
            hub.set_network(order.state)
        case SetToken():
            hub.set_token(order.state)
        case SetWebhooks():
            hub.set_webhooks(order.state)
        case SetHubData():
            hub.set_data(order.state)
        case SetBuildFarm():
            hub.set_build_farm(order.state)


def move(clock: MovableClock, order: MoveClock, timezone: str) -> None:
    """Move the clock; "tomorrow" is meant in the time zone (an IANA name)."""
    if order.advance_seconds is not None:
        if abs(clock.offset.total_seconds() + order.advance_seconds) > LONGEST_MOVE_SECONDS:
            raise Unacceptable("That is more than ten years from now.")
        clock.advance(seconds=order.advance_seconds)
    elif order.reset:
        clock.reset()
    else:
        tomorrow = clock().astimezone(ZoneInfo(timezone)) + timedelta(days=1)
        clock.set_to(_morning_of(tomorrow))


def _morning_of(day: datetime) -> datetime:
    return day.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0, fold=0)
