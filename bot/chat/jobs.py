"""What commands say of jobs: how far each is, what came of every item; and stopping one, or doing it right here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.chat.command import Context, Result
from bot.chat.people import named
from bot.document import Code, Column, Document, Facts, Inline, Line, Moment, Note, Paragraph, Part, Table, line, marked
from bot.errors import AccessDeniedError, UserError
from bot.governance.roles import Role
from bot.jobs import card
from bot.jobs.model import Item, ItemState, Job, JobState
from bot.jobs.service import Jobs

NO_DATABASE = (
    "Nothing can be done in the background, because there is no database to keep it in: set `HUB_BOT_DATABASE_URL`."
)
NO_JOB = "There is no such job."
NONE_YET = "There was none yet."
OVER = "It has ended already, or is being stopped."
NOT_YOURS = "Only who asked for it, or an admin, can stop it."
STOPPING = "It stops after what it does just now."
NOTHING_LEFT = "Nothing is left to be done."
_NOTHING = "–"
_STATES = {JobState.RUNNING: "under way", JobState.STOPPING: "being stopped"}
_BAD = frozenset({ItemState.FAILED, ItemState.UNKNOWN})


class JobFacts(BaseModel):
    """A job.

    Attributes:
        id: What it is called.
        title: What it does.
        subject: What it is done to.
        told: How far it is, in a few words.
        state: The same in one.
        asked_by: Who asked for it.
        created_at, ended_at: UTC.
        problem: Why it does not get on just now; empty: it does.
        stopped_by: Who stopped it; None: nobody did.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    subject: str
    told: str
    state: JobState
    asked_by: str
    created_at: datetime
    ended_at: datetime | None
    problem: str
    stopped_by: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return the facts of a job."""
        return cls(
            id=job.id,
            title=job.title,
            subject=job.subject,
            told=card.told(job),
            state=job.state,
            asked_by=job.asked_by,
            created_at=job.created_at,
            ended_at=job.ended_at,
            problem=job.problem,
            stopped_by=job.stopped_by,
        )


class ItemFacts(BaseModel):
    """One piece of a job.

    Attributes:
        label: What it is.
        state: How far it is.
        word: The same as this kind of job calls it: `deleted`.
        sentence: What came of it, for people; may be empty.
        ended_at: When (UTC); None: not yet.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    state: ItemState
    word: str
    sentence: str
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Job, item: Item) -> Self:
        """Return the facts of an item."""
        word = card.state_word(job, item.state)
        return cls(label=item.label, state=item.state, word=word, sentence=item.sentence, ended_at=item.ended_at)


class JobResult(Result):
    """Jobs, or one with its items.

    Attributes:
        heading: What they are.
        jobs: Newest first.
        items: Of the only one, in their order; empty: they were not asked for.
        note: What else there is to say.
    """

    heading: str
    jobs: tuple[JobFacts, ...]
    items: tuple[ItemFacts, ...] = ()
    note: str = ""


def jobs_of(context: Context) -> Jobs:
    """Return what knows the jobs.

    Raises:
        UserError: There is no database.
    """
    if context.jobs is None:
        raise UserError(NO_DATABASE)
    return context.jobs


def list_jobs(kind: str, heading: str, context: Context, *, most: int) -> JobResult:
    """Return the jobs of a kind that were asked for last."""
    found = jobs_of(context).newest(kind, most=most)
    return JobResult(heading=heading, jobs=tuple(map(JobFacts.of, found)))


def find_job(which: str, context: Context) -> Job:
    """Return a job by its id, or by that of its change.

    Raises:
        UserError: There is none.
    """
    job = jobs_of(context).find(which)
    if job is None:
        raise UserError(NO_JOB)
    return job


def show_job(job: Job, context: Context) -> JobResult:
    """Return a job with what came of each of its items; a no where something went wrong."""
    items = jobs_of(context).items(job)
    return JobResult(
        heading=job.title,
        jobs=(JobFacts.of(job),),
        items=tuple(ItemFacts.of(job, item) for item in items),
        is_negative=job.state is JobState.STOPPED or any(item.state in _BAD for item in items),
    )


def stop_job(job: Job, context: Context) -> JobResult:
    """Have a job stop after what it does just now.

    Raises:
        AccessDeniedError: It is somebody else's.
        UserError: It has ended, or is being stopped.
    """
    by = context.asker.user_id
    if context.role < Role.ADMIN and job.asked_by != by:
        raise AccessDeniedError(NOT_YOURS)
    stopped = jobs_of(context).stop(job.id, by=by)
    if stopped is None:
        raise UserError(OVER)
    return JobResult(heading=job.title, jobs=(JobFacts.of(stopped),), note=STOPPING)


def finish_jobs(jobs: Sequence[Job], context: Context) -> JobResult:
    """Do jobs here and now; return the last one with its items, and the others."""
    if not jobs:
        return JobResult(heading=NOTHING_LEFT, jobs=())
    ended = [jobs_of(context).finish(job, tell=context.progress) for job in jobs]
    shown = [show_job(job, context) for job in ended]
    if len(shown) == 1:
        return shown[0]
    facts = tuple(job for each in shown for job in each.jobs)
    return JobResult(heading="Jobs", jobs=facts, is_negative=any(each.is_negative for each in shown))


def render(result: JobResult) -> Document:
    """Say how far each is; of one with its items, what came of each."""
    notes = (Paragraph(marked(result.note)),) if result.note else ()
    if not result.jobs:
        return Document(result.heading, (*notes, Paragraph(line(NONE_YET if result.heading != NOTHING_LEFT else ""))))
    if len(result.jobs) > 1 or not (result.items or result.note):
        return Document(result.heading, (_jobs_table(result), *notes))
    job = result.jobs[0]
    parts: list[Part] = [*notes, Paragraph(line(f"{_state(job)}: {job.told}."))]
    if job.problem:
        parts.append(Paragraph(line("It waits: ", *marked(job.problem))))
    if result.items:
        parts.append(_items_table(result))
    return Document(job.title, (*parts, Facts(tuple(_facts(job))), Note(line(Code(job.id)))))


def _jobs_table(result: JobResult) -> Table:
    titles = ("Job", "What", "State", "Came of it", "Asked by", "When")
    rows: list[tuple[Inline, ...]] = [
        (Code(job.id), job.title, _state(job), job.told, named(job.asked_by), Moment(job.created_at))
        for job in result.jobs
    ]
    return Table(result.heading, tuple(map(Column, titles)), tuple(rows))


def _items_table(result: JobResult) -> Table:
    has_more = any(item.sentence for item in result.items)
    titles = ("Item", "Came of it", *(("More",) if has_more else ()))
    rows = []
    for item in result.items:
        more = (item.sentence.replace("`", "") or _NOTHING,) if has_more else ()
        rows.append((Code(item.label), item.word, *more))
    return Table(result.heading, tuple(map(Column, titles)), tuple(rows))


def _state(job: JobFacts) -> str:
    return _STATES.get(job.state, str(job.state))


def _facts(job: JobFacts) -> list[tuple[str, Line]]:
    facts: list[tuple[str, Line]] = [("Asked", line("by ", named(job.asked_by), ", ", Moment(job.created_at)))]
    if job.stopped_by:
        facts.append(("Stopped", line("by ", named(job.stopped_by))))
    if job.ended_at:
        facts.append(("Ended", line(Moment(job.ended_at))))
    return facts
