"""Platforms, as Docker writes them: `linux/arm64/v8`; and shorter, as people do: `arm64`, `linux/arm64`, `arm64/v8`."""

import re
from collections.abc import Sequence

from bot.words import quoted

_PLATFORM = re.compile(r"(?:[a-z0-9]+/)?[a-z0-9_]+(?:/[a-z0-9.]+)?")
_LONGEST = 100


def check_platform(text: str) -> str:
    """Return the platform in lower case.

    Raises:
        ValueError: No platform is written like this; the message is a sentence.
    """
    lowered = text.lower()
    if len(lowered) > _LONGEST or not _PLATFORM.fullmatch(lowered):
        raise ValueError(f"{quoted(lowered)} is not a platform; write it like `linux/arm64` or `arm64`.")
    return lowered


def matches(wanted: str, platform: str) -> bool:
    """Return whether the platform is the one asked for, with the operating system and variant left out or not."""
    wanted_parts, parts = wanted.lower().split("/"), platform.lower().split("/")
    return wanted_parts in (parts[: len(wanted_parts)], parts[1 : 1 + len(wanted_parts)])


def is_wanted(wanted: Sequence[str] | None, platforms: Sequence[str | None] | None) -> bool:
    """Return whether an image is for one of the platforms asked for.

    Args:
        wanted: What is asked for; None or nothing: whatever it is for.
        platforms: What the image is for. Where that is not known, in whole or in part, it may be the one asked for.
    """
    if not wanted or not platforms:
        return True
    return any(each is None or any(matches(one, each) for one in wanted) for each in platforms)
