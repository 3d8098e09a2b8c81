"""The history of tags: every image that one was seen to point at, by when it was pushed.

All functions but `remember_all` run on a connection of the caller; `remember` wants one in a write.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select, update

from bot.images import RepositoryName
from bot.pushes.model import TagImage
from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import images

LONGEST_PUSH = timedelta(minutes=10)
"""How long one push of several platforms may take: what came in that time, and is part of the image, is its part."""
_MOST_PARTS = 50
"""How many earlier images are looked through for one that is not a part; no push has more parts."""

# Made once: a burst of pushes asks each of these for every tag, in a write that others wait for.
_OF_TAG = and_(
    images.c.workspace == bindparam("the_workspace"),
    images.c.repository == bindparam("the_repository"),
    images.c.tag == bindparam("the_tag"),
)
_IS_OTHER = images.c.digest != bindparam("the_digest")
_EARLIEST = select(images.c.image).where(_OF_TAG).order_by(images.c.pushed_at).limit(1)
_LATEST = select(images.c.image).where(_OF_TAG).order_by(images.c.pushed_at.desc()).limit(1)
_BEFORE = (
    select(images.c.image)
    .where(_OF_TAG, _IS_OTHER, images.c.pushed_at < bindparam("the_pushed_at"))
    .order_by(images.c.pushed_at.desc())
    .limit(_MOST_PARTS)
)
_REPLACE = (
    update(images)
    .where(_OF_TAG, _IS_OTHER, images.c.pushed_at == bindparam("the_pushed_at"))
    .values(digest=bindparam("the_digest"), image=bindparam("the_image"), seen_at=bindparam("the_seen_at"))
)


def remember(
    connection: Connection, workspace: str, repository: str, tag: str, image: TagImage, *, seen_at: datetime
) -> None:
    """Keep what a tag was seen to point at. Doing it again changes nothing.

    There is one image for each time of a push: should Docker Hub show another one for the same time, as it may while
    its own caches disagree, the one seen last is kept.

    Args:
        connection: One in a write.
        workspace: Whose history.
        repository: `namespace/name`.
        tag: Its name.
        image: What it points at.
        seen_at: When that was seen (aware, UTC).
    """
    row = {
        "workspace": workspace,
        "repository": repository,
        "tag": tag,
        "pushed_at": image.pushed_at,
        "digest": image.digest,
        "image": image.model_dump(mode="json"),
        "seen_at": seen_at,
    }
    if not insert_if_new(connection, images, row, unique=list(images.primary_key)):
        connection.execute(_REPLACE, {f"the_{name}": value for name, value in row.items()})


def remember_all(store: Store, workspace: str, repository: RepositoryName, shown: Mapping[str, TagImage]) -> None:
    """Keep what tags point at, by name, so that the next push of each can show what it changes.

    Raises:
        StoreUnavailableError: Nothing was kept.
    """

    def keep(connection: Connection) -> None:
        now = store.now(connection)
        for name, image in shown.items():
            remember(connection, workspace, str(repository), name, image, seen_at=now)

    store.write(keep)


def before(connection: Connection, workspace: str, repository: str, tag: str, image: TagImage) -> TagImage | None:
    """Return what a tag pointed at before an image: the latest other one that was pushed earlier.

    A push of several platforms may show first one of them, then an index of some, then of all. Those parts are the
    same push and not what was there before.

    Args:
        connection: Any.
        workspace: Whose history.
        repository: `namespace/name`.
        tag: Its name.
        image: What it points at now.

    Returns:
        None when nothing earlier was seen.
    """
    what = {**_what(workspace, repository, tag), "the_pushed_at": image.pushed_at, "the_digest": image.digest}
    earlier = connection.execute(_BEFORE, what).scalars()
    return next((each for each in map(TagImage.model_validate, earlier) if not _is_part(each, image)), None)


def baseline(connection: Connection, workspace: str, repository: str, tag: str) -> TagImage | None:
    """Return the image of a tag that was pushed first, of all that were seen; None when none was."""
    return _first(connection, _EARLIEST, _what(workspace, repository, tag))


def latest(connection: Connection, workspace: str, repository: str, tag: str) -> TagImage | None:
    """Return the image of a tag that was pushed last, of all that were seen; None when none was."""
    return _first(connection, _LATEST, _what(workspace, repository, tag))


def _is_part(earlier: TagImage, image: TagImage) -> bool:
    if image.pushed_at - earlier.pushed_at > LONGEST_PUSH:
        return False
    return image.includes(earlier)


def _what(workspace: str, repository: str, tag: str) -> dict[str, Any]:
    return {"the_workspace": workspace, "the_repository": repository, "the_tag": tag}


def _first(connection: Connection, query: Select[Any], what: Mapping[str, Any]) -> TagImage | None:
    found = connection.execute(query, what).scalar()
    return None if found is None else TagImage.model_validate(found)
