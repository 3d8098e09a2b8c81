"""PostgreSQL: one database, any number of processes.

`READ COMMITTED` with row locks for writes, one snapshot for reads. Everything that could hang is bounded: connecting, a
statement, waiting for a lock, a transaction that its owner forgot, a server that vanished from the network.

Source: https://www.postgresql.org/docs/current/runtime-config-client.html,
https://www.postgresql.org/docs/current/libpq-connect.html
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from bot.store.base import Now, Store, T
from bot.store.errors import StoreMisconfiguredError
from bot.store.failures import is_passing, translating, unavailable
from bot.store.types import UtcTime

ATTEMPTS = 6
"""How often a write is begun that loses against others."""
FIRST_PAUSE_SECONDS = 0.01
RESHAPE_WAIT_SECONDS = 60.0

_RESHAPE_LOCK = 0x48_75_62_42_6F_74
"""The advisory lock of `reshape`: the letters HubBot."""
_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
}
_CONNECTING: Mapping[str, str] = {
    "application_name": "hub-bot",
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "options": " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
}
"""Unless the URL says otherwise. Seconds, and milliseconds for the last of the times."""
_SECRET_OPTIONS = ("password", "sslpassword")


class PostgresqlStore(Store):
    """A store on a server. Nothing is connected until it is used.

    A commit is as durable as the server's `synchronous_commit`, which is on unless its owner changed it.

    Args:
        url: Whose query may hold any option of libpq, which then comes before ours.
        now: A clock to be played; None for the server's.
        connections: How many at the same time, for reading and writing together.
        wait_seconds: How long a free one is waited for.
        sleep: Waits between two attempts at a write.
        draw: Gives numbers in [0, 1), so that two that collided do not collide again.

    Raises:
        StoreMisconfiguredError: The URL names an option that does not exist.
    """

    is_shared = True

    def __init__(
        self,
        url: URL,
        *,
        now: Now | None,
        connections: int,
        wait_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(_label(url), now)
        self._secrets = _secrets(url)
        self._sleep = sleep
        self._draw = draw
        self._is_open = True
        self._engine = create_engine(
            url,
            connect_args={name: value for name, value in _CONNECTING.items() if name not in url.query},
            pool_pre_ping=True,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=wait_seconds,
            hide_parameters=True,
        )
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            make_conninfo(**dict.fromkeys(url.query, ""))
        except psycopg.Error as error:
            raise StoreMisconfiguredError(f"The database URL cannot be used: {str(error).strip()}.") from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees everything as it was at the moment of its first statement."""
        with self._translating(), self._reading.begin() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:  # noqa: ARG002 - All are at once.
        """Run the work in a transaction, up to `ATTEMPTS` times while it loses against others."""
        with self._translating():
            for attempt in range(1, ATTEMPTS):
                try:
                    return self._transact(work)
                except DBAPIError as error:
                    if not is_passing(error):
                        raise
                self._sleep(FIRST_PAUSE_SECONDS * 2**attempt * self._draw())
            return self._transact(work)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        """Run the work while holding an advisory lock, without the limit on statements."""

        def alone(connection: Connection) -> T:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{RESHAPE_WAIT_SECONDS:.0f}s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execute(select(func.pg_advisory_xact_lock(_RESHAPE_LOCK)))
            return work(connection)

        with self._translating():
            return self._transact(alone)

    def check(self) -> None:
        """Ask the server whether it takes writes: a standby does not."""
        if self.write(lambda connection: connection.execute(select(func.pg_is_in_recovery())).scalar_one()):
            raise unavailable(self.label, "away", "the server is a standby")

    def close(self) -> None:
        """Close the connections that are not in use; the others when they come back."""
        self._is_open = False
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def _database_time(self, connection: Connection) -> datetime:
        # Not `now()`: that is when the transaction began, which may have waited for a lock since.
        return connection.execute(select(func.clock_timestamp(type_=UtcTime()))).scalar_one()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        if not self._is_open:
            raise unavailable(self.label, "closed")
        with translating(self.label, self._redact):
            yield

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return text


def _label(url: URL) -> str:
    """Name the server and the database; no user and no option, which might tell too much."""
    return f"{url.host or 'localhost'}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _secrets(url: URL) -> tuple[str, ...]:
    values: list[Any] = [url.password, *(url.query.get(name) for name in _SECRET_OPTIONS)]
    return tuple(str(value) for value in values if value)
