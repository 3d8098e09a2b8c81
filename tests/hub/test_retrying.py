"""Whether to ask again, as a table, and how long to wait before, as laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub.protocol import Answer
from bot.hub.retrying import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Failure,
    Mishap,
    Outcome,
    is_worth_repeating,
    pause_seconds,
)
from tests.hub.support import unhurried

AGAIN, NEVER = True, False
DRAWS = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize(
    ("outcome", "of_reads", "of_writes"),
    [
        (Answer(429), AGAIN, AGAIN),
        (Failure(Mishap.NOT_CONNECTED), AGAIN, AGAIN),
        (Answer(502), AGAIN, NEVER),
        (Answer(503), AGAIN, NEVER),
        (Answer(504), AGAIN, NEVER),
        (Failure(Mishap.LOST), AGAIN, NEVER),
        (Failure(Mishap.TRUNCATED), AGAIN, NEVER),
        (Failure(Mishap.NOT_JSON, 200), AGAIN, NEVER),
        (Answer(200), NEVER, NEVER),
        (Answer(400), NEVER, NEVER),
        (Answer(401), NEVER, NEVER),
        (Answer(403), NEVER, NEVER),
        (Answer(404), NEVER, NEVER),
        (Answer(409), NEVER, NEVER),
        (Answer(500), NEVER, NEVER),
        (Answer(501), NEVER, NEVER),
        (Failure(Mishap.TOO_LARGE, 200), NEVER, NEVER),
        (Failure(Mishap.REDIRECTED, 302), NEVER, NEVER),
        (Failure(Mishap.UNTRUSTED), NEVER, NEVER),
    ],
)
def test_what_is_asked_again(outcome: Outcome, *, of_reads: bool, of_writes: bool) -> None:
    assert is_worth_repeating(outcome, is_read=True) == of_reads
    assert is_worth_repeating(outcome, is_read=False) == of_writes


@pytest.mark.parametrize(
    ("attempt", "draw", "seconds"),
    [
        (1, 0.0, 0.5),
        (1, 1.0, 0.75),  # 0.5 and half of it
        (2, 0.0, 1.0),
        (2, 0.5, 1.25),  # 1.0 and a quarter of it
        (3, 0.0, 2.0),
        (5, 0.0, 8.0),  # 0.5 · 2⁴, the longest
        (5, 1.0, 8.0),
        (10_000, 1.0, 8.0),
        (0, 0.0, 0.5),
    ],
)
def test_pause_doubles_up_to_a_bound(attempt: int, draw: float, seconds: float) -> None:
    assert pause_seconds(attempt, draw) == seconds


@unhurried
@given(st.integers(min_value=1, max_value=10**9), DRAWS, DRAWS)
def test_pause_never_shrinks_and_is_bounded(attempt: int, first: float, second: float) -> None:
    shorter, longer = pause_seconds(attempt, first), pause_seconds(attempt + 1, second)

    assert FIRST_PAUSE_SECONDS <= shorter <= longer <= LONGEST_PAUSE_SECONDS


@unhurried
@given(st.integers(min_value=1, max_value=100), DRAWS)
def test_jitter_only_lengthens(attempt: int, draw: float) -> None:
    assert pause_seconds(attempt, draw) >= pause_seconds(attempt, 0.0)
