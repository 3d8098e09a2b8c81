"""Asking for something with a form, a modal of Slack, and going on when it was filled in.

What a form belongs to is a row, see `bot.web.tickets`. The process that opened it also remembers it, for two things
that a row cannot give: what is wrong with what was put in is said beside the fields, which Slack allows only in the
acknowledgement; and the answer goes where the command's would have gone, by a response_url, which nobody stores. Where
a form comes back to another process, or after a restart, it is opened anew to say what is wrong, and its answer comes
through the Web API.

What was put in is stored nowhere. Slack has no input that hides a secret: its sender sees it while they type, and
nobody ever after.

Source: https://docs.slack.dev/surfaces/modals
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.chat.forms import Field, FieldKind, Form, FormProblemsError, InputNeeded
from bot.clock import Clock
from bot.errors import DeliveryError
from bot.governance.roles import Person
from bot.slack import blocks, text
from bot.slack.manifest import COMMAND
from bot.slack.message import Block, Element
from bot.store.errors import StoreUnavailableError
from bot.web.answers import Reply
from bot.web.assignment import Assignment
from bot.web.conversations import ChannelConversation
from bot.web.courier import Courier
from bot.web.keeping import Keeping, UnreadableAssignmentError
from bot.web.outgoing import AWAY, Outgoing, notice
from bot.web.payloads import FORM_INPUT, FORM_VIEW, Submission
from bot.web.remembered import Remembered
from bot.web.tickets import KEPT, Holder, Kind, Refusals, Ticket, TicketRefusedError, Tickets, claim_of

logger = logging.getLogger(__name__)

REFUSALS = Refusals(
    gone="That form was too old, and nothing was done. Type the command again.",
    taken="That form was sent already. If nothing came of it, type the command again.",
    foreign="That form is somebody else's, and nothing was done. Type the command yourself.",
)
# Shown beside an input, where the text stays for the person to copy; nothing is marked up there.
TOO_OLD = "This form is too old. Copy what you typed, close the form, and type the command again."
TOO_LONG = f"At most {blocks.LONGEST_INPUT:,} characters."
TOO_LATE = "Slack opens a form only within three seconds, and I was too slow. Type the command again."
SEEN_ONCE = "It is seen while you type it, and never again."
# Slack's pages name both forms. Source: https://docs.slack.dev/reference/methods/views.open
_LATE = frozenset(
    {"trigger_expired", "trigger_exchanged", "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"}
)
_LONGEST_LINE = 200
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_FORM = TypeAdapter(Form)


@dataclass(frozen=True)
class Asked:
    """What a form belongs to.

    Attributes:
        assignment: The command that lacks something.
        form: The form.
        reply: Where its answer goes.
    """

    assignment: Assignment
    form: Form
    reply: Reply

    def filled(self, sent: Submission, *, received_at: float) -> Assignment:
        """Return the command with what it lacked.

        Raises:
            FormProblemsError: Something of it cannot be taken.
        """
        names = {field.name for field in self.form.fields}
        long = [name for name, value in sent.values.items() if name in names and len(value) > blocks.LONGEST_INPUT]
        if long:
            raise FormProblemsError(dict.fromkeys(long, TOO_LONG))
        arguments = self.form.filled(self.assignment.invocation.arguments, sent.values)
        complete = self.assignment.with_arguments(arguments)
        return complete.anew(trigger_id=sent.trigger_id, received_at=received_at)


class Asking:
    """Opens forms, and knows what they belong to.

    Args:
        tickets: Where that is kept.
        keeping: Writes it down.
        courier: Slack.
        clock: The time.
    """

    def __init__(self, tickets: Tickets, keeping: Keeping, courier: Courier, clock: Clock) -> None:
        self._tickets = tickets
        self._keeping = keeping
        self._courier = courier
        self._clock = clock
        self._remembered: Remembered[Asked] = Remembered(REFUSALS, monotonic=clock.monotonic)

    def ask(self, assignment: Assignment, question: InputNeeded, reply: Reply) -> None:
        """Open the form; or give the reason why not."""
        if not assignment.trigger_id:
            reply.give(notice(_only_for_commands(assignment.invocation.line)))
            return
        # Nothing was done so far: who closes the form may press the button again that led to it.
        offers = tuple(claim for claim in assignment.claims if claim.kind is Kind.OFFER)
        waiting = {
            **self._keeping.written(replace(assignment, claims=offers)),
            "form": _FORM.dump_python(question.form, mode="json"),
        }
        try:
            (form_id,) = self._tickets.issue(Kind.FORM, [waiting], Holder(assignment.person), give_back=offers)
        except StoreUnavailableError:
            reply.give(notice(AWAY))
            return
        asked = self._read(Ticket(claim_of(Kind.FORM, form_id), waiting), assignment.person, reply)
        asked = replace(asked, reply=reply.hand_over())
        self._open(form_id, asked, question.form.sentences(question.problems), assignment.trigger_id)

    def problems(self, sent: Submission) -> Mapping[str, str]:
        """Return what is wrong with what was put in, by field, as far as this process knows. Never waits."""
        form_id, expires = _carried(sent)
        if expires is not None and expires <= self._clock.now().timestamp():
            return dict.fromkeys(list(sent.values)[:1], TOO_OLD)
        try:
            self._remembered.find(form_id, Holder(sent.person)).filled(sent, received_at=0.0)
        except TicketRefusedError:
            return {}
        except FormProblemsError as error:
            return error.problems
        return {}

    def recall(self, sent: Submission) -> Asked | None:
        """Return what a form belongs to, if this process opened it for this person, and remember it no longer."""
        form_id, _ = _carried(sent)
        try:
            self._remembered.find(form_id, Holder(sent.person))
        except TicketRefusedError:
            return None
        return self._remembered.forget(form_id)

    def remember(self, sent: Submission, asked: Asked) -> None:
        """Remember it again, because nothing came of it: the form is still open."""
        self._remembered.keep(_carried(sent)[0], asked, Holder(sent.person))

    def look_up(self, sent: Submission) -> Asked:
        """Return what a form belongs to, as the database knows it.

        Raises:
            TicketRefusedError: The form is unknown, too old, used, or somebody else's.
            StoreUnavailableError: The database is away.
        """
        ticket = self._tickets.find(Kind.FORM, _carried(sent)[0], Holder(sent.person))
        try:
            assignment = self._keeping.read(ticket.content, sent.person)
            return self._read(ticket, sent.person, Reply(self._conversation(assignment)))
        except (UnreadableAssignmentError, ValidationError, KeyError) as error:
            raise TicketRefusedError(REFUSALS.gone) from error

    def ask_again(self, sent: Submission, asked: Asked, remarks: Sequence[str]) -> None:
        """Open a form once more with what was put in, because it was acknowledged and nothing came of it."""
        mended = replace(asked, form=asked.form.again(sent.values))
        self._open(_carried(sent)[0], mended, remarks, sent.trigger_id)

    def _open(self, form_id: str, asked: Asked, remarks: Sequence[str], trigger_id: str) -> None:
        self._remembered.keep(form_id, asked, Holder(asked.assignment.person))
        expires_at = int((self._clock.now() + KEPT).timestamp())
        view = _view(asked.form, remarks, metadata=f"{form_id} {expires_at}")
        try:
            self._courier.client.open_view(trigger_id, view)
        except DeliveryError as error:
            logger.warning("form_not_opened", extra={"reason": str(error)})
            asked.reply.give(_not_opened(error, remarks))

    def _read(self, ticket: Ticket, person: Person, reply: Reply) -> Asked:
        assignment = self._keeping.read(ticket.content, person)
        form = _FORM.validate_python(ticket.content["form"])
        return Asked(replace(assignment, claims=(ticket.claim, *assignment.claims)), form, reply)

    def _conversation(self, assignment: Assignment) -> ChannelConversation:
        return ChannelConversation(self._courier, assignment.person, assignment.channel_id)


def _carried(sent: Submission) -> tuple[str, float | None]:
    """Return a form's id, and until when it is good: a hint of ours, which the database knows better."""
    form_id, _, expires = sent.metadata.partition(" ")
    return form_id, float(expires) if _SECONDS.fullmatch(expires) else None


def _view(form: Form, remarks: Sequence[str], *, metadata: str) -> Element:
    said = [blocks.rich_text(blocks.section([blocks.words(remark, bold=True)])) for remark in remarks]
    inputs = [_input(field, has_focus=number == 0) for number, field in enumerate(form.fields)]
    return blocks.modal(
        form.title, *said, *inputs, callback_id=FORM_VIEW, private_metadata=metadata, submit=form.submit
    )


def _input(field: Field, *, has_focus: bool) -> Block:
    common: dict[str, Any] = {
        "block_id": field.name,
        "action_id": FORM_INPUT,
        "hint": _hint(field),
        "initial": field.initial,
        "is_optional": field.is_optional,
        "has_focus": has_focus,
    }
    if field.kind is FieldKind.CHOICE:
        return blocks.select_input(field.label, [(each.value, each.label) for each in field.choices], **common)
    return blocks.text_input(field.label, is_multiline=field.kind is FieldKind.TEXT, **common)


def _hint(field: Field) -> str:
    more = {FieldKind.TEXT: TOO_LONG, FieldKind.SECRET: SEEN_ONCE}.get(field.kind, "")
    return f"{field.hint} {more}".strip()


def _only_for_commands(line: str) -> str:
    typed = text.code(text.cut(f"{COMMAND} {line}", _LONGEST_LINE))
    return f"This takes a form, and Slack opens one only for commands: type {typed} in the channel, not in a thread."


def _not_opened(error: DeliveryError, remarks: Sequence[str]) -> Outgoing:
    why = TOO_LATE if error.code in _LATE else f"Slack did not open the form. {text.inert(str(error))}"
    return notice(" ".join([*map(text.inert, remarks), why]))
