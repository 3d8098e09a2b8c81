"""Deciding: once for each date, whatever dies, stalls, or was down."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from bot.clock import FrozenClock
from bot.digest import rows
from bot.digest.deciding import LATEST, Plan, make_plan
from bot.digest.part import Found, Measure, Standing
from bot.digest.rows import LEASE, Decided, ReportState
from bot.digest.schedule import EVERY_DAY, Days, Due, Schedule
from bot.store.base import Store
from bot.store.tables import digests
from bot.store.workspaces import HOME
from tests.digest.scheduled import CHANNEL, Hours, KilledError, Mornings, WatchedStore, wish
from tests.support.databases import open_database

EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@pytest.fixture
def mornings() -> Mornings:
    return new_mornings()


def new_mornings(store: Store | None = None) -> Mornings:
    clock = FrozenClock(EVENING)
    return Mornings(store or open_database(clock.now), clock)


def test_a_digest_is_told_when_it_is_due_and_not_before(mornings: Mornings) -> None:
    mornings.set("09:00", zone="Europe/Berlin")

    mornings.step_at("2026-11-21 07:59:59")
    assert mornings.said() == []
    mornings.step_at("2026-11-21 08:00")

    (content,) = mornings.told()
    assert (content["name"], content["date"], content["late_seconds"]) == ("morning", "2026-11-21", None)
    assert mornings.decided() == {"2026-11-21": "told"}
    assert mornings.due() == "2026-11-22 08:00"


def test_what_is_told_once_is_not_told_again(mornings: Mornings) -> None:
    mornings.set()

    for day in range(21, 28):
        for minute in ("08:59", "09:00", "09:00:01", "09:30"):
            mornings.step_at(f"2026-11-{day} {minute}")

    assert [date for date, _ in mornings.said()] == [f"2026-11-{day}" for day in range(21, 28)]
    hours = mornings.hours_told()
    assert hours == list(range(hours[0], hours[0] + len(hours)))
    assert len(hours) == 15 + 6 * 24


def test_only_the_days_that_are_meant_are_told_and_what_happened_between_is_not_lost(mornings: Mornings) -> None:
    mornings.set(days="mon")

    for day in range(21, 31):
        mornings.step_at(f"2026-11-{day} 09:00")

    assert mornings.decided() == {"2026-11-23": "told", "2026-11-30": "told"}
    assert len(mornings.hours_told()) == 2 * 24 + 15 + 7 * 24


def test_what_was_missed_while_the_bot_was_down_comes_late_and_says_so(mornings: Mornings) -> None:
    mornings.set()
    mornings.is_fresh = False

    mornings.step_at("2026-11-21 11:00")
    assert mornings.said() == []  # Everything is looked at first.
    mornings.step_at("2026-11-21 11:02")

    assert mornings.said() == [("2026-11-21", 2 * 3_600 + 120)]


def test_a_little_late_is_not_late(mornings: Mornings) -> None:
    mornings.set()

    mornings.step_at("2026-11-21 09:05")

    assert mornings.said() == [("2026-11-21", None)]


def test_what_is_too_late_is_not_sent_and_noted(mornings: Mornings) -> None:
    mornings.set()

    mornings.step_at("2026-11-21 21:00")
    assert (mornings.said(), mornings.decided()) == ([], {"2026-11-21": "missed"})

    mornings.step_at("2026-11-22 09:00")
    assert mornings.said() == [("2026-11-22", None)]
    assert len(mornings.hours_told()) == 15 + 24  # The next one tells it all.


def test_after_days_of_silence_the_newest_comes_late_and_the_others_are_noted(mornings: Mornings) -> None:
    mornings.set()

    mornings.step_at("2026-11-24 11:00")

    assert mornings.decided() == {
        "2026-11-21": "missed",
        "2026-11-22": "missed",
        "2026-11-23": "missed",
        "2026-11-24": "told",
    }
    assert mornings.said() == [("2026-11-24", 7_200)]
    assert len(mornings.hours_told()) == 3 * 24 + 17
    assert mornings.due() == "2026-11-25 09:00"


def test_after_months_of_silence_only_the_newest_dates_are_noted(mornings: Mornings) -> None:
    mornings.set()

    mornings.step_at("2027-04-21 10:00")

    assert len(mornings.decided()) == 100
    assert list(mornings.decided())[-1] == "2027-04-21"


def test_a_pause_passes_over_dates_and_loses_nothing(mornings: Mornings) -> None:
    mornings.set()
    mornings.register.pause(CHANNEL, "morning", datetime(2026, 11, 23, 9, tzinfo=UTC), by=None)

    for day in range(21, 24):
        mornings.step_at(f"2026-11-{day} 09:00")

    assert mornings.decided() == {"2026-11-21": "paused", "2026-11-22": "paused", "2026-11-23": "told"}
    assert len(mornings.hours_told()) == 2 * 24 + 15


def test_what_was_paused_is_not_missed_though_the_bot_was_down(mornings: Mornings) -> None:
    mornings.set()
    mornings.register.pause(CHANNEL, "morning", datetime(2026, 11, 22, tzinfo=UTC), by=None)

    mornings.step_at("2026-11-24 08:00")

    assert mornings.decided() == {"2026-11-21": "paused", "2026-11-22": "missed", "2026-11-23": "missed"}


def test_before_it_is_due_everything_is_looked_at_once(mornings: Mornings) -> None:
    mornings.set()
    mornings.step_at("2026-11-21 08:49")
    assert mornings.asked == []

    for minute in range(50, 60):
        mornings.step_at(f"2026-11-21 08:{minute}")

    assert [f"{at:%H:%M}" for _, at in mornings.asked] == ["08:50"]


def test_when_it_is_put_off_everything_is_looked_at_once_more(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.step_at("2026-11-21 08:55")
    mornings.set("15:00")

    mornings.step_at("2026-11-21 14:55")

    assert [f"{at:%H:%M}" for _, at in mornings.asked] == ["08:55", "14:55"]


def test_it_waits_two_minutes_for_what_is_being_looked_at_and_no_longer(mornings: Mornings) -> None:
    mornings.set()
    mornings.is_fresh = False

    for second in range(0, 60, 10):
        mornings.step_at(f"2026-11-21 09:00:{second:02}")
        mornings.loop.step()
    mornings.step_at("2026-11-21 09:01:59")
    assert mornings.said() == []
    mornings.step_at("2026-11-21 09:02")
    assert mornings.said() == [("2026-11-21", None)]

    mornings.step_at("2026-11-22 09:00")
    mornings.is_fresh = True
    mornings.step_at("2026-11-22 09:00:30")
    assert mornings.said()[1:] == [("2026-11-22", None)]


def test_it_waits_for_nothing_when_it_is_nearly_too_late(mornings: Mornings) -> None:
    mornings.set()
    mornings.is_fresh = False

    mornings.step_at("2026-11-21 20:00")

    assert mornings.said() == [("2026-11-21", 11 * 3_600)]


def test_a_digest_without_a_beginning_takes_one_when_everything_was_looked_at(mornings: Mornings) -> None:
    mornings.is_fresh = False
    mornings.register.put(wish(), by=None, taken=None)

    mornings.step_at("2026-11-20 18:05")
    assert beginning(mornings) is None
    mornings.is_fresh = True
    mornings.step_at("2026-11-20 18:06")

    assert beginning(mornings) == datetime(2026, 11, 20, 18, 6, tzinfo=UTC)
    assert len(mornings.asked) == 1
    mornings.step_at("2026-11-21 09:00")
    assert len(mornings.hours_told()) == 15


def test_a_digest_waits_ten_minutes_for_its_beginning_and_no_longer(mornings: Mornings) -> None:
    mornings.is_fresh = False
    mornings.register.put(wish(), by=None, taken=None)

    mornings.step_at("2026-11-20 18:09:59")
    assert beginning(mornings) is None
    mornings.step_at("2026-11-20 18:10")
    assert beginning(mornings) == datetime(2026, 11, 20, 18, 10, tzinfo=UTC)


def test_a_digest_that_is_due_before_it_has_a_beginning_begins_then(mornings: Mornings) -> None:
    mornings.is_fresh = False
    mornings.register.put(wish("18:01"), by=None, taken=None)

    mornings.step_at("2026-11-20 18:01")
    mornings.step_at("2026-11-20 18:03")

    assert mornings.decided() == {"2026-11-20": "told"}
    assert mornings.told()[0]["report"]["since"] is None
    assert mornings.hours_told() == []


def beginning(mornings: Mornings) -> datetime | None:
    digest = mornings.register.find(CHANNEL, "morning")
    assert digest is not None
    return digest.baseline_at


def test_one_that_cannot_be_made_does_not_hold_up_the_others_and_is_tried_again(
    mornings: Mornings, caplog: pytest.LogCaptureFixture
) -> None:
    mornings.set(name="broken", only=frozenset({"hours"}))
    mornings.set(name="good")
    break_zone(mornings, "broken")

    mornings.step_at("2026-11-21 09:00")
    for _ in range(5):
        mornings.loop.step()

    assert [each["name"] for each in mornings.told()] == ["good"]
    assert caplog.messages.count("digest_crashed") == 1
    mornings.step_at("2026-11-21 09:02")
    assert caplog.messages.count("digest_crashed") == 2


def break_zone(mornings: Mornings, name: str) -> None:
    """Let a digest be in a zone that this machine does not know."""
    schedule = {"at": "09:00", "days": "mon-sun", "zone": "Mars/Olympus"}
    statement = update(digests).where(digests.c.name == name).values(schedule=schedule)
    mornings.store.write(lambda connection: connection.execute(statement).rowcount)


def test_a_part_that_breaks_is_said_and_told_the_next_time(mornings: Mornings, monkeypatch: pytest.MonkeyPatch) -> None:
    mornings.set()
    with monkeypatch.context() as patched:
        patched.setattr(Hours, "find", broken)
        mornings.step_at("2026-11-21 09:00")
    mornings.step_at("2026-11-22 09:00")

    assert mornings.told()[0]["report"]["missed"][0]["subjects"] == ["Hours"]
    assert len(mornings.hours_told()) == 15 + 24


def broken(*_: object) -> Found:
    raise ZeroDivisionError


def uses_of_the_store() -> int:
    """Return at how many points something can happen while one digest is decided."""
    mornings = new_mornings()
    mornings.set()
    mornings.at("2026-11-21 09:00")
    watched = WatchedStore(mornings.store, lambda _: None)
    mornings.new_loop(watched).step()
    assert len(mornings.told()) == 1
    return watched.points


def days_with_a_point_each(mornings: Mornings) -> Iterator[tuple[str, int]]:
    """Go through as many mornings as there are such points, and yield each date with its point."""
    for point in range(1, uses_of_the_store() + 1):
        day = f"2026-12-{point:02}"
        mornings.at(f"{day} 09:00")
        yield day, point


def at_point(point: int, happens: Callable[[], None]) -> Callable[[int], None]:
    def watch(number: int) -> None:
        if number == point:
            happens()

    return watch


def kill() -> None:
    raise KilledError


def new_mornings_of_december() -> Mornings:
    mornings = new_mornings()
    mornings.step_at("2026-11-30 18:00")
    mornings.set()
    return mornings


@pytest.mark.parametrize("back_after", [timedelta(seconds=1), timedelta(hours=3)])
def test_wherever_the_process_is_killed_the_date_is_decided_once(back_after: timedelta) -> None:
    mornings = new_mornings_of_december()
    for day, point in days_with_a_point_each(mornings):
        with pytest.raises(KilledError):
            mornings.new_loop(WatchedStore(mornings.store, at_point(point, kill))).step()

        mornings.clock.advance(back_after.total_seconds())
        mornings.loop = mornings.new_loop()
        for _ in range(5):
            mornings.loop.step()
            mornings.clock.advance(LEASE.total_seconds() / 2)

        assert [told for told, _ in mornings.said()] == [f"2026-12-{each:02}" for each in range(1, point + 1)]
        assert mornings.decided()[day] == "told"
    assert_all_hours_are_told(mornings)


@pytest.mark.parametrize("stall", [timedelta(0), timedelta(minutes=3), timedelta(hours=13)])
def test_wherever_one_stalls_and_another_goes_on_the_date_is_decided_once(stall: timedelta) -> None:
    """The stalled one goes on afterwards and knows of nothing."""
    mornings = new_mornings_of_december()

    def others_go_on() -> None:
        mornings.clock.advance(stall.total_seconds())
        mornings.new_loop().step()
        mornings.new_loop().step()

    for day, point in days_with_a_point_each(mornings):
        mornings.new_loop(WatchedStore(mornings.store, at_point(point, others_go_on))).step()
        mornings.clock.advance(LEASE.total_seconds())
        mornings.loop.step()

        is_told = mornings.decided()[day] == "told"
        assert is_told or stall > LATEST
        assert [told for told, _ in mornings.said()].count(day) == is_told
    assert_all_hours_are_told(mornings)


def test_one_that_stalls_until_it_is_too_late_tells_nothing() -> None:
    mornings = new_mornings_of_december()

    def time_goes_by() -> None:
        mornings.clock.advance(LATEST.total_seconds())

    states = []
    for day, point in days_with_a_point_each(mornings):
        mornings.new_loop(WatchedStore(mornings.store, at_point(point, time_goes_by))).step()
        for _ in range(3):
            mornings.loop.step()
            mornings.clock.advance(LEASE.total_seconds())
        states.append(mornings.decided()[day])

    # Only what had been committed before was told.
    missed = states.count("missed")
    assert states == ["missed"] * missed + ["told"] * (len(states) - missed)
    assert 0 < missed < len(states)
    assert [late for _, late in mornings.said()] == [None] * (len(states) - missed)
    assert_all_hours_are_told(mornings)


def assert_all_hours_are_told(mornings: Mornings) -> None:
    """Each once, from when the digest was set."""
    mornings.step_at("2026-12-30 09:00")
    hours = mornings.hours_told()
    first, last = (datetime.fromisoformat(at).timestamp() // 3_600 for at in ("2026-11-30 19:00Z", "2026-12-30 09:00Z"))
    assert hours == list(range(int(first), int(last) + 1))


def test_a_change_while_one_decides_makes_it_decide_anew() -> None:
    mornings = new_mornings_of_december()
    hours = []
    for day, point in days_with_a_point_each(mornings):
        before = len(mornings.hours_told())

        def change() -> None:
            mornings.register.put(wish(only=frozenset({"of-a-later-version"})), by=None, taken=None)

        mornings.new_loop(WatchedStore(mornings.store, at_point(point, change))).step()
        mornings.loop.step()

        assert mornings.decided()[day] == "told"
        assert len(mornings.said()) == point
        assert mornings.due() == f"2026-12-{point + 1:02} 09:00"
        hours.append(len(mornings.hours_told()) > before)
        mornings.set()
    # What was decided before the change is as it was then; else it is by the change.
    assert hours == sorted(hours)
    assert not hours[0]
    assert hours[-1]


def test_a_digest_that_is_ended_while_one_decides_is_not_told() -> None:
    mornings = new_mornings()
    mornings.set()
    mornings.at("2026-11-21 09:00")

    def happens(number: int) -> None:
        if number == 5:  # After the claim.
            mornings.register.remove(CHANNEL, "morning", by=None)

    mornings.new_loop(WatchedStore(mornings.store, happens)).step()

    assert (mornings.said(), mornings.decided()) == ([], {})


def test_a_date_that_is_decided_stays_so_and_what_is_new_is_told_with_the_next() -> None:
    mornings = new_mornings()
    digest = mornings.set().digest
    at = mornings.clock.now()
    known = Decided("rep_1", digest.id, CHANNEL, date(2026, 11, 21), ReportState.MISSED, due_at=at, decided_at=at)
    mornings.store.write(lambda connection: rows.decide(connection, HOME, known))

    mornings.step_at("2026-11-21 09:00")
    assert (mornings.said(), mornings.decided()) == ([], {"2026-11-21": "missed"})

    mornings.step_at("2026-11-22 09:00")
    assert len(mornings.hours_told()) == 15 + 24


def test_a_lease_from_a_wall_clock_that_was_set_back_is_over() -> None:
    mornings = new_mornings()
    mornings.set()
    mornings.at("2026-11-21 09:00")
    statement = update(digests).values(leased_until=mornings.clock.now() + timedelta(days=365))
    mornings.store.write(lambda connection: connection.execute(statement).rowcount)

    mornings.loop.step()

    assert mornings.said() == [("2026-11-21", None)]


def test_what_was_decided_long_ago_is_forgotten() -> None:
    mornings = new_mornings()
    mornings.set(days="sat")

    mornings.step_at("2026-11-21 09:00")
    mornings.step_at("2027-02-20 09:00")

    assert mornings.decided()["2027-02-20"] == "told"
    assert "2026-11-21" not in mornings.decided()


def test_many_digests_of_one_moment_are_all_told() -> None:
    mornings = new_mornings()
    for number in range(30):
        mornings.set(name=f"no-{number:02}")

    mornings.step_at("2026-11-21 09:00")

    assert sorted(each["name"] for each in mornings.told()) == [f"no-{number:02}" for number in range(30)]


NINE = Schedule(time(9), EVERY_DAY, "UTC")


def on(number: int) -> Due:
    return Due(datetime(2026, 11, number, 9, tzinfo=UTC), date(2026, 11, number))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 21, 8, 59, tzinfo=UTC), Plan(None)),
        (datetime(2026, 11, 21, 9, 0, tzinfo=UTC), Plan(on(21))),
        (datetime(2026, 11, 21, 20, 59, tzinfo=UTC), Plan(on(21))),
        (datetime(2026, 11, 21, 21, 0, tzinfo=UTC), Plan(None, ((on(21), ReportState.MISSED),))),
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), Plan(on(22), ((on(21), ReportState.MISSED),))),
    ],
)
def test_the_newest_date_is_told_if_it_is_not_too_late(now: datetime, expected: Plan) -> None:
    assert make_plan(NINE, on(21), now) == expected


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    hour=st.integers(0, 23),
    days=st.sets(st.integers(0, 6), min_size=1),
    looks=st.lists(st.floats(0.1, 60.0), min_size=1, max_size=20),
)
def test_however_often_one_looks_every_date_is_planned_once_in_order(
    zone: str, hour: int, days: set[int], looks: list[float]
) -> None:
    schedule = Schedule(time(hour, 30), Days(frozenset(days)), zone)
    began_at = now = datetime(2026, 3, 20, tzinfo=UTC)
    due = schedule.next_after(now)
    planned: list[date] = []
    for hours in looks:
        now += timedelta(hours=hours)
        plan = make_plan(schedule, due, now)
        planned += [each.date for each, _ in plan.passed] + ([plan.told.date] if plan.told else [])
        due = schedule.next_after(now) if due.at <= now else due

    assert planned == [each.date for each in schedule.all_after(began_at, until=now)]


def test_what_is_drawn_stands_at_the_local_date_of_each_digest_late_or_not(
    mornings: Mornings, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Found((), 1, Standing("hours", measures=(Measure("hours", 1),)))
    monkeypatch.setattr(Hours, "find", lambda *_: measured)
    mornings.set("01:30", zone="Europe/Berlin")

    for moment in ("2026-11-21 00:30", "2026-11-22 00:30", "2026-11-23 11:00", "2026-11-24 00:30"):
        mornings.step_at(moment)
    mornings.set("23:00", zone="America/Los_Angeles")
    mornings.step_at("2026-11-26 07:00")

    assert [content["report"]["days"][-1] for content in mornings.told()] == [
        f"2026-11-{day}" for day in (21, 22, 23, 24, 25)
    ]
