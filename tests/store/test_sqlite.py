import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from bot.store.base import Store
from bot.store.errors import StoreMisconfiguredError, StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.sqlite import SqliteStore
from tests.store.conftest import OpenStore
from tests.store.rows import add, ids
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@pytest.fixture
def store(opening: OpenStore, sqlite_url: str) -> SqliteStore:
    store = opening(sqlite_url, wait_seconds=0.2)
    upgrade(store)
    assert isinstance(store, SqliteStore)
    return store


def test_the_file_survives_power_cuts_and_keeps_its_references(store: SqliteStore) -> None:
    def settings(connection: Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    full = 2
    assert store.write(settings) == ["wal", full, 1, 200]


def test_only_its_owner_reads_a_new_file(store: SqliteStore, file: Path) -> None:
    store.write(add)

    rights = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}

    assert rights == {"test.db": 0o600, "test.db-wal": 0o600, "test.db-shm": 0o600}


def test_writes_that_wait_together_share_a_commit(store: SqliteStore) -> None:
    commits: list[Connection] = []
    event.listen(store._writer._connection.engine, "commit", commits.append)

    ends = together(store, *map(adding, range(50)))

    assert [end.exception() for end in ends] == [None] * 50
    assert len(ids(store)) == 50
    assert len(commits) == 2, "one for the write that they waited behind, one for them"


def test_what_somebody_waits_for_goes_before_all_else_but_one(store: SqliteStore) -> None:
    order: list[str] = []
    gate, inside = threading.Event(), threading.Event()

    def noting(name: str) -> Callable[[Connection], None]:
        return lambda _: order.append(name)

    def hold(_: Connection) -> None:
        inside.set()
        gate.wait(10)

    with ThreadPoolExecutor(20) as threads:
        threads.submit(store.write, hold, is_urgent=True)
        assert inside.wait(10)
        others = [threads.submit(store.write, noting(f"other {number}")) for number in range(3)]
        wait_until(lambda: len(store._writer._others) == 3)
        urgent = [threads.submit(store.write, noting("urgent"), is_urgent=True) for _ in range(3)]
        wait_until(lambda: len(store._writer._urgent) == 3)
        gate.set()
        for each in (*others, *urgent):
            each.result(10)

    assert order[1:4] == ["urgent"] * 3
    assert sorted([order[0], *order[4:]]) == ["other 0", "other 1", "other 2"]


def test_a_group_of_others_ends_when_somebody_waits(store: SqliteStore) -> None:
    order: list[str] = []
    urgent: list[Future[None]] = []

    with ThreadPoolExecutor(4) as threads:

        def first(_: Connection) -> None:
            urgent.append(threads.submit(store.write, lambda _: order.append("urgent"), is_urgent=True))
            wait_until(lambda: len(store._writer._urgent) == 1)
            order.append("first")

        ends = together(store, first, lambda _: order.append("second"), lambda _: order.append("third"))
        for each in (*ends, *urgent):
            each.result(10)

    assert order[:2] == ["first", "urgent"]
    assert sorted(order[2:]) == ["second", "third"]


def test_a_write_within_a_write_is_refused_before_it_waits_for_itself(store: SqliteStore) -> None:
    with pytest.raises(RuntimeError, match="must not write through the store"):
        store.write(lambda _: store.write(add))


def test_reading_does_not_wait_for_writing(store: SqliteStore) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        add(connection)
        inside.set()
        gate.wait(10)

    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(store.write, hold)
        assert inside.wait(10)
        assert ids(store) == []
        gate.set()
        held.result(10)

    assert ids(store) == ["e1"]


def test_what_was_acknowledged_survives_kill(opening: OpenStore, sqlite_url: str) -> None:
    acknowledged: set[str] = set()

    for _ in range(3):
        with writing(sqlite_url) as process:
            acknowledged.clear()
            assert process.stdout is not None
            for _ in range(60):
                acknowledged.add(process.stdout.readline().strip())
            process.kill()
            acknowledged.update(line.strip() for line in process.stdout if line.endswith("\n"))
        store = opening(sqlite_url, exclusive=True)
        assert acknowledged <= set(ids(store))
        assert store.write(lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").scalar()) == "ok"
        store.write(lambda connection: connection.exec_driver_sql("DELETE FROM events"))
        store.close()


def test_a_second_process_is_refused_until_the_first_is_dead(opening: OpenStore, sqlite_url: str, file: Path) -> None:
    with writing(sqlite_url) as process:
        assert process.stdout is not None
        process.stdout.readline()

        with pytest.raises(StoreMisconfiguredError) as caught:
            opening(sqlite_url, exclusive=True)
        assert str(caught.value) == (
            f"The database file {file} is in use by process {process.pid}: a file serves one process. "
            "Stop that one first; for several, use PostgreSQL."
        )
        assert ids(opening(sqlite_url)), "who does not serve may look"

        process.kill()
        process.wait(10)
        opening(sqlite_url, exclusive=True).check()


def test_two_names_of_one_file_are_one_file(opening: OpenStore, sqlite_url: str, tmp_path: Path) -> None:
    opening(sqlite_url, exclusive=True)
    (tmp_path / "alias.db").symlink_to(tmp_path / "test.db")

    with pytest.raises(StoreMisconfiguredError, match="is in use by process"):
        opening(f"sqlite:///{tmp_path}/alias.db", exclusive=True)


def test_a_store_that_is_closed_lets_the_next_one_in(opening: OpenStore, sqlite_url: str, file: Path) -> None:
    first = opening(sqlite_url, exclusive=True)
    upgrade(first)
    first.write(add)
    first.close()

    assert ids(opening(sqlite_url, exclusive=True)) == ["e1"]
    assert not file.with_name("test.db-wal").exists() or file.stat().st_size > 4096, "the log was brought in"


def test_a_lock_of_another_program_is_waited_for_and_not_for_ever(store: SqliteStore, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()

        with ThreadPoolExecutor(20) as threads:
            outcomes = set(threads.map(lambda number: failure(store, number), range(20)))

        assert outcomes == {
            f"The database ({file}) is not available: it is locked by someone else (database is locked)."
        }
        assert time.monotonic() - began < 2, "together, not one after the other"
        with pytest.raises(StoreUnavailableError) as caught:
            store.check()
        assert caught.value.cause == "locked"
        assert ids(store) == [], "reading goes on"

    store.check()
    store.write(add)
    assert ids(store) == ["e1"]


def test_a_full_disk_takes_nothing_of_what_is_there_and_ends_when_there_is_room(store: SqliteStore) -> None:
    store.write(add)
    pages = store.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    limit(store, pages)

    with pytest.raises(StoreUnavailableError, match="its disk is full") as caught:
        store.write(lambda connection: add(connection, 2, payload={"large": "x" * 100_000}))

    assert caught.value.cause == "full"
    assert ids(store) == ["e1"]
    limit(store, pages + 100)
    store.write(lambda connection: add(connection, 2, payload={"large": "x" * 100_000}))
    assert ids(store) == ["e1", "e2"]


def test_one_write_too_large_for_the_disk_does_not_take_its_neighbours_with_it(store: SqliteStore) -> None:
    store.write(add)
    limit(store, store.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one()) + 5)

    def too_large(connection: Connection) -> None:
        add(connection, 5, payload={"large": "x" * 100_000})

    ends = [end.exception() for end in together(store, adding(4), too_large, adding(6))]

    assert [getattr(end, "cause", end) for end in ends] == [None, "full", None]
    assert ids(store) == ["e1", "e4", "e6"]


def test_when_sqlite_takes_a_whole_group_back_each_is_written_alone(store: SqliteStore) -> None:
    def lose_everything(connection: Connection) -> None:
        # What SQLite does by itself after some errors of the disk.
        store._writer._driver.rollback()
        connection.exec_driver_sql("SELEKT")

    first, bad, last = together(store, adding(1), lose_everything, adding(2))

    assert first.exception() is None
    assert "SELEKT" in str(bad.exception())
    assert last.exception() is None
    assert ids(store) == ["e1", "e2"]


def test_a_commit_that_is_refused_for_one_is_made_for_the_others(store: SqliteStore) -> None:
    def make(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    def orphan(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO child VALUES (1)")

    store.reshape(make)

    ends = together(store, adding(1), orphan, adding(2))

    assert [type(end.exception()) for end in ends] == [type(None), IntegrityError, type(None)]
    assert ids(store) == ["e1", "e2"]


def test_a_work_that_commits_by_itself_is_told(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such savepoint"):
        store.write(lambda connection: connection.commit())

    store.write(add)
    assert ids(store) == ["e1"]


def test_nothing_is_written_into_a_file_that_was_moved_away(store: SqliteStore, file: Path) -> None:
    shutil.move(file, file.with_name("elsewhere.db"))

    with pytest.raises(StoreUnavailableError, match="the file was moved, removed or replaced"):
        store.write(add)
    with pytest.raises(StoreUnavailableError):
        store.check()
    assert not file.exists()

    shutil.move(file.with_name("elsewhere.db"), file)
    store.check()


def test_memory_is_as_good_as_a_file_and_leaves_nothing(opening: OpenStore) -> None:
    store, other = opening("sqlite://"), opening("sqlite:///:memory:")
    upgrade(store)
    assert isinstance(store, SqliteStore)

    with store.read() as connection:
        connection.execute(text("SELECT * FROM events"))
        store.write(add)
    store.close()

    assert not store.path.parent.exists()
    assert repr(other) == "<SqliteStore :memory:>"


def test_reshaping_keeps_what_refers_to_a_table_that_is_made_anew(store: SqliteStore) -> None:
    def make(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE child (id INTEGER REFERENCES parent ON DELETE CASCADE)")
        connection.exec_driver_sql("INSERT INTO parent VALUES (1)")
        connection.exec_driver_sql("INSERT INTO child VALUES (1)")

    def remake(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT)")
        connection.exec_driver_sql("INSERT INTO new_parent (id) SELECT id FROM parent")
        connection.exec_driver_sql("DROP TABLE parent")
        connection.exec_driver_sql("ALTER TABLE new_parent RENAME TO parent")

    store.reshape(make)
    store.reshape(remake)
    with pytest.raises(RuntimeError, match="1 rows would refer to rows that are gone"):
        store.reshape(lambda connection: connection.exec_driver_sql("DELETE FROM parent"))

    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child JOIN parent USING (id)").scalar() == 1


def test_a_file_that_is_no_database_is_refused(opening: OpenStore, sqlite_url: str, file: Path) -> None:
    file.write_text("Dear diary, " * 1_000, encoding="utf-8")

    with pytest.raises(
        StoreMisconfiguredError, match=r"it is no SQLite database, is damaged, .*file is not a database"
    ):
        opening(sqlite_url)

    assert file.read_text(encoding="utf-8").startswith("Dear diary")


def test_a_place_that_cannot_hold_a_file_is_refused(opening: OpenStore, tmp_path: Path) -> None:
    with pytest.raises(StoreMisconfiguredError, match=r"cannot be made: No such file or directory\.$"):
        opening(f"sqlite:///{tmp_path}/missing/test.db", exclusive=True)
    with pytest.raises(StoreMisconfiguredError, match="cannot be used"):
        opening(f"sqlite:///{tmp_path}")


def test_who_cannot_open_a_store_leaves_no_lock_behind(opening: OpenStore, sqlite_url: str, file: Path) -> None:
    file.write_text("no database" * 1_000, encoding="utf-8")
    with pytest.raises(StoreMisconfiguredError):
        opening(sqlite_url, exclusive=True)

    file.unlink()
    opening(sqlite_url, exclusive=True).check()


def together(store: SqliteStore, *works: Callable[[Connection], None]) -> list[Future[None]]:
    """Write all of these as one group, in this order; return how each ended."""
    gate, inside = threading.Event(), threading.Event()
    ends: list[Future[None]] = []

    def hold(_: Connection) -> None:
        inside.set()
        gate.wait(10)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        threads.submit(store.write, hold)
        assert inside.wait(10)
        for work in works:
            ends.append(threads.submit(store.write, work))
            wait_until(lambda: len(store._writer._others) == len(ends))
        gate.set()
    return ends


def adding(number: int) -> Callable[[Connection], None]:
    return lambda connection: add(connection, number)


def failure(store: Store, number: int) -> str:
    try:
        store.write(adding(number))
    except StoreUnavailableError as error:
        return str(error)
    return "kept"


def limit(store: Store, pages: int) -> None:
    """Let the file have no more pages: as good as a full disk, and needs none."""
    store.write(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}"))


@contextmanager
def writing(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run `tests.store.writing`; killed in the end."""
    command = [sys.executable, "-m", "tests.store.writing", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
