"""Waiting in line: cool-downs, patience, budgets."""

import itertools
import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import FrozenClock
from bot.errors import RateLimitedError
from bot.hub.pacing import JITTER_SECONDS, SPACING_SECONDS, Budget, Budgets, CoolDown, Patience, TooLongError
from bot.hub.protocol import Answer

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())


def budgets(clock: FrozenClock) -> Budgets:
    return Budgets(clock, lambda: 0.0)


def answer(status: int = 200, remaining: int = 100, reset_in: int = 30, **headers: str) -> Answer:
    told = {
        "X-RateLimit-Limit": "180",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(STAMP + reset_in),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Answer(status, told, b"{}")


def seconds_waited(budget: Budget, clock: FrozenClock, patience: Patience) -> float:
    before = clock.monotonic()
    budget.wait(patience, resource="acme/api", credential="the PAT of ana")
    return clock.monotonic() - before


class SleepingClock(FrozenClock):
    """A frozen clock that lets every sleeper arrive before it lets any of them go on."""

    def __init__(self, sleepers: int) -> None:
        super().__init__(NOW)
        self.sleeps: list[float] = []
        self._all_asleep = threading.Barrier(sleepers, action=self._wake)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._all_asleep.wait(timeout=10)

    def _wake(self) -> None:
        self.advance(max(self.sleeps))


def test_patience_is_spent_by_waiting() -> None:
    patience = Patience(10)

    assert patience.allows(10)
    patience.spend(4)

    assert patience.allows(6)
    assert not patience.allows(6.1)


def test_patience_of_background_work_is_endless() -> None:
    patience = Patience(None)
    patience.spend(1e9)

    assert patience.is_endless
    assert patience.allows(1e9)


def test_nobody_waits_without_a_cool_down() -> None:
    clock = FrozenClock(NOW)

    CoolDown(clock, lambda: 1.0).wait(Patience(0))

    assert clock.monotonic() == 0


def test_cool_down_is_waited_out_and_never_left_early() -> None:
    clock = FrozenClock(NOW)
    cool_down = CoolDown(clock, lambda: 1.0)
    cool_down.hold(5)

    cool_down.wait(Patience(10))

    assert clock.monotonic() == pytest.approx(5 + SPACING_SECONDS + JITTER_SECONDS)
    assert not cool_down.is_on


def test_cool_down_becomes_longer_and_never_shorter() -> None:
    clock = FrozenClock(NOW)
    cool_down = CoolDown(clock, lambda: 0.0)

    cool_down.hold(5)
    cool_down.hold(2)
    cool_down.wait(Patience(10))

    assert clock.monotonic() >= 5


def test_impatient_caller_is_told_how_long_it_would_take_and_takes_no_place() -> None:
    clock = FrozenClock(NOW)
    cool_down = CoolDown(clock, lambda: 0.0)
    cool_down.hold(30)

    for _ in range(3):
        with pytest.raises(TooLongError) as raised:
            cool_down.wait(Patience(10))
        assert raised.value.seconds == pytest.approx(30 + SPACING_SECONDS)

    assert clock.monotonic() == 0


def test_waiters_are_let_go_one_after_the_other() -> None:
    waiters = 20
    clock = SleepingClock(waiters)
    cool_down = CoolDown(clock, itertools.cycle([0.0, 0.3, 1.0]).__next__)
    cool_down.hold(5)
    threads = [threading.Thread(target=cool_down.wait, args=(Patience(None),)) for _ in range(waiters)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    places = sorted(clock.sleeps)
    assert len(places) == waiters
    assert places[0] >= 5
    gaps = [later - earlier for earlier, later in itertools.pairwise(places)]
    rounding = 1e-9
    assert all(-rounding <= gap - SPACING_SECONDS <= JITTER_SECONDS + rounding for gap in gaps)


def test_newcomer_stands_behind_the_line_that_is_still_there_when_the_cool_down_has_ended() -> None:
    clock = FrozenClock(NOW)
    cool_down = CoolDown(clock, lambda: 0.0)
    cool_down.hold(5)
    places = [cool_down._take_place(Patience(None)) for _ in range(3)]
    clock.advance(5)

    newcomer = cool_down._take_place(Patience(None)) + 5

    assert newcomer == pytest.approx(places[-1] + SPACING_SECONDS)


def test_waiter_waits_again_when_the_cool_down_grew_meanwhile() -> None:
    class GrowingClock(FrozenClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.monotonic() < 20:
                cool_down.hold(20)

    clock = GrowingClock(NOW)
    cool_down = CoolDown(clock, lambda: 0.0)
    cool_down.hold(5)

    cool_down.wait(Patience(None))

    assert clock.monotonic() >= 25


def test_budget_that_is_used_up_is_not_asked_before_its_reset() -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "no credential")

    budget.note(answer(remaining=0, reset_in=8))

    assert budget.is_spent
    assert seconds_waited(budget, clock, Patience(10)) >= 8


def test_budget_that_is_used_up_raises_at_once_for_those_who_cannot_wait() -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "the PAT of ana")
    budget.note(answer(remaining=0, reset_in=45))

    with pytest.raises(RateLimitedError) as raised:
        budget.wait(Patience(10), resource="acme/api", credential="the PAT of ana")

    assert clock.monotonic() == 0
    assert raised.value.retry_at == NOW + timedelta(seconds=45 + SPACING_SECONDS)
    assert "the PAT of ana: rate limited until 09:00 UTC" in str(raised.value)


def test_refusal_starts_a_cool_down_and_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "no credential")

    with caplog.at_level(logging.WARNING):
        budget.note(Answer(429, {"Retry-After": "7"}, b'{"detail": "Rate limit exceeded", "error": false}'))

    assert seconds_waited(budget, clock, Patience(10)) >= 7
    assert [(record.message, record.wait_seconds) for record in caplog.records] == [("hub_rate_limited", 7.0)]  # type: ignore[attr-defined]  # From `extra`.


def test_budgets_of_two_credentials_cool_down_apart() -> None:
    clock = FrozenClock(NOW)
    both = budgets(clock)

    both.of("hub.docker.com", "no credential").note(answer(429, remaining=0, Retry_After="30"))

    assert both.of("hub.docker.com", "no credential").is_spent
    assert seconds_waited(both.of("hub.docker.com", "the PAT of ana"), clock, Patience(0)) == 0


def test_limit_on_abuse_stops_everybody_at_that_host() -> None:
    clock = FrozenClock(NOW)
    all_of_them = budgets(clock)
    ana = all_of_them.of("hub.docker.com", "the PAT of ana")
    registry = all_of_them.of("registry-1.docker.io", "the PAT of ana")

    all_of_them.of("hub.docker.com", "no credential").note(Answer(429, {}, b"Too Many Requests"))

    with pytest.raises(RateLimitedError):
        ana.wait(Patience(10), resource="acme/api", credential="the PAT of ana")
    assert seconds_waited(registry, clock, Patience(0)) == 0


def test_background_work_leaves_the_last_twentieth_to_people() -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "no credential")

    budget.note(answer(remaining=10, reset_in=30))
    assert seconds_waited(budget, clock, Patience(None)) == 0

    budget.note(answer(remaining=9, reset_in=30))  # 5 % of 180
    assert seconds_waited(budget, clock, Patience(10)) == 0
    assert seconds_waited(budget, clock, Patience(None)) >= 30


def test_work_that_comes_back_leaves_the_last_twentieth_to_people_without_waiting_for_more() -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "no credential")
    budget.note(answer(remaining=9, reset_in=30))

    with pytest.raises(RateLimitedError) as raised:
        budget.wait(Patience(0, asks_once=True), resource="acme/api", credential="no credential")

    assert clock.monotonic() == 0
    assert raised.value.retry_at == NOW + timedelta(seconds=30 + SPACING_SECONDS)


def test_late_answer_of_a_past_minute_starts_nothing() -> None:
    clock = FrozenClock(NOW)
    budget = budgets(clock).of("hub.docker.com", "no credential")

    budget.note(answer(remaining=0, reset_in=-5))

    assert not budget.is_spent


def test_what_was_seen_last_is_known_by_host_and_credential() -> None:
    clock = FrozenClock(NOW)
    all_of_them = budgets(clock)
    all_of_them.of("hub.docker.com", "the PAT of ana")

    all_of_them.of("hub.docker.com", "no credential").note(answer(remaining=17))

    (seen,) = all_of_them.seen()
    assert (seen.host, seen.credential, seen.limit.remaining, seen.seen_at) == (
        "hub.docker.com",
        "no credential",
        17,
        NOW,
    )


def test_an_answer_that_was_overtaken_does_not_give_back_what_is_spent() -> None:
    budget = budgets(FrozenClock(NOW)).of("hub.docker.com", "no credential")

    for told in (answer(remaining=20), answer(remaining=12), answer(remaining=15)):
        budget.note(told)
    assert budget.seen is not None
    assert budget.seen.limit.remaining == 12
    # The next minute begins with all of it.
    budget.note(answer(remaining=179, reset_in=90))
    assert budget.seen.limit.remaining == 179
