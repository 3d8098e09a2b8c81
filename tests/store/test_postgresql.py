import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event, make_url, text

from bot.store.base import Store
from bot.store.errors import StoreMisconfiguredError, StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.postgresql import ATTEMPTS, PostgresqlStore
from tests.store.conftest import OpenStore
from tests.store.rows import add, ids
from tests.store.server import PASSWORD, PostgresqlServer


@pytest.fixture
def store(opening: OpenStore, postgresql_url: str) -> Store:
    store = opening(postgresql_url)
    upgrade(store)
    return store


def test_a_server_that_comes_back_is_used_again(server: PostgresqlServer, store: Store) -> None:
    store.write(add)
    with store.read() as connection:
        connection.execute(text("SELECT 1"))

    server.stop()
    try:
        for call in (store.check, lambda: store.write(add), lambda: ids(store)):
            with pytest.raises(StoreUnavailableError, match="there is no working connection to it") as caught:
                call()
            assert caught.value.cause == "away"
            assert PASSWORD not in repr(caught.value) + str(caught.value)
    finally:
        server.start()

    store.check()
    assert ids(store) == ["e1"]


def test_a_server_that_was_away_for_a_moment_is_not_noticed(server: PostgresqlServer, store: Store) -> None:
    store.write(add)

    server.stop()
    server.start()

    store.write(lambda connection: add(connection, 2))
    assert ids(store) == ["e1", "e2"]


def test_a_server_that_goes_in_the_middle_of_a_write_keeps_nothing_of_it(
    server: PostgresqlServer, store: Store
) -> None:
    def work(connection: Connection) -> None:
        add(connection)
        server.stop()
        add(connection, 2)

    try:
        with pytest.raises(StoreUnavailableError) as caught:
            store.write(work)
    finally:
        server.start()

    assert caught.value.cause == "away"
    assert ids(store) == []


def test_one_who_loses_a_deadlock_begins_again(store: Store) -> None:
    store.write(lambda connection: add(connection, 1))
    store.write(lambda connection: add(connection, 2))
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    def lock(connection: Connection, *names: str) -> None:
        attempts.append(names[0])
        for name in names:
            connection.execute(
                text("UPDATE events SET pusher = pusher || :name WHERE id = :id"), {"name": "x", "id": name}
            )
            if len(attempts) <= 2 and name == names[0]:
                both_hold_one.wait(10)

    with ThreadPoolExecutor(2) as threads:
        writes = [
            threads.submit(store.write, lambda connection: lock(connection, "e1", "e2")),
            threads.submit(store.write, lambda connection: lock(connection, "e2", "e1")),
        ]
        for write in writes:
            write.result(20)

    assert len(attempts) > 2
    with store.read() as connection:
        assert connection.execute(text("SELECT pusher FROM events ORDER BY id")).scalars().all() == ["adaxx", "adaxx"]


def test_who_loses_again_and_again_gives_up(postgresql_url: str) -> None:
    pauses: list[float] = []
    store = PostgresqlStore(
        make_url(postgresql_url), now=None, connections=1, wait_seconds=1, sleep=pauses.append, draw=lambda: 1.0
    )
    attempts = 0

    def lose(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StoreUnavailableError, match="it is locked by someone else") as caught:
        store.write(lose)
    store.close()

    assert caught.value.cause == "locked"
    assert attempts == ATTEMPTS
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.32]


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("53100", "full"),
        ("57014", "slow"),
        ("57P01", "away"),
        ("08006", "away"),
        ("25006", "away"),
        ("55P03", "locked"),
    ],
)
def test_what_the_server_cannot_help_is_unavailability(store: Store, state: str, cause: str) -> None:
    statement = text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")

    with pytest.raises(StoreUnavailableError) as caught, store.read() as connection:
        connection.execute(statement)

    assert caught.value.cause == cause
    store.check()


def test_a_statement_and_a_lock_are_waited_for_and_not_for_ever(opening: OpenStore, postgresql_url: str) -> None:
    settings = "?options=-c%20statement_timeout%3D50ms%20-c%20lock_timeout%3D20ms"
    store = opening(postgresql_url + settings)

    with pytest.raises(StoreUnavailableError, match="it took too long"):
        store.write(lambda connection: connection.execute(text("SELECT pg_sleep(5)")))


def test_the_connection_says_whose_it_is_and_what_its_limits_are(store: Store) -> None:
    def settings(connection: Connection) -> dict[str, Any]:
        names = (
            "application_name",
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "TimeZone",
        )
        return {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in (*names, "transaction_isolation")}

    assert store.write(settings) == {
        "application_name": "hub-bot",
        "statement_timeout": "10s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
        "TimeZone": "UTC",
        "transaction_isolation": "read committed",
    }
    with store.read() as connection:
        assert settings(connection)["transaction_isolation"] == "repeatable read"
    assert store.write(settings)["transaction_isolation"] == "read committed", "a connection that was read with"


def test_keys_are_ordered_by_code_point_whatever_the_locale_of_the_database(store: Store) -> None:
    query = (
        "SELECT DISTINCT collname FROM pg_attribute JOIN pg_collation ON attcollation = pg_collation.oid"
        " WHERE attrelid = 'events'::regclass"
    )

    with store.read() as connection:
        assert connection.execute(text(query)).scalars().all() == ["C"]


def test_the_time_goes_on_within_a_transaction(store: Store) -> None:
    def twice(connection: Connection) -> tuple[datetime, datetime]:
        first = store.now(connection)
        connection.execute(text("SELECT pg_sleep(0.01)"))
        return first, store.now(connection)

    first, second = store.write(twice)

    assert first < second
    assert first.tzinfo == UTC


def test_a_process_that_dies_while_reshaping_holds_up_nobody(opening: OpenStore, postgresql_url: str) -> None:
    dying, living = opening(postgresql_url), opening(postgresql_url)
    assert isinstance(dying, PostgresqlStore)

    def die(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailableError):
        dying.reshape(die)

    assert upgrade(living)


def test_the_password_is_nowhere(
    server: PostgresqlServer, opening: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = "tr0ub4dor-and-3"
    store = opening(server.url("postgres", password=secret))

    with pytest.raises(StoreUnavailableError, match="password authentication failed") as caught:
        store.check()

    error = caught.value
    assert secret not in f"{error!r} {error} {error.detail} {error.__cause__!r} {store!r}"
    assert secret not in caplog.text


def test_an_option_that_does_not_exist_is_found_at_once(opening: OpenStore, postgresql_url: str) -> None:
    with pytest.raises(StoreMisconfiguredError, match='invalid connection option "colour"'):
        opening(f"{postgresql_url}?colour=blue")


def test_a_standby_is_not_ready(store: Store) -> None:
    assert isinstance(store, PostgresqlStore)

    @event.listens_for(store._engine, "before_cursor_execute", retval=True)
    def pretend(_c: Any, _cu: Any, statement: str, parameters: Any, _co: Any, _m: Any) -> tuple[str, Any]:
        return statement.replace("pg_is_in_recovery()", "true"), parameters

    with pytest.raises(StoreUnavailableError, match="the server is a standby"):
        store.check()
