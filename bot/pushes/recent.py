"""What Docker Hub shows of recent pushes, with as few requests as will do.

Lists are asked for newest first and read up to the first page that is known already. But no order is trusted that was
not seen: where a list has none, all of it is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.errors import NotFoundError
from bot.hub.client import HubClient
from bot.hub.paging import LARGEST_PAGE, Listing
from bot.hub.repositories import Repository
from bot.hub.tags import Tag
from bot.images import InvalidReferenceError, RepositoryName, check_tag

_NEWEST_FIRST = "-last_updated"
"""Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories: the minus sign is descending."""
_SAME_MOMENT = timedelta(minutes=1)
_TAG_LIMITS = (LARGEST_PAGE, 4 * LARGEST_PAGE, 16 * LARGEST_PAGE, 50 * LARGEST_PAGE)
"""One page shows what came since the last look; after a long absence, or a release of everything, more is needed."""

T = TypeVar("T")


@dataclass(frozen=True)
class Recent(Generic[T]):
    """What was found.

    Attributes:
        found: What was pushed since; for tags all that were read, known ones too. Each of known time and proper name.
        newest: The last push of all that was read (UTC); None: none has a time.
        is_complete: Whether nothing is known to be missing.
    """

    found: tuple[T, ...]
    newest: datetime | None
    is_complete: bool = True


def pushed_repositories(hub: HubClient, namespace: str, since: datetime) -> Recent[RepositoryName]:
    """Return the repositories of a namespace that were pushed to since then.

    Raises:
        HubError: Docker Hub did not say.
    """
    listing = hub.repositories.list(namespace, ordering=_NEWEST_FIRST)
    pushed = [
        (moment, name)
        for entry in _until_known(listing, since)
        if (moment := entry.last_updated) is not None and (name := _name_in(namespace, entry)) is not None
    ]
    return Recent(
        tuple(name for moment, name in pushed if moment >= since),
        newest=max((moment for moment, _ in pushed), default=None),
        is_complete=listing.is_complete,
    )


def newest_tags(hub: HubClient, repository: RepositoryName, since: datetime | None) -> Recent[Tag]:
    """Return the tags of a repository that were pushed last: at least all those pushed since then.

    Args:
        hub: Docker Hub.
        repository: Which.
        since: None: one page is enough.

    Raises:
        HubError: Docker Hub did not say.
    """
    tags: tuple[Tag, ...] = ()
    for limit in _TAG_LIMITS:
        listing = hub.tags.newest(repository, limit)
        tags = tuple(listing)
        if since is None or not listing.has_more or not listing.is_complete or _reach_back(tags, since):
            return _recent(tags, is_complete=listing.is_complete)
    return _recent(tags, is_complete=False)


def single_tags(hub: HubClient, repository: RepositoryName, tags: Sequence[str]) -> Recent[Tag]:
    """Return those of the tags that there are, with one request for each.

    Raises:
        NotFoundError: There are none: perhaps there is no such repository.
        HubError: Docker Hub did not say.
    """
    found: list[Tag] = []
    missing: NotFoundError | None = None
    for tag in tags:
        try:
            found.append(hub.tags.get(repository, tag))
        except NotFoundError as error:
            missing = error
    if missing is not None and not found:
        raise missing
    return _recent(found)


def _until_known(listing: Listing[Repository], since: datetime) -> list[Repository]:
    """Read a list that should be newest first until all that follows is older.

    One page at least is read, because the first entries of a list that is the wrong way round are old too. If it is,
    or shows no order, everything is read.
    """
    read: list[Repository] = []
    first = lowest = None
    is_descending = True
    for entry in listing:
        read.append(entry)
        moment = entry.last_updated
        if moment is None:
            continue
        first = first or moment
        is_descending = is_descending and (lowest is None or moment - lowest <= _SAME_MOMENT)
        lowest = moment if lowest is None else min(lowest, moment)
        is_ordered = is_descending and first - lowest > _SAME_MOMENT
        if len(read) >= LARGEST_PAGE and is_ordered and lowest < since:
            break
    return read


def _name_in(namespace: str, entry: Repository) -> RepositoryName | None:
    """Return the name of an entry; None when it cannot be one, or is of another namespace."""
    try:
        name = RepositoryName.parse(str(entry.repository_name))
    except InvalidReferenceError:
        return None
    return name if name.namespace == namespace else None


def _reach_back(tags: Sequence[Tag], since: datetime) -> bool:
    """Return whether tags, newest first, go back far enough; those of unknown time come after all others."""
    last = tags[-1].pushed_at if tags else None
    return last is None or last < since


def _recent(tags: Iterable[Tag], *, is_complete: bool = True) -> Recent[Tag]:
    known = tuple(tag for tag in tags if tag.pushed_at is not None and _is_tag(tag.name))
    return Recent(
        known, newest=max((tag.pushed_at for tag in known if tag.pushed_at), default=None), is_complete=is_complete
    )


def _is_tag(name: str) -> bool:
    try:
        return check_tag(name) == name
    except InvalidReferenceError:
        return False
