"""The last builds of a repository: what its provider shows, and those that we asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.builds import build_rows
from bot.builds.build_rows import FollowedBuild
from bot.builds.model import Build, Setup
from bot.builds.progress import Verdict
from bot.builds.reading import BuildSource, shown_builds
from bot.store.base import Store
from bot.store.workspaces import HOME

MOST_OURS = 100
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class KnownBuild:
    """A build in the list.

    Attributes:
        id: The provider's, else ours.
        state: How far it is, a word: of `BuildState`, or of `Progress` for one that only we know.
        build: As the provider shows it; None: it does not.
        ours: As we followed it; None: nobody here asked for it.
    """

    id: str
    state: str
    build: Build | None
    ours: FollowedBuild | None

    @property
    def at(self) -> datetime | None:
        """When it was asked for, or else began (UTC); None: nobody knows."""
        if self.ours is not None:
            return self.ours.asked_at
        return (self.build.asked_at or self.build.started_at or self.build.ended_at) if self.build else None

    @property
    def verdict(self) -> Verdict | None:
        """What is to be said of how it goes; None: nothing."""
        return self.ours.run.verdict if self.ours and self.build is None else None


@dataclass(frozen=True)
class History:
    """The last builds.

    Attributes:
        setup: Who was asked.
        is_shown: Whether they show builds at all; what we asked for is in the list in any case.
        builds: Newest first.
        problems: What could not be read and why, as sentences with code in backticks.
    """

    setup: Setup
    is_shown: bool
    builds: tuple[KnownBuild, ...]
    problems: tuple[str, ...]


def history_of(
    store: Store, source: BuildSource, repository: str, *, most: int, states: Collection[str] | None = None
) -> History:
    """Return the last builds of a repository.

    Args:
        store: Where ours are.
        source: Knows who builds it.
        repository: `namespace/name`.
        most: How many.
        states: Only these; None is all.

    Raises:
        StoreUnavailableError: The database is away.
    """
    wanted = most if states is None else MOST_OURS  # Of a few kinds, more have to be looked at.
    shown = shown_builds(source, repository, most=wanted)
    with store.read() as connection:
        ours = build_rows.recent(connection, HOME, repository, MOST_OURS)
    by_id = {each.run.build_id: each for each in ours if each.run.build_id}
    listed = [KnownBuild(build.id, build.state, build, by_id.get(build.id)) for build in shown.builds or ()]
    ids = {build.id for build in shown.builds or ()}
    listed += [
        KnownBuild(each.run.build_id or each.id, each.run.state, None, each)
        for each in ours
        if each.run.build_id not in ids
    ]
    newest = sorted(listed, key=lambda each: each.at or _BEFORE_ALL, reverse=True)
    kept = [each for each in newest if states is None or each.state in states]
    return History(shown.setup, shown.builds is not None, tuple(kept[:most]), shown.problems)
