"""Which tags of a repository are to be deleted: by their names, or by a rule. Pure.

All conditions of a rule hold together. What is spared although it was named or fits is said, with the reason: what is
protected, `latest` unless somebody named it, the newest ones that are to be kept, and whatever is asked for and Docker
Hub does not tell: when a tag was pushed, which image it has, and when it was pulled. Of a tag that nobody has pulled
Docker Hub tells no pull either. So a pull that it does not tell counts as none where it tells those of other tags of
the repository, and where it tells of none at all as unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from bot.fleet.model import LATEST, TagSnapshot
from bot.fleet.protection import Protection
from bot.fleet.staleness import Freshness, Limits, judge

NOT_THERE = "there is no such tag"
PUSH_UNKNOWN = "Docker Hub does not tell when it was pushed"
PULL_UNKNOWN = "Docker Hub does not tell when it was pulled"
PULLS_UNTOLD = "Docker Hub does not tell of any tag here when it was pulled"
IMAGE_UNKNOWN = "Docker Hub does not tell its image"
KEPT_LATEST = "it is `latest`, which has to be named outright"


@dataclass(frozen=True)
class Rule:
    """Which tags are meant. A condition that is None is none.

    Attributes:
        match: A glob (`*`, `?`) for their names.
        older: Pushed longer ago than that.
        not_pulled: Pulled longer ago than that.
        keep: So many of those that match are spared, the ones pushed last.
        limits: Stale by these.
    """

    match: str | None = None
    older: timedelta | None = None
    not_pulled: timedelta | None = None
    keep: int | None = None
    limits: Limits | None = None


@dataclass(frozen=True)
class Spared:
    """A tag that was meant and is not deleted.

    Attributes:
        name: The tag.
        why: A clause, with code in backticks.
    """

    name: str
    why: str


@dataclass(frozen=True)
class Selection:
    """What is to be deleted.

    Attributes:
        doomed: The tags, oldest first.
        spared: What was meant and is left, in the order of names.
        staying: Every tag that is left.
    """

    doomed: tuple[TagSnapshot, ...]
    spared: tuple[Spared, ...]
    staying: tuple[TagSnapshot, ...]

    @property
    def shared(self) -> dict[str, str]:
        """By tag that is to be deleted, a tag that stays and points to the same image: no storage comes of it."""
        staying = {digest: tag.name for tag in reversed(self.staying) for digest in _digests(tag)}
        found = (
            (tag.name, next((staying[each] for each in _digests(tag) if each in staying), None)) for tag in self.doomed
        )
        return {name: other for name, other in found if other is not None}

    @property
    def size_bytes(self) -> int | None:
        """How large the images are, compressed, that no tag points to afterwards; None: of one it is unknown.

        It is right where `staying` is all that stays.
        """
        staying = {digest for tag in self.staying for digest in _digests(tag)}
        sizes: dict[str, int | None] = {}
        for tag in self.doomed:
            for number, platform in enumerate(tag.platforms):
                key = platform.digest or f"{tag.name}/{number}"
                if key not in staying and tag.digest not in staying:
                    sizes[key] = platform.size_bytes
            if not tag.platforms and tag.digest not in staying:
                sizes[tag.digest or tag.name] = tag.size_bytes
        known = [size for size in sizes.values() if size is not None]
        return sum(known) if len(known) == len(sizes) else None


def select_named(tags: Sequence[TagSnapshot], names: Iterable[str], protection: Protection) -> Selection:
    """Return what is to be deleted of those that somebody named."""
    wanted = dict.fromkeys(names)
    found = [tag for tag in tags if tag.name in wanted]
    there = {tag.name for tag in found}
    missing = [Spared(name, NOT_THERE) for name in wanted if name not in there]
    tells_pulls = _tells_pulls(tags)
    spared = [Spared(tag.name, why) for tag in found if (why := _why_spared(tag, protection, tells_pulls=tells_pulls))]
    return _selection(tags, found, [*spared, *missing])


def select_by_rule(tags: Sequence[TagSnapshot], rule: Rule, protection: Protection, now: datetime) -> Selection:
    """Return what is to be deleted of those that fit a rule."""
    matching = [tag for tag in tags if rule.match is None or fnmatchcase(tag.name, rule.match)]
    newest = sorted((tag for tag in matching if tag.pushed_at), key=_by_push, reverse=True)[: rule.keep or 0]
    kept = {tag.name for tag in newest}
    tells_pulls = _tells_pulls(tags)
    found: list[TagSnapshot] = []
    spared: list[Spared] = []
    for tag in matching:
        verdict = _fits(tag, rule, now)
        if verdict is None:
            continue
        why = verdict or _why_spared(tag, protection, tells_pulls=tells_pulls)
        if not why and tag.name == LATEST:
            why = KEPT_LATEST
        if not why and tag.name in kept:
            why = f"it is one of the {rule.keep:,} pushed last"
        found.append(tag)
        if why:
            spared.append(Spared(tag.name, why))
    return _selection(tags, found, spared)


def _selection(tags: Sequence[TagSnapshot], found: Iterable[TagSnapshot], spared: Sequence[Spared]) -> Selection:
    left = {each.name for each in spared}
    doomed = sorted((tag for tag in found if tag.name not in left), key=_by_push)
    gone = {tag.name for tag in doomed}
    staying = tuple(tag for tag in tags if tag.name not in gone)
    return Selection(tuple(doomed), tuple(sorted(spared, key=lambda each: each.name)), staying)


def _why_spared(tag: TagSnapshot, protection: Protection, *, tells_pulls: bool) -> str:
    """Return why a tag is not deleted, however it was meant; empty: it may be."""
    if reason := protection.reason(tag.name):
        return reason
    if tag.pushed_at is None:
        return PUSH_UNKNOWN
    if not _digests(tag):
        return IMAGE_UNKNOWN
    return "" if tag.pulled_at or tells_pulls else PULLS_UNTOLD


def _tells_pulls(tags: Iterable[TagSnapshot]) -> bool:
    return any(tag.pulled_at is not None for tag in tags)


def _fits(tag: TagSnapshot, rule: Rule, now: datetime) -> str | None:
    """Return an empty text if a tag fits, None if it does not, or why that cannot be told."""
    unknown = ""
    if rule.older is not None:
        if tag.pushed_at is None:
            unknown = PUSH_UNKNOWN
        elif now - tag.pushed_at <= rule.older:
            return None
    if rule.limits is not None:
        match judge(tag, rule.limits, now).freshness:
            case Freshness.FRESH | Freshness.EXEMPT:
                return None
            case Freshness.UNKNOWN:
                unknown = PUSH_UNKNOWN
    if rule.not_pulled is not None:
        if tag.pulled_at is None:
            unknown = unknown or PULL_UNKNOWN
        elif now - tag.pulled_at <= rule.not_pulled:
            return None
    return unknown


def _by_push(tag: TagSnapshot) -> tuple[float, str]:
    return (tag.pushed_at.timestamp() if tag.pushed_at else 0.0, tag.name)


def _digests(tag: TagSnapshot) -> list[str]:
    return [digest for digest in (tag.digest, *(each.digest for each in tag.platforms)) if digest]
