"""Writing down what Docker Hub showed, for many repositories in one transaction.

Several may read the same at the same time, in this process and in others: what was read later wins, whoever writes
first. And Docker Hub's pages lag behind: for an hour after a push, a page that lacks it, or shows what was there
before, takes nothing away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    update,
)

from bot.errors import (
    ForbiddenError,
    HubError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from bot.fleet.model import LATEST, TagSnapshot
from bot.fleet.reading import LAG, Reading
from bot.fleet.rows import name_of, repository_facts, tag_row
from bot.hub.repositories import Repository
from bot.images import RepositoryName
from bot.store.rows import batched, put_many
from bot.store.tables import repositories, sweeps, tags
from bot.store.types import UtcTime

SAME_PUSH = timedelta(seconds=1)
"""By how much the times of one push may differ between a listing and a page of tags."""
AHEAD = timedelta(minutes=5)
"""How far another clock may be ahead of ours, Docker Hub's or that of another process.

A time beyond that is nonsense, and nobody waits for it: a clock was wrong and has been set back.
"""
MOST_DOUBTS = 100
"""How many tags of a repository are asked for one by one, whether they are still there."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a repository when it is decided whether its tags are read.

    Attributes:
        name: Its name.
        pushed_at: Its last push, as a listing had it last (UTC); None: it was never pushed to, or nobody knows.
        listed_at: When a listing showed it; None: never.
        read_at: When its tags were read; None: never.
        read_pushed_at: Its last push, as far as its tags showed it then.
        has_all_tags, is_capped: Whether all tags are known, or as many as are ever read.
        has_problem: Whether its tags could not be read the last time.
        is_unclear: Whether the listing said of its last push what nobody understands, or nothing.
    """

    name: RepositoryName
    pushed_at: datetime | None = None
    listed_at: datetime | None = None
    read_at: datetime | None = None
    read_pushed_at: datetime | None = None
    has_all_tags: bool = False
    is_capped: bool = False
    has_problem: bool = False
    is_unclear: bool = False

    @property
    def is_covered(self) -> bool:
        """Whether nothing that was pushed before it was read is missing, but for what is never read."""
        return self.has_all_tags or self.is_capped

    @property
    def has_changed(self) -> bool:
        """Whether something was pushed since it was read, as far as listings show; or nobody can tell."""
        is_known = self.read_at is not None and not (self.has_problem or self.is_unclear)
        return not is_known or self.pushed_at != self.read_pushed_at


def states(connection: Connection, workspace: str, names: Iterable[RepositoryName]) -> dict[RepositoryName, State]:
    """Return what is known of repositories; of those that are not known nothing."""
    c = repositories.c
    columns = (
        c.repository,
        c.pushed_at,
        c.listed_at,
        c.read_at,
        c.read_pushed_at,
        c.has_all_tags,
        c.is_capped,
        c.problem,
        c.facts["never_pushed"].as_boolean().label("has_no_push"),
    )
    found = {}
    for some in batched(sorted(map(str, set(names)))):
        statement = select(*columns).where(c.workspace == workspace, c.repository.in_(some))
        for row in connection.execute(statement):
            name = name_of(row.repository)
            found[name] = State(
                name=name,
                pushed_at=row.pushed_at,
                listed_at=row.listed_at,
                read_at=row.read_at,
                read_pushed_at=row.read_pushed_at,
                has_all_tags=row.has_all_tags,
                is_capped=row.is_capped,
                has_problem=row.problem is not None,
                is_unclear=row.listed_at is not None and row.pushed_at is None and not row.has_no_push,
            )
    return found


def keep_listed(
    connection: Connection,
    workspace: str,
    entries: Iterable[tuple[RepositoryName, Repository]],
    listed_at: datetime,
) -> None:
    """Keep entries of a listing, or repositories that Docker Hub showed one by one; what is known of tags stays."""
    rows = [
        {
            "workspace": workspace,
            "repository": str(name),
            "namespace": name.namespace,
            "pushed_at": entry.last_updated,
            "facts": repository_facts(entry),
            "listed_at": listed_at,
            "missing_since": None,
            "has_all_tags": False,
        }
        for name, entry in sorted(entries, key=lambda each: str(each[0]))
    ]
    put_many(
        connection, repositories, rows, change=lambda _: {repositories.c.has_all_tags.name: repositories.c.has_all_tags}
    )


def keep_readings(connection: Connection, workspace: str, readings: Iterable[Reading]) -> None:
    """Keep what was read of the tags of repositories; what should have been there and is not goes."""
    readings = sorted(readings, key=lambda reading: str(reading.name))
    keep_tags(connection, workspace, [tag for reading in readings for tag in reading.tags])
    _delete_unseen(connection, workspace, readings)
    for reading in readings:
        if reading.has_no_latest:
            forget_tags(connection, workspace, reading.name, [LATEST], before=reading.read_at)
    _put_read(connection, workspace, [reading for reading in readings if reading.error is None])
    problems = {each.name: clause_of(each.error) for each in readings if each.error and not _is_limit(each.error)}
    keep_problems(connection, workspace, problems)


def keep_tags(connection: Connection, workspace: str, found: Iterable[TagSnapshot]) -> None:
    """Keep tags, whichever were read."""
    rows = [tag_row(workspace, tag) for tag in sorted(found, key=lambda tag: (str(tag.repository), tag.name))]

    def is_news(new: Any) -> ColumnElement[bool]:
        is_no_older_push = or_(tags.c.pushed_at.is_(None), new.pushed_at.is_(None), new.pushed_at >= tags.c.pushed_at)
        is_newer_read = or_(tags.c.read_at <= new.read_at, tags.c.read_at > new.read_at + AHEAD)
        return and_(is_newer_read, or_(is_no_older_push, tags.c.pushed_at < new.read_at - LAG))

    put_many(connection, tags, rows, where=is_news)


def keep_problems(connection: Connection, workspace: str, problems: Mapping[RepositoryName, str]) -> None:
    """Note why the tags of repositories could not be read; what is known of them stays."""
    rows = [
        {
            "workspace": workspace,
            "repository": str(name),
            "namespace": name.namespace,
            "facts": {},
            "has_all_tags": False,
            "problem": problems[name],
        }
        for name in sorted(problems, key=str)
    ]
    c = repositories.c
    put_many(connection, repositories, rows, change=lambda _: {"facts": c.facts, "has_all_tags": c.has_all_tags})


def forget_tags(
    connection: Connection,
    workspace: str,
    name: RepositoryName,
    gone: Sequence[str],
    *,
    before: datetime,
    is_certain: bool = False,
) -> None:
    """Forget tags of which Docker Hub says that they are not there.

    Args:
        connection: One in a write.
        workspace: Whose.
        name: The repository.
        gone: The tags.
        before: When Docker Hub was asked (UTC): what was read since is there again.
        is_certain: Whether also those that were pushed so lately that Docker Hub may lag behind: we deleted them.
    """
    c = tags.c
    is_old = c.pushed_at.is_(None) | (c.pushed_at < before - LAG)
    for some in batched(sorted(gone)):
        statement = delete(tags).where(
            c.workspace == workspace, c.repository == str(name), c.tag.in_(some), _was_before(c.read_at, before)
        )
        connection.execute(statement if is_certain else statement.where(is_old))


def forget_repository(connection: Connection, workspace: str, name: RepositoryName) -> None:
    """Forget a repository with its tags."""
    for table in (tags, repositories):
        connection.execute(delete(table).where(table.c.workspace == workspace, table.c.repository == str(name)))


def doubtful(connection: Connection, workspace: str, reading: Reading) -> tuple[str, ...]:
    """Return tags that are known and were on none of several pages: they are gone, or have slipped from one to another.

    At most one more than are asked for one by one.
    """
    c = tags.c
    is_expected: ColumnElement[bool] = c.pushed_at < reading.read_at - LAG
    if reading.is_walked_whole:
        is_expected = or_(is_expected, c.pushed_at.is_(None))
    elif reading.walked_since is not None:
        is_expected = and_(is_expected, c.pushed_at > reading.walked_since)
    else:
        return ()
    statement = select(c.tag).where(
        c.workspace == workspace,
        c.repository == str(reading.name),
        _was_before(c.read_at, reading.read_at),
        is_expected,
    )
    return tuple(connection.execute(statement.order_by(c.tag).limit(MOST_DOUBTS + 1)).scalars())


def read_again(connection: Connection, workspace: str, name: RepositoryName) -> None:
    """Have a repository read by the next sweep, whether it changes or not."""
    statement = update(repositories).where(
        repositories.c.workspace == workspace, repositories.c.repository == str(name)
    )
    connection.execute(statement.values(read_pushed_at=None, has_all_tags=False, is_capped=False))


def missing(
    connection: Connection, workspace: str, namespace: str, *, since: datetime, private_since: datetime, most: int
) -> tuple[tuple[RepositoryName, bool], ...]:
    """Return repositories of a namespace that no listing has shown since, and whether each was private.

    Those come first that were missed first; what is missed for the first time is noted.

    Args:
        connection: One in a write.
        workspace: Whose.
        namespace: Which.
        since: When the listing began (UTC).
        private_since: Likewise, for those that are known to be private.
        most: How many at most.
    """
    c = repositories.c
    of_namespace = c.workspace == workspace, c.namespace == namespace
    is_missing = c.listed_at.is_(None) | _was_before(c.listed_at, since)
    connection.execute(
        update(repositories).where(*of_namespace, is_missing, c.missing_since.is_(None)).values(missing_since=since)
    )
    is_private = func.coalesce(c.facts["private"].as_boolean(), false())
    is_seen = and_(is_private, c.listed_at >= private_since, c.listed_at < since)
    statement = select(c.repository, c.facts).where(*of_namespace, is_missing, or_(c.listed_at.is_(None), ~is_seen))
    rows = connection.execute(statement.order_by(c.missing_since, c.repository).limit(most)).all()
    return tuple((name_of(row.repository), row.facts.get("private") is True) for row in rows)


def prune(connection: Connection, workspace: str, before: datetime) -> None:
    """Forget repositories that nobody has listed nor read since then, with their tags, and when they were looked at."""
    c = repositories.c
    is_old = and_(or_(c.listed_at.is_(None), c.listed_at < before), or_(c.read_at.is_(None), c.read_at < before))
    connection.execute(delete(repositories).where(c.workspace == workspace, is_old))
    is_kept = exists().where(c.workspace == tags.c.workspace, c.repository == tags.c.repository)
    connection.execute(delete(tags).where(tags.c.workspace == workspace, tags.c.read_at < before, ~is_kept))
    connection.execute(delete(sweeps).where(sweeps.c.workspace == workspace, sweeps.c.due_at < before))


def clause_of(error: HubError) -> str:
    """Return why something could not be looked at, as a clause for people."""
    match error:
        case NotFoundError():
            return f"Docker Hub does not show it (asked with {error.credential})"
        case ForbiddenError():
            return f"Docker Hub does not allow it with {error.credential}"
        case UnauthorizedError():
            return f"Docker Hub wants a login for it (asked with {error.credential})"
        case RateLimitedError():
            return f"Docker Hub has no requests left until {error.retry_at:%H:%M} UTC"
        case UnavailableError():
            return "Docker Hub did not answer"
        case _:
            return "Docker Hub answered something unexpected"


def has_been(moment: datetime, now: datetime) -> bool:
    """Tell whether a moment that was written down can have been; else a clock has been set back since."""
    return moment <= now + AHEAD


def _was_before(column: ColumnElement[Any], moment: datetime) -> ColumnElement[bool]:
    """Return whether what a column tells was before; what cannot have been counts as that, see `has_been`."""
    return or_(column < moment, column > moment + AHEAD)


def _is_limit(error: HubError) -> bool:
    return isinstance(error, RateLimitedError)


def _delete_unseen(connection: Connection, workspace: str, readings: Sequence[Reading]) -> None:
    """Delete what one answer would have held if it were there.

    What was seen has just been kept, so what was read before is what was not seen.
    """
    bounds = [
        {
            "of": str(each.name),
            "began": each.read_at,
            "ahead": each.read_at + AHEAD,
            "settled": each.read_at - LAG,
            "whole": each.is_seen_whole,
            "since": each.seen_since or each.read_at,
        }
        for each in readings
        if each.is_seen_whole or each.seen_since is not None
    ]
    if not bounds:
        return
    c = tags.c
    settled, since = bindparam("settled", type_=UtcTime()), bindparam("since", type_=UtcTime())
    is_whole = bindparam("whole", type_=Boolean())
    connection.execute(
        delete(tags).where(
            c.workspace == workspace,
            c.repository == bindparam("of"),
            or_(c.read_at < bindparam("began", type_=UtcTime()), c.read_at > bindparam("ahead", type_=UtcTime())),
            or_(
                and_(c.pushed_at < settled, or_(is_whole, c.pushed_at > since)),
                and_(c.pushed_at.is_(None), is_whole),
            ),
        ),
        bounds,
    )


def _put_read(connection: Connection, workspace: str, readings: Sequence[Reading]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "workspace": workspace,
            "repository": str(each.name),
            "namespace": each.name.namespace,
            "pushed_at": each.newest,
            "facts": {},
            "read_at": each.read_at,
            "read_pushed_at": _read_pushed_at(each),
            "has_all_tags": each.has_all_tags,
            "is_capped": each.is_capped,
            "problem": each.problem or None,
        }
        for each in readings
    ]
    c = repositories.c
    put_many(
        connection,
        repositories,
        rows,
        change=lambda new: {
            "facts": c.facts,
            # A listing knows better; but of what was never in one, the newest tag tells.
            "pushed_at": case((c.listed_at.is_(None), new.pushed_at), else_=c.pushed_at),
        },
        where=lambda new: or_(c.read_at.is_(None), c.read_at <= new.read_at, c.read_at > new.read_at + AHEAD),
    )


def _read_pushed_at(reading: Reading) -> datetime | None:
    """Return up to which push a repository was read; None where that is to be done again.

    A listing may tell of a push before the tags show it. They will, within the hour; later it was deleted, perhaps.
    """
    listed, newest = reading.want.pushed_at, reading.newest
    if listed is None:
        return None if reading.want.is_listed else newest
    lags = newest is None or newest < listed - SAME_PUSH
    is_recent = reading.read_at - LAG <= listed <= reading.read_at + AHEAD
    return None if lags and is_recent else listed
