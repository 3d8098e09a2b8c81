"""The one thread that writes to a SQLite database.

SQLite takes one writer at a time, and a commit that survives a power cut costs a wait for the disk. So writes that wait
at the same moment share a transaction, each in a savepoint of its own: one that fails takes only itself back, and none
is told that it is done before all of them are on the disk. Nobody waits for company: a group is what came while the
group before was being written.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.store.base import T
from bot.store.failures import cause_of, unavailable

Work = Callable[[Connection], Any]


@dataclass(frozen=True)
class _Write:
    work: Work
    outcome: Future[Any] = field(default_factory=Future)


@dataclass(frozen=True)
class _Kept:
    """What a write returned."""

    value: Any


@dataclass(frozen=True)
class _TakenBack:
    """Why a write was undone, alone."""

    error: BaseException


class GroupWriter:
    """Runs writes on its own thread, in the order they came.

    Args:
        connection: For this thread alone from now on; beginning a transaction on it takes the database's write lock.
        label: The database, in words.
        before: Called before each group; raises if nothing must be written.
    """

    def __init__(self, connection: Connection, label: str, before: Callable[[], None]) -> None:
        self._connection = connection
        self._label = label
        self._before = before
        self._lock = threading.Lock()
        self._is_open = True
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run the work, and return its value when that is on the disk; raise what it raised."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("A write must not write through the store: it would wait for itself.")
        write = _Write(work)
        with self._lock:
            if not self._is_open:
                raise unavailable(self._label, "closed")
            self._waiting.put(write)
        value: T = write.outcome.result()
        return value

    def stop(self) -> None:
        """Finish what waits, then end."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._waiting.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while group := self._next_group():
            self._settle(group)
            del group  # Gone before the next wait, with all it holds on to.
        self._connection.close()

    def _next_group(self) -> list[_Write]:
        """Wait for a write, and take all that came. Empty: it is over."""
        group = []
        write = self._waiting.get()
        while write is not None:
            group.append(write)
            try:
                write = self._waiting.get_nowait()
            except queue.Empty:
                return group
        if group:
            self._waiting.put(None)  # The end, met while gathering: it is for the next round.
        return group

    def _settle(self, group: Sequence[_Write]) -> None:
        try:
            self._before()
            ends = self._transact(group)
        except BaseException as error:  # noqa: BLE001 - It belongs to those who wait, whatever it is.
            self._settle_failure(group, error)
            return
        for write, end in zip(group, ends, strict=True):
            if isinstance(end, _Kept):
                write.outcome.set_result(end.value)
            else:
                write.outcome.set_exception(end.error)

    def _settle_failure(self, group: Sequence[_Write], error: BaseException) -> None:
        # A disk that is full for one of them may have made SQLite take all of them back. Who waits for a lock has
        # waited long enough.
        if len(group) > 1 and isinstance(error, DBAPIError) and cause_of(error) != "locked":
            for write in group:
                self._settle([write])
            return
        for write in group:
            write.outcome.set_exception(error)

    def _transact(self, group: Sequence[_Write]) -> list[_Kept | _TakenBack]:
        try:
            with self._connection.begin():
                return [self._run(write.work) for write in group]
        finally:
            if self._driver.in_transaction:  # The commit failed; what it was to keep must not reach the next group.
                self._driver.rollback()

    def _run(self, work: Work) -> _Kept | _TakenBack:
        # On the driver itself: SQLAlchemy's own savepoints cost as much as the insert between them. A work that ends
        # the transaction finds its savepoint gone, and fails with its whole group.
        self._driver.execute("SAVEPOINT one_write")
        try:
            value = work(self._connection)
            self._driver.execute("RELEASE one_write")
        except BaseException as error:
            if not self._driver.in_transaction:
                raise
            self._driver.execute("ROLLBACK TO one_write")
            self._driver.execute("RELEASE one_write")
            return _TakenBack(error)
        return _Kept(value)

    @property
    def _driver(self) -> sqlite3.Connection:
        driver: Any = self._connection.connection.dbapi_connection
        return cast("sqlite3.Connection", driver)
