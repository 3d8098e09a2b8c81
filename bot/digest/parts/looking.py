"""Which images a digest is about, and which of them could be looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, and_, or_

from bot.fleet import snapshots, sweeps
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.images import OFFICIAL_NAMESPACE
from bot.store.workspaces import HOME

OLD = timedelta(hours=6)
"""Everything is looked at every hour. Of what was not for so long the age is said."""


@dataclass(frozen=True)
class Look:
    """The images of a scope, as they were when Docker Hub was last looked at.

    Attributes:
        images: By what a digest knows each by from one time to the next: `acme/api` for whichever tag stands for that
            repository, `acme/api:prod` for a tag that somebody named.
        unchecked: What could not be looked at.
    """

    images: Mapping[str, TagSnapshot]
    unchecked: tuple[Unchecked, ...] = ()

    @cached_property
    def subjects(self) -> frozenset[str]:
        """What could not be looked at, by name."""
        return frozenset(each.subject for each in self.unchecked)

    def is_checked(self, name: str) -> bool:
        """Return whether an image could be looked at: neither it nor anything that it is in could not be."""
        reference = self.images[name].reference if name in self.images else name
        return self.subjects.isdisjoint({*places(name), reference})


def places(name: str) -> tuple[str, str, str]:
    """Return what an image is in: itself, its repository, its namespace."""
    repository = name.partition(":")[0]
    namespace, slash, _ = repository.partition("/")
    return name, repository, namespace if slash else OFFICIAL_NAMESPACE


def look(connection: Connection, scope: Scope, now: datetime) -> Look:
    """Return the images of a scope."""
    named = {str(image) for image in scope.images if image.tag}
    images = {}
    for tag in snapshots.representatives(connection, HOME, scope):
        images[tag.reference if tag.reference in named else tag.repository.familiar] = tag
    return Look(images, tuple(_unchecked(connection, scope, images, now)))


def _unchecked(
    connection: Connection, scope: Scope, images: Mapping[str, TagSnapshot], now: datetime
) -> Iterator[Unchecked]:
    """Yield what could not be looked at and why, and how old that is which is known of it."""
    old = {subject: at for subject, at in _as_of(connection, scope, images) if at < now - OLD}
    for each in snapshots.unchecked(connection, HOME, scope):
        at = old.pop(each.subject, None)
        yield replace(each, why=f"{each.why}; what is known is as of {at:%H:%M} UTC on {at:%F}") if at else each
    for subject, at in old.items():
        yield Unchecked(subject, f"it was not looked at since {at:%H:%M} UTC on {at:%F}")


def _as_of(connection: Connection, scope: Scope, images: Mapping[str, TagSnapshot]) -> Iterator[tuple[str, datetime]]:
    """Yield when namespaces, and images that are in none of them, were last looked at, as far as they ever were."""
    others = [image for image in scope.images if image.repository.namespace not in scope.namespaces]
    namespaces = {*scope.namespaces, *(image.repository.namespace for image in others)}
    known = sweeps.known(connection, HOME, map(sweeps.subject_of, sorted(namespaces)))
    swept = {each: known[key].ended_at for each in namespaces if (key := sweeps.subject_of(each)) in known}
    for namespace in scope.namespaces:
        at = swept.get(namespace)
        if at is not None:
            yield namespace, at
    for image in others:
        # A sweep leaves alone what has not changed: whichever look was the later one knows.
        tag = images.get(str(image))
        times = [at for at in (tag.read_at if tag else None, swept.get(image.repository.namespace)) if at]
        if times:
            yield str(image), max(times)


def is_of(scope: Scope, repository: ColumnElement[str]) -> ColumnElement[bool]:
    """Return which rows are about repositories of a scope; of a named image it is the whole repository."""
    # "0" comes right after "/": so these are all names that begin with the namespace and a slash.
    of_namespaces = [and_(repository >= f"{each}/", repository < f"{each}0") for each in scope.namespaces]
    return or_(*of_namespaces, repository.in_(sorted({str(image.repository) for image in scope.images})))
