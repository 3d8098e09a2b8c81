"""Does jobs, one item at a turn, under a lease.

A turn takes a lease by one conditional update, does one item, and gives the lease back with the time of the next turn:
that is how the pace is kept, how a job waits for limits and outages, how it ends between items when the process stops,
and how several processes share the work. Each item is begun in a committed transaction before anything is sent for it,
and nothing is ever sent for one that is found begun: what became of that is read.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import HubError, RateLimitedError, UnavailableError, UnexpectedResponseError
from bot.jobs import job_rows
from bot.jobs.model import Item, ItemState, Job, JobKind, JobState, Kinds, Result
from bot.loops import POLL_SECONDS
from bot.outbox.backoff import backoff_seconds
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.words import in_words

logger = logging.getLogger(__name__)

T = TypeVar("T")

SHOWN_EVERY_SECONDS = 3.0
"""A message of progress is not written anew more often."""
CRASHED = "Something went wrong in the bot while it was looked at; nothing was sent."
CRASHED_SENDING = "Something went wrong in the bot while it was being done: it may have been done all the same."
UNREADABLE = "The bot stopped while this was being done, and what became of it cannot be read."
LEFT = "The job was stopped before this was its turn."
SAME = "Not tried: what the one before got holds for all."
OVERLONG = "Not done within {}."
NOT_READ = "It could not be read in {} tries, so nothing was done."
TRY_AGAIN_SECONDS = (5.0, 30.0, 120.0, 300.0, 600.0)
"""After each try to read an item in vain, so long; the last one for all that follow. `job_rows.FARTHEST` at most."""
MOST_TRIES = len(TRY_AGAIN_SECONDS) + 1
"""An item that could not be read so often, while others could, has failed."""
_STALE_SECONDS = 15.0
"""What was decided so long ago is decided anew; `job_rows.LEASE` counts on it."""
_LONGEST_UNREADABLE = timedelta(hours=1)
_NOTE_AGAIN_SECONDS = 0.5
_MOST_NOTINGS = 60
_PASSING = (RateLimitedError, UnavailableError, UnexpectedResponseError)


@dataclass(frozen=True)
class _Turn:
    """The right to do one item.

    Attributes:
        job: Under the fence of our lease.
        item: Which; None: there is none to do just now.
        taken_at: When, by the database's clock.
    """

    job: Job
    item: Item | None
    taken_at: datetime


class Runner:
    """Does jobs. Safe to use from several threads, and beside other processes.

    Args:
        store: Where jobs are kept.
        kinds: Who can do them.
        clock: The time.
        after_commit: Called when there is something new to be said; should be quick.
        draw: Gives random numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        store: Store,
        kinds: Kinds,
        clock: Clock,
        *,
        after_commit: Callable[[], None] = lambda: None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._clock = clock
        self._after_commit = after_commit
        self._draw = draw
        self._shown: dict[str, float] = {}

    def turn(self, job_id: str | None = None) -> float:
        """Do what is next of a job that is due, if there is one.

        Args:
            job_id: Only of this job, also if it is to begin only later; None: of that which has waited longest.

        Returns:
            In how many seconds to come back; 0 when something was done, for there may be more.

        Raises:
            StoreUnavailableError: The database is away. What was sent by then is read back when the lease has ended.
        """
        turn = self._store.write(lambda connection: self._take(connection, job_id))
        if turn is None:
            return self._rest(job_id)
        if turn.item is not None:
            self._do(turn, turn.item, self._kinds[turn.job.kind])
        elif turn.job.state.is_final:
            logger.info("job_ended", extra={"job": turn.job.id, "kind": turn.job.kind})
        self._after_commit()
        return 0.0

    def _take(self, connection: Connection, job_id: str | None) -> _Turn | None:
        now = self._store.now(connection)
        job = job_rows.claim(connection, now, self._kinds.keys(), job_id)
        if job is None:
            return None
        item = job_rows.next_item(connection, job.id, now)
        if item is not None and item.state is ItemState.STARTED:
            return _Turn(job, item, now)
        longest = self._kinds[job.kind].longest
        why_left = LEFT if job.state is JobState.STOPPING else ""
        if now - job.created_at >= longest:
            why_left = why_left or OVERLONG.format(in_words(longest))
        if why_left:
            job_rows.skip_rest(connection, job.id, why_left, now)
            item = None
        if item is not None:
            return _Turn(job, item, now)
        return _Turn(self._rest_or_end(connection, job, now), None, now)

    def _rest_or_end(self, connection: Connection, job: Job, now: datetime) -> Job:
        """Wait for what was set aside; where nothing was, the job ends. Return it as it is then."""
        first = job_rows.next_set_aside(connection, job.id)
        if first is None or first.due_at is None:
            return self._end(connection, job, now)
        due_at = min(max(now, first.due_at), now + job_rows.FARTHEST)
        job_rows.count(connection, job.id)
        job_rows.release(connection, job.id, due_at=due_at, problem=first.sentence)
        if first.sentence != job.problem:
            job_rows.show(connection, job, now)
        return job

    def _end(self, connection: Connection, job: Job, now: datetime) -> Job:
        state = JobState.STOPPED if job.state is JobState.STOPPING else JobState.ENDED
        job_rows.count(connection, job.id)
        ended = job_rows.end(connection, job, state, now)
        self._kinds[job.kind].ended(connection, ended, job_rows.items(connection, job.id), now)
        job_rows.show(connection, ended, now)
        return ended

    def _rest(self, job_id: str | None) -> float:
        with self._store.read() as connection:
            left = job_rows.due_in(connection, self._store.now(connection), self._kinds.keys(), job_id)
        # What is due and was not to be had is another's just now.
        return POLL_SECONDS if left is None or left <= timedelta(0) else min(POLL_SECONDS, left.total_seconds())

    def _do(self, turn: _Turn, item: Item, kind: JobKind) -> None:
        if item.state is ItemState.STARTED:
            self._read_back(turn, item, kind)
            return
        try:
            verdict = kind.check(turn.job, item)
        except _PASSING as error:
            self._set_aside(turn, item, kind, error)
            return
        except HubError as error:
            verdict = Result(ItemState.FAILED, str(error))
        except Exception:
            logger.exception("job_item_crashed", extra={"job": turn.job.id, "position": item.position})
            verdict = Result(ItemState.FAILED, CRASHED)
        if verdict is not None:
            self._note(turn, item, verdict)
            return
        self._begin(turn, item, kind)

    def _begin(self, turn: _Turn, item: Item, kind: JobKind) -> None:
        decided_at = self._clock.monotonic()

        def begin(connection: Connection) -> bool:
            now = self._store.now(connection)
            if job_rows.begin_item(connection, turn.job, item, now):
                return True
            if job_rows.hold(connection, turn.job.id).fence == turn.job.fence:
                job_rows.release(connection, turn.job.id, due_at=now)  # Somebody has stopped it.
            return False

        if not self._store.write(begin):
            return
        begun = replace(item, state=ItemState.STARTED)
        if self._clock.monotonic() - decided_at > _STALE_SECONDS:
            self._postpone(turn, None, begun)
            return
        self._send(turn, begun, kind)

    def _send(self, turn: _Turn, item: Item, kind: JobKind) -> None:
        try:
            result = kind.send(turn.job, item)
        except RateLimitedError as error:
            self._postpone(turn, error, item)
            return
        except (UnavailableError, UnexpectedResponseError) as error:
            # It stays begun: what became of it is read in a later turn.
            self._set_aside(turn, item, kind, error)
            return
        except HubError as error:
            result = Result(ItemState.FAILED, str(error))
        except Exception:
            logger.exception("job_item_crashed", extra={"job": turn.job.id, "position": item.position})
            result = Result(ItemState.UNKNOWN, CRASHED_SENDING)
        self._note(turn, item, result)

    def _read_back(self, turn: _Turn, item: Item, kind: JobKind) -> None:
        try:
            result = kind.read_back(turn.job, item)
        except HubError as error:
            if turn.taken_at - (item.started_at or turn.taken_at) < _LONGEST_UNREADABLE:
                self._set_aside(turn, item, kind, error)
                return
            result = Result(ItemState.UNKNOWN, f"{UNREADABLE} {error}")
        except Exception:
            logger.exception("job_item_not_read_back", extra={"job": turn.job.id, "position": item.position})
            result = Result(ItemState.UNKNOWN, UNREADABLE)
        self._note(turn, item, result)

    def _note(self, turn: _Turn, item: Item, result: Result) -> None:
        """Keep what came of an item, and give the lease back; if it was the last one, the job ends."""
        is_shown = bool(turn.job.problem) or self._is_to_be_shown(turn.job)

        def note(connection: Connection) -> bool:
            now = self._store.now(connection)
            job = job_rows.hold(connection, turn.job.id)
            is_ours = job.fence == turn.job.fence
            # An answer that comes late counts too, unless whoever has the lease now has found out.
            if not is_ours and item.state is ItemState.WAITING:
                return False
            job_rows.end_item(connection, job.id, item, result, now)
            if is_ours and result.ends_job:
                job_rows.skip_rest(connection, job.id, SAME, now)
            counts = job_rows.count(connection, job.id)
            if not is_ours:
                return False
            if not {ItemState.WAITING, ItemState.STARTED} & counts.keys():
                self._end(connection, job, now)
                return True
            wait = timedelta(seconds=1 / self._kinds[job.kind].per_second)
            job_rows.release(connection, job.id, due_at=max(now, turn.taken_at + wait))
            if is_shown:
                job_rows.show(connection, job, now)
            return False

        is_over = self._keep(note)
        facts = {"job": turn.job.id, "position": item.position, "state": result.state}
        logger.info("job_item_ended", extra=facts)
        if is_over:
            self._shown.pop(turn.job.id, None)
            logger.info("job_ended", extra={"job": turn.job.id, "kind": turn.job.kind})

    def _set_aside(self, turn: _Turn, item: Item, kind: JobKind, error: HubError) -> None:
        """Go on with the others if this item alone cannot be read just now, else with everything later."""
        away = _why_away(turn.job, kind, error)
        if away is not None:
            self._postpone(turn, away)
            return
        tries = item.tries + 1
        if item.state is ItemState.WAITING and tries >= MOST_TRIES:
            self._note(turn, item, Result(ItemState.FAILED, f"{NOT_READ.format(tries)} {error}"))
            return
        wait = timedelta(seconds=TRY_AGAIN_SECONDS[min(tries, len(TRY_AGAIN_SECONDS)) - 1])

        def set_aside(connection: Connection) -> None:
            now = self._store.now(connection)
            job = job_rows.hold(connection, turn.job.id)
            if job.fence != turn.job.fence:
                return
            job_rows.set_aside(connection, job.id, item, str(error), now + wait)
            pace = timedelta(seconds=1 / kind.per_second)
            job_rows.release(connection, job.id, due_at=max(now, turn.taken_at + pace), problem=job.problem)

        self._keep(set_aside)
        facts = {"job": turn.job.id, "position": item.position, "reason": error.reason, "tries": tries}
        logger.info("job_item_set_aside", extra=facts)

    def _postpone(self, turn: _Turn, error: HubError | None, put_back: Item | None = None) -> None:
        """Give the lease back, and go on later.

        Args:
            turn: Which.
            error: What stands in the way; None: nothing.
            put_back: An item that was begun, and for which it is certain that nothing was done.
        """
        failures = turn.job.failures + 1 if error else 0

        def postpone(connection: Connection) -> None:
            now = self._store.now(connection)
            job = job_rows.hold(connection, turn.job.id)
            if job.fence != turn.job.fence:
                return
            if put_back is not None:
                job_rows.put_back(connection, job.id, put_back)
                job_rows.count(connection, job.id)
            due_at = now + timedelta(seconds=backoff_seconds(failures, self._draw())) if error else now
            if isinstance(error, RateLimitedError):
                due_at = min(max(now, error.retry_at), now + job_rows.FARTHEST)
            problem = str(error) if error else ""
            job_rows.release(connection, job.id, due_at=due_at, problem=problem, failures=failures)
            if problem != job.problem:
                job_rows.show(connection, job, now)

        self._keep(postpone)
        if error:
            logger.info("job_waits", extra={"job": turn.job.id, "reason": error.reason, "failures": failures})

    def _keep(self, work: Callable[[Connection], T]) -> T:
        """Write what is known now and would have to be found out again. For a while, that is tried again.

        Raises:
            StoreUnavailableError: It cannot be written. Whoever takes the job next finds out.
        """
        for _ in range(_MOST_NOTINGS):
            try:
                return self._store.write(work)
            except StoreUnavailableError as error:
                logger.debug("noting_again", extra={"cause": error.cause})
                self._clock.sleep(_NOTE_AGAIN_SECONDS)
        return self._store.write(work)

    def _is_to_be_shown(self, job: Job) -> bool:
        now = self._clock.monotonic()
        last = self._shown.get(job.id)
        if last is not None and now - last < SHOWN_EVERY_SECONDS:
            return False
        self._shown[job.id] = now
        return True


def _why_away(job: Job, kind: JobKind, error: HubError) -> HubError | None:
    """Return why nothing of a job can be done just now; None: it is the item alone that cannot be read."""
    if isinstance(error, RateLimitedError):
        return error
    try:
        kind.probe(job)
    except _PASSING as away:
        return away
    except HubError:
        return None  # What that means, the look at the next item tells.
    except Exception:
        logger.exception("job_probe_crashed", extra={"job": job.id})
    return None
