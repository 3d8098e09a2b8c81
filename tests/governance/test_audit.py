from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.clock import FrozenClock
from bot.governance import audit
from bot.governance.audit import Entry
from bot.store.base import Store
from bot.store.tables import audit as rows
from bot.store.workspaces import HOME

REWRITE = text(
    "INSERT OR REPLACE INTO audit SELECT id, workspace, happened_at, event, verb, subject, 'something else', actor, "
    "decided_by, channel, change_id, details FROM audit"
)
REFUSED = "never changed"


def note(store: Store, clock: FrozenClock, **more: object) -> None:
    entry = Entry(
        "done",
        "trigger",
        "acme/api",
        "Build it",
        actor="U0ANA",
        details={"answer": "Bearer abcdefghijkl", "sent": ["x"], **more},  # type: ignore[dict-item]  # JSON.
    )
    store.write(lambda connection: audit.note(connection, HOME, entry, now=clock.now()))


def kept(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(rows.c.summary)).scalars())


@pytest.mark.parametrize(
    "act",
    [
        lambda connection: connection.execute(update(rows).values(summary="something else")),
        lambda connection: connection.execute(delete(rows)),
    ],
    ids=["update", "delete"],
)
def test_the_database_itself_refuses_to_change_the_trail(
    store: Store, clock: FrozenClock, act: Callable[[Connection], object]
) -> None:
    note(store, clock)

    with pytest.raises(DBAPIError, match=REFUSED):
        store.write(act)

    assert kept(store) == ["Build it"]


def test_a_line_cannot_be_written_over(store: Store, clock: FrozenClock) -> None:
    note(store, clock)
    over = text("TRUNCATE audit") if store.is_shared else REWRITE

    with pytest.raises(DBAPIError, match=REFUSED):
        store.write(lambda connection: connection.execute(over))

    assert kept(store) == ["Build it"]


def test_secrets_are_masked_however_deep_they_are(store: Store, clock: FrozenClock) -> None:
    note(store, clock, deep=[{"dckr_pat_AbCdEfGhIjKlMnOp": ["xoxb-123-abc"]}])

    with store.read() as connection:
        details = connection.execute(select(rows.c.details)).scalar_one()

    assert details == {
        "answer": "Bearer [redacted]",
        "sent": ["x"],
        "deep": [{"[redacted]": ["[redacted]"]}],
    }


def test_what_no_database_holds_is_replaced(store: Store, clock: FrozenClock) -> None:
    note(store, clock, told="a\0b\ud800")

    with store.read() as connection:
        assert (
            connection.execute(select(rows.c.details)).scalar_one()["told"]
            == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
        )


def test_lines_are_added(store: Store, clock: FrozenClock) -> None:
    note(store, clock)
    note(store, clock)

    assert len(kept(store)) == 2
