"""What Docker Hub shows of recent pushes, in whatever order it does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFoundError
from bot.hub.client import HubClient
from bot.hub.protocol import Answer
from bot.hub.repositories import Repositories
from bot.hub.tags import Tags
from bot.images import RepositoryName
from bot.pushes.recent import newest_tags, pushed_repositories, single_tags
from tests.hub.support import FakeWire, Sent, json_answer, make_api, unhurried

API = RepositoryName("acme", "api")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Shelf:
    """A list in pages, in an order of its own.

    Args:
        times: When each entry was pushed to, in hours since the start; None is unknown.
        order: `newest` or `oldest` first, or `none`: as given.
        page_size: Entries on a page, at most.
    """

    def __init__(self, times: Sequence[float | None], order: str = "newest", *, page_size: int = 100) -> None:
        self.entries = [(f"n{number:04}", _moment(hours)) for number, hours in enumerate(times)]
        self.order = order
        self.page_size = page_size

    def __call__(self, sent: Sent) -> Answer:
        query = dict(sent.request.query)
        ordered = self._ordered(query)
        size = min(int(query["page_size"]), self.page_size)
        page = int(query.get("page", "1"))
        has_next = page * size < len(ordered)
        link = f"?page={page + 1}&page_size={size}&ordering={query.get('ordering', '')}" if has_next else None
        results = [_entry(name, moment) for name, moment in ordered[(page - 1) * size : page * size]]
        return json_answer({"count": len(ordered), "next": link, "results": results})

    def _ordered(self, query: dict[str, str]) -> list[tuple[str, datetime | None]]:
        def key(entry: tuple[str, datetime | None]) -> datetime:
            return entry[1] or START - timedelta(days=9_999)

        if self.order not in {"newest", "oldest"}:
            return self.entries
        return sorted(self.entries, key=key, reverse=self.order == "newest")


def _moment(hours: float | None) -> datetime | None:
    return None if hours is None else START + timedelta(hours=hours)


def _entry(name: str, moment: datetime | None) -> dict[str, Any]:
    written = moment.isoformat() if moment else None
    return {"namespace": "acme", "name": name, "last_updated": written, "tag_last_pushed": written}


def hub_of(shelf: Shelf) -> tuple[HubClient, FakeWire]:
    wire = FakeWire(shelf)
    api = make_api(wire)
    return cast(HubClient, SimpleNamespace(repositories=Repositories(api), tags=Tags(api))), wire


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("order", "requests"), [("newest", 1), ("oldest", 10), ("none", 10)], ids=["right", "wrong way round", "none"]
)
def test_a_thousand_repositories(order: str, requests: int) -> None:
    hub, wire = hub_of(Shelf([(number * 7) % 1_000 for number in range(1_000)], order))

    recent = pushed_repositories(hub, "acme", at(997))

    assert len(recent.found) == 3
    assert (recent.newest, recent.is_complete) == (at(999), True)
    assert len(wire.sent) == requests


def test_the_listing_goes_on_while_repositories_are_news() -> None:
    hub, wire = hub_of(Shelf(range(1_000)))

    assert len(pushed_repositories(hub, "acme", at(700)).found) == 300
    assert len(wire.sent) == 4


def test_a_page_of_one_moment_shows_no_order() -> None:
    hub, _ = hub_of(Shelf([*[0] * 150, 500], "oldest"))

    assert [name.name for name in pushed_repositories(hub, "acme", at(400)).found] == ["n0150"]


def test_repositories_that_were_never_pushed_to_show_no_order_either() -> None:
    hub, _ = hub_of(Shelf([*[None] * 150, 500], "none"))

    assert [name.name for name in pushed_repositories(hub, "acme", at(400)).found] == ["n0150"]


@unhurried
@given(
    times=st.lists(st.none() | st.integers(0, 50), max_size=230),
    order=st.sampled_from(["newest", "oldest"]),
    since=st.integers(0, 50),
    page_size=st.sampled_from([25, 100]),
)
def test_what_was_pushed_since_is_found_in_every_order(
    times: list[int | None], order: str, since: int, page_size: int
) -> None:
    shelf = Shelf(times, order, page_size=page_size)
    expected = {name for name, moment in shelf.entries if moment and moment >= at(since)}

    repositories = pushed_repositories(hub_of(shelf)[0], "acme", at(since)).found
    tags = newest_tags(hub_of(shelf)[0], API, at(since)).found

    assert {repository.name for repository in repositories} == expected
    assert {tag.name for tag in tags if tag.pushed_at and tag.pushed_at >= at(since)} == expected


def test_one_page_at_least_is_looked_at_for_an_order() -> None:
    hub, _ = hub_of(Shelf([50, 10, *[1] * 90, 500, *[0] * 100], "none"))

    assert [name.name for name in pushed_repositories(hub, "acme", at(400)).found] == ["n0092"]


def test_entries_of_other_namespaces_are_left_out() -> None:
    hub, _ = hub_of(Shelf([1, 2]))

    assert pushed_repositories(hub, "other", at(0)).found == ()


@pytest.mark.parametrize(("news", "requests"), [(0, 1), (50, 1), (99, 1), (150, 1 + 4), (450, 1 + 4 + 16)])
def test_tags_are_read_as_far_back_as_needed(news: int, requests: int) -> None:
    hub, wire = hub_of(Shelf(range(2_000)))

    recent = newest_tags(hub, API, at(2_000 - news))

    assert len([tag for tag in recent.found if tag.pushed_at and tag.pushed_at >= at(2_000 - news)]) == news
    assert (len(wire.sent), recent.is_complete) == (requests, True)


def test_one_page_is_enough_when_nothing_is_looked_for() -> None:
    hub, wire = hub_of(Shelf(range(2_000)))

    assert len(newest_tags(hub, API, None).found) == 100
    assert len(wire.sent) == 1


def test_more_news_than_are_read_is_said() -> None:
    hub, _ = hub_of(Shelf(range(5_100)))

    assert not newest_tags(hub, API, at(0)).is_complete


def test_tags_of_unknown_time_are_no_pushes() -> None:
    hub, wire = hub_of(Shelf([None] * 300))

    assert newest_tags(hub, API, at(0)).found == ()
    assert len(wire.sent) == 1


def test_single_tags_that_are_missing_are_left_out() -> None:
    def respond(sent: Sent) -> Answer:
        if sent.request.path.endswith("/a"):
            return json_answer(_entry("a", START))
        return json_answer({"message": "no such tag"}, status=404)

    wire = FakeWire(respond)
    hub = cast(HubClient, SimpleNamespace(tags=Tags(make_api(wire))))

    assert [tag.name for tag in single_tags(hub, API, ["a", "b"]).found] == ["a"]
    with pytest.raises(NotFoundError):
        single_tags(hub, API, ["b"])
