"""Listings: each entry once, whatever the pages do."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import FrozenClock
from bot.errors import NotFoundError, RateLimitedError, UnexpectedResponseError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel
from bot.hub.paging import MOST_BARREN_PAGES, MOST_PAGES, Listing, Page, PagedListing, list_pages
from bot.hub.protocol import Answer, Query
from bot.hub.retrying import Outcome
from tests.hub.support import NOW, FakeWire, Sent, json_answer, make_api, scripted, unhurried

FIRST: Query = (("page_size", "2"),)


def page(number: int) -> Query:
    return (("page", str(number)), ("page_size", "2"))


def listing(*pages: Page[int], limit: int | None = None, most_pages: int = MOST_PAGES) -> PagedListing[int]:
    left = list(pages)
    return PagedListing(lambda _: left.pop(0), FIRST, key=lambda item: item, limit=limit, most_pages=most_pages)


class Shelf:
    """A list that changes while it is read: before each page some entries are put in front."""

    def __init__(self, entries: Sequence[int], size: int, arrivals: Sequence[int]) -> None:
        self.entries = list(entries)
        self.size = size
        self.arrivals = list(arrivals)
        self.next_new = 1_000_000

    def fetch(self, query: Query) -> Page[int]:
        number = int(dict(query).get("page", "1"))
        start = (number - 1) * self.size
        if start >= len(self.entries) and number > 1:
            raise NotFoundError("the shelf")
        following = page(number + 1) if start + self.size < len(self.entries) else None
        items = self.entries[start : start + self.size]
        found = Page(items, len(self.entries), following, "no credential")
        self._shift()
        return found

    def _shift(self) -> None:
        for _ in range(self.arrivals.pop(0) if self.arrivals else 0):
            self.entries.insert(0, self.next_new)
            self.next_new += 1


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    fetched = listing()

    assert (fetched.total, fetched.credential, fetched.has_more) == (None, "", True)


def test_pages_are_followed_and_fetched_lazily() -> None:
    asked: list[Query] = []

    def fetch(query: Query) -> Page[int]:
        asked.append(query)
        return Page([1, 2], 4, page(2), "x") if query == FIRST else Page([3, 4], 4, None, "x")

    entries = PagedListing(fetch, FIRST, key=lambda item: item)

    assert next(entries) == 1
    assert (entries.total, entries.credential, asked) == (4, "x", [FIRST])
    assert list(entries) == [2, 3, 4]
    assert asked == [FIRST, page(2)]
    assert (entries.is_complete, entries.has_more) == (True, False)


def test_pages_are_fetched_one_by_one() -> None:
    entries = listing(Page([1, 2], 3, page(2)), Page([2, 3], 3))

    pages = entries.pages()
    assert (next(pages), entries.has_more, entries.total) == ([1, 2], True, 3)
    assert ([*pages], entries.has_more, [*entries]) == ([[3]], False, [])


def test_a_list_that_is_there_already_is_one_page() -> None:
    assert [*Listing([1, 2]).pages()] == [(1, 2)]


def test_limit_at_the_end_of_a_page_fetches_no_further_page() -> None:
    entries = listing(Page([1, 2], 9, page(2)), limit=2)

    assert list(entries) == [1, 2]
    assert (entries.is_complete, entries.has_more) == (True, True)


def test_limit_within_the_last_page_leaves_more() -> None:
    entries = listing(Page([1, 2, 3], 3), limit=2)

    assert list(entries) == [1, 2]
    assert (entries.is_complete, entries.has_more) == (True, True)


def test_limit_of_nothing_yields_nothing_and_still_tells_the_total() -> None:
    entries = listing(Page([1, 2], 9, page(2)), limit=0)

    assert list(entries) == []
    assert entries.total == 9


def test_entry_seen_before_is_not_yielded_again() -> None:
    assert list(listing(Page([1, 2], 4, page(2)), Page([2, 2, 3], 4))) == [1, 2, 3]


def test_page_past_the_end_is_the_end() -> None:
    shelf = Shelf(range(5), 2, [])

    def fetch(query: Query) -> Page[int]:
        found = shelf.fetch(query)
        del shelf.entries[2:]
        return found

    entries = PagedListing(fetch, FIRST, key=lambda item: item)

    assert list(entries) == [0, 1]
    assert not entries.has_more


def test_missing_first_page_is_an_error() -> None:
    def fetch(_: Query) -> Page[int]:
        raise NotFoundError("the repositories of nobody")

    with pytest.raises(NotFoundError):
        next(PagedListing(fetch, FIRST, key=lambda item: item))


def test_pages_without_end_are_cut_and_it_is_said() -> None:
    def fetch(query: Query) -> Page[int]:
        number = int(dict(query).get("page", "1"))
        return Page([number], None, page(number + 1))

    entries = PagedListing(fetch, FIRST, key=lambda item: item, most_pages=7)

    assert list(entries) == [1, 2, 3, 4, 5, 6, 7]
    assert (entries.is_complete, entries.has_more) == (False, True)
    assert entries.shortfall == "Not all entries were read, only 7: no more than 7 pages are read."


def test_pages_that_repeat_themselves_are_left() -> None:
    asked = 0

    def fetch(query: Query) -> Page[int]:
        nonlocal asked
        asked += 1
        return Page([1, 2], None, page(int(dict(query).get("page", "1")) + 1))

    entries = PagedListing(fetch, FIRST, key=lambda item: item)

    assert list(entries) == [1, 2]
    assert asked == 1 + MOST_BARREN_PAGES
    assert entries.shortfall == "Not all entries were read, only 2: the pages brought nothing new any more."


def test_link_to_a_page_already_read_ends_the_listing() -> None:
    entries = listing(Page([1, 2], 9, page(2)), Page([3, 4], 9, page(2)))

    assert list(entries) == [1, 2, 3, 4]
    assert entries.shortfall == "Not all entries were read, only 4: the next page was one already read."


def test_circle_is_no_loss_when_everything_was_in_it() -> None:
    entries = listing(Page([1, 2], 4, page(2)), Page([3, 4], 4, page(2)))

    assert list(entries) == [1, 2, 3, 4]
    assert entries.is_complete


def test_empty_page_in_the_middle_is_passed() -> None:
    assert list(listing(Page([1], 3, page(2)), Page([], 3, page(3)), Page([2], 3))) == [1, 2]


def test_list_that_becomes_shorter_may_have_lost_entries() -> None:
    entries = listing(Page([1, 2], 5, page(2)), Page([4], 4))

    assert list(entries) == [1, 2, 4]
    assert entries.shortfall == "The list became shorter while it was read: some entries may be missing."


@pytest.mark.parametrize("total", [None, 0, 3, 10_000])
def test_count_may_be_missing_or_wrong(total: int | None) -> None:
    entries = listing(Page([1, 2], total, page(2)), Page([3], total))

    assert list(entries) == [1, 2, 3]
    assert entries.is_complete
    assert entries.total == total


def test_error_in_the_middle_reaches_the_reader() -> None:
    def fetch(query: Query) -> Page[int]:
        if query == FIRST:
            return Page([1], 2, page(2))
        raise RateLimitedError("the list", retry_at=NOW)

    entries = PagedListing(fetch, FIRST, key=lambda item: item)

    assert next(entries) == 1
    with pytest.raises(RateLimitedError):
        next(entries)


def test_listing_of_what_is_read_already() -> None:
    entries = Listing([3, 1], total=9, shortfall="Cut.", has_more=True, credential="x")

    assert (entries.total, entries.is_complete, entries.has_more) == (9, False, True)
    assert list(entries) == [3, 1]


@unhurried
@given(
    count=st.integers(min_value=0, max_value=60),
    size=st.integers(min_value=1, max_value=10),
    arrivals=st.lists(st.integers(min_value=0, max_value=3), max_size=20),
)
def test_each_entry_comes_once_while_the_list_shifts(count: int, size: int, arrivals: list[int]) -> None:
    # A page must bring something new now and then, or the list has no end: fewer arrivals than its size.
    shelf = Shelf(range(count), size, [min(arrival, size - 1) for arrival in arrivals])

    seen = list(PagedListing(shelf.fetch, FIRST, key=lambda item: item, most_pages=10_000))

    assert len(seen) == len(set(seen))
    assert [item for item in seen if item < count] == list(range(count))


@unhurried
@given(
    pages=st.lists(
        st.tuples(
            st.lists(st.integers(0, 9), max_size=5),
            st.none() | st.integers(0, 99),
            st.none() | st.integers(0, 5),
        ),
        min_size=1,
        max_size=8,
    ),
    limit=st.none() | st.integers(0, 12),
)
def test_pages_of_any_kind_end_and_never_repeat_an_entry(pages: list[Any], limit: int | None) -> None:
    def fetch(query: Query) -> Page[int]:
        items, total, following = pages[int(dict(query).get("page", "0")) % len(pages)]
        return Page(items, total, None if following is None else page(following))

    seen = list(PagedListing(fetch, FIRST, key=lambda item: item, limit=limit))

    assert len(seen) == len(set(seen))
    assert limit is None or len(seen) <= limit
    assert set(seen) <= {item for items, _, _ in pages for item in items}


class Entry(HubModel):
    name: str


CALL = Call(Operation.READ_TAGS, "acme", "the tags of acme/api", "/v2/tags", (("ordering", "name"),))


def entries_of(respond: Callable[[Sent], Outcome], **options: Any) -> tuple[PagedListing[Entry], FakeWire]:
    wire = FakeWire(respond, FrozenClock(NOW))
    return listed(make_api(wire), **options), wire


def listed(api: Api, **options: Any) -> PagedListing[Entry]:
    found = list_pages(api, CALL, Entry, key=lambda entry: entry.name, **options)
    assert isinstance(found, PagedListing)
    return found


def body(*names: str, **more: Any) -> Answer:
    return json_answer({"results": [{"name": name} for name in names], **more})


def test_entries_that_cannot_be_read_are_counted() -> None:
    broken = json_answer({"results": [{"name": "a"}, {"name": 5}, None], "next": None})
    entries, _ = entries_of(scripted(broken))

    assert [entry.name for entry in entries] == ["a"]
    assert entries.unreadable == 2


def test_next_page_is_asked_for_at_our_own_address() -> None:
    link = "https://hub.docker.com/other/path?page=2&page_size=2&ordering=name"
    entries, wire = entries_of(scripted(body("a", "b", next=link, count=3), body("c", next=None)), page_size=2)

    assert [entry.name for entry in entries] == ["a", "b", "c"]
    assert [(sent.request.path, sent.request.query) for sent in wire.sent] == [
        ("/v2/tags", (("ordering", "name"), ("page_size", "2"))),
        ("/v2/tags", (("page", "2"), ("page_size", "2"), ("ordering", "name"))),
    ]
    assert entries.credential == "no credential"


@pytest.mark.parametrize(
    ("options", "size"),
    [({}, "100"), ({"limit": 5}, "5"), ({"limit": 500}, "100"), ({"page_size": 1000}, "100"), ({"limit": 0}, "1")],
)
def test_no_more_entries_are_asked_for_than_are_wanted(options: dict[str, int], size: str) -> None:
    entries, wire = entries_of(scripted(body()), **options)

    assert list(entries) == []
    assert dict(wire.sent[0].request.query)["page_size"] == size


def test_link_to_another_host_is_not_followed_and_what_came_before_it_is_kept() -> None:
    entries, wire = entries_of(scripted(body("a", next="https://evil.example/?page=2")))

    assert len(list(entries)) == 1
    assert entries.shortfall == "Not all entries were read, only 1: the next page is said to be at evil.example."
    assert len(wire.sent) == 1


@pytest.mark.parametrize("data", [None, [], "text", {}, {"count": 3}, {"detail": "x"}])
def test_page_without_results_is_an_error(data: Any) -> None:
    entries, _ = entries_of(scripted(json_answer(data)))

    with pytest.raises(UnexpectedResponseError, match="a page without a list of results"):
        list(entries)


def test_page_of_null_is_empty() -> None:
    entries, _ = entries_of(scripted(json_answer({"results": None, "count": "0", "next": ""})))

    assert list(entries) == []
    assert entries.total == 0


def test_patience_is_shared_by_the_pages_of_one_listing() -> None:
    limited = Answer(429, {"Retry-After": "6"}, b"{}")
    first = body("a", next="?page=2")
    entries, wire = entries_of(scripted(limited, first, limited, body("b")))

    assert next(entries).name == "a"
    with pytest.raises(RateLimitedError):
        next(entries)
    assert wire.clock.monotonic() < 10
