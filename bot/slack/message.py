"""What is sent to Slack: text for notifications, screen readers and old clients, and blocks for everybody else."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Element = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        text: All that matters, in mrkdwn; never empty, at most 3,900 characters.
        blocks: The same for the eye; empty for a message of text alone.
    """

    text: str
    blocks: tuple[Block, ...] = ()

    def without_blocks(self) -> "Message":
        """Return the form for a workspace that refuses the blocks."""
        return Message(self.text)

    def payload(self) -> dict[str, Any]:
        """Return the fields of a request. Without blocks an update removes those that were there before."""
        return {"text": self.text, "blocks": list(self.blocks)} if self.blocks else {"text": self.text}
