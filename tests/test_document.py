from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.document import (
    Chart,
    Code,
    Column,
    Count,
    Moment,
    Series,
    Size,
    Table,
    chart_lines,
    format_age,
    format_bytes,
    format_number,
    marked,
    plain,
    plain_line,
    short_digest,
    sparkline,
)

NOW = datetime(2026, 11, 21, 14, 5, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (84_211_016, "84.2 MB"),
        (99_949_999, "99.9 MB"),
        (191_000_000, "191 MB"),
        (999_960_000, "1.0 GB"),
        (488_723_114_800, "489 GB"),
        (-2_400_000, "-2.4 MB"),
        (None, "unknown"),
    ],
)
def test_sizes_are_decimal_with_a_unit(size_bytes: int | None, written: str) -> None:
    assert format_bytes(size_bytes) == written


@given(st.integers(-(10**18), 10**18))
def test_a_size_never_needs_more_than_three_digits_before_its_unit_below_a_thousand_petabytes(size_bytes: int) -> None:
    number = format_bytes(size_bytes).split(" ")[0].lstrip("-")

    assert len(number.partition(".")[0]) <= 4


def test_a_fact_that_is_not_known_reads_unknown() -> None:
    assert [plain(piece) for piece in (Size(None), Moment(None), Count(None))] == ["unknown"] * 3


def test_a_time_is_written_in_utc_whatever_its_zone() -> None:
    assert plain(Moment(NOW)) == "2026-11-21 14:05 UTC"


@pytest.mark.parametrize(
    ("ago", "written"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=-5), "now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=29), "29 d ago"),
        (timedelta(days=100), "3 mo ago"),
        (timedelta(days=800), "2 y ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(ago: timedelta, written: str) -> None:
    assert format_age(NOW - ago, now=NOW) == written


def test_backticks_in_our_sentences_mark_code() -> None:
    assert marked("Write `tags nginx`.") == ("Write ", Code("tags nginx"), ".")
    assert plain_line(marked("no code")) == "no code"


def test_a_digest_is_shown_by_its_first_twelve_digits() -> None:
    assert short_digest("sha256:0123456789abcdef") == "0123456789ab"
    assert short_digest(None) == "unknown"


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        Table("tags", (Column("a"), Column("b")), (("x",),))


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((1, 2, 3), "▁▅█"),
        ((3, 2, 1), "█▅▁"),
        ((0, 100, None, 50), "▁█·▅"),
        ((7, 7, 7), "▁▁▁"),
        ((-1.5, 1.5), "▁█"),
        ((None, None), "··"),
        ((), ""),
    ],
)
def test_numbers_are_drawn_as_letters(values: tuple[float | None, ...], drawn: str) -> None:
    assert sparkline(values) == drawn


@given(values=st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), max_size=30))
def test_every_number_has_its_letter(values: list[float | None]) -> None:
    drawn = sparkline(values)

    assert [letter == "·" for letter in drawn] == [value is None for value in values]


def test_a_chart_in_words_says_from_when_to_when_and_each_series() -> None:
    chart = Chart(
        "How it went", ("1 Nov", "2 Nov", "3 Nov"), (Series("stale", (None, 1, 2)), Series("none", (None,) * 3))
    )

    assert [plain_line(each) for each in chart_lines(chart)] == [
        "How it went 1 Nov to 3 Nov",
        "stale ·▁█ 1 → 2",
        "none unknown",
    ]


@pytest.mark.parametrize(("value", "written"), [(1204, "1,204"), (2.0, "2"), (0.25, "0.25"), (-3.5, "-3.50")])
def test_numbers_have_places_only_where_they_are_not_whole(value: float, written: str) -> None:
    assert format_number(value) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_chart_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        Chart("c", ("a",), (Series("s", (value,)),))
