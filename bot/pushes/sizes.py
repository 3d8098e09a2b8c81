"""How large an image is, and how that compares with the tag's image before, in words for people. Pure."""

from collections import Counter
from collections.abc import Iterable

from bot.document import UNKNOWN, Inline, Size, format_bytes
from bot.pushes.model import PlatformImage, TagImage

NO_BREAK = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, so that no line ends there."""
SAME_IMAGE = "same image as before"
SAME_SIZE = "same size"
_MOST_EACH = 3
"""Platforms whose sizes are given one by one; of more, the smallest and the largest."""
_WHOLE_PERCENT = 10
_LEAST_PERCENT = 0.05
"""What is less would be written as nothing."""

Change = tuple[int, int]
"""A size in bytes before and after."""


def size_pieces(image: TagImage, previous: TagImage | None) -> tuple[str, ...]:
    """Return size, change and platforms as short pieces, to be set one after the other.

    `84.2 MB, +1.3 MB (+1.6 %)` and `amd64, arm64`; where a few platforms differ, one piece for each; where many do,
    a range, the largest change, and all of their names.
    """
    if image.platforms and not _is_told_together(image):
        changes = _changes(image, previous)
        sizes = tuple(_one_platform(each, changes) for each in image.platforms)
        return (*sizes, SAME_IMAGE) if _is_same(image, previous) else sizes
    together = ", ".join(filter(None, [size_words(image), change_words(image, previous)]))
    return (together, *filter(None, [platforms_words(image)]))


def size_words(image: TagImage) -> str:
    """Write the size: `84.2 MB`; each platform's where few differ; `79.8 MB to 84.2 MB` where many do."""
    sizes = _sizes(image)
    if not sizes:
        return "size unknown"
    if not _is_told_together(image):
        return ", ".join(_one_platform(each, {}) for each in image.platforms)
    smallest, largest = format_size(min(sizes)), format_size(max(sizes))
    return smallest if smallest == largest else f"{smallest} to {largest}"


def size_cell(image: TagImage) -> Inline:
    """Write the size for a table: a number where there is only one."""
    sizes = set(_sizes(image))
    return size_words(image) if len(sizes) > 1 else Size(next(iter(sizes), None))


def change_words(image: TagImage, previous: TagImage | None) -> str:
    """Write what became of the size since the image before: `+1.3 MB (+1.6 %)`; empty when that is not known.

    Where the platforms differ in it, the largest change is told: `up to +1.3 MB (+1.6 %)`.
    """
    if _is_same(image, previous):
        return SAME_IMAGE
    changes = _changes(image, previous)
    if not changes:
        return ""
    words = {format_change(*change) for change in changes.values()}
    most = format_change(*max(changes.values(), key=lambda change: abs(change[1] - change[0])))
    return most if len(words) == 1 else f"up to {most}"


def platforms_words(image: TagImage) -> str:
    """Name the platforms, and count them where they are many; empty when Docker Hub lists none."""
    names = ", ".join(dict.fromkeys(short_platform(each.platform) for each in image.platforms))
    return f"{len(image.platforms)} platforms: {names}" if len(image.platforms) > _MOST_EACH else names


def lost_platforms(image: TagImage, previous: TagImage | None) -> tuple[str, ...]:
    """Return the platforms that the image before was for and this one is not; none where not all are known."""
    here = _names(image.platforms)
    before = _names(previous.platforms) if previous else ()
    return tuple(dict.fromkeys(each for each in before if here and each not in here))


def largest_size(image: TagImage) -> int | None:
    """Return the largest platform's size in bytes, else what Docker Hub calls the full size; None is unknown."""
    return max(_sizes(image), default=None)


def format_change(before: int, after: int) -> str:
    """Write how a number of bytes changed: `+1.3 MB (+1.6 %)`, `-200 B`, `same size`."""
    growth = after - before
    if not growth:
        return SAME_SIZE
    sign = "+" if growth > 0 else "-"
    share = abs(growth) / before * 100 if before > 0 else 0
    percent = f" ({sign}{format_percent(share)})" if share >= _LEAST_PERCENT else ""
    return f"{sign}{format_size(abs(growth))}{percent}"


def format_percent(share: float) -> str:
    """Write a share: `1.6 %`, `35 %`."""
    return f"{share:,.1f}{NO_BREAK}%" if share < _WHOLE_PERCENT else f"{share:,.0f}{NO_BREAK}%"


def format_size(size_bytes: int | None) -> str:
    """Write a number of bytes, held together: `84.2 MB`; None is unknown."""
    return format_bytes(size_bytes).replace(" ", NO_BREAK)


def format_growth(before: int, after: int) -> str:
    """Write by how much a number of bytes grew: the share, `35 %`; the difference where it was nothing before."""
    return format_percent((after - before) / before * 100) if before > 0 else format_size(after - before)


def short_platform(platform: str | None) -> str:
    """Return the platform without `linux/`, which goes without saying; None is unknown."""
    return (platform or UNKNOWN).removeprefix("linux/")


def _one_platform(image: PlatformImage, changes: dict[str, Change]) -> str:
    change = changes.get(image.platform or "")
    size = f"{short_platform(image.platform)} {format_size(image.size_bytes)}"
    return f"{size}, {format_change(*change)}" if change else size


def _is_told_together(image: TagImage) -> bool:
    return len(image.platforms) > _MOST_EACH or len({each.size_bytes for each in image.platforms}) <= 1


def _sizes(image: TagImage) -> list[int]:
    known = [each.size_bytes for each in image.platforms if each.size_bytes is not None]
    return known or ([] if image.size_bytes is None else [image.size_bytes])


def _is_same(image: TagImage, previous: TagImage | None) -> bool:
    return previous is not None and previous.digest == image.digest


def _changes(image: TagImage, previous: TagImage | None) -> dict[str, Change]:
    """Return the sizes before and after, by platform; the name is empty for an image without platforms.

    A platform that is there twice (as Windows is, once for each of its versions) is left out.
    """
    if previous is None or _is_same(image, previous):
        return {}
    before, after = _size_by_platform(previous), _size_by_platform(image)
    return {platform: (before[platform], size) for platform, size in after.items() if platform in before}


def _size_by_platform(image: TagImage) -> dict[str, int]:
    if not image.platforms:
        return {} if image.size_bytes is None else {"": image.size_bytes}
    times = Counter(each.platform for each in image.platforms)
    return {
        each.platform or "": each.size_bytes
        for each in image.platforms
        if each.size_bytes is not None and times[each.platform] == 1
    }


def _names(platforms: Iterable[PlatformImage]) -> tuple[str, ...]:
    """Return the platforms' names; none at all when one of them has none."""
    names = [each.platform for each in platforms]
    return tuple(name for name in names if name) if all(names) else ()
