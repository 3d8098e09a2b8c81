"""From a URL to a store."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.store.base import Now, Store
from bot.store.errors import StoreMisconfiguredError
from bot.store.postgresql import PostgresqlStore
from bot.store.sqlite import MEMORY, SqliteStore

CONNECTIONS = 10
WAIT_SECONDS = 5.0

_FORMS = "Write `sqlite:///path/to/hub-bot.db` or `postgresql+psycopg://user:password@host/database`."


def open_store(
    url: str,
    *,
    exclusive: bool = False,
    now: Now | None = None,
    connections: int = CONNECTIONS,
    wait_seconds: float = WAIT_SECONDS,
) -> Store:
    """Open the store that the URL names.

    A SQLite file is made if it is not there; `sqlite://` is one that does not outlive the store. A server is not asked
    before it is needed.

    Args:
        url: `sqlite:///…` (three slashes and a relative path, or four) or `postgresql+psycopg://…`.
        exclusive: Whether to be the one process that serves from a SQLite file; PostgreSQL serves any number.
        now: A clock to be played instead of the database's.
        connections: How many reads at the same time; on PostgreSQL, reads and writes.
        wait_seconds: How long a free connection, or another program's lock on a SQLite file, is waited for.

    Raises:
        StoreMisconfiguredError: The URL is wrong, or the file cannot be used or is in use.
        StoreUnavailableError: The file is locked by another program.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteStore(
            sqlite_path(parsed), exclusive=exclusive, now=now, connections=connections, wait_seconds=wait_seconds
        )
    return PostgresqlStore(parsed, now=now, connections=connections, wait_seconds=wait_seconds)


def parse_url(url: str) -> URL:
    """Take a database URL apart.

    Raises:
        StoreMisconfiguredError: It is none, or of a database that we do not know. The URL itself is not repeated.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # The cause would repeat the password.
        raise StoreMisconfiguredError(f"The database URL is no URL. {_FORMS}") from None
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreMisconfiguredError(f"The database URL begins with `{parsed.drivername}:`. {_FORMS}")
    return parsed


def sqlite_path(url: URL) -> Path | None:
    """Return the file that a SQLite URL names; None for one "in memory"."""
    if url.host or url.query or (url.database or "").startswith("file:"):
        raise StoreMisconfiguredError(f"A SQLite URL holds a path and nothing else. {_FORMS}")
    return None if url.database in {None, "", MEMORY} else Path(str(url.database))
