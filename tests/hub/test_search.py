"""Search, from recorded answers."""

import pytest

from bot.errors import UnexpectedResponseError
from bot.hub.search import Search, SearchResult
from bot.images import RepositoryName
from tests.hub.support import FakeWire, json_answer, make_api, scripted

OFFICIAL = {
    "repo_name": "nginx",
    "short_description": "Official build of Nginx.",
    "star_count": 21044,
    "pull_count": 12_884_901_889,
    "repo_owner": "",
    "is_automated": False,
    "is_official": True,
}


def test_results_are_read() -> None:
    results = [OFFICIAL, {"repo_name": "bitnami/nginx", "pull_count": "7"}, {"star_count": 1}]
    wire = FakeWire(scripted(json_answer({"count": 2, "next": "", "results": results})))

    found = list(Search(make_api(wire)).list("nginx"))

    assert found == [
        SearchResult(
            repo_name="nginx",
            short_description="Official build of Nginx.",
            star_count=21044,
            pull_count=12_884_901_889,
            is_automated=False,
            is_official=True,
        ),
        SearchResult(repo_name="bitnami/nginx", pull_count=7),
    ]
    assert [result.repository_name for result in found] == [
        RepositoryName("library", "nginx"),
        RepositoryName("bitnami", "nginx"),
    ]


def test_query_goes_out_as_it_was_typed() -> None:
    wire = FakeWire(scripted(json_answer({"results": []})))

    list(Search(make_api(wire)).list("a&b =c/ü", limit=5))

    assert wire.sent[0].request.url == (
        "https://hub.docker.com/v2/search/repositories/?query=a%26b+%3Dc%2F%C3%BC&page_size=5"
    )


def test_error_names_the_search_without_what_could_break_a_message() -> None:
    wire = FakeWire(scripted(json_answer([])))

    with pytest.raises(UnexpectedResponseError) as raised:
        list(Search(make_api(wire)).list("ngi\u202enx\n" * 100))

    assert raised.value.resource.startswith("a search for “ngi nx ngi nx")
    assert len(raised.value.resource) < 230
