"""Telling people that a channel is closed to us, and so hears neither of pushes nor of what changed."""

from datetime import datetime

from sqlalchemy import Connection

from bot.digest import rows
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.pushes import channels
from bot.slack import text
from bot.slack.message import Message


def tell_owners(connection: Connection, lane: Lane, why: str, now: datetime) -> None:
    """Tell everybody who subscribed a channel, or set a digest there. For the outbox, when it is closed to us."""
    channels.tell_owners(connection, lane, why, now)
    names: dict[str, list[str]] = {}
    for digest in rows.listed(connection, lane.workspace, lane.channel):
        if digest.created_by is not None:
            names.setdefault(digest.created_by, []).append(digest.wish.name)
    for owner, theirs in sorted(names.items()):
        which = ", ".join(text.code(name) for name in theirs)
        said = Message(
            f"I cannot post in <#{lane.channel}> any more, so the digest {which} does not arrive there. Invite me "
            "again and it does; `/hub digest off` ends it."
        )
        add_note(connection, Lane(lane.workspace, owner), said, stream=lane.channel, now=now)
