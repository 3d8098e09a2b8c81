"""Looks at builds that nobody here asked for, and tells channels that subscribed to how builds end.

Every five minutes the builds of each such repository are listed. What is listed at the first look is no news; what ends
afterwards is told once. The note that something was seen and the message that tells it are one transaction, so neither
is without the other, whatever dies when.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from bot.builds import build_rows
from bot.builds.build_rows import FollowedBuild
from bot.builds.card import end_document
from bot.builds.model import Build, BuildState, Setup
from bot.builds.progress import Progress
from bot.builds.reading import BuildSource, Shown, shown_builds
from bot.loops import Loop
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.slack.render import render
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.rows import insert_if_new
from bot.store.tables import build_watches
from bot.store.types import storable
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
MOST_LISTED = 25
CRASHED = "Something went wrong in the bot while it looked."
_MOST_KNOWN = 200
_LEASE = timedelta(minutes=3)
_FARTHEST = EVERY + timedelta(minutes=1)
_WANTED_EVERY_SECONDS = 15.0
BY_TAG_ALONE = "probably: known by its tag alone"
_NO_BUILDS = "Nobody shows any builds of it."


class Listener(Protocol):
    """A channel that hears of the builds of a repository."""

    @property
    def channel(self) -> str:
        """Its id."""

    def wants(self, tag: str, *, has_failed: bool) -> bool:
        """Return whether an end is to be said there now; with an empty tag when nobody knows it."""


Wanted = Callable[[], Mapping[str, Sequence[Listener]]]
"""Returns who hears of builds, by repository. Raises StoreUnavailableError."""


class Known(BaseModel):
    """What is known of the builds of a repository.

    Attributes:
        since: When they were first looked at (UTC); None: they were not yet.
        source: Whose builds they are; of another's nothing is known.
        states: How far each was, by its id; the oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: datetime | None = None
    source: str = ""
    states: dict[str, BuildState] = Field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """A build, which may have ended.

    Attributes:
        name: What it is remembered by: the provider's id, else ours.
        build: As its provider tells of it, or as we followed it.
        followed_in: The channels whose message of it says so already.
        is_ours: Whether we asked for it.
    """

    name: str
    build: Build
    followed_in: frozenset[str] = frozenset()
    is_ours: bool = False


class Watcher(Loop):
    """Looks in a thread of its own. Several processes may do so on one database.

    Args:
        store: Where it is noted what was seen.
        source: Knows who builds what; its providers ask Docker Hub as `hub.once()` does.
        wanted: Tells who hears of which builds.
        after_commit: Called when there is something new to be said; should be quick.
    """

    def __init__(
        self, store: Store, source: BuildSource, wanted: Wanted, *, after_commit: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__("build_watches")
        self._store = store
        self._source = source
        self._wanted = wanted
        self._after_commit = after_commit

    def step(self) -> float:
        """Look at all repositories that are due.

        Raises:
            StoreUnavailableError: The database is away. What was being looked at is due again when its lease ends.
        """
        wanted = self._wanted()
        for repository in self._due(wanted):
            if self.is_stopping:
                break
            self._attend_to(repository, wanted[repository])
        return _WANTED_EVERY_SECONDS

    def _due(self, wanted: Mapping[str, Sequence[Listener]]) -> list[str]:
        """Return what is due; what is new is, and what nobody wants any more is forgotten."""
        with self._store.read() as connection:
            now = self._store.now(connection)
            known = set(connection.execute(select(build_watches.c.repository).where(_ours())).scalars())
            found = _found(connection, now) & wanted.keys()
        if known != wanted.keys():
            self._store.write(lambda connection: _keep_only(connection, list(wanted), self._store.now(connection)))
        return sorted(found | (wanted.keys() - known))

    def _attend_to(self, repository: str, listeners: Sequence[Listener]) -> None:
        """Look at a repository, if nobody else does, and tell what is news."""
        lease = self._store.write(lambda connection: _take(connection, repository, self._store.now(connection)))
        if lease is None:
            return
        try:
            shown = shown_builds(self._source, repository, most=MOST_LISTED)
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("build_watch_crashed", extra={"repository": repository})
            shown = Shown(self._source.reading_setup(repository), None, (CRASHED,))

        def note(connection: Connection) -> int:
            now = self._store.now(connection)
            return _note(connection, repository, shown, listeners, lease=lease, now=now)

        told = self._store.write(note)
        if told:
            logger.info("builds_told", extra={"repository": repository, "messages": told})
            self._after_commit()


def news(known: Known, source: str, shown: Sequence[Build], ours: Sequence[FollowedBuild], now: datetime) -> "News":
    """Return which ends are to be told, and what is known afterwards. Pure.

    Args:
        known: From before.
        source: Whose builds are shown.
        shown: What is shown, newest first.
        ours: The builds that we asked for, newest first.
        now: The database's time.
    """
    everything = {each.name: each for each in _all(shown, ours)}
    states = {name: each.build.state for name, each in everything.items()}
    since = now if known.since is None else known.since
    kept = {name: state for name, state in known.states.items() if name not in states}
    # The newest stand last, so that those that go when there are too many are long gone from every list.
    merged = {**kept, **dict(reversed(states.items()))}
    after = Known(since=since, source=source, states=dict(list(merged.items())[-_MOST_KNOWN:]))
    told = [each for each in everything.values() if _is_news(each, known, source)]
    return News(tuple(reversed(told)), after)


def _is_news(ended: Ended, known: Known, source: str) -> bool:
    build = ended.build
    if known.since is None or not build.state.is_final:
        return False
    if known.states.get(ended.name, BuildState.UNKNOWN).is_final:
        return False
    if build.ended_at is not None and build.ended_at < known.since:
        return False
    # What another provider shows at first is old, unless no provider has shown anything until now.
    is_late = not known.source and build.ended_at is not None
    return known.source == source or ended.is_ours or is_late


@dataclass(frozen=True)
class News:
    """What a look gave.

    Attributes:
        ended: What is to be told, the earliest first.
        known: What is known afterwards.
    """

    ended: tuple[Ended, ...]
    known: Known


def _all(shown: Sequence[Build], ours: Sequence[FollowedBuild]) -> Iterator[Ended]:
    """Yield every build once, ended or not: as its provider shows it, with the channels that follow it."""
    by_id = {each.run.build_id: each for each in ours if each.run.build_id}
    ids = {build.id for build in shown}
    for each in ours:
        if each.run.build_id not in ids and (build := as_build(each)):
            yield Ended(each.run.build_id or each.id, build, followed_in=_followed_in(each), is_ours=True)
    for build in shown:
        asked = by_id.get(build.id)
        yield Ended(build.id, build, followed_in=_followed_in(asked), is_ours=asked is not None)


def as_build(followed: FollowedBuild) -> Build | None:
    """Return a build that we asked for as its provider would tell of it; None: there is none, or nobody knows."""
    run = followed.run
    if run.state in {Progress.REFUSED, Progress.UNKNOWN}:
        return None
    return Build(
        id=run.build_id or followed.id,
        state=BuildState(run.state),
        detail=BY_TAG_ALONE if run.is_seen_by_tag else run.detail,
        tag=run.tag,
        ref=run.ref,
        commit=run.commit,
        asked_at=followed.asked_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        log_url=run.log_url,
    )


def _followed_in(build: FollowedBuild | None) -> frozenset[str]:
    return frozenset({build.channel}) if build and build.channel else frozenset()


def _note(
    connection: Connection,
    repository: str,
    shown: Shown,
    listeners: Sequence[Listener],
    *,
    lease: datetime,
    now: datetime,
) -> int:
    """Keep what a look gave, and have it told; return in how many messages."""
    is_it = _is(repository)
    row = connection.execute(select(build_watches).where(is_it).with_for_update()).first()
    if row is None or row.due_at != lease:
        return 0  # Nobody wants it any more, or somebody else has looked since.
    problem = " ".join(shown.problems) or (_NO_BUILDS if shown.builds is None else "")
    values = {"due_at": now + EVERY, "looked_at": now, "problem": storable(problem) or None}
    if problem and problem != row.problem:
        logger.warning("builds_not_shown", extra={"repository": repository, "problem": problem})
    before = Known.model_validate(row.known)
    ours = build_rows.recent(connection, HOME, repository, MOST_LISTED)
    source = before.source if shown.builds is None else _name_of(shown.setup)
    found = news(before, source, shown.builds or (), ours, now)
    known = storable(found.known.model_dump(mode="json"))
    connection.execute(update(build_watches).where(is_it).values(known=known, **values))
    told = [(each, ended) for ended in found.ended for each in listeners if _is_told(each, ended)]
    for number, (listener, ended) in enumerate(told):
        message = render(end_document(repository, ended.build))
        at = now + number * build_rows.APART
        add_note(connection, Lane(HOME, listener.channel), message, stream=f"builds:{repository}", now=at)
    return len(told)


def _is_told(listener: Listener, ended: Ended) -> bool:
    has_failed = ended.build.state is BuildState.FAILED
    return listener.channel not in ended.followed_in and listener.wants(ended.build.tag or "", has_failed=has_failed)


def _name_of(setup: Setup) -> str:
    return " ".join(part for part in (setup.provider, setup.url, setup.project, setup.workflow) if part)


def _found(connection: Connection, now: datetime) -> set[str]:
    # Further ahead than anything here ever sets: from a wall clock that has been set back since.
    is_due = or_(build_watches.c.due_at <= now, build_watches.c.due_at > now + _FARTHEST)
    return set(connection.execute(select(build_watches.c.repository).where(_ours(), is_due)).scalars())


def _keep_only(connection: Connection, wanted: Sequence[str], now: datetime) -> None:
    connection.execute(delete(build_watches).where(_ours(), build_watches.c.repository.not_in(wanted)))
    for repository in sorted(wanted):
        row = {"workspace": HOME, "repository": repository, "known": Known().model_dump(mode="json"), "due_at": now}
        insert_if_new(connection, build_watches, row, unique=[build_watches.c.workspace, build_watches.c.repository])


def _take(connection: Connection, repository: str, now: datetime) -> datetime | None:
    """Take a lease on a repository that is due, by making it due later; return until when, None: it is not."""
    until = now + _LEASE
    is_due = or_(build_watches.c.due_at <= now, build_watches.c.due_at > now + _FARTHEST)
    taken = connection.execute(update(build_watches).where(_is(repository), is_due).values(due_at=until))
    return until if taken.rowcount == 1 else None


def _ours() -> ColumnElement[bool]:
    return build_watches.c.workspace == HOME


def _is(repository: str) -> ColumnElement[bool]:
    return and_(_ours(), build_watches.c.repository == repository)
