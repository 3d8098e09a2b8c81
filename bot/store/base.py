"""What every store can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Now = Callable[[], datetime]


class Store(ABC):
    """A database. Safe to use from several threads.

    Every method that talks to the database raises `StoreUnavailableError`, after a bounded time, when that is away,
    locked, full or too slow.
    """

    is_shared: ClassVar[bool]
    """Whether several processes may serve from it."""

    def __init__(self, label: str, now: Now | None) -> None:
        self.label = label
        self._now = now

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label}>"

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees everything as it was at one moment, that of its first statement.

        It cannot write. Rows that are not fetched when the block ends are gone.
        """

    @abstractmethod
    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        """Run the work in one transaction, and return what it returned once the database keeps it for good.

        The work may be run several times (after a deadlock, or when a neighbour's write was taken back), on any thread:
        so it does nothing outside of the database, is quick, and returns values, not rows still to be fetched. It
        neither ends the transaction nor writes through the store in its turn.

        Args:
            work: What to do.
            is_urgent: Whether somebody outside waits for it: where only one can write, it goes before what nobody waits
                for.

        Raises:
            Exception: What the work raised; then nothing of it is kept. To go on after a violated constraint, use
                `bot.store.rows.insert_if_new`, or a savepoint (`connection.begin_nested()`).
        """

    @abstractmethod
    def reshape(self, work: Callable[[Connection], T]) -> T:
        """Run work that changes the schema: in one transaction, and nobody else's `reshape` at the same time."""

    @abstractmethod
    def check(self) -> None:
        """Return if a write would be possible just now; leaves no trace."""

    @abstractmethod
    def close(self) -> None:
        """Finish the writes that wait, and let go of the database. Later calls do nothing."""

    def now(self, connection: Connection) -> datetime:
        """Return the database's time (aware, UTC), which is one for all processes; or the time of a played clock."""
        return self._database_time(connection) if self._now is None else self._now().astimezone(UTC)

    @abstractmethod
    def _database_time(self, connection: Connection) -> datetime: ...
