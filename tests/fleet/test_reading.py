"""Whatever order pages of tags come in, what is wanted is read, and nothing that is there is taken for gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import HubError
from bot.fleet.reading import LAG, TagReader, Want, clause
from bot.hub.client import HubClient
from bot.hub.protocol import Answer
from bot.hub.tags import Tags
from tests.fleet.scene import API, LONG_AGO, NOON
from tests.hub.support import FakeWire, Sent, json_answer, make_api, unhurried

ORDERS = ("newest", "oldest", "none")


class Shelf:
    """Tags in pages, in an order of its own.

    Args:
        times: When each was pushed, in hours since long ago; None is unknown.
        order: `newest` or `oldest` first whatever is asked for, or `none`: as given.
        page_size: Entries on a page, at most.
        broken_from: From which page on Docker Hub is away.
    """

    def __init__(
        self, times: Sequence[float | None], order: str = "newest", *, page_size: int = 100, broken_from: int = 1_000
    ) -> None:
        self.entries = {f"n{number:04}": _moment(hours) for number, hours in enumerate(times)}
        self.order = order
        self.page_size = page_size
        self.broken_from = broken_from

    def __call__(self, sent: Sent) -> Answer:
        query = dict(sent.request.query)
        name = sent.request.path.rpartition("/")[2]
        if "page_size" not in query:
            there = name in self.entries
            return json_answer(_entry(name, self.entries[name])) if there else json_answer({}, status=404)
        ordered = list(self.entries.items())
        if self.order != "none":
            ordered.sort(key=lambda entry: entry[1] or LONG_AGO - timedelta(1), reverse=self.order == "newest")
        size, page = min(int(query["page_size"]), self.page_size), int(query.get("page", "1"))
        if page >= self.broken_from:
            return json_answer({"message": "away"}, status=500)
        link = f"?page={page + 1}&page_size={size}" if page * size < len(ordered) else None
        some = ordered[(page - 1) * size : page * size]
        return json_answer({"count": len(ordered), "next": link, "results": [_entry(*each) for each in some]})


def _moment(hours: float | None) -> datetime | None:
    return None if hours is None else LONG_AGO + timedelta(hours=hours)


def _entry(name: str, moment: datetime | None) -> dict[str, Any]:
    return {"name": name, "tag_last_pushed": moment.isoformat() if moment else None}


def hub_of(shelf: Shelf) -> tuple[HubClient, FakeWire]:
    wire = FakeWire(shelf)
    return cast(HubClient, SimpleNamespace(tags=Tags(make_api(wire)))), wire


@unhurried
@given(
    times=st.lists(st.none() | st.integers(0, 40), max_size=260),
    order=st.sampled_from(ORDERS),
    since=st.none() | st.integers(0, 40),
    page_size=st.sampled_from([25, 100]),
    is_deep=st.booleans(),
)
def test_what_is_wanted_is_read_in_every_order(
    times: list[int | None], order: str, since: int | None, page_size: int, *, is_deep: bool
) -> None:
    hub, _ = hub_of(shelf := Shelf(times, order, page_size=page_size))
    covered_at = None if since is None else LONG_AGO + timedelta(hours=since) + LAG
    want = Want(API, is_deep=is_deep, covered_at=covered_at, had_all_tags=since is not None)

    reading = TagReader().read(hub, want, now=NOON)

    read = {tag.name for tag in reading.tags}
    known = {name: moment for name, moment in shelf.entries.items() if moment is not None}
    newest = max(known.values(), default=None)
    assert {name for name, moment in known.items() if moment == newest} <= read or len(read) >= page_size
    assert reading.newest == newest
    if reading.has_all_tags and since is None:
        assert read == shelf.entries.keys()
    if is_deep:
        assert reading.has_all_tags
        assert {name for name, at in known.items() if since is None or at >= LONG_AGO + timedelta(hours=since)} <= read
    # Everything that one answer would have held if it were there was in it.
    for name, moment in shelf.entries.items():
        if reading.is_seen_whole or (reading.seen_since and moment and moment > reading.seen_since):
            assert name in read


@pytest.mark.parametrize(("order", "requests"), [("newest", 1), ("oldest", 1 + 20), ("none", 20)])
def test_the_newest_page_is_enough_only_where_it_is_known_to_be_that(order: str, requests: int) -> None:
    hub, wire = hub_of(Shelf([(number * 701) % 2_000 for number in range(2_000)], order))

    reading = TagReader().read(hub, Want(API, is_deep=False), now=NOON)

    assert len(wire.sent) == reading.requests == requests + (order == "newest")
    assert reading.newest == _moment(1_999)
    assert reading.has_all_tags is (order != "newest")


def test_many_tags_of_one_moment_show_no_order() -> None:
    hub, _ = hub_of(Shelf([*[5] * 150, 900], "oldest"))

    assert TagReader().read(hub, Want(API, is_deep=False), now=NOON).newest == _moment(900)


def test_what_was_read_before_an_error_is_kept() -> None:
    hub, _ = hub_of(Shelf(range(300), broken_from=2))

    reading = TagReader().read(hub, Want(API), now=NOON)

    assert (len(reading.tags), reading.has_all_tags, reading.is_capped) == (100, False, False)
    assert isinstance(reading.error, HubError)


def test_the_spelling_that_gives_the_newest_is_remembered() -> None:
    def respond(sent: Sent) -> Answer:
        is_plain = dict(sent.request.query).get("ordering") == "last_updated"
        return Shelf(range(300), "oldest" if is_plain else "newest")(sent)

    wire = FakeWire(respond)
    hub = cast(HubClient, SimpleNamespace(tags=Tags(make_api(wire))))
    reader = TagReader()

    counts = [reader.read(hub, Want(API, is_deep=False), now=NOON).requests for _ in range(2)]

    assert counts == [3, 2]


def test_a_sentence_becomes_a_clause_in_which_names_stay_names() -> None:
    assert clause("Docker Hub refuses the PAT of ana.") == "Docker Hub refuses the PAT of ana"
    assert clause("Not all was read.") == "not all was read"
