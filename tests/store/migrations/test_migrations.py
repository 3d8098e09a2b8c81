import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from bot.store.base import Store
from bot.store.errors import StoreMisconfiguredError
from bot.store.migrations import VERSION_TABLE, current, heads, revisions, upgrade
from bot.store.tables import metadata
from tests.store.conftest import OpenStore
from tests.store.rows import add, ids, pretend_newer


def test_the_migrations_together_give_exactly_the_tables(store: Store) -> None:
    with store.read() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        changes = produce_migrations(MigrationContext.configure(connection, opts=options), metadata).upgrade_ops

    assert changes is not None
    missing = "" if changes.is_empty() else render_python_code(changes)
    assert missing == "", f"put this into a new file in bot/store/migrations/versions/:\n{missing}"


def test_the_migrations_give_the_constraints_that_no_comparison_of_alembic_sees(
    opening: OpenStore, store: Store, request: pytest.FixtureRequest
) -> None:
    kind = "postgresql" if store.is_shared else "sqlite"
    fresh = opening("sqlite://" if kind == "sqlite" else request.getfixturevalue("server").new_database())
    fresh.write(metadata.create_all)

    assert constraints(store) == constraints(fresh)


def constraints(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        look = inspect(connection)
        return {
            name: (
                look.get_pk_constraint(name),
                sorted(map(str, look.get_check_constraints(name))),
                [(column["name"], column["nullable"], str(column["type"])) for column in look.get_columns(name)],
            )
            for name in metadata.tables
        }


def test_the_history_is_one_line() -> None:
    assert len(heads()) == 1
    assert set(heads()) <= revisions()


def test_an_upgrade_is_done_once(opening: OpenStore, url: str) -> None:
    store = opening(url)

    assert current(store) == ()
    assert upgrade(store)
    assert current(store) == heads()
    store.write(add)
    assert not upgrade(store)
    assert ids(store) == ["e1"]


def test_those_who_upgrade_at_the_same_moment_all_succeed(opening: OpenStore, url: str) -> None:
    stores = [opening(url) for _ in range(4)]
    together = threading.Barrier(4)

    def start(store: Store) -> bool:
        together.wait(10)
        return upgrade(store)

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(start, stores))

    assert sorted(outcomes) == [False, False, False, True]
    assert current(stores[0]) == heads()


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    store.write(pretend_newer)

    with pytest.raises(StoreMisconfiguredError) as caught:
        upgrade(store)

    assert str(caught.value) == (
        "The database was made by a newer version of Hub Bot (its revision 9999 is not known here). "
        "Run that version, or restore a backup from before."
    )


def test_a_database_of_another_program_is_refused(opening: OpenStore, url: str) -> None:
    store = opening(url)
    store.write(lambda connection: connection.execute(text("CREATE TABLE events (id INTEGER)")))

    with pytest.raises(StoreMisconfiguredError, match=r"holds tables of another program \(events\)"):
        upgrade(store)

    assert current(store) == ()


def test_a_step_that_fails_leaves_everything_as_it_was(opening: OpenStore, url: str) -> None:
    store = opening(url)

    def half(connection: Any) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise ValueError("no further")

    with pytest.raises(ValueError, match="no further"):
        store.reshape(half)

    with store.read() as connection:
        assert inspect(connection).get_table_names() == []
