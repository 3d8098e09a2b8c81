"""Which builds failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection, Row, and_, select

from bot.builds.model import BuildState, Order
from bot.builds.progress import Progress, Run
from bot.builds.watching import Known as Watched
from bot.digest.part import Found, News, Weight
from bot.digest.parts.looking import is_of
from bot.document import Code, Inline, Line, Link, Moment, line
from bot.fleet.model import Scope, Unchecked
from bot.images import RepositoryName
from bot.store.tables import build_watches, builds
from bot.store.workspaces import HOME

LONGEST_BUILD = timedelta(days=7)
"""Of what was asked for longer ago than this before the last digest, nothing is news any more."""
_MOST_LINKED = 3


class Known(BaseModel):
    """Which failed builds were told.

    Attributes:
        at: When that was looked at (UTC).
        failed: Those that had failed, by repository: the provider's id, else ours.
        sources: The repositories of which a provider shows builds that nobody here asked for, with which provider.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    failed: dict[str, frozenset[str]] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A build that failed.

    Attributes:
        repository: `namespace/name`.
        name: The provider's id, else ours.
        what: What was built, for people; empty: nobody knows.
        ended_at: When it failed (UTC); None: nobody knows.
        log_url: Where its log is; None: nobody knows.
    """

    repository: str
    name: str
    what: str = ""
    ended_at: datetime | None = None
    log_url: str | None = None


@dataclass(frozen=True)
class Watch:
    """What a provider shows of a repository's builds.

    Attributes:
        source: Which provider; empty: none has shown any.
        failed: Those that failed.
    """

    source: str
    failed: tuple[Failed, ...]


def compare(
    before: Known | None, ours: Sequence[Failed], watches: Mapping[str, Watch], now: datetime
) -> tuple[tuple[Failed, ...], Known]:
    """Return which builds failed since, and what to remember. Pure.

    What a provider shows of a repository for the first time is no news: nobody knows when that was.

    Args:
        before: What was told; None: nothing, and nothing is new then.
        ours: Builds that we asked for.
        watches: What providers show, by repository.
        now: The database's time.
    """
    found = {(each.repository, each.name): each for watch in watches.values() for each in watch.failed}
    found |= {(each.repository, each.name): each for each in ours}  # Of these more is known.
    failed: dict[str, set[str]] = {}
    for each in found.values():
        failed.setdefault(each.repository, set()).add(each.name)
    sources = {repository: watch.source for repository, watch in watches.items() if watch.source}
    after = Known(at=now, failed={name: frozenset(each) for name, each in failed.items()}, sources=sources)
    if before is None:
        return (), after
    known = {name for name, source in sources.items() if before.sources.get(name) == source}
    asked = {(each.repository, each.name) for each in ours}
    news = [
        each
        for key, each in found.items()
        if each.name not in before.failed.get(each.repository, frozenset())
        and (key in asked or each.repository in known)
    ]
    return tuple(news), after


class FailedBuilds:
    """Implements `bot.digest.part.Part`."""

    key = "builds"
    title = "Failed builds"

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return which builds failed, and of which repositories nobody could see the builds."""
        before = None if baseline is None else Known.model_validate(baseline)
        since = min(now, before.at if before else now) - LONGEST_BUILD
        asked = and_(builds.c.workspace == HOME, builds.c.state == Progress.FAILED, builds.c.asked_at > since)
        ours = [
            _read(row) for row in connection.execute(select(builds).where(asked, is_of(scope, builds.c.repository)))
        ]
        watched = and_(build_watches.c.workspace == HOME, is_of(scope, build_watches.c.repository))
        rows = list(connection.execute(select(build_watches).where(watched)))
        failed, known = compare(before, ours, {row.repository: _watch(row) for row in rows}, now)
        unchecked = tuple(
            Unchecked(f"builds of {_familiar(row.repository)}", row.problem.rstrip(".")) for row in rows if row.problem
        )
        return Found(tuple(_news(failed)), known.model_dump(mode="json"), unchecked=unchecked)


def _read(row: Row[Any]) -> Failed:
    run, order = Run.model_validate(row.run), Order.model_validate(row.wanted)
    return Failed(row.repository, run.build_id or row.id, run.tag or order.name, run.ended_at, run.log_url)


def _watch(row: Row[Any]) -> Watch:
    known = Watched.model_validate(row.known)
    names = (name for name, state in known.states.items() if state is BuildState.FAILED)
    return Watch(known.source, tuple(Failed(row.repository, name) for name in names))


def _news(failed: Sequence[Failed]) -> Iterator[News]:
    by_repository: dict[str, list[Failed]] = {}
    for each in failed:
        by_repository.setdefault(each.repository, []).append(each)
    for repository, its in sorted(by_repository.items(), key=lambda each: (-len(each[1]), each[0])):
        yield News(_line(repository, its), Weight.CRITICAL)


def _line(repository: str, failed: Sequence[Failed]) -> Line:
    name = Code(_familiar(repository))
    if len(failed) == 1:
        what = f" ({failed[0].what})" if failed[0].what else ""
        at = line(", ", Moment(failed[0].ended_at)) if failed[0].ended_at else ()
        return line(name, f": a build failed{what}", *at, *_logs(failed))
    last = max((each.ended_at for each in failed if each.ended_at), default=None)
    at = line(", the last ", Moment(last)) if last else ()
    return line(name, f": {len(failed):,} builds failed", *at, *_logs(failed))


def _logs(failed: Sequence[Failed]) -> Line:
    addresses = [each.log_url for each in failed if each.log_url][:_MOST_LINKED]
    pieces: list[Inline] = []
    for number, address in enumerate(addresses, start=1):
        pieces += [", ", Link("log" if len(addresses) == 1 else f"log {number}", address)]
    return tuple(pieces)


def _familiar(repository: str) -> str:
    return RepositoryName.parse(repository).familiar
