"""What the parts of this package tell each other: images that were read back, what one message tells. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.images import RepositoryName
from bot.pushes.payload import ContentKind


class Threads(StrEnum):
    """Which messages of a channel share a thread."""

    NEVER = "never"
    REPOSITORY = "repository"
    """All of a repository: the first is the root, the others are its replies."""
    DAY = "day"
    """All of a repository on one day (UTC)."""


class BuildEnds(StrEnum):
    """Which ends of builds a channel hears of, instead of pushes."""

    FAILED = "failed"
    ALL = "all"


class ReadingState(StrEnum):
    """How far the reading back of a push has come."""

    UNWANTED = "unwanted"
    """No channel wanted to hear of the push."""
    WAITING = "waiting"
    """Not confirmed yet; tried again until it is, or for a quarter of an hour."""
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    """Given up. `ReadingProblem` says why."""


class ReadingProblem(StrEnum):
    """Why reading back did not confirm a push."""

    ABSENT = "absent"
    """Docker Hub shows no such tag."""
    OLDER = "older"
    """Docker Hub shows the tag as it was before the push."""
    AWAY = "away"
    """Docker Hub did not answer, or had no requests left for us."""
    REFUSED = "refused"
    """Docker Hub does not show the repository to our credential."""


class _Stored(BaseModel):
    """A value that is kept as JSON; what a later version adds is ignored by an older one that runs beside it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PlatformImage(_Stored):
    """What an image is for one platform.

    Attributes:
        platform: As Docker's tools write it, `linux/arm64/v8`; None is unknown.
        digest: Of the platform's own manifest; None is unknown.
        size_bytes: Compressed; None is unknown.
    """

    platform: str | None = None
    digest: str | None = None
    size_bytes: int | None = None


class TagImage(_Stored):
    """What a tag points at.

    Attributes:
        digest: Of the index, or of the one manifest.
        pushed_at: When the tag was last pushed, by Docker Hub's clock (UTC).
        size_bytes: What Docker Hub calls the full size, which is that of one platform; None is unknown.
        platforms: Without attestations; empty when Docker Hub lists none.
        media_type: Of what the tag points at; None is unknown.
    """

    digest: str
    pushed_at: AwareDatetime
    size_bytes: int | None = None
    platforms: tuple[PlatformImage, ...] = ()
    media_type: str | None = None

    def contains(self, digest: str) -> bool:
        """Return whether this is that image, or an index that holds it."""
        return digest == self.digest or any(digest == each.digest for each in self.platforms)

    def includes(self, part: "TagImage") -> bool:
        """Return whether the other is this image, one of its platforms, or an index of some of them.

        While a push of several platforms goes on, a tag points at one after the other of these.
        """
        digests = [each.digest for each in part.platforms]
        is_whole = bool(digests) and None not in digests
        return self.contains(part.digest) or (is_whole and all(self.contains(str(each)) for each in digests))


class Growth(_Stored):
    """That an image is larger than it should be.

    Attributes:
        platform: Which of its platforms; None when the image has only one, of unknown name.
        against: What it was compared with: `the last push`, `the baseline 1.0`; words for people.
        before_bytes, after_bytes: Compressed.
    """

    platform: str | None
    against: str
    before_bytes: int
    after_bytes: int


class Reading(_Stored):
    """What reading a push back gave.

    Attributes:
        image: What the tag points at; None until that is known.
        previous: What it pointed at before, where we saw it; None is unknown, or there was nothing.
        growths: Where the image is larger than the thresholds allow.
        is_overtaken: Whether the image is that of a later push: this push's own was not seen.
    """

    image: TagImage | None = None
    previous: TagImage | None = None
    growths: tuple[Growth, ...] = ()
    is_overtaken: bool = False


@dataclass(frozen=True)
class PushedTag:
    """One tag of a message: all the pushes of it that the message tells.

    Attributes:
        tag: Its name; empty when Docker Hub named none.
        pushed_at: When, each push once, earliest first (UTC).
        pushers: Docker Hub user names, each once, in the order they pushed; empty when unknown.
        content_kind: What was pushed.
        state: How far reading the last of the pushes back has come.
        problem: Why it is not confirmed; None when it is, or was not tried yet.
        reading: What reading back gave.
        hardened: What Docker says changed in a mirrored hardened image, by platform digest; mostly empty.
        source: How we heard of the last of the pushes: `webhook`, `listing`, `poll`, `test`.
    """

    tag: str
    pushed_at: tuple[datetime, ...]
    pushers: tuple[str, ...] = ()
    content_kind: ContentKind = ContentKind.IMAGE
    state: ReadingState = ReadingState.WAITING
    problem: ReadingProblem | None = None
    reading: Reading = field(default_factory=Reading)
    hardened: Mapping[str, Any] = field(default_factory=dict)
    source: str = "webhook"


@dataclass(frozen=True)
class Fold:
    """What one message tells: the pushes to one repository that came within a short while.

    Attributes:
        repository: Which.
        tags: In the order of their last push; at least one.
        is_test: Whether somebody wanted to see what a message looks like.
        muted_until: Until when the channel hears no more of the repository (UTC); None: it does.
        muted_by: The Slack user id of who muted it.
    """

    repository: RepositoryName
    tags: tuple[PushedTag, ...]
    is_test: bool = False
    muted_until: datetime | None = None
    muted_by: str | None = None
