"""Statements that both stores know, each in its own words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insert_if_new(
    connection: Connection, table: Table, row: Mapping[str, Any], *, unique: Sequence[Column[Any]]
) -> bool:
    """Insert a row, unless one with the same values in the unique columns is there.

    Unlike a violated constraint, this does not end the transaction on PostgreSQL. If another transaction is about to
    insert the same, its end is waited for. Any other constraint still raises `IntegrityError`.

    Args:
        connection: One in a write.
        table: Where to.
        row: The values by column.
        unique: The columns of one primary key or unique constraint.

    Returns:
        Whether the row was inserted. If not, the other one can be read on the same connection.
    """
    insert = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing(index_elements=unique)
    # SQLAlchemy forgets the count of an INSERT unless told to keep it.
    return connection.execute(insert, dict(row), execution_options={"preserve_rowcount": True}).rowcount == 1
