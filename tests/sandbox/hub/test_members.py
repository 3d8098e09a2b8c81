"""The endpoints of an organization's members, and of its plan."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.seed import ACME_OAT, ACME_OAT_WITHOUT_LIST, ANA_PAT, BO_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.conftest import NOW

Login = Callable[[str, str], dict[str, str]]

MEMBERS = "/v2/orgs/acme/members"
PLAN = "/api/billing/v4/accounts/acme/hub-plan"
ANA, BO, ZOE = (("ana", "password-of-ana"), ("bo", "password-of-bo"), ("zoe", "password-of-zoe"))
ACME, NARROW = ("acme", ACME_OAT), ("acme", ACME_OAT_WITHOUT_LIST)

pytestmark = pytest.mark.usefixtures("acme")


def ask(
    hub: HubSimulator, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
) -> requests.Response:
    return requests.request(method, f"{hub.url}{path}", headers=headers, json=body, timeout=5)


def names(answer: requests.Response) -> list[str]:
    return [each["username"] or each["email"] for each in answer.json()["results"]]


@pytest.fixture
def invited(acme: Organization) -> Organization:
    """Acme with two invites: for Zoe, who has an account, and for Lena, who has none."""
    acme.invite("zoe", inviter="ana", at=NOW, role="editor")
    acme.invite("lena@elsewhere.example", inviter="ana", at=NOW, team="web")
    return acme


def test_members_are_listed_with_role_teams_and_address(hub: HubSimulator, login: Login) -> None:
    page = ask(hub, "GET", MEMBERS, login(*ACME)).json()

    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    ana, bo = page["results"]
    assert (ana["username"], ana["role"], ana["groups"]) == ("ana", "Owner", ["owners"])
    assert (bo["username"], bo["role"], bo["groups"], bo["email"]) == ("bo", "Member", ["web"], "bo@acme.example")
    assert bo["type"] == "User"


def test_addresses_are_for_owners(hub: HubSimulator, login: Login) -> None:
    assert "email" in ask(hub, "GET", MEMBERS, login(*ANA)).json()["results"][0]
    assert "email" not in ask(hub, "GET", MEMBERS, login(*BO)).json()["results"][0]


def test_members_come_in_pages(hub: HubSimulator, acme: Organization, state: HubState, login: Login) -> None:
    for number in range(10):
        state.add_user(f"user{number}", password="x", joined_at=NOW)
        acme.members[f"user{number}"] = "member"
    headers = login(*ACME)

    first = ask(hub, "GET", MEMBERS, headers).json()
    second = requests.get(first["next"], headers=headers, timeout=5).json()

    assert (first["count"], len(first["results"]), len(second["results"]), second["next"]) == (12, 10, 2, None)
    assert ask(hub, "GET", f"{MEMBERS}?page=3", headers).status_code == 404


@pytest.mark.usefixtures("invited")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["ana", "bo"]),
        ("invites=true", ["ana", "bo", "zoe", "lena@elsewhere.example"]),
        ("invites=false", ["ana", "bo"]),
        ("type=member&invites=true", ["ana", "bo"]),
        ("type=invitee", ["zoe", "lena@elsewhere.example"]),
        ("type=all", ["ana", "bo", "zoe", "lena@elsewhere.example"]),
        ("role=owner", ["ana"]),
        ("role=editor&type=all", ["zoe"]),
        ("search=BO", ["bo"]),
        ("search=acme.example", ["ana", "bo"]),
        ("search=elsewhere&type=all", ["lena@elsewhere.example"]),
        ("search=nobody", []),
    ],
)
def test_members_are_chosen_by_search_role_and_type(
    hub: HubSimulator, login: Login, query: str, found: list[str]
) -> None:
    assert names(ask(hub, "GET", f"{MEMBERS}?{query}", login(*ACME))) == found


@pytest.mark.usefixtures("invited")
def test_an_invitee_is_shown_as_one(hub: HubSimulator, login: Login) -> None:
    zoe, lena = ask(hub, "GET", f"{MEMBERS}?type=invitee", login(*ACME)).json()["results"]

    assert (zoe["role"], zoe["groups"], zoe["username"]) == ("Invitee", [], "zoe")
    assert (lena["role"], lena["groups"], lena["username"]) == ("Invitee", ["web"], "")


@pytest.mark.parametrize("query", ["type=everybody", "role=admin"])
def test_an_unknown_type_or_role_is_refused(hub: HubSimulator, login: Login, query: str) -> None:
    assert ask(hub, "GET", f"{MEMBERS}?{query}", login(*ACME)).status_code == 400


def test_an_array_of_one_page_is_a_switch(hub: HubSimulator, login: Login) -> None:
    headers = login(*ACME)
    page = ask(hub, "GET", MEMBERS, headers).json()
    hub.unknowns = Unknowns(members_page="array")

    assert ask(hub, "GET", MEMBERS, headers).json() == [page]
    assert ask(hub, "GET", f"{MEMBERS}?page=2", headers).status_code == 404


def test_a_role_is_changed(hub: HubSimulator, acme: Organization, login: Login) -> None:
    answer = ask(hub, "PUT", f"{MEMBERS}/bo", login(*ACME), {"role": "editor"})

    # Lower case in requests, capitalised in answers.
    assert (answer.status_code, answer.json()["role"], answer.json()["username"]) == (200, "Editor", "bo")
    assert acme.members["bo"] == "editor"


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (("bo", {"role": "Owner"}), 400),
        (("bo", {"role": "king"}), 400),
        (("bo", {}), 400),
        (("bo", None), 400),
        (("ana", {"role": "member"}), 400),  # The last owner.
        (("zoe", {"role": "member"}), 404),
    ],
)
def test_a_role_that_cannot_be_is_refused(
    hub: HubSimulator, acme: Organization, login: Login, wish: tuple[str, object], status: int
) -> None:
    user, body = wish

    assert ask(hub, "PUT", f"{MEMBERS}/{user}", login(*ACME), body).status_code == status
    assert acme.members == {"ana": "owner", "bo": "member"}


def test_a_member_is_removed(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ANA)

    gone = ask(hub, "DELETE", f"{MEMBERS}/bo/", headers)

    assert (gone.status_code, gone.content) == (204, b"")
    assert acme.members == {"ana": "owner"}
    assert ask(hub, "DELETE", f"{MEMBERS}/bo/", headers).status_code == 404
    assert ask(hub, "DELETE", f"{MEMBERS}/ana/", headers).status_code == 400
    assert acme.members == {"ana": "owner"}


# Who may do what


@pytest.mark.parametrize(
    ("who", "answers"),
    [
        (None, (401, 401)),
        (ZOE, (403, 403)),
        (BO, (200, 403)),  # A member, not an owner.
        (ANA, (200, 204)),
        (("ana", ANA_PAT), (403, 403)),
        (("bo", BO_PAT), (403, 403)),
        (NARROW, (403, 403)),  # None of the scopes of members.
        (ACME, (200, 204)),
    ],
)
def test_members_are_read_by_members_and_changed_by_owners(
    hub: HubSimulator, acme: Organization, login: Login, who: tuple[str, str] | None, answers: tuple[int, int]
) -> None:
    headers = login(*who) if who else None

    read, removed = ask(hub, "GET", MEMBERS, headers), ask(hub, "DELETE", f"{MEMBERS}/bo", headers)

    assert (read.status_code, removed.status_code) == answers
    assert ("bo" in acme.members) == (not removed.ok)


def test_a_personal_token_is_refused_in_recorded_words(hub: HubSimulator, login: Login) -> None:
    assert ask(hub, "GET", MEMBERS, login("ana", ANA_PAT)).json() == {
        "detail": "access is forbidden with a JWT issued from a personal access token"
    }


def test_whether_a_personal_token_may_read_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(pat_members="readable")
    headers = login("bo", BO_PAT)

    assert ask(hub, "GET", MEMBERS, headers).status_code == 200
    assert ask(hub, "GET", "/v2/orgs/acme/groups", headers).status_code == 200
    assert ask(hub, "GET", "/v2/orgs/acme/invites", headers).status_code == 403
    assert ask(hub, "DELETE", f"{MEMBERS}/bo", login("ana", ANA_PAT)).status_code == 403
    assert "bo" in acme.members


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        ("scope-member-read", (200, 403)),
        ("scope-member-edit", (200, 200)),  # Includes reading, as documented.
        ("scope-invite-edit", (403, 403)),
    ],
)
def test_a_token_of_the_organization_may_what_its_scopes_say(
    hub: HubSimulator, state: HubState, login: Login, scope: str, answers: tuple[int, int]
) -> None:
    state.add_organization_token("acme", "dckr_oat_narrow", {scope})
    headers = login("acme", "dckr_oat_narrow")

    read, changed = ask(hub, "GET", MEMBERS, headers), ask(hub, "PUT", f"{MEMBERS}/bo", headers, {"role": "member"})

    assert (read.status_code, changed.status_code) == answers


def test_a_token_of_another_organization_may_nothing(hub: HubSimulator, state: HubState, login: Login) -> None:
    state.add_organization("other", joined_at=NOW, members={"zoe": "owner"})
    state.add_organization_token("other", "dckr_oat_other", {"scope-member-edit"})

    assert ask(hub, "GET", MEMBERS, login("other", "dckr_oat_other")).status_code == 403


@pytest.mark.parametrize("org", ["nobody", "ana"])
def test_what_is_no_organization_is_not_found(hub: HubSimulator, login: Login, org: str) -> None:
    answer = ask(hub, "GET", f"/v2/orgs/{org}/members", login(*ACME))

    assert (answer.status_code, answer.json()) == (404, {"detail": "Object not found"})


# The plan


def test_the_plan_tells_the_seats_to_owners(
    hub: HubSimulator, state: HubState, acme: Organization, login: Login
) -> None:
    headers = login("ana", ANA_PAT)
    acme.seats = 10

    by_name = ask(hub, "GET", PLAN, headers)
    by_id = ask(hub, "GET", PLAN.replace("acme", state.accounts["acme"].uuid), headers)

    assert by_name.json()["seats"] == 10
    assert sorted(by_name.json()) == [
        "collaborators", "duration", "legacy", "name", "parallel_builds", "private_repos", "seats", "teams",
    ]  # fmt: skip
    assert by_id.json() == by_name.json()
    acme.seats = None
    assert ask(hub, "GET", PLAN, headers).json()["seats"] == 9999  # No limit.


@pytest.mark.parametrize(("who", "status"), [(None, 401), (BO, 403), (ZOE, 403), (ACME, 403), (ANA, 200)])
def test_the_plan_is_for_owners(hub: HubSimulator, login: Login, who: tuple[str, str] | None, status: int) -> None:
    assert ask(hub, "GET", PLAN, login(*who) if who else None).status_code == status


@pytest.mark.parametrize(("position", "status"), [("organization_tokens_too", 200), ("gone", 404)])
def test_who_else_reads_the_plan_is_a_switch(hub: HubSimulator, login: Login, position: Any, status: int) -> None:
    hub.unknowns = Unknowns(hub_plan=position)

    assert ask(hub, "GET", PLAN, login(*ACME)).status_code == status


def test_only_organizations_have_a_plan_here(hub: HubSimulator, login: Login) -> None:
    assert ask(hub, "GET", PLAN.replace("acme", "nobody"), login(*ANA)).status_code == 404
