"""How the vulnerabilities of images differ from what they were. Pure.

What an image has is open or accepted. Accepting is what somebody here did, and no news; that an acceptance has ended
is, because then something is open again. A vulnerability may come to be called otherwise (an advisory gets its CVE):
one that had any of its names before is the same one.

An image that came since is told of as a whole, and so is one that was there and is analysed at last; unless nobody
could look at where it is, ever: nobody knows then whether it is new.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from bot.digest.parts.looking import places
from bot.fleet.vulnerabilities.model import Severity, Vulnerability

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
BAD = (Severity.CRITICAL, Severity.HIGH)
"""What is told of a new image, and what is drawn."""

Kept = tuple[str, Severity, bool]
"""A vulnerability as a digest remembers it: what it was called, how bad it was, whether it was accepted."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A vulnerability of an image.

    Attributes:
        id: What it is called.
        severity: How bad it is.
        names: All that it is called, `id` among them.
        package: What is so bad; empty: nobody knows any more.
        fixed_by: The version of that without it; None: there is none, or nobody knows.
        is_accepted: Whether somebody lives with it for now.
    """

    id: str
    severity: Severity
    names: frozenset[str]
    package: str = ""
    fixed_by: str | None = None
    is_accepted: bool = False

    @property
    def kept(self) -> Kept:
        """What is remembered of it."""
        return self.id, self.severity, self.is_accepted


class Known(BaseModel):
    """What a digest knew of images. Images on the same base share most of what they have, so each is kept once.

    Attributes:
        issues: All there were.
        images: By what a digest knows each by, which of those it had.
        unanalysed: Images that were there, and of which nothing was known.
        blind: What could not be looked at, from the first time on: images, repositories, namespaces.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    issues: tuple[Kept, ...] = ()
    images: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    unanalysed: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()

    def of(self, name: str) -> list[Kept] | None:
        """Return what an image had; None: nobody knew."""
        found = self.images.get(name)
        return None if found is None else [self.issues[place] for place in found]

    @classmethod
    def gathered(cls, images: Mapping[str, Iterable[Kept]]) -> "Known":
        """Return what is to be remembered of images."""
        numbers: dict[Kept, int] = {}
        found = {name: tuple(numbers.setdefault(each, len(numbers)) for each in kept) for name, kept in images.items()}
        return cls(issues=tuple(numbers), images=found)


class Kind(StrEnum):
    """What happened."""

    NEW = "new"
    RAISED = "worse"
    """It was there, and less severe."""
    REOPENED = "open again"
    FIXED = "fixed"
    IMAGE = "new image"
    ANALYSED = "analysed for the first time"


@dataclass(frozen=True)
class Change:
    """What happened to an image.

    Attributes:
        name: The image, by what a digest knows it by.
        kind: What.
        issues: To which vulnerabilities, the worst first; never empty. Of a whole image, those that are `BAD`.
    """

    name: str
    kind: Kind
    issues: tuple[Issue, ...]


class Issues:
    """Makes issues of findings. Images on the same base share their findings, and so these."""

    def __init__(self) -> None:
        # By the finding itself: to compare thousands of equal ones takes longer than all the rest.
        self._known: dict[tuple[int, bool], tuple[Vulnerability, Issue]] = {}

    def of(self, still_open: Iterable[Vulnerability], accepted: Iterable[Vulnerability] = ()) -> tuple[Issue, ...]:
        """Return the vulnerabilities of an image, each once: as it is in the package in which it is worst."""
        worst: dict[str, Issue] = {}
        for findings, is_accepted in ((still_open, False), (accepted, True)):
            for finding in findings:
                issue = self._issue(finding, is_accepted=is_accepted)
                known = worst.get(issue.id)
                if known is None or _RANKS[issue.severity] < _RANKS[known.severity]:
                    worst[issue.id] = issue
        return tuple(worst.values())

    def _issue(self, finding: Vulnerability, *, is_accepted: bool) -> Issue:
        key = (id(finding), is_accepted)
        known = self._known.get(key)
        if known is None:
            made = Issue(
                finding.id, finding.severity, finding.names, finding.package, finding.fixed_by, is_accepted=is_accepted
            )
            # The finding is kept too, so that no other one gets its place.
            known = self._known[key] = (finding, made)
        return known[1]


def compare(
    before: Known | None,
    images: Mapping[str, Collection[Issue]],
    *,
    unanalysed: Collection[str] = (),
    unchecked: Collection[str] = (),
) -> tuple[tuple[Change, ...], Known]:
    """Return what happened, and what to remember.

    An image of which nothing is known now stays what it was.

    Args:
        before: What was known; None: nothing, and nothing is new then.
        images: What they have now, by what a digest knows each by; only those of which that is known.
        unanalysed: The images that are there as well.
        unchecked: What could not be looked at: images, repositories, namespaces.
    """
    had = before or Known()
    found = {name: [each.kept for each in issues] for name, issues in images.items()}
    for name in had.images.keys() - found.keys():
        if name in unanalysed or _is_in(name, unchecked):
            found[name] = had.of(name) or []
    waiting = {*unanalysed, *(name for name in had.unanalysed if _is_in(name, unchecked))} - found.keys()
    blind = frozenset(unchecked)
    if before is not None:
        still = {each for each in unchecked if _is_in(each, had.blind)}
        blind = frozenset(still | {each for each in had.blind if _is_in(each, unchecked)})
    changes = [change for name, issues in images.items() for change in _changes(had, name, issues)] if before else []
    known = Known.gathered(found).model_copy(update={"unanalysed": frozenset(waiting), "blind": blind})
    return tuple(changes), known


def _is_in(name: str, subjects: Collection[str]) -> bool:
    return any(place in subjects for place in places(name))


def _changes(had: Known, name: str, issues: Collection[Issue]) -> Iterator[Change]:
    before = had.of(name)
    if before is not None:
        yield from _changes_since(before, name, issues)
    elif name in had.unanalysed or not _is_in(name, had.blind):
        bad = [issue for issue in issues if issue.severity in BAD and not issue.is_accepted]
        if bad:
            kind = Kind.ANALYSED if name in had.unanalysed else Kind.IMAGE
            yield Change(name, kind, tuple(sorted(bad, key=_rank)))


def _changes_since(before: list[Kept], name: str, issues: Collection[Issue]) -> Iterator[Change]:
    had = {each: (severity, is_accepted) for each, severity, is_accepted in before}
    found: dict[Kind, list[Issue]] = {kind: [] for kind in Kind}
    for issue in issues:
        if issue.is_accepted:
            continue
        earlier = [had[issue.id]] if issue.id in had else [had[each] for each in issue.names if each in had]
        if not earlier:
            found[Kind.NEW].append(issue)
        elif all(is_accepted for _, is_accepted in earlier):
            found[Kind.REOPENED].append(issue)
        elif issue.severity in BAD and all(_RANKS[issue.severity] < _RANKS[severity] for severity, _ in earlier):
            found[Kind.RAISED].append(issue)
    there = {issue.id for issue in issues}
    gone = [(each, severity) for each, severity, _ in before if each not in there]
    if gone:
        there = {each for issue in issues for each in issue.names}
        found[Kind.FIXED] = [Issue(each, how, frozenset({each})) for each, how in gone if each not in there]
    for kind, its in found.items():
        if its:
            yield Change(name, kind, tuple(sorted(its, key=_rank)))


def _rank(issue: Issue) -> tuple[int, str]:
    return _RANKS[issue.severity], issue.id
