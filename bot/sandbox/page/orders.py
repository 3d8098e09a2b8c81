"""What the panel may order, as models: what does not fit is refused before anything happens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from bot.sandbox.clock import MovableClock
from bot.sandbox.page.weather import (
    HubNetwork,
    HubWeather,
    SlackNetwork,
    SlackWeather,
    TokenCondition,
    Unacceptable,
)

MORNING_HOUR = 9
LONGEST_MOVE_SECONDS = 10 * 365 * 86_400.0

TagName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class PushTag(_Order):
    """Push an image that was just built; one manifest per platform."""

    do: Literal["push_tag"]
    repository: str
    tag: TagName
    platforms: Sequence[str] = Field(min_length=1, max_length=20)


class SetHubNetwork(_Order):
    """Let something go wrong at Docker Hub, or nothing."""

    do: Literal["network"]
    state: HubNetwork


class SetToken(_Order):
    """Let Docker Hub's access tokens be good or expired."""

    do: Literal["token"]
    state: TokenCondition


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


HubOrder = PushTag | SetHubNetwork | SetToken
HUB_ORDER: TypeAdapter[HubOrder] = TypeAdapter(Annotated[HubOrder, Field(discriminator="do")])


def carry_out(order: HubOrder | SetSlackNetwork, hub: HubWeather, slack: SlackWeather) -> dict[str, str]:
    """Do it, and return what the page wants to know about it."""
    match order:
        case PushTag():
            return {"digest": hub.push(order.repository, order.tag, order.platforms)}
        case SetHubNetwork():
            hub.set_network(order.state)
        case SetToken():
            hub.set_token(order.state)
        case SetSlackNetwork():
            slack.set_network(order.state)
    return {}


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
