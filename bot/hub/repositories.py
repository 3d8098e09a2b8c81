"""Repositories.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories
"""

from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field

from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import (
    HubModel,
    OptionalBool,
    OptionalInt,
    OptionalText,
    OptionalTime,
    Texts,
    decode,
    decode_many,
    decode_one,
    is_no_time,
)
from bot.hub.paging import MOST_PAGES, Listing, list_pages
from bot.hub.protocol import path_of
from bot.images import RepositoryName, check_namespace


class Category(HubModel):
    """A heading that Docker Hub's site files a repository under."""

    name: str
    slug: OptionalText = None


class Permissions(HubModel):
    """What the credential that asked may do with a repository; None is unknown."""

    read: OptionalBool = None
    write: OptionalBool = None
    admin: OptionalBool = None


class ImmutableTags(HubModel):
    """Which tags can be neither overwritten nor deleted."""

    enabled: OptionalBool = None
    rules: Texts = ()


class Repository(HubModel):
    """A repository. Whatever Docker Hub does not say is None.

    Attributes:
        namespace: The user or organization.
        name: The name without the namespace.
        repository_type: `image` or `plugin`.
        status: 1 is active; other numbers are not documented.
        status_description: The same as a word, in no fixed case.
        description: The short one, at most 100 characters.
        full_description: Markdown; only `get` has it.
        star_count: How many like it.
        pull_count: How often it was pulled, ever.
        last_updated: The last push; None also for a repository that was never pushed to.
        has_no_push: Whether Docker Hub says that there was none; not where it says nothing, or what cannot be read.
        last_modified: The last change of its settings.
        date_registered: When it was made.
        storage_size: Bytes that all its images take.
        affiliation: What the asking account is to it.
        media_types: Of what is in it.
        content_types: `image`, `plugin`, `helm`, …; an open set.
        permissions: Only `get` has them.
        immutable_tags_settings: Only `get` has them.
    """

    namespace: str
    name: str
    repository_type: OptionalText = None
    status: OptionalInt = None
    status_description: OptionalText = None
    description: OptionalText = None
    full_description: OptionalText = None
    is_private: OptionalBool = None
    is_automated: OptionalBool = None
    star_count: OptionalInt = None
    pull_count: OptionalInt = None
    last_updated: OptionalTime = None
    has_no_push: Annotated[bool, BeforeValidator(is_no_time)] = Field(
        default=False, validation_alias=AliasChoices("last_updated")
    )
    last_modified: OptionalTime = None
    date_registered: OptionalTime = None
    storage_size: OptionalInt = None
    collaborator_count: OptionalInt = None
    affiliation: OptionalText = None
    media_types: Texts = ()
    content_types: Texts = ()
    categories: Annotated[tuple[Category, ...], BeforeValidator(lambda value: decode_many(Category, value))] = ()
    permissions: Annotated[Permissions | None, BeforeValidator(lambda value: decode(Permissions, value))] = None
    immutable_tags_settings: Annotated[
        ImmutableTags | None, BeforeValidator(lambda value: decode(ImmutableTags, value))
    ] = None

    @property
    def repository_name(self) -> RepositoryName:
        """Its exact name."""
        return RepositoryName(self.namespace, self.name)


class Repositories:
    """The repositories of Docker Hub."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, name: RepositoryName) -> Repository:
        """Return a repository.

        Raises:
            NotFoundError: There is none, or it is private and not for our credential.
            HubError: Docker Hub did not give it.
        """
        call = Call(Operation.READ_REPOSITORY, name.namespace, name.familiar, repository_path(name))
        reply = self._api.send(call)
        return decode_one(Repository, reply.answer.data, resource=call.resource, credential=reply.credential)

    def list(
        self,
        namespace: str,
        *,
        name: str | None = None,
        ordering: str | None = None,
        limit: int | None = None,
        most_pages: int = MOST_PAGES,
    ) -> Listing[Repository]:
        """Return the repositories of a user or organization that our credential may see.

        Private ones may be missing without a word: see `HubClient.credential_status`.

        Args:
            namespace: The user or organization.
            name: Only those whose name contains it.
            ordering: `name`, `last_updated` or `pull_count`, with a leading `-` for descending; None leaves it to
                Docker Hub.
            limit: At most so many; None is all, up to the limit of pages.
            most_pages: Read at most so many pages.

        Raises:
            InvalidReferenceError: No namespace can be called that.
        """
        namespace = check_namespace(namespace)
        wanted = (("name", name), ("ordering", ordering))
        call = Call(
            Operation.LIST_REPOSITORIES,
            namespace,
            f"the repositories of {namespace}",
            path_of("v2", "namespaces", namespace, "repositories"),
            tuple((key, value) for key, value in wanted if value is not None),
        )
        return list_pages(
            self._api, call, Repository, key=lambda found: found.repository_name, limit=limit, most_pages=most_pages
        )


def repository_path(name: RepositoryName, *more: str) -> str:
    """Return the path of a repository, or of something in it, on the namespaced routes that all tokens may use."""
    return path_of("v2", "namespaces", name.namespace.lower(), "repositories", name.name.lower(), *more)
