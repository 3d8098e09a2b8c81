import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.chat.place import Place
from bot.chat.router import Answer
from bot.errors import AccessDeniedError, NoCredentialError, NotFoundError, RateLimitedError, UsageError, UserError
from bot.governance.proposals import State
from bot.governance.roles import Role
from bot.organization.invitees import MOST_INVITEES
from bot.sandbox.hub.faults import Fault
from bot.slack.render import render
from commands.invite import InviteArguments, InviteResult, parse, role_of
from tests.support.blockkit import assert_valid_message
from tests.support.desk import PAT, spoken
from tests.support.organization import (
    ADMIN,
    CHANNEL,
    OTHER_ADMIN,
    OrganizationDesk,
    open_organization_desk,
)

BULK = "POST /v2/invites/bulk"
SEATS = "Docker Hub did not tell how many seats there are."


@pytest.fixture
def desk() -> Iterator[OrganizationDesk]:
    with open_organization_desk() as opened:
        yield opened


def turn(desk: OrganizationDesk, **unknowns: str) -> None:
    """Have the simulated Docker Hub do what nobody knows in this way."""
    desk.hub.unknowns = desk.hub.unknowns.model_copy(update=unknowns)


def result(outcome: Answer) -> InviteResult:
    assert isinstance(outcome.result, InviteResult), outcome.failure
    return outcome.result


def failure(outcome: Answer) -> str:
    assert outcome.failure is not None
    return str(outcome.failure)


def test_first_is_shown_who_would_be_invited_and_exactly_what_is_sent(desk: OrganizationDesk) -> None:
    outcome = desk.ask("invite New@acme.com bo lena@acme.com Zoe !channel --team web --role editor")

    assert spoken(outcome.document) == [
        "Invite New@acme.com and zoe to acme, team web, as editor",
        "Who | State | More",
        "New@acme.com | to be invited | –",
        "bo | a member already | as Member",
        "lena@acme.com | invited already | since 2026-11-19 09:00 UTC by ana for team web",
        "zoe | to be invited | –",
        "!channel | left out | that is a name in Slack; write their e-mail address or Docker id",
        "POST /v2/invites/bulk\norg: acme\nteam: web\nrole: editor\ninvitees:\n  New@acme.com\n  zoe",
        "To send the message of a pending invite once more: /hub invites resend lena@acme.com --org acme",
        SEATS,
    ]
    (offer,) = result(outcome).offers
    assert (offer.label, offer.confirm.question if offer.confirm else "") == (
        "Invite",
        "Invite New@acme.com and zoe to acme, team web, as editor?",
    )
    assert desk.writes() == []


def test_what_was_agreed_to_is_sent_once_and_each_is_told(desk: OrganizationDesk) -> None:
    outcome = desk.take(desk.ask("invite new@acme.com zoe"))

    assert spoken(outcome.document)[:2] == [
        "Done: Invite new@acme.com and zoe to acme as member.",
        "Invited: new@acme.com, zoe.",
    ]
    assert outcome.is_good
    assert desk.writes() == [BULK]
    assert desk.invitees() == {"lena@acme.com", "new@acme.com", "zoe"}


@pytest.mark.parametrize("shape", ["flat", "nested"])
@pytest.mark.parametrize("status", ["202", "200"])
def test_an_accepted_request_does_not_mean_that_all_are_invited(
    desk: OrganizationDesk, shape: str, status: str
) -> None:
    turn(desk, bulk_invite_shape=shape, bulk_invite_status=status)
    shown = desk.ask("invite new@acme.com zoe nobody")
    desk.acme.members["zoe"] = "member"  # Between the question and the answer.

    outcome = desk.take(shown)

    assert spoken(outcome.document)[:2] == [
        "Invited 1 of 3 to acme.",
        (
            "Invited: new@acme.com. Not invited: zoe (a member already), nobody (Docker Hub knows no such e-mail "
            "address or Docker id)."
        ),
    ]
    assert (result(outcome).state, outcome.is_good) == (State.DONE, False)
    assert [(each.name, each.standing.value, each.status) for each in result(outcome).people] == [
        ("new@acme.com", "invited", "invited"),
        ("zoe", "refused", "existing_org_member"),
        ("nobody", "refused", "invalid_email_or_docker_id"),
    ]


def test_where_nobody_is_invited_it_has_failed(desk: OrganizationDesk) -> None:
    shown = desk.ask("invite zoe")
    desk.acme.members["zoe"] = "member"

    outcome = desk.take(shown)

    assert spoken(outcome.document)[0] == "Failed: Invite zoe to acme as member."
    assert result(outcome).state is State.FAILED


@pytest.mark.parametrize("no_seats", ["per_invitee", "400", "402", "409"])
def test_what_docker_hub_says_of_seats_is_shown(desk: OrganizationDesk, no_seats: str) -> None:
    turn(desk, no_seats=no_seats)
    desk.acme.seats = 4

    outcome = desk.take(desk.ask("invite zoe"))

    assert result(outcome).state is State.FAILED
    assert "seats" in result(outcome).sentence
    assert desk.invitees() == {"lena@acme.com"}


@pytest.mark.parametrize(("typed", "is_good"), [("bo lena@acme.com", True), ("bo @u1", False)])
def test_where_there_is_nobody_to_invite_nothing_is_offered(
    desk: OrganizationDesk, typed: str, *, is_good: bool
) -> None:
    outcome = desk.ask(f"invite {typed}")

    assert spoken(outcome.document)[0] == "There is nobody to invite to acme."
    assert result(outcome).offers == ()
    assert outcome.is_good == is_good
    assert not [each for each in desk.paths() if "hub-plan" in each]


def test_the_same_agreement_twice_sends_once_for_each_press_of_a_button_that_works_once(
    desk: OrganizationDesk,
) -> None:
    shown = desk.ask("invite zoe")
    desk.take(shown)

    # Buttons work once; should one work twice after all, Docker Hub's own word is told.
    again = desk.take(shown)

    assert result(again).people[0].status == "existing_invite"
    assert len(desk.acme.invites) == 2


def test_a_dry_run_is_docker_hubs_own_and_changes_nothing(desk: OrganizationDesk) -> None:
    outcome = desk.ask("invite new@acme.com nobody bo --dry-run --team web")

    assert spoken(outcome.document) == [
        "Dry run: nobody was invited.",
        "Who | State | More",
        "new@acme.com | would be invited | –",
        "nobody | would not be invited | Docker Hub knows no such e-mail address or Docker id",
        "bo | a member already | as Member",
        "POST /v2/invites/bulk\norg: acme\nteam: web\nrole: member\ninvitees:\n  new@acme.com\n  nobody\ndry_run: true",
        SEATS,
    ]
    assert result(outcome).offers == ()
    assert desk.invitees() == {"lena@acme.com"}
    (request,) = desk.hub.requests_to("/v2/invites/bulk")
    assert json.loads(request.body)["dry_run"] is True


@pytest.mark.parametrize("dry_run_invite", ["absent", "present"])
def test_a_dry_run_may_show_invites_that_are_none(desk: OrganizationDesk, dry_run_invite: str) -> None:
    turn(desk, dry_run_invite=dry_run_invite)

    assert desk.says("invite new@acme.com --dry-run")[2] == "new@acme.com | would be invited"
    assert not desk.ask("invite nobody --dry-run").is_good


def test_owners_are_asked_for_by_admins_and_approved_by_another(desk: OrganizationDesk) -> None:
    desk.place = Place(CHANNEL, ADMIN, "T0HOME")
    shown = desk.ask("invite zoe --role owner")
    assert spoken(shown.document)[-1] == "invite.owner needs a second person."
    assert result(shown).offers[0].label == "Ask for approval"

    asked = desk.take(shown)
    assert result(asked).state is State.REQUESTED
    assert [each.standing.value for each in result(asked).people] == ["wanted"]
    assert desk.writes() == []

    done = desk.approve(desk.last_change(), OTHER_ADMIN)

    assert done.state is State.DONE
    assert done.outcome is not None
    assert done.outcome.sentence == "Invited: `zoe`."
    assert desk.writes() == [BULK]
    assert [each.role for each in desk.acme.invites.values()] == ["member", "owner"]


def test_the_only_admin_types_the_name_instead(desk: OrganizationDesk) -> None:
    del desk.roles[OTHER_ADMIN]
    desk.place = Place(CHANNEL, ADMIN, "T0HOME")
    shown = desk.ask("invite zoe --role owner")
    assert "you are the only admin" in spoken(shown.document)[-1]

    assert desk.take(shown).failure is not None
    assert desk.take(shown, typed="acne").failure is not None
    assert desk.writes() == []
    assert result(desk.take(shown, typed="acme")).state is State.DONE


@pytest.mark.parametrize(
    ("typed", "role"),
    [
        ("invite zoe", Role.OPERATOR),
        ("invite zoe --role editor", Role.OPERATOR),
        ("invite zoe --role owner", Role.ADMIN),
        ("invite zoe --role OWNER", Role.ADMIN),
        ("invite zoe --team Owners", Role.ADMIN),
        ("invite zoe --role owner --dry-run", Role.ADMIN),
    ],
)
def test_who_makes_owners_is_an_admin_and_a_refusal_says_what_needs_one(
    desk: OrganizationDesk, typed: str, role: Role
) -> None:
    invocation = desk.router.parse(typed)

    assert (invocation.role, invocation.title) == (role, typed if role is Role.ADMIN else "invite")


def test_a_team_of_owners_is_no_way_around(desk: OrganizationDesk) -> None:
    outcome = desk.ask("invite zoe --team owners")
    assert isinstance(outcome.failure, AccessDeniedError)
    assert failure(outcome) == "Whoever is in team `owners` owns the organization, and inviting owners needs an admin."

    desk.place = Place(CHANNEL, ADMIN, "T0HOME")
    shown = desk.ask("invite zoe --team owners")

    assert result(shown).offers[0].label == "Ask for approval"
    assert desk.writes() == []


def test_a_team_that_is_not_there_is_refused_before_anything_is_sent(desk: OrganizationDesk) -> None:
    outcome = desk.ask("invite zoe --team wbe")

    assert isinstance(outcome.failure, UsageError)
    assert outcome.failure.suggestion == "--team web"
    assert desk.writes() == []


def test_what_slack_makes_of_addresses_is_undone(desk: OrganizationDesk) -> None:
    typed = "invite <mailto:new@acme.com|new@acme.com>, <mailto:two@acme.com> &lt;<mailto:x@y.io|x@y.io>&gt; <@U12|zoe>"

    arguments = desk.router.parse(typed).arguments

    assert isinstance(arguments, InviteArguments)
    assert arguments.invitees == ("new@acme.com", "two@acme.com", "x@y.io", "@U12")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("invite", "`invite` needs <e-mail or docker id>."),
        ("invite , ;", "Who is to be invited? Name e-mail addresses or Docker ids."),
        ("invite zoe --role admin", "`--role`: 'admin' is not one of 'member', 'editor', 'owner'."),
        ("invite zoe --org a/b", "`--org`: "),
        ("invite zoe --teem web", "`invite` has no option `--teem`."),
        (
            "invite " + " ".join(f"user{number}" for number in range(MOST_INVITEES + 1)),
            "At most 25 people, and 2,000 characters, can be invited at once.",
        ),
    ],
)
def test_what_cannot_be_understood_calls_nothing(desk: OrganizationDesk, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        desk.ask(typed)

    assert str(raised.value).startswith(said)
    assert desk.paths() == []


def test_no_more_is_taken_than_can_be_shown_to_who_approves() -> None:
    values: dict[str, Any] = {"org": None, "team": None, "role": "member", "dry_run": False}
    names = [f"{'x' * 60}@{number:03}{'y' * 120}.com" for number in range(12)]

    with pytest.raises(UsageError, match="2,000 characters"):
        parse({**values, "invitees": names})
    assert len(parse({**values, "invitees": names[:10]}).invitees) == 10


def test_an_organization_has_to_be_known() -> None:
    with open_organization_desk(default_namespace=None) as desk:
        assert failure(desk.ask("invite zoe")) == (
            "Which organization? Name it with `--org`, or set DOCKERHUB_NAMESPACES for a default."
        )
        assert desk.paths() == []
        assert result(desk.ask("invite zoe --org ACME")).organization == "acme"


def test_without_a_database_nothing_is_looked_up(desk: OrganizationDesk) -> None:
    desk.governance = None  # type: ignore[assignment]  # Where there is no database.

    assert isinstance(desk.ask("invite zoe").failure, UserError)
    assert desk.paths() == []
    assert desk.ask("invite zoe --dry-run").is_good


def test_what_docker_hub_refuses_is_told_with_the_way_out(desk: OrganizationDesk) -> None:
    with open_organization_desk(username="ana", token=PAT) as other:
        refused = other.ask("invite zoe")
        assert isinstance(refused.failure, NoCredentialError)
        assert "DOCKERHUB_ORG_TOKENS" in failure(refused)
        assert other.paths() == []
    with open_organization_desk(username="ana", token=None, password="a long password") as other:
        assert isinstance(other.ask("invite zoe --org nobody").failure, NotFoundError)
    desk.hub.faults.add(Fault("rate_limited", path="/v2/orgs"))
    assert isinstance(desk.ask("invite zoe").failure, RateLimitedError)


@pytest.mark.parametrize(
    ("fault", "state", "said"),
    [
        (Fault("rate_limited", path="/v2/invites"), State.FAILED, "rate limited until"),
        (Fault("unavailable", path="/v2/invites", status=403, text="no"), State.FAILED, "does not allow"),
        (Fault("unavailable", path="/v2/invites", status=409, text="busy"), State.FAILED, "It said: busy."),
        (Fault("reset", path="/v2/invites"), State.UNKNOWN, "Perhaps invited"),
        (Fault("html", path="/v2/invites"), State.UNKNOWN, "Perhaps invited"),
        (Fault("reset", path="/v2/invites", after="after_accepting"), State.DONE, "Invited: `zoe`."),
        (Fault("html", path="/v2/"), State.UNKNOWN, "It may have been done all the same"),
    ],
)
def test_every_way_to_fail_says_what_is_true(desk: OrganizationDesk, fault: Fault, state: State, said: str) -> None:
    shown = desk.ask("invite zoe")
    desk.hub.faults.add(fault)

    outcome = desk.take(shown)

    assert result(outcome).state is state
    assert said in result(outcome).sentence
    # What may have been done is to be looked for, not done again.
    assert state is State.FAILED or "ry again" not in result(outcome).sentence
    assert outcome.is_good == (state is State.DONE)
    # What was refused before it ran is asked for again; nothing else is.
    assert len(desk.writes()) == 1 or fault.kind == "rate_limited"


@pytest.mark.parametrize(
    "name", ["<!channel>", "*" * 1_900, "&lt;b&gt;@x.com", f"{'x' * 64}@{'y' * 185}.com", "\u202e@x.com"]
)
def test_hostile_names_are_shown_inert_and_fit(desk: OrganizationDesk, name: str) -> None:
    shown = desk.ask(f"invite {name} zoe")

    for document in (shown.document, desk.take(shown).document):
        message = render(document)
        assert_valid_message(message)
        assert "<!channel>" not in json.dumps([message.text, *message.blocks])


def test_the_longest_list_of_all_fits(desk: OrganizationDesk) -> None:
    names = [f"{'x' * 40}{number:02}@{'y' * 30}.com" for number in range(MOST_INVITEES)]

    shown = desk.ask(f"invite {' '.join(names)} --team platform")

    assert_valid_message(render(shown.document))
    told = desk.take(shown)
    assert_valid_message(render(told.document))
    assert all(name[:59] in spoken(told.document)[1] for name in names)
    assert desk.invitees() == {"lena@acme.com", *names}


def test_the_result_is_json_without_what_was_agreed_to(desk: OrganizationDesk) -> None:
    outcome = desk.take(desk.ask("invite zoe"))

    told = json.loads(result(outcome).model_dump_json())

    assert told["state"] == "done"
    assert told["people"] == [{"name": "zoe", "standing": "invited", "detail": "", "status": "invited"}]
    assert "offers" not in told
    assert "agreed" not in json.dumps(told)


def test_in_a_terminal_it_is_done_without_anybody_else(desk: OrganizationDesk) -> None:
    desk.place = None

    outcome = desk.take(desk.ask("invite zoe --role owner"))

    assert result(outcome).state is State.DONE
    assert desk.last_change().asker.user_id == "terminal:ops"


def test_arguments_survive_being_kept(desk: OrganizationDesk) -> None:
    (offer,) = result(desk.ask("invite zoe --team web --role editor")).offers

    kept = InviteArguments.model_validate_json(offer.arguments.model_dump_json())

    assert kept == offer.arguments
    assert role_of(kept) is Role.OPERATOR
