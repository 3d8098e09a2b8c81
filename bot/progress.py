"""How far a long piece of work has come."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """So much is done of so much.

    Attributes:
        done: How much.
        total: Of how much; None is not known yet.
        what: What is counted, with what was done to it: `repositories read`.
    """

    done: int
    total: int | None
    what: str

    def __str__(self) -> str:
        """Return it in a few words: `120 of 1,000 repositories read`."""
        of_all = f" of {self.total:,}" if self.total is not None else ""
        return f"{self.done:,}{of_all} {self.what}"
