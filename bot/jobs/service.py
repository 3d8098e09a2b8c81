"""Jobs, for commands: looking at them, stopping them, doing one right here."""

import logging
from collections.abc import Callable

from sqlalchemy import Connection

from bot.clock import Clock
from bot.jobs import job_rows
from bot.jobs.model import Item, Job, Kinds
from bot.jobs.runner import Runner
from bot.progress import Progress
from bot.store.base import Store
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

_SHORTEST_WAIT_SECONDS = 0.05


class Jobs:
    """Knows the jobs. Safe to use from several threads.

    Every method raises `StoreUnavailableError` while the database is away.

    Args:
        store: Where they are kept.
        kinds: Who can do them.
        clock: The time.

    Attributes:
        kinds: As given.
    """

    def __init__(self, store: Store, kinds: Kinds, clock: Clock) -> None:
        self.kinds = kinds
        self._store = store
        self._clock = clock

    def find(self, which: str) -> Job | None:
        """Return a job by its id, or by that of its change; None: there is none."""
        with self._store.read() as connection:
            return job_rows.find(connection, which)

    def items(self, job: Job) -> tuple[Item, ...]:
        """Return the items of a job, in their order."""
        with self._store.read() as connection:
            return job_rows.items(connection, job.id)

    def newest(self, kind: str, *, is_open: bool = False, most: int) -> tuple[Job, ...]:
        """Return the jobs of a kind that were asked for last, newest first.

        Args:
            kind: Which kind.
            is_open: Only those that have not ended.
            most: How many at most.
        """
        with self._store.read() as connection:
            return tuple(job_rows.newest(connection, HOME, kind, is_open=is_open, most=most))

    def stop(self, job_id: str, *, by: str) -> Job | None:
        """Have a job stop after what it does just now.

        Args:
            job_id: Which.
            by: Who wants it, see `Job.asked_by`.

        Returns:
            The job as it is then; None: it has ended, or somebody stops it already.
        """

        def stop(connection: Connection) -> bool:
            if job_rows.find(connection, job_id) is None:
                return False
            now = self._store.now(connection)
            job = job_rows.hold(connection, job_id)
            if not job_rows.stop(connection, job, by=by, now=now):
                return False
            job_rows.show(connection, job, now)
            return True

        if not self._store.write(stop):
            return None
        logger.info("job_stopped", extra={"job": job_id})
        return self.find(job_id)

    def finish(self, job: Job, *, tell: Callable[[Progress | str], None] = lambda _: None) -> Job:
        """Do a job here and now, and return it when it has ended. Others who do it meanwhile are of help.

        Args:
            job: Which.
            tell: Told how far it is, and what it waits for.
        """
        runner = Runner(self._store, self.kinds, self._clock)
        while not job.state.is_final:
            tell(job.problem or Progress(job.finished, job.total, f"{job.unit} looked after"))
            wait = runner.turn(job.id)
            if wait:
                self._clock.sleep(max(wait, _SHORTEST_WAIT_SECONDS))
            job = self.find(job.id) or job
        return job
