"""What workers do: check the rights, run the command, decide who may see the answer, hand it over.

Everything here may take its time; the acknowledgement was given long before.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.chat import router
from bot.chat.command import Context
from bot.chat.place import Place
from bot.chat.router import Invocation
from bot.clock import Clock
from bot.document import Document
from bot.governance.roles import Person, Role
from bot.slack.message import Block
from bot.web.answers import Reply
from bot.web.attachments import Attachments, with_note
from bot.web.audience import Audience, Audiences
from bot.web.outgoing import Outgoing, notice, outgoing
from bot.web.rights import NotAllowedError, Rights
from bot.web.shares import Share, Shares
from bot.web.sharing import asked_by, kept_back_note, share_button

logger = logging.getLogger(__name__)

ContextFactory = Callable[[Role, Callable[[str], None], Place], Context]


@dataclass(frozen=True)
class Assignment:
    """One command to be run for somebody.

    Attributes:
        invocation: What to run.
        person: For whom.
        channel_id: Where they asked.
        received_at: When, in monotonic seconds.
        is_public: Whether the answer is for everybody there, if they may see it.
        can_offer: Whether the answer may carry a button to share it with the channel.
        is_shared_outside: Whether another organization reads along, as Slack said with the request; None when it did
            not say.
    """

    invocation: Invocation
    person: Person
    channel_id: str
    received_at: float
    is_public: bool
    can_offer: bool = True
    is_shared_outside: bool | None = None


class Work:
    """Runs commands.

    Args:
        rights: Who may do what.
        make_context: Makes what a command may use, for a role, a way to tell of progress, and where it was asked.
        audiences: Who reads a channel.
        attachments: Sends long tables.
        shares: Keeps what the Share buttons stand for.
        clock: The time.
    """

    def __init__(
        self,
        *,
        rights: Rights,
        make_context: ContextFactory,
        audiences: Audiences,
        attachments: Attachments,
        shares: Shares,
        clock: Clock,
    ) -> None:
        self._rights = rights
        self._make_context = make_context
        self._audiences = audiences
        self._attachments = attachments
        self._shares = shares
        self._clock = clock

    def run(self, assignment: Assignment, reply: Reply) -> None:
        """Run the command and give the answer, whatever happens."""
        verb = assignment.invocation.command.name
        try:
            answer, outcome = self._answer(assignment, reply)
        except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
            answer, outcome = outgoing(router.crashed(error, verb=verb).document), "crashed"
        reply.give(answer)
        seconds = round(self._clock.monotonic() - assignment.received_at, 3)
        logger.info("command_answered", extra={"verb": verb, "outcome": outcome, "duration_seconds": seconds})

    def _answer(self, assignment: Assignment, reply: Reply) -> tuple[Outgoing, str]:
        """Return the answer, and one word for the log."""
        command = assignment.invocation.command
        try:
            role = self._rights.check(assignment.person, assignment.invocation.role, command.name)
        except NotAllowedError as error:
            return notice(str(error)), "denied"
        place = Place(channel=assignment.channel_id, user_id=assignment.person.user_id)
        answer = router.answer(assignment.invocation, self._make_context(role, reply.note_progress, place))
        if answer.failure:
            return outgoing(answer.document), answer.failure.reason
        if not assignment.is_public:
            return self._private(assignment, answer.document), "private"
        audience = self._audiences.of(assignment.channel_id, is_shared_outside=assignment.is_shared_outside)
        if not audience.is_ours:
            return self._kept_back(assignment, answer.document, audience, role), "kept_back"
        return self._public(assignment, answer.document), "public"

    def _public(self, assignment: Assignment, document: Document) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=True)
        closing = [asked_by(assignment.person, assignment.invocation.line)] if assignment.can_offer else []
        return outgoing(whole, closing=closing, in_channel=True)

    def _private(self, assignment: Assignment, document: Document) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=False)
        if not (assignment.can_offer and assignment.invocation.command.can_share):
            return outgoing(whole)
        return outgoing(whole, closing=[self._offer(assignment, document)])

    def _kept_back(self, assignment: Assignment, document: Document, audience: Audience, role: Role) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=False)
        noted = with_note(whole, kept_back_note(audience, role))
        if role < Role.OPERATOR or not assignment.can_offer:
            return outgoing(noted)
        return outgoing(noted, closing=[self._offer(assignment, document, is_for_outside=True)])

    def _offer(self, assignment: Assignment, document: Document, *, is_for_outside: bool = False) -> Block:
        share = Share(
            person=assignment.person,
            channel_id=assignment.channel_id,
            document=document,
            verb=assignment.invocation.command.name,
            line=assignment.invocation.line,
            role=assignment.invocation.role,
            is_for_outside=is_for_outside,
        )
        return share_button(self._shares.offer(share), is_for_outside=is_for_outside)
