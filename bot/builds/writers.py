"""The writers of what is said of builds that were asked for: the message that follows one, the notes in its thread."""

from datetime import datetime

from sqlalchemy import Connection

from bot.builds import build_rows
from bot.builds.build_rows import KIND, STEP_KIND
from bot.builds.card import document_of, step_document
from bot.outbox.lanes import Lane
from bot.outbox.writers import MessageRow, Writers
from bot.slack.message import Message
from bot.slack.render import render

_GONE = "(this build is no longer known)"


class CardWriter:
    """Writes the message that follows a build. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Builds do not wait for each other."""
        return None

    def write(self, connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return the build as it is now."""
        build = build_rows.find_any(connection, message.content["build"])
        return render(document_of(build)) if build else Message(_GONE)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows: notes come as the build goes on."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """A message that cannot be changed any more is not said anew: the notes tell the same."""
        return False


class StepWriter:
    """Writes the notes in the thread. Implements `bot.outbox.writers.Writer`."""

    def gather(self, _connection: Connection, _lane: Lane, _now: datetime) -> datetime | None:
        """Notes do not wait for each other."""
        return None

    def write(self, connection: Connection, message: MessageRow, _now: datetime) -> Message:
        """Return the note on the step, as it was."""
        build = build_rows.find_any(connection, message.content["build"])
        return render(step_document(build, build.run.steps[message.content["step"]])) if build else Message(_GONE)

    def sent(self, _connection: Connection, _message: MessageRow, _now: datetime) -> None:
        """Nothing follows."""

    def needs_reposting(self, _connection: Connection, _message: MessageRow) -> bool:
        """Notes are never changed."""
        return False


WRITERS: Writers = {KIND: CardWriter(), STEP_KIND: StepWriter()}
"""By kind of message."""
