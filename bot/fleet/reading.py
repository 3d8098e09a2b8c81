"""Reading the tags of one repository: newest first, no further than needed, and never trusting an order not seen.

The order that is asked for is only a hint: Docker's own clients disagree on which spelling means newest first. So what
comes is looked at; the other spelling is tried when it is the wrong way round; and where there is no order, or none
that can be seen, all pages are read.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/ListRepositoryTags for the pages;
the ordering is not documented.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.errors import HubError, NotFoundError
from bot.fleet.model import LATEST, TagSnapshot
from bot.fleet.rows import tag_snapshot
from bot.hub.client import HubClient
from bot.hub.paging import MOST_PAGES, Listing
from bot.hub.tags import Order, Tag, order_of
from bot.images import InvalidReferenceError, RepositoryName, check_tag

LAG = timedelta(hours=1)
"""For how long after a push Docker Hub may still show what was there before; minutes are reported."""
SOME_UNREADABLE = "some of its tags cannot be read"
_SAME_MOMENT = timedelta(minutes=1)
"""Tags that were pushed within so long of each other may stand in any order."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is wanted of a repository's tags.

    Attributes:
        name: The repository.
        is_deep: All its tags; else the newest page is enough.
        pushed_at: Its last push as a listing has it (UTC); None: unknown, or it was never pushed to.
        is_listed: Whether a listing has shown it.
        covered_at: When it was read so that nothing older is missing (UTC); None: never.
        had_all_tags: Whether that was all tags, not only as many as are ever read.
    """

    name: RepositoryName
    is_deep: bool = True
    pushed_at: datetime | None = None
    is_listed: bool = False
    covered_at: datetime | None = None
    had_all_tags: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a repository's tags.

    Attributes:
        want: What was wanted.
        read_at: When it began (UTC).
        tags: What there was.
        is_seen_whole: One answer held every tag there is: what it lacks is gone.
        seen_since: One answer held every tag that was pushed after this moment (UTC); None: nobody can tell.
        is_walked_whole: Every tag was on one of several pages, between which some may have moved.
        walked_since: Likewise for what was pushed after this moment.
        has_all_tags, is_capped: Whether all tags are known now, or as many as are ever read.
        has_no_latest: Docker Hub says that there is no `latest`.
        problem: Why a page that there is could not be found; empty: all could.
        unreadable: How many tags there are beside those, which cannot be read.
        requests: How many it took, without repetitions.
        error: What stopped it on its way; None: nothing. Then little is known but the tags that were read until then.
    """

    want: Want
    read_at: datetime
    tags: tuple[TagSnapshot, ...]
    is_seen_whole: bool = False
    seen_since: datetime | None = None
    is_walked_whole: bool = False
    walked_since: datetime | None = None
    has_all_tags: bool = False
    is_capped: bool = False
    has_no_latest: bool = False
    problem: str = ""
    unreadable: int = 0
    requests: int = 1
    error: HubError | None = None

    @property
    def name(self) -> RepositoryName:
        """The repository."""
        return self.want.name

    @property
    def newest(self) -> datetime | None:
        """The last push of all that was read."""
        return max((tag.pushed_at for tag in self.tags if tag.pushed_at is not None), default=None)


@dataclass
class _Pages:
    """The pages of one list of tags, as far as they were read.

    Attributes:
        listing: The list.
        read: What each page brought.
        is_ordered: Whether it is newest first, as far as can be seen.
    """

    listing: Listing[Tag]
    read: list[Sequence[Tag]] = field(default_factory=list)
    is_ordered: bool = True
    _left: Iterator[Sequence[Tag]] = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.listing.pages()

    def turn(self) -> bool:
        """Read one more page; False when there is none."""
        page = next(self._left, None)
        if page is None:
            return False
        before = self.read[-1][-1:] if self.read else ()
        self.is_ordered = self.is_ordered and order_of([*before, *page]) is Order.NEWEST_FIRST
        self.read.append(page)
        return True

    @property
    def shows_order(self) -> bool:
        """Whether it is known to be newest first: many tags of one moment would look like that in any order."""
        times = [tag.pushed_at for page in self.read for tag in page if tag.pushed_at is not None]
        return self.is_ordered and bool(times) and max(times) - min(times) > _SAME_MOMENT

    @property
    def unreadable(self) -> int:
        """How many entries tell of no tag that there can be."""
        return self.listing.unreadable + sum(not _can_be(tag.name) for page in self.read for tag in page)

    def oldest(self, page: int = -1) -> datetime | None:
        """Return the earliest push on a page; None: it tells none."""
        return min((tag.pushed_at for tag in self.read[page] if tag.pushed_at is not None), default=None)


def clause(sentence: str) -> str:
    """Return a sentence as a clause without a full stop; names keep their capital letter."""
    is_name = sentence.startswith("Docker ")
    return (sentence[:1] if is_name else sentence[:1].lower()) + sentence[1:].rstrip(".")


class TagReader:
    """Reads. Safe to use from several threads; remembers which spelling gives the newest first."""

    def __init__(self) -> None:
        self._spellings = ("last_updated", "-last_updated")

    def read(self, hub: HubClient, want: Want, *, now: datetime) -> Reading:
        """Read what is wanted.

        Args:
            hub: Docker Hub.
            want: What.
            now: The time (aware, UTC).

        Raises:
            HubError: Docker Hub did not show it.
        """
        pages, turned = self._first_page(hub, want.name)
        since = want.covered_at - LAG if want.covered_at is not None else None
        error: HubError | None = None
        latest: TagSnapshot | None = None
        is_asked = False
        try:
            while pages.listing.has_more and not _is_enough(pages, since, is_deep=want.is_deep) and pages.turn():
                pass
            may_be_missing = pages.listing.has_more or pages.unreadable
            is_asked = bool(may_be_missing) and not any(tag.name == LATEST for page in pages.read for tag in page)
            if is_asked:
                latest = _latest(hub, want.name, now)
        except HubError as stopped:
            error = stopped  # What was read until then is true all the same.
        found = (tag_snapshot(want.name, each, now) for page in pages.read for each in page)
        return _reading(
            Reading(
                want=want,
                read_at=now,
                tags=(*(tag for tag in found if tag is not None), *((latest,) if latest else ())),
                unreadable=pages.unreadable,
                has_no_latest=is_asked and latest is None and error is None,
                requests=turned + len(pages.read) + is_asked,
                error=error,
            ),
            pages,
            since,
        )

    def _first_page(self, hub: HubClient, name: RepositoryName) -> tuple[_Pages, int]:
        """Read the first page, of the list that is not the wrong way round; tell how many other requests it took."""
        first, second = self._spellings
        pages = self._opened(hub, name, first)
        if not (pages.listing.has_more and order_of(pages.read[0]) is Order.OLDEST_FIRST):
            return pages, 0
        # Start with the other spelling from now on, for every repository.
        self._spellings = (second, first)
        return self._opened(hub, name, second), 1

    def _opened(self, hub: HubClient, name: RepositoryName, ordering: str) -> _Pages:
        pages = _Pages(hub.tags.list(name, ordering=ordering))
        pages.turn()
        return pages


def _is_enough(pages: _Pages, since: datetime | None, *, is_deep: bool) -> bool:
    """Tell whether older pages bring nothing that is wanted."""
    return pages.shows_order and (not is_deep or _reaches_back(pages, since))


def _reaches_back(pages: _Pages, since: datetime | None) -> bool:
    """Tell whether everything on the pages that follow was there when the repository was read before."""
    oldest = pages.oldest()
    return pages.shows_order and since is not None and oldest is not None and oldest < since


def _reading(reading: Reading, pages: _Pages, since: datetime | None) -> Reading:
    """Add what follows from the pages: what is known now, and what would have been on them if it were there."""
    # What cannot be read may be any tag, so nothing is known to be gone.
    listing, shows_order = pages.listing, pages.shows_order and not reading.unreadable
    first, oldest = pages.oldest(0), pages.oldest()
    is_whole = listing.is_complete and not listing.has_more and not reading.unreadable
    is_known = is_whole or _reaches_back(pages, since)
    is_cut = len(pages.read) >= MOST_PAGES and not is_whole
    has_all_tags = is_whole or (is_known and reading.want.had_all_tags)
    return replace(
        reading,
        is_seen_whole=is_whole and len(pages.read) == 1,
        seen_since=first + _SAME_MOMENT if shows_order and first is not None else None,
        is_walked_whole=is_whole,
        walked_since=oldest + _SAME_MOMENT if shows_order and oldest is not None else None,
        has_all_tags=has_all_tags,
        is_capped=not has_all_tags and (is_known or is_cut),
        problem=_problem(reading, "" if listing.is_complete or is_cut else clause(listing.shortfall)),
    )


def _can_be(tag: str) -> bool:
    try:
        check_tag(tag)
    except InvalidReferenceError:
        return False
    return True


def _problem(reading: Reading, shortfall: str) -> str:
    """Return why it cannot be told what a repository holds; what stands for it may be what cannot be read."""
    has_latest = any(tag.name == LATEST for tag in reading.tags)
    return shortfall or (SOME_UNREADABLE if reading.unreadable and not has_latest else "")


def _latest(hub: HubClient, name: RepositoryName, now: datetime) -> TagSnapshot | None:
    try:
        return tag_snapshot(name, hub.tags.get(name, LATEST), now)
    except NotFoundError:
        return None
