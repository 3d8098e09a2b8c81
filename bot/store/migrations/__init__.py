"""Brings a database to the schema of this version, with Alembic as a library.

The steps are in `versions/`, each a file that names the one before it. There is no way down but a backup.

Source: https://alembic.sqlalchemy.org/en/latest/api/runtime.html
"""

import logging
from functools import partial
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.store.base import Store
from bot.store.errors import StoreMisconfiguredError
from bot.store.tables import metadata

logger = logging.getLogger(__name__)

VERSION_TABLE = "hub_bot_schema"
"""Not Alembic's usual name: a database shared with another program that uses Alembic must not confuse the two."""


def heads() -> tuple[str, ...]:
    """Return the newest revision that this version knows."""
    return tuple(_script().get_heads())


def revisions() -> frozenset[str]:
    """Return all revisions that this version knows."""
    return frozenset(each.revision for each in _script().walk_revisions())


def current(store: Store) -> tuple[str, ...]:
    """Return the revision of the database; empty before the first `upgrade`."""
    with store.read() as connection:
        return tuple(_context(connection).get_current_heads())


def upgrade(store: Store) -> bool:
    """Bring the database to the newest revision, in one transaction. Safe to call from many processes at once.

    Returns:
        Whether there was anything to do.

    Raises:
        StoreMisconfiguredError: The database was made by a newer version, or holds somebody else's tables.
        StoreUnavailableError: The database is away, or another process has been migrating for more than a minute.
    """
    script = _script()
    newest = tuple(script.get_heads())
    before = current(store)
    if before != newest:  # Else nothing is locked: most starts end here.
        before = store.reshape(partial(_upgrade, script))
    if before == newest:
        return False
    logger.info("schema_upgraded", extra={"from_revision": ",".join(before), "to_revision": ",".join(newest)})
    return True


def _upgrade(script: ScriptDirectory, connection: Connection) -> tuple[str, ...]:
    """Run what is missing; return what the database was at."""
    context = _context(connection, fn=lambda revision, _: script._upgrade_revs("heads", revision))  # noqa: SLF001 - As Alembic's documentation has it.
    before = tuple(context.get_current_heads())
    _require_ours(connection, before)
    with Operations.context(context):
        context.run_migrations()
    return before


def _require_ours(connection: Connection, revision: tuple[str, ...]) -> None:
    if unknown := ", ".join(sorted(set(revision) - revisions())):
        raise StoreMisconfiguredError(
            f"The database was made by a newer version of Hub Bot (its revision {unknown} is not known here). "
            "Run that version, or restore a backup from before."
        )
    strangers = set(inspect(connection).get_table_names()) & set(metadata.tables)
    if not revision and strangers:
        raise StoreMisconfiguredError(
            f"The database holds tables of another program ({', '.join(sorted(strangers))}). Give Hub Bot its own."
        )


def _context(connection: Connection, **options: Any) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, **options})


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))
