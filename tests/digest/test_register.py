"""Setting digests and changing them: no local date has two, and none that is still to come is lost."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from bot.clock import FrozenClock
from bot.digest import rows
from bot.digest.register import Taken
from bot.digest.rows import Wish, read_image
from bot.digest.watched import last_told_at, watched
from bot.errors import UserError
from bot.fleet.model import ImageName, Scope
from bot.images import RepositoryName
from bot.pushes.subscriptions import Change, Origin
from bot.store.tables import audit, lanes
from bot.store.workspaces import HOME
from tests.digest.scheduled import CHANNEL, HOUR, SCOPE, Mornings, wish
from tests.support.databases import open_database

EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
OTHER = Scope(("other",))


@pytest.fixture
def mornings() -> Mornings:
    return new_mornings()


def new_mornings() -> Mornings:
    clock = FrozenClock(EVENING)
    return Mornings(open_database(clock.now), clock)


def test_a_change_before_it_is_due_holds_for_the_same_day(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.step_at("2026-11-21 08:59")

    put = mornings.set("10:00")

    assert (put.change, put.decided) == (Change.REPLACED, None)
    for minute in ("09:00", "10:00"):
        mornings.step_at(f"2026-11-21 {minute}")
    assert mornings.said() == [("2026-11-21", None)]
    assert mornings.due() == "2026-11-22 10:00"


def test_a_change_after_it_was_told_holds_from_the_next_day_on_and_says_so(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.step_at("2026-11-21 09:00")
    mornings.step_at("2026-11-21 09:05")

    put = mornings.set("09:30")

    assert f"{put.decided}" == "2026-11-21"
    assert mornings.due() == "2026-11-22 09:30"
    mornings.step_at("2026-11-21 09:30")
    assert mornings.said() == [("2026-11-21", None)]


def test_what_is_due_and_still_waits_is_told_though_it_is_set_to_an_earlier_time(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.is_fresh = False
    mornings.step_at("2026-11-21 09:00")

    mornings.step_at("2026-11-21 09:01")
    mornings.set("08:00")
    mornings.step_at("2026-11-21 09:02")

    assert mornings.said() == [("2026-11-21", None)]
    assert mornings.due() == "2026-11-22 08:00"


def test_what_is_due_and_still_waits_may_be_put_off(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.is_fresh = False
    mornings.step_at("2026-11-21 09:00")
    mornings.set("09:30")

    mornings.step_at("2026-11-21 09:10")
    assert mornings.said() == []
    mornings.is_fresh = True
    mornings.step_at("2026-11-21 09:30")
    assert mornings.said() == [("2026-11-21", None)]


def test_in_another_zone_a_date_that_was_told_is_not_told_again(mornings: Mornings) -> None:
    mornings.set("09:00", zone="Asia/Tokyo")
    mornings.step_at("2026-11-21 00:00")
    assert mornings.said() == [("2026-11-21", None)]

    put = mornings.set("09:00", zone="America/Los_Angeles")

    assert f"{put.decided}" == "2026-11-21"
    assert mornings.due() == "2026-11-22 17:00"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.floats(0.0, 40.0),
            st.sampled_from(["00:15", "02:30", "09:00", "12:00", "23:45"]),
            st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "America/Los_Angeles"]),
            st.sampled_from(["mon-sun", "mon-fri", "sat"]),
        ),
        max_size=5,
    )
)
def test_whatever_is_changed_no_date_has_two_and_every_hour_is_told_once(
    mornings: Mornings, changes: list[tuple[float, str, str, str]]
) -> None:
    began, name = int(mornings.clock.now().timestamp()) // HOUR, f"no-{mornings.clock.monotonic():.0f}"
    digest = mornings.set("09:00", name=name).digest
    for hours, at, zone, days in changes:
        for _ in range(2):
            mornings.clock.advance(hours * HOUR / 2)
            mornings.loop.step()
        mornings.set(at, zone=zone, days=days, name=name)
    for _ in range(5):
        mornings.clock.advance(23 * HOUR)
        mornings.loop.step()
    mornings.register.remove(CHANNEL, name, by=None)

    told = [each["date"] for each in mornings.told() if each["name"] == name]
    assert len(told) == len(set(told))
    assert set(told) <= mornings.decided(digest.id).keys()
    hours_told = mornings.hours_told(digest.id)
    assert sorted(hours_told) == list(range(began + 1, began + 1 + len(hours_told)))


def test_the_same_again_changes_nothing(mornings: Mornings) -> None:
    first = mornings.set()
    mornings.at("2026-11-20 18:30")

    again = mornings.set()

    assert (again.change, again.digest.id, again.digest.created_at) == (Change.UNCHANGED, first.digest.id, EVENING)
    assert notes(mornings) == ["Set the digest morning: 09:00 UTC, every day, about acme"]


def test_the_same_again_ends_a_pause(mornings: Mornings) -> None:
    mornings.set()
    mornings.register.pause(CHANNEL, "morning", datetime(2026, 12, 1, tzinfo=UTC), by=None)

    assert mornings.set().change is Change.REPLACED
    mornings.step_at("2026-11-21 09:00")
    assert mornings.decided() == {"2026-11-21": "told"}


def test_another_time_keeps_what_was_compared(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.step_at("2026-11-20 22:30")

    mornings.set("10:00")
    mornings.step_at("2026-11-21 10:00")

    assert len(mornings.hours_told()) == 16  # From when it was first set.


def test_other_images_begin_anew(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.step_at("2026-11-21 06:00")

    mornings.set("09:00", scope=OTHER)
    mornings.step_at("2026-11-21 09:00")

    assert len(mornings.hours_told()) == 3


def test_other_images_that_could_not_be_looked_at_yet_begin_later(mornings: Mornings) -> None:
    mornings.set("09:00")
    mornings.is_fresh = False
    taken = Taken({"hours": 0}, mornings.clock.now(), is_whole=False)

    put = mornings.register.put(wish(scope=OTHER), by=None, taken=taken)

    assert (put.digest.baseline, put.digest.baseline_at) == (None, None)


def test_a_part_that_is_added_begins_now_and_the_others_go_on(mornings: Mornings) -> None:
    mornings.set(only=frozenset({"other"}))
    first = mornings.register.find(CHANNEL, "morning")
    assert first is not None
    taken = Taken({"hours": 7, "trend": 8}, mornings.clock.now(), is_whole=False)

    put = mornings.register.put(wish(), by=None, taken=taken)
    assert put.digest.baseline == {"hours": int(EVENING.timestamp()) // HOUR, "trend": 8}

    put = mornings.register.put(wish(only=frozenset({"other"})), by=None, taken=taken)
    assert put.digest.baseline == {"trend": 8}


def test_a_change_keeps_what_was_compared_while_it_was_made(mornings: Mornings) -> None:
    """Between the look before and the change, the digest is told."""
    mornings.set("09:00")
    mornings.at("2026-11-21 09:00")
    seen = mornings.register.preview(wish("09:30"), by=None)
    mornings.loop.step()

    put = mornings.register.put(wish("09:30"), by=None, taken=None, as_of=seen.at)

    assert put.digest.baseline is not None
    assert put.digest.baseline["hours"] == int(mornings.clock.now().timestamp()) // HOUR
    assert mornings.due() == "2026-11-22 09:30"


def test_what_was_said_holds_though_the_time_has_come_meanwhile(mornings: Mornings) -> None:
    mornings.at("2026-11-21 08:59:59")
    seen = mornings.register.preview(wish("09:00"), by=None)
    mornings.at("2026-11-21 09:00:05")

    mornings.register.put(wish("09:00"), by=None, taken=None, as_of=seen.at)
    mornings.loop.step()

    assert mornings.said() == [("2026-11-21", None)]


def test_setting_one_opens_a_closed_channel(mornings: Mornings) -> None:
    mornings.set()
    mornings.step_at("2026-11-21 09:00")
    values = {"suspended_at": mornings.clock.now(), "suspension": "not_in_channel"}
    mornings.store.write(lambda connection: connection.execute(lanes.update().values(values)).rowcount)
    (standing,) = mornings.register.every(CHANNEL)
    assert (standing.is_closed, standing.suspension) == (True, "not_in_channel")

    mornings.set()

    (standing,) = mornings.register.every()
    assert not standing.is_closed


def test_what_a_closed_channel_is_to_be_told_waits_there(mornings: Mornings) -> None:
    mornings.set()
    row = {"workspace": HOME, "channel": CHANNEL, "due_at": None, "suspended_at": EVENING, "suspension": "is_archived"}
    mornings.store.write(lambda connection: connection.execute(lanes.insert().values(row)).rowcount)

    mornings.step_at("2026-11-21 09:00")

    assert mornings.said() == [("2026-11-21", None)]


def test_one_is_chosen_by_name_or_because_there_is_no_other(mornings: Mornings) -> None:
    with pytest.raises(UserError, match="This channel has no digest"):
        mornings.register.choose(CHANNEL, None)
    mornings.set()
    assert mornings.register.choose(CHANNEL, None).wish.name == "morning"
    mornings.set("18:00", name="evening")

    with pytest.raises(UserError, match="several digests; which one is meant"):
        mornings.register.choose(CHANNEL, None)
    with pytest.raises(UserError, match="has no digest `noon`, but `evening`, `morning`"):
        mornings.register.choose(CHANNEL, "noon")
    assert mornings.register.choose(CHANNEL, "evening").wish.name == "evening"


def test_every_change_is_in_the_audit_trail(mornings: Mornings) -> None:
    register, by = mornings.register, "U0OPERATOR"
    for change in (
        mornings.set,
        lambda: mornings.set("10:00"),
        lambda: register.pause(CHANNEL, "morning", datetime(2026, 12, 1, tzinfo=UTC), by=by),
        lambda: register.pause(CHANNEL, "morning", None, by=by),
        lambda: register.pause(CHANNEL, "morning", None, by=by),
        lambda: register.remove(CHANNEL, "morning", by=by),
        lambda: register.remove(CHANNEL, "morning", by=by),
    ):
        change()
        mornings.clock.advance(1)

    assert notes(mornings) == [
        "Set the digest morning: 09:00 UTC, every day, about acme",
        "Change the digest morning: 10:00 UTC, every day, about acme; before: 09:00 UTC, every day, about acme",
        "Pause the digest morning until 2026-12-01 00:00 UTC",
        "Go on with digest morning",
        "Remove the digest morning",
    ]


def test_the_audit_trail_says_of_what(mornings: Mornings) -> None:
    images = tuple(read_image(f"acme/api:{number}") for number in range(12))
    mornings.set(scope=Scope((), images), only=frozenset({"hours"}))
    mornings.clock.advance(1)
    mornings.set(scope=Scope(("acme", "other")))

    first = ", ".join(f"acme/api:{number}" for number in range(10))
    before = f"09:00 UTC, every day, about {first} and 2 more; only hours"
    assert notes(mornings) == [
        f"Set the digest morning: {before}",
        f"Change the digest morning: 09:00 UTC, every day, about acme, other; before: {before}",
    ]


def notes(mornings: Mornings) -> list[str]:
    with mornings.store.read() as connection:
        return list(connection.execute(select(audit.c.summary).order_by(audit.c.happened_at)).scalars())


def file_wish(at: str = "09:00", name: str = "file") -> Wish:
    return wish(at, name=name)


def test_the_digests_of_the_file_are_kept_equal_to_it(mornings: Mornings) -> None:
    mornings.set(name="command")
    assert [put.change for put in mornings.register.follow([file_wish(), file_wish(name="second")])] == ["added"] * 2
    assert mornings.register.follow([file_wish(), file_wish(name="second")]) == ()

    (changed,) = mornings.register.follow([file_wish("10:00")])

    assert (changed.change, changed.digest.wish.name) == (Change.REPLACED, "file")
    names = [(each.digest.wish.name, each.digest.origin) for each in mornings.register.every()]
    assert names == [("command", Origin.COMMAND), ("file", Origin.FILE)]


def test_a_digest_of_the_file_is_changed_there_and_nowhere_else(mornings: Mornings) -> None:
    mornings.register.follow([file_wish()])
    kept = "`file`: kept by the configuration file, and changed there. Nothing was changed."

    with pytest.raises(UserError, match=kept):
        mornings.register.preview(file_wish("10:00"), by=None)
    with pytest.raises(UserError, match=kept):
        mornings.register.put(file_wish("10:00"), by=None, taken=None)
    with pytest.raises(UserError, match=kept):
        mornings.register.remove(CHANNEL, "file", by=None)
    with pytest.raises(UserError, match=kept):
        mornings.register.pause(CHANNEL, "file", datetime(2026, 12, 1, tzinfo=UTC), by=None)


def test_the_file_takes_over_what_a_command_had_set_and_its_beginning(mornings: Mornings) -> None:
    mornings.set(name="file")
    mornings.step_at("2026-11-21 08:00")

    mornings.register.follow([file_wish()])
    mornings.step_at("2026-11-21 09:00")

    assert len(mornings.hours_told()) == 15
    (standing,) = mornings.register.every()
    assert standing.digest.origin is Origin.FILE


def test_a_start_while_another_process_tells_loses_nothing(mornings: Mornings) -> None:
    mornings.register.follow([file_wish()])
    mornings.loop.step()
    mornings.step_at("2026-11-21 09:00")

    mornings.register.follow([file_wish("09:30")])
    for minute in ("09:30", "10:00"):
        mornings.step_at(f"2026-11-21 {minute}")

    assert mornings.said() == [("2026-11-21", None)]


def test_what_is_watched_is_what_any_digest_is_about(mornings: Mornings) -> None:
    image = ImageName(RepositoryName("library", "python"), "3.12")
    mornings.set()
    mornings.set(name="other", scope=Scope(("acme", "other"), (image,)))

    statements: list[str] = []
    with mornings.store.read() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert watched(mornings.store) == Scope(("acme", "other"), (image,))
    assert watched(mornings.store, "W0OTHER") == Scope()
    assert "digests.scope" in " ".join(statements)
    assert "baseline" not in " ".join(statements), "it is asked every second, and they may be large"


def test_when_a_channel_was_last_told(mornings: Mornings) -> None:
    mornings.set()
    assert last_told_at(mornings.store, CHANNEL) is None

    mornings.step_at("2026-11-21 09:00")
    mornings.step_at("2026-11-22 22:00")  # Missed.

    assert last_told_at(mornings.store, CHANNEL) == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert last_told_at(mornings.store, "C0OTHER") is None


def test_the_scope_is_kept(mornings: Mornings) -> None:
    assert mornings.set().digest.wish.wanted.scope == SCOPE
    with mornings.store.read() as connection:
        assert [each.wish.wanted.scope for each in rows.every(connection, HOME)] == [SCOPE]
