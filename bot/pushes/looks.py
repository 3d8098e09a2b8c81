"""One look at a subject: what Docker Hub shows, what of it is news, and an event for each such push."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ForbiddenError, HubError, NotFoundError, RateLimitedError, UnavailableError
from bot.hub.client import HubClient
from bot.hub.tags import Tag
from bot.images import RepositoryName
from bot.pushes.history import remember_all
from bot.pushes.intake import Intake
from bot.pushes.news import HORIZON, TagPush, unknown
from bot.pushes.payload import Push
from bot.pushes.recent import Recent, newest_tags, pushed_repositories, single_tags
from bot.pushes.sightings import Claim
from bot.pushes.subjects import Subject
from bot.pushes.verdicts import image_of, images_of
from bot.store.base import Store

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""How much of what was seen is looked at again: Docker Hub may show a push minutes after it happened."""
MOST_OUTAGES = 3
"""One repository may be out of order; after so many in a row it is Docker Hub."""
PARTIAL, REFUSED = "partial", "credential_refused"
_LONGEST_PUSHER = 255


class StoppedError(Exception):
    """The process ends; what was claimed is looked at again when the lease is over."""


@dataclass
class Look:
    """What a look has given so far.

    Attributes:
        newest: The last push seen (UTC); None: none.
        problem: One word for the first thing that could not be looked at; empty: everything could.
        is_complete: Whether the next look can start where this one ended.
        told: How many pushes became events.
        too_old: How many are news no more.
        outages: How many repositories in a row were not shown because Docker Hub was away.
    """

    newest: datetime | None = None
    problem: str = ""
    is_complete: bool = True
    told: int = 0
    too_old: int = 0
    outages: int = 0

    def miss(self, problem: str, *, is_final: bool = False) -> None:
        """Note something that could not be looked at, and whether it makes no sense to try again."""
        self.problem = self.problem or problem
        self.is_complete = self.is_complete and is_final


@dataclass(frozen=True)
class _Frame:
    """What a look is for.

    Attributes:
        subject: What is looked at.
        seen_until: Pushes up to then are known, or were before our time (UTC).
        now: The database's time when it began.
    """

    subject: Subject
    seen_until: datetime
    now: datetime

    @property
    def since(self) -> datetime:
        """From when on pushes may be news."""
        return self.seen_until - OVERLAP

    @property
    def floor(self) -> datetime:
        """From when on pushes may be told."""
        return max(self.since, self.now - HORIZON)

    def wants(self, repository: RepositoryName, push: TagPush) -> bool:
        """Return whether a push is wanted, and not one of before its time."""
        wanted_since = self.subject.wanted_since(repository, push.tag, push.pusher)
        if wanted_since is None:
            return False
        # A subscription of the future was made by a clock that has been set back since.
        return push.pushed_at >= (max(self.since, wanted_since) if wanted_since <= self.now else self.since)


class Looker:
    """Looks. Never holds a transaction while Docker Hub is asked.

    Args:
        store: Where events are.
        hub: Docker Hub.
        intake: Makes events.
        workspace: Whose.
        is_stopping: Returns whether the process ends.
    """

    def __init__(
        self, store: Store, hub: HubClient, intake: Intake, *, workspace: str, is_stopping: Callable[[], bool]
    ) -> None:
        self._store = store
        self._hub = hub
        self._intake = intake
        self._workspace = workspace
        self._is_stopping = is_stopping

    def look(self, subject: Subject, claim: Claim) -> Look:
        """Look at a subject. The first look only notes what is there: it is no news.

        Raises:
            HubError: Docker Hub did not show it; what was found before is told.
            StoreUnavailableError: The database is away; likewise.
            StoppedError: The process ends; likewise.
        """
        look = Look()
        with self._store.read() as connection:
            frame = _Frame(subject, claim.seen_until, self._store.now(connection))
        if subject.repository is not None:
            self._look_at_repository(frame, subject.repository, look, is_first=claim.is_first)
        elif not claim.is_first:
            self._look_at_namespace(frame, look)
        return look

    def _look_at_namespace(self, frame: _Frame, look: Look) -> None:
        subject = frame.subject
        pushed = pushed_repositories(self._hub, subject.namespace, frame.since)
        look.newest = pushed.newest
        if not pushed.is_complete:
            look.miss(PARTIAL)
        if subject.is_own and self._hub.credential_status(subject.namespace).refusal:
            # Private repositories are left out without a word. Once the credential is good again, they are news.
            look.miss(REFUSED)
        for repository in filter(subject.covers, pushed.found):
            if self._is_stopping():
                raise StoppedError
            self._tell(frame, repository, self._tags_of(repository, frame.floor, look), look)

    def _tags_of(self, repository: RepositoryName, since: datetime, look: Look) -> tuple[Tag, ...]:
        """Return the newest tags of one of many repositories; one that is not shown does not stop the others."""
        try:
            tags = newest_tags(self._hub, repository, since)
        except RateLimitedError:
            raise
        except UnavailableError as error:
            look.outages += 1
            if look.outages >= MOST_OUTAGES:
                raise
            look.miss(error.reason)
            return ()
        except HubError as error:
            # What was deleted since, or is not for our eyes, no later look would show either.
            look.miss(error.reason, is_final=isinstance(error, NotFoundError | ForbiddenError))
            return ()
        look.outages = 0
        if not tags.is_complete:
            look.miss(PARTIAL)
        return tags.found

    def _look_at_repository(self, frame: _Frame, repository: RepositoryName, look: Look, *, is_first: bool) -> None:
        if frame.subject.single_tags:
            tags = single_tags(self._hub, repository, frame.subject.single_tags)
        else:
            tags = newest_tags(self._hub, repository, None if is_first else frame.floor)
        if not tags.is_complete:
            look.miss(PARTIAL)
        if is_first:
            self._remember(repository, tags)
            return
        look.newest = tags.newest
        self._tell(frame, repository, tags.found, look)

    def _tell(self, frame: _Frame, repository: RepositoryName, tags: Iterable[Tag], look: Look) -> None:
        """Make events of those pushes that are wanted and news."""
        is_own, now = frame.subject.is_own, frame.now
        pushes = [push for push in _pushes(tags) if frame.wants(repository, push)]
        seen_until = None if is_own else frame.seen_until
        with self._store.read() as connection:
            found = unknown(connection, self._workspace, repository, pushes, now=now, seen_until=seen_until)
        # A time of the next year is no time of a push; one a little ahead may be our clock's fault.
        news = [push for push in found if abs(push.pushed_at - now) <= HORIZON]
        look.too_old += sum(push.pushed_at < now - HORIZON for push in found)
        for push in news:
            accepted = self._intake.take(
                Push(repository, push.tag, push.pushed_at, push.pusher),
                workspace=self._workspace,
                source="listing" if is_own else "poll",
            )
            look.told += accepted.is_new
            facts = {"repository": str(repository), "tag": push.tag, "event": accepted.event_id}
            logger.info("push_found", extra=facts)

    def _remember(self, repository: RepositoryName, tags: Recent[Tag]) -> None:
        """Keep what the tags point at, so that the next push can show its change."""
        remember_all(self._store, self._workspace, repository, images_of(tags.found))


def _pushes(tags: Iterable[Tag]) -> Iterator[TagPush]:
    for tag in tags:
        if tag.pushed_at is not None:
            image = image_of(tag)
            yield TagPush(tag.name, tag.pushed_at, image.digest if image else None, _pusher(tag))


def _pusher(tag: Tag) -> str:
    """Return who pushed last; nobody, where what is said can be no user's name."""
    pusher = tag.last_updater_username or ""
    return pusher if len(pusher) <= _LONGEST_PUSHER and pusher.isprintable() else ""
