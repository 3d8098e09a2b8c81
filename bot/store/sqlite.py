"""SQLite: one file, one process that serves from it.

Write-ahead log, so that reading never waits for writing; `synchronous=FULL`, so that a commit is on the disk. Writes go
through `bot.store.writer`; reads have connections of their own, which cannot write.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from bot.store.base import Now, Store, T
from bot.store.errors import StoreMisconfiguredError, StoreUnavailableError
from bot.store.failures import translating, unavailable
from bot.store.lock import FileLock
from bot.store.writer import GroupWriter

MEMORY = ":memory:"
RESHAPE_WAIT_SECONDS = 60.0

PRIVATE = 0o600
"""The rights of a new file; SQLite gives the same to those it puts beside it."""


class SqliteStore(Store):
    """A store in a file.

    A database "in memory" is a file too, in a directory that goes when the store is closed, and never waits for the
    disk. SQLite's own kind has no write-ahead log: in it readers would stop the writer, as they never do in a file.

    Args:
        path: The file; made if it is not there. None: one "in memory".
        exclusive: Whether to refuse, and to be refused beside, another store that asks for the same.
        now: A clock to be played; None for the machine's.
        connections: How many reads at the same time.
        wait_seconds: How long another program's lock, or a free connection, is waited for.

    Raises:
        StoreMisconfiguredError: The file cannot be used, or is in use.
    """

    is_shared = False

    def __init__(
        self, path: Path | None, *, exclusive: bool, now: Now | None, connections: int, wait_seconds: float
    ) -> None:
        super().__init__(str(path or MEMORY), now)
        with ExitStack() as resources:
            named = path or Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="hub-bot-")), "memory.db")
            self.path = Path(os.path.realpath(named))
            self._identity = _prepare_file(self.path)
            if exclusive:
                resources.callback(FileLock(self.path).close)
            self._synchronous = "FULL" if path else "OFF"
            self._wait_seconds = wait_seconds
            self._require_log()
            writing = _engine(self.connect, begin="BEGIN IMMEDIATE", poolclass=NullPool)
            self._writer = GroupWriter(writing.connect(), self.label, self._require_same_file)
            resources.callback(self._writer.stop)
            self._reading = _engine(
                partial(self.connect, query_only="ON"),
                begin="BEGIN",
                poolclass=QueuePool,
                pool_size=connections,
                max_overflow=0,
                pool_timeout=wait_seconds,
            )
            resources.callback(self._reading.dispose)
            self._resources = resources.pop_all()
        self._is_open = True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees everything as it was at the moment of its first statement."""
        if not self._is_open:
            raise unavailable(self.label, "closed")
        with translating(self.label), self._reading.begin() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        """Run the work in a transaction, together with those of others who wait."""
        with translating(self.label):
            return self._writer.write(work, is_urgent=is_urgent)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        """Run the work with the database's write lock and without foreign keys, which are checked at its end.

        Changing a table means, on SQLite, making a new one and dropping the old one; with foreign keys that would
        delete what refers to it.
        """
        connect = partial(self.connect, wait_seconds=RESHAPE_WAIT_SECONDS, foreign_keys="OFF")
        engine = _engine(connect, begin="BEGIN EXCLUSIVE", poolclass=NullPool)
        with translating(self.label), engine.begin() as connection:
            result = work(connection)
            if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"{len(orphans)} rows would refer to rows that are gone.")
        return result

    def check(self) -> None:
        """Take the write lock and give it back; nothing goes to the disk."""
        self.write(lambda _: None)

    def close(self) -> None:
        """Finish the writes that wait; let the next process in."""
        self._is_open = False
        self._resources.close()

    def connect(self, *, wait_seconds: float | None = None, **pragmas: str) -> sqlite3.Connection:
        """Return a connection of the driver's own kind, for what SQLAlchemy has no words for. The caller closes it.

        Args:
            wait_seconds: How long another's lock is waited for; None for the usual.
            **pragmas: Settings of this connection that differ from the usual.
        """
        driver = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",  # Never a new file, where the old one was moved away.
            uri=True,
            timeout=self._wait_seconds if wait_seconds is None else wait_seconds,
            isolation_level=None,  # Transactions begin when we say so, and how we say.
            check_same_thread=False,  # Connections go from thread to thread, one at a time.
        )
        for name, value in {"synchronous": self._synchronous, "foreign_keys": "ON", **pragmas}.items():
            driver.execute(f"PRAGMA {name}={value}")
        return driver

    def _database_time(self, _connection: Connection) -> datetime:
        return datetime.now(UTC)  # SQLite's own clock is this one, in milliseconds only.

    def _require_log(self) -> None:
        try:
            with translating(self.label), closing(self.connect()) as driver:
                (mode,) = driver.execute("PRAGMA journal_mode=WAL").fetchone()
        except StoreUnavailableError as error:
            if error.cause != "broken":
                raise
            raise StoreMisconfiguredError(
                f"The database file {self.path} cannot be used: it is no SQLite database, is damaged, or may not be "
                f"read and written by this user ({error.detail})."
            ) from error
        if mode != "wal":
            raise StoreMisconfiguredError(
                f"The database file {self.path} lies where SQLite cannot keep its log; use a disk of this machine."
            )

    def _require_same_file(self) -> None:
        """Refuse to write where nobody would find it again."""
        with suppress(OSError):
            if _identity(self.path) == self._identity:
                return
        raise unavailable(self.label, "broken", "the file was moved, removed or replaced; put it back or start anew")


def _engine(connect: Callable[[], sqlite3.Connection], *, begin: str, **options: Any) -> Engine:
    engine = create_engine("sqlite://", creator=connect, hide_parameters=True, **options)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _prepare_file(path: Path) -> tuple[int, int]:
    """Make the file if it is not there; return what tells it from any other."""
    try:
        with suppress(FileExistsError):
            # An existing file is left closed: closing it again would take away SQLite's locks in this process.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))
        return _identity(path)
    except OSError as error:
        raise StoreMisconfiguredError(f"The database file {path} cannot be made: {error.strerror}.") from error


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
