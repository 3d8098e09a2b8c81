"""Invites, from literal answers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import (
    ConflictError,
    ForbiddenError,
    HubError,
    InvalidError,
    NoCredentialError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.hub.invites import Invite, InviteAnswer, Invites
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap, Outcome
from tests.hub.support import OAT_OF_ACME, PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api

INVITE = {
    "id": "e36eca69-4cc8-4f17-9845-ae8c2b832691",
    "inviter_username": "moby",
    "invitee": "ana@acme.com",
    "org": "acme",
    "team": "web",
    "role": "member",
    "created_at": "2021-10-28T18:30:19.520861Z",
}
READ = Invite(
    id="e36eca69-4cc8-4f17-9845-ae8c2b832691",
    inviter_username="moby",
    invitee="ana@acme.com",
    org="acme",
    team="web",
    role="member",
    created_at=datetime(2021, 10, 28, 18, 30, 19, 520861, tzinfo=UTC),
)
ENTRIES = [
    {"invitee": "ana@acme.com", "status": "invited", "invite": INVITE},
    {"invitee": "bo", "status": "existing_org_member"},
    {"invitee": "x", "status": "invalid_email_or_docker_id", "invite": None},
]
ANSWERS = (
    InviteAnswer(invitee="ana@acme.com", status="invited", invite=READ),
    InviteAnswer(invitee="bo", status="existing_org_member"),
    InviteAnswer(invitee="x", status="invalid_email_or_docker_id"),
)
NAMES = ("ana@acme.com", "bo", "x")


def hub(outcome: Outcome) -> FakeWire:
    """Return a Docker Hub that gives this answer; logins are good."""

    def respond(sent: Sent) -> Outcome:
        return json_answer({"access_token": jwt()}) if sent.request.path == "/v2/auth/token" else outcome

    return FakeWire(respond)


def asked(wire: FakeWire) -> list[str]:
    return [str(sent) for sent in wire.sent if sent.request.path != "/v2/auth/token"]


def create(wire: FakeWire) -> tuple[InviteAnswer, ...]:
    return Invites(make_api(wire, OAT_OF_ACME)).create("acme", NAMES, role="member")


def test_pending_invites_are_read() -> None:
    wire = hub(json_answer({"data": [INVITE, {"id": "other", "invitee": None, "created_at": "soon"}]}))

    assert list(Invites(make_api(wire, OAT_OF_ACME)).list("acme")) == [READ, Invite(id="other")]


@pytest.mark.parametrize("status", [202, 200])
@pytest.mark.parametrize("data", [{"invitees": ENTRIES}, {"invitees": {"invitees": ENTRIES}}])
def test_both_shapes_of_the_answer_tell_of_each(data: Any, status: int) -> None:
    wire = hub(json_answer(data, status))

    assert create(wire) == ANSWERS
    assert asked(wire) == ["POST /v2/invites/bulk"]


@pytest.mark.parametrize("data", [{"invitees": None}, {"invitees": []}, {"invitees": {"invitees": None}}])
def test_the_answer_may_tell_of_nobody(data: Any) -> None:
    assert create(hub(json_answer(data, 202))) == ()


@pytest.mark.parametrize(
    "answer",
    [Answer(202), Answer(202, {}, b"ok"), json_answer([], 202), json_answer({"invitees": "ana"}, 202), json_answer({})],
)
def test_another_answer_means_nothing(answer: Answer) -> None:
    with pytest.raises(UnexpectedResponseError, match="no list of who was invited"):
        create(hub(answer))


@pytest.mark.parametrize(
    ("options", "more"),
    [({}, {}), ({"team": "web"}, {"team": "web"}), ({"is_dry_run": True}, {"dry_run": True})],
)
def test_only_what_was_given_is_sent(options: dict[str, Any], more: dict[str, Any]) -> None:
    wire = hub(json_answer({"invitees": []}))

    Invites(make_api(wire, OAT_OF_ACME)).create("Acme", NAMES, role="editor", **options)

    assert wire.sent[-1].request.body == {"org": "acme", "role": "editor", "invitees": [*NAMES], **more}


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (json_answer({"message": "bad"}, 400), InvalidError),
        (json_answer({"message": "no"}, 403), ForbiddenError),
        (json_answer({"message": "no"}, 404), NotFoundError),
        (json_answer({"message": "not enough seats"}, 409), ConflictError),
        (json_answer({"message": "slow"}, 429, X_Retry_After="3600"), RateLimitedError),
        (json_answer({"message": "oh"}, 500), UnavailableError),
        (Answer(503, {}, b"<html>"), UnavailableError),
        (Failure(Mishap.LOST), UnavailableError),
        (Answer(302, {"Location": "https://hub.docker.com/v2/invites/bulk/"}), UnexpectedResponseError),
    ],
)
def test_a_refusal_is_told_and_nothing_is_sent_twice(outcome: Outcome, error: type[HubError]) -> None:
    wire = hub(outcome)

    with pytest.raises(error, match="new invites to acme"):
        create(wire)
    assert asked(wire) == ["POST /v2/invites/bulk"]


def test_what_the_service_says_of_a_refusal_is_shown() -> None:
    with pytest.raises(ConflictError, match="not enough seats"):
        create(hub(json_answer({"message": "not enough seats"}, 409)))


def test_an_invite_is_cancelled_and_sent_again_by_its_id() -> None:
    wire = hub(Answer(204))
    invites = Invites(make_api(wire, OAT_OF_ACME))

    invites.delete("acme", "e36e/../x")
    invites.resend("acme", "e36e")

    assert asked(wire) == ["DELETE /v2/invites/e36e%2F..%2Fx", "PATCH /v2/invites/e36e/resend"]


@pytest.mark.parametrize(("status", "error"), [(403, ForbiddenError), (404, NotFoundError), (502, UnavailableError)])
def test_an_invite_that_cannot_be_changed_says_so(status: int, error: type[HubError]) -> None:
    invites = Invites(make_api(hub(json_answer({"message": "no"}, status)), OAT_OF_ACME))

    with pytest.raises(error, match="this invite to acme"):
        invites.delete("acme", "e36e")
    with pytest.raises(error, match="this invite to acme"):
        invites.resend("acme", "e36e")


def test_without_a_credential_that_may_nothing_is_sent() -> None:
    wire = hub(Answer(204))
    invites = Invites(make_api(wire, PAT_OF_ANA))

    for act in (lambda: invites.create("acme", NAMES, role="member"), lambda: invites.delete("acme", "e36e")):
        with pytest.raises(NoCredentialError, match="managing members and teams in acme"):
            act()
    assert wire.sent == []
