"""Which channels hear of which builds: the subscriptions with `builds`, for whoever looks for builds.

A build has a repository; a subscription may have a glob. Of a glob those repositories are meant of which somebody said
how they are built: nobody could look at everything that it matches.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Text, cast, select

from bot.images import InvalidReferenceError, RepositoryName
from bot.pushes.filters import Filters
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import filters_of
from bot.store.base import Store
from bot.store.tables import lanes, mutes, subscriptions


@dataclass(frozen=True)
class BuildListener:
    """A channel that hears of the builds of a repository.

    Attributes:
        channel: Its id.
        filters: Of each of its subscriptions to them; one that fits is enough.
        is_deaf: Whether nothing is said there now, because it has muted the repository or does not let us in. What it
            misses is not made up for.
    """

    channel: str
    filters: tuple[Filters, ...]
    is_deaf: bool = False

    def wants(self, tag: str, *, has_failed: bool) -> bool:
        """Return whether the end of a build is to be said there now.

        Args:
            tag: That the build makes; empty: nobody knows.
            has_failed: Whether it failed.
        """
        return not self.is_deaf and any(each.admits_build(tag, has_failed=has_failed) for each in self.filters)


def build_listeners(store: Store, workspace: str, set_up: Iterable[str]) -> dict[str, tuple[BuildListener, ...]]:
    """Return who hears of builds, by `namespace/name`; without the repositories of which nobody does.

    Args:
        store: Where subscriptions are.
        workspace: Whose.
        set_up: The repositories of which somebody said how they are built.

    Raises:
        StoreUnavailableError: The database is away.
    """
    names = tuple(_readable(set_up))
    with store.read() as connection:
        wanted = _wanted(connection, workspace, names)
        deaf = _deaf(connection, store, workspace)
    return {
        repository: tuple(
            BuildListener(channel, tuple(filters), is_deaf=bool(deaf & {(channel, None), (channel, repository)}))
            for channel, filters in channels.items()
        )
        for repository, channels in wanted.items()
    }


def _wanted(
    connection: Connection, workspace: str, names: tuple[RepositoryName, ...]
) -> dict[str, dict[str, list[Filters]]]:
    said = cast(subscriptions.c.filters, Text)
    rows = connection.execute(
        select(subscriptions.c.channel, subscriptions.c.namespace, subscriptions.c.name, said.label("filters"))
        .where(subscriptions.c.workspace == workspace, said.like('%"builds"%'))
        .order_by(subscriptions.c.channel, subscriptions.c.number)
    ).all()
    found: defaultdict[str, defaultdict[str, list[Filters]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        filters = filters_of(row.filters)
        if filters.builds:
            for repository in _meant(Pattern(row.namespace, row.name), names):
                found[repository][row.channel].append(filters)
    return {repository: dict(channels) for repository, channels in sorted(found.items())}


def _meant(pattern: Pattern, names: tuple[RepositoryName, ...]) -> list[str]:
    return [str(pattern)] if pattern.is_exact else [str(name) for name in names if pattern.matches(name)]


def _deaf(connection: Connection, store: Store, workspace: str) -> set[tuple[str, str | None]]:
    """Return the channels that do not let us in, and the repositories that channels have muted."""
    now = store.now(connection)
    closed = select(lanes.c.channel).where(lanes.c.workspace == workspace, lanes.c.suspended_at.is_not(None))
    muted = select(mutes.c.channel, mutes.c.repository).where(mutes.c.workspace == workspace, mutes.c.until_at > now)
    found: set[tuple[str, str | None]] = {(channel, None) for channel in connection.execute(closed).scalars()}
    return found | {(row.channel, row.repository) for row in connection.execute(muted)}


def _readable(names: Iterable[str]) -> Iterable[RepositoryName]:
    for name in names:
        try:
            yield RepositoryName.parse(name)
        except InvalidReferenceError:
            continue  # Nobody can subscribe to it either.
