"""What Slack has in the end, held against what was accepted."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import Connection, or_, select

from bot.pushes.card import CONFIRMING
from bot.sandbox.slack.state import Message
from bot.store.engine import open_store
from bot.store.tables import events, members, messages
from tests.chaos.world import Accepted, BotProcess, Said, World
from tests.support.slack import said

COMMIT_SECONDS = 3.0
"""So long after Slack's answer a commit may take on a machine that is busy: who is killed by then had not noted it."""

SENDING_SECONDS = 0.5
"""So long it may take until what was decided before has arrived at Slack."""

Told = tuple[str, str]
"""A channel and a tag."""


@dataclass
class Account:
    """What came of it all.

    Attributes:
        pushes: How many were accepted.
        owed: How often they are to be told: once in each channel that asked for them.
        lost: What is told nowhere.
        doubled: What is told by two messages that are not the same.
        disordered: What stands behind a later push of its repository.
        confirming: Messages that still wait to be confirmed.
        messages: How many there are.
        duplicates: Those that there are once more, by the id of the message.
        unexplained: Ids of duplicates of which no sender died or was suspended.
    """

    pushes: int = 0
    owed: int = 0
    lost: list[Told] = field(default_factory=list)
    doubled: list[Told] = field(default_factory=list)
    disordered: list[Told] = field(default_factory=list)
    confirming: list[str] = field(default_factory=list)
    messages: int = 0
    duplicates: dict[str, int] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)


def take_account(world: World, accepted: Sequence[Accepted]) -> Account:
    """Hold the channels against the pushes that were accepted."""
    account = Account(pushes=len(accepted))
    for channel in world.channels:
        seen = said(world.slack, channel)
        account.messages += len(seen)
        account.confirming += _still_confirming(seen)
        owed = [each for each in accepted if channel in world.channels_of(each.repository)]
        account.owed += len(owed)
        _compare(account, channel, seen, owed)
    account.duplicates = _duplicates(world)
    account.unexplained = _unexplained(account.duplicates, world.processes)
    return account


def untold(world: World, accepted: Iterable[Accepted]) -> list[Told]:
    """Return what is not told yet."""
    texts = {channel: [_shown(message) for message in said(world.slack, channel)] for channel in world.channels}
    return [
        (channel, each.tag)
        for each in accepted
        for channel in world.channels_of(each.repository)
        if not any(_is_in(each.tag, text) for text in texts[channel])
    ]


def is_shown(tag: str, message: Message) -> bool:
    """Tell whether a message tells of a tag."""
    return _is_in(tag, _shown(message))


def message_id_of(message: Message) -> str:
    """Return the id in a message's metadata; empty when it has none."""
    return str(message.metadata["event_payload"]["message_id"]) if message.metadata else ""


def is_at_rest(connection: Connection) -> bool:
    """Tell whether the bot has nothing more to do: nothing to read back, to tell, or to change in Slack."""
    waiting = (
        select(events.c.id).where(events.c.reading_due_at.is_not(None)),
        select(members.c.event_id).where(members.c.state == "waiting"),
        select(messages.c.id).where(or_(messages.c.state == "waiting", messages.c.version > messages.c.shown_version)),
    )
    return not any(connection.execute(each.limit(1)).first() for each in waiting)


def all_is_told(world: World, accepted: Iterable[Accepted]) -> bool:
    """Tell whether every push is told, and the bot has nothing more to do."""
    if untold(world, accepted):
        return False
    with closing(open_store(world.database_url)) as store, store.read() as connection:
        return is_at_rest(connection)


def states(database_url: str) -> tuple[Counter[str], Counter[str]]:
    """Return how many members, and how many messages, are in each state."""
    with closing(open_store(database_url)) as store, store.read() as connection:
        of_members = Counter(connection.execute(select(members.c.state)).scalars())
        of_messages = Counter(connection.execute(select(messages.c.state)).scalars())
    return of_members, of_messages


def _still_confirming(seen: Sequence[Message]) -> list[str]:
    """Return what waits to be confirmed. Of the twins of a message one alone is known to the bot, and changed by it."""
    confirmed = {message_id_of(message) for message in seen if CONFIRMING not in message.text}
    return [message.text for message in seen if message_id_of(message) not in confirmed]


def _compare(account: Account, channel: str, seen: Sequence[Message], owed: Sequence[Accepted]) -> None:
    shown = [_shown(message) for message in seen]
    last: dict[str, tuple[int, int]] = {}
    for push in sorted(owed, key=lambda each: (each.pushed_at, each.event)):
        places = [number for number, text in enumerate(shown) if _is_in(push.tag, text)]
        if not places:
            account.lost.append((channel, push.tag))
            continue
        if len({message_id_of(seen[number]) for number in places}) > 1:
            account.doubled.append((channel, push.tag))
        place = (places[0], shown[places[0]].index(push.tag))
        if place < last.get(push.repository, place):
            account.disordered.append((channel, push.tag))
        last[push.repository] = place


def _duplicates(world: World) -> dict[str, int]:
    ids = Counter(message_id_of(message) for channel in world.channels for message in said(world.slack, channel))
    return {message_id: count - 1 for message_id, count in ids.items() if count > 1}


def _unexplained(duplicates: Mapping[str, int], processes: Sequence[BotProcess]) -> list[str]:
    """Return the duplicates whose senders were there all the time, and so should have noted Slack's answer."""
    senders: dict[str, list[tuple[Said, BotProcess]]] = defaultdict(list)
    for process in processes:
        for each in process.door.said:
            if each.is_taken and each.message_id is not None and each.message_id in duplicates:
                senders[each.message_id].append((each, process))
    # All but one have to be explained: also one that was decided before a pause, and arrived after it.
    unexplained = []
    for message_id, count in duplicates.items():
        calls = senders[message_id]
        if len(calls) != count + 1 or sum(_was_gone(*each) for each in calls) < count:
            unexplained.append(message_id)
    return unexplained


def _was_gone(what: Said, process: BotProcess) -> bool:
    """Tell whether a process was killed or suspended between sending and noting the answer."""
    return any(
        what.arrived_at <= until + SENDING_SECONDS and since <= what.answered_at + COMMIT_SECONDS
        for since, until in process.absences
    )


def _shown(message: Message) -> str:
    return f"{message.text} {json.dumps(list(message.blocks))}"


def _is_in(tag: str, text: str) -> bool:
    return re.search(rf"{re.escape(tag)}\b", text) is not None
