"""What is to be said, in each of the forms in which it may have to be said."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.document import Document
from bot.slack.message import Block, Message
from bot.slack.render import render

AWAY = "The bot's database is away. Try again in a minute."
"""What was asked for was not done."""


@dataclass(frozen=True)
class Outgoing:
    """One answer.

    Attributes:
        message: As it should look.
        plain: For a workspace that refuses its blocks.
        direct: For a direct message, where nothing can be shared into a channel.
        in_channel: Whether everybody in the channel may see it.
        is_aside: Whether it leaves the message with the button that was pressed as it is.
    """

    message: Message
    plain: Message
    direct: Message
    in_channel: bool = False
    is_aside: bool = False


def outgoing(document: Document, *, closing: Sequence[Block] = (), in_channel: bool = False) -> Outgoing:
    """Return the document in all forms, with these blocks at its end where they work."""
    message = render(document, closing=closing)
    direct = Message(message.text, message.blocks[: len(message.blocks) - len(closing)])
    return Outgoing(message=message, plain=message.without_blocks(), direct=direct, in_channel=in_channel)


def notice(mrkdwn: str) -> Outgoing:
    """Return a sentence or two of our own for the person who asked; names in it were made inert."""
    message = Message(mrkdwn)
    return Outgoing(message=message, plain=message, direct=message, is_aside=True)
