"""Notes in the audit trail of what people do to the bot itself: subscriptions, mutes, deliveries."""

from datetime import datetime

from sqlalchemy import Connection

from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.proposals import TERMINAL, State

FILE = "configuration file"
"""Who did what the configuration file says."""


def note_done(
    connection: Connection,
    workspace: str,
    *,
    verb: str,
    subject: str,
    summary: str,
    by: str | None,
    channel: str | None,
    now: datetime,
) -> None:
    """Note that something was done, in the transaction that does it.

    Args:
        connection: One in a write.
        workspace: Whose.
        verb: The subcommand, or what the button says.
        subject: What it was done to.
        summary: What was done, one line that begins with a verb.
        by: The Slack user id of who did it; None: nobody in Slack did.
        channel: Which channel it concerns; None: none.
        now: The database's time.
    """
    entry = Entry(event=State.DONE, verb=verb, subject=subject, summary=summary, actor=by or TERMINAL, channel=channel)
    audit.note(connection, workspace, entry, now=now)
