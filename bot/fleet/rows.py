"""Snapshots as rows, and back. What Docker Hub says is kept as it is, but for what no row could hold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.fleet.model import PlatformSnapshot, RepositorySnapshot, TagSnapshot
from bot.hub.repositories import Repository
from bot.hub.tags import Image, Tag
from bot.images import InvalidReferenceError, RepositoryName, check_tag
from bot.store.types import storable

MOST_PLATFORMS = 100
_LONGEST_TEXT = 255


def name_of(key: str) -> RepositoryName:
    """Return the repository of a key, `namespace/name`."""
    namespace, _, name = key.partition("/")
    return RepositoryName(namespace, name)


def listed_name(namespace: str, entry: Repository) -> RepositoryName | None:
    """Return the name of an entry of a listing; None when it cannot be one, or is of another namespace."""
    try:
        name = RepositoryName.parse(f"{entry.namespace}/{entry.name}")
    except InvalidReferenceError:
        return None
    return name if name.namespace == namespace else None


def repository_facts(entry: Repository) -> dict[str, Any]:
    """Return what a row keeps of an entry of a listing beside its name and its last push."""
    return {
        "private": entry.is_private,
        "pulls": entry.pull_count,
        "stars": entry.star_count,
        "storage": entry.storage_size,
        # A listing that has no such field says nothing; null is what it shows before the first push.
        "never_pushed": entry.has_no_push,
    }


def repository_snapshot(row: Row[Any]) -> RepositorySnapshot:
    """Return the repository of a row."""
    facts = row.facts
    return RepositorySnapshot(
        name=name_of(row.repository),
        pushed_at=row.pushed_at,
        was_never_pushed=bool(facts.get("never_pushed")),
        is_private=facts.get("private"),
        pulls=facts.get("pulls"),
        stars=facts.get("stars"),
        storage_bytes=facts.get("storage"),
        listed_at=row.listed_at,
        read_at=row.read_at,
        has_all_tags=row.has_all_tags,
        problem=row.problem or "",
    )


def tag_snapshot(repository: RepositoryName, tag: Tag, read_at: datetime) -> TagSnapshot | None:
    """Return a tag as Docker Hub showed it; None when no tag can be called that.

    A tag without a digest of its own has that of its only image.
    """
    try:
        check_tag(tag.name)
    except InvalidReferenceError:
        return None
    platforms = tuple(map(_platform, tag.platforms[:MOST_PLATFORMS]))
    sizes = [each.size_bytes for each in platforms if each.size_bytes is not None]
    return TagSnapshot(
        repository=repository,
        name=tag.name,
        digest=_text(tag.digest) or (platforms[0].digest if len(platforms) == 1 else None),
        pushed_at=tag.pushed_at,
        pulled_at=tag.pulled_at,
        size_bytes=max(sizes) if sizes else _size(tag.full_size),
        platforms=platforms,
        content_type=_text(tag.content_type),
        read_at=read_at,
    )


def tag_row(workspace: str, tag: TagSnapshot) -> dict[str, Any]:
    """Return the row of a tag."""
    return {
        "workspace": workspace,
        "repository": str(tag.repository),
        "tag": tag.name,
        "digest": tag.digest,
        "pushed_at": tag.pushed_at,
        "pulled_at": tag.pulled_at,
        "facts": {
            "type": tag.content_type,
            "size": tag.size_bytes,
            "platforms": [[each.platform, each.digest, each.size_bytes] for each in tag.platforms],
        },
        "read_at": tag.read_at,
    }


def kept_tag(row: Row[Any], repository: RepositoryName | None = None) -> TagSnapshot:
    """Return the tag of a row.

    Args:
        row: The row.
        repository: Its repository, where that is known already.
    """
    facts: Mapping[str, Any] = row.facts
    return TagSnapshot(
        repository=repository or name_of(row.repository),
        name=row.tag,
        digest=row.digest,
        pushed_at=row.pushed_at,
        pulled_at=row.pulled_at,
        size_bytes=facts["size"],
        platforms=tuple(PlatformSnapshot(*each) for each in facts["platforms"]),
        content_type=facts["type"],
        read_at=row.read_at,
    )


def _platform(image: Image) -> PlatformSnapshot:
    return PlatformSnapshot(_text(image.platform), _text(image.digest), _size(image.size))


def _text(text: str | None) -> str | None:
    """Return a text that can be kept; what is too long to be what it should be is unknown."""
    if text is None or len(text) > _LONGEST_TEXT:
        return None
    kept: str = storable(text)
    return kept


def _size(size: int | None) -> int | None:
    return size if size is not None and size >= 0 else None
