"""What holds for every store. Each test runs on both."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.store.base import Store
from bot.store.errors import StoreUnavailableError, UnstorableError
from bot.store.rows import insert_if_new
from bot.store.tables import events
from bot.store.types import storable
from tests.store.conftest import OpenStore
from tests.store.rows import NOW, add, event, ids

UNIQUE = (events.c.workspace, events.c.repository, events.c.tag, events.c.pushed_at)
TEXTS = [
    "",
    "<!channel> *x* `y`",
    "Ünï — 漢字 🐳",
    "\u202ertl",
    "'; DROP TABLE events; --",
    "%s ? :x $1",
    "\\u0000",
    "\x01\x7f\x85",
]


def test_a_write_is_there_when_it_returns(store: Store) -> None:
    def work(connection: Connection) -> str:
        add(connection)
        return "done"

    assert store.write(work) == "done"

    assert ids(store) == ["e1"]


def test_nothing_is_kept_of_a_write_that_raises_and_it_is_raised_as_it_was(store: Store) -> None:
    problem = LookupError("no such thing")

    def work(connection: Connection) -> None:
        add(connection)
        raise problem

    with pytest.raises(LookupError) as caught:
        store.write(work)

    assert caught.value is problem
    assert ids(store) == []
    store.write(add)
    assert ids(store) == ["e1"]


def test_many_threads_write_and_all_of_it_is_there(store: Store) -> None:
    together = threading.Barrier(50)

    def write(number: int) -> None:
        together.wait(10)
        store.write(lambda connection: add(connection, f"{number:02}"))

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(write, range(50)))

    assert ids(store) == [f"e{number:02}" for number in range(50)]


def test_of_many_writes_those_that_fail_take_only_themselves_back(store: Store) -> None:
    together = threading.Barrier(20)

    def write(number: int) -> str:
        def work(connection: Connection) -> None:
            add(connection, f"{number:02}")
            if number % 3 == 0:
                raise ValueError(number)
            if number % 3 == 1:
                add(connection, f"{number:02}")

        together.wait(10)
        try:
            store.write(work)
        except (ValueError, IntegrityError) as error:
            return type(error).__name__
        return "kept"

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(write, range(20)))

    assert outcomes == [("ValueError", "IntegrityError", "kept")[number % 3] for number in range(20)]
    assert ids(store) == [f"e{number:02}" for number in range(20) if number % 3 == 2]


def test_no_update_is_lost_between_threads(store: Store) -> None:
    store.write(lambda connection: add(connection, payload={"n": 0}))

    def increase(connection: Connection) -> None:
        (payload,) = connection.execute(select(events.c.payload).with_for_update()).one()
        connection.execute(update(events).values(payload={"n": payload["n"] + 1}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: store.write(increase), range(40)))

    with store.read() as connection:
        assert connection.execute(select(events.c.payload)).scalar_one() == {"n": 40}


def test_a_reader_sees_one_moment(store: Store) -> None:
    store.write(add)

    with store.read() as connection:
        before = connection.execute(select(func.count()).select_from(events)).scalar_one()
        store.write(lambda writing: add(writing, 2))
        after = connection.execute(select(func.count()).select_from(events)).scalar_one()

    assert (before, after) == (1, 1)
    assert ids(store) == ["e1", "e2"]


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises((DBAPIError, StoreUnavailableError)), store.read() as connection:
        add(connection)

    assert ids(store) == []


def test_what_is_not_committed_is_seen_by_nobody_else(store: Store) -> None:
    seen: list[list[str]] = []

    def work(connection: Connection) -> None:
        add(connection)
        seen.append(ids(store))

    store.write(work)

    assert seen == [[]]


def test_a_repeat_is_told_apart_and_the_transaction_goes_on(store: Store) -> None:
    def work(connection: Connection) -> tuple[bool, bool, str]:
        first = insert_if_new(connection, events, event(1), unique=UNIQUE)
        repeat = insert_if_new(connection, events, event(1, id="other"), unique=UNIQUE)
        return first, repeat, connection.execute(select(events.c.id)).scalar_one()

    assert store.write(work) == (True, False, "e1")


def test_of_many_that_insert_the_same_one_is_first(store: Store) -> None:
    together = threading.Barrier(8)

    def intake(number: int) -> bool:
        together.wait(10)
        row = event(1, id=f"e{number}")
        return store.write(lambda connection: insert_if_new(connection, events, row, unique=UNIQUE))

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(intake, range(8)))

    assert sorted(outcomes) == [False] * 7 + [True]
    assert len(ids(store)) == 1


def test_another_key_than_the_one_asked_about_is_a_violation(store: Store) -> None:
    store.write(add)

    with pytest.raises(IntegrityError):
        store.write(lambda connection: insert_if_new(connection, events, event(2, id="e1"), unique=UNIQUE))


def test_a_violation_does_not_repeat_the_values_that_were_bound(store: Store) -> None:
    secret = uuid4().hex[:12]  # Not to be read off this file, whose lines a traceback shows.
    store.write(lambda connection: add(connection, payload={"token": secret}))

    with pytest.raises(IntegrityError) as caught:
        store.write(lambda connection: add(connection, payload={"token": secret}))

    assert secret not in "".join(traceback.format_exception(caught.value))


def test_after_a_violation_a_savepoint_lets_the_write_go_on(store: Store) -> None:
    def work(connection: Connection) -> None:
        add(connection, 1)
        with pytest.raises(IntegrityError), connection.begin_nested():
            add(connection, 1)
        add(connection, 2)

    store.write(work)

    assert ids(store) == ["e1", "e2"]


def test_a_work_does_not_end_the_transaction_itself(store: Store) -> None:
    def work(connection: Connection) -> None:
        connection.rollback()
        add(connection)

    with pytest.raises(Exception, match="transaction"):
        store.write(work)

    assert ids(store) == []
    store.check()


@pytest.mark.parametrize(
    "at",
    [
        NOW,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    ],
)
def test_a_time_comes_back_to_the_microsecond_and_in_utc(store: Store, at: datetime) -> None:
    store.write(lambda connection: add(connection, pushed_at=at))

    with store.read() as connection:
        found = connection.execute(select(events.c.pushed_at).where(events.c.pushed_at == at)).scalar_one()

    assert found == at
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", [NOW.replace(tzinfo=None), "2026-01-01", 5])
def test_only_a_time_with_its_zone_is_stored(store: Store, value: Any) -> None:
    with pytest.raises(UnstorableError, match=r"^Only a time with its time zone can be stored\.$"):
        store.write(lambda connection: add(connection, pushed_at=value))


def test_times_are_ordered_and_added(store: Store) -> None:
    offsets = [timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1), timedelta(days=400)]
    for number, offset in enumerate(offsets):
        store.write(lambda connection, n=number, o=offset: add(connection, n, received_at=NOW + o))  # type: ignore[misc]
    at = events.c.received_at

    with store.read() as connection:
        later = connection.execute(select(events.c.id).where(at > NOW).order_by(at.desc())).scalars().all()
        sums = connection.execute(select(at + timedelta(hours=1), at - timedelta(seconds=2)).order_by(at)).all()
        age = connection.execute(select(at - NOW).order_by(at)).scalars().all()
        old = connection.execute(select(events.c.id).where(at + timedelta(days=1) < literal(NOW, at.type))).all()
        newest = connection.execute(select(func.max(at))).scalar_one()

    assert later == ["e3", "e2"]
    assert [tuple(row) for row in sums] == [
        (NOW + o + timedelta(hours=1), NOW + o - timedelta(seconds=2)) for o in offsets
    ]
    assert age == offsets
    assert old == []
    assert newest == NOW + timedelta(days=400)


def test_texts_are_ordered_by_code_point(store: Store) -> None:
    for number, repository in enumerate(["b", "a", "B", "ä", "a-b", "aa", "_"]):
        store.write(lambda connection, n=number, r=repository: add(connection, n, repository=r))  # type: ignore[misc]

    with store.read() as connection:
        found = connection.execute(select(events.c.repository).order_by(events.c.repository)).scalars().all()

    assert found == sorted(["b", "a", "B", "ä", "a-b", "aa", "_"])


@pytest.mark.parametrize("hostile", TEXTS)
def test_hostile_text_comes_back_as_it_was(store: Store, hostile: str) -> None:
    payload = {"text": hostile, "deep": [{hostile: [None, True, 1, 1.5, {}]}]}

    store.write(lambda connection: add(connection, tag=hostile, payload=payload))

    with store.read() as connection:
        row = connection.execute(select(events.c.tag, events.c.payload)).one()
    assert tuple(row) == (hostile, payload)


@pytest.mark.parametrize("changes", [{"tag": "a\0b"}, {"tag": "\ud800"}])
def test_text_that_not_every_database_holds_is_refused_by_all(store: Store, changes: dict[str, Any]) -> None:
    with pytest.raises(UnstorableError, match="half a surrogate pair cannot be stored"):
        store.write(lambda connection: add(connection, **changes))
    with pytest.raises(UnstorableError, match="half a surrogate pair in a text cannot be stored"):
        store.write(lambda connection: add(connection, payload={"deep": [changes]}))
    with pytest.raises(UnstorableError):
        store.write(lambda connection: add(connection, payload={changes["tag"]: 1}))

    store.write(lambda connection: add(connection, tag=storable(changes["tag"]), payload=storable(changes)))
    assert ids(store) == ["e1"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", NOW])
def test_what_is_not_json_is_refused(store: Store, value: Any) -> None:
    with pytest.raises(UnstorableError, match="Only JSON can be stored here"):
        store.write(lambda connection: add(connection, payload={"value": value}))


def test_endless_json_is_refused(store: Store) -> None:
    endless: list[Any] = []
    for _ in range(100_000):
        endless = [endless]

    with pytest.raises(UnstorableError):
        store.write(lambda connection: add(connection, payload=endless))


def test_a_value_inside_json_can_be_asked_for(store: Store) -> None:
    store.write(lambda connection: add(connection, 1, payload={"digest": "sha256:1"}))
    store.write(lambda connection: add(connection, 2, payload={"digest": "sha256:2"}))

    with store.read() as connection:
        wanted = select(events.c.id).where(events.c.payload["digest"].as_string() == "sha256:2")
        assert connection.execute(wanted).scalars().all() == ["e2"]


def test_the_time_is_the_databases(store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)

    with store.read() as connection:
        first, second = store.now(connection), store.now(connection)

    assert before < first <= second < datetime.now(UTC) + timedelta(seconds=1)
    assert first.utcoffset() == timedelta(0)


def test_the_time_can_be_played(opening: OpenStore, url: str) -> None:
    store = opening(url, now=lambda: NOW.astimezone(timezone(timedelta(hours=5))))

    assert store.write(store.now) == NOW


def test_a_mistake_in_a_statement_is_not_called_unavailability(store: Store) -> None:
    with pytest.raises(DBAPIError), store.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    with pytest.raises(DBAPIError):
        store.write(lambda connection: connection.execute(text("SELEKT")))

    store.check()


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreUnavailableError, match="it is closed"):
        store.write(add)
    with pytest.raises(StoreUnavailableError, match="it is closed"), store.read():
        pass
    with pytest.raises(StoreUnavailableError) as caught:
        store.check()
    assert caught.value.cause == "closed"


def test_reads_that_find_no_connection_end_in_time(opening: OpenStore, url: str) -> None:
    store = opening(url, connections=1, wait_seconds=0.05)

    with store.read() as connection:
        connection.execute(select(1))
        with pytest.raises(StoreUnavailableError, match="it took too long"), store.read() as another:
            another.execute(select(1))


def test_one_insert_statement_takes_many_rows(store: Store) -> None:
    store.write(lambda connection: connection.execute(insert(events), [event(n) for n in range(2_000)]))

    assert len(ids(store)) == 2_000
