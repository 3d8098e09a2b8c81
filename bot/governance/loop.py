"""Does for changes what nobody waits for: carries out the approved, ends the expired, clears up after deaths."""

from bot.governance.governance import Governance
from bot.loops import POLL_SECONDS, Loop

_AT_ONCE = 10


class ChangeLoop(Loop):
    """Looks after changes. Two threads, so that one that takes long does not hold up the next.

    Args:
        governance: Knows what is due.
    """

    def __init__(self, governance: Governance) -> None:
        super().__init__("changes", threads=2)
        self._governance = governance

    def step(self) -> float:
        """Look after what is due."""
        self._governance.settle_late()
        for change in self._governance.due(most=_AT_ONCE):
            if self.is_stopping:
                break
            self._governance.look_after(change)
        return POLL_SECONDS
