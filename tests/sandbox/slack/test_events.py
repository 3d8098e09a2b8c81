"""Which events go where, and when again.

Sources: https://docs.slack.dev/apis/events-api (envelope, retries) and the pages below
https://docs.slack.dev/reference/events.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.delivery import Outcome, Parcel
from bot.sandbox.slack.events import Events
from bot.sandbox.slack.state import WorkspaceState
from tests.support.waiting import wait_until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MENTION = {"type": "app_mention", "user": seed.ANA, "channel": seed.GENERAL, "text": "hi", "ts": "1795262400.000100"}
FAILURE = Outcome("refused", 500)


@dataclass
class Sent:
    """The parcels that were sent, and what becomes of them."""

    outcome: Outcome = Outcome("accepted", 200)  # noqa: RUF009 - frozen.
    parcels: list[Parcel] = field(default_factory=list)

    def deliver(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        return self.outcome

    @property
    def types(self) -> list[str]:
        return [each.payload["event"]["type"] for each in self.parcels]

    @property
    def retries(self) -> list[tuple[int, str] | None]:
        return [(each.retry.number, each.retry.reason) if each.retry else None for each in self.parcels]


@dataclass
class World:
    state: WorkspaceState
    app: App
    clock: SettableClock
    sent: Sent
    events: Events

    def publish(self, event: Mapping[str, Any]) -> None:
        self.events.publish(event)
        assert self.events.settle()


@pytest.fixture
def world() -> Iterator[World]:
    clock, sent = SettableClock(NOW), Sent()
    state, app = seed.acme_workspace(clock, seed.manifest_for("http://app/"))
    events = Events(state, lambda: [app], clock, sent.deliver)
    events.start()
    yield World(state, app, clock, sent, events)
    events.stop()


def test_event_comes_in_its_envelope(world: World) -> None:
    world.publish(MENTION)

    payload = dict(world.sent.parcels[0].payload)
    event_id = payload.pop("event_id")
    assert event_id.startswith("Ev")
    assert payload.pop("event_context") == f"EC{event_id[2:]}"
    assert payload == {
        "token": "sandbox-verification-token",
        "team_id": "T0ACME",
        "context_team_id": "T0ACME",
        "context_enterprise_id": None,
        "api_app_id": "A0HUBBOT",
        "event": {**MENTION, "event_ts": "1795262400.000100"},
        "type": "event_callback",
        "event_time": 1795262400,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T0ACME",
                "user_id": "U0HUBBOT",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def test_envelope_tells_of_channels_with_others(world: World) -> None:
    world.publish({**MENTION, "channel": seed.PARTNER})

    assert world.sent.parcels[0].payload["is_ext_shared_channel"] is True


def test_failed_event_is_sent_again_at_once_after_a_minute_and_after_five(world: World) -> None:
    world.sent.outcome = FAILURE

    world.publish(MENTION)
    assert world.sent.retries == [None, (1, "http_error")]

    world.clock.advance(seconds=59)
    assert world.events.settle()
    assert len(world.sent.parcels) == 2

    world.clock.advance(seconds=1)
    wait_until(lambda: len(world.sent.parcels) == 3)
    world.clock.advance(minutes=5)
    wait_until(lambda: len(world.sent.parcels) == 4)

    assert world.sent.retries == [None, (1, "http_error"), (2, "http_error"), (3, "http_error")]
    assert len({each.payload["event_id"] for each in world.sent.parcels}) == 1


def test_event_is_dropped_after_the_third_retry(world: World) -> None:
    world.sent.outcome = FAILURE
    world.publish(MENTION)
    for count in (3, 4):
        world.clock.advance(minutes=5)
        wait_until(lambda count=count: len(world.sent.parcels) == count)  # type: ignore[misc]

    world.clock.advance(hours=1)
    assert world.events.settle()

    assert len(world.sent.parcels) == 4


def test_retry_stops_when_it_is_acknowledged(world: World) -> None:
    world.sent.outcome = FAILURE
    world.publish(MENTION)
    world.sent.outcome = Outcome("accepted", 200)
    world.clock.advance(minutes=1)
    wait_until(lambda: len(world.sent.parcels) == 3)

    world.clock.advance(minutes=10)
    assert world.events.settle()

    assert len(world.sent.parcels) == 3


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("timeout", "http_timeout"),
        ("unreachable", "connection_failed"),
        ("too_many_redirects", "too_many_redirects"),
        ("ssl_error", "ssl_error"),
        ("unacknowledged", "timeout"),
    ],
)
def test_retry_tells_why(world: World, kind: Any, reason: str) -> None:
    world.sent.outcome = Outcome(kind)

    world.publish(MENTION)

    assert world.sent.retries == [None, (1, reason)]


def test_app_may_turn_retries_off(world: World) -> None:
    """`x-slack-no-retry: 1`."""
    world.sent.outcome = Outcome("refused", 500, forbids_retry=True)

    world.publish(MENTION)

    assert world.sent.retries == [None]


def test_event_older_than_two_hours_is_not_delivered(world: World) -> None:
    """By default Slack does not attempt to deliver an event that is more than two hours late."""
    world.sent.outcome = FAILURE
    world.publish(MENTION)

    world.clock.advance(hours=3)
    assert world.events.settle()

    assert len(world.sent.parcels) == 2


@pytest.mark.parametrize(
    ("event", "is_sent"),
    [
        (MENTION, True),
        ({**MENTION, "channel": seed.RANDOM}, False),
        ({"type": "reaction_added", "user": seed.ANA}, False),
        ({"type": "message", "channel_type": "channel", "channel": seed.GENERAL}, True),
        ({"type": "message", "channel_type": "channel", "channel": seed.RANDOM}, False),
        ({"type": "message", "channel_type": "group", "channel": seed.CREW}, True),
        ({"type": "message", "channel_type": "mpim", "channel": seed.CREW}, False),
        ({"type": "channel_archive", "channel": seed.RANDOM}, True),
        ({"type": "channel_left", "channel": seed.RANDOM}, True),
        ({"type": "app_home_opened", "user": seed.ANA}, True),
    ],
)
def test_app_gets_what_it_subscribes_to_where_it_is(world: World, event: Mapping[str, Any], *, is_sent: bool) -> None:
    world.publish(event)

    assert len(world.sent.parcels) == is_sent


def test_event_without_its_scope_is_not_sent(world: World) -> None:
    manifest = seed.manifest_for("http://app/")
    manifest["oauth_config"]["scopes"]["bot"].remove("app_mentions:read")
    world.app.manifest = manifest

    world.publish(MENTION)
    world.publish({"type": "app_home_opened", "user": seed.ANA})

    assert world.sent.types == ["app_home_opened"]


def uninstall(app: App) -> None:
    app.is_installed = False


def revoke(app: App) -> None:
    app.bot_token.state = "revoked"


@pytest.mark.parametrize("end", [uninstall, revoke])
def test_app_that_is_gone_gets_nothing_but_the_farewell(world: World, end: Callable[[App], None]) -> None:
    end(world.app)

    world.publish(MENTION)
    world.publish({"type": "tokens_revoked", "tokens": {"bot": [seed.BOT_USER]}})

    assert world.sent.types == ["tokens_revoked"]


def test_slow_app_does_not_hold_up_the_next_event(world: World) -> None:
    let_go = Event()

    def deliver(parcel: Parcel) -> Outcome:
        if parcel.payload["event"]["type"] == "app_mention":
            let_go.wait(5)
        return world.sent.deliver(parcel)

    events = Events(world.state, lambda: [world.app], world.clock, deliver)
    events.start()
    events.publish(MENTION)
    events.publish({"type": "app_home_opened", "user": seed.ANA})
    wait_until(lambda: world.sent.types == ["app_home_opened"])

    let_go.set()
    assert events.settle()
    events.stop()

    assert world.sent.types == ["app_home_opened", "app_mention"]


def test_nothing_is_sent_after_the_stop(world: World) -> None:
    world.sent.outcome = FAILURE
    world.publish(MENTION)

    world.events.stop()
    world.clock.advance(minutes=1)
    world.events.publish(MENTION)

    assert len(world.sent.parcels) == 2
