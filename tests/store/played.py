"""Both stores, on a clock that stands still unless it is moved."""

from datetime import UTC, datetime

import pytest

from bot.clock import FrozenClock
from bot.store.base import Store
from bot.store.migrations import upgrade
from tests.store.conftest import OpenStore

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def store(opening: OpenStore, url: str, clock: FrozenClock) -> Store:
    """A store of each kind, with its tables, whose time is the clock's."""
    store = opening(url, now=clock.now)
    upgrade(store)
    return store
