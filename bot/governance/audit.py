"""The audit trail: who did what, where, when, who allowed it, and what came of it. Added to, never changed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, insert

from bot.redaction import redact
from bot.store.tables import audit
from bot.store.types import storable

_ID_BYTES = 12


@dataclass(frozen=True)
class Entry:
    """One line of the trail.

    Attributes:
        event: What happened: `requested`, `approved`, `rejected`, `expired`, `withdrawn`, `started`, `done`, `failed`,
            `unknown`; `ended`: the long work that a change began.
        verb: The subcommand.
        subject: What it was done to.
        summary: What was done, in a line.
        actor: Who asked for it, see `bot.governance.proposals.Asker.user_id`.
        channel: Where; None: in a terminal.
        decided_by: Who approved or rejected it; None: nobody did.
        change_id: The change it belongs to; None: it is none.
        details: More, as JSON. Secrets are masked.
    """

    event: str
    verb: str
    subject: str
    summary: str
    actor: str
    channel: str | None = None
    decided_by: str | None = None
    change_id: str | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)


def note(connection: Connection, workspace: str, entry: Entry, *, now: datetime) -> None:
    """Add a line to the trail, in the transaction of what it tells of.

    Args:
        connection: One in a write.
        workspace: Whose.
        entry: What happened.
        now: The database's time.
    """
    row = {
        "id": f"aud_{secrets.token_hex(_ID_BYTES)}",
        "workspace": workspace,
        "happened_at": now,
        "event": entry.event,
        "verb": entry.verb,
        "subject": _clean(entry.subject),
        "summary": _clean(entry.summary),
        "actor": entry.actor,
        "decided_by": entry.decided_by,
        "channel": entry.channel,
        "change_id": entry.change_id,
        "details": _redacted(dict(entry.details)),
    }
    connection.execute(insert(audit).values(row))


def _clean(text: str) -> str:
    return redact(str(storable(text)))


def _redacted(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return _clean(value)
        case dict():
            return {_clean(name): _redacted(each) for name, each in value.items()}
        case list():
            return [_redacted(each) for each in value]
        case _:
            return value
