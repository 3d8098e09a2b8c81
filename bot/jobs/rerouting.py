"""Telling who asked for a job how it goes, where the channel in which they asked is closed to the bot.

Whether it is shows only when something is posted there, which may be after the job has ended: so this is looked after
beside the jobs.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, or_, select

from bot.jobs import job_rows
from bot.outbox.messages import DEAD, WAITING
from bot.store.base import Store
from bot.store.tables import jobs, lanes, messages
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

LOOKED_BACK = timedelta(days=2)
"""A job takes a day at most, and what nobody let us say in another day is given up."""
_MOST_AT_ONCE = 20


def reroute(store: Store) -> int:
    """Have the jobs that have something to say where they cannot say it told to who asked, in direct messages.

    Returns:
        How many there were.

    Raises:
        StoreUnavailableError: The database is away.
    """
    with store.read() as connection:
        found = _unheard(connection, store.now(connection))
    for job_id in found:
        store.write(lambda connection, job_id=job_id: _move(connection, job_id, store.now(connection)))  # type: ignore[misc]
        logger.info("job_rerouted", extra={"job": job_id})
    return len(found)


def _unheard(connection: Connection, now: datetime) -> Sequence[str]:
    is_closed = exists().where(
        lanes.c.workspace == jobs.c.workspace, lanes.c.channel == jobs.c.channel, lanes.c.suspended_at.is_not(None)
    )
    is_unsaid = exists().where(
        messages.c.workspace == jobs.c.workspace,
        messages.c.channel == jobs.c.channel,
        messages.c.stream == jobs.c.id,
        or_(messages.c.state == DEAD, and_(messages.c.state == WAITING, is_closed)),
    )
    which = and_(
        jobs.c.workspace == HOME,
        jobs.c.created_at > now - LOOKED_BACK,
        jobs.c.channel != jobs.c.asked_by,
        or_(is_unsaid, and_(jobs.c.due_at.is_not(None), is_closed)),
    )
    return connection.execute(select(jobs.c.id).where(which).limit(_MOST_AT_ONCE)).scalars().all()


def _move(connection: Connection, job_id: str, now: datetime) -> None:
    job = job_rows.hold(connection, job_id)
    if job.channel is not None and job.channel != job.asked_by:  # Nobody else was faster.
        job_rows.move(connection, job, job.asked_by, now)
