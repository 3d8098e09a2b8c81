"""Alive, ready, degraded."""

from datetime import UTC, datetime

import pytest
import requests

from bot.clock import FrozenClock
from bot.errors import HubBotError
from bot.web.health import NOT_CHECKED, Check, Health, requires
from tests.web.conftest import Bot


class Part:
    """Something that can break."""

    def __init__(self) -> None:
        self.reason: str | Exception = ""
        self.looks = 0

    def probe(self) -> None:
        self.looks += 1
        if isinstance(self.reason, Exception):
            raise self.reason
        if self.reason:
            raise HubBotError(self.reason)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 21, tzinfo=UTC))


def test_everything_in_order_is_ok_with_its_age(clock: FrozenClock) -> None:
    slack, check = Part(), Check("slack", Part().probe)
    health = Health([check], clock)
    health.look_at(check)
    clock.advance(12.34)

    assert health.report() == (
        200,
        {"status": "ok", "checks": {"slack": {"status": "ok", "age_seconds": 12.3, "reason": None}}},
    )
    assert slack.looks == 0, "a report asks nobody"


def test_the_outside_being_away_is_degraded_and_keeps_the_age(clock: FrozenClock) -> None:
    slack = Part()
    check = Check("slack", slack.probe)
    health = Health([check], clock)
    health.look_at(check)
    clock.advance(60)
    slack.reason = "Slack gave no usable answer to auth.test."
    health.look_at(check)

    status, body = health.report()

    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["slack"] == {"status": "failed", "age_seconds": 60.0, "reason": slack.reason}


def test_a_part_of_ours_being_gone_is_503(clock: FrozenClock) -> None:
    check = Check("workers", requires(lambda: False, "The workers are gone."), is_outside=False)
    health = Health([check], clock)
    health.look_at(check)

    status, body = health.report()

    assert (status, body["status"]) == (503, "unavailable")
    assert body["checks"]["workers"]["reason"] == "The workers are gone."


def test_what_was_not_looked_at_yet_is_said(clock: FrozenClock) -> None:
    _, body = Health([Check("docker_hub", Part().probe)], clock).report()

    assert body["checks"]["docker_hub"] == {"status": "failed", "age_seconds": None, "reason": NOT_CHECKED}


def test_a_probe_that_crashes_says_where_to_look(clock: FrozenClock) -> None:
    part = Part()
    part.reason = RuntimeError("bug")
    check = Check("slack", part.probe)
    health = Health([check], clock)
    health.look_at(check)

    assert health.report()[1]["checks"]["slack"]["reason"] == "the check itself failed; see the log"


def test_when_nobody_looks_any_more_it_is_not_fit(clock: FrozenClock) -> None:
    check = Check("workers", Part().probe, is_outside=False)
    health = Health([check], clock)
    health.look_at(check)
    clock.advance(181)

    status, body = health.report()

    assert status == 503
    assert body["checks"]["workers"]["reason"] == "not checked for minutes: the background loop is gone"


def test_the_age_is_by_the_machine_s_time_which_no_demo_moves() -> None:
    check = Check("workers", Part().probe, is_outside=False)
    health = Health([check])
    health.look_at(check)

    status, body = health.report()

    assert (status, body["checks"]["workers"]["status"]) == (200, "ok")
    assert body["checks"]["workers"]["age_seconds"] < 60


def test_the_routes_tell_of_it(bot: Bot) -> None:
    alive = requests.get(f"{bot.origin}/healthz", timeout=5)
    ready = requests.get(f"{bot.origin}/readyz", timeout=5)

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert set(ready.json()["checks"]) == {"workers", "answers"}
    assert ready.headers["cache-control"] == "no-store"
