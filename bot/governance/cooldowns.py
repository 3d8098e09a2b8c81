"""Cool-downs: what was just done is not to be done again before some time, however nervous the thumb."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, select, update

from bot.store.rows import insert_if_new
from bot.store.tables import cooldowns


@dataclass(frozen=True)
class Cooldown:
    """Somebody was there before.

    Attributes:
        set_by: Who.
        set_at, until_at: When, and until when it holds (UTC).
    """

    set_by: str
    set_at: datetime
    until_at: datetime


def claim(
    connection: Connection, workspace: str, topic: str, *, by: str, length: timedelta, now: datetime
) -> Cooldown | None:
    """Begin a cool-down, if none holds; of several who try it at once, one gets through.

    Args:
        connection: One in a write.
        workspace: Whose.
        topic: What was done.
        by: Who does it.
        length: For how long.
        now: The database's time.

    Returns:
        The one that holds already; None: it was begun, and what it guards may be done.
    """
    values = {"until_at": now + length, "set_by": by, "set_at": now}
    row = {"workspace": workspace, "topic": topic, **values}
    if insert_if_new(connection, cooldowns, row, unique=[cooldowns.c.workspace, cooldowns.c.topic]):
        return None
    which = and_(cooldowns.c.workspace == workspace, cooldowns.c.topic == topic)
    # One that was set in the future comes from a clock that has been set back since.
    is_over = (cooldowns.c.until_at <= now) | (cooldowns.c.set_at > now)
    if connection.execute(update(cooldowns).where(which, is_over).values(values)).rowcount == 1:
        return None
    found = connection.execute(select(cooldowns).where(which)).one()
    return Cooldown(set_by=found.set_by, set_at=found.set_at, until_at=found.until_at)


def end(connection: Connection, workspace: str, topic: str, *, begun_at: datetime) -> None:
    """End a cool-down early, because nothing came of what began it; one that somebody began since holds.

    Args:
        connection: One in a write.
        workspace: Whose.
        topic: What was done.
        begun_at: When it was begun (UTC).
    """
    which = and_(cooldowns.c.workspace == workspace, cooldowns.c.topic == topic, cooldowns.c.set_at == begun_at)
    connection.execute(delete(cooldowns).where(which))
