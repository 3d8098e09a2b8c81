"""A consistent copy of a SQLite database while it is in use, and the way back.

A backup is one file, complete in itself, that its owner alone may read. PostgreSQL has tools of its own for this.

Source: https://www.sqlite.org/backup.html
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from bot.store.base import Store
from bot.store.engine import parse_url, sqlite_path
from bot.store.errors import BackupError
from bot.store.failures import translating
from bot.store.lock import FileLock
from bot.store.migrations import VERSION_TABLE, revisions
from bot.store.sqlite import PRIVATE, SqliteStore

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database."""


def backup(store: Store, path: Path, *, overwrite: bool = False) -> None:
    """Write a copy of everything that is committed now. Neither reading nor writing stops meanwhile.

    Raises:
        BackupError: The store is on PostgreSQL, or the file is there already or cannot be written.
        StoreUnavailableError: The database cannot be read.
    """
    if not isinstance(store, SqliteStore):
        raise BackupError("PostgreSQL is backed up with its own tools: `pg_dump --format=custom`, then `pg_restore`.")
    if Path(os.path.realpath(path)) == store.path:
        raise BackupError(f"{path} is the database itself. Name another file.")
    _require_free(path, overwrite=overwrite)
    with translating(store.label), closing(store.connect()) as source:
        _copy(source, path)


def restore(url: str, path: Path, *, overwrite: bool = False) -> None:
    """Make the database that the URL names from a backup. No process may be serving from it.

    Raises:
        BackupError: The URL names a PostgreSQL database, the file is no backup of ours, or the database is there
            already and may not be overwritten.
        StoreMisconfiguredError: The database is in use.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise BackupError("A PostgreSQL database is restored with its own tools: `pg_restore --clean --dbname=…`.")
    named = sqlite_path(parsed)
    if named is None:
        raise BackupError("A database in memory cannot be restored: it would be gone at once.")
    target = Path(os.path.realpath(named))
    _require_free(target, overwrite=overwrite)
    with closing(_open_backup(path)) as source, closing(FileLock(target)):
        _empty_log(target)
        _copy(source, target)


def _require_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise BackupError(f"{path} is there already. Name another file, or say that it may be overwritten.")


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """Copy into a file that appears under its name only when it is complete and on the disk."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
        try:
            with closing(sqlite3.connect(partial)) as target:
                source.backup(target)  # In one step: with several, each write in between would begin it anew.
                target.execute("PRAGMA journal_mode=DELETE")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(path)
        _sync_directory(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _open_backup(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise BackupError(f"{path} is not a file that can be read.")
    source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        _require_ours(source, path)
    except sqlite3.DatabaseError as error:
        source.close()
        raise BackupError(f"{path} is no backup of Hub Bot, or is damaged ({error}).") from error
    except BackupError:
        source.close()
        raise
    return source


def _require_ours(source: sqlite3.Connection, path: Path) -> None:
    (health,) = source.execute("PRAGMA integrity_check").fetchone()
    if health != "ok":
        raise BackupError(f"{path} is damaged: {health}.")
    found = {revision for (revision,) in source.execute(f"SELECT version_num FROM {VERSION_TABLE}")}  # noqa: S608 - A constant.
    if not found <= revisions():
        raise BackupError(f"{path} was made by a newer version of Hub Bot. Restore it with that version.")


def _empty_log(database: Path) -> None:
    """Bring what is in the log into the file, or else away: SQLite would play it into the file that comes next."""
    if database.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as old:  # A broken one is why one restores.
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in _BESIDE:
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
