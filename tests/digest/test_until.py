"""Until when, as people write it."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.digest.until import read_until

SATURDAY = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-12-24", "UTC", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24", "Europe/Berlin", datetime(2026, 12, 23, 23, tzinfo=UTC)),
        ("tomorrow", "Europe/Berlin", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("monday", "UTC", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Sat", "UTC", datetime(2026, 11, 28, tzinfo=UTC)),
        # There it is Saturday evening already, but Sunday by no clock.
        ("sunday", "Asia/Tokyo", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        ("3d", "Asia/Tokyo", SATURDAY + timedelta(days=3)),
        ("12h", "UTC", SATURDAY + timedelta(hours=12)),
        ("2w", "UTC", SATURDAY + timedelta(weeks=2)),
    ],
)
def test_a_date_a_day_or_a_length_of_time(text: str, zone: str, expected: datetime) -> None:
    assert read_until(text, now=SATURDAY, zone=zone) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2026-11-21", "`2026-11-21` is over already."),
        ("2026-02-30", "There is no `2026-02-30`."),
        ("9999-12-31", "`9999-12-31` is too far away: at most 400 days."),
        ("0001-01-01", "`0001-01-01` is over already."),
        ("0d", "`0d` is over already."),
        ("500d", "`500d` is too far away: at most 400 days."),
        ("999999w", "`999999w` is too far away: at most 400 days."),
        ("weekdays", "`weekdays` is neither a date, like `2026-12-24`, nor a day, nor a length of time, like `3d`."),
        ("Christmas", "`Christmas` is neither a date, like `2026-12-24`, nor a day, nor a length of time, like `3d`."),
    ],
)
def test_what_is_none_gets_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("?", r"\?")):
        read_until(text, now=SATURDAY, zone="UTC")
