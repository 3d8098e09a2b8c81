"""Jobs: long work that is done piece by piece. Plain values and one interface.

An item of a job goes through these states; the arrows are all there are::

    waiting ──► started ──► done | skipped | failed | unknown
       │  ▲        │
       │  └────────┘  (it is certain that nothing was done: Docker Hub took no request)
       └──► skipped | failed

An item that cannot be read just now stays as it is and is put behind the others, unless nothing can be read at all:
then the job waits. `started` is committed before the first byte leaves. An item that is found started by whoever takes
the job next is not sent again: what became of it is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection


class ItemState(StrEnum):
    """How far one piece of a job is."""

    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    """Nothing was done, on purpose."""
    FAILED = "failed"
    """It was tried, and did not happen."""
    UNKNOWN = "unknown"
    """It may have happened: nobody heard, and it cannot be seen."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done about it."""
        return self not in {ItemState.WAITING, ItemState.STARTED}


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    STOPPING = "stopping"
    """Somebody wants it to stop: nothing more is begun."""
    ENDED = "ended"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done."""
        return self in {JobState.ENDED, JobState.STOPPED}


@dataclass(frozen=True)
class Result:
    """What came of an item.

    Attributes:
        state: A final one.
        sentence: The same for people, with code in backticks; may be empty where the state says it all.
        ends_job: Whether the others would fare the same, so that they are not tried.
    """

    state: ItemState
    sentence: str = ""
    ends_job: bool = False


@dataclass(frozen=True)
class Item:
    """One piece of a job.

    Attributes:
        position: Its number, from 0.
        label: What people call it: a tag, a repository.
        order: What is to be done, as JSON, for the kind of job.
        state: How far it is.
        sentence: What came of it, or why it could not be read, for people; empty: nothing yet, or there is no more to
            say.
        started_at: When it was begun (UTC).
        ended_at: When it came to its end (UTC).
        due_at: When to try again (UTC); None: whenever it is its turn.
        tries: How often it could not be read.
    """

    position: int
    label: str
    order: Mapping[str, Any]
    state: ItemState
    sentence: str
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None = None
    tries: int = 0


@dataclass(frozen=True)
class NewItem:
    """A piece of a job that is to be done; the names are those of `Item`."""

    label: str
    order: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job that is to be done.

    Attributes:
        id: `job_…`, which people see.
        workspace: Whose.
        kind: Who can do it.
        change_id: The change it belongs to.
        subject: What it is done to: `acme/api`.
        title: What it does, a line that begins with a verb: `Delete 42 tags of acme/api`.
        unit: What its items are, in the plural: `tags`.
        done_word: What has become of an item that is done: `deleted`.
        order: What holds for every item, as JSON without secrets.
        items: Its pieces, in the order in which they are done.
        asked_by: Who asked for it: a user id, or one of a terminal.
        channel: Where its progress is shown: a channel, or a person; None: nowhere.
        begins_in: How long whoever asked may take to do it themselves before a loop does.
    """

    id: str
    workspace: str
    kind: str
    change_id: str
    subject: str
    title: str
    unit: str
    done_word: str
    order: Mapping[str, Any]
    items: Sequence[NewItem]
    asked_by: str
    channel: str | None
    begins_in: timedelta = timedelta(0)


@dataclass(frozen=True)
class Job:
    """A job, as it is kept; what is not said here is as for `NewJob`.

    Attributes:
        message_id: The message that shows its progress; None: none does.
        state: How far it is.
        counts: How many items are in which state; states without any may be left out.
        created_at, started_at, ended_at: UTC.
        due_at: When to go on (UTC); None: it has ended.
        fence: Counts the leases; the holder of the last one works on it.
        problem: Why it does not get on just now; empty: it does.
        failures: How often in a row it did not get on.
        stopped_by: Who stopped it; None: nobody did.
    """

    id: str
    workspace: str
    kind: str
    change_id: str
    subject: str
    title: str
    unit: str
    done_word: str
    order: Mapping[str, Any]
    asked_by: str
    channel: str | None
    message_id: str | None
    state: JobState
    counts: Mapping[ItemState, int]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    fence: int
    problem: str
    failures: int
    stopped_by: str | None

    @property
    def total(self) -> int:
        """How many items it has."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """How many of them came to their end."""
        return sum(count for state, count in self.counts.items() if state.is_final)


class JobKind(Protocol):
    """Does the items of one kind of job. Its methods are called by several threads.

    Attributes:
        per_second: How many items of one job are begun a second, at most.
        longest: So long after it was asked for, a job is given up.
    """

    per_second: float
    longest: timedelta

    def check(self, job: Job, item: Item) -> Result | None:
        """Look whether an item is still to be done, just before it is; None: it is. Only reads.

        Raises:
            HubError: That cannot be told. Where it may be told later (a limit, an outage), it is asked again then.
        """

    def probe(self, job: Job) -> None:
        """Look whether anything of a job can be read, after an item could not be. Only reads.

        Raises:
            HubError: Nothing can; the items are not to blame.
        """

    def send(self, job: Job, item: Item) -> Result:
        """Do an item, once, and return what came of it. The only place where bytes leave that change something.

        Raises:
            RateLimitedError: Nothing was done; the item waits.
            UnavailableError: It may have been done; it is read back later.
            UnexpectedResponseError: Likewise.
            HubError: It was not done.
        """

    def read_back(self, job: Job, item: Item) -> Result:
        """Return what became of an item whose answer nobody heard. Only reads.

        Raises:
            HubError: It cannot be read just now.
        """

    def ended(self, connection: Connection, job: Job, items: Sequence[Item], now: datetime) -> None:
        """Do what belongs to the end of a job, in the transaction that commits it. May be run several times."""


Kinds = Mapping[str, JobKind]
"""By `Job.kind`."""
