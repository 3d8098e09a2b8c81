"""Asks Docker Hub for some tags of one repository, with as few requests as will do.

A single tag is one request. A listing of the repository's newest tags is one request too, for up to a hundred of them,
and after a push the wanted ones are at its beginning; so from a few tags on, the listing is read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import (
    ForbiddenError,
    HubError,
    NoCredentialError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from bot.hub.client import HubClient
from bot.hub.paging import Listing
from bot.hub.tags import Tag
from bot.images import InvalidReferenceError, RepositoryName
from bot.pushes.model import ReadingProblem
from bot.pushes.verdicts import TOLERANCE

LISTING_FROM = 3
"""How many tags are read by one listing instead of by a request for each."""
LISTED = (100, 1_000, 5_000)
"""How far down the listing to look for them: one request; ten, when more was pushed meanwhile; as far as it goes."""
MOST_SINGLES = 5
"""How many that the listing did not show are asked for one by one."""

_REFUSED = (ForbiddenError, UnauthorizedError, NoCredentialError)


@dataclass(frozen=True)
class Unseen:
    """Why a tag was not read.

    Attributes:
        problem: In our words.
        again_after: When Docker Hub wants to be asked again; None when it did not say.
    """

    problem: ReadingProblem
    again_after: timedelta | None = None


Finding = Tag | Unseen


class TagReader:
    """Reads tags. Safe to use from several threads.

    Args:
        hub: Docker Hub; one that does not wait for limits, or the caller will.
        clock: The time, the same as the client's.
    """

    def __init__(self, hub: HubClient, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock

    def read(
        self, repository: RepositoryName, wanted: Mapping[str, datetime], *, looks_closer: bool
    ) -> dict[str, Finding]:
        """Return what Docker Hub shows for each of the tags. It may be older than the push that is looked for.

        Args:
            repository: Whose tags.
            wanted: When each was pushed, as far as is known.
            looks_closer: Whether it is worth one more request to know if a tag that is not found is missing alone or
                with its repository: Docker Hub hides what a credential may not see.
        """
        if len(wanted) >= LISTING_FROM:
            return self._listed(repository, wanted)
        findings = self._asked(repository, list(wanted))
        if looks_closer and Unseen(ReadingProblem.ABSENT) in findings.values() and self._is_hidden(repository):
            return dict.fromkeys(wanted, Unseen(ReadingProblem.REFUSED))
        return findings

    def _asked(self, repository: RepositoryName, tags: Collection[str]) -> dict[str, Finding]:
        findings: dict[str, Finding] = {}
        for tag in tags:
            try:
                findings[tag] = self._hub.tags.get(repository, tag)
            except InvalidReferenceError:
                findings[tag] = Unseen(ReadingProblem.ABSENT)
            except (NotFoundError, UnexpectedResponseError) as error:
                findings[tag] = self._unseen(error)
            except HubError as error:
                # The next tag would fare no better: it is the service, the limit or the credential.
                return {**dict.fromkeys(tags, self._unseen(error)), **findings}
        return findings

    def _listed(self, repository: RepositoryName, wanted: Mapping[str, datetime]) -> dict[str, Finding]:
        found: dict[str, Finding] = {}
        for limit in LISTED:
            try:
                listing = self._hub.tags.newest(repository, limit)
            except NotFoundError:
                # A repository without tags has an empty list. This one was just pushed to, and is not for our eyes.
                return {**dict.fromkeys(wanted, Unseen(ReadingProblem.REFUSED)), **found}
            except HubError as error:
                return {**dict.fromkeys(wanted, self._unseen(error)), **found}
            tags = tuple(listing)
            found.update((tag.name, tag) for tag in tags if tag.name in wanted)
            if len(found) == len(wanted) or _is_whole(listing) or _goes_back_to(tags, min(wanted.values())):
                return {**self._missing(repository, sorted(wanted.keys() - found), wanted, tags, listing), **found}
        return {**self._missing(repository, sorted(wanted.keys() - found), wanted, (), None), **found}

    def _missing(
        self,
        repository: RepositoryName,
        names: list[str],
        wanted: Mapping[str, datetime],
        tags: Collection[Tag],
        listing: Listing[Tag] | None,
    ) -> dict[str, Finding]:
        """Say what is with the tags that a listing does not show."""
        if listing is not None and _is_whole(listing):
            return dict.fromkeys(names, Unseen(ReadingProblem.ABSENT))
        # What is not among the tags that were pushed since, is shown as it was before the push, if at all.
        is_older = listing is not None and bool(names) and _goes_back_to(tags, min(wanted[name] for name in names))
        rest = Unseen(ReadingProblem.OLDER if is_older else ReadingProblem.AWAY)
        return {**dict.fromkeys(names, rest), **self._asked(repository, names[:MOST_SINGLES])}

    def _is_hidden(self, repository: RepositoryName) -> bool:
        try:
            self._hub.repositories.get(repository)
        except (NotFoundError, *_REFUSED):
            return True
        except HubError:
            return False
        return False

    def _unseen(self, error: HubError) -> Unseen:
        match error:
            case NotFoundError():
                return Unseen(ReadingProblem.ABSENT)
            case ForbiddenError() | UnauthorizedError() | NoCredentialError():
                return Unseen(ReadingProblem.REFUSED)
            case RateLimitedError():
                return Unseen(ReadingProblem.AWAY, error.retry_at - self._clock.now())
            case _:
                return Unseen(ReadingProblem.AWAY)


def _is_whole(listing: Listing[Tag]) -> bool:
    return listing.is_complete and not listing.has_more


def _goes_back_to(tags: Collection[Tag], moment: datetime) -> bool:
    """Tell whether a listing, newest first, shows what was pushed before a moment."""
    times = [tag.pushed_at for tag in tags if tag.pushed_at is not None]
    return bool(times) and moment - min(times) > TOLERANCE
