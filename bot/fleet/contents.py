"""What is known to be in images: the rows of `contents`, one for each digest of a platform's manifest.

A digest stands for the same bytes for ever, so each is read once ever; that there is no SBOM is kept like everything
else. What could not be read is tried again, ever later.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from bot.errors import HubError, NotFoundError, RateLimitedError, UnavailableError
from bot.fleet.reading_contents import Content, ContentReader, Pulls, PullsSpentError
from bot.fleet.statements import BaseImage
from bot.fleet.vulnerabilities.model import Target
from bot.hub.client import HubClient
from bot.store.base import Store
from bot.store.rows import batched, put
from bot.store.tables import contents
from bot.store.types import storable
from bot.store.workspaces import HOME

SIDE_BY_SIDE = 4
FIRST_RETRY = timedelta(minutes=15)
LONGEST_RETRY = timedelta(days=1)
_MOST_DOUBLINGS = 10


class ContentState(StrEnum):
    """What became of reading a digest."""

    KNOWN = "known"
    PARTIAL = "partial"
    """Without its labels: the pulls were spent."""
    FAILED = "failed"


@dataclass(frozen=True)
class Unread:
    """An image whose content is not known.

    Attributes:
        digest: Of the platform's manifest.
        why: A clause for people.
        is_failure: Whether it was tried in vain; else it was left for later.
    """

    digest: str
    why: str
    is_failure: bool


@dataclass(frozen=True)
class LearnReport:
    """What came of reading.

    Attributes:
        read: How many images were read.
        pulls: How many pulls that took.
        unread: Those that are still not known.
    """

    read: int
    pulls: int
    unread: tuple[Unread, ...]


def read(connection: Connection, workspace: str, digests: Collection[str]) -> dict[str, Content]:
    """Return what is known to be in images, by the digests of their manifests; of others there is nothing."""
    rows = _rows(connection, workspace, digests)
    return {row.digest: _content(row.facts) for row in rows if row.state != ContentState.FAILED}


class Contents:
    """Reads what is not known yet. Safe to use from several threads.

    Args:
        store: Where it is kept.
        hub: Docker Hub; for work that nobody waits for, its `once` client: what fails comes back.
    """

    def __init__(self, store: Store, hub: HubClient) -> None:
        self._store = store
        self._hub = hub

    def read(self, digests: Collection[str]) -> dict[str, Content]:
        """Return what is known."""
        with self._store.read() as connection:
            return read(connection, HOME, digests)

    def due(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """Return those images that are still to be read, with a credential: not what failed a short time ago."""
        by_digest = {target.digest: target for target in targets}
        with self._store.read() as connection:
            now = self._store.now(connection)
            for some in batched(list(by_digest)):
                is_settled = or_(contents.c.due_at.is_(None), contents.c.due_at > now)
                of_these = and_(contents.c.workspace == HOME, contents.c.digest.in_(some), is_settled)
                for digest in connection.execute(select(contents.c.digest).where(of_these)).scalars():
                    del by_digest[digest]
        namespaces = {target.repository.namespace for target in by_digest.values()}
        readable = {each for each in namespaces if self._hub.registry.has_credential(each)}
        return tuple(target for target in by_digest.values() if target.repository.namespace in readable)

    def learn(self, targets: Sequence[Target], *, most_pulls: int) -> LearnReport:
        """Read what is not known of images, and keep it. Says what was not read, and raises nothing for it.

        Args:
            targets: Which images.
            most_pulls: How many pulls that may take; it ends as well when only a fifth of the budget would be left.
        """
        pulls = Pulls(most_pulls)
        reader = ContentReader(self._hub.registry, pulls)
        wanted, unread = self._wanted(targets)
        groups = [list(group) for _, group in groupby(sorted(wanted, key=_index_of), key=_index_of)]
        for missing in self._learn_all(reader, pulls, groups):
            unread += missing
        failed = {each.digest for each in unread}
        read_now = sum(each.target.digest not in failed for each in wanted)
        return LearnReport(read_now, pulls.made, tuple(unread))

    def _learn_all(
        self, reader: ContentReader, pulls: Pulls, groups: Sequence[Sequence["_Wanted"]]
    ) -> Iterator[list[Unread]]:
        """Read side by side, but one after the other where pulls are counted: the last ones would be wasted."""
        for group in groups[:1]:
            yield self._learn(reader, group)
        width = 1 if pulls.are_counted else SIDE_BY_SIDE
        with ThreadPoolExecutor(width, thread_name_prefix="contents") as pool:
            yield from pool.map(lambda group: self._learn(reader, group), groups[1:])

    def _wanted(self, targets: Sequence[Target]) -> tuple[list["_Wanted"], list[Unread]]:
        """Sort out what is to be read: not what is known, nor what failed a short time ago."""
        by_digest = {target.digest: target for target in targets}
        with self._store.read() as connection:
            now = self._store.now(connection)
            rows = {row.digest: row for row in _rows(connection, HOME, by_digest)}
        wanted: list[_Wanted] = []
        unread: list[Unread] = []
        for digest, target in by_digest.items():
            row = rows.get(digest)
            is_due = row is None or (row.due_at is not None and row.due_at <= now)
            if is_due:
                partial = _content(row.facts) if row is not None and row.state == ContentState.PARTIAL else None
                wanted.append(_Wanted(target, partial))
            elif row is not None and row.state == ContentState.FAILED:
                unread.append(Unread(digest, row.problem or "", is_failure=True))
        return wanted, unread

    def _learn(self, reader: ContentReader, group: Sequence["_Wanted"]) -> list[Unread]:
        """Read the images of one index, which is pulled once."""
        unread: list[Unread] = []
        top = None
        for each in group:
            target = each.target
            try:
                if each.partial is not None:
                    content = reader.complete(target, each.partial)
                else:
                    top = top or reader.top(target)
                    content = reader.read(target, top)
            except PullsSpentError as spent:
                if each.partial is None:
                    unread.append(Unread(target.digest, str(spent), is_failure=False))
            except RateLimitedError as error:
                unread.append(Unread(target.digest, _why(error), is_failure=False))
            except HubError as error:
                unread.append(Unread(target.digest, _why(error), is_failure=True))
                self._keep_failure(target, _why(error))
            else:
                self._keep(target, content)
        return unread

    def _keep(self, target: Target, content: Content) -> None:
        state = ContentState.KNOWN if content.is_whole else ContentState.PARTIAL
        facts = storable(_facts(content))

        def keep(connection: Connection) -> None:
            now = self._store.now(connection)
            due_at = None if content.is_whole else now + FIRST_RETRY
            put(connection, contents, _row(target, state, facts, now=now, due_at=due_at, problem=None))

        self._store.write(keep)

    def _keep_failure(self, target: Target, why: str) -> None:
        def keep(connection: Connection) -> None:
            now = self._store.now(connection)
            before = next(iter(_rows(connection, HOME, [target.digest])), None)
            if before is not None and before.state != ContentState.FAILED:
                return  # Somebody else has read it meanwhile, or only its labels are missing.
            attempts = 1 + (before.facts or {}).get("attempts", 0) if before is not None else 1
            due_at = now + retry_after(attempts)
            facts = {"attempts": attempts}
            put(connection, contents, _row(target, ContentState.FAILED, facts, now=now, due_at=due_at, problem=why))

        self._store.write(keep)


def retry_after(attempts: int) -> timedelta:
    """Return when to try again after so many failures: a quarter of an hour, doubling up to a day."""
    return min(FIRST_RETRY * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS), LONGEST_RETRY)


@dataclass(frozen=True)
class _Wanted:
    """An image to be read; all of it, or what is still missing."""

    target: Target
    partial: Content | None


def _index_of(wanted: _Wanted) -> tuple[str, str]:
    return str(wanted.target.repository), wanted.target.index_digest


def _rows(connection: Connection, workspace: str, digests: Collection[str]) -> Iterator[Row[Any]]:
    for piece in batched(list(digests)):
        of_these = contents.c.workspace == workspace, contents.c.digest.in_(piece)
        yield from connection.execute(select(contents).where(*of_these))


def _row(
    target: Target,
    state: ContentState,
    facts: dict[str, Any],
    *,
    now: datetime,
    due_at: datetime | None,
    problem: str | None,
) -> dict[str, Any]:
    return {
        "workspace": HOME,
        "digest": target.digest,
        "repository": str(target.repository),
        "state": state,
        "facts": facts,
        "read_at": now,
        "due_at": due_at,
        "problem": problem,
    }


def _facts(content: Content) -> dict[str, Any]:
    """Turn into JSON; only what the registry holds, which never changes."""
    return {
        "labels": dict(content.labels),
        "base": asdict(content.base) if content.base else None,
        "built_from": [asdict(each) for each in content.built_from],
        "packages": None if content.packages is None else list(content.packages),
        "no_packages": content.no_packages,
        "is_whole": content.is_whole,
    }


def _content(facts: dict[str, Any]) -> Content:
    packages = facts["packages"]
    return Content(
        labels=facts["labels"],
        base=BaseImage(**facts["base"]) if facts["base"] else None,
        built_from=tuple(BaseImage(**each) for each in facts["built_from"]),
        packages=None if packages is None else tuple(packages),
        no_packages=facts["no_packages"],
        is_whole=facts["is_whole"],
    )


def _why(error: HubError) -> str:
    match error:
        case RateLimitedError():
            return f"the registry takes no more requests before {error.retry_at:%H:%M} UTC"
        case NotFoundError():
            return f"the registry does not show it (asked with {error.credential})"
        case UnavailableError():
            return "the registry did not answer"
        case _:
            said = f": {error.detail.rstrip('.')}" if error.detail else ""
            return f"the registry did not give it{said}"
