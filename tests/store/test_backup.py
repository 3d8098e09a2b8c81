import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.store.backup import backup, restore
from bot.store.base import Store
from bot.store.errors import BackupError, StoreMisconfiguredError
from bot.store.migrations import upgrade
from bot.store.tables import events
from tests.store.conftest import OpenStore
from tests.store.rows import add, ids, pretend_newer


@pytest.fixture
def store(opening: OpenStore, sqlite_url: str) -> Store:
    store = opening(sqlite_url)
    upgrade(store)
    store.write(add)
    return store


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "monday.db"


@pytest.fixture(autouse=True)
def _copies(copy: Path) -> None:
    copy.parent.mkdir()


def test_a_backup_holds_what_was_committed_in_one_private_file(store: Store, copy: Path) -> None:
    backup(store, copy)
    store.write(lambda connection: add(connection, 2))

    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("SELECT id FROM events").fetchall() == [("e1",)]
    assert [each.name for each in copy.parent.iterdir()] == ["monday.db"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_backup_can_be_made_while_others_write(store: Store, copy: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():
            number += 1
            store.write(lambda connection, n=number: add(connection, n))  # type: ignore[misc]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            backup(store, copy, overwrite=True)
    finally:
        stop.set()
        writer.join()

    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_does_not_overwrite_unless_told(store: Store, copy: Path) -> None:
    copy.write_text("precious", encoding="utf-8")

    with pytest.raises(BackupError) as caught:
        backup(store, copy)
    assert str(caught.value) == f"{copy} is there already. Name another file, or say that it may be overwritten."
    assert copy.read_text(encoding="utf-8") == "precious"

    backup(store, copy, overwrite=True)
    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("SELECT id FROM events").fetchall() == [("e1",)]


def test_a_backup_never_replaces_the_database_itself(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is the database itself"):
        backup(store, tmp_path / "copies" / ".." / "test.db", overwrite=True)

    store.check()


def test_a_backup_that_cannot_be_written_says_why(store: Store, copy: Path) -> None:
    with pytest.raises(BackupError, match=r"cannot be written: No such file or directory\.$"):
        backup(store, copy.parent / "missing" / "x.db")


def test_a_restored_database_is_the_one_that_was_backed_up(store: Store, copy: Path, opening: OpenStore) -> None:
    backup(store, copy)
    url = f"sqlite:///{copy.parent}/new.db"

    restore(url, copy)

    restored = opening(url, exclusive=True)
    assert not upgrade(restored)
    assert ids(restored) == ["e1"]
    assert (copy.parent / "new.db").stat().st_mode & 0o777 == 0o600


def test_restoring_overwrites_only_when_told(store: Store, sqlite_url: str, copy: Path, opening: OpenStore) -> None:
    backup(store, copy)
    store.write(lambda connection: add(connection, 2))
    store.close()

    with pytest.raises(BackupError, match="is there already"):
        restore(sqlite_url, copy)
    assert ids(opening(sqlite_url)) == ["e1", "e2"]

    restore(sqlite_url, copy, overwrite=True)
    assert ids(opening(sqlite_url)) == ["e1"]


def test_the_log_of_the_old_database_is_not_played_into_the_new_one(
    store: Store, sqlite_url: str, copy: Path, opening: OpenStore, tmp_path: Path
) -> None:
    backup(store, copy)
    store.write(lambda connection: add(connection, 2))
    log = (tmp_path / "test.db-wal").read_bytes()
    store.close()
    (tmp_path / "test.db-wal").write_bytes(log)  # As a kill leaves it.

    restore(sqlite_url, copy, overwrite=True)

    assert ids(opening(sqlite_url)) == ["e1"]


def test_one_who_still_reads_the_old_database_does_not_spoil_the_new_one(
    store: Store, sqlite_url: str, copy: Path, opening: OpenStore
) -> None:
    backup(store, copy)

    with store.read() as connection:
        connection.execute(select(events.c.id))
        store.write(lambda writing: add(writing, 2))  # Stays in the log as long as someone reads what was before.
        restore(sqlite_url, copy, overwrite=True)
        restored = opening(sqlite_url)

        assert ids(restored) == ["e1"]
        restored.check()


def test_a_broken_database_can_be_restored(store: Store, sqlite_url: str, copy: Path, opening: OpenStore) -> None:
    backup(store, copy)
    store.close()
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(b"broken" * 1_000)

    restore(sqlite_url, copy, overwrite=True)

    assert ids(opening(sqlite_url)) == ["e1"]


def test_a_database_that_serves_is_not_overwritten(sqlite_url: str, copy: Path, opening: OpenStore) -> None:
    serving = opening(sqlite_url, exclusive=True)
    upgrade(serving)
    backup(serving, copy)

    with pytest.raises(StoreMisconfiguredError, match=f"is in use by process {os.getpid()}"):
        restore(sqlite_url, copy, overwrite=True)

    serving.check()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is not a file that can be read"),
        (b"", "is no backup of Hub Bot, or is damaged"),
        (b"text" * 2_000, "is no backup of Hub Bot, or is damaged"),
    ],
)
def test_what_is_no_backup_is_refused_before_anything_is_touched(
    store: Store, sqlite_url: str, copy: Path, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        copy.write_bytes(content)

    with pytest.raises(BackupError, match=sentence):
        restore(sqlite_url, copy, overwrite=True)

    assert ids(store) == ["e1"]


def test_a_backup_of_a_newer_version_is_refused(store: Store, copy: Path) -> None:
    store.write(pretend_newer)
    backup(store, copy)

    with pytest.raises(BackupError, match="was made by a newer version of Hub Bot"):
        restore(f"sqlite:///{copy.parent}/new.db", copy)


def test_postgresql_is_left_to_its_own_tools(postgresql_url: str, opening: OpenStore, copy: Path) -> None:
    with pytest.raises(BackupError, match=r"`pg_dump --format=custom`, then `pg_restore`\.$"):
        backup(opening(postgresql_url), copy)
    with pytest.raises(BackupError, match="pg_restore"):
        restore(postgresql_url, copy)


def test_memory_is_not_restored(copy: Path) -> None:
    with pytest.raises(BackupError, match="in memory cannot be restored"):
        restore("sqlite://", copy)
