"""Subscriptions: which channel wants to hear of which pushes, and how the webhook finds out in one question.

Those with `builds` are about builds and not about pushes; `bot.pushes.build_listeners` reads them. A channel may have
one of each for the same repositories.
"""

import json
import logging
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Text, bindparam, cast, delete, insert, or_, select

from bot.images import RepositoryName
from bot.outbox.lanes import Lane, resume
from bot.pushes.filters import Filters
from bot.pushes.model import Threads
from bot.pushes.noting import FILE, note_done
from bot.pushes.patterns import Pattern
from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import lanes, mutes, subscriptions

logger = logging.getLogger(__name__)

_ID_BYTES = 12
_FILTERS_REMEMBERED = 8192

Topic = tuple[Pattern, bool]
"""What a subscription is about, of which a channel has one: repositories, and whether their builds or their pushes."""


class Origin(StrEnum):
    """Who keeps a subscription."""

    COMMAND = "command"
    FILE = "file"
    """The configuration file: it is changed there and nowhere else."""


@dataclass(frozen=True)
class Subscription:
    """That a channel wants to hear of some pushes.

    Attributes:
        id: Ours.
        workspace: Whose it is.
        channel: A Slack channel's id.
        number: What people call it by, in its channel.
        pattern: Of which repositories.
        filters: Which of their pushes.
        origin: Who keeps it.
        created_by: The Slack user id of who last set it; None: nobody in Slack did.
        created_at: When (UTC).
    """

    id: str
    workspace: str
    channel: str
    number: int
    pattern: Pattern
    filters: Filters
    origin: Origin
    created_by: str | None
    created_at: datetime

    @property
    def topic(self) -> Topic:
        """What it is about."""
        return self.pattern, self.filters.builds is not None

    def __str__(self) -> str:
        """Return what to type after `subscribe` for the same."""
        return f"{self.pattern} {self.filters.words()}".rstrip()


@dataclass(frozen=True)
class Mute:
    """That a channel does not want to hear of a repository for a while.

    Attributes:
        repository: Which.
        until_at: Until when (UTC).
        muted_by: The Slack user id of who said so.
    """

    repository: RepositoryName
    until_at: datetime
    muted_by: str


@dataclass(frozen=True)
class ChannelState:
    """All that a channel is told, and what keeps it from being told.

    Attributes:
        channel: Its id.
        subscriptions: By number.
        mutes: Those that are not over, by repository.
        suspended_at: Since when nothing is sent (UTC); None: it is.
        suspension: Slack's word for why.
    """

    channel: str
    subscriptions: tuple[Subscription, ...] = ()
    mutes: tuple[Mute, ...] = ()
    suspended_at: datetime | None = None
    suspension: str = ""


class Change(StrEnum):
    """What became of a wish to subscribe."""

    ADDED = "added"
    REPLACED = "replaced"
    """The same topic had other filters."""
    UNCHANGED = "unchanged"
    """It was so already."""


@dataclass(frozen=True)
class Added:
    """What came of subscribing.

    Attributes:
        change: What it did.
        number: Of the subscription.
        before: The filters it had; None: there was none.
        state: The channel's, afterwards.
    """

    change: Change
    number: int
    before: Filters | None
    state: ChannelState


@dataclass(frozen=True)
class Removed:
    """What came of unsubscribing.

    Attributes:
        removed: What is gone.
        kept: What was meant and is the configuration file's.
        missing: What was named and is not there.
        state: The channel's, afterwards.
    """

    removed: tuple[Subscription, ...]
    kept: tuple[Subscription, ...]
    missing: tuple[Pattern | int, ...]
    state: ChannelState


@dataclass(frozen=True)
class Match:
    """That a channel is to hear of a push.

    Attributes:
        channel: Which.
        number: Of the subscription: the lowest that wants it.
        threads: As that subscription says.
        platforms: Only if the image is for one of these; None: whatever it is for.
    """

    channel: str
    number: int
    threads: Threads
    platforms: tuple[str, ...] | None


_MATCHING = (
    select(
        subscriptions.c.channel,
        subscriptions.c.number,
        subscriptions.c.name,
        # As text, which one look into a cache turns into filters.
        cast(subscriptions.c.filters, Text).label("filters"),
    )
    .select_from(
        subscriptions.outerjoin(
            lanes, (lanes.c.workspace == subscriptions.c.workspace) & (lanes.c.channel == subscriptions.c.channel)
        )
    )
    .where(
        subscriptions.c.workspace == bindparam("of_workspace"),
        subscriptions.c.namespace == bindparam("of_namespace"),
        or_(
            subscriptions.c.name == bindparam("of_name"),
            subscriptions.c.name.like("%*%"),
            subscriptions.c.name.like("%?%"),
        ),
        lanes.c.suspended_at.is_(None),
    )
    .order_by(subscriptions.c.channel, subscriptions.c.number)
)


def matching(
    connection: Connection, workspace: str, *, repository: RepositoryName, tag: str, pusher: str
) -> list[Match]:
    """Return who is to hear of a push, each channel once, in the order of their ids. One SELECT.

    Channels that cannot be reached at present are left out.

    Args:
        connection: Any, in a write too.
        workspace: Whose subscriptions.
        repository: What was pushed to.
        tag: Which tag; empty when the push named none.
        pusher: The Docker Hub user; empty when nobody knows.
    """
    values = {"of_workspace": workspace, "of_namespace": repository.namespace, "of_name": repository.name}
    found: dict[str, Match] = {}
    for channel, number, name, text in connection.execute(_MATCHING, values):
        if not Pattern(repository.namespace, name).matches(repository):
            continue
        filters = filters_of(text)
        if filters.admits(tag, pusher):
            first = found.get(channel)
            found[channel] = (
                replace(first, platforms=_either(first.platforms, filters.platform or None))
                if first
                else Match(channel, number, filters.threads, filters.platform or None)
            )
    return list(found.values())


def _either(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else tuple(dict.fromkeys((*one, *other)))


@lru_cache(maxsize=_FILTERS_REMEMBERED)
def filters_of(text: str) -> Filters:
    """Return the filters a row holds; all pushes where they cannot be read, because none may be lost in silence."""
    try:
        return Filters.model_validate_json(text)
    except ValidationError:
        logger.warning("filters_not_readable", extra={"problems": "a later version may have written them"})
        return Filters()


@dataclass(frozen=True)
class Wish:
    """A subscription that is to be, before it has a number.

    Attributes:
        channel: Where.
        pattern: Of which repositories.
        filters: Which of their pushes.
    """

    channel: str
    pattern: Pattern
    filters: Filters

    @property
    def topic(self) -> Topic:
        """What it is about."""
        return self.pattern, self.filters.builds is not None


class Subscriptions:
    """All subscriptions of a workspace. Safe to use from several threads.

    Every method raises `StoreUnavailableError` when the database is away.

    Args:
        store: Where they are kept.
        workspace: Whose.
    """

    def __init__(self, store: Store, workspace: str) -> None:
        self._store = store
        self._workspace = workspace

    def of_channel(self, channel: str) -> ChannelState:
        """Return what a channel hears of."""
        with self._store.read() as connection:
            return self._state(connection, channel)

    def everywhere(self) -> tuple[ChannelState, ...]:
        """Return what every channel with a subscription hears of, by channel id."""
        with self._store.read() as connection:
            return tuple(self._states(connection))

    def all(self) -> tuple[Subscription, ...]:
        """Return every subscription, by channel id and number."""
        return tuple(each for state in self.everywhere() for each in state.subscriptions)

    def preview(self, wish: Wish, *, by: str | None) -> Added:
        """Return what `add` would return if nobody else changed anything; changes nothing."""
        with self._store.read() as connection:
            state = self._state(connection, wish.channel)
            now = self._store.now(connection)
        plan = _plan_of(wish, state.subscriptions, Origin.COMMAND)
        wanted = self._subscription(wish, plan, Origin.COMMAND, by=by, now=now)
        others = [each for each in state.subscriptions if each.number != plan.number]
        changed = (
            state.subscriptions if plan.change is Change.UNCHANGED else tuple(sorted([*others, wanted], key=_number))
        )
        shown = replace(state, subscriptions=changed, suspended_at=None, suspension="")
        return Added(plan.change, plan.number, plan.before, shown)

    def add(self, wish: Wish, *, by: str | None, origin: Origin = Origin.COMMAND) -> Added:
        """Subscribe a channel, and send to it again if that had been given up.

        For the same topic there is one subscription: the filters asked for replace those it had. What the configuration
        file says about it stays beside it.

        Args:
            wish: Where, and what.
            by: The Slack user id of who asks; None: nobody in Slack does.
            origin: Who keeps it.
        """

        def work(connection: Connection) -> Added:
            self._open_lane(connection, wish.channel)
            plan = self._put(connection, wish, by=by, origin=origin, verb="subscribe")
            return Added(plan.change, plan.number, plan.before, self._state(connection, wish.channel))

        return self._store.write(work)

    def remove(
        self,
        channel: str,
        choices: Collection[Pattern | int] | None,
        *,
        only_builds: bool = False,
        by: str | None = None,
        origin: Origin = Origin.COMMAND,
    ) -> Removed:
        """Unsubscribe a channel.

        Args:
            channel: Which.
            choices: Numbers, and patterns: those of exactly this pattern are removed, not those it would match. None:
                all of the channel.
            only_builds: Whether to remove only those about builds.
            by: The Slack user id of who asks; None: nobody in Slack does.
            origin: Whose to remove; those of others are kept, and named.
        """

        def work(connection: Connection) -> Removed:
            everything = self._state(connection, channel).subscriptions
            there = [each for each in everything if each.filters.builds or not only_builds]
            meant = [each for each in there if choices is None or {each.number, each.pattern} & set(choices)]
            removed = tuple(each for each in meant if each.origin is origin)
            self._remove(connection, removed, by=by, verb="unsubscribe")
            return Removed(
                removed=removed,
                kept=tuple(each for each in meant if each.origin is not origin and not _is_among(each.topic, removed)),
                missing=tuple(_missing(choices or (), there)),
                state=self._state(connection, channel),
            )

        return self._store.write(work)

    def apply(self, *, put: Sequence[Wish], remove: Sequence[Subscription], by: str | None, origin: Origin) -> None:
        """Make several changes, all or none.

        Args:
            put: What is to be, as `add` does it.
            remove: What is to be gone; what is gone already is no matter.
            by: The Slack user id of who asks; None: nobody in Slack does.
            origin: Who keeps them.
        """

        def work(connection: Connection) -> None:
            # In one order, so that two that do this at the same time do not wait for each other.
            for channel in sorted({wish.channel for wish in put}):
                self._open_lane(connection, channel)
            who = FILE if origin is Origin.FILE else by
            self._remove(connection, remove, by=who, verb="subscriptions")
            for wish in put:
                self._put(connection, wish, by=by, origin=origin, verb="subscriptions")

        self._store.write(work)

    def _open_lane(self, connection: Connection, channel: str) -> None:
        """Make the way into a channel, or open it again; and hold its row, so that numbers are given out one by one."""
        key = {"workspace": self._workspace, "channel": channel}
        insert_if_new(connection, lanes, key, unique=[lanes.c.workspace, lanes.c.channel])
        resume(connection, Lane(self._workspace, channel), self._store.now(connection))

    def _put(self, connection: Connection, wish: Wish, *, by: str | None, origin: Origin, verb: str) -> "_Plan":
        there = self._state(connection, wish.channel).subscriptions
        plan = _plan_of(wish, there, origin)
        if plan.change is not Change.UNCHANGED:
            wanted = self._subscription(wish, plan, origin, by=by, now=self._store.now(connection))
            self._delete(connection, [each for each in there if each.number == plan.number])
            connection.execute(insert(subscriptions).values(_row_of(wanted)))
            before = "" if plan.before is None else f", before {plan.before.words() or 'everything'}"
            who = FILE if origin is Origin.FILE else by
            self._note(connection, wanted, f"Subscribe to {wanted}{before}", by=who, verb=verb)
        return plan

    def _remove(self, connection: Connection, unwanted: Iterable[Subscription], *, by: str | None, verb: str) -> None:
        for each in unwanted:
            if self._delete(connection, [each]):
                self._note(connection, each, f"Unsubscribe from {each}", by=by, verb=verb)

    def _note(self, connection: Connection, about: Subscription, summary: str, *, by: str | None, verb: str) -> None:
        note_done(
            connection,
            self._workspace,
            verb=verb,
            subject=str(about.pattern),
            summary=summary,
            by=by,
            channel=about.channel,
            now=self._store.now(connection),
        )

    def _subscription(
        self, wish: Wish, plan: "_Plan", origin: Origin, *, by: str | None, now: datetime
    ) -> Subscription:
        return Subscription(
            id=f"sub_{secrets.token_hex(_ID_BYTES)}",
            workspace=self._workspace,
            channel=wish.channel,
            number=plan.number,
            pattern=wish.pattern,
            filters=wish.filters,
            origin=origin,
            created_by=by,
            created_at=now,
        )

    def _delete(self, connection: Connection, gone: Iterable[Subscription]) -> int:
        """Delete subscriptions; return how many were there."""
        ids = [each.id for each in gone]
        if not ids:
            return 0
        is_it = (subscriptions.c.workspace == self._workspace) & subscriptions.c.id.in_(ids)
        return connection.execute(delete(subscriptions).where(is_it)).rowcount

    def _state(self, connection: Connection, channel: str) -> ChannelState:
        return next(iter(self._states(connection, channel)), ChannelState(channel))

    def _states(self, connection: Connection, channel: str | None = None) -> Iterator[ChannelState]:
        now = self._store.now(connection)
        ours = [
            table.c.workspace == self._workspace
            if channel is None
            else (table.c.workspace == self._workspace) & (table.c.channel == channel)
            for table in (subscriptions, mutes, lanes)
        ]
        rows = connection.execute(
            select(subscriptions).where(ours[0]).order_by(subscriptions.c.channel, subscriptions.c.number)
        ).all()
        quiet = connection.execute(
            select(mutes).where(ours[1], mutes.c.until_at > now).order_by(mutes.c.repository)
        ).all()
        closed = {row.channel: row for row in connection.execute(select(lanes).where(ours[2]))}
        channels = [channel] if channel is not None else list(dict.fromkeys(row.channel for row in rows))
        for one in channels:
            yield ChannelState(
                channel=one,
                subscriptions=tuple(_subscription_of(row) for row in rows if row.channel == one),
                mutes=tuple(_mute_of(row) for row in quiet if row.channel == one),
                suspended_at=closed[one].suspended_at if one in closed else None,
                suspension=(closed[one].suspension or "") if one in closed else "",
            )


@dataclass(frozen=True)
class _Plan:
    change: Change
    number: int
    before: Filters | None = None


def _plan_of(wish: Wish, there: Sequence[Subscription], origin: Origin) -> _Plan:
    """Decide what a wish does to what is there."""
    alike = {each.origin: each for each in there if each.topic == wish.topic}
    own = alike.get(origin)
    if own is not None:
        is_same = own.filters == wish.filters
        return _Plan(Change.UNCHANGED if is_same else Change.REPLACED, own.number, own.filters)
    of_file = alike.get(Origin.FILE)
    if of_file is not None and of_file.filters == wish.filters:
        return _Plan(Change.UNCHANGED, of_file.number, of_file.filters)
    return _Plan(Change.ADDED, max((each.number for each in there), default=0) + 1)


def _missing(choices: Iterable[Pattern | int], there: Sequence[Subscription]) -> Iterator[Pattern | int]:
    known = {name for each in there for name in (each.number, each.pattern)}
    return (choice for choice in dict.fromkeys(choices) if choice not in known)


def _is_among(topic: Topic, found: Iterable[Subscription]) -> bool:
    return any(each.topic == topic for each in found)


def _number(subscription: Subscription) -> int:
    return subscription.number


def _row_of(subscription: Subscription) -> Mapping[str, Any]:
    return {
        "id": subscription.id,
        "workspace": subscription.workspace,
        "channel": subscription.channel,
        "number": subscription.number,
        "namespace": subscription.pattern.namespace,
        "name": subscription.pattern.name,
        "filters": subscription.filters.to_json(),
        "origin": subscription.origin.value,
        "created_by": subscription.created_by,
        "created_at": subscription.created_at,
    }


def _subscription_of(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        workspace=row.workspace,
        channel=row.channel,
        number=row.number,
        pattern=Pattern(row.namespace, row.name),
        filters=filters_of(json.dumps(row.filters)),
        origin=Origin(row.origin),
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _mute_of(row: Row[Any]) -> Mute:
    return Mute(RepositoryName.parse(row.repository), row.until_at, row.muted_by)
