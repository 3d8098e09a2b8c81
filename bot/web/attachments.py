"""Tables that are too long for a message go to the person who asked, whole, as a file."""

import logging
from dataclasses import replace

from bot.document import Document, Note, marked
from bot.errors import DeliveryError
from bot.governance.roles import Person
from bot.slack import text
from bot.slack.client import SlackClient
from bot.slack.csv_file import csv_file, csv_name
from bot.slack.render import tables_for_files

logger = logging.getLogger(__name__)

SENT = "The whole table is in the CSV file that I sent you as a direct message."
SENT_TO_ASKER = "The whole table went to the person who asked, as a CSV file."
NOT_SENT = "The whole table should have come as a CSV file in a direct message, and Slack did not take it."


class Attachments:
    """Sends long tables as files.

    Args:
        client: Slack.
    """

    def __init__(self, client: SlackClient) -> None:
        self._client = client

    def send_long_tables(self, document: Document, person: Person, *, in_channel: bool) -> Document:
        """Send every table that a message cannot carry, and return the document with a note that says so."""
        long_tables = tables_for_files(document)
        if not long_tables:
            return document
        try:
            for table in long_tables:
                comment = f"{text.inert(text.one_line(table.caption))}: {len(table.rows):,} rows."
                name, content = csv_name(table), csv_file(table)
                self._client.send_file(person.user_id, name=name, content=content, comment=comment)
        except DeliveryError as error:
            logger.warning("file_not_sent", extra={"user_id": person.user_id, "reason": str(error)})
            return with_note(document, f"{NOT_SENT} {error}")
        return with_note(document, SENT_TO_ASKER if in_channel else SENT)


def with_note(document: Document, sentence: str) -> Document:
    """Return the document with a sentence of ours as small print at its end."""
    return replace(document, parts=(*document.parts, Note(marked(sentence))))
