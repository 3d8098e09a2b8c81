"""Who knows what a message says.

The outbox carries messages and does not understand them: each kind of message has a writer, which turns what waits into
message rows, and rows into words. All but the wording happens inside of a transaction of the lane's worker, and so may
be run several times: it does nothing outside of the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.outbox.lanes import Lane
from bot.slack.message import Message


@dataclass(frozen=True)
class Attachment:
    """A file that goes into a thread.

    Attributes:
        name: The file's name.
        content: What is in it.
        comment: The words beside it, as mrkdwn.
        thread_ts: The message under which it goes; None: into the channel itself.
    """

    name: str
    content: bytes
    comment: str
    thread_ts: str | None = None


@dataclass(frozen=True)
class MessageRow:
    """A message as it is kept.

    Attributes:
        id: `msg_…`, also in the metadata of the message in Slack.
        lane: Where it goes.
        kind: Who can write it.
        stream: Those of one stream go out one after the other.
        content: What to write it from; None: other rows.
        thread_key: Messages with the same one share a thread; None: no thread.
        created_at, sent_at, failing_since: UTC.
        is_sent: Whether it is in Slack, and this is about changing it there.
        attempts: How often sending it was begun.
        is_plain: Whether Slack refused its blocks.
        version: Of what it should say.
        posted_channel, ts, thread_ts: Where it is in Slack.
    """

    id: str
    lane: Lane
    kind: str
    stream: str
    content: Any
    thread_key: str | None
    created_at: datetime
    sent_at: datetime | None
    failing_since: datetime | None
    is_sent: bool
    attempts: int
    is_plain: bool
    version: int
    posted_channel: str | None
    ts: str | None
    thread_ts: str | None


class Writer(Protocol):
    """Writes the messages of one kind."""

    def gather(self, connection: Connection, lane: Lane, now: datetime) -> datetime | None:
        """Make a message of what has waited long enough, if there is any: at most one.

        Returns:
            When to look again; None when nothing of this kind waits.
        """

    def write(self, connection: Connection, message: MessageRow, now: datetime) -> Message | Attachment:
        """Return what the message says as the rows are now. In a transaction of its own, which only reads."""

    def sent(self, connection: Connection, message: MessageRow, now: datetime) -> None:
        """Do what follows from the message being in Slack for the first time."""

    def needs_reposting(self, connection: Connection, message: MessageRow) -> bool:
        """Return whether a message that cannot be changed any more has to be said anew."""


Writers = Mapping[str, Writer]
