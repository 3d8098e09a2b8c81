"""What a tag that Docker Hub shows says about a push: whether it has come, and what was pushed. Pure.

What Docker Hub says is data from outside: it is cut to what we keep, and nothing of it is taken for a fact twice.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from bot.hub.tags import Image, Tag
from bot.pushes.history import LONGEST_PUSH
from bot.pushes.model import PlatformImage, TagImage
from bot.store.types import storable

TOLERANCE = timedelta(seconds=2)
"""How much earlier than its webhook says a push may be shown: webhooks tell whole seconds, and of another clock."""
SAME_PUSH = timedelta(minutes=1)
"""Between two webhooks of one push of several platforms, at most; more is a matter of looking closer."""

_MOST_PLATFORMS = 100
_LONGEST_TEXT = 255


def is_shown(tag: Tag, pushed_at: datetime) -> bool:
    """Tell whether what Docker Hub shows is at least as new as a push."""
    return tag.pushed_at is not None and tag.pushed_at - pushed_at >= -TOLERANCE


def is_overtaken(tag: Tag, pushed_at: datetime, later: Iterable[datetime]) -> bool:
    """Tell whether the image is that of a later push, so that this push's own was not seen.

    A tag that was pushed later than the webhook says is the usual case for several platforms: each part brings a
    webhook, and the tag's time is that of the last. So it takes more than a later time to be overtaken:

    - Up to a minute later it is the same push.
    - More than ten minutes later it is another one: no push takes that long, as elsewhere in the bot.
    - In between it is the same if one of the image's platforms was pushed within a minute of this push, or if the
      webhooks since form a chain without a gap of more than a minute. Where there is such a gap, another push followed.
      Where no later webhook is known, Docker Hub's two clocks differ.

    Args:
        tag: What Docker Hub shows, at least as new as the push.
        pushed_at: When the push was.
        later: When the known pushes to the same tag were; those before this one do not matter.
    """
    if tag.pushed_at is None or tag.pushed_at - pushed_at <= SAME_PUSH:
        return False
    if tag.pushed_at - pushed_at > LONGEST_PUSH:
        return True
    if any(abs(each.last_pushed - pushed_at) <= SAME_PUSH for each in tag.platforms if each.last_pushed):
        return False
    chain = [pushed_at, *sorted(each for each in later if pushed_at < each <= tag.pushed_at + TOLERANCE)]
    return any(following - earlier > SAME_PUSH for earlier, following in pairwise(chain))


def image_of(tag: Tag) -> TagImage | None:
    """Return what a tag points at; None when Docker Hub does not say when it was pushed, or names no digest for it.

    A tag without a digest of its own has that of its only image.
    """
    platforms = tuple(_platform(each) for each in tag.platforms[:_MOST_PLATFORMS])
    digest = _text(tag.digest) or (platforms[0].digest if len(platforms) == 1 else None)
    if digest is None or tag.pushed_at is None:
        return None
    return TagImage(
        digest=digest,
        pushed_at=tag.pushed_at,
        size_bytes=_size(tag.full_size),
        platforms=platforms,
        media_type=_text(tag.media_type),
    )


def _platform(image: Image) -> PlatformImage:
    return PlatformImage(platform=_text(image.platform), digest=_text(image.digest), size_bytes=_size(image.size))


def _text(text: str | None) -> str | None:
    """Return a text that can be kept; what is too long to be what it should be is unknown."""
    return None if text is None or len(text) > _LONGEST_TEXT else storable(text)


def _size(size: int | None) -> int | None:
    return size if size is not None and size >= 0 else None


def images_of(tags: Iterable[Tag]) -> dict[str, TagImage]:
    """Return what tags point at, by name; without those of which that is not known."""
    return {tag.name: image for tag in tags if (image := image_of(tag)) is not None}
