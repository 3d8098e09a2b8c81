"""Pace and quota. Source: https://docs.slack.dev/apis/web-api/rate-limits."""

import threading

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.limits import CALLS_PER_MINUTE, CallQuota, MessagePace, Tier


def test_channel_takes_a_message_each_second(clock: SettableClock) -> None:
    pace = MessagePace(clock)
    assert [pace.spend("C1"), pace.spend("C1"), pace.spend("C2")] == [0, 1, 0]

    clock.advance(seconds=0.6)
    assert pace.spend("C1") == 1

    clock.advance(seconds=0.4)
    assert pace.spend("C1") == 0


def test_quiet_channel_saves_nothing_up(clock: SettableClock) -> None:
    pace = MessagePace(clock)
    pace.spend("C1")
    clock.advance(minutes=5)

    assert [pace.spend("C1"), pace.spend("C1")] == [0, 1]


def test_burst_is_taken_when_allowed(clock: SettableClock) -> None:
    pace = MessagePace(clock, burst=3)

    assert [pace.spend("C1") for _ in range(4)] == [0, 0, 0, 1]
    clock.advance(seconds=1)
    assert [pace.spend("C1") for _ in range(2)] == [0, 1]


def test_pace_can_be_switched_off_and_on(clock: SettableClock) -> None:
    pace = MessagePace(clock, is_enabled=False)
    assert [pace.spend("C1") for _ in range(3)] == [0, 0, 0]

    pace.is_enabled = True
    assert pace.spend("C1") == 1


def test_pace_holds_for_all_threads_together(clock: SettableClock) -> None:
    pace = MessagePace(clock)
    waits: list[int] = []
    threads = [threading.Thread(target=lambda: waits.append(pace.spend("C1"))) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert waits.count(0) == 1


@pytest.mark.parametrize("tier", CALLS_PER_MINUTE)
def test_tier_is_what_a_minute_takes_and_a_small_burst(clock: SettableClock, tier: Tier) -> None:
    quota = CallQuota(clock, burst=2)
    allowed = CALLS_PER_MINUTE[tier] + 2

    assert {quota.spend("A1", "m", tier) for _ in range(allowed)} == {0}
    assert quota.spend("A1", "m", tier) == 60
    assert quota.spend("A1", "other", tier) == quota.spend("A2", "m", tier) == 0
    clock.advance(seconds=60)
    assert quota.spend("A1", "m", tier) == 0


def test_quota_can_be_switched_off(clock: SettableClock) -> None:
    quota = CallQuota(clock, is_enabled=False)

    assert {quota.spend("A1", "m", "tier_1") for _ in range(50)} == {0}
