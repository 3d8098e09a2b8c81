"""Both stores, on a clock that stands still unless it is moved."""

from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import clock, store
from tests.support.registry import front, pusher, registry_url

__all__ = [
    "clock",
    "front",
    "opening",
    "postgresql_url",
    "pusher",
    "registry_url",
    "server",
    "sqlite_url",
    "store",
    "url",
]
