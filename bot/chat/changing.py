"""How commands change something: show what would be sent, have it agreed to, have it done, say what came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from bot.chat.command import Arguments, Confirmation, Context, Offer, Result
from bot.chat.forms import Field, Form, InputNeeded
from bot.document import CodeBlock, Document, Inline, Moment, Note, Paragraph, Part, line, marked
from bot.document import Person as Named
from bot.errors import UserError
from bot.governance.governance import Governance, Requirement
from bot.governance.proposals import Change, Proposal, State

NO_DATABASE = "Nothing can be changed, because there is no database to keep it in: set `HUB_BOT_DATABASE_URL`."
ASK = "Ask for approval"
NOT_THE_SAME = "That is not what was asked for. Nothing was sent."
_MOST_NAMED = 5
_HEADINGS = {
    State.REQUESTED: "Waits for approval",
    State.APPROVED: "Approved",
    State.STARTED: "Being done",
    State.DONE: "Done",
    State.FAILED: "Failed",
    State.UNKNOWN: "Outcome unknown",
}


class ChangeArguments(Arguments):
    """What every command that changes something is asked, beside its own.

    Attributes:
        agreed: What was shown and agreed to: that is done, and nothing else. None: nothing was yet.
        typed: What was typed to confirm it; None: nothing was yet.
    """

    agreed: Proposal | None = None
    typed: str | None = None


class ChangeResult(Result):
    """What a change would be, or became.

    Attributes:
        summary: What it does, in a line.
        shown: Exactly what is sent, a line each.
        state: How far it is; None: nothing was asked for yet.
        change_id: What it is called; None: nothing was asked for yet.
        goes_on: Whether it was only begun, and goes on in the background.
        sentence: What came of it; may be empty.
        approvers: Who can approve it, by user id, where somebody has to.
        expires_at: Until when (UTC).
        notes: What else there is to say.
    """

    summary: str
    shown: tuple[str, ...]
    state: State | None = None
    change_id: str | None = None
    goes_on: bool = False
    sentence: str = ""
    approvers: tuple[str, ...] = ()
    expires_at: datetime | None = None
    notes: tuple[str, ...] = ()


A = TypeVar("A", bound=ChangeArguments)


def governance_of(context: Context) -> Governance:
    """Return what knows the rules.

    Raises:
        UserError: There is no database.
    """
    if context.governance is None:
        raise UserError(NO_DATABASE)
    return context.governance


def carry_out(
    arguments: A,
    context: Context,
    propose: Callable[[], Proposal],
    *,
    label: str,
    asks_first: bool = True,
    notes: tuple[str, ...] = (),
) -> ChangeResult:
    """Show a change, or have it done, or asked for.

    Args:
        arguments: Of the command; what it offers is the same with what was agreed to.
        context: What it may use.
        propose: Returns the change; not called when one was agreed to.
        label: What to press for it, a verb or two.
        asks_first: Whether it is shown first. In a terminal, and what cannot be undone, always is.
        notes: What else there is to say about it.

    Raises:
        InputNeeded: Its subject has to be typed; or something else was.
        AccessDeniedError: Somebody has to approve it, and there is nobody.
        DeliveryError: Slack does not say who could.
        StoreUnavailableError: The database is away; nothing was sent.
    """
    governance = governance_of(context)
    proposal = arguments.agreed or propose()
    needed = governance.requirement(proposal, context.asker)
    if arguments.agreed is None and (asks_first or needed.is_typed or context.place is None):
        return _shown(arguments, proposal, needed, label=label, notes=notes)
    if needed.is_typed and context.place is not None:
        _check_typed(arguments.typed, proposal)
    # What was looked up once decides: somebody who stops being an admin meanwhile must not turn it into less.
    change = governance.submit(proposal, context.asker, needed)
    return result_of(change, approvers=needed.approvers, notes=(*notes, *_reason(needed)))


def result_of(change: Change, *, approvers: frozenset[str] = frozenset(), notes: tuple[str, ...] = ()) -> ChangeResult:
    """Return what a command answers of a change."""
    return ChangeResult(
        is_negative=change.state in {State.FAILED, State.UNKNOWN},
        summary=change.proposal.summary,
        shown=change.proposal.shown,
        state=change.state,
        change_id=change.id,
        goes_on=bool(change.outcome and change.outcome.goes_on),
        sentence=change.outcome.sentence if change.outcome else "",
        approvers=tuple(sorted(approvers)) if change.state is State.REQUESTED else (),
        expires_at=change.expires_at,
        notes=notes,
    )


def render(result: ChangeResult, *, heading: str = "") -> Document:
    """Say what would be sent, or what came of it.

    Args:
        result: What is known of it.
        heading: What came of it in a sentence, where the state and the summary say too much; empty: those.
    """
    notes = tuple(Note(marked(note)) for note in result.notes)
    if result.state is None:
        return Document(result.summary, (CodeBlock("\n".join(result.shown)), *notes))
    state = "Begun" if result.goes_on else _HEADINGS.get(result.state, result.state)
    came_of_it = heading or f"{state}: {result.summary}."
    said: list[Part] = [Paragraph(line(came_of_it))]
    if result.sentence:
        said.append(Paragraph(marked(result.sentence)))
    if result.state is State.REQUESTED:
        said.append(
            Paragraph(line(*_named(result.approvers), " can approve it until ", Moment(result.expires_at), "."))
        )
    return Document("", (*said, *notes, *reference(result)))


def reference(result: ChangeResult) -> tuple[Part, ...]:
    """Return what the change is called, for those who look for it later."""
    return (Note(line(result.change_id)),) if result.change_id else ()


def _named(user_ids: tuple[str, ...]) -> list[Inline]:
    pieces: list[Inline] = []
    for user_id in user_ids[:_MOST_NAMED]:
        pieces += [", " if pieces else "", Named(user_id)]
    more = len(user_ids) - _MOST_NAMED
    return [*pieces, f" and {more} more"] if more > 0 else pieces


def _shown(
    arguments: A, proposal: Proposal, needed: Requirement, *, label: str, notes: tuple[str, ...]
) -> ChangeResult:
    agreed = arguments.model_copy(update={"agreed": proposal})
    confirm = Confirmation(title=label, question=f"{proposal.summary}?", yes=label)
    if needed.approval_reason:
        offer = Offer(label=ASK, arguments=agreed)
    else:
        offer = Offer(label=label, arguments=agreed, confirm=None if needed.is_typed else confirm)
    return ChangeResult(
        summary=proposal.summary,
        shown=proposal.shown,
        notes=(*notes, *_reason(needed)),
        offers=(offer,),
        is_negative=True,
    )


def _reason(needed: Requirement) -> tuple[str, ...]:
    why = needed.note or needed.approval_reason
    return (f"{why[:1].upper()}{why[1:].rstrip('.')}.",) if why else ()


def _check_typed(typed: str | None, proposal: Proposal) -> None:
    field = Field("typed", f"Type {proposal.subject} to confirm", hint=f"{proposal.summary}.")
    form = Form(title="Confirm", fields=(field,), submit="Confirm")
    if typed is None:
        raise InputNeeded(form)
    if typed.strip() != proposal.subject:
        raise InputNeeded(form.again({"typed": typed}), {"typed": NOT_THE_SAME})
