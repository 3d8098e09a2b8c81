"""Both stores, for one suite of tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from tests.store.server import CannotStartError, PostgresqlServer

OpenStore = Callable[..., Store]


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    """One server for all tests of a worker."""
    try:
        server = PostgresqlServer()
    except CannotStartError as error:
        pytest.skip(str(error))
    yield server
    server.remove()


@pytest.fixture
def opening() -> Iterator[OpenStore]:
    """`open_store`, with every store closed in the end."""
    stores: list[Store] = []

    def open_one(url: str, **options: Any) -> Store:
        stores.append(open_store(url, **options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture
def postgresql_url(server: PostgresqlServer) -> str:
    return server.empty_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def store(opening: OpenStore, url: str) -> Store:
    """A store of each kind, with its tables."""
    store = opening(url)
    upgrade(store)
    return store
