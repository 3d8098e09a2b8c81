"""Tags read as versions, as far as they are.

Tags are no strict semantic versions: `v1.2`, `1.27-alpine`, `2024.11`. They are read leniently (any number of dotted
numbers, an optional `v`, an optional pre-release after a hyphen) and ordered by the precedence of
https://semver.org/#spec-item-11.
"""

import re
from dataclasses import dataclass
from functools import total_ordering

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+)*)(?:[-.](?P<pre>[A-Za-z][0-9A-Za-z.-]*))?(?:\+.*)?")


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """A tag that reads as a version.

    Attributes:
        numbers: The dotted numbers, without trailing zeros: `1.2` and `1.2.0` are the same version.
        pre_release: What follows the hyphen, split at dots; empty for a release.
    """

    numbers: tuple[int, ...]
    pre_release: tuple[str, ...] = ()

    @property
    def _key(self) -> tuple[object, ...]:
        identifiers = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre_release)
        # A release comes after all of its pre-releases.
        return (self.numbers, not self.pre_release, identifiers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: "Version") -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)


def parse_version(tag: str) -> Version | None:
    """Return the tag as a version, or None when it is none (`latest`, `sha-1f3c`, `pr-12`)."""
    found = _VERSION.fullmatch(tag)
    if not found:
        return None
    numbers = [int(part) for part in found["numbers"].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return Version(tuple(numbers), tuple((found["pre"] or "").split(".")) if found["pre"] else ())
