"""What an answer offers to do next: the buttons for it, and what pressing one stands for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.chat.command import Confirmation, Offer
from bot.slack import blocks
from bot.slack.message import Element
from bot.web.assignment import Assignment
from bot.web.payloads import Click
from bot.web.tickets import Claim, Holder, Refusals, Tickets

OFFER_ACTIONS = tuple(f"offer_{number}" for number in range(1, 6))
"""One for each button of a row, because ids may not repeat there."""
REFUSALS = Refusals(
    gone="This button is too old, or the bot was restarted. Type the command again.",
    taken="This was done already.",
    foreign="Only the person who asked can do this.",
)
NO_BUTTONS = "The buttons for it cannot be shown here. Type the command again."


class Offering:
    """Knows what the buttons of offers stand for.

    Args:
        monotonic: Seconds that never go back.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._offers: Tickets[Assignment] = Tickets(REFUSALS, monotonic=monotonic)

    def buttons(self, assignment: Assignment, offers: Sequence[Offer]) -> list[Element]:
        """Return a button for each offer, in their order; the first is the one that catches the eye.

        Args:
            assignment: What made the offers. Who takes one up does the same with other arguments, for themselves alone.
            offers: As many as there are actions for.
        """
        if len(offers) > len(OFFER_ACTIONS):
            raise ValueError(f"{len(offers)} offers in one answer")
        return [
            self._button(assignment, offer, action_id=action_id, is_primary=action_id == OFFER_ACTIONS[0])
            for offer, action_id in zip(offers, OFFER_ACTIONS, strict=False)
        ]

    def accepted(self, click: Click, *, received_at: float) -> Assignment:
        """Return what to do for somebody who pressed a button: once, however often that is.

        Raises:
            TicketRefusedError: The button is unknown, too old, used, or somebody else's.
        """
        offered = self._offers.find(click.value, Holder(click.person, click.channel_id))
        claim = Claim(self._offers, click.value)
        return replace(offered, claim=claim, trigger_id=click.trigger_id, received_at=received_at)

    def _button(self, assignment: Assignment, offer: Offer, *, action_id: str, is_primary: bool) -> Element:
        wanted = replace(
            assignment,
            invocation=replace(assignment.invocation, arguments=offer.arguments),
            is_public=False,
            trigger_id="",
            claim=None,
        )
        ticket_id = self._offers.issue(wanted, assignment.holder)
        confirm = _dialog(offer.confirm) if offer.confirm else None
        return blocks.button(offer.label, action_id=action_id, value=ticket_id, confirm=confirm, is_primary=is_primary)


def _dialog(confirm: Confirmation) -> Element:
    return blocks.confirmation(title=confirm.title, question=confirm.question, yes=confirm.yes)
