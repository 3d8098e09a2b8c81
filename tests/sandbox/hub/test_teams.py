"""The endpoints of an organization's teams."""

from collections.abc import Callable, Mapping

import pytest
import requests

from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

Login = Callable[[str, str], dict[str, str]]

TEAMS = "/v2/orgs/acme/groups"
WEB = f"{TEAMS}/web"
ANA, BO, ZOE, ACME = (
    ("ana", "password-of-ana"),
    ("bo", "password-of-bo"),
    ("zoe", "password-of-zoe"),
    ("acme", ACME_OAT),
)

pytestmark = pytest.mark.usefixtures("acme")


def ask(
    hub: HubSimulator, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
) -> requests.Response:
    return requests.request(method, f"{hub.url}{path}", headers=headers, json=body, timeout=5)


def test_teams_are_listed_the_owners_first(hub: HubSimulator, state: HubState, login: Login) -> None:
    state.add_team("acme", "platform")

    page = ask(hub, "GET", TEAMS, login(*ACME)).json()

    assert (page["count"], page["next"]) == (3, None)
    assert [(each["name"], each["member_count"]) for each in page["results"]] == [
        ("owners", 1),
        ("platform", 0),
        ("web", 1),
    ]
    assert len({each["id"] for each in page["results"]}) == len({each["uuid"] for each in page["results"]}) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [("username=bo", ["web"]), ("username=zoe", []), ("search=WE", ["web"]), ("search=own&username=ana", ["owners"])],
)
def test_teams_are_chosen_by_member_and_name(hub: HubSimulator, login: Login, query: str, found: list[str]) -> None:
    page = ask(hub, "GET", f"{TEAMS}?{query}", login(*ACME)).json()

    assert [each["name"] for each in page["results"]] == found


def test_whether_the_owners_are_a_team_is_a_switch(hub: HubSimulator, login: Login) -> None:
    headers = login(*ACME)
    assert ask(hub, "GET", f"{TEAMS}/owners", headers).json()["member_count"] == 1

    hub.unknowns = Unknowns(owners_team="left_out")

    assert [each["name"] for each in ask(hub, "GET", TEAMS, headers).json()["results"]] == ["web"]
    assert ask(hub, "GET", f"{TEAMS}/owners", headers).status_code == 404


def test_one_team_is_shown(hub: HubSimulator, login: Login) -> None:
    headers = login(*ACME)

    shown = ask(hub, "GET", f"{WEB}/", headers).json()

    assert (shown["name"], shown["description"], shown["member_count"]) == ("web", "The site", 1)
    assert ask(hub, "GET", f"{TEAMS}/none", headers).status_code == 404


def test_a_member_is_added_listed_and_removed(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ANA)

    added = ask(hub, "POST", f"{WEB}/members/", headers, {"member": "ana"})
    listed = ask(hub, "GET", f"{WEB}/members/", headers).json()
    removed = ask(hub, "DELETE", f"{WEB}/members/bo", headers)

    assert (added.status_code, removed.status_code, removed.content) == (200, 204, b"")
    assert [(each["username"], each["email"]) for each in listed["results"]] == [
        ("bo", "bo@acme.example"),
        ("ana", "ana@acme.example"),
    ]
    assert acme.teams["web"].members == ["ana"]
    assert ask(hub, "DELETE", f"{WEB}/members/bo", headers).status_code == 404


def test_members_of_a_team_are_searched(hub: HubSimulator, acme: Organization, login: Login) -> None:
    acme.join_team("web", "ana")

    page = ask(hub, "GET", f"{WEB}/members?search=ANA@", login(*ACME)).json()

    assert [each["username"] for each in page["results"]] == ["ana"]


def test_a_plain_list_of_members_is_a_switch(hub: HubSimulator, login: Login) -> None:
    headers = login(*ACME)
    page = ask(hub, "GET", f"{WEB}/members", headers).json()
    hub.unknowns = Unknowns(team_members="list")

    assert ask(hub, "GET", f"{WEB}/members", headers).json() == page["results"]


@pytest.mark.parametrize("body", [{"member": "zoe"}, {"member": "nobody"}, {}, None])
def test_only_members_of_the_organization_join_a_team(
    hub: HubSimulator, acme: Organization, login: Login, body: object
) -> None:
    assert ask(hub, "POST", f"{WEB}/members", login(*ACME), body).status_code == 404
    assert acme.teams["web"].members == ["bo"]


def test_owners_are_made_by_their_role_only(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ACME)

    assert ask(hub, "POST", f"{TEAMS}/owners/members", headers, {"member": "bo"}).status_code == 403
    assert ask(hub, "DELETE", f"{TEAMS}/owners/members/ana", headers).status_code == 403
    assert acme.owners == ["ana"]


@pytest.mark.parametrize(
    ("who", "reading", "changing"),
    [
        (None, 401, 401),
        (ZOE, 403, 403),
        (BO, 200, 403),
        (("ana", ANA_PAT), 403, 403),
        (ANA, 200, 200),
        (ACME, 200, 200),
    ],
)
def test_teams_are_read_by_members_and_changed_by_owners(
    hub: HubSimulator, login: Login, who: tuple[str, str] | None, reading: int, changing: int
) -> None:
    headers = login(*who) if who else None

    assert [ask(hub, "GET", path, headers).status_code for path in (TEAMS, WEB, f"{WEB}/members")] == [reading] * 3
    assert ask(hub, "POST", f"{WEB}/members", headers, {"member": "ana"}).status_code == changing
