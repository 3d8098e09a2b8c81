"""Which pushes, or builds, are wanted: the one grammar for it, in commands, file and database. Pure.

Of the same kind, one that fits is enough; of different kinds, each must fit; what leaves out wins.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot import platforms
from bot.pushes.model import BuildEnds, Threads
from bot.pushes.semver import Range, parse_range
from bot.words import quoted

MOST_GLOBS = 50
LONGEST_GLOB = 200
# What stands for itself, beside the two signs. A tag has no other characters; of a pusher's name nobody promises
# anything, and `?` stands for what is missing here.
_TAG_GLOB = re.compile(r"[A-Za-z0-9._*?-]+")
_PUSHER_GLOB = re.compile(r"[A-Za-z0-9._@+/:*?-]+")


def check_tag_glob(text: str) -> str:
    """Return the glob.

    Raises:
        ValueError: No tag can match it; the message is a sentence.
    """
    return _checked(text, _TAG_GLOB, "a pattern for tags: letters, digits, `.`, `_` and `-`")


def check_pusher_glob(text: str) -> str:
    """Return the glob in lower case: Docker Hub does not tell names apart by it.

    Raises:
        ValueError: It holds something that no user name does; the message is a sentence.
    """
    return _checked(text, _PUSHER_GLOB, "a pattern for user names: letters, digits and `. _ - @ + / :`").lower()


def _checked(text: str, allowed: re.Pattern[str], what: str) -> str:
    if len(text) > LONGEST_GLOB or not allowed.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is not {what}, with `*` for any and `?` for one; at most {LONGEST_GLOB} characters."
        )
    return text


def check_range(text: str) -> str:
    """Return the range of versions in its canonical form.

    Raises:
        ValueError: It is none; the message is a sentence.
    """
    return parse_range(text).text


def _in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """Put into the one order in which equal choices are equal."""
    return tuple(sorted(set(values)))


_Several = Field(max_length=MOST_GLOBS)
TagGlobs = Annotated[tuple[Annotated[str, AfterValidator(check_tag_glob)], ...], _Several, AfterValidator(_in_order)]
PusherGlobs = Annotated[
    tuple[Annotated[str, AfterValidator(check_pusher_glob)], ...], _Several, AfterValidator(_in_order)
]
Platforms = Annotated[
    tuple[Annotated[str, AfterValidator(platforms.check_platform)], ...], _Several, AfterValidator(_in_order)
]
VersionRange = Annotated[str, AfterValidator(check_range)]


def check_together(builds: BuildEnds | None, *about_pushes: object) -> None:
    """Return if what is said goes together.

    Args:
        builds: Whether builds are wanted.
        about_pushes: What can be said of pushes alone; empty where it is not said.

    Raises:
        ValueError: Builds are wanted, and something is said that nobody tells of a build; the message is a sentence.
    """
    if builds and any(about_pushes):
        raise ValueError("`builds` goes with tags and versions: pusher, platform and threads are about pushes")


class Filters(BaseModel):
    """Which pushes of a repository are wanted, and how they are shown. All of them, unless something is said.

    Equal filters are equal values, in whatever order they were written. As JSON, what is not said is left out.

    Attributes:
        builds: These ends of builds are wanted, and no pushes; None: pushes, and no builds.
        tag, not_tag: Globs (`*`, `?`) for the tag; upper and lower case differ.
        pusher, not_pusher: Globs for the Docker Hub user who pushed; upper and lower case are the same.
        semver: A range of versions, see `bot.pushes.semver`; a tag that is no version is not in it.
        platform: The image must be for one of these; see `bot.platforms`.
        threads: Which of the messages share a thread.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    builds: BuildEnds | None = None
    tag: TagGlobs = ()
    not_tag: TagGlobs = ()
    pusher: PusherGlobs = ()
    not_pusher: PusherGlobs = ()
    semver: VersionRange | None = None
    platform: Platforms = ()
    threads: Threads = Threads.NEVER

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        threads = self.threads is not Threads.NEVER
        check_together(self.builds, self.pusher, self.not_pusher, self.platform, threads)
        return self

    def admits(self, tag: str, pusher: str) -> bool:
        """Return whether a push is wanted, as far as its webhook tells.

        Args:
            tag: Empty: the push named none. It is wanted unless certain tags are asked for.
            pusher: Empty: nobody knows. Likewise.
        """
        if self.builds:
            return False
        return self._admits_tag(tag) and _fits(pusher.lower(), self.pusher, self.not_pusher)

    def admits_build(self, tag: str, *, has_failed: bool) -> bool:
        """Return whether the end of a build is wanted.

        Args:
            tag: That it makes. Empty: nobody knows; it is wanted unless certain tags are asked for.
            has_failed: Whether it failed.
        """
        return (self.builds is BuildEnds.ALL or (self.builds is not None and has_failed)) and self._admits_tag(tag)

    def _admits_tag(self, tag: str) -> bool:
        return _fits(tag, self.tag, self.not_tag) and (self.semver is None or self._range.admits(tag))

    @property
    def _range(self) -> Range:
        return parse_range(self.semver or "")

    def admits_platforms(self, known: Sequence[str | None] | None) -> bool:
        """Return whether an image for these platforms is wanted; what is not known may be what is wanted."""
        return platforms.is_wanted(self.platform, known)

    def to_json(self) -> dict[str, Any]:
        """Return what is said, as it is stored."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def words(self) -> str:
        """Return the filters as options that can be typed; empty when there are none."""
        return " ".join(f"--{name} {shlex.quote(value)}" for name, value in self._said())

    def _said(self) -> Iterator[tuple[str, str]]:
        for name, value in self.to_json().items():
            for each in value if isinstance(value, list) else [value]:
                yield name.replace("_", "-"), each


def _fits(text: str, included: Sequence[str], excluded: Sequence[str]) -> bool:
    """Return whether something fits; what is not known is neither one of those asked for nor of those left out."""
    if not text:
        return not included
    if any(glob_matches(glob, text) for glob in excluded):
        return False
    return not included or any(glob_matches(glob, text) for glob in included)


def glob_matches(glob: str, text: str) -> bool:
    """Return whether the whole text fits the glob: `*` is any characters or none, `?` is one, all else itself."""
    return _compiled(glob).match(text) is not None


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    # `fnmatch` does not go back over what a `*` has taken, so no pattern is slow. Its `[…]` is not ours.
    return re.compile(translate(glob.replace("[", "[[]")))
