"""Ends what keeps a channel from hearing of a repository for a while."""

from sqlalchemy import Connection, delete

from bot.images import RepositoryName
from bot.outbox.lanes import Lane
from bot.store.tables import mutes


def lift(connection: Connection, lane: Lane, repository: RepositoryName) -> bool:
    """Let a channel hear of a repository again; return whether it was muted, however long ago.

    What was kept back stays so: it was decided when it came.

    Args:
        connection: One in a write.
        lane: The way into the channel.
        repository: Which.
    """
    is_it = (mutes.c.workspace == lane.workspace) & (mutes.c.channel == lane.channel)
    gone = connection.execute(delete(mutes).where(is_it, mutes.c.repository == str(repository)))
    return gone.rowcount > 0
