from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

TAGS = "/v2/namespaces/acme/repositories/many/tags"
NAMES = [f"t{number:03d}" for number in range(230)]


@pytest.fixture(autouse=True)
def many_tags(state: HubState, clock: SettableClock) -> None:
    """A public repository with 230 tags; `t000` is the newest."""
    state.create_repository("acme", "many", at=clock.now)
    for age, name in enumerate(NAMES):
        state.push_tag("acme/many", name, at=clock.now - timedelta(minutes=age))


def page(hub: HubSimulator, query: str = "") -> dict[str, Any]:
    body: dict[str, Any] = requests.get(f"{hub.url}{TAGS}{query}", timeout=5).json()
    return body


def names(body: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in body["results"]]


def follow(hub: HubSimulator, query: str) -> Iterator[dict[str, Any]]:
    """Yield the pages that the links lead to, 20 at most."""
    link: str | None = f"{hub.url}{TAGS}{query}"
    for _ in range(20):
        if link is None:
            return
        body = requests.get(link, timeout=5).json()
        yield body
        link = body["next"]


def test_page_has_ten_items_unless_told_otherwise(hub: HubSimulator) -> None:
    # Docker Hub API, list repository tags: defaults to 10.
    body = page(hub)

    assert names(body) == NAMES[:10]
    assert (body["count"], body["previous"]) == (230, None)
    assert body["next"] == f"{hub.url}{TAGS}?page=2"


def test_page_size_is_clamped_at_100_without_an_error(hub: HubSimulator) -> None:
    # Reported: page_size=300 gives 100 results.
    assert len(page(hub, "?page_size=300")["results"]) == 100


def test_links_lead_over_each_item_once_and_keep_the_query(hub: HubSimulator) -> None:
    pages = list(follow(hub, "?page_size=100&name=t1"))

    assert [name for body in pages for name in names(body)] == [name for name in NAMES if "t1" in name]
    assert pages[0]["next"] is None

    pages = list(follow(hub, "?page_size=100"))

    assert [len(body["results"]) for body in pages] == [100, 100, 30]
    assert pages[1]["previous"].endswith("?page_size=100&page=1")
    assert [name for body in pages for name in names(body)] == NAMES


def test_links_name_the_public_origin(state: HubState, clock: SettableClock) -> None:
    with HubSimulator(state, now=clock, public_origin="https://hub.docker.com") as hub:
        assert page(hub)["next"] == f"https://hub.docker.com{TAGS}?page=2"


def test_page_past_the_end_is_404(hub: HubSimulator) -> None:
    # Docker Hub API, list repositories: 404 "Page not found".
    assert requests.get(f"{hub.url}{TAGS}?page=23", timeout=5).status_code == 200
    assert requests.get(f"{hub.url}{TAGS}?page=24", timeout=5).status_code == 404


def test_first_page_of_nothing_is_empty(hub: HubSimulator) -> None:
    assert page(hub, "?name=none") == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page_size=-1", "?page_size=0"])
def test_impossible_page_is_400_naming_the_field(hub: HubSimulator, query: str) -> None:
    response = requests.get(f"{hub.url}{TAGS}{query}", timeout=5)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [query[1:].partition("=")[0]]


def test_page_size_may_be_ignored(hub: HubSimulator) -> None:
    # hub-feedback, August 2023: the tags route sent 25 whatever was asked.
    hub.unknowns = Unknowns(page_size="ignored")

    assert [len(body["results"]) for body in follow(hub, "?page_size=100")] == [25] * 9 + [5]


def test_count_may_be_stale_or_absent(hub: HubSimulator) -> None:
    hub.unknowns = Unknowns(page_count="stale")
    assert page(hub)["count"] == 228

    hub.unknowns = Unknowns(page_count="absent")
    assert list(page(hub)) == ["next", "previous", "results"]


def test_bad_next_leads_to_another_host(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="bad_next", path=TAGS, times=1))
    hub.faults.add(Fault(kind="bad_next", path=TAGS, location="https://evil.example"))

    assert page(hub)["next"] == f"https://elsewhere.example{TAGS}?page=2"
    assert page(hub)["next"] == f"https://evil.example{TAGS}?page=2"


def test_endless_list_begins_again(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="endless", path=TAGS))

    pages = list(follow(hub, "?page_size=100"))

    assert len(pages) == 20
    assert names(pages[3]) == NAMES[70:170]


def test_endless_list_of_nothing_still_has_a_next(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="endless"))

    body = page(hub, "?name=none&page=7")

    assert (body["results"], body["next"] is None) == ([], False)


def test_shifting_list_repeats_the_last_item_of_the_page_before(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="shifting"))

    pages = list(follow(hub, "?page_size=100"))

    assert names(pages[1])[0] == names(pages[0])[-1] == "t099"
    assert names(pages[2])[0] == names(pages[1])[-1] == "t198"
    assert sorted({name for body in pages for name in names(body)}) == NAMES


def test_short_pages_are_half_as_long_and_miss_nothing(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="short_page"))

    pages = list(follow(hub, "?page_size=100"))

    assert [len(body["results"]) for body in pages] == [50] * 4 + [30]
    assert [name for body in pages for name in names(body)] == NAMES
