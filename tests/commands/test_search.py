import pytest

from bot.errors import UsageError
from tests.support.desk import Desk


def test_search_marks_official_images_and_gives_exact_counts(desk: Desk) -> None:
    assert desk.says("search nginx") == [
        "Search: nginx",
        "Image | Official | Pulls | Stars | Description",
        "nginx | official | 12,884,901,889 | 0 | –",
        "1 found, the most relevant first.",
    ]


def test_only_official_images_are_shown_if_asked(desk: Desk) -> None:
    assert [line.partition(" |")[0] for line in desk.says("search a --official")[2:-1]] in ([], ["nginx"])
    assert desk.says("search api --official")[1] == "Docker Hub finds no official image for that."


def test_nothing_found_is_an_answer_of_no(desk: Desk) -> None:
    assert not desk.ask("search zzzz").is_good
    assert desk.says("search zzzz")[1] == "Docker Hub finds no image for that."


def test_several_words_are_one_query(desk: Desk) -> None:
    desk.ask("search acme api")

    assert desk.hub.requests[-1].query["query"] == "acme api"


def test_nothing_to_search_for_or_far_too_much_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="`search` needs <words>"):
        desk.ask("search")
    with pytest.raises(UsageError, match="too long"):
        desk.ask("search " + "x" * 201)
