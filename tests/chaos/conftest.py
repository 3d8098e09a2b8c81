"""The databases of `tests.store`."""

from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url

__all__ = ["opening", "postgresql_url", "server", "sqlite_url", "url"]
