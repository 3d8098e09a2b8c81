import json
from collections.abc import Iterator

import pytest

from bot.chat.place import Place
from bot.chat.router import Answer
from bot.errors import NoCredentialError, UsageError, UserError
from bot.governance.proposals import State
from bot.governance.roles import Role
from bot.organization.pending import Cancelling, Resending
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.organizations import Invite
from commands.invites import InvitesResult
from tests.support.desk import PAT, ago, spoken
from tests.support.organization import ADMIN, CHANNEL, OrganizationDesk, open_organization_desk


@pytest.fixture
def desk() -> Iterator[OrganizationDesk]:
    with open_organization_desk() as opened:
        yield opened


@pytest.fixture
def lena(desk: OrganizationDesk) -> Invite:
    return desk.acme.pending("lena@acme.com")


def result(outcome: Answer) -> InvitesResult:
    assert isinstance(outcome.result, InvitesResult), outcome.failure
    return outcome.result


def state(outcome: Answer) -> State | None:
    change = result(outcome).change
    assert change is not None
    return change.state


def test_the_pending_ones_are_listed_newest_first(desk: OrganizationDesk, lena: Invite) -> None:
    new = desk.acme.invite("zoe", inviter="bo", at=ago(hours=1), role="editor")

    assert desk.says("invites") == [
        "Pending invites to acme",
        "Who | Role | Team | Invited by | Invited | Id",
        f"zoe | editor | – | bo | 2026-11-21 08:00 UTC | {new.id}",
        f"lena@acme.com | member | web | ana | 2026-11-19 09:00 UTC | {lena.id}",
        "2 pending invites, newest first.",
    ]


def test_what_docker_hub_does_not_tell_is_unknown(desk: OrganizationDesk, lena: Invite) -> None:
    desk.hub.unknowns = desk.hub.unknowns.model_copy(update={"invite_role": "absent"})

    assert desk.says("invites")[2] == f"lena@acme.com | unknown | web | ana | 2026-11-19 09:00 UTC | {lena.id}"


def test_where_there_are_none_that_is_said(desk: OrganizationDesk, lena: Invite) -> None:
    desk.acme.cancel(lena.id)

    assert desk.says("invites --org acme") == ["Pending invites to acme", "None."]


def test_a_long_list_is_cut_and_can_be_had_whole(desk: OrganizationDesk) -> None:
    for number in range(40):
        desk.acme.invite(f"p{number}@acme.com", inviter="ana", at=ago(hours=number))

    assert desk.says("invites")[-1] == "25 of 41 pending invites, newest first. More: --all"
    assert desk.says("invites --limit 3")[-1] == "3 of 41 pending invites, newest first. More: --all"
    assert desk.says("invites --all")[-1] == "41 pending invites, newest first."


def test_the_list_is_json_and_for_operators_alone(desk: OrganizationDesk, lena: Invite) -> None:
    invocation = desk.router.parse("invites")
    told = json.loads(result(desk.ask("invites")).model_dump_json())

    assert invocation.role is Role.OPERATOR
    assert not invocation.command.can_share
    assert told == {
        "organization": "acme",
        "invites": [
            {
                "id": lena.id,
                "invitee": "lena@acme.com",
                "role": "member",
                "team": "web",
                "invited_by": "ana",
                "invited_at": "2026-11-19T09:00:00Z",
            }
        ],
        "total": 1,
        "shortfall": "",
        "change": None,
    }


@pytest.mark.parametrize(
    "who", ["lena@acme.com", "LENA@ACME.COM", "<mailto:lena@acme.com|lena@acme.com>", "ID", "BEGIN"]
)
def test_an_invite_is_cancelled_after_a_question(desk: OrganizationDesk, lena: Invite, who: str) -> None:
    shown = desk.ask(f"invites cancel {who.replace('ID', lena.id).replace('BEGIN', lena.id[:8])}")

    assert spoken(shown.document) == [
        "Cancel the invite of lena@acme.com to acme",
        f"DELETE /v2/invites/{lena.id}\ninvitee: lena@acme.com",
    ]
    assert desk.writes() == []

    done = desk.take(shown)
    assert spoken(done.document)[:2] == [
        "Done: Cancel the invite of lena@acme.com to acme.",
        "The invite of lena@acme.com is cancelled.",
    ]
    assert desk.writes() == [f"DELETE /v2/invites/{lena.id}"]
    assert desk.invitees() == set()


def test_an_invite_is_sent_once_more_at_once(desk: OrganizationDesk, lena: Invite) -> None:
    assert desk.says("invites resend lena@acme.com")[:2] == [
        "Done: Resend the invite of lena@acme.com to acme.",
        "Docker Hub sends the invite to lena@acme.com once more.",
    ]
    assert desk.writes() == [f"PATCH /v2/invites/{lena.id}/resend"]
    assert len(lena.sent_at) == 2


def test_in_a_terminal_it_asks_first_whatever_it_is(desk: OrganizationDesk) -> None:
    desk.place = None

    shown = desk.ask("invites resend lena@acme.com")

    assert desk.writes() == []
    assert state(desk.take(shown)) is State.DONE


def test_an_invite_that_is_gone_meanwhile_is_not_cancelled(desk: OrganizationDesk, lena: Invite) -> None:
    shown = desk.ask("invites cancel lena@acme.com")
    desk.acme.cancel(lena.id)

    done = desk.take(shown)

    assert state(done) is State.FAILED
    assert not done.is_good
    assert spoken(done.document)[1] == (
        "Nothing was cancelled. It is no longer pending: they accepted it, or somebody cancelled it."
    )


def test_a_refused_resending_is_told(desk: OrganizationDesk) -> None:
    desk.hub.unknowns = desk.hub.unknowns.model_copy(update={"oat_resend": "forbidden"})

    done = desk.ask("invites resend lena@acme.com")

    assert state(done) is State.FAILED
    assert "Docker Hub does not allow the use of this invite to acme" in spoken(done.document)[1]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        (Fault("reset", method="DELETE", after="after_accepting"), State.DONE, "It is no longer pending"),
        (
            Fault("reset", method="DELETE"),
            State.UNKNOWN,
            "The invite is still pending; if it stays so, cancel it again.",
        ),
        (Fault("html", path="/v2/"), State.UNKNOWN, "It may have been done all the same"),
    ],
)
def test_without_an_answer_the_list_tells_whether_it_is_cancelled(
    desk: OrganizationDesk, fault: Fault, expected: State, said: str
) -> None:
    shown = desk.ask("invites cancel lena@acme.com")
    desk.hub.faults.add(fault)

    done = desk.take(shown)

    assert state(done) is expected
    assert said in spoken(done.document)[1]
    assert "ry again" not in spoken(done.document)[1]
    assert len(desk.writes()) == 1


def test_what_was_left_behind_is_read_back(desk: OrganizationDesk, lena: Invite) -> None:
    desk.does("invites cancel lena@acme.com")
    change = desk.last_change()

    outcome = Cancelling(desk.client).read_back(change)
    desk.acme.invites[lena.id] = lena

    assert outcome.state is State.DONE
    assert Cancelling(desk.client).read_back(change).state is State.UNKNOWN
    assert Resending(desk.client).read_back(change) is None


def test_who_has_no_invite_is_said_with_the_nearest(desk: OrganizationDesk) -> None:
    outcome = desk.ask("invites cancel lina@acme.com")

    assert isinstance(outcome.failure, UsageError)
    assert str(outcome.failure) == "`acme` has no pending invite of `lina@acme.com`."
    assert outcome.failure.suggestion == "lena@acme.com"


def test_who_has_several_is_named_by_an_id(desk: OrganizationDesk, lena: Invite) -> None:
    other = desk.acme.invite("lena@acme.com", inviter="bo", at=ago(hours=1), team="platform")

    outcome = desk.ask("invites cancel lena@acme.com")

    assert str(outcome.failure) == (
        f"`lena@acme.com` has several invites, so name one by its id: `{lena.id}`, `{other.id}`."
    )
    desk.does(f"invites cancel {other.id}")
    assert set(desk.acme.invites) == {lena.id}


def test_a_part_of_an_id_must_be_long_enough(desk: OrganizationDesk, lena: Invite) -> None:
    assert isinstance(desk.ask(f"invites cancel {lena.id[:5]}").failure, UsageError)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("invites cancle x", "`invites` does not know `cancle`; it can `cancel` and `resend`."),
        ("invites lena@acme.com", "`invites` does not know `lena@acme.com`; it can `cancel` and `resend`."),
        ("invites cancel", "Which invite is there to cancel? Name an e-mail address, a Docker id or the invite's id."),
        ("invites resend a b", "`invites resend` takes one invite at a time."),
        ("invites cancel a --all", "`--all` and `--limit` are for looking, not for `cancel`."),
        ("invites --all --limit 3", "`--all` and `--limit` exclude each other."),
    ],
)
def test_what_cannot_be_understood_calls_nothing(desk: OrganizationDesk, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        desk.ask(typed)

    assert str(raised.value) == said
    assert desk.paths() == []


def test_without_a_database_there_is_only_the_list(desk: OrganizationDesk) -> None:
    desk.governance = None  # type: ignore[assignment]  # Where there is no database.

    assert desk.ask("invites").is_good
    assert isinstance(desk.ask("invites cancel lena@acme.com").failure, UserError)
    assert desk.writes() == []


def test_without_a_credential_that_may_the_way_out_is_told() -> None:
    with open_organization_desk(username="ana", token=PAT) as desk:
        outcome = desk.ask("invites")

    assert isinstance(outcome.failure, NoCredentialError)
    assert "DOCKERHUB_ORG_TOKENS" in str(outcome.failure)


def test_an_admin_may_too(desk: OrganizationDesk) -> None:
    desk.place = Place(CHANNEL, ADMIN, "T0HOME")

    assert state(desk.ask("invites resend lena@acme.com")) is State.DONE
