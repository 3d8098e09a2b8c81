"""What can be done to an organization, by tests and by the endpoints."""

from datetime import timedelta

import pytest

from bot.sandbox.hub.organizations import LastOwnerError, Organization
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from tests.sandbox.hub.conftest import NOW


def test_an_organization_is_found_by_its_name(hub: HubSimulator, acme: Organization) -> None:
    assert hub.organization("acme") is acme
    assert acme.members == {"ana": "owner", "bo": "member"}
    for name in ("ana", "nobody"):
        with pytest.raises(KeyError):
            hub.organization(name)


def test_members_and_pending_invites_take_a_seat_each(acme: Organization) -> None:
    invite = acme.invite("lena@elsewhere.example", inviter="ana", at=NOW)
    assert acme.seats_used == 3

    acme.cancel(invite.id)

    assert acme.seats_used == 2
    with pytest.raises(KeyError):
        acme.cancel(invite.id)


def test_who_accepts_is_what_they_were_invited_to_be(acme: Organization) -> None:
    acme.invite("lena@elsewhere.example", inviter="ana", at=NOW, role="editor", team="web")
    acme.invite("zoe", inviter="ana", at=NOW)

    acme.accept("lena@elsewhere.example", user="lena")
    acme.accept("zoe")

    assert acme.members == {"ana": "owner", "bo": "member", "lena": "editor", "zoe": "member"}
    assert acme.teams["web"].members == ["bo", "lena"]
    assert acme.invites == {}
    with pytest.raises(KeyError):
        acme.accept("zoe")


def test_who_joins_when_no_licence_is_left_has_none(acme: Organization) -> None:
    acme.licences = 3
    for name in ("zoe", "kai"):
        acme.invite(name, inviter="ana", at=NOW)

    acme.accept("zoe")
    acme.accept("kai")

    assert acme.unlicensed == {"kai"}
    acme.remove("kai")
    assert acme.unlicensed == set()


def test_who_is_removed_is_in_no_team_either(acme: Organization) -> None:
    acme.remove("bo")

    assert acme.members == {"ana": "owner"}
    assert acme.teams["web"].members == []


def test_the_last_owner_stays(acme: Organization) -> None:
    with pytest.raises(LastOwnerError):
        acme.remove("ana")
    with pytest.raises(LastOwnerError):
        acme.set_role("ana", "editor")

    acme.set_role("bo", "owner")
    acme.set_role("ana", "member")
    assert acme.owners == ["bo"]


def test_only_members_are_in_teams_and_only_once(state: HubState, acme: Organization) -> None:
    acme.join_team("web", "bo")
    assert acme.teams["web"].members == ["bo"]

    with pytest.raises(KeyError):
        acme.join_team("web", "zoe")
    with pytest.raises(KeyError):
        acme.join_team("none", "bo")
    with pytest.raises(ValueError, match="has a team web"):
        state.add_team("acme", "web")


@pytest.mark.usefixtures("acme")
def test_users_are_found_by_name_and_address_in_any_case(state: HubState) -> None:
    assert state.find_user("ZOE") is state.find_user("Zoe@Acme.example") is state.accounts["zoe"]
    assert state.find_user("acme") is None  # An organization.
    assert state.find_user("") is None


def test_drafting_an_invite_makes_none(acme: Organization) -> None:
    draft = acme.draft("zoe", inviter="ana", at=NOW, team="web")

    made = acme.invite("zoe", inviter="ana", at=NOW + timedelta(hours=1))

    assert draft.id != made.id
    assert list(acme.invites) == [made.id]
    assert acme.pending("zoe") is made


def test_who_accepts_without_an_account_registers(state: HubState, acme: Organization) -> None:
    for invitee in ("Zo.e@elsewhere.example", "bo2@elsewhere.example", "zoe@acme.example"):
        acme.invite(invitee, inviter="ana", at=NOW)

    names = [state.accept_invite("acme", each.invitee, at=NOW).name for each in [*acme.invites.values()]]

    assert names == ["zoe2", "bo2", "zoe"]
    assert state.accounts["zoe2"].email == "Zo.e@elsewhere.example"
    assert set(names) < set(acme.members)
    with pytest.raises(KeyError):
        state.accept_invite("acme", "nobody@elsewhere.example", at=NOW)
    assert "nobody" not in state.accounts
