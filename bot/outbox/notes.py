"""Messages that stand for themselves: what they say is kept with them."""

from datetime import datetime

from sqlalchemy import Connection

from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.outbox.writers import MessageRow
from bot.slack.message import Message

KIND = "note"


def add_note(connection: Connection, lane: Lane, note: Message, *, stream: str, now: datetime) -> str:
    """Keep a note that is to be sent; return its message's id.

    Args:
        connection: One in a write.
        lane: Where it goes.
        note: What it says.
        stream: Those of one stream go out one after the other.
        now: The database's time.
    """
    content = {"text": note.text, "blocks": list(note.blocks)}
    return messages.add(connection, lane, kind=KIND, stream=stream, now=now, content=content)


class NoteWriter:
    """Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Notes do not wait for each other."""
        return None

    def write(self, _connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return what is kept."""
        return Message(message.content["text"], tuple(message.content["blocks"]))

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """Notes are never changed."""
        return False
