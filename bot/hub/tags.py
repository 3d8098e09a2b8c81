"""Tags and the images they point to.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/ListRepositoryTags; the fields
that it lacks (`digest`, `media_type`, `tag_status`, …) and the list of images observed 2026-01. Deleting is in no
document: the legacy path is what clients use (https://github.com/docker/hub-tool), the namespaced one follows from
organization tokens, which have a right to delete tags and are refused on legacy paths
(https://docs.docker.com/security/for-admins/access-tokens/).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from itertools import pairwise
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field

from bot.errors import HubError, InvalidError, NoCredentialError, UnexpectedResponseError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import (
    HubModel,
    OptionalInt,
    OptionalText,
    OptionalTime,
    decode_many,
    decode_one,
)
from bot.hub.paging import LARGEST_PAGE, Listing, list_pages
from bot.hub.protocol import path_of
from bot.hub.repositories import repository_path
from bot.images import RepositoryName, check_tag

_UNKNOWN = "unknown"
_PERHAPS_UNKNOWN_PATH = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_SPELLINGS = ("last_updated", "-last_updated")
_LEAST_LOOKED_AT = 25
"""How many tags to ask for at least, so that their order can be seen. As cheap as one."""
_SAME_PUSH = timedelta(minutes=1)
"""The parts of one push to several platforms arrive apart; that is no disorder."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Image(HubModel):
    """What a tag points to for one platform. Whatever Docker Hub does not say is None.

    Attributes:
        digest: Of the platform's own manifest.
        size: Compressed, in bytes.
        status: `active` when pushed or pulled within the last month, else `inactive`; an open set.
        last_pulled: The last pull, of this platform.
        last_pushed: The last push, of this platform.
    """

    architecture: OptionalText = None
    variant: OptionalText = None
    os: OptionalText = None
    os_version: OptionalText = None
    os_features: OptionalText = None
    features: OptionalText = None
    digest: OptionalText = None
    size: OptionalInt = None
    status: OptionalText = None
    last_pulled: OptionalTime = None
    last_pushed: OptionalTime = None

    @property
    def platform(self) -> str | None:
        """The platform as Docker's tools write it (`linux/arm64/v8`), without `os_version`; None when unknown."""
        if not self.os or not self.architecture:
            return None
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def is_attestation(self) -> bool:
        """Whether this is no image but a statement about one, which BuildKit files under `unknown/unknown`.

        Source: https://docs.docker.com/build/metadata/attestations/attestation-storage/
        """
        return self.architecture == _UNKNOWN


class Tag(HubModel):
    """A tag. Whatever Docker Hub does not say is None.

    Attributes:
        digest: What the tag points to: an index for several platforms, else a manifest.
        images: All entries, statements about images included; see `platforms`.
        full_size: Compressed, in bytes; of one platform only (observed), so not a total.
        content_type: `image`, `plugin`, `helm`, …; an open set.
        last_updater_username: Who pushed last.
    """

    name: str
    id: OptionalInt = None
    digest: OptionalText = None
    images: Annotated[tuple[Image, ...], BeforeValidator(lambda value: decode_many(Image, value))] = ()
    full_size: OptionalInt = None
    media_type: OptionalText = None
    content_type: OptionalText = None
    last_updated: OptionalTime = None
    last_updater_username: OptionalText = None
    tag_last_pushed: OptionalTime = None
    tag_last_pulled: OptionalTime = None
    # The documentation calls it `status`, the service `tag_status`.
    status: OptionalText = Field(default=None, validation_alias=AliasChoices("tag_status", "status"))

    @property
    def pushed_at(self) -> datetime | None:
        """When the tag was last pushed."""
        return self.tag_last_pushed or self.last_updated

    @property
    def pulled_at(self) -> datetime | None:
        """When the tag was last pulled."""
        return self.tag_last_pulled

    @property
    def platforms(self) -> tuple[Image, ...]:
        """The images, without the statements about images."""
        return tuple(image for image in self.images if not image.is_attestation)


class Order(StrEnum):
    """How a list of tags is ordered by time."""

    NEWEST_FIRST = "newest first"
    OLDEST_FIRST = "oldest first"
    NONE = "none"


class Tags:
    """The tags of repositories."""

    def __init__(self, api: Api) -> None:
        self._api = api
        # Which spelling lists the newest first; found out by looking, see `newest`.
        self._orderings: tuple[str, ...] = _SPELLINGS

    def get(self, name: RepositoryName, tag: str) -> Tag:
        """Return a tag.

        Raises:
            InvalidReferenceError: No tag can be called that.
            NotFoundError: There is none, or the repository is not for our credential.
            HubError: Docker Hub did not give it.
        """
        path = repository_path(name, "tags", check_tag(tag))
        call = Call(Operation.READ_TAGS, name.namespace, f"{name.familiar}:{tag}", path)
        reply = self._api.send(call)
        return decode_one(Tag, reply.answer.data, resource=call.resource, credential=reply.credential)

    def list(
        self,
        name: RepositoryName,
        *,
        tag_name: str | None = None,
        ordering: str | None = None,
        limit: int | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> Listing[Tag]:
        """Return the tags of a repository.

        Args:
            name: The repository.
            tag_name: Only those whose name contains it. The site's own filter (observed), not documented.
            ordering: `name` or `last_updated`, with or without a leading `-`. Not documented, and which direction is
                which is not to be trusted: use `newest`.
            limit: At most so many; None is all, up to the listing's own limit of pages.
            page_size: Tags a request, at most 100.
        """
        wanted = (("name", tag_name), ("ordering", ordering))
        call = Call(
            Operation.READ_TAGS,
            name.namespace,
            f"the tags of {name.familiar}",
            repository_path(name, "tags"),
            tuple((key, value) for key, value in wanted if value is not None),
        )
        return list_pages(self._api, call, Tag, key=lambda tag: tag.name, limit=limit, page_size=page_size)

    def newest(self, name: RepositoryName, limit: int | None = None) -> Listing[Tag]:
        """Return the tags of a repository that were pushed last, newest first; those of unknown time at the end.

        Reads as little as it can: one page when the limit fits into it. But the order asked for is only a hint:
        Docker's own clients disagree on which spelling means newest first. So what comes is looked at, the other
        spelling is tried when it is the wrong way round, and when there is no order in it all tags are read and
        sorted here.

        Args:
            name: The repository.
            limit: At most so many; None is all, up to the listing's own limit of pages.
        """
        if limit is None:
            return _sorted(self.list(name), None)
        for ordering in self._orderings:
            listing = self.list(name, ordering=ordering, limit=max(limit, _LEAST_LOOKED_AT))
            tags = tuple(listing)
            order = order_of(tags)
            if order is Order.NEWEST_FIRST or not listing.has_more:
                return _sorted(listing, limit, tags)
            if order is Order.NONE:
                break
            # The wrong way round: start with the other spelling from now on, for every repository.
            self._orderings = (*(other for other in _SPELLINGS if other != ordering), ordering)
        return _sorted(self.list(name), limit)

    def oldest(self, name: RepositoryName) -> Listing[Tag]:
        """Return the tags of a repository; where they are too many for a listing, those that were pushed first.

        They come as Docker Hub gives them. The order asked for is only a hint, see `newest`: whoever has to know that
        what is missing is newer looks with `order_of`.
        """
        listing = self.list(name, limit=LARGEST_PAGE)
        tags = tuple(listing)
        if not listing.has_more:
            return Listing(tags, total=listing.total, shortfall=listing.shortfall, credential=listing.credential)
        # The other way round than `newest` goes.
        for ordering in reversed(self._orderings):
            if order_of(tuple(self.list(name, ordering=ordering, limit=_LEAST_LOOKED_AT))) is Order.OLDEST_FIRST:
                return self.list(name, ordering=ordering)
        return self.list(name)

    def delete(self, name: RepositoryName, tag: str, *, look_again: Callable[[], None] = lambda: None) -> None:
        """Delete a tag. Its image stays, until somebody deletes that on Docker Hub's site.

        Only reading the tag back tells for certain: a 500 was seen for deletions that worked.

        Args:
            name: The repository.
            tag: Which.
            look_again: Called before a second request is sent, where the first found nothing that it could delete:
                the tag may be another one by then. What it raises ends it.

        Raises:
            InvalidReferenceError: No tag can be called that.
            NoCredentialError: Nothing we hold may delete tags there; nothing was sent.
            NotFoundError: There is none, or the repository is not for our credential.
            InvalidError: Docker Hub does not delete tags this way.
            HubError: Docker Hub did not delete it; or, if it did not answer or failed, perhaps did.
        """
        tag = check_tag(tag)
        resource = f"{name.familiar}:{tag}"
        path = repository_path(name, "tags", tag)
        try:
            self._api.send(Call(Operation.DELETE_TAG, name.namespace, resource, path, method="DELETE"))
        except HubError as error:
            if error.status not in _PERHAPS_UNKNOWN_PATH:
                raise
            # A path that is not known looks like a tag that is not there. Either way nothing has happened.
            self._delete_on_legacy_path(name, tag, resource, error, look_again)

    def require_right_to_delete(self, namespace: str) -> None:
        """Return if we hold a credential of a kind that may delete tags of a namespace; nothing is sent.

        Raises:
            NoCredentialError: We do not.
        """
        self._api.credentials.choose(Operation.DELETE_TAG, namespace)

    def _delete_on_legacy_path(
        self, name: RepositoryName, tag: str, resource: str, before: HubError, look_again: Callable[[], None]
    ) -> None:
        try:
            self._api.credentials.choose(Operation.DELETE_TAG_LEGACY, name.namespace)
        except NoCredentialError:
            raise _refused(before) from before
        look_again()
        legacy = path_of("v2", "repositories", name.namespace.lower(), name.name.lower(), "tags", tag)
        call = Call(Operation.DELETE_TAG_LEGACY, name.namespace, resource, f"{legacy}/", method="DELETE")
        try:
            self._api.send(call)
        except HubError as error:
            raise _refused(error) from error


def _refused(error: HubError) -> HubError:
    """Return the error, where a method that is not allowed is what it is: a refusal, and not a riddle."""
    if error.status != HTTPStatus.METHOD_NOT_ALLOWED or not isinstance(error, UnexpectedResponseError):
        return error
    return InvalidError(error.resource, credential=error.credential, detail=error.detail, status=error.status)


def order_of(tags: Sequence[Tag]) -> Order:
    """Tell how tags are ordered by their time of push; those of unknown time do not count."""
    times = [tag.pushed_at for tag in tags if tag.pushed_at is not None]
    if all(later - earlier <= _SAME_PUSH for earlier, later in pairwise(times)):
        return Order.NEWEST_FIRST
    if all(earlier - later <= _SAME_PUSH for earlier, later in pairwise(times)):
        return Order.OLDEST_FIRST
    return Order.NONE


def _sorted(listing: Listing[Tag], limit: int | None, tags: Sequence[Tag] | None = None) -> Listing[Tag]:
    """Return what is in a listing, newest first."""
    read = tuple(listing) if tags is None else tags
    newest = sorted(read, key=lambda tag: tag.pushed_at or _BEFORE_ALL, reverse=True)
    shown = newest[:limit]
    return Listing(
        shown,
        total=listing.total,
        shortfall=listing.shortfall,
        has_more=listing.has_more or len(shown) < len(read),
        credential=listing.credential,
    )
