"""Reading the audit trail: who did what, and what came of it. Writing it is `bot.governance.audit`'s."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import Column, ColumnElement, RowMapping, Select, and_, case, exists, or_, select

from bot.document import Table
from bot.governance import changes
from bot.governance.proposals import Change, State
from bot.slack.csv_file import csv_file
from bot.store.base import Store
from bot.store.tables import audit
from bot.store.workspaces import HOME

ENDED = "ended"
"""What a change is noted as when the long work that it began has come to its end."""
_STEPS: dict[str, int] = {
    State.REQUESTED: 0,
    State.APPROVED: 1,
    State.REJECTED: 2,
    State.EXPIRED: 2,
    State.WITHDRAWN: 2,
    State.STARTED: 3,
    State.UNKNOWN: 4,
    State.DONE: 5,
    State.FAILED: 5,
    ENDED: 6,
}
"""How far along a change each event is: of two at the same instant, which came later."""


class TrailLine(BaseModel):
    """One line of the trail; the names are those of `bot.governance.audit.Entry`.

    Attributes:
        happened_at: When (UTC).
        sent: Exactly what was sent for it, or would have been, a line each; empty where that is not known.
    """

    model_config = ConfigDict(frozen=True)

    happened_at: datetime
    event: str
    verb: str
    subject: str
    summary: str
    actor: str
    decided_by: str | None
    channel: str | None
    change_id: str | None
    details: dict[str, JsonValue]
    sent: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What came of it, for people; empty where nothing was said."""
        said = self.details.get("sentence")
        return said if isinstance(said, str) else ""


_NOTED = tuple(name for name in TrailLine.model_fields if name != "sent")
_ASKED = "asked"


@dataclass(frozen=True)
class Search:
    """Which lines to read. Each that is None leaves out nothing.

    Attributes:
        person: Who asked for it, or decided on it.
        asker: Who asked for it.
        verb: The subcommand.
        subject: What it was done to, and what lies in that: `acme` is also `acme/api`, and that is also `acme/api:1.2`.
        since: How far back.
        every_event: Every line; else the last of each change.
    """

    person: str | None = None
    asker: str | None = None
    verb: str | None = None
    subject: str | None = None
    since: timedelta | None = None
    every_event: bool = False


@dataclass(frozen=True)
class TrailPage:
    """What was found, newest first.

    Attributes:
        lines: As many as were asked for.
        has_more: Whether there are older ones.
    """

    lines: tuple[TrailLine, ...]
    has_more: bool


class Trail:
    """Reads the audit trail, and the requests that somebody has to decide on. Safe to use from several threads.

    Every method raises `StoreUnavailableError` while the database is away.

    Args:
        store: Where it is kept.
        workspace: Whose.
    """

    def __init__(self, store: Store, workspace: str = HOME) -> None:
        self._store = store
        self._workspace = workspace

    def lines(self, search: Search, *, most: int | None = None) -> TrailPage:
        """Return lines of the trail, newest first.

        Args:
            search: Which.
            most: How many at most; None: all there are.
        """
        with self._store.read() as connection:
            since = None if search.since is None else _before(self._store.now(connection), search.since)
            found = self._newest(search, since)
            rows = connection.execute(found if most is None else found.limit(most + 1)).mappings().all()
        lines = tuple(_read(row) for row in rows)
        return TrailPage(lines[:most], has_more=most is not None and len(lines) > most)

    def requests(self, *, is_open: bool, asker: str | None = None, most: int) -> tuple[Change, ...]:
        """Return what somebody else has to approve, or had to, newest first.

        Args:
            is_open: Only what still waits.
            asker: Only what this person asked for; None: everybody.
            most: How many at most.
        """
        with self._store.read() as connection:
            return tuple(changes.requests(connection, self._workspace, is_open=is_open, asker=asker, most=most))

    def _newest(self, search: Search, since: datetime | None) -> Select[tuple[object, ...]]:
        wanted: list[ColumnElement[bool]] = [audit.c.workspace == self._workspace]
        if search.person is not None:
            wanted.append(or_(audit.c.actor == search.person, audit.c.decided_by == search.person))
        if search.asker is not None:
            wanted.append(audit.c.actor == search.asker)
        if search.verb is not None:
            wanted.append(audit.c.verb == search.verb)
        if search.subject is not None:
            inside = (audit.c.subject.startswith(f"{search.subject}{sign}", autoescape=True) for sign in "/:")
            wanted.append(or_(audit.c.subject == search.subject, *inside))
        if since is not None:
            wanted.append(audit.c.happened_at >= since)
        if not search.every_event:
            wanted.append(_is_last())
        # What is sent is agreed to when it is asked for, and noted then.
        asked = audit.alias("asked")
        of_same = and_(asked.c.workspace == audit.c.workspace, asked.c.change_id == audit.c.change_id)
        is_asked = and_(of_same, asked.c.event == State.REQUESTED)
        columns = (*(audit.c[name] for name in _NOTED), asked.c.details.label(_ASKED))
        order = (audit.c.happened_at.desc(), _step(audit.c.event).desc(), audit.c.id)
        return select(*columns).select_from(audit.outerjoin(asked, is_asked)).where(and_(*wanted)).order_by(*order)


def _read(row: RowMapping) -> TrailLine:
    sent = (row[_ASKED] or {}).get("sent")
    lines = tuple(map(str, sent)) if isinstance(sent, list) else ()
    return TrailLine(**{name: row[name] for name in _NOTED}, sent=lines)


def as_csv(table: Table) -> str:
    """Return a table as the text of a CSV file, as people get it in Slack; with plain line ends, for a terminal."""
    return csv_file(table).decode().replace("\r\n", "\n")


def _is_last() -> ColumnElement[bool]:
    """Tell whether nothing came later of the same change. Asks an index by change, so a long trail costs nothing."""
    later = audit.alias("later")
    of_same = and_(later.c.change_id == audit.c.change_id, _step(later.c.event) > _step(audit.c.event))
    return ~exists(select(later.c.id).where(of_same))


def _step(event: Column[str]) -> ColumnElement[int]:
    return case(_STEPS, value=event, else_=0)


def _before(now: datetime, length: timedelta) -> datetime | None:
    """Return the time so long ago; None: further back than any calendar."""
    try:
        return now - length
    except OverflowError:
        return None
