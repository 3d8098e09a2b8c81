"""Many rows in one statement, on both stores."""

from sqlalchemy import Connection, select

from bot.store.base import Store
from bot.store.rows import put_many
from bot.store.tables import tags
from tests.store.played import NOON


def _row(tag: str, digest: str, *, read_at: int = 0) -> dict[str, object]:
    key = {"workspace": "w", "repository": "acme/api", "tag": tag}
    return {**key, "digest": digest, "facts": {}, "read_at": NOON.replace(minute=read_at)}


def _digests(store: Store) -> dict[str, str]:
    with store.read() as connection:
        return {row.tag: row.digest for row in connection.execute(select(tags.c.tag, tags.c.digest))}


def test_rows_are_put_whether_they_are_there_or_not(store: Store) -> None:
    store.write(lambda connection: put_many(connection, tags, [_row("a", "1"), _row("b", "1")]))
    store.write(lambda connection: put_many(connection, tags, [_row("b", "2"), _row("c", "2")]))
    store.write(lambda connection: put_many(connection, tags, []))

    assert _digests(store) == {"a": "1", "b": "2", "c": "2"}


def test_rows_that_are_there_may_keep_some_of_it_or_all(store: Store) -> None:
    def put(connection: Connection) -> None:
        put_many(connection, tags, [_row("a", "1", read_at=5), _row("b", "1", read_at=5)])
        rows = [_row("a", "2", read_at=6), _row("b", "2", read_at=4), _row("c", "2", read_at=4)]
        put_many(connection, tags, rows, where=lambda new: tags.c.read_at < new.read_at)
        put_many(connection, tags, [_row("c", "3")], change=lambda _: {"digest": tags.c.digest})

    store.write(put)

    assert _digests(store) == {"a": "2", "b": "1", "c": "2"}
