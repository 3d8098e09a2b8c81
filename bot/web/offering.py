"""What an answer offers to do next: the buttons for it, and what pressing one stands for."""

from collections.abc import Sequence
from dataclasses import replace

from bot.chat.command import Confirmation, Offer
from bot.slack import blocks
from bot.slack.message import Element
from bot.web.assignment import Assignment
from bot.web.keeping import Keeping, UnreadableAssignmentError
from bot.web.payloads import Click
from bot.web.tickets import Holder, Kind, Refusals, TicketRefusedError, Tickets

OFFER_ACTIONS = tuple(f"offer_{number}" for number in range(1, 6))
"""One for each button of a row, because ids may not repeat there."""
REFUSALS = Refusals(
    gone="This button is too old. Type the command again.",
    # Perhaps the bot died in between, and nothing was done: so it does not say that anything was.
    taken="This button was pressed already. If nothing came of it, type the command again.",
    foreign="Only the person who asked can do this.",
)
NO_BUTTONS = "The buttons for it cannot be shown here. Type the command again."
NOT_KEPT = "The buttons for it cannot be shown, because the bot's database is away. Type the command again in a minute."


class Offering:
    """Knows what the buttons of offers stand for. Every method raises `StoreUnavailableError` when that is away.

    Args:
        tickets: Where that is kept.
        keeping: Writes it down.
    """

    def __init__(self, tickets: Tickets, keeping: Keeping) -> None:
        self._tickets = tickets
        self._keeping = keeping

    def buttons(self, assignment: Assignment, offers: Sequence[Offer]) -> list[Element]:
        """Return a button for each offer, in their order; the first is the one that catches the eye.

        Args:
            assignment: What made the offers. Who takes one up does the same with other arguments, for themselves alone.
            offers: As many as there are actions for.

        Raises:
            UnstorableError: No database holds what one of them stands for.
        """
        if len(offers) > len(OFFER_ACTIONS):
            raise ValueError(f"{len(offers)} offers in one answer")
        if not offers:
            return []
        private = replace(assignment, is_public=False, claims=())
        contents = [self._keeping.written(private.with_arguments(offer.arguments)) for offer in offers]
        ids = self._tickets.issue(Kind.OFFER, contents, assignment.holder)
        return [
            _button(offer, action_id=action_id, ticket_id=ticket_id, is_primary=action_id == OFFER_ACTIONS[0])
            for offer, action_id, ticket_id in zip(offers, OFFER_ACTIONS, ids, strict=False)
        ]

    def accepted(self, click: Click, *, received_at: float) -> Assignment:
        """Return what to do for somebody who pressed a button: once, however often that is.

        Raises:
            TicketRefusedError: The button is unknown, too old, used, or somebody else's.
        """
        ticket = self._tickets.find(Kind.OFFER, click.value, Holder(click.person, click.channel_id))
        try:
            offered = self._keeping.read(ticket.content, click.person)
        except UnreadableAssignmentError as error:
            raise TicketRefusedError(REFUSALS.gone) from error
        return replace(offered, claims=(ticket.claim,)).anew(trigger_id=click.trigger_id, received_at=received_at)


def _button(offer: Offer, *, action_id: str, ticket_id: str, is_primary: bool) -> Element:
    confirm = _dialog(offer.confirm) if offer.confirm else None
    return blocks.button(offer.label, action_id=action_id, value=ticket_id, confirm=confirm, is_primary=is_primary)


def _dialog(confirm: Confirmation) -> Element:
    return blocks.confirmation(title=confirm.title, question=confirm.question, yes=confirm.yes)
