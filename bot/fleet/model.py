"""What is kept of repositories and tags, and how much of them somebody wants to hear of. Plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.images import RepositoryName

LATEST = "latest"


@dataclass(frozen=True)
class Unchecked:
    """Something that could not be looked at: it is said, never passed over.

    Attributes:
        subject: What: `acme/api`, `acme/api:latest`, `acme`.
        why: A clause without a full stop, for people: `Docker Hub did not answer`.
    """

    subject: str
    why: str


@dataclass(frozen=True)
class PlatformSnapshot:
    """The image of one platform. None is unknown.

    Attributes:
        platform: `linux/arm64/v8`.
        digest: Of the platform's manifest.
        size_bytes: Compressed.
    """

    platform: str | None
    digest: str | None
    size_bytes: int | None


@dataclass(frozen=True)
class TagSnapshot:
    """A tag as Docker Hub showed it. None is unknown.

    Attributes:
        repository: Its repository.
        name: The tag.
        digest: What it points to: an index for several platforms, else a manifest.
        pushed_at, pulled_at: UTC. A pull moves nothing that a listing shows, so `pulled_at` is as of `read_at`.
        size_bytes: Compressed, of the largest platform.
        platforms: Its images, without statements about images.
        content_type: `image`, `helm`, …; an open set.
        read_at: When Docker Hub showed it so (UTC).
    """

    repository: RepositoryName
    name: str
    digest: str | None
    pushed_at: datetime | None
    pulled_at: datetime | None
    size_bytes: int | None
    platforms: tuple[PlatformSnapshot, ...]
    content_type: str | None
    read_at: datetime

    @property
    def reference(self) -> str:
        """The image as people write it: `acme/api:latest`."""
        return f"{self.repository.familiar}:{self.name}"


@dataclass(frozen=True)
class RepositorySnapshot:
    """A repository as the last listing showed it. None is unknown.

    Attributes:
        name: Namespace and name.
        pushed_at: The last push to any of its tags (UTC).
        was_never_pushed: Docker Hub says outright that there was no push.
        is_private: Its visibility.
        pulls, stars: Counts.
        storage_bytes: What its images take at Docker Hub.
        listed_at: When a listing showed it (UTC).
        read_at: When its tags were read (UTC); None: never.
        has_all_tags: Whether all of them were, or only the newest.
        problem: Why its tags could not be read the last time; empty: they could.
    """

    name: RepositoryName
    pushed_at: datetime | None
    was_never_pushed: bool
    is_private: bool | None
    pulls: int | None
    stars: int | None
    storage_bytes: int | None
    listed_at: datetime | None
    read_at: datetime | None
    has_all_tags: bool
    problem: str = ""


@dataclass(frozen=True, order=True)
class ImageName:
    """An image that somebody named.

    Attributes:
        repository: Its repository.
        tag: None: the one that stands for the repository, see `representative`.
    """

    repository: RepositoryName
    tag: str | None = None

    def __str__(self) -> str:
        return f"{self.repository.familiar}:{self.tag}" if self.tag else self.repository.familiar


@dataclass(frozen=True)
class Scope:
    """Which images something is about.

    Attributes:
        namespaces: All repositories of these.
        images: And these, wherever they are.
    """

    namespaces: tuple[str, ...] = ()
    images: tuple[ImageName, ...] = field(default=())


def representative(tags: Sequence[TagSnapshot]) -> TagSnapshot | None:
    """Return the tag that stands for a repository: `latest`, else the one pushed last; None where there is none.

    What is no image (a Helm chart, say) stands for a repository only where nothing else does.
    """
    latest = next((tag for tag in tags if tag.name == LATEST), None)
    if latest is not None:
        return latest
    images = [tag for tag in tags if tag.content_type in {None, "image"}] or list(tags)
    known = [tag for tag in images if tag.pushed_at is not None]
    return max(known, key=lambda tag: (tag.pushed_at, tag.name), default=images[0] if images else None)
