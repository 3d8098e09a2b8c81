"""Statements that both stores know, each in its own words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, case
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
_MOST_NAMED = 500

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
    insert = _inserting_if_new(connection.dialect.name, table, tuple(unique))
    # SQLAlchemy forgets the count of an INSERT unless told to keep it.
    return connection.execute(insert, dict(row), execution_options={"preserve_rowcount": True}).rowcount == 1


@cache
def _inserting_if_new(dialect: str, table: Table, unique: tuple[Column[Any], ...]) -> sqlite.Insert | postgresql.Insert:
    """Make the statement once: making one takes longer than running it."""
    return _INSERTS[dialect](table).on_conflict_do_nothing(index_elements=unique)


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or give the one of the same primary key these values.

    Args:
        connection: One in a write.
        table: Where to.
        row: The values by column; the primary key among them.
    """
    keys = list(table.primary_key)
    insert = _INSERTS[connection.dialect.name](table)
    values = {name: insert.excluded[name] for name in row if name not in table.primary_key.columns}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), dict(row))


def put_many(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    change: Callable[[Any], Mapping[str, Any]] = lambda _: {},
    where: Callable[[Any], ColumnElement[bool]] | None = None,
) -> None:
    """Insert rows, or give those of the same primary key these values.

    Args:
        connection: One in a write.
        table: Where to.
        rows: The values by column, the primary key among them; the same columns in each, in the order in which
            everybody locks them.
        change: Given the columns of a row that is new, what one that is there gets instead of its values.
        where: Likewise, which of those that are there are changed at all.
    """
    if not rows:
        return
    insert = _INSERTS[connection.dialect.name](table)
    new = insert.excluded
    values = {name: new[name] for name in rows[0] if name not in table.primary_key.columns}
    statement = insert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={**values, **change(new)},
        where=where(new) if where else None,
    )
    connection.execute(statement, [dict(row) for row in rows])


def batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the values in pieces that a statement can name one by one: both stores limit how many."""
    for start in range(0, len(values), _MOST_NAMED):
        yield values[start : start + _MOST_NAMED]


def bring_forward(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, moment: Column[Any]
) -> None:
    """Insert rows, or have the moment of those that are there come sooner; it never becomes later.

    Args:
        connection: One in a write.
        table: Where to.
        rows: The primary key and the moment of each, in the order in which everybody locks them.
        moment: The column; NULL in a row that is there counts as never.
    """
    connection.execute(_bringing_forward(connection.dialect.name, table, moment), [dict(row) for row in rows])


@cache
def _bringing_forward(dialect: str, table: Table, moment: Column[Any]) -> sqlite.Insert | postgresql.Insert:
    """Make the statement once, likewise."""
    insert = _INSERTS[dialect](table)
    sooner = insert.excluded[moment.name]
    kept = case((moment <= sooner, moment), else_=sooner)
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_={moment.name: kept})
