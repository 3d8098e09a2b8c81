"""What is said of changes in Slack: the card on which somebody approves or rejects, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, insert, select

from bot.document import Channel, CodeBlock, Document, Facts, Inline, Line, Moment, Note, Paragraph, Part, line, marked
from bot.document import Person as Named
from bot.governance import changes
from bot.governance.proposals import Change, Outcome, State
from bot.outbox import lanes, messages
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.outbox.writers import MessageRow
from bot.slack import blocks
from bot.slack.message import Message
from bot.slack.render import render
from bot.store.tables import cards as card_rows
from bot.store.tables import messages as message_rows

KIND = "approval"
APPROVE_ACTION, REJECT_ACTION = "approve_change", "reject_change"
_LONGEST_SHOWN = 2_500
_TITLES = {
    State.REQUESTED: "Approval needed",
    State.APPROVED: "Approved",
    State.STARTED: "Approved, being done",
    State.DONE: "Approved and done",
    State.FAILED: "Approved, but it failed",
    State.UNKNOWN: "Approved, outcome unknown",
    State.REJECTED: "Rejected",
    State.EXPIRED: "Expired",
    State.WITHDRAWN: "Withdrawn",
}
_TOLD = {
    State.DONE: "Carried out",
    State.FAILED: "Failed",
    State.UNKNOWN: "Outcome unknown",
    State.REJECTED: "Rejected",
    State.EXPIRED: "Nobody approved it in time",
}


def ask(connection: Connection, change: Change, channels: Sequence[str], now: datetime) -> None:
    """Post the card to each of these channels or people."""
    for channel in channels:
        lane = Lane(change.workspace, channel)
        content = {"change": change.id}
        message_id = messages.add(connection, lane, kind=KIND, stream=change.id, now=now, content=content)
        row = {"workspace": change.workspace, "subject": change.id, "message_id": message_id}
        connection.execute(insert(card_rows).values(row))


def hold(connection: Connection, change: Change, channels: Sequence[str], now: datetime) -> None:
    """Lock all lanes in which something is about to be said of a change, before anything else: everybody does so.

    Args:
        connection: One in a write, at its beginning.
        change: Which.
        channels: Where its executor will say something.
        now: The database's time.
    """
    asker = () if change.asker.is_terminal else (change.asker.user_id,)
    found = connection.execute(_cards_of(change.workspace, change.id)).all()
    which = {*channels, *asker, *(row.channel for row in found)}
    lanes.wake(connection, [Lane(change.workspace, channel) for channel in which], now)


def rewrite(connection: Connection, workspace: str, subject: str, now: datetime) -> None:
    """Have every message that shows something written anew, because it has changed."""
    found = connection.execute(_cards_of(workspace, subject)).all()
    lanes.wake(connection, [Lane(workspace, row.channel) for row in found], now)
    messages.change(connection, [row.id for row in found], now)


def _cards_of(workspace: str, subject: str) -> Select[tuple[str, str]]:
    ids = select(card_rows.c.message_id).where(card_rows.c.workspace == workspace, card_rows.c.subject == subject)
    return select(message_rows.c.id, message_rows.c.channel).where(message_rows.c.id.in_(ids))


def decided(connection: Connection, change: Change, state: State, by: str | None, now: datetime) -> None:
    """Show on the card what was decided; tell who asked, unless it goes on, or they decided themselves."""
    rewrite(connection, change.workspace, change.id, now)
    if state in {State.REJECTED, State.EXPIRED}:
        who = line(" by ", Named(by)) if by else ()
        _tell(connection, change, (f"{_TOLD[state]}", *who, f": {change.proposal.summary}. Nothing was sent."), now)


def tell(connection: Connection, change: Change, outcome: Outcome, now: datetime, *, is_awaited: bool) -> None:
    """Show what came of it; tell who asked, unless they wait for the answer anyway."""
    rewrite(connection, change.workspace, change.id, now)
    if not is_awaited:
        by = line(", approved by ", Named(change.decided_by)) if change.decided_by else ()
        told = "Begun" if outcome.goes_on else _TOLD[outcome.state]
        said = (f"{told}: {change.proposal.summary}", *by, ". ", *marked(outcome.sentence))
        _tell(connection, change, said, now)


def _tell(connection: Connection, change: Change, said: Line, now: datetime) -> None:
    if change.asker.is_terminal:
        return
    lane = Lane(change.workspace, change.asker.user_id)
    add_note(connection, lane, render(Document("", (Paragraph(said),))), stream=change.id, now=now)


class ApprovalWriter:
    """Writes the cards. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Cards do not wait for each other."""
        return None

    def write(self, connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return the card as the change is now; with buttons while there is something to decide."""
        change = changes.find(connection, message.content["change"])
        if change is None:
            return Message("(this request is gone)")
        return render(document_of(change), closing=_buttons(change) if change.state is State.REQUESTED else ())

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """A card that cannot be changed any more is not said anew: who asked is told what came of it."""
        return False


def document_of(change: Change) -> Document:
    """Return a change as people read it: who wants what, exactly what is sent, what was decided and came of it."""
    proposal = change.proposal
    wants = "wants" if change.state is State.REQUESTED else "wanted"
    what = f"{proposal.summary[:1].lower()}{proposal.summary[1:]}"
    parts: list[Part] = [Paragraph(line(_who(change), f" {wants} to {what}."))]
    parts.append(Facts(tuple(_facts(change))))
    parts.append(CodeBlock("\n".join(proposal.shown)[:_LONGEST_SHOWN]))
    if change.outcome:
        parts.append(Paragraph(marked(change.outcome.sentence)))
    parts.append(Note(line(change.id)))
    return Document(_title(change) if change.approval_reason else proposal.summary, tuple(parts))


def _title(change: Change) -> str:
    return "Approved and begun" if change.outcome and change.outcome.goes_on else _TITLES[change.state]


def _facts(change: Change) -> list[tuple[str, Line]]:
    where: Inline = Channel(change.asker.channel) if change.asker.channel else "a terminal"
    facts: list[tuple[str, Line]] = [("Where", line(where)), ("Asked", line(Moment(change.requested_at)))]
    if change.approval_reason:
        facts.append(("Because", marked(change.approval_reason)))
    if change.state is State.REQUESTED:
        facts.append(("Until", line(Moment(change.expires_at))))
    if change.decided_by:
        said = "Rejected" if change.state is State.REJECTED else "Approved"
        facts.append((said, line("by ", Named(change.decided_by), ", ", Moment(change.decided_at))))
    return facts


def _who(change: Change) -> Inline:
    return change.asker.user_id.replace(":", " ") if change.asker.is_terminal else Named(change.asker.user_id)


def _buttons(change: Change) -> tuple[dict[str, object], ...]:
    confirm = blocks.confirmation(
        title="Approve?", question=f"{change.proposal.summary}. It is sent at once.", yes="Approve"
    )
    return (
        blocks.actions(
            blocks.button("Approve", action_id=APPROVE_ACTION, value=change.button, confirm=confirm),
            blocks.button("Reject", action_id=REJECT_ACTION, value=change.button),
        ),
    )
