import pytest

from bot.errors import UsageError
from bot.sandbox.hub.state import HubState
from tests.support.desk import OAT, PAT, Desk, ago, codes, open_desk


def test_repos_lists_the_default_namespace_and_says_what_may_be_hidden(desk: Desk) -> None:
    said = desk.says("repos")

    assert said[:4] == [
        "Repositories of acme",
        "Repository | Visibility | Pulls | Stars | Last push | Storage",
        "api | public | 1,205 | 3 | 2026-11-19 09:05 UTC | 5.0 GB",
        "empty | public | 0 | 0 | never | 0 B",
    ]
    assert said[4:] == [
        "2 repositories, last pushed first.",
        "Private repositories are not shown: there is no credential.",
    ]


def test_an_owner_sees_the_private_ones_and_is_told_whose_eyes_they_are_seen_with() -> None:
    with open_desk(username="ana", token=PAT) as desk:
        said = desk.says("repos acme")

    assert said[3].startswith("vault | private |")
    assert said[-2:] == [
        "3 repositories, last pushed first.",
        "Private repositories may be missing: the PAT of ana shows only those that ana may see.",
    ]


def test_an_organization_token_that_may_not_list_hides_private_ones_and_that_is_said() -> None:
    with open_desk(username="acme", token=OAT) as desk:
        said = desk.says("repos acme")

    assert not [line for line in said if line.startswith("vault")]
    assert "scope-repository-list" in said[-1]


def many_repositories(count: int) -> HubState:
    state = HubState()
    for number in range(count):
        repository = state.create_repository("acme", f"r{number:03}", at=ago(days=900))
        repository.star_count, repository.pull_count = number % 7, number
        state.push_tag(f"acme/r{number:03}", "latest", at=ago(hours=number))
    return state


def test_the_first_page_is_enough_where_docker_hub_sorts_itself() -> None:
    with open_desk(state=many_repositories(260)) as desk:
        said = desk.says("repos --sort newest")

        assert (said[2].partition(" |")[0], said[-2]) == (
            "r000",
            "25 of 260 repositories, last pushed first. More: --all",
        )
        assert len(desk.paths()) == 1


def test_other_orders_read_everything() -> None:
    with open_desk(state=many_repositories(260)) as desk:
        said = desk.says("repos --sort stars --limit 1")

        assert said[-2] == "1 of 260 repositories, most starred first. More: --all"
        assert "| 6 |" in said[2]
        assert len(desk.paths()) == 3


@pytest.mark.parametrize(("sort", "first"), [("name", "r000"), ("pulls", "r029"), ("newest", "r000"), ("size", "r000")])
def test_repositories_are_sorted_as_asked(sort: str, first: str) -> None:
    with open_desk(state=many_repositories(30)) as desk:
        assert codes(desk.ask(f"repos --sort {sort}").document)[0] == first


def test_names_and_visibility_narrow_the_list() -> None:
    with open_desk(username="ana", token=PAT) as desk:
        assert codes(desk.ask("repos acme --private").document) == ["vault"]
        assert codes(desk.ask("repos acme --public --name ap").document) == ["api"]
        assert desk.says("repos acme --name zzz")[1] == "None whose name contains zzz."


def test_private_and_public_exclude_each_other(desk: Desk) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        desk.ask("repos --private --public")


def test_without_any_namespace_one_is_asked_for() -> None:
    with open_desk(default_namespace=None) as desk:
        assert str(desk.ask("repos").failure) == (
            "Which namespace? Name one, or set DOCKERHUB_NAMESPACES for a default."
        )
        assert desk.paths() == []
