"""What a button or a form of this process stands for, as long as the process lives.

For what is too large for the database (`bot.web.sharing`), or only a convenience beside it (`bot.web.asking`). An id is
bound to a person and a place, good for half an hour, and works once.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.web.tickets import KEPT, Holder, Refusals, TicketRefusedError, new_ticket_id

MOST = 1_000

T = TypeVar("T")


class Remembered(Generic[T]):
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
        ticket_id = new_ticket_id()
        self.keep(ticket_id, what, holder)
        return ticket_id

    def keep(self, ticket_id: str, what: T, holder: Holder) -> None:
        """Keep something under an id that was made elsewhere."""
        with self._lock:
            self._forget_old()
            self._kept[ticket_id] = _Kept(self._monotonic() + KEPT.total_seconds(), holder, what)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

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

    def forget(self, ticket_id: str) -> T | None:
        """Return what the id stands for and know nothing more of it; None when nothing was known."""
        with self._lock:
            self._forget_old()
            kept = self._kept.pop(ticket_id, None)
        return None if kept is None else kept.what

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


@dataclass
class _Kept(Generic[T]):
    expires_at: float
    holder: Holder
    what: T
    is_taken: bool = False
