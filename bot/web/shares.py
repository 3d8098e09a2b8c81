"""Answers that can still be shared: what the Share buttons stand for.

A button carries an id that says nothing and works once. What it stands for (which answer, whose, where) is here, so
nobody can type or copy their way into somebody else's answer. In memory: after a restart old buttons say so.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.document import Document
from bot.governance.roles import Person, Role
from bot.slack.manifest import COMMAND

KEPT_SECONDS = 30 * 60.0
MOST = 1_000

GONE = (
    f"This button is too old, or the bot was restarted. Run the command again with `--share`, or see `{COMMAND} help`."
)
TAKEN = "This was shared already."
FOREIGN = "Only the person who asked can share this answer."


class CannotShareError(Exception):
    """The button does not work. `str()` is the sentence for whoever pressed it."""


@dataclass(frozen=True)
class Share:
    """An answer that its asker may show to the channel.

    Attributes:
        person: Who asked.
        channel_id: Where they asked, and the only place it can be shared in.
        document: The answer.
        verb: The command it answers.
        line: What was typed, without `/hub`.
        role: The role that the command needs.
        is_for_outside: Whether the button says that people of another organization will read it.
    """

    person: Person
    channel_id: str
    document: Document
    verb: str
    line: str
    role: Role
    is_for_outside: bool = False


class Shares:
    """Keeps shares for half an hour. Bounded: when it is full, the oldest goes first.

    Args:
        monotonic: Seconds that never go back.
        most: How many are kept.
    """

    def __init__(self, *, monotonic: Callable[[], float], most: int = MOST) -> None:
        self._monotonic = monotonic
        self._most = most
        self._lock = threading.Lock()
        # None in the place of a share that was taken.
        self._shares: OrderedDict[str, tuple[float, Share | None]] = OrderedDict()

    def offer(self, share: Share) -> str:
        """Keep the share and return the id for its button."""
        share_id = secrets.token_urlsafe(24)
        with self._lock:
            self._forget_old()
            self._shares[share_id] = (self._monotonic() + KEPT_SECONDS, share)
            if len(self._shares) > self._most:
                self._shares.popitem(last=False)
        return share_id

    def find(self, share_id: str, person: Person, channel_id: str) -> Share:
        """Return what the button stands for; it stays good.

        Raises:
            CannotShareError: The id is unknown, too old, used, or somebody else's.
        """
        with self._lock:
            self._forget_old()
            kept = self._shares.get(share_id)
        if kept is None:
            raise CannotShareError(GONE)
        share = kept[1]
        if share is None:
            raise CannotShareError(TAKEN)
        if (share.person, share.channel_id) != (person, channel_id):
            raise CannotShareError(FOREIGN)
        return share

    def use_up(self, share_id: str) -> None:
        """Let the button work no more. Of several that press it at once, one gets through.

        Raises:
            CannotShareError: Somebody was faster.
        """
        with self._lock:
            expires_at, share = self._shares.get(share_id, (0.0, None))
            if share is None:
                raise CannotShareError(TAKEN)
            self._shares[share_id] = (expires_at, None)

    def _forget_old(self) -> None:
        now = self._monotonic()
        while self._shares and next(iter(self._shares.values()))[0] <= now:
            self._shares.popitem(last=False)
