"""What the parts below ask of digests: which images they are about, and when a channel was last told."""

from datetime import datetime

from sqlalchemy import func, select

from bot.digest import rows
from bot.fleet.model import Scope
from bot.store.base import Store
from bot.store.tables import digest_reports, digests
from bot.store.workspaces import HOME


def watched(store: Store, workspace: str = HOME) -> Scope:
    """Return the images that any digest is about, each once.

    Raises:
        StoreUnavailableError: The database is away.
    """
    with store.read() as connection:
        scopes = rows.scopes(connection, workspace)
    return Scope(
        tuple(dict.fromkeys(name for scope in scopes for name in scope.namespaces)),
        tuple(dict.fromkeys(image for scope in scopes for image in scope.images)),
    )


def last_told_at(store: Store, channel: str, workspace: str = HOME) -> datetime | None:
    """Return when the last digest of a channel was decided on (UTC); None: there was none.

    Raises:
        StoreUnavailableError: The database is away.
    """
    is_there = (digests.c.workspace == workspace) & (digests.c.channel == channel)
    is_it = (digest_reports.c.workspace == workspace) & (digest_reports.c.state == rows.ReportState.TOLD.value)
    query = select(func.max(digest_reports.c.decided_at)).join(digests, digests.c.id == digest_reports.c.digest_id)
    with store.read() as connection:
        found = connection.execute(query.where(is_there, is_it)).scalar()
    return found if isinstance(found, datetime) else None
