"""Both stores, as the tests of the store itself have them."""

from tests.store.conftest import opening, postgresql_url, server, sqlite_url, store, url

__all__ = ["opening", "postgresql_url", "server", "sqlite_url", "store", "url"]
