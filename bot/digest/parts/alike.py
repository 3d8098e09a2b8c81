"""Which of the changes in images are told on one line, so that each is told once and few lines tell most. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.digest.parts.vulnerable import Change, Issue, Kind

MANY = 4
"""What happened in so many images is told by itself, whatever else happened in each of them: they have a base in
common."""
WHOLE = frozenset({Kind.IMAGE, Kind.ANALYSED})
"""The kinds that tell of an image as a whole."""


@dataclass(frozen=True)
class Together:
    """What is told on one line.

    Attributes:
        kind: What happened.
        issues: To which vulnerabilities, the worst first; never empty. Of whole images, those of each of them.
        names: In which images, by what a digest knows each by; never empty.
    """

    kind: Kind
    issues: tuple[Issue, ...]
    names: tuple[str, ...]


def together(changes: Iterable[Change]) -> list[Together]:
    """Return what is told on one line each."""
    of_whole: list[Change] = []
    others: list[Change] = []
    for change in changes:
        (of_whole if change.kind in WHOLE else others).append(change)
    return [*_alike(others), *_whole(of_whole)]


def _alike(changes: list[Change]) -> list[Together]:
    having: dict[tuple[Kind, str], list[str]] = {}
    for change in changes:
        for issue in change.issues:
            having.setdefault((change.kind, issue.id), []).append(change.name)
    in_many: dict[tuple[Kind, tuple[str, ...]], dict[str, Issue]] = {}
    in_few: dict[tuple[Kind, tuple[str, ...]], list[Change]] = {}
    shared = {key: tuple(names) for key, names in having.items() if len(names) >= MANY}
    for change in changes:
        few = []
        for issue in change.issues:
            names = shared.get((change.kind, issue.id))
            if names is None:
                few.append(issue)
            elif names[0] == change.name:  # Of the others it is told here, too.
                in_many.setdefault((change.kind, names), {})[issue.id] = issue
        if few:
            key = change.kind, tuple(issue.id for issue in few)
            in_few.setdefault(key, []).append(Change(change.name, change.kind, tuple(few)))
    return [
        *(Together(kind, tuple(issues.values()), names) for (kind, names), issues in in_many.items()),
        *(Together(kind, its[0].issues, tuple(each.name for each in its)) for (kind, _), its in in_few.items()),
    ]


def _whole(changes: list[Change]) -> list[Together]:
    """Return a line for each image; one for all that are alike bad, where they are many."""
    alike: dict[tuple[Kind, str], list[Change]] = {}
    for change in changes:
        alike.setdefault((change.kind, change.issues[0].severity), []).append(change)
    found = []
    for its in alike.values():
        lines = [its] if len(its) >= MANY else [[each] for each in its]
        for some in lines:
            issues = tuple(issue for each in some for issue in each.issues)
            found.append(Together(some[0].kind, issues, tuple(each.name for each in some)))
    return found
