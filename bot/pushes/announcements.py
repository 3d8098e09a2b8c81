"""The writers of what channels hear: the message of a fold, and the file with all tags of a long one."""

from datetime import datetime

from sqlalchemy import Connection, and_, exists, select, update

from bot.outbox import messages as outbox
from bot.outbox.lanes import Lane
from bot.outbox.writers import Attachment, MessageRow
from bot.pushes import folding
from bot.pushes.card import MOST_TAGS, card, tags_table
from bot.pushes.folding import fold_of
from bot.slack import text
from bot.slack.csv_file import csv_file, csv_name
from bot.slack.message import Message
from bot.store.tables import events, members, messages

TAGS_KIND = "tags"
_NOTHING = "(nothing to tell any more)"


class PushWriter:
    """Writes the message of a fold. Implements `bot.outbox.writers.Writer`."""

    def gather(self, connection: Connection, lane: Lane, now: datetime) -> datetime | None:
        """Freeze a fold that is over."""
        return folding.gather(connection, lane, now)

    def write(self, connection: Connection, message: MessageRow, now: datetime) -> Message:
        """Return the card, with what reading back has given so far."""
        fold = fold_of(connection, message.id, message.lane, now)
        return Message(_NOTHING) if fold is None else card(fold, message_id=message.id)

    def sent(self, connection: Connection, message: MessageRow, now: datetime) -> None:
        """Have a file follow, when there are more tags than the message names."""
        # Given up by somebody while it was on its way, it has arrived all the same.
        dropped = and_(members.c.message_id == message.id, members.c.state == folding.DROPPED)
        connection.execute(update(members).where(dropped).values(state=folding.PLACED))
        fold = fold_of(connection, message.id, message.lane, now)
        if fold is None or len(fold.tags) <= MOST_TAGS:
            return
        stream = f"{TAGS_KIND}:{message.id}"
        if not connection.execute(select(exists().where(messages.c.stream == stream))).scalar():
            outbox.add(
                connection,
                message.lane,
                kind=TAGS_KIND,
                stream=stream,
                now=now,
                content={"of": message.id},
            )

    def needs_reposting(self, connection: Connection, message: MessageRow) -> bool:
        """Return whether a push was added to the message after it was sent: that must be told somewhere."""
        late = (
            select(members.c.event_id)
            .join(events, events.c.id == members.c.event_id)
            .where(members.c.message_id == message.id, members.c.received_at > message.sent_at)
        )
        return message.sent_at is not None and connection.execute(late.limit(1)).first() is not None


class TagsWriter:
    """Writes the file with all tags of a long fold, into its thread. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Files are asked for when their message is sent."""
        return None

    def write(self, connection: Connection, message: MessageRow, now: datetime) -> Message | Attachment:
        """Return the table as a CSV file."""
        of = outbox.find(connection, message.content["of"])
        fold = None if of is None else fold_of(connection, of.id, message.lane, now)
        if of is None or fold is None:
            return Message(_NOTHING)
        table = tags_table(fold)
        comment = f"{text.inert(text.one_line(table.caption))}: {len(table.rows):,} rows."
        return Attachment(csv_name(table), csv_file(table), comment, thread_ts=of.thread_ts or of.ts)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """Files are never changed."""
        return False
