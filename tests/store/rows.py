"""Rows and small readings for the tests of the store."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, column, insert, select, table, update

from bot.store.base import Store
from bot.store.migrations import VERSION_TABLE
from bot.store.tables import events

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def event(number: int | str = 1, **changes: Any) -> dict[str, Any]:
    """Return a row of its own for each number, with these changes."""
    return {
        "id": f"e{number}",
        "workspace": "T1",
        "repository": f"acme/api-{number}",
        "tag": "1.2",
        "pushed_at": NOW - timedelta(seconds=5),
        "received_at": NOW,
        "pusher": "ada",
        "media_type": None,
        "content_kind": "image",
        "source": "webhook",
        "payload": {"number": number},
        **changes,
    }


def add(connection: Connection, number: int | str = 1, **changes: Any) -> None:
    connection.execute(insert(events), event(number, **changes))


def pretend_newer(connection: Connection) -> None:
    """Leave the database as a later version of the schema would."""
    connection.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num="9999"))


def ids(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(events.c.id).order_by(events.c.id)).scalars())
