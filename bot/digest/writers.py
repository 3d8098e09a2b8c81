"""The writer of digests in the outbox, and the button under each."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection

from bot.digest import rows
from bot.digest.card import document_of
from bot.digest.report import Report
from bot.document import Code, Note, line
from bot.outbox.lanes import Lane
from bot.outbox.writers import MessageRow, Writers
from bot.slack import blocks
from bot.slack.fallback import fallback_text
from bot.slack.message import Message
from bot.slack.render import render
from bot.store.base import Store
from bot.store.workspaces import HOME

KIND = "digest"
ALL_ACTION = "digest_all"
ALL_LABEL = "All of it"
WHOLE = "digest report {report_id}"
"""The command that shows all of a digest, without `/hub`."""


def content_of(
    report: Report, *, report_id: str, name: str, date: date, late_by: timedelta | None
) -> dict[str, JsonValue]:
    """Return what a message of a digest is written from: what it shows, and no more.

    Args:
        report: What there is to say.
        report_id: By which all of it is found.
        name: What people call the digest by.
        date: The local date that it is of.
        late_by: How late it comes; None: it does not.
    """
    return {
        "report": report.shortened().model_dump(mode="json"),
        "report_id": report_id,
        "name": name,
        "date": date.isoformat(),
        "late_seconds": late_by.total_seconds() if late_by else None,
    }


class DigestWriter:
    """Writes digests. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Digests do not wait for each other."""
        return None

    def write(self, _connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return the message, with a button where there is more to see; as text, with the command instead."""
        content = message.content
        report = Report.model_validate(content["report"])
        late_by = timedelta(seconds=content["late_seconds"]) if content["late_seconds"] else None
        day = date.fromisoformat(content["date"])
        document = document_of(report, name=content["name"], date=day, late_by=late_by)
        if not report.has_lists and not report.count:
            return render(document)
        command = Code(f"/hub {WHOLE.format(report_id=content['report_id'])}")
        in_words = replace(document, parts=(*document.parts, Note(line(f"{ALL_LABEL}: ", command))))
        button = blocks.button(ALL_LABEL, action_id=ALL_ACTION, value=content["report_id"])
        shown = render(document, closing=[blocks.actions(button)])
        return Message(fallback_text(in_words), shown.blocks)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """Digests are never changed."""
        return False


WRITERS: Writers = {KIND: DigestWriter()}
"""By kind of message."""


class Pressed:
    """Knows what the button under a digest stands for.

    Args:
        store: Where reports are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def command(self, report_id: str, *, channel: str) -> str | None:
        """Return the command that the button asks, without `/hub`; None: there is no such digest in that channel.

        Raises:
            StoreUnavailableError: The database is away.
            UnstorableError: No report can have that id.
        """
        with self._store.read() as connection:
            told_in = rows.channel_of(connection, HOME, report_id)
        return WHOLE.format(report_id=report_id) if told_in == channel else None
