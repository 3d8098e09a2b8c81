"""How long to wait before asking again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.pushes.settling import backoff_seconds

draws = st.floats(0, 1)


def test_pauses_double_up_to_half_a_minute() -> None:
    assert [backoff_seconds(attempts, 0.0) for attempts in range(1, 8)] == [2, 4, 8, 16, 30, 30, 30]
    assert [backoff_seconds(attempts, 1.0) for attempts in range(1, 6)] == [1.5, 3, 6, 12, 22.5]


@given(st.integers(0, 10**9), draws)
def test_no_pause_is_longer_than_half_a_minute(attempts: int, draw: float) -> None:
    assert 1.5 <= backoff_seconds(attempts, draw) <= 30


@given(st.lists(draws, min_size=4, max_size=4))
def test_whatever_is_drawn_a_pause_is_never_shorter_than_the_one_before_until_the_longest(drawn: list[float]) -> None:
    pauses = [backoff_seconds(number, draw) for number, draw in enumerate(drawn, start=1)]

    assert all(earlier <= later for earlier, later in pairwise(pauses))
