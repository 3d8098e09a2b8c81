"""Both stores, on a clock that stands still unless it is moved."""

from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import clock, store

__all__ = ["clock", "opening", "postgresql_url", "server", "sqlite_url", "store", "url"]
