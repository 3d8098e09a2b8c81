"""What becomes of those who are invited: from literal answers, and from a Docker Hub that gives none."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.governance.proposals import Asker, Change, Outcome, State
from bot.governance.roles import Role
from bot.hub.invites import Invite, InviteAnswer
from bot.hub.teams import Team
from bot.organization.invitees import Invitee, Standing
from bot.organization.inviting import (
    InviteOrder,
    InviteRole,
    Inviting,
    outcome_of,
    power_of,
    propose,
    read_answers,
)
from bot.sandbox.hub.faults import Fault
from tests.support.desk import NOW
from tests.support.organization import OrganizationDesk, open_organization_desk

ORDER = InviteOrder(organization="acme", team="web", role=InviteRole.MEMBER, invitees=("new@x.com", "zoe"))
BULK = "/v2/invites/bulk"
some_names = st.sampled_from(["ana", "bo", "mia@x.com", "zoe"])


@pytest.fixture
def desk() -> Iterator[OrganizationDesk]:
    with open_organization_desk() as opened:
        yield opened


def change_of(order: InviteOrder) -> Change:
    proposal = propose(order, order.role)
    times = {"requested_at": NOW, "started_at": NOW, "expires_at": None, "decided_at": None, "ended_at": None}
    return Change(
        id="chg_1",
        workspace="home",
        button="",
        proposal=proposal,
        asker=Asker("U0OPERATOR"),
        state=State.STARTED,
        approval_reason=None,
        decided_by=None,
        outcome=None,
        **times,  # type: ignore[arg-type]  # Times, and none.
    )


def person(name: str, standing: Standing, detail: str = "", status: str | None = None) -> Invitee:
    return Invitee(name=name, standing=standing, detail=detail, status=status)


def standings(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome.answer, dict)
    people = [Invitee.model_validate(each) for each in outcome.answer["invitees"]]  # type: ignore[union-attr]
    return {each.name: each.standing.value for each in people}


def answered(
    invitee: str | None, status: str | None, *, has_invite: bool = False, listed_as: str | None = None
) -> InviteAnswer:
    return InviteAnswer(
        invitee=invitee, status=status, invite=Invite(id="1", invitee=listed_as or invitee) if has_invite else None
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered("bo", "invited", has_invite=True), person("bo", Standing.INVITED, status="invited")),
        (answered("BO", "invited", has_invite=True), person("bo", Standing.INVITED, status="invited")),
        (answered("bo", "resent", has_invite=True), person("bo", Standing.INVITED, status="resent")),
        (answered("bo", None, has_invite=True), person("bo", Standing.INVITED)),
        (answered(None, "invited", has_invite=True, listed_as="bo"), person("bo", Standing.INVITED, status="invited")),
        (answered("bo", "invited"), person("bo", Standing.UNCERTAIN, status="invited")),
        (answered("bo", None), person("bo", Standing.UNCERTAIN)),
        (
            answered("bo", "existing_org_member"),
            person("bo", Standing.REFUSED, "a member already", "existing_org_member"),
        ),
        (
            answered("bo", "invalid_email_or_docker_id"),
            person(
                "bo",
                Standing.REFUSED,
                "Docker Hub knows no such e-mail address or Docker id",
                "invalid_email_or_docker_id",
            ),
        ),
        (
            answered("bo", "no `seats`\n<!channel>"),
            person("bo", Standing.REFUSED, "Docker Hub says: no ´seats´ <!channel>", "no `seats` <!channel>"),
        ),
    ],
)
def test_only_an_invite_makes_somebody_invited(answer: InviteAnswer, expected: Invitee) -> None:
    assert read_answers(["bo"], [answer]) == (expected,)


@settings(max_examples=50, deadline=None)
@given(st.lists(some_names, unique=True), st.lists(st.tuples(some_names, st.sampled_from(["invited", "odd", None]))))
def test_everybody_is_told_of_once_whatever_the_answer(names: list[str], said: list[tuple[str, str | None]]) -> None:
    answers = [answered(name, status, has_invite=status == "invited") for name, status in said]

    people = read_answers(names, answers)

    assert [each.name for each in people[: len(names)]] == names
    assert {each.name for each in people[len(names) :]} == {name for name, _ in said} - set(names)
    assert {each.name for each in people if each.standing is Standing.INVITED} == {
        name for name, status in said if status == "invited"
    }


def test_of_whom_nothing_is_said_and_who_was_not_asked_for_are_told_too() -> None:
    people = read_answers(["ana", "bo"], [answered("zoe", "invited", has_invite=True), answered("bo", "odd")])

    assert [(each.name, each.standing) for each in people] == [
        ("ana", Standing.UNCERTAIN),
        ("bo", Standing.REFUSED),
        ("zoe", Standing.INVITED),
    ]


IN, ALREADY, OUT, OPEN = Standing.INVITED, Standing.MEMBER, Standing.REFUSED, Standing.UNCERTAIN


@pytest.mark.parametrize(
    ("people", "heard", "from_lists"),
    [
        ([IN], State.DONE, State.DONE),
        ([IN, OUT], State.DONE, State.DONE),
        ([IN, OPEN], State.DONE, State.UNKNOWN),
        ([ALREADY], State.DONE, State.DONE),
        ([OUT, OUT], State.FAILED, State.FAILED),
        ([OUT, OPEN], State.UNKNOWN, State.UNKNOWN),
        ([OPEN], State.UNKNOWN, State.UNKNOWN),
    ],
)
def test_it_is_done_if_anybody_is_invited_and_failed_only_if_certainly_nobody_is(
    people: list[Standing], heard: State, from_lists: State
) -> None:
    named = [person(f"p{number}", standing) for number, standing in enumerate(people)]

    assert outcome_of(named).state is heard
    assert outcome_of(named, "No answer.").state is from_lists


def test_each_is_told_in_the_sentence() -> None:
    people = [
        person("ana@x.com", IN),
        person("bo", IN),
        person("mia", OUT, "a member already"),
        person("x", OPEN),
        person("zoe", ALREADY, "as Owner"),
    ]

    assert outcome_of(people).sentence == (
        "Invited: `ana@x.com`, `bo`. Members already: `zoe` (as Owner). Not invited: `mia` (a member already). "
        "Perhaps invited, so look at `invites` before you do it again: `x`."
    )


@pytest.mark.parametrize(
    ("role", "team", "power"),
    [
        (InviteRole.MEMBER, None, InviteRole.MEMBER),
        (InviteRole.OWNER, None, InviteRole.OWNER),
        (InviteRole.MEMBER, Team(name="web"), InviteRole.MEMBER),
        (InviteRole.MEMBER, Team(name="Owners"), InviteRole.OWNER),
        (InviteRole.MEMBER, Team(name="leads", role="Owner"), InviteRole.OWNER),
        (InviteRole.MEMBER, Team(name="leads", role="editor"), InviteRole.EDITOR),
        (InviteRole.OWNER, Team(name="leads", role="member"), InviteRole.OWNER),
        (InviteRole.EDITOR, Team(name="leads", role="release-manager"), InviteRole.EDITOR),
    ],
)
def test_a_team_can_make_more_of_somebody_than_their_role(
    role: InviteRole, team: Team | None, power: InviteRole
) -> None:
    assert power_of(role, team) is power


def test_what_is_shown_is_what_is_sent() -> None:
    proposal = propose(ORDER, InviteRole.OWNER)

    assert proposal.model_dump(mode="json") == {
        "kind": "invite",
        "action": "invite.owner",
        "subject": "acme",
        "summary": "Invite new@x.com and zoe to acme, team web, as member",
        "shown": [
            "POST /v2/invites/bulk",
            "org: acme",
            "team: web",
            "role: member",
            "invitees:",
            "  new@x.com",
            "  zoe",
        ],
        "request": {"organization": "acme", "team": "web", "role": "member", "invitees": ["new@x.com", "zoe"]},
        "role": Role.ADMIN,
        "repository": None,
        "tags": [],
        "is_reversible": True,
    }


def test_a_long_list_is_named_shortly_and_shown_whole() -> None:
    names = tuple(f"{'x' * 60}{number}@acme.com" for number in range(25))

    proposal = propose(ORDER.model_copy(update={"invitees": names}), InviteRole.MEMBER)

    assert proposal.summary == f"Invite {'x' * 59}…, {'x' * 59}… and 23 more to acme, team web, as member"
    assert [line.strip() for line in proposal.shown[-25:]] == list(names)
    assert len("\n".join(proposal.shown)) < 2_500


def test_exactly_what_was_agreed_to_is_sent(desk: OrganizationDesk) -> None:
    outcome = Inviting(desk.client).send(change_of(ORDER))

    assert (outcome.state, outcome.sentence) == (State.DONE, "Invited: `new@x.com`, `zoe`.")
    (request,) = desk.hub.requests_to(BULK)
    assert json.loads(request.body) == {
        "org": "acme",
        "team": "web",
        "role": "member",
        "invitees": ["new@x.com", "zoe"],
    }


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", path=BULK, after="after_accepting"),
        Fault("truncated", path=BULK),
        Fault("unavailable", path=BULK, times=1),
    ],
    ids=lambda fault: fault.kind,
)
def test_without_an_answer_the_lists_are_asked_and_nothing_is_sent_again(desk: OrganizationDesk, fault: Fault) -> None:
    desk.hub.faults.add(fault)

    outcome = Inviting(desk.client).send(change_of(ORDER))

    was_done = fault.kind != "unavailable"
    assert desk.writes() == [f"POST {BULK}"]
    assert outcome.state is (State.DONE if was_done else State.UNKNOWN)
    assert standings(outcome) == dict.fromkeys(("new@x.com", "zoe"), "invited" if was_done else "uncertain")
    said = (
        "Invited: `new@x.com`, `zoe`." if was_done else "look at `invites` before you do it again: `new@x.com`, `zoe`."
    )
    assert outcome.sentence.endswith(said)
    assert "Docker Hub" in outcome.sentence


def test_what_was_left_behind_is_read_back(desk: OrganizationDesk) -> None:
    desk.acme.invite("new@x.com", inviter="acme", at=NOW)
    executor, change = Inviting(desk.client), change_of(ORDER)

    half = executor.read_back(change)
    desk.acme.members["zoe"] = "member"
    whole = executor.read_back(change)

    assert (half.state, standings(half)) == (State.UNKNOWN, {"new@x.com": "invited", "zoe": "uncertain"})
    assert (whole.state, standings(whole)) == (State.DONE, {"new@x.com": "invited", "zoe": "member"})
    assert whole.sentence == (
        "The answer was not heard. Its lists say now: Invited: `new@x.com`. Members already: `zoe` (as Member)."
    )
    assert desk.writes() == []
