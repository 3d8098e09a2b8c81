"""Small things about words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import in_words, nearest, quoted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "1 s"),
        (0, "1 s"),
        (0.2, "1 s"),
        (45, "45 s"),
        (60, "60 s"),
        (119.5, "2 min"),
        (120, "2 min"),
        (121, "3 min"),
        (3_600, "60 min"),
        (7_200, "2 h"),
        (7_201, "3 h"),
        (86_400, "24 h"),
        (172_800, "2 d"),
        (172_801, "3 d"),
    ],
)
def test_lengths_are_rounded_up(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_who_waits_as_long_as_was_said_has_waited_long_enough(one: int, other: int) -> None:
    def said(seconds: int) -> int:
        number, unit = in_words(timedelta(seconds=seconds)).split()
        return int(number) * {"s": 1, "min": 60, "h": 3_600, "d": 86_400}[unit]

    assert said(one) >= one
    assert (one <= other) <= (said(one) <= said(other))


@pytest.mark.parametrize(("word", "found"), [("githbu", "GitHub"), ("GITHUB", "GitHub"), ("zzz", ""), ("", "")])
def test_the_nearest_word_is_found_whatever_the_case(word: str, found: str) -> None:
    assert nearest(word, ["GitHub", "GitLab"]) == found


@given(st.text(max_size=300))
def test_nobody_ends_their_own_quotation(text: str) -> None:
    said = quoted(text)

    assert said.count("`") == 2
    assert said[0] == said[-1] == "`"
    assert len(said) <= 62
