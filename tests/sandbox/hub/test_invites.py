"""The endpoints of invites, documented and as the open questions may turn out."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.seed import ACME_OAT, ACME_OAT_WITHOUT_LIST, ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.conftest import NOW

Login = Callable[[str, str], dict[str, str]]
Json = dict[str, Any]

BULK = "/v2/invites/bulk"
INVITES = "/v2/orgs/acme/invites"
LENA = "lena@elsewhere.example"
ANA, BO, ZOE, ACME = (
    ("ana", "password-of-ana"),
    ("bo", "password-of-bo"),
    ("zoe", "password-of-zoe"),
    ("acme", ACME_OAT),
)


def ask(
    hub: HubSimulator, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
) -> requests.Response:
    return requests.request(method, f"{hub.url}{path}", headers=headers, json=body, timeout=5)


def wish(*invitees: str, **more: object) -> Json:
    return {"org": "acme", "invitees": list(invitees), **more}


def statuses(answer: requests.Response) -> list[tuple[str, str, bool]]:
    """Return of each invitee: who, status, and whether there is an invite."""
    return [(each["invitee"], each["status"], "invite" in each) for each in answer.json()["invitees"]]


def test_each_invitee_has_a_status_of_its_own(hub: HubSimulator, acme: Organization, login: Login) -> None:
    acme.invite("kai@elsewhere.example", inviter="ana", at=NOW)
    acme.seats = 10

    answer = ask(
        hub,
        "POST",
        BULK,
        login(*ACME),
        wish(LENA, "zoe", "bo", "BO@acme.example", "Kai@elsewhere.example", "nobody", "acme", "a@b", "", LENA.upper()),
    )

    assert answer.status_code == 202
    assert statuses(answer) == [
        (LENA, "invited", True),
        ("zoe", "invited", True),
        ("bo", "existing_org_member", False),
        ("BO@acme.example", "existing_org_member", False),
        ("Kai@elsewhere.example", "existing_invite", False),
        ("nobody", "invalid_email_or_docker_id", False),
        ("acme", "invalid_email_or_docker_id", False),
        ("a@b", "invalid_email_or_docker_id", False),
        ("", "invalid_email_or_docker_id", False),
        (LENA.upper(), "existing_invite", False),
    ]
    assert [each.invitee for each in acme.invites.values()] == ["kai@elsewhere.example", LENA, "zoe"]


def test_an_invite_tells_who_when_and_to_what(hub: HubSimulator, acme: Organization, login: Login) -> None:
    answer = ask(hub, "POST", BULK, login(*ANA), wish(LENA, team="web", role="editor"))

    invite = answer.json()["invitees"][0]["invite"]
    assert invite == {
        "id": next(iter(acme.invites)),
        "inviter_username": "ana",
        "invitee": LENA,
        "org": "acme",
        "team": "web",
        "role": "editor",
        "created_at": "2026-11-21T12:00:00.123456Z",
    }
    assert ask(hub, "GET", INVITES, login(*ANA)).json() == {"data": [invite]}


def test_a_member_is_what_nobody_says_otherwise(hub: HubSimulator, acme: Organization, login: Login) -> None:
    ask(hub, "POST", BULK, login(*ANA), wish("zoe"))

    acme.accept("zoe")

    assert acme.members["zoe"] == "member"


def test_who_is_invited_to_the_owners_team_becomes_an_owner(
    hub: HubSimulator, acme: Organization, login: Login
) -> None:
    # The official example of the request has `"team": "owners"`.
    answer = ask(hub, "POST", BULK, login(*ANA), wish("zoe", team="owners", role="member"))

    assert answer.json()["invitees"][0]["invite"]["role"] == "owner"
    acme.accept("zoe")
    assert acme.owners == ["ana", "zoe"]


def test_a_dry_run_says_the_same_and_changes_nothing(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ANA)

    dry = ask(hub, "POST", BULK, headers, wish(LENA, "bo", "nobody", dry_run=True))

    assert acme.invites == {}
    assert statuses(dry) == [
        (LENA, "invited", False),
        ("bo", "existing_org_member", False),
        ("nobody", "invalid_email_or_docker_id", False),
    ]
    hub.unknowns = Unknowns(dry_run_invite="present")
    assert statuses(ask(hub, "POST", BULK, headers, wish(LENA, dry_run=True))) == [(LENA, "invited", True)]
    assert acme.invites == {}


@pytest.mark.parametrize(
    "body",
    [
        None,
        ["no", "object"],
        {},
        {"org": "acme"},
        {"org": "", "invitees": ["zoe"]},
        {"org": 5, "invitees": ["zoe"]},
        {"org": "acme", "invitees": []},
        {"org": "acme", "invitees": "zoe"},
        {"org": "acme", "invitees": [5]},
        wish("zoe", role="king"),
        wish("zoe", role="Owner"),
        wish("zoe", team="none"),
        wish("zoe", team=5),
        wish("zoe", dry_run="yes"),
    ],
)
def test_nonsense_is_refused_as_a_whole(hub: HubSimulator, acme: Organization, login: Login, body: object) -> None:
    answer = ask(hub, "POST", BULK, login(*ANA), body)

    assert answer.status_code == 400
    assert answer.json()["message"]
    assert acme.invites == {}


# Open questions


def test_the_documented_shape_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(bulk_invite_shape="nested")

    answer = ask(hub, "POST", BULK, login(*ANA), wish("zoe"))

    assert [each["status"] for each in answer.json()["invitees"]["invitees"]] == ["invited"]
    assert len(acme.invites) == 1


def test_the_reported_status_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(bulk_invite_status="200")

    assert ask(hub, "POST", BULK, login(*ANA), wish("zoe")).status_code == 200
    assert len(acme.invites) == 1


@pytest.mark.parametrize("position", ["existing_invite", "existing_org_member", "invited"])
def test_the_status_of_who_is_invited_already_is_a_switch(
    hub: HubSimulator, acme: Organization, login: Login, position: Any
) -> None:
    hub.unknowns = Unknowns(pending_invitee=position)
    pending = acme.invite("zoe", inviter="ana", at=NOW)

    answer = ask(hub, "POST", BULK, login(*ANA), wish("zoe"))

    assert statuses(answer) == [("zoe", position, position == "invited")]
    assert list(acme.invites.values()) == [pending]


def test_a_conflict_of_all_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(bulk_invite_conflict="409")
    headers = login(*ANA)
    acme.invite("zoe", inviter="ana", at=NOW)

    assert ask(hub, "POST", BULK, headers, wish("bo", "zoe")).status_code == 409
    assert ask(hub, "POST", BULK, headers, wish("bo", LENA)).status_code == 202
    assert ask(hub, "POST", BULK, headers, wish("nobody")).status_code == 202


def test_who_comes_when_no_seat_is_left_is_told_so(hub: HubSimulator, acme: Organization, login: Login) -> None:
    acme.seats = 3

    answer = ask(hub, "POST", BULK, login(*ANA), wish("bo", "zoe", LENA))

    assert statuses(answer) == [
        ("bo", "existing_org_member", False),
        ("zoe", "invited", True),
        (LENA, "insufficient_seats", False),
    ]
    assert acme.seats_used == acme.seats


@pytest.mark.parametrize("status", ["400", "402", "409"])
def test_a_refusal_of_all_for_want_of_seats_is_a_switch(
    hub: HubSimulator, acme: Organization, login: Login, status: Any
) -> None:
    hub.unknowns = Unknowns(no_seats=status)
    acme.seats = 3

    answer = ask(hub, "POST", BULK, login(*ANA), wish("zoe", LENA))

    assert answer.status_code == int(status)
    assert "seats" in answer.json()["message"]
    assert acme.invites == {}


def test_seats_may_not_count_and_who_joins_has_no_licence(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(no_seats="invited")
    acme.seats = acme.licences = 2

    answer = ask(hub, "POST", BULK, login(*ANA), wish("zoe"))
    acme.accept("zoe")

    assert statuses(answer) == [("zoe", "invited", True)]
    assert acme.members["zoe"] == "member"
    assert acme.unlicensed == {"zoe"}


def test_no_number_of_seats_is_no_limit(hub: HubSimulator, acme: Organization, login: Login) -> None:
    acme.seats = None

    answer = ask(hub, "POST", BULK, login(*ANA), wish(*(f"user{each}@elsewhere.example" for each in range(50))))

    assert {status for _, status, _ in statuses(answer)} == {"invited"}
    assert len(acme.invites) == 50


def test_whether_an_invite_tells_its_role_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(invite_role="absent")
    acme.invite("zoe", inviter="ana", at=NOW)

    assert "role" not in ask(hub, "GET", INVITES, login(*ANA)).json()["data"][0]


def test_whether_an_address_is_shown_as_the_docker_id_is_a_switch(
    hub: HubSimulator, acme: Organization, login: Login
) -> None:
    headers = login(*ANA)
    for invitee in ("zoe@acme.example", LENA):
        acme.invite(invitee, inviter="ana", at=NOW)

    def shown() -> list[str]:
        return [each["invitee"] for each in ask(hub, "GET", INVITES, headers).json()["data"]]

    assert shown() == ["zoe@acme.example", LENA]
    hub.unknowns = Unknowns(invitee_shown="docker_id")
    assert shown() == ["zoe", LENA]


# Pending ones


def test_an_invite_is_cancelled(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ACME)
    invite = acme.invite(LENA, inviter="ana", at=NOW)

    cancelled = ask(hub, "DELETE", f"/v2/invites/{invite.id}", headers)

    assert (cancelled.status_code, cancelled.content) == (204, b"")
    assert ask(hub, "GET", INVITES, headers).json() == {"data": []}
    assert ask(hub, "DELETE", f"/v2/invites/{invite.id}", headers).status_code == 404
    assert ask(hub, "PATCH", f"/v2/invites/{invite.id}/resend", headers).status_code == 404


def test_an_invite_is_sent_again(hub: HubSimulator, acme: Organization, login: Login, clock: SettableClock) -> None:
    headers = login(*ACME)
    invite = acme.invite(LENA, inviter="ana", at=NOW)
    clock.advance(minutes=5)

    sent = ask(hub, "PATCH", f"/v2/invites/{invite.id}/resend", headers)

    assert (sent.status_code, sent.content) == (204, b"")
    assert [(at - NOW).total_seconds() for at in invite.sent_at] == [0, 300]
    assert ask(hub, "POST", f"/v2/invites/{invite.id}/resend", headers).status_code == 405


def test_a_token_that_may_not_send_again_is_a_switch(hub: HubSimulator, acme: Organization, login: Login) -> None:
    hub.unknowns = Unknowns(oat_resend="forbidden")
    invite = acme.invite(LENA, inviter="ana", at=NOW)

    assert ask(hub, "PATCH", f"/v2/invites/{invite.id}/resend", login(*ACME)).status_code == 403
    assert len(invite.sent_at) == 1
    assert ask(hub, "PATCH", f"/v2/invites/{invite.id}/resend", login(*ANA)).status_code == 204


# Who may do what


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        (ZOE, 403),
        (BO, 403),
        (("ana", ANA_PAT), 403),
        (("acme", ACME_OAT_WITHOUT_LIST), 403),
        (ANA, 200),
        (ACME, 200),
    ],
)
def test_invites_are_for_owners_and_tokens_with_the_scope(
    hub: HubSimulator, acme: Organization, login: Login, who: tuple[str, str] | None, status: int
) -> None:
    headers = login(*who) if who else None
    invite = acme.invite(LENA, inviter="ana", at=NOW)
    is_fine = status == 200

    assert ask(hub, "GET", INVITES, headers).status_code == status
    assert ask(hub, "POST", BULK, headers, wish("zoe")).status_code == (202 if is_fine else status)
    resent = ask(hub, "PATCH", f"/v2/invites/{invite.id}/resend", headers)
    assert resent.status_code == (204 if is_fine else status)
    assert ask(hub, "DELETE", f"/v2/invites/{invite.id}", headers).status_code == (204 if is_fine else status)
    assert [each.invitee for each in acme.invites.values()] == (["zoe"] if is_fine else [LENA])


def test_a_token_that_may_read_invites_makes_none(
    hub: HubSimulator, state: HubState, acme: Organization, login: Login
) -> None:
    state.add_organization_token("acme", "dckr_oat_reader", {"scope-invite-read"})
    headers = login("acme", "dckr_oat_reader")

    assert ask(hub, "GET", INVITES, headers).status_code == 200
    assert ask(hub, "POST", BULK, headers, wish("zoe")).status_code == 403
    assert acme.invites == {}


def test_an_organization_that_there_is_not_invites_nobody(hub: HubSimulator, login: Login) -> None:
    assert ask(hub, "POST", BULK, login(*ANA), {"org": "nobody", "invitees": ["zoe"]}).status_code == 404


# Faults strike here as everywhere


def test_a_lost_answer_leaves_the_invite_made(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ACME)
    hub.faults.add(Fault(kind="reset", path=BULK, after="after_accepting", times=1))

    with pytest.raises(requests.ConnectionError):
        ask(hub, "POST", BULK, headers, wish("zoe"))

    assert acme.pending("zoe").inviter == "acme"


def test_a_rate_limit_invites_nobody(hub: HubSimulator, acme: Organization, login: Login) -> None:
    headers = login(*ACME)
    hub.faults.add(Fault(kind="rate_limited", path=BULK, times=1))

    assert ask(hub, "POST", BULK, headers, wish("zoe")).status_code == 429
    assert acme.invites == {}
