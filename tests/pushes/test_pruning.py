"""Forgetting, on both databases."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert

from bot.clock import FrozenClock
from bot.pushes.ledger import Ledger
from bot.pushes.pruning import AT_MOST, EVERY_SECONDS, Pruned, Pruner, prune
from bot.store.base import Store, T
from bot.store.engine import open_store
from bot.store.errors import StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.tables import events, images, members, messages, mutes, told
from tests.support.ledger import Past
from tests.support.waiting import wait_until

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD = timedelta(days=31)


class StandIn(Store):
    """A store that does what another does, for tests that come in between."""

    is_shared = False

    def __init__(self, store: Store, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(store.label, now)
        self._store = store

    def read(self) -> AbstractContextManager[Connection]:
        return self._store.read()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        return self._store.write(work, is_urgent=is_urgent)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        return self._store.reshape(work)

    def check(self) -> None:
        self._store.check()

    def close(self) -> None:
        self._store.close()

    def _database_time(self, connection: Connection) -> datetime:
        return self._store._database_time(connection)


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store, NOW)


def test_what_was_settled_long_ago_goes_with_all_that_belongs_to_it(past: Past, store: Store) -> None:
    at = NOW - OLD
    event = past.push(at=at)
    past.tell(event, past.sent("C1", at=at))
    past.tell(event, channel="C2", state="muted")
    past.tell(past.push(at=at), past.dead("C3", created_at=at), channel="C3")
    past.push(at=at)

    assert prune(store, NOW) == Pruned(events=3, members=3, messages=2)
    assert [past.count(table) for table in (events, members, messages)] == [0, 0, 0]


def test_what_is_younger_stays(past: Past, store: Store) -> None:
    at = past.ago(days=29, hours=23)
    past.tell(past.push(at=at), past.sent("C1", at=at))

    assert prune(store, NOW) == Pruned()
    assert prune(store, NOW, days=29).events == 1


@pytest.mark.parametrize("state", ["waiting", "of a later version"])
def test_an_event_that_a_channel_is_still_to_hear_of_stays_with_all_its_members(
    past: Past, store: Store, state: str
) -> None:
    at = NOW - OLD
    event = past.push(at=at)
    past.tell(event, past.sent("C1", at=at))
    past.tell(event, channel="C2", state=state)

    assert prune(store, NOW) == Pruned()
    assert [past.count(table) for table in (events, members, messages)] == [1, 2, 1]


def test_a_message_that_waits_stays_with_its_events(past: Past, store: Store) -> None:
    at = NOW - OLD
    past.tell(past.push(at=at), past.failing("C1", created_at=at))
    past.message("U1", kind="note", created_at=at)

    assert prune(store, NOW) == Pruned()


def test_a_message_that_also_tells_of_something_young_stays(past: Past, store: Store) -> None:
    message = past.sent("C1", at=NOW - OLD)
    past.tell(past.push("acme/api:1", at=NOW - OLD), message)
    past.tell(past.push("acme/api:2", at=past.ago(days=1)), message)

    assert prune(store, NOW) == Pruned(events=1, members=1)
    assert past.count(messages) == 1


def test_what_stands_over_younger_replies_stays_with_them(past: Past, store: Store) -> None:
    past.sent("C1", at=NOW - 2 * OLD, ts="1.0", thread_key="acme/api")
    past.sent("C1", at=past.ago(days=1), ts="2.0", thread_key="acme/api", thread_ts="1.0")
    past.sent("C2", at=NOW - 2 * OLD, ts="1.0", thread_key="acme/api")

    assert prune(store, NOW).messages == 1
    assert [row["channel"] for row in past.rows(messages)] == ["C1", "C1"]

    later = NOW + OLD
    assert [prune(store, later).messages for _ in range(3)] == [1, 1, 0]


def test_history_mutes_and_what_was_told_have_times_of_their_own(past: Past, store: Store) -> None:
    for days in (399, 401):
        at = past.ago(days=days)
        place = {"repository": "acme/api", "tag": "1"}
        past.add(images, **place, pushed_at=at, digest="sha256:1", image={}, seen_at=at)
        past.add(told, topic=f"topic {days}", told_at=at)
    for hours in (23, 25, -1):
        past.add(mutes, channel=f"C{hours}", repository="acme/api", until_at=past.ago(hours=hours), muted_by="U1")

    assert prune(store, NOW) == Pruned(images=1, mutes=1, told=1)
    assert [row["pushed_at"] for row in past.rows(images)] == [past.ago(days=399)]
    assert [row["topic"] for row in past.rows(told)] == ["topic 399"]
    assert {row["channel"] for row in past.rows(mutes)} == {"C23", "C-1"}


def test_a_backlog_is_worked_off_in_pieces_oldest_first(past: Past, store: Store) -> None:
    for days in range(31, 36):
        at = past.ago(days=days)
        past.tell(past.push(f"acme/api:{days}", at=at), past.sent("C1", at=at))

    pieces = [prune(store, NOW, at_most=2)]
    assert {row["tag"] for row in past.rows(events)} == {"31", "32", "33"}
    while pieces[-1].has_more:
        pieces.append(prune(store, NOW, at_most=2))

    assert [each.events for each in pieces] == [2, 2, 1]
    assert [each.messages for each in pieces] == [2, 2, 1]


def test_a_dead_letter_that_is_retried_meanwhile_stays(past: Past, store: Store) -> None:
    at = NOW - OLD
    message = past.dead("C1", created_at=at)
    past.tell(past.push(at=at), message)

    class RetriedAfterTheSearch(StandIn):
        def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
            Ledger(store).retry(message, "U0OPS")
            return super().write(work, is_urgent=is_urgent)

    assert prune(RetriedAfterTheSearch(store), NOW) == Pruned()
    assert [past.count(table) for table in (events, members, messages)] == [1, 1, 1]


@dataclass(frozen=True)
class Told:
    """What a channel made of an event: in no message, or in the message of a number."""

    channel: str
    state: str
    message: int | None


@dataclass(frozen=True)
class Event:
    age_days: int
    told: tuple[Told, ...]


MESSAGE_STATES = ("waiting", "sent", "dead", "dropped")
in_no_message = st.builds(
    Told, st.sampled_from(["C1", "C2"]), st.sampled_from(["waiting", "muted", "filtered", "dropped"]), st.none()
)
in_a_message = st.builds(
    Told, st.sampled_from(["C1", "C2"]), st.sampled_from(["placed", "dropped"]), st.integers(min_value=0, max_value=7)
)
an_event = st.builds(
    Event,
    st.integers(min_value=0, max_value=90),
    st.lists(in_no_message | in_a_message, max_size=2, unique_by=lambda each: each.channel).map(tuple),
)


def is_undelivered(told: Told) -> bool:
    """Say it in other words than the code does: messages go round the four states, by number."""
    if told.message is None:
        return told.state == "waiting"
    return told.state == "placed" and MESSAGE_STATES[told.message % 4] == "waiting"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=st.lists(an_event, max_size=8), at_most=st.integers(min_value=1, max_value=4))
def test_nothing_undelivered_ever_goes_and_everything_else_goes_in_the_end(
    store: Store, world: Sequence[Event], at_most: int
) -> None:
    past = Past(store, NOW)
    for table in (members, events, messages):
        past.run(delete(table))
    made: dict[tuple[str, int], str] = {}
    message_ages: dict[str, int] = {}
    undelivered: set[str] = set()
    settled: dict[str, int] = {}
    for number, event in enumerate(world):
        at = past.ago(days=event.age_days)
        event_id = past.push(f"acme/api:{number}", at=at)
        if any(map(is_undelivered, event.told)):
            undelivered.add(event_id)
        else:
            settled[event_id] = event.age_days
        for each in event.told:
            message_id = None
            if each.message is not None:
                state = MESSAGE_STATES[each.message % 4]
                key = each.channel, each.message
                shown = 1 if state == "sent" else 0
                message_id = made.get(key) or past.message(
                    each.channel, state=state, created_at=at, shown_version=shown
                )
                made[key] = message_id
                age = message_ages.setdefault(message_id, event.age_days)
                if (state, each.state) == ("sent", "placed") and event_id in settled:
                    settled[event_id] = min(settled[event_id], age)  # It may be written anew as long as it is young.
            past.tell(event_id, message_id, channel=each.channel, state=each.state)

    for days in (0, 1, 200):
        while prune(store, NOW + timedelta(days=days), at_most=at_most).has_more:
            pass
        left = {row["id"] for row in past.rows(events)}
        assert left == undelivered | {event_id for event_id, age in settled.items() if age + days <= 30}
    left = {row["id"] for row in past.rows(events)}
    assert {row["event_id"] for row in past.rows(members)} <= left
    kept = {row["message_id"] for row in past.rows(members)} - {None}
    assert kept <= {row["id"] for row in past.rows(messages)}
    assert {row["id"] for row in past.rows(messages) if row["state"] != "waiting"} <= kept


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def old_pushes(past: Past, count: int) -> None:
    before = past.count(events)
    pattern = past.push(at=past.now - OLD, event_id=f"ev_pattern_{before}")
    row = past.row(events, pattern)
    rows = [row | {"id": f"{pattern}_{number}", "tag": f"{before}-{number}"} for number in range(1, count)]
    if rows:
        past.run(insert(events).values(rows))


def in_memory(clock: FrozenClock) -> Store:
    store = open_store("sqlite://", now=clock.now)
    upgrade(store)
    return store


def test_it_prunes_at_the_start_and_then_once_an_hour(clock: FrozenClock, caplog: pytest.LogCaptureFixture) -> None:
    store = in_memory(clock)
    past, pruner = Past(store, NOW), Pruner(store, clock)
    old_pushes(past, 2)

    with caplog.at_level(logging.INFO):
        pruner.prune_if_due()
    assert past.count(events) == 0
    assert [vars(each)["events"] for each in caplog.records if each.getMessage() == "pruned"] == [2]

    old_pushes(past, 1)
    clock.advance(EVERY_SECONDS - 1)
    pruner.prune_if_due()
    assert past.count(events) == 1

    clock.advance(1)
    pruner.prune_if_due()
    assert past.count(events) == 0


def test_a_long_backlog_is_worked_off_within_one_hour(clock: FrozenClock) -> None:
    store = in_memory(clock)
    past, pruner = Past(store, NOW), Pruner(store, clock, pause_seconds=0)
    old_pushes(past, 2 * AT_MOST + 1)

    pruner.prune_if_due()

    assert past.count(events) == 0


def test_a_database_that_is_away_is_survived(clock: FrozenClock, caplog: pytest.LogCaptureFixture) -> None:
    store = in_memory(clock)
    past = Past(store, NOW)
    old_pushes(past, 1)

    class Away(StandIn):
        is_away = True

        def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
            if self.is_away:
                raise StoreUnavailableError("The database is away.", cause="away")
            return super().write(work, is_urgent=is_urgent)

    away = Away(store, now=clock.now)
    pruner = Pruner(away, clock, look_every_seconds=0.01)
    pruner.start()
    try:
        wait_until(lambda: "pruning_put_off" in caplog.text)
        assert pruner.is_alive
        assert past.count(events) == 1

        away.is_away = False
        clock.advance(EVERY_SECONDS)
        wait_until(lambda: past.count(events) == 0)
    finally:
        assert pruner.stop(5)
    assert not pruner.is_alive


def test_it_stops_between_two_pieces(clock: FrozenClock) -> None:
    store = in_memory(clock)
    past, pruner = Past(store, NOW), Pruner(store, clock, pause_seconds=3_600)
    old_pushes(past, AT_MOST + 1)

    pruner.start()
    wait_until(lambda: past.count(events) == 1)

    assert pruner.stop(5)
    assert past.count(events) == 1


def test_it_need_not_be_started_to_be_stopped(clock: FrozenClock) -> None:
    assert Pruner(in_memory(clock), clock).stop(1)


def test_what_a_message_still_has_to_say_stays(store: Store) -> None:
    past = Past(store, NOW)
    old = past.ago(days=40)
    for shown_version in (1, 2):
        message = past.sent(at=old, version=2, shown_version=shown_version)
        past.tell(past.push(f"acme/api:{shown_version}", at=old), message, state="placed")

    prune(store, NOW)

    assert past.count(events) == 1


def test_events_stay_with_a_message_that_is_young(store: Store) -> None:
    past = Past(store, NOW)
    past.tell(past.push("acme/api:1", at=past.ago(days=40)), past.sent(at=past.ago(days=1)), state="placed")

    prune(store, NOW)

    assert past.count(events) == 1
