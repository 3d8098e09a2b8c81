"""What commands say of a tag: a plain, JSON-ready record of it, and how its facts are written in a cell."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot import platforms
from bot.document import UNKNOWN, Code, Inline, Size, format_bytes, short_digest
from bot.hub.tags import Tag

_MOST_SIZES_IN_A_CELL = 3


class PlatformFacts(BaseModel):
    """One platform of a tag.

    Attributes:
        platform: `linux/arm64/v8`; `unknown` when Docker Hub does not say.
        os_version: For Windows images, the build they need.
        digest: The platform manifest's own digest; None is unknown.
        size_bytes: Compressed size; None is unknown.
        pulled_at, pushed_at: UTC; None is unknown.
        status: `active`, `inactive`, or whatever Docker Hub says; None is unknown.
    """

    model_config = ConfigDict(frozen=True)

    platform: str
    os_version: str | None = None
    digest: str | None = None
    size_bytes: int | None = None
    pulled_at: datetime | None = None
    pushed_at: datetime | None = None
    status: str | None = None

    @property
    def label(self) -> str:
        """The platform with the operating system's version where there is one."""
        return f"{self.platform} {self.os_version}" if self.os_version else self.platform

    @property
    def short_label(self) -> str:
        """The platform without `linux/`, which goes without saying in a narrow cell."""
        return self.platform.removeprefix("linux/")


class TagFacts(BaseModel):
    """One tag.

    Attributes:
        name: The tag.
        digest: What the tag points at (the index's digest for a multi-platform image); None is unknown.
        size_bytes: What Docker Hub calls the tag's full size (that of one platform); None is unknown.
        platforms: Without attestations; empty when Docker Hub does not list any.
        pushed_at, pulled_at: UTC; None is unknown.
        pushed_by: Docker Hub user name; None is unknown.
        status: `active` or `inactive` (pulled or pushed within the last month), or another word; None is unknown.
        content_type: `image`, `helm`, …; None is unknown.
        media_type: Of what the tag points at; None is unknown.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str | None = None
    size_bytes: int | None = None
    platforms: tuple[PlatformFacts, ...] = ()
    pushed_at: datetime | None = None
    pulled_at: datetime | None = None
    pushed_by: str | None = None
    status: str | None = None
    content_type: str | None = None
    media_type: str | None = None

    @classmethod
    def of(cls, tag: Tag) -> Self:
        """Return the facts of a tag that Docker Hub told."""
        return cls(
            name=tag.name,
            digest=tag.digest,
            size_bytes=tag.full_size,
            platforms=tuple(
                PlatformFacts(
                    platform=image.platform or UNKNOWN,
                    os_version=image.os_version,
                    digest=image.digest,
                    size_bytes=image.size,
                    pulled_at=image.last_pulled,
                    pushed_at=image.last_pushed,
                    status=image.status,
                )
                for image in tag.platforms
            ),
            pushed_at=tag.pushed_at,
            pulled_at=tag.pulled_at,
            pushed_by=tag.last_updater_username,
            status=tag.status,
            content_type=tag.content_type,
            media_type=tag.media_type,
        )

    @property
    def largest_size_bytes(self) -> int | None:
        """The largest platform's size, else what Docker Hub calls the full size; None is unknown."""
        sizes = [each.size_bytes for each in self.platforms if each.size_bytes is not None]
        return max(sizes, default=self.size_bytes)


def size_cell(tag: TagFacts, *, each_platform: bool = False) -> Inline:
    """Write a tag's size: per platform where they differ; as a range where those are many, unless each is asked for."""
    sizes = [each.size_bytes for each in tag.platforms]
    known = [size for size in sizes if size is not None]
    if len(set(sizes)) <= 1:
        return Size(sizes[0] if known else tag.size_bytes)
    if each_platform or len(sizes) <= _MOST_SIZES_IN_A_CELL:
        return ", ".join(f"{each.short_label} {format_bytes(each.size_bytes)}" for each in tag.platforms)
    return f"{format_bytes(min(known))} to {format_bytes(max(known))} ({len(sizes)} platforms)"


def digest_cell(digest: str | None) -> Inline:
    """Write a digest short, to be recognised; `inspect` has the whole one."""
    return Code(short_digest(digest)) if digest else UNKNOWN


def platforms_cell(tag: TagFacts) -> str:
    """Write the platforms one after the other."""
    return ", ".join(each.short_label for each in tag.platforms) or UNKNOWN


def only_platform(tag: TagFacts, wanted: str) -> TagFacts:
    """Return the tag as if it had the platform asked for and no other; `arm64` finds `linux/arm64/v8`."""
    kept = tuple(each for each in tag.platforms if platforms.matches(wanted, each.platform))
    return tag.model_copy(update={"platforms": kept})
