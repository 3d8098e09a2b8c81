"""Messages that the outbox gave up on."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Connection, select

from bot.digest.part import Found, News, Weight
from bot.document import Channel, Code, Line, line
from bot.fleet.model import Scope
from bot.outbox.lanes import Lane
from bot.outbox.messages import DEAD
from bot.store.tables import messages
from bot.store.workspaces import HOME

_KNOWN: TypeAdapter[frozenset[str]] = TypeAdapter(frozenset[str])
_NOBODY_KNOWS = "no_answer"


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up.

    Attributes:
        channel: Where it should have gone: a channel, or a person.
        error: Slack's word for why.
    """

    channel: str
    error: str


def compare(before: frozenset[str] | None, dead: Mapping[str, DeadLetter]) -> tuple[list[DeadLetter], frozenset[str]]:
    """Return what was given up since, and what to remember: one that was sent again and given up again is new. Pure.

    Args:
        before: The ids of those that were dead; None: nobody looked, and nothing is new then.
        dead: Those that are, by id.
    """
    new = [] if before is None else [each for message_id, each in dead.items() if message_id not in before]
    return new, frozenset(dead)


class DeadLetters:
    """Implements `bot.digest.part.Part`. It is about all channels, whatever the images of the digest."""

    key = "deliveries"
    title = "Messages that could not be delivered"

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:  # noqa: ARG002 - Neither images nor time matter here.
        """Return where messages were given up."""
        columns = (messages.c.id, messages.c.channel, messages.c.last_error)
        found = connection.execute(
            select(*columns).where(messages.c.workspace == HOME, messages.c.state == DEAD).order_by(messages.c.id)
        )
        dead = {row.id: DeadLetter(row.channel, row.last_error or _NOBODY_KNOWS) for row in found}
        new, known = compare(None if baseline is None else _KNOWN.validate_python(baseline), dead)
        return Found(tuple(_news(new)), _KNOWN.dump_python(known, mode="json"))


def _news(new: list[DeadLetter]) -> Iterator[News]:
    """Return a line for each channel, and one for all people: whom a message was for is nobody else's business."""
    counts = Counter("" if Lane(HOME, each.channel).is_direct else each.channel for each in new)
    for channel, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        errors = sorted({each.error for each in new if each.channel == channel}) if channel else []
        yield News(_line(channel, count, errors), Weight.CRITICAL)


def _line(channel: str, count: int, errors: list[str]) -> Line:
    number = f"{count:,} message{'' if count == 1 else 's'}"
    if not channel:
        return line(f"{number} to people")
    why = [piece for error in errors for piece in (", ", Code(error))][1:]
    return line(Channel(channel), f": {number} (", *why, ")")
