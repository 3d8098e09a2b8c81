"""Where to look for pushes that no webhook tells of. Pure, but for `load_subjects`.

A *subject* is looked at as a whole: a namespace, by a listing of its repositories, or one repository, by its tags. Our
own namespaces have webhooks, and are looked through in case one was lost. Everybody else's have none for us: a
repository that a subscription names is polled, and the namespace of a glob is listed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import Connection, Text, cast, select

from bot.images import InvalidReferenceError, RepositoryName, check_tag
from bot.pushes.filters import Filters
from bot.pushes.patterns import Pattern
from bot.store.tables import subscriptions

MOST_SINGLE_TAGS = 5
"""Of so many tags each is asked for by itself; for more, one page of the newest is cheaper."""


@dataclass(frozen=True)
class Interest:
    """A subscription, as far as looking is concerned.

    Attributes:
        pattern: Which repositories.
        filters: Which of their pushes.
        since: When it began (UTC); what was pushed before is no news to it.
    """

    pattern: Pattern
    filters: Filters
    since: datetime


@dataclass(frozen=True)
class Subject:
    """Something to look at.

    Attributes:
        namespace: Lower case.
        repository: None: all of the namespace that is of interest.
        is_own: Whether the namespace is one of ours.
        interests: Why; at least one.
    """

    namespace: str
    repository: RepositoryName | None
    is_own: bool
    interests: tuple[Interest, ...]

    @property
    def key(self) -> str:
        """What the row of `sightings` is called: `acme/` or `library/python`."""
        return f"{self.namespace}/" if self.repository is None else str(self.repository)

    @property
    def since(self) -> datetime:
        """When it was first wanted (UTC)."""
        return min(interest.since for interest in self.interests)

    @property
    def single_tags(self) -> tuple[str, ...]:
        """The tags to ask for one by one, because nobody cares for any other and they are few; else empty."""
        wanted: set[str] = set()
        for interest in self.interests:
            if not interest.filters.tag or not all(map(_is_tag, interest.filters.tag)):
                return ()
            wanted.update(interest.filters.tag)
        return tuple(sorted(wanted)) if len(wanted) <= MOST_SINGLE_TAGS else ()

    def covers(self, repository: RepositoryName) -> bool:
        """Return whether any of the repository's pushes may be wanted."""
        return any(interest.pattern.matches(repository) for interest in self.interests)

    def wanted_since(self, repository: RepositoryName, tag: str, pusher: str) -> datetime | None:
        """Return since when pushes like this are wanted (UTC); None: they are not."""
        moments = [
            interest.since
            for interest in self.interests
            if interest.pattern.matches(repository) and interest.filters.admits(tag, pusher)
        ]
        return min(moments, default=None)


def load_subjects(connection: Connection, workspace: str, own: Collection[str]) -> tuple[Subject, ...]:
    """Return what a workspace's subscriptions to pushes ask to look at; see `subjects_of`."""
    rows = connection.execute(
        select(
            subscriptions.c.namespace,
            subscriptions.c.name,
            cast(subscriptions.c.filters, Text).label("filters"),  # As text, of which there are few different ones.
            subscriptions.c.created_at,
        ).where(subscriptions.c.workspace == workspace)
    )
    interests = (Interest(Pattern(row.namespace, row.name), _filters_of(row.filters), row.created_at) for row in rows)
    return subjects_of((interest for interest in interests if not interest.filters.builds), own)


def subjects_of(interests: Iterable[Interest], own: Collection[str]) -> tuple[Subject, ...]:
    """Return what to look at: our own namespaces first, then in the order of the keys.

    Args:
        interests: All subscriptions.
        own: Our namespaces, lower case.
    """
    by_namespace: defaultdict[str, list[Interest]] = defaultdict(list)
    for interest in interests:
        by_namespace[interest.pattern.namespace].append(interest)
    found = (
        subject
        for namespace, several in by_namespace.items()
        for subject in _subjects_in(namespace, several, is_own=namespace in own)
    )
    return tuple(sorted(found, key=lambda subject: (not subject.is_own, subject.key)))


def _subjects_in(namespace: str, interests: Sequence[Interest], *, is_own: bool) -> Iterator[Subject]:
    if is_own or not all(interest.pattern.is_exact for interest in interests):
        # A listing that is needed anyway shows what single repositories would be polled for.
        yield Subject(namespace, None, is_own, tuple(interests))
        return
    by_name: defaultdict[str, list[Interest]] = defaultdict(list)
    for interest in interests:
        by_name[interest.pattern.name].append(interest)
    for name, several in by_name.items():
        yield Subject(namespace, RepositoryName(namespace, name), is_own, tuple(several))


@lru_cache(maxsize=4096)
def _filters_of(text: str) -> Filters:
    """Read the filters of a row; what a later version wrote and we cannot read leaves nothing out."""
    try:
        return Filters.model_validate_json(text)
    except ValidationError:
        return Filters()


def _is_tag(glob: str) -> bool:
    """Return whether a glob is the name of one tag: none has the signs of a glob in it."""
    try:
        return check_tag(glob) == glob
    except InvalidReferenceError:
        return False
