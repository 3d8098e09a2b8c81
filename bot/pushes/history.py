"""The history of tags: every image that one was seen to point at, by when it was pushed.

All functions run on a connection of the caller; `remember` wants one in a write.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.pushes.model import TagImage
from bot.store.rows import insert_if_new
from bot.store.tables import images

LONGEST_PUSH = timedelta(minutes=10)
"""How long one push of several platforms may take: what came in that time, and is part of the image, is its part."""
_MOST_PARTS = 50
"""How many earlier images are looked through for one that is not a part; no push has more parts."""


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
    if insert_if_new(connection, images, row, unique=list(images.primary_key)):
        return
    connection.execute(
        update(images)
        .where(_of(workspace, repository, tag), images.c.pushed_at == image.pushed_at, images.c.digest != image.digest)
        .values(digest=row["digest"], image=row["image"], seen_at=seen_at)
    )


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
    earlier = connection.execute(
        select(images.c.image)
        .where(_of(workspace, repository, tag), images.c.pushed_at < image.pushed_at, images.c.digest != image.digest)
        .order_by(images.c.pushed_at.desc())
        .limit(_MOST_PARTS)
    ).scalars()
    return next((each for each in map(TagImage.model_validate, earlier) if not _is_part(each, image)), None)


def baseline(connection: Connection, workspace: str, repository: str, tag: str) -> TagImage | None:
    """Return the image of a tag that was pushed first, of all that were seen; None when none was."""
    return _first(connection, _of(workspace, repository, tag), images.c.pushed_at.asc())


def latest(connection: Connection, workspace: str, repository: str, tag: str) -> TagImage | None:
    """Return the image of a tag that was pushed last, of all that were seen; None when none was."""
    return _first(connection, _of(workspace, repository, tag), images.c.pushed_at.desc())


def _is_part(earlier: TagImage, image: TagImage) -> bool:
    if image.pushed_at - earlier.pushed_at > LONGEST_PUSH:
        return False
    digests = [each.digest for each in earlier.platforms if each.digest is not None]
    is_whole = bool(digests) and len(digests) == len(earlier.platforms)
    return image.contains(earlier.digest) or (is_whole and all(map(image.contains, digests)))


def _of(workspace: str, repository: str, tag: str) -> ColumnElement[bool]:
    return and_(images.c.workspace == workspace, images.c.repository == repository, images.c.tag == tag)


def _first(connection: Connection, which: ColumnElement[bool], order: ColumnElement[datetime]) -> TagImage | None:
    found = connection.execute(select(images.c.image).where(which).order_by(order).limit(1)).scalar()
    return None if found is None else TagImage.model_validate(found)
