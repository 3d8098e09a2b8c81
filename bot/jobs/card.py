"""What people see of a job: one message that is written anew as it goes on, and its results in the thread of that."""

from collections.abc import Sequence

from bot.document import (
    Channel,
    Code,
    Column,
    Document,
    Facts,
    Inline,
    Line,
    Moment,
    Note,
    Paragraph,
    Part,
    Table,
    line,
    marked,
)
from bot.document import Person as Named
from bot.jobs.model import Item, ItemState, Job, JobState
from bot.words import quoted

MOST_NAMED = 10
"""So many of the items that did not go well are named in the message itself."""
_NOTHING = "–"
_WORDS = {
    ItemState.WAITING: "waiting",
    ItemState.STARTED: "being done",
    ItemState.SKIPPED: "skipped",
    ItemState.FAILED: "failed",
    ItemState.UNKNOWN: "unknown",
}
_HEADINGS = {
    JobState.RUNNING: "Under way",
    JobState.STOPPING: "Being stopped",
    JobState.ENDED: "Ended",
    JobState.STOPPED: "Stopped",
}


def state_word(job: Job, state: ItemState) -> str:
    """Return what an item in that state is called: `deleted`, `skipped`."""
    return _WORDS.get(state, job.done_word)


def told(job: Job) -> str:
    """Return in a few words how far a job is, or what came of it: `40 of 42 tags deleted, 1 skipped, 1 failed`."""
    unit = job.unit.removesuffix("s") if job.total == 1 else job.unit
    words = [f"{job.counts.get(ItemState.DONE, 0):,} of {job.total:,} {unit} {job.done_word}"]
    others = (ItemState.SKIPPED, ItemState.FAILED, ItemState.UNKNOWN)
    words += [f"{job.counts[state]:,} {state_word(job, state)}" for state in others if job.counts.get(state)]
    return ", ".join(words)


def document_of(job: Job, wrong: Sequence[Item] = (), *, instead_of: str | None = None) -> Document:
    """Return a job as people read it.

    Args:
        job: Which.
        wrong: Items that failed or were skipped, or of which nobody knows; those that are not named are counted.
        instead_of: The channel in which this could not be posted; None: it is where it was to be.
    """
    parts: list[Part] = [Paragraph(line(f"{_HEADINGS[job.state]}: {told(job)}."))]
    if job.problem:
        parts.append(Paragraph(line("It waits: ", *marked(job.problem))))
    parts += [Paragraph(_named(job, item)) for item in wrong[:MOST_NAMED]]
    if len(wrong) > MOST_NAMED and job.state.is_final:
        parts.append(Paragraph(line("Each, with what came of it, is in the thread.")))
    parts.append(Facts(tuple(_facts(job))))
    if instead_of is not None:
        where = Channel(instead_of)
        parts.append(Note(line("I cannot post this in ", where, ": invite me there, and I can the next time.")))
    return Document(job.title, (*parts, Note(line(job.id))))


def moved_document(job: Job) -> Document:
    """Return what stands where a job was shown before its channel was closed to the bot for a while."""
    who = Named(job.asked_by)
    told = Paragraph(line("How it went on, and what came of each, is in a direct message to ", who, "."))
    return Document(job.title, (told, Note(line(job.id))))


def results_table(job: Job, items: Sequence[Item]) -> Table:
    """Return what came of each item."""
    columns = (Column(job.unit.removesuffix("s").capitalize()), Column("Came of it"), Column("More"), Column("When"))
    return Table(job.title, columns, tuple(_row(job, item) for item in items))


def results_document(job: Job, items: Sequence[Item]) -> Document:
    """Return what came of each item, as a message."""
    return Document("", (results_table(job, items),))


def _row(job: Job, item: Item) -> tuple[Inline, ...]:
    when: Inline = Moment(item.ended_at) if item.ended_at else _NOTHING
    return (Code(item.label), state_word(job, item.state), item.sentence.replace("`", "") or _NOTHING, when)


def _named(job: Job, item: Item) -> Line:
    sentence = f": {item.sentence}" if item.sentence else "."
    return marked(f"{quoted(item.label)} {state_word(job, item.state)}{sentence}")


def _facts(job: Job) -> list[tuple[str, Line]]:
    who: Inline = job.asked_by.replace(":", " ") if ":" in job.asked_by else Named(job.asked_by)
    facts = [("Asked", line("by ", who, ", ", Moment(job.created_at)))]
    if job.stopped_by:
        by: Inline = job.stopped_by.replace(":", " ") if ":" in job.stopped_by else Named(job.stopped_by)
        facts.append(("Stopped", line("by ", by)))
    if job.ended_at:
        facts.append(("Ended", line(Moment(job.ended_at))))
    return facts
