"""The one thread that writes to a SQLite database.

SQLite takes one writer at a time, and a commit that survives a power cut costs a wait for the disk. So writes that wait
at the same moment share a transaction, each in a savepoint of its own: one that fails takes only itself back, and none
is told that it is done before all of them are on the disk. Nobody waits for company: a group is what came while the
group before was being written.

Some writes are urgent: somebody outside waits for them. They form groups of their own, and between two of those only
one other write is done, however many wait. When one of the others has kept somebody waiting, the next one comes only
after three times the time that it took, or half a second.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.store.base import T
from bot.store.failures import cause_of, root_of, unavailable

Work = Callable[[Connection], Any]

_RESTS = 3.0
_LONGEST_REST_SECONDS = 0.5


@dataclass(frozen=True)
class _Write:
    work: Work
    is_urgent: bool
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
        self._changed = threading.Condition()
        self._is_open = True
        self._urgent: list[_Write] = []
        self._others: deque[_Write] = deque()
        self._was_urgent = False
        self._others_from = 0.0
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        """Run the work, and return its value when that is on the disk; raise what it raised."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("A write must not write through the store: it would wait for itself.")
        write = _Write(work, is_urgent)
        with self._changed:
            if not self._is_open:
                raise unavailable(self._label, "closed")
            (self._urgent if is_urgent else self._others).append(write)
            self._changed.notify()
        value: T = write.outcome.result()
        return value

    def stop(self) -> None:
        """Finish what waits, then end."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while group := self._next_group():
            began_at = time.monotonic()
            self._settle(group)
            if not group[0].is_urgent and self._urgent:
                ended_at = time.monotonic()
                self._others_from = ended_at + min(_RESTS * (ended_at - began_at), _LONGEST_REST_SECONDS)
            del group  # Gone before the next wait, with all it holds on to.
        self._connection.close()

    def _next_group(self) -> list[_Write]:
        """Wait for a write, and take what comes next. Empty: it is over."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._urgent or self._others or not self._is_open)
                rest = self._others_from - time.monotonic() if self._is_open else 0.0
                if self._urgent and not (self._others and self._was_urgent and rest <= 0):
                    group, self._urgent = self._urgent, []
                    self._was_urgent = True
                    return group
                if self._others and rest > 0:
                    self._changed.wait(rest)
                    continue
                self._was_urgent = False
                if self._urgent:
                    return [self._others.popleft()]
                group = list(self._others)
                self._others.clear()
                return group

    def _settle(self, group: Sequence[_Write]) -> None:
        try:
            self._before()
            ends = self._transact(group)
        except BaseException as error:  # noqa: BLE001 - It belongs to those who wait, whatever it is.
            self._settle_failure(group, error)
            return
        with self._changed:
            self._others.extendleft(reversed(group[len(ends) :]))
        for write, end in zip(group, ends, strict=False):
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
        waiting = list(group)
        if isinstance(error, DBAPIError) and cause_of(error) == "locked":
            with self._changed:  # Nor is anybody else to wait for the same lock after them.
                waiting += [*self._urgent, *self._others]
                self._urgent.clear()
                self._others.clear()
        for write in waiting:
            write.outcome.set_exception(error)

    def _transact(self, group: Sequence[_Write]) -> list[_Kept | _TakenBack]:
        try:
            with self._connection.begin():
                return list(self._ends(group))
        finally:
            if self._driver.in_transaction:  # The commit failed; what it was to keep must not reach the next group.
                self._driver.rollback()

    def _ends(self, group: Sequence[_Write]) -> Iterator[_Kept | _TakenBack]:
        """Run the works; those after the first wait for another group as soon as something urgent waits."""
        for position, write in enumerate(group):
            if position and not write.is_urgent and self._urgent:
                return
            yield self._run(write.work)

    def _run(self, work: Work) -> _Kept | _TakenBack:
        # On the driver itself: SQLAlchemy's own savepoints cost as much as the insert between them. A work that ends
        # the transaction finds its savepoint gone, and fails with its whole group.
        self._driver.execute("SAVEPOINT one_write")
        try:
            value = work(self._connection)
            self._driver.execute("RELEASE one_write")
        except BaseException as error:
            if not self._driver.in_transaction:
                raise root_of(error) from error
            self._driver.execute("ROLLBACK TO one_write")
            self._driver.execute("RELEASE one_write")
            return _TakenBack(error)
        return _Kept(value)

    @property
    def _driver(self) -> sqlite3.Connection:
        driver: Any = self._connection.connection.dbapi_connection
        return cast("sqlite3.Connection", driver)
