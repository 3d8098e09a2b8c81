"""When a digest is due, over clocks that skip, repeat, and leave out whole days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.schedule import EVERY_DAY, Days, Due, Schedule, check_zone, read_time

ZONES = sorted(available_timezones())
FIRST, LAST = datetime(1890, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
moments = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(lambda at: at.replace(tzinfo=UTC))
schedules = st.builds(
    Schedule,
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda numbers: Days(frozenset(numbers))),
    zone=st.sampled_from(ZONES),
)


def shown(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def dues(zone: str, at: str, first: date, count: int, days: str = "mon-sun") -> list[tuple[date, str]]:
    """Return so many dates from one on, and what the clocks there show when each is due."""
    schedule = Schedule(read_time(at), Days.parse(days), zone)
    due = schedule.next_after(datetime.combine(first, time(), UTC) - timedelta(days=1))
    while due.date < first:
        due = schedule.next_after(due.at)
    found = []
    for _ in range(count):
        found.append((due.date, f"{due.at.astimezone(ZoneInfo(zone)):%d %H:%M %z}"))
        due = schedule.next_after(due.at)
    return found


@given(schedules, moments)
def test_what_comes_next_is_later_on_a_day_that_is_meant_and_nothing_is_between(
    schedule: Schedule, moment: datetime
) -> None:
    due = schedule.next_after(moment)

    assert due.at > moment
    assert due.date.weekday() in schedule.days.numbers
    assert schedule.next_after(due.at - timedelta(microseconds=1)) == due
    between = moment + (due.at - moment) / 2
    assert schedule.next_after(between) == due


@given(schedules, moments)
def test_every_date_there_is_comes_once_in_order_when_the_clocks_show_its_time_first(
    schedule: Schedule, moment: datetime
) -> None:
    found = list(schedule.all_after(moment, until=moment + timedelta(days=30)))

    assert [each.at for each in found] == sorted({each.at for each in found})
    assert len({each.date for each in found}) == len(found)
    for due in found:
        wished = datetime.combine(due.date, schedule.at)
        local = shown(due.at, schedule.zone)
        just_before = shown(due.at - timedelta(seconds=1), schedule.zone)
        # It is the time itself, or the end of the gap that it lies in.
        assert local == wished or just_before < wished < local
        # The clocks did not show it an hour, or a day, before.
        for earlier in (timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)):
            assert shown(due.at - earlier, schedule.zone) != wished
    covered = {each.date for each in found}
    day = found[0].date if found else None
    while day and day <= found[-1].date:
        midday = datetime.combine(day, time(12))
        exists = shown(midday.replace(tzinfo=ZoneInfo(schedule.zone)).astimezone(UTC), schedule.zone).date() == day
        assert (day in covered) == (exists and day.weekday() in schedule.days.numbers)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "at", "first", "expected"),
    [
        ("Europe/Berlin", "02:30", date(2026, 3, 28), ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"]),
        ("Europe/Berlin", "02:30", date(2026, 10, 24), ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]),
        ("Europe/Berlin", "09:00", date(2026, 10, 24), ["24 09:00 +0200", "25 09:00 +0100"]),
        ("America/New_York", "02:15", date(2026, 3, 7), ["07 02:15 -0500", "08 03:00 -0400", "09 02:15 -0400"]),
        ("America/New_York", "01:30", date(2026, 10, 31), ["31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500"]),
        # Half an hour is skipped, and shown twice.
        ("Australia/Lord_Howe", "02:15", date(2026, 10, 3), ["03 02:15 +1030", "04 02:30 +1100"]),
        ("Australia/Lord_Howe", "02:45", date(2026, 10, 3), ["03 02:45 +1030", "04 02:45 +1100"]),
        ("Australia/Lord_Howe", "01:45", date(2026, 4, 4), ["04 01:45 +1100", "05 01:45 +1100", "06 01:45 +1030"]),
        # The clocks go from before midnight into the next day: it is still the digest of Saturday.
        ("America/Nuuk", "23:30", date(2026, 3, 27), ["27 23:30 -0200", "29 00:00 -0100", "29 23:30 -0100"]),
        # And back over midnight: Saturday shows it twice.
        ("America/Nuuk", "23:30", date(2026, 10, 23), ["23 23:30 -0100", "24 23:30 -0100", "25 23:30 -0200"]),
        # A day begins at one o'clock.
        ("Africa/Cairo", "00:00", date(2026, 4, 23), ["23 00:00 +0200", "24 01:00 +0300"]),
    ],
)  # fmt: skip
def test_a_time_that_is_skipped_comes_after_the_gap_and_one_that_is_twice_the_first_time(
    zone: str, at: str, first: date, expected: list[str]
) -> None:
    found = dues(zone, at, first, len(expected))

    assert [words for _, words in found] == expected
    assert [day for day, _ in found] == [first + timedelta(days=number) for number in range(len(expected))]


@pytest.mark.parametrize(
    ("zone", "missing"),
    [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Fakaofo", date(2011, 12, 30)),
        ("Pacific/Kwajalein", date(1993, 8, 21)),
        ("Pacific/Kiritimati", date(1994, 12, 31)),
        ("Asia/Manila", date(1844, 12, 31)),
    ],
)
@pytest.mark.parametrize("at", ["00:00", "09:00", "23:59"])
def test_a_date_that_a_zone_never_had_has_no_digest(zone: str, missing: date, at: str) -> None:
    day = timedelta(days=1)

    assert [each for each, _ in dues(zone, at, missing - day, 3)] == [missing - day, missing + day, missing + 2 * day]


def test_where_only_the_missing_day_is_meant_a_week_goes_by() -> None:
    found = dues("Pacific/Apia", "09:00", date(2011, 12, 23), 2, days="fri")

    assert [day for day, _ in found] == [date(2011, 12, 23), date(2012, 1, 6)]


def test_a_day_that_a_zone_had_twice_has_one_digest() -> None:
    """Alaska came from Russia to America: its 18 October 1867 went by twice, nearly."""
    found = dues("America/Juneau", "18:00", date(1867, 10, 17), 3)

    assert [day for day, _ in found] == [date(1867, 10, 17), date(1867, 10, 18), date(1867, 10, 19)]


def test_what_is_due_up_to_a_moment_includes_that_moment() -> None:
    schedule = Schedule(time(9), EVERY_DAY, "UTC")
    nine = datetime(2026, 11, 21, 9, tzinfo=UTC)

    assert list(schedule.all_after(nine - timedelta(days=1), until=nine)) == [Due(nine, nine.date())]
    assert list(schedule.all_after(nine, until=nine)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:00", time(9)),
        ("9:00", time(9)),
        ("9", time(9)),
        ("9am", time(9)),
        ("9 AM", time(9)),
        ("21.30", time(21, 30)),
        ("9:30pm", time(21, 30)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("0:00", time(0)),
        ("23:59", time(23, 59)),
        ("0900", time(9)),
        ("930", time(9, 30)),
        ("2130", time(21, 30)),
        ("Noon", time(12)),
        ("midnight", time(0)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, expected: time) -> None:
    assert read_time(text) == expected


@pytest.mark.parametrize(
    "text", ["", "25:00", "24:00", "9:60", "9:5", "0960", "2400", "13pm", "0am", "nine", "-1", "09:00:00", "٩"]
)
def test_what_is_no_time_gets_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^`.*` is not a time of day, like `09:00`, `21:30` or `9am`\.$"):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}, "mon-fri"),
        ("mon,wed", {0, 2}, "mon,wed"),
        ("weekdays", {0, 1, 2, 3, 4}, "mon-fri"),
        ("mon-sun", set(range(7)), "mon-sun"),
        ("daily", set(range(7)), "mon-sun"),
        ("weekends", {5, 6}, "sat,sun"),
        ("sat-mon", {5, 6, 0}, "mon,sat,sun"),
        ("Fri-Tue, Thursday", {4, 5, 6, 0, 1, 3}, "mon,tue,thu-sun"),
        ("sun", {6}, "sun"),
        ("mo-mo", {0}, "mon"),
        ("tues,thurs", {1, 3}, "tue,thu"),
    ],
)
def test_days_are_read_as_people_write_them(text: str, expected: set[int], written: str) -> None:
    days = Days.parse(text)

    assert days.numbers == expected
    assert str(days) == written


@given(st.sets(st.integers(0, 6), min_size=1))
def test_days_are_written_as_they_are_read(numbers: set[int]) -> None:
    days = Days(frozenset(numbers))

    assert Days.parse(str(days)) == days


@pytest.mark.parametrize("text", ["", "m", "foo", "mon-", "-mon", "mon--fri", "mon,,fri", "1-5", "monfri"])
def test_what_are_no_days_gets_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^`.*` are no days of the week, like `mon-fri`, `mon,wed` or `weekdays`\.$"):
        Days.parse(text)


@pytest.mark.parametrize(
    ("text", "name"), [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), (" Asia/Tokyo", "Asia/Tokyo")]
)
def test_a_zone_is_found_whatever_the_case(text: str, name: str) -> None:
    assert check_zone(text) == name


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("berlin", "Did you mean `Europe/Berlin`?"),
        ("new york", "Did you mean `America/New_York`?"),
        ("Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("../../etc/passwd", "They are called like `Europe/Berlin`."),
        ("", "They are called like `Europe/Berlin`."),
        ("UTC+2", "Name a place, for clocks change: `Europe/Berlin`."),
        ("+02:00", "Name a place, for clocks change: `Europe/Berlin`."),
    ],
)
def test_what_is_no_zone_gets_the_likeliest(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time zone\. ") as caught:
        check_zone(text)

    assert str(caught.value).endswith(hint)


@given(schedules)
def test_a_schedule_is_kept_as_it_is(schedule: Schedule) -> None:
    assert Schedule.from_json(schedule.to_json()) == schedule
