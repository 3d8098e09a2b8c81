"""The writers of what is said of jobs: the message that shows how far one is, and the results in its thread."""

from datetime import datetime

from sqlalchemy import Connection

from bot.jobs import job_rows
from bot.jobs.card import document_of, moved_document, results_document, results_table
from bot.jobs.job_rows import KIND, RESULTS_KIND
from bot.jobs.model import ItemState, Job, JobState
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.outbox.writers import Attachment, MessageRow, Writers
from bot.slack import blocks, text
from bot.slack.csv_file import csv_file, csv_name
from bot.slack.message import Message
from bot.slack.render import render

STOP_ACTION = "stop_job"
"""The button that stops a job carries the job's id."""
MOST_ROWS = 100
"""Longer results come as a file."""
_GONE = "(this job is no longer known)"
_WRONG = (ItemState.FAILED, ItemState.UNKNOWN, ItemState.SKIPPED)
_MOST_READ = 100


class JobWriter:
    """Writes the message that shows how far a job is. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Jobs do not wait for each other."""
        return None

    def write(self, connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return the job as it is now; with a button while there is something to stop."""
        job = job_rows.find(connection, message.content["job"])
        if job is None:
            return Message(_GONE)
        if job.message_id != message.id:
            return render(moved_document(job))
        wrong = job_rows.items(connection, job.id, states=_WRONG, most=_MOST_READ)
        # What went wrong comes before what was left out on purpose.
        ordered = sorted(wrong, key=lambda item: (_WRONG.index(item.state), item.position))
        closing = (_buttons(job),) if job.state is JobState.RUNNING else ()
        document = document_of(job, ordered, instead_of=message.content.get("instead_of"))
        return render(document, closing=closing)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows: the results come when the job ends."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """A message that cannot be changed any more is not said anew: the results tell what came of it."""
        return False


class ResultsWriter:
    """Writes what came of each item. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Results are asked for when a job ends."""
        return None

    def write(self, connection: Connection, message: MessageRow, _now: datetime) -> Message | Attachment:
        """Return the results as a table; many as a file."""
        job = job_rows.find(connection, message.content["job"])
        if job is None:
            return Message(_GONE)
        items = job_rows.items(connection, job.id)
        # Files go into conversations, and of a person only the id is known here.
        if len(items) <= MOST_ROWS or message.lane.is_direct:
            return render(results_document(job, items))
        table = results_table(job, items)
        of = messages.find(connection, message.content["of"])
        comment = f"{text.inert(text.one_line(table.caption))}: {len(table.rows):,} rows."
        return Attachment(csv_name(table), csv_file(table), comment, thread_ts=of.ts if of else None)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """Results are never changed."""
        return False


def _buttons(job: Job) -> dict[str, object]:
    confirm = blocks.confirmation(
        title="Stop?", question="What is being done just now comes to its end; the rest is left.", yes="Stop"
    )
    return blocks.actions(blocks.button("Stop", action_id=STOP_ACTION, value=job.id, confirm=confirm))


WRITERS: Writers = {KIND: JobWriter(), RESULTS_KIND: ResultsWriter()}
"""By kind of message."""
