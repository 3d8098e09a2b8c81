"""When an image is stale: older than the limit for tags of its name. Pure.

Limits are rules, a pattern for tags and an age each. Where several fit, the most specific one holds, in whatever order
they were written: so none is ever hidden by a wider one. A tag whose time of push nobody knows is neither stale nor
fresh.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.ages import read_age
from bot.fleet.model import TagSnapshot
from bot.words import quoted

DEFAULT_AGE = timedelta(days=30)
SHORTEST_AGE, LONGEST_AGE = timedelta(hours=1), timedelta(days=3_650)
NEVER = "never"
LONGEST_PATTERN = 128
"""As long as a tag can be."""

_PATTERN = re.compile(r"[A-Za-z0-9._*?-]+", re.ASCII)
_DAYS = re.compile(r"[0-9]{1,5}", re.ASCII)
_SIGNS = frozenset("*?")
_MINUTE = timedelta(minutes=1)
_LAST = datetime.max.replace(tzinfo=UTC)


def read_limit(text: str) -> timedelta | None:
    """Read from which age on something is stale: `12h`, `7d`, `4w`, or a number of days; None: `never`.

    Raises:
        ValueError: It is none of these, or too short or too long; the message is a sentence.
    """
    word = text.strip().lower()
    if word == NEVER:
        return None
    try:
        age = read_age(f"{word}d" if _DAYS.fullmatch(word) else word)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{quoted(text)} is not an age, like `12h`, `7d` or `4w`.") from error
    if not SHORTEST_AGE <= age <= LONGEST_AGE or age % _MINUTE:
        raise ValueError(f"{quoted(text)} is not an age from `1h` to `{LONGEST_AGE.days}d`.")
    return age


def limit_words(age: timedelta | None) -> str:
    """Return an age, of whole minutes, as it is typed: `30d`, `12h`, `never`."""
    if age is None:
        return NEVER
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1))):
        if not age % length:
            return f"{age // length}{unit}"
    return f"{age // _MINUTE}m"


def check_pattern(text: str) -> str:
    """Return a tag, or a pattern for tags, unchanged.

    Raises:
        ValueError: No tag can match it; the message is a sentence.
    """
    if len(text) > LONGEST_PATTERN or not _PATTERN.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a tag, nor a pattern for tags with `*` and `?`, like `pr-*`.")
    return text


@dataclass(frozen=True)
class Rule:
    """From which age on certain tags are stale.

    Attributes:
        pattern: A tag, or a glob (`*`, `?`) for tags.
        age: None: they never are.
    """

    pattern: str
    age: timedelta | None

    def fits(self, tag: str) -> bool:
        """Return whether the rule is about a tag."""
        return fnmatchcase(tag, self.pattern)

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """Orders rules, the most specific first: a name, then patterns with more letters, then those with fewer `*`."""
        letters = sum(each not in _SIGNS for each in self.pattern)
        return bool(_SIGNS & set(self.pattern)), -letters, self.pattern.count("*"), self.pattern


@dataclass(frozen=True)
class Limits:
    """From which age on the tags of a namespace are stale.

    Attributes:
        rules: In any order, each pattern once.
        default: For tags that no rule fits.
    """

    rules: Sequence[Rule] = field(default=())
    default: timedelta = DEFAULT_AGE

    def __post_init__(self) -> None:
        """Put the rules into the order in which they hold."""
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=lambda rule: rule.rank)))

    def rule_of(self, tag: str) -> Rule | None:
        """Return the rule that holds for a tag; None: the default does."""
        return next((rule for rule in self.rules if rule.fits(tag)), None)

    def age_of(self, tag: str) -> timedelta | None:
        """Return from which age on a tag is stale; None: it never is."""
        rule = self.rule_of(tag)
        return rule.age if rule else self.default

    @property
    def longest(self) -> timedelta | None:
        """The age from which on every tag is stale, whatever it is called; None: some never are."""
        ages = [rule.age for rule in self.rules]
        if not any(rule.pattern == "*" for rule in self.rules):
            ages.append(self.default)
        known = [age for age in ages if age is not None]
        return max(known) if len(known) == len(ages) else None

    def asked(self, age: timedelta) -> "Limits":
        """Return what holds where somebody asks for an age of their own: it, and what never is stale."""
        return Limits(tuple(rule if rule.age is None else replace(rule, age=age) for rule in self.rules), age)


class Freshness(StrEnum):
    """What an image is found to be."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"
    """Nobody knows when it was pushed."""
    EXEMPT = "exempt"
    """A rule says that it never is stale."""


@dataclass(frozen=True)
class Verdict:
    """What an image is found to be, and by which limit.

    Attributes:
        freshness: What it is.
        limit: From which age on it is stale; None: never.
        rule: That says so; None: none does, so the default holds.
        stale_at: When it became stale, or will (UTC); None: never, or nobody knows.
    """

    freshness: Freshness
    limit: timedelta | None = None
    rule: Rule | None = None
    stale_at: datetime | None = None

    @property
    def is_stale(self) -> bool:
        """Whether it is known to be stale."""
        return self.freshness is Freshness.STALE


def judge(tag: TagSnapshot, limits: Limits, now: datetime) -> Verdict:
    """Return whether a tag is stale, and since when.

    It is from the very moment on at which its age reaches the limit: so of the times between two looks each belongs to
    exactly one.

    Args:
        tag: As Docker Hub showed it.
        limits: Of its namespace.
        now: UTC.
    """
    rule = limits.rule_of(tag.name)
    limit = rule.age if rule else limits.default
    if limit is None:
        return Verdict(Freshness.EXEMPT, rule=rule)
    if tag.pushed_at is None:
        return Verdict(Freshness.UNKNOWN, limit, rule)
    stale_at = _after(tag.pushed_at, limit)
    return Verdict(Freshness.STALE if stale_at <= now else Freshness.FRESH, limit, rule, stale_at)


def judge_repository(pushed_at: datetime | None, limits: Limits, now: datetime) -> Verdict | None:
    """Return what holds for every tag of a repository alike, as nothing in it is newer than its last push.

    Args:
        pushed_at: Its last push (UTC); None: nobody knows.
        limits: Of its namespace.
        now: UTC.

    Returns:
        That all of it is stale; None: that depends on the tag.
    """
    longest = limits.longest
    if pushed_at is None or longest is None or _after(pushed_at, longest) > now:
        return None
    return Verdict(Freshness.STALE, longest, stale_at=_after(pushed_at, longest))


def _after(moment: datetime, length: timedelta) -> datetime:
    return _LAST if moment > _LAST - length else moment + length
