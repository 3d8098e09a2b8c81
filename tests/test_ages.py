"""Lengths of time as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ages import read_age


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        (" 12 H ", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
        ("0s", timedelta(0)),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert read_age(text) == length


@pytest.mark.parametrize("text", ["", "7", "d", "1.5h", "-1d", "7 days", "1h30m", "9999999s", "٧d", "7d\n8d"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a length of time, like `30s`, `12h` or `7d`"):
        read_age(text)


@given(st.text(max_size=200))
def test_whatever_is_typed_it_is_a_length_or_a_sentence(text: str) -> None:
    try:
        assert read_age(text) >= timedelta(0)
    except ValueError as error:
        assert str(error).count("`") == 8  # Nobody can end their own quotation.
