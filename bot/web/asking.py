"""Asking for a text with a form, a modal of Slack, and going on when it was filled in.

The form carries an opaque id; what it belongs to is kept here. Its answer goes where the command's would have gone:
the command's response_url is good for as long as the form.

Source: https://docs.slack.dev/surfaces/modals
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.chat.forms import Form
from bot.errors import DeliveryError
from bot.slack import blocks, text
from bot.slack.client import SlackClient
from bot.slack.manifest import COMMAND
from bot.slack.message import Element
from bot.web.answers import Reply
from bot.web.assignment import Assignment
from bot.web.outgoing import Outgoing, notice
from bot.web.payloads import FORM_BLOCK, FORM_INPUT, FORM_VIEW, Submission
from bot.web.tickets import Holder, Refusals, Tickets

logger = logging.getLogger(__name__)

# Shown beside the input, where the text stays for the person to copy; nothing is marked up there.
REFUSALS = Refusals(
    gone="This form is too old, or the bot was restarted. Copy your text, close the form, and type the command again.",
    taken="This form was sent already. Close it, and type the command again.",
    foreign="This form is somebody else's. Close it, and type the command yourself.",
)
NOTHING_TYPED = "There is nothing in it."
TOO_LATE = "Slack opens a form only within three seconds, and I was too slow. Type the command again."
# Slack's pages name both forms. Source: https://docs.slack.dev/reference/methods/views.open
_LATE = frozenset(
    {"trigger_expired", "trigger_exchanged", "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"}
)
_LONGEST_LINE = 200


@dataclass(frozen=True)
class Asked:
    """What a form belongs to.

    Attributes:
        assignment: The command that lacks a text.
        form: The form.
        reply: Where its answer goes.
    """

    assignment: Assignment
    form: Form
    reply: Reply

    def filled(self, sent: Submission, *, received_at: float) -> Assignment:
        """Return the command with the text that it lacked."""
        arguments = self.form.filled(self.assignment.invocation.arguments, sent.text)
        return self.assignment.anew(arguments, trigger_id=sent.trigger_id, received_at=received_at)


class Asking:
    """Opens forms, and remembers what they belong to.

    Args:
        client: Slack.
        monotonic: Seconds that never go back.
    """

    def __init__(self, client: SlackClient, *, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._forms: Tickets[Asked] = Tickets(REFUSALS, monotonic=monotonic)

    def ask(self, assignment: Assignment, form: Form, reply: Reply) -> None:
        """Open the form; or give the reason why not."""
        if not assignment.trigger_id:
            reply.give(notice(_only_for_commands(assignment.invocation.line)))
            return
        if assignment.claim:
            # Nothing was done so far: who closes the form may press the button again.
            assignment.claim.give_back()
        later = reply.hand_over()
        form_id = self._forms.issue(Asked(assignment, form, later), Holder(assignment.person))
        try:
            self._client.open_view(assignment.trigger_id, _view(form, form_id))
        except DeliveryError as error:
            logger.warning("form_not_opened", extra={"reason": str(error)})
            later.give(_not_opened(error))

    def take(self, sent: Submission) -> Asked:
        """Return what a form belongs to that was filled in; it cannot be sent again.

        Raises:
            TicketRefusedError: The form is unknown, too old, used, or somebody else's.
        """
        asked = self._forms.find(sent.form_id, Holder(sent.person))
        self._forms.take(sent.form_id)
        return asked

    def give_back(self, sent: Submission) -> None:
        """Let a form be sent again, because nothing came of it."""
        self._forms.give_back(sent.form_id)


def _view(form: Form, form_id: str) -> Element:
    most = f"At most {blocks.LONGEST_INPUT:,} characters."
    hint = f"{form.hint} {most}".lstrip() if form.is_multiline else form.hint
    entry = blocks.text_input(
        form.label, block_id=FORM_BLOCK, action_id=FORM_INPUT, hint=hint, is_multiline=form.is_multiline
    )
    return blocks.modal(form.title, entry, callback_id=FORM_VIEW, private_metadata=form_id, submit=form.submit)


def _only_for_commands(line: str) -> str:
    typed = text.code(text.cut(f"{COMMAND} {line}", _LONGEST_LINE))
    return f"This takes a form, and Slack opens one only for commands: type {typed} in the channel, not in a thread."


def _not_opened(error: DeliveryError) -> Outgoing:
    return notice(TOO_LATE if error.code in _LATE else f"Slack did not open the form. {text.inert(str(error))}")
