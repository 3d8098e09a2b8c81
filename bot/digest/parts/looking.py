"""Which images a digest is about, and which of them could be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, and_, or_

from bot.fleet import snapshots
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.images import OFFICIAL_NAMESPACE
from bot.store.workspaces import HOME


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
    return Look(images, tuple(snapshots.unchecked(connection, HOME, scope, now=now)))


def is_of(scope: Scope, repository: ColumnElement[str]) -> ColumnElement[bool]:
    """Return which rows are about repositories of a scope; of a named image it is the whole repository."""
    # "0" comes right after "/": so these are all names that begin with the namespace and a slash.
    of_namespaces = [and_(repository >= f"{each}/", repository < f"{each}0") for each in scope.namespaces]
    return or_(*of_namespaces, repository.in_(sorted({str(image.repository) for image in scope.images})))
