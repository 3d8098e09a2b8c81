"""Which tags are never deleted: those that the configuration file protects, and those that Docker Hub does not let go.

Docker Hub refuses to delete immutable tags by itself. Their rules are looked at here so that nobody is shown as about
to be deleted what will not be; and a rule that cannot be judged safely protects everything.

Source: https://docs.docker.com/docker-hub/repos/manage/hub-images/immutable-tags/ (rules are RE2 expressions).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.hub.repositories import ImmutableTags
from bot.words import quoted

_LONGEST_RULE = 200
_MOST_REPETITIONS = 3
# RE2 takes the same time for whatever rule. Python does not: a repeated group, or many repetitions, may take for ever.
_REPEATED_GROUP = re.compile(r"\)\s*[*+?{]")
_REPETITION = re.compile(r"[*+{]")


@dataclass(frozen=True)
class Protection:
    """What keeps the tags of a repository from being deleted.

    Attributes:
        patterns: Globs (`*`, `?`) for tags, of the configuration file.
        immutable: What Docker Hub keeps as it is; None: it does not say.
    """

    patterns: Sequence[str] = ()
    immutable: ImmutableTags | None = None

    def reason(self, tag: str) -> str:
        """Return why a tag is never deleted, as a clause with code in backticks; empty: nothing is in the way."""
        pattern = next((each for each in self.patterns if fnmatchcase(tag, each)), None)
        if pattern is not None:
            return f"protected by the configuration file ({quoted(pattern)})"
        return self._immutability(tag)

    def _immutability(self, tag: str) -> str:
        settings = self.immutable
        # Whoever switches it off may leave the rules as they are.
        if settings is None or settings.enabled is False or (settings.enabled is None and not settings.rules):
            return ""
        if not settings.rules:
            return "the tags of this repository are immutable"
        for rule in settings.rules:
            matches = _matches(rule, tag)
            if matches is None:
                return f"perhaps immutable: the rule {quoted(rule)} is too intricate to be judged here"
            if matches:
                return f"immutable at Docker Hub ({quoted(rule)})"
        return ""


def _matches(rule: str, tag: str) -> bool | None:
    """Return whether a rule is about a tag, all of it; None: that cannot be told without risk."""
    is_simple = len(rule) <= _LONGEST_RULE and not _REPEATED_GROUP.search(rule)
    if not is_simple or len(_REPETITION.findall(rule)) > _MOST_REPETITIONS:
        return None
    try:
        return re.fullmatch(rule, tag) is not None
    except (re.error, OverflowError, RecursionError):
        return None
