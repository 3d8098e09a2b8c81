"""What workers do: check the rights, run the command, decide who may see the answer, hand it over.

Everything here may take its time; the acknowledgement was given long before.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from bot.chat import router
from bot.chat.command import Context, Offer
from bot.chat.forms import InputNeeded
from bot.chat.place import Place
from bot.chat.router import Answer
from bot.clock import Clock
from bot.document import Document
from bot.governance.roles import Role
from bot.progress import Progress
from bot.slack.message import Element
from bot.store.errors import StoreUnavailableError, UnstorableError
from bot.web.answers import Reply
from bot.web.asking import Asking
from bot.web.assignment import Assignment
from bot.web.attachments import Attachments, with_note
from bot.web.audience import Audience, Audiences
from bot.web.offering import NO_BUTTONS, NOT_KEPT, Offering
from bot.web.outgoing import AWAY, Outgoing, notice, outgoing
from bot.web.remembered import Remembered
from bot.web.rights import NotAllowedError, Rights
from bot.web.sharing import Share, asked_by, kept_back_note, row, share_button
from bot.web.tickets import TicketRefusedError, Tickets

logger = logging.getLogger(__name__)

ContextFactory = Callable[[Role, Callable[[Progress | str], None], Place], Context]


class Work:
    """Runs commands.

    Args:
        rights: Who may do what.
        make_context: Makes what a command may use, for a role, a way to tell of progress, and where it was asked.
        audiences: Who reads a channel.
        attachments: Sends long tables.
        shares: Keeps what the Share buttons stand for.
        tickets: What buttons and forms stand for is taken there.
        offering: Makes the buttons for what an answer offers.
        asking: Opens forms.
        clock: The time.
    """

    def __init__(
        self,
        *,
        rights: Rights,
        make_context: ContextFactory,
        audiences: Audiences,
        attachments: Attachments,
        shares: Remembered[Share],
        tickets: Tickets,
        offering: Offering,
        asking: Asking,
        clock: Clock,
    ) -> None:
        self._rights = rights
        self._make_context = make_context
        self._audiences = audiences
        self._attachments = attachments
        self._shares = shares
        self._tickets = tickets
        self._offering = offering
        self._asking = asking
        self._clock = clock

    def run(self, assignment: Assignment, reply: Reply, *, put_off: Callable[[], None] | None = None) -> None:
        """Run the command and give the answer, whatever happens; or ask for what the command lacks.

        Args:
            assignment: What to do.
            reply: Where the answer goes.
            put_off: Called instead of saying so when the database is away, and therefore nothing was done.
        """
        verb = assignment.invocation.command.name
        try:
            outcome = self._run(assignment, reply, put_off or (lambda: reply.give(notice(AWAY))))
        except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
            reply.give(outgoing(router.crashed(error, verb=verb).document))
            outcome = "crashed"
        seconds = round(self._clock.monotonic() - assignment.received_at, 3)
        logger.info("command_answered", extra={"verb": verb, "outcome": outcome, "duration_seconds": seconds})

    def _run(self, assignment: Assignment, reply: Reply, put_off: Callable[[], None]) -> str:
        """Do it, and return one word for the log."""
        invocation = assignment.invocation
        try:
            role = self._rights.check(assignment.person, invocation.role, invocation.title)
            self._tickets.take(assignment.claims)
        except (NotAllowedError, TicketRefusedError) as error:
            reply.give(notice(str(error)))
            return "denied"
        except StoreUnavailableError:
            put_off()
            return "put_off"
        person = assignment.person
        place = Place(channel=assignment.channel_id, user_id=person.user_id, team_id=person.team_id)
        answer = router.answer(invocation, self._make_context(role, reply.note_progress, place))
        if isinstance(answer.failure, InputNeeded):
            self._asking.ask(assignment, answer.failure, reply)
            return "asked"
        said, outcome = self._said(assignment, answer, role)
        reply.give(said)
        return outcome

    def _said(self, assignment: Assignment, answer: Answer, role: Role) -> tuple[Outgoing, str]:
        if answer.failure:
            return outgoing(answer.document), answer.failure.reason
        offers = answer.result.offers if answer.result else ()
        if offers or not assignment.is_public:
            return self._private(assignment, answer.document, offers), "private"
        audience = self._audiences.of(assignment.channel_id, is_shared_outside=assignment.is_shared_outside)
        if not audience.is_ours:
            return self._kept_back(assignment, answer.document, audience, role), "kept_back"
        return self._public(assignment, answer.document), "public"

    def _public(self, assignment: Assignment, document: Document) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=True)
        closing = [asked_by(assignment.person, assignment.invocation.line)] if assignment.can_share else []
        return outgoing(whole, closing=closing, in_channel=True)

    def _private(self, assignment: Assignment, document: Document, offers: tuple[Offer, ...]) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=False)
        try:
            buttons = self._offering.buttons(assignment, offers)
        except (StoreUnavailableError, UnstorableError) as error:
            logger.warning("offers_not_kept", extra={"reason": error.reason})
            note = NOT_KEPT if isinstance(error, StoreUnavailableError) else NO_BUTTONS
            offers, buttons, whole = (), [], with_note(whole, note)
        if assignment.can_share and assignment.invocation.command.can_share:
            buttons = [*buttons, self._share_button(assignment, document, beside=tuple(buttons))]
        answer = outgoing(whole, closing=row(*buttons))
        return _without_buttons(answer, whole) if offers else answer

    def _kept_back(self, assignment: Assignment, document: Document, audience: Audience, role: Role) -> Outgoing:
        whole = self._attachments.send_long_tables(document, assignment.person, in_channel=False)
        noted = with_note(whole, kept_back_note(audience, role))
        if role < Role.OPERATOR or not assignment.can_share:
            return outgoing(noted)
        return outgoing(noted, closing=row(self._share_button(assignment, document, is_for_outside=True)))

    def _share_button(
        self,
        assignment: Assignment,
        document: Document,
        *,
        is_for_outside: bool = False,
        beside: tuple[Element, ...] = (),
    ) -> Element:
        share = Share(
            document=document,
            verb=assignment.invocation.command.name,
            line=assignment.invocation.line,
            role=assignment.invocation.role,
            is_for_outside=is_for_outside,
            beside=beside,
        )
        return share_button(self._shares.issue(share, assignment.holder), is_for_outside=is_for_outside)


def _without_buttons(answer: Outgoing, document: Document) -> Outgoing:
    """Return the answer with a word about the buttons in the forms that have none: there is something to be done."""
    direct = outgoing(with_note(document, NO_BUTTONS)).message
    return replace(answer, direct=direct, plain=direct.without_blocks())
