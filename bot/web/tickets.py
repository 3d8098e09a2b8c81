"""What buttons and forms stand for, as rows: they work after a restart and on another replica, and each of them once.

A button or a form carries an id that says nothing. What it stands for, for whom and where, is in the database, under a
hash of the id: so nobody can type or copy their way into what is somebody else's, nor read an id out of the database.
Only workers come here: an acknowledgement waits for no database.

Bounded: rows go when they are over, and somebody's oldest when they have too many.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, select, update

from bot.governance.roles import Person
from bot.store.base import Store
from bot.store.tables import tickets
from bot.store.workspaces import HOME

KEPT = timedelta(minutes=30)
MOST_EACH = 200
"""How many one person has at a time."""
_ID_BYTES = 24
_DELETED_AT_ONCE = 200


class Kind(StrEnum):
    """What carries the id."""

    OFFER = "offer"
    FORM = "form"


class TicketRefusedError(Exception):
    """The id does not work. `str()` is the sentence for whoever used it."""


@dataclass(frozen=True)
class Refusals:
    """What is said of an id that does not work.

    Attributes:
        gone: It is too old, or nobody knows it.
        taken: It was used.
        foreign: It is somebody else's, or of somewhere else.
    """

    gone: str
    taken: str
    foreign: str


@dataclass(frozen=True)
class Holder:
    """For whom an id is good, and where.

    Attributes:
        person: In which workspace, and who.
        channel_id: The channel in which it is used; empty for a form, which stands in none.
    """

    person: Person
    channel_id: str = ""


@dataclass(frozen=True)
class Claim:
    """A row that is to be taken just before what it stands for is done.

    Attributes:
        kind: What carries its id.
        row_id: The row's own id, which is none that a button could carry.
    """

    kind: Kind
    row_id: str


@dataclass(frozen=True)
class Ticket:
    """What an id stands for.

    Attributes:
        claim: Its row.
        content: As it was issued.
    """

    claim: Claim
    content: Mapping[str, Any]


def new_ticket_id() -> str:
    """Return an id that cannot be guessed."""
    return secrets.token_urlsafe(_ID_BYTES)


def claim_of(kind: Kind, ticket_id: str) -> Claim:
    """Return the row of an id."""
    # Forged ids may hold what no UTF-8 has.
    return Claim(kind, hashlib.sha256(ticket_id.encode(errors="surrogatepass")).hexdigest())


class Tickets:
    """Issues ids and takes them back. Every method raises `StoreUnavailableError` when the database is away.

    Args:
        store: Where they are kept.
        refusals: What is said of an id that does not work.
        most_each: How many one person has at a time.
        workspace: Whose they are.
    """

    def __init__(
        self, store: Store, refusals: Mapping[Kind, Refusals], *, most_each: int = MOST_EACH, workspace: str = HOME
    ) -> None:
        self._store = store
        self._refusals = refusals
        self._most_each = most_each
        self._workspace = workspace

    def issue(
        self, kind: Kind, contents: Sequence[Mapping[str, Any]], holder: Holder, *, give_back: Sequence[Claim] = ()
    ) -> list[str]:
        """Keep something under a new id, each for half an hour; return the ids in the same order.

        Args:
            kind: What carries them.
            contents: JSON, without any secret.
            holder: For whom they are good.
            give_back: What was taken, and works again, because nothing was done after all.
        """
        ids = [new_ticket_id() for _ in contents]

        def work(connection: Connection) -> None:
            now = self._store.now(connection)
            for ticket_id, content in zip(ids, contents, strict=True):
                claim = claim_of(kind, ticket_id)
                connection.execute(insert(tickets).values(self._row(claim, content, holder, now)))
            taken_back = [claim.row_id for claim in give_back]
            if taken_back:
                connection.execute(update(tickets).where(tickets.c.id.in_(taken_back)).values(taken_at=None))
            self._clear_up(connection, holder, now)

        self._store.write(work, is_urgent=True)
        return ids

    def find(self, kind: Kind, ticket_id: str, holder: Holder) -> Ticket:
        """Return what an id stands for; it stays good.

        Raises:
            TicketRefusedError: The id is unknown, too old, used, or somebody else's.
        """
        refusals, claim = self._refusals[kind], claim_of(kind, ticket_id)
        with self._store.read() as connection:
            row = connection.execute(select(tickets).where(self._is(claim))).first()
            is_over = row is None or row.expires_at <= self._store.now(connection)
        if row is None or is_over:
            raise TicketRefusedError(refusals.gone)
        if _holder_of(row) != holder:
            raise TicketRefusedError(refusals.foreign)
        if row.taken_at is not None:
            raise TicketRefusedError(refusals.taken)
        return Ticket(claim, row.content)

    def take(self, claims: Sequence[Claim]) -> None:
        """Let ids work no more, all or none, once `find` has shown whose they are. Of several takers one gets through.

        Raises:
            TicketRefusedError: Somebody was faster, or one is too old by now.
        """
        if claims:
            self._store.write(lambda connection: self._take(connection, claims), is_urgent=True)

    def _take(self, connection: Connection, claims: Sequence[Claim]) -> None:
        now = self._store.now(connection)
        for claim in claims:
            is_good = and_(self._is(claim), tickets.c.taken_at.is_(None), tickets.c.expires_at > now)
            if connection.execute(update(tickets).where(is_good).values(taken_at=now)).rowcount == 1:
                continue
            taken_at = connection.execute(select(tickets.c.taken_at).where(self._is(claim))).scalar()
            refusals = self._refusals[claim.kind]
            raise TicketRefusedError(refusals.gone if taken_at is None else refusals.taken)

    def _is(self, claim: Claim) -> Any:
        return and_(
            tickets.c.id == claim.row_id, tickets.c.workspace == self._workspace, tickets.c.kind == claim.kind.value
        )

    def _row(self, claim: Claim, content: Mapping[str, Any], holder: Holder, now: datetime) -> dict[str, Any]:
        return {
            "id": claim.row_id,
            "workspace": self._workspace,
            "kind": claim.kind.value,
            "user_id": holder.person.user_id,
            "team_id": holder.person.team_id,
            "channel": holder.channel_id,
            "content": dict(content),
            "issued_at": now,
            "expires_at": now + KEPT,
        }

    def _clear_up(self, connection: Connection, holder: Holder, now: datetime) -> None:
        own = and_(
            tickets.c.workspace == self._workspace,
            tickets.c.user_id == holder.person.user_id,
            tickets.c.team_id == holder.person.team_id,
        )
        newest_first = tickets.c.issued_at.desc(), tickets.c.id
        _delete(connection, select(tickets.c.id).where(own).order_by(*newest_first).offset(self._most_each))
        _delete(connection, select(tickets.c.id).where(tickets.c.expires_at <= now).limit(_DELETED_AT_ONCE))


def _delete(connection: Connection, found: Select[tuple[str]]) -> None:
    """Delete what was found, but for what another transaction is about to delete or take."""
    ids = list(connection.execute(found.with_for_update(skip_locked=True)).scalars())
    if ids:
        connection.execute(delete(tickets).where(tickets.c.id.in_(ids)))


def _holder_of(row: Row[Any]) -> Holder:
    return Holder(Person(user_id=row.user_id, team_id=row.team_id), row.channel)
