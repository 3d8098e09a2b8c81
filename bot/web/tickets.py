"""What buttons and forms stand for.

A button or a form carries an id that says nothing and works once. What it stands for, for whom and where, is here, so
nobody can type or copy their way into what is somebody else's. In memory: after a restart old ids say so.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.governance.roles import Person

KEPT_SECONDS = 30 * 60.0
MOST = 1_000
_ID_BYTES = 24

T = TypeVar("T")


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


class Tickets(Generic[T]):
    """Keeps things for half an hour, each until it is taken. Bounded: when it is full, the oldest goes first.

    Args:
        refusals: What is said of an id that does not work.
        monotonic: Seconds that never go back.
        most: How many are kept.
    """

    def __init__(self, refusals: Refusals, *, monotonic: Callable[[], float], most: int = MOST) -> None:
        self._refusals = refusals
        self._monotonic = monotonic
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept[T]] = OrderedDict()

    def issue(self, what: T, holder: Holder) -> str:
        """Keep something and return the id for it."""
        ticket_id = secrets.token_urlsafe(_ID_BYTES)
        with self._lock:
            self._forget_old()
            self._kept[ticket_id] = _Kept(self._monotonic() + KEPT_SECONDS, holder, what)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return ticket_id

    def find(self, ticket_id: str, holder: Holder) -> T:
        """Return what the id stands for; it stays good.

        Raises:
            TicketRefusedError: The id is unknown, too old, used, or somebody else's.
        """
        with self._lock:
            kept = self._untaken(ticket_id)
        if kept.holder != holder:
            raise TicketRefusedError(self._refusals.foreign)
        return kept.what

    def take(self, ticket_id: str) -> None:
        """Let the id work no more, once `find` has shown whose it is. Of several that take it, one gets through.

        Raises:
            TicketRefusedError: Somebody was faster, or it is too old by now.
        """
        with self._lock:
            self._untaken(ticket_id).is_taken = True

    def give_back(self, ticket_id: str) -> None:
        """Let the id work again, because nothing was done after all."""
        with self._lock:
            if ticket_id in self._kept:
                self._kept[ticket_id].is_taken = False

    def _untaken(self, ticket_id: str) -> "_Kept[T]":
        self._forget_old()
        kept = self._kept.get(ticket_id)
        if kept is None:
            raise TicketRefusedError(self._refusals.gone)
        if kept.is_taken:
            raise TicketRefusedError(self._refusals.taken)
        return kept

    def _forget_old(self) -> None:
        now = self._monotonic()
        while self._kept and next(iter(self._kept.values())).expires_at <= now:
            self._kept.popitem(last=False)


@dataclass(frozen=True)
class Claim:
    """An id that is to be taken just before what it stands for is done.

    Attributes:
        tickets: Where it is kept.
        ticket_id: The id.
    """

    tickets: Tickets[Any]
    ticket_id: str

    def take(self) -> None:
        """Take it, see `Tickets.take`."""
        self.tickets.take(self.ticket_id)

    def give_back(self) -> None:
        """Give it back, see `Tickets.give_back`."""
        self.tickets.give_back(self.ticket_id)


@dataclass
class _Kept(Generic[T]):
    expires_at: float
    holder: Holder
    what: T
    is_taken: bool = False
