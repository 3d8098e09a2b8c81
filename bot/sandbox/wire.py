"""What a fault of the wire does to an answer, whichever service it comes from: cut off, or lost."""

from dataclasses import replace
from typing import Protocol

from bot.sandbox.httpd import Answer

# A hang ends as a reset; how long it lasts is for whoever sends the answer.
LOSSES = frozenset({"reset", "hang"})


class WireFault(Protocol):
    """What must be known of a fault."""

    @property
    def kind(self) -> str:
        """What goes wrong; only `truncated`, `reset` and `hang` are of the wire."""

    @property
    def after(self) -> str:
        """When `reset` or `hang` strikes: `before_reading` or `after_accepting`."""


def lost_before_reading(fault: WireFault) -> Answer | None:
    """Return the reset that leaves a request undone; None when the request is to be carried out."""
    is_lost = fault.kind in LOSSES and fault.after == "before_reading"
    return Answer(0, delivery="reset") if is_lost else None


def damaged_answer(fault: WireFault, answer: Answer) -> Answer:
    """Return an answer as it travels under a fault of the wire: cut off, lost, or as it is."""
    if fault.kind == "truncated":
        return replace(answer, delivery="truncated")
    if fault.kind in LOSSES:
        return replace(answer, delivery="reset")
    return answer
