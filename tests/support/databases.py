"""A database in memory with its tables, quickly: they are migrated once for all tests, and copied for each."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import VERSION_TABLE, upgrade


def open_database(now: Callable[[], datetime]) -> Store:
    """Return a database by a clock; whoever opens it closes it."""
    store = open_store("sqlite://", now=now)
    statements = _schema()

    def make(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    store.write(make)
    return store


@cache
def _schema() -> tuple[str, ...]:
    with closing(open_store("sqlite://")) as store:
        upgrade(store)
        with store.read() as connection:
            made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            tables = [row[0] for row in connection.exec_driver_sql(made)]
            found = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - It is a constant.
            version = connection.exec_driver_sql(found).scalar()
    return (*tables, f"INSERT INTO {VERSION_TABLE} VALUES ('{version}')")  # noqa: S608 - It is a migration's own name.
