"""Whether a push that Docker Hub shows is news, or one that was told already.

A webhook and a listing describe one push in two ways: a webhook has whole seconds and no digest, a listing has
microseconds and the digest; and a push of several platforms moves the time of its tag with each part. So a tag that was
pushed at a moment is *known* if one of these holds:

1. An event of the tag is from that moment or later, give or take two seconds.
2. What an event of the tag was read back to is from that moment or later: the message about it shows this image. (Not
   if the event was overtaken: then what was read is a later push, which has to be told by itself.)
3. The last event that was read back shows the same digest: the rest of a push of several platforms, or the same image
   pushed again without a webhook.
4. For a repository that is polled: the image that the tag was seen at, when it was last looked at, has the same digest.
   Where no webhook tells of pushes, one that changes nothing is no news.

When in doubt a push is news: rather told twice than never. A tag without digest is told by its time alone. A webhook
that is still on its way when the listing is read makes a second event for one push; both read back to the same image,
and by that they become one message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from bot.images import RepositoryName
from bot.pushes.model import Reading, TagImage
from bot.pushes.verdicts import TOLERANCE
from bot.store.tables import events, images

HORIZON = timedelta(hours=24)
"""What is further away than this, in either direction, is not told: too late, or no time of a push at all."""
_EVENTS_LOOKED_AT = 20
_TEST = "test"


@dataclass(frozen=True)
class TagPush:
    """A push that Docker Hub shows.

    Attributes:
        tag: Which.
        pushed_at: When (UTC).
        digest: What the tag points at; None is unknown.
        pusher: A Docker Hub user name; empty when unknown.
    """

    tag: str
    pushed_at: datetime
    digest: str | None = None
    pusher: str = ""


@dataclass(frozen=True)
class ToldPush:
    """A push that is an event.

    Attributes:
        pushed_at: When (UTC).
        image: What it was read back to; None: it was not, yet.
        is_overtaken: Whether that is the image of a later push.
    """

    pushed_at: datetime
    image: TagImage | None = None
    is_overtaken: bool = False

    def is_from(self, moment: datetime) -> bool:
        """Return whether the push, or the image in the message about it, is from that moment or later."""
        return self.pushed_at >= moment or (
            self.image is not None and not self.is_overtaken and self.image.pushed_at >= moment
        )


def is_known(push: TagPush, told: Sequence[ToldPush], digest_before: str | None = None) -> bool:
    """Return whether a push was told already; the rules are those of the module.

    Args:
        push: What Docker Hub shows.
        told: The events of the tag, latest first.
        digest_before: What the tag was seen to point at before, if that is to count.
    """
    if any(each.is_from(push.pushed_at - TOLERANCE) for each in told):
        return True
    if push.digest is None:
        return False
    last = next((each for each in told if each.image is not None), None)
    is_same = last is not None and last.image is not None and push.digest == last.image.digest
    return push.digest == digest_before or (last is not None and is_same and not last.is_overtaken)


def unknown(
    connection: Connection,
    workspace: str,
    repository: RepositoryName,
    pushes: Iterable[TagPush],
    *,
    now: datetime,
    seen_until: datetime | None,
) -> tuple[TagPush, ...]:
    """Return those pushes that are news, earliest first.

    Args:
        connection: One to read on.
        workspace: Whose events count.
        repository: Where they were pushed to.
        pushes: What Docker Hub shows; each tag once.
        now: The database's time.
        seen_until: Up to then all pushes were looked at, for a repository that is polled; None: it is not.
    """
    news = [
        push
        for push in pushes
        if not is_known(
            push,
            _told(connection, workspace, repository, push.tag, now),
            _digest_at(connection, workspace, repository, push.tag, seen_until) if seen_until else None,
        )
    ]
    return tuple(sorted(news, key=lambda push: (push.pushed_at, push.tag)))


def _told(
    connection: Connection, workspace: str, repository: RepositoryName, tag: str, now: datetime
) -> list[ToldPush]:
    rows = connection.execute(
        select(events.c.pushed_at, events.c.reading)
        .where(
            events.c.workspace == workspace,
            events.c.repository == str(repository),
            events.c.tag == tag,
            events.c.source != _TEST,
            # A webhook may have claimed any time; one of the next century must not silence a tag until then.
            events.c.pushed_at <= now + HORIZON,
        )
        .order_by(events.c.pushed_at.desc())
        .limit(_EVENTS_LOOKED_AT)
    )
    return [_told_push(row.pushed_at, row.reading) for row in rows]


def _told_push(pushed_at: datetime, stored: Any) -> ToldPush:
    """Make an event's push; what is stored of reading it back and cannot be read is not known."""
    try:
        reading = Reading.model_validate(stored or {})
    except ValidationError:
        return ToldPush(pushed_at)
    return ToldPush(pushed_at, reading.image, is_overtaken=reading.is_overtaken)


def _digest_at(
    connection: Connection, workspace: str, repository: RepositoryName, tag: str, moment: datetime
) -> str | None:
    return connection.execute(
        select(images.c.digest)
        .where(
            images.c.workspace == workspace,
            images.c.repository == str(repository),
            images.c.tag == tag,
            # A later one may have been seen when an event was read back, and not been told.
            images.c.pushed_at <= moment,
        )
        .order_by(images.c.pushed_at.desc())
        .limit(1)
    ).scalar()
