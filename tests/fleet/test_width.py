"""How many requests go out side by side."""

from datetime import timedelta

import pytest

from bot.clock import FrozenClock
from bot.fleet.width import MOST, Width
from bot.hub.pacing import Budget, Budgets
from bot.hub.protocol import Answer
from tests.fleet.scene import NOON


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def budget(clock: FrozenClock) -> Budget:
    return Budgets(clock, lambda: 0.0).of("hub.docker.com", "no credential")


def told(remaining: int, *, status: int = 200, limit: int = 180, seconds: int = 60) -> Answer:
    reset = int((NOON + timedelta(seconds=seconds)).timestamp())
    headers = {
        "X-RateLimit-Limit": f"{limit}",
        "X-RateLimit-Remaining": f"{remaining}",
        "X-RateLimit-Reset": f"{reset}",
    }
    return Answer(status, headers, b"{}")


def width(budget: Budget, clock: FrozenClock, *, leaves_reserve: bool = False) -> Width:
    return Width(lambda: budget, clock.now, leaves_reserve=leaves_reserve)


def test_it_is_wide_where_nobody_tells_of_a_limit(budget: Budget, clock: FrozenClock) -> None:
    assert width(budget, clock).allowed == MOST


@pytest.mark.parametrize(("remaining", "allowed"), [(100, MOST), (10, 10), (1, 1), (0, 1)])
def test_no_more_are_on_their_way_than_are_left(
    budget: Budget, clock: FrozenClock, remaining: int, allowed: int
) -> None:
    budget.note(told(remaining))

    # At 0 a cool-down has begun too, and the one waits for its end.
    assert width(budget, clock).allowed == allowed


def test_the_background_leaves_the_last_part_to_people(budget: Budget, clock: FrozenClock) -> None:
    budget.note(told(20))

    assert width(budget, clock, leaves_reserve=True).allowed == 20 - 9


def test_after_the_reset_it_is_wide_again(budget: Budget, clock: FrozenClock) -> None:
    budget.note(told(3))
    clock.advance(61)

    assert width(budget, clock).allowed == MOST


def test_a_refusal_halves_it_once_and_answers_widen_it_slowly(budget: Budget, clock: FrozenClock) -> None:
    found = width(budget, clock)
    budget.note(Answer(429, {}, b"Too Many Requests"))

    assert [found.allowed for _ in range(3)] == [MOST // 2] * 3
    clock.advance(3_600)
    for _ in range(MOST // 2):
        found.note_answer()
    assert found.allowed == MOST // 2
    found.note_answer()
    assert found.allowed == MOST // 2 + 1
    for _ in range(1_000):
        found.note_answer()
    assert found.allowed == MOST
