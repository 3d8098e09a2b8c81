"""Lists that come in pages.

A `Listing` follows the service's own link to the next page and yields each entry once, although the list may grow,
shrink or shift while it is read, `count` may be stale, and a page may be short, past the end, or linked in a circle.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, TypeVar

from bot.errors import NotFoundError, UnexpectedResponseError
from bot.hub.api import Api, Call, Reply
from bot.hub.decoding import HubModel, count_entries, decode_many, read_int
from bot.hub.failures import clean
from bot.hub.protocol import ForeignLinkError, Query, next_query

LARGEST_PAGE = 100
"""More is clamped without a word. Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories"""
MOST_PAGES = 50
MOST_BARREN_PAGES = 3
"""After so many pages in a row without anything new, the list is taken for one without end."""

T = TypeVar("T")
M = TypeVar("M", bound=HubModel)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page.

    Attributes:
        items: What could be read of it.
        total: How many entries the whole list has, as the service says; None when it does not.
        next_query: What to ask for the next page; None on the last one.
        credential: What it was asked with, in words.
        dead_end: Why there is a next page that cannot be asked for; empty when there is none.
        unreadable: How many entries it has beside those.
    """

    items: Sequence[T]
    total: int | None = None
    next_query: Query | None = None
    credential: str = ""
    dead_end: str = ""
    unreadable: int = 0


class Listing(Generic[T]):
    """The entries of a list. An iterator, for one thread, to be read once.

    Attributes:
        total: How many entries the service says there are; None when it does not say. It may be stale.
        shortfall: One sentence when entries are missing that were asked for; empty otherwise.
        has_more: Whether the service has entries that were not read, because of a limit or a shortfall.
        credential: What it was read with, in words.
        unreadable: How many entries came that cannot be read, and are left out.
    """

    def __init__(
        self,
        entries: Iterable[T],
        *,
        total: int | None = None,
        shortfall: str = "",
        has_more: bool = False,
        credential: str = "",
    ) -> None:
        self._entries = iter(entries)
        self.total = total
        self.shortfall = shortfall
        self.has_more = has_more
        self.credential = credential
        self.unreadable = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing that was asked for is known to be missing."""
        return not self.shortfall

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return next(self._entries)

    def pages(self) -> Iterator[Sequence[T]]:
        """Yield the entries by the page they came on, each page being fetched when it is asked for; instead of them."""
        yield tuple(self)


class PagedListing(Listing[T]):
    """A listing whose pages are fetched as they are needed.

    Nothing is known of it before the first entry was asked for, and whether it is complete only when it has ended.
    """

    def __init__(
        self,
        fetch: Callable[[Query], Page[T]],
        first: Query,
        *,
        key: Callable[[T], Hashable],
        limit: int | None = None,
        most_pages: int = MOST_PAGES,
    ) -> None:
        """Fetch nothing yet.

        Args:
            fetch: Fetches the page for a query. `NotFoundError` for any page but the first is the end of the list.
            first: The query of the first page.
            key: What makes an entry the same as another one.
            limit: Yield at most so many; None yields all.
            most_pages: Read at most so many.
        """
        self._pages = self._walk(first, limit)
        super().__init__(chain.from_iterable(self._pages), has_more=True)
        self._fetch = fetch
        self._key = key
        self._most_pages = most_pages

    def pages(self) -> Iterator[Sequence[T]]:
        """Yield what each page brought that was new; a page that brought nothing is an empty one."""
        return self._pages

    def _walk(self, first: Query, limit: int | None) -> Iterator[Sequence[T]]:
        asked: set[Query] = set()
        seen: set[Hashable] = set()
        barren = 0
        query: Query | None = first
        while query is not None:
            obstacle = self._obstacle(query, asked, barren)
            if obstacle:
                self._fall_short(len(seen), obstacle)
                return
            page = self._fetch_or_end(query, is_first=not asked)
            asked.add(query)
            room = None if limit is None else limit - len(seen)
            fresh = self._note(page, seen)
            barren = 0 if fresh else barren + 1
            yield fresh[:room]
            if room is not None and len(fresh) >= room:
                self.has_more = self.has_more or len(fresh) > room
                return
            if page.dead_end:
                self._fall_short(len(seen), page.dead_end)
                return
            query = page.next_query

    def _obstacle(self, query: Query, asked: Collection[Query], barren: int) -> str:
        """Say why the page should not be asked for; empty when it should."""
        if query in asked:
            return "the next page was one already read"
        if barren >= MOST_BARREN_PAGES:
            return "the pages brought nothing new any more"
        if len(asked) >= self._most_pages:
            return f"no more than {self._most_pages} pages are read"
        return ""

    def _fetch_or_end(self, query: Query, *, is_first: bool) -> Page[T]:
        try:
            return self._fetch(query)
        except NotFoundError:
            # A page past the end is answered with 404: entries were deleted since the link to it was made.
            if is_first:
                raise
            return Page((), self.total, credential=self.credential)

    def _note(self, page: Page[T], seen: set[Hashable]) -> list[T]:
        """Take the page's facts over, and return its entries that are new."""
        if page.total is not None:
            if self.total is not None and page.total < self.total:
                # Entries behind a deleted one move up by one place, and the first of the next page slips by unseen.
                self.shortfall = "The list became shorter while it was read: some entries may be missing."
            self.total = page.total
        self.credential = page.credential
        self.unreadable += page.unreadable
        self.has_more = page.next_query is not None or bool(page.dead_end)
        fresh: dict[Hashable, T] = {}
        for item in page.items:
            key = self._key(item)
            if key not in seen:
                fresh.setdefault(key, item)
        seen.update(fresh)
        return list(fresh.values())

    def _fall_short(self, count: int, why: str) -> None:
        # A circle of pages is no loss when all entries were in it.
        self.has_more = self.total is None or count < self.total
        if self.has_more:
            self.shortfall = f"Not all entries were read, only {count:,}: {why}."


def list_pages(
    api: Api,
    call: Call,
    model: type[M],
    *,
    key: Callable[[M], Hashable],
    limit: int | None = None,
    page_size: int = LARGEST_PAGE,
    most_pages: int = MOST_PAGES,
) -> Listing[M]:
    """Return a listing of what an API route lists.

    Args:
        api: Where to ask.
        call: What to ask, without the page size.
        model: What an entry is.
        key: What makes an entry the same as another one.
        limit: Yield at most so many; None yields all.
        page_size: Entries a request, at most `LARGEST_PAGE`; not more than the limit are asked for.
        most_pages: Read at most so many pages.
    """
    patience = api.patience()
    size = min(page_size, LARGEST_PAGE, LARGEST_PAGE if limit is None else max(1, limit))

    def fetch(query: Query) -> Page[M]:
        reply = api.send(replace(call, query=query), patience)
        return _page_of(reply, model, origin=api.origin, resource=call.resource)

    first = (*call.query, ("page_size", str(size)))
    return PagedListing(fetch, first, key=key, limit=limit, most_pages=most_pages)


def _page_of(reply: Reply, model: type[M], *, origin: str, resource: str) -> Page[M]:
    data = reply.answer.data
    if not isinstance(data, dict) or not isinstance(data.get("results", ""), list | dict | None):
        raise UnexpectedResponseError(
            resource, credential=reply.credential, detail="a page without a list of results", status=reply.answer.status
        )
    following, dead_end = following_page(data.get("next"), origin=origin)
    items = decode_many(model, data["results"])
    return Page(
        items=items,
        total=read_int(data.get("count")),
        next_query=following,
        credential=reply.credential,
        dead_end=dead_end,
        unreadable=count_entries(data["results"]) - len(items),
    )


def following_page(link: object, *, origin: str) -> tuple[Query | None, str]:
    """Return the query of the next page, or None; and why it is not read, empty where there is nothing to say of it.

    Args:
        link: What an answer says of it.
        origin: The only place that is asked: nothing is sent elsewhere, and what was read so far is still true.
    """
    try:
        return next_query(link, origin=origin), ""
    except ForeignLinkError as error:
        return None, f"the next page is said to be at {clean(str(error))}"
