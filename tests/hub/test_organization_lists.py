"""The shapes of an organization's lists, from literal answers."""

import logging
from typing import Any

import pytest

from bot.errors import ForbiddenError, NoCredentialError, NotFoundError, UnexpectedResponseError
from bot.hub.invites import Invites
from bot.hub.members import Member, Members
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.hub.teams import Team, Teams
from bot.images import InvalidReferenceError
from tests.hub.support import OAT_OF_ACME, PASSWORD_OF_ANA, PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api

ANA = {"username": "ana", "email": "ana@acme.com", "role": "Owner", "groups": ["owners", "web"], "is_guest": False}
BO = {"username": "bo", "role": "Member", "groups": None}


def hub(*answers: Outcome) -> FakeWire:
    """Return a Docker Hub that gives these answers in turn; logins are good."""
    left = list(answers)

    def respond(sent: Sent) -> Outcome:
        return json_answer({"access_token": jwt()}) if sent.request.path == "/v2/auth/token" else left.pop(0)

    return FakeWire(respond)


def asked(wire: FakeWire) -> list[str]:
    return [
        f"{sent} {dict(sent.request.query)}".removesuffix(" {}")
        for sent in wire.sent
        if sent.request.path != "/v2/auth/token"
    ]


def page(*entries: Any, following: str | None = None) -> dict[str, Any]:
    return {"count": len(entries), "next": following, "previous": None, "results": list(entries)}


@pytest.mark.parametrize(
    "data", [page(ANA, BO), [page(ANA, BO)], [page(ANA), page(BO)], {"data": [ANA, BO]}, [ANA, BO]]
)
def test_every_shape_gives_the_same_members(data: Any) -> None:
    members = Members(make_api(hub(json_answer(data)), OAT_OF_ACME)).list("acme")

    assert list(members) == [
        Member(username="ana", email="ana@acme.com", role="Owner", groups=("owners", "web"), is_guest=False),
        Member(username="bo", role="Member"),
    ]
    assert members.is_complete


@pytest.mark.parametrize("data", [page(), [page()], {"data": []}, {"data": None}, {"results": None}, []])
def test_every_shape_can_be_empty(data: Any) -> None:
    assert list(Members(make_api(hub(json_answer(data)), OAT_OF_ACME)).list("acme")) == []


@pytest.mark.parametrize("data", [{}, {"data": "soon"}, {"results": 3}, "members", 7, None, {"detail": "?"}])
def test_anything_else_is_no_list(data: Any) -> None:
    with pytest.raises(UnexpectedResponseError, match="no list of entries"):
        list(Members(make_api(hub(json_answer(data)), OAT_OF_ACME)).list("acme"))


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_pages_are_followed_to_the_last(*, is_wrapped: bool) -> None:
    first = page(ANA, following="https://hub.docker.com/v2/orgs/acme/members?page=2&page_size=100&type=member")
    pages = [first, page(BO)]
    wire = hub(*(json_answer([each] if is_wrapped else each) for each in pages))

    assert [each.username for each in Members(make_api(wire, OAT_OF_ACME)).list("acme")] == ["ana", "bo"]

    assert asked(wire) == [
        "GET /v2/orgs/acme/members {'type': 'member', 'page_size': '100'}",
        "GET /v2/orgs/acme/members {'page': '2', 'page_size': '100', 'type': 'member'}",
    ]


def test_a_page_of_another_host_is_not_asked_for_and_that_is_said() -> None:
    wire = hub(json_answer(page(ANA, following="https://evil.example/v2/orgs/acme/members?page=2") | {"count": 2}))
    members = Members(make_api(wire, OAT_OF_ACME)).list("acme")

    assert [each.username for each in members] == ["ana"]
    assert "evil.example" in members.shortfall
    assert len(asked(wire)) == 1


def test_what_cannot_be_read_of_a_list_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    wire = hub(json_answer(page({"name": "web"}, {"name": None}, "platform", {"name": "data", "role": 3})))

    with caplog.at_level(logging.WARNING):
        teams = list(Teams(make_api(wire, OAT_OF_ACME)).list("acme"))

    assert teams == [Team(name="web"), Team(name="data")]
    assert [record.message for record in caplog.records] == ["hub_entries_not_readable"]


def test_members_are_searched_and_narrowed() -> None:
    wire = hub(json_answer(page()))

    list(Members(make_api(wire, OAT_OF_ACME)).list("ACME", search="an a", role="owner"))

    assert asked(wire) == [
        "GET /v2/orgs/acme/members {'search': 'an a', 'role': 'owner', 'type': 'member', 'page_size': '100'}"
    ]


def test_teams_and_invites_have_their_own_paths_and_invites_no_pages() -> None:
    wire = hub(json_answer(page()), json_answer({"data": []}))
    api = make_api(wire, OAT_OF_ACME)

    assert list(Teams(api).list("acme")) == []
    assert list(Invites(api).list("acme")) == []

    assert asked(wire) == ["GET /v2/orgs/acme/groups {'page_size': '100'}", "GET /v2/orgs/acme/invites"]


def test_a_personal_token_is_not_tried_and_it_says_what_would_do() -> None:
    wire = hub()

    with pytest.raises(NoCredentialError, match="organization access token") as raised:
        list(Members(make_api(wire, PAT_OF_ANA)).list("acme"))

    assert "personal access tokens may only manage repositories" in str(raised.value)
    assert wire.sent == []


def test_the_password_is_asked_with_where_the_organizations_token_may_not() -> None:
    wire = hub(json_answer({"message": "no"}, 403), json_answer(page(ANA)))

    assert len(list(Members(make_api(wire, OAT_OF_ACME, PASSWORD_OF_ANA)).list("acme"))) == 1


@pytest.mark.parametrize(("status", "error"), [(403, ForbiddenError), (404, NotFoundError)])
def test_a_refusal_is_told(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="the members of acme"):
        list(Members(make_api(hub(json_answer({"detail": "no"}, status)), OAT_OF_ACME)).list("acme"))


def test_what_is_no_name_is_not_asked_for() -> None:
    wire = hub(Answer(500))

    with pytest.raises(InvalidReferenceError):
        Members(make_api(wire, OAT_OF_ACME)).list("../acme")
    assert wire.sent == []


@pytest.mark.parametrize(
    ("role", "is_invitee"), [("Invitee", True), ("invitee", True), ("Member", False), (None, False)]
)
def test_an_invitee_is_no_member(role: str | None, *, is_invitee: bool) -> None:
    assert Member(username="ana", role=role).is_invitee == is_invitee
