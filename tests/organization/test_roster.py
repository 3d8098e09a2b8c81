from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.errors import NoCredentialError, NotFoundError, UnavailableError, UsageError
from bot.organization.invitees import Standing
from bot.organization.roster import SEATS_UNKNOWN, Roster, find_team, read_roster, seat_note
from bot.sandbox.hub.faults import Fault
from tests.support.desk import PAT, ago
from tests.support.organization import OrganizationDesk, acme_hub, open_organization_desk

PASSWORD = "a long password"
MAY_NOT = "Docker Hub does not allow the use of the {} of acme with the organization token of acme. So only Docker Hub"


@pytest.fixture
def desk() -> Iterator[OrganizationDesk]:
    with open_organization_desk() as opened:
        yield opened


@pytest.fixture(scope="module")
def roster() -> Roster:
    with open_organization_desk() as opened:
        return read_roster(opened.client, "acme")


@pytest.fixture
def owners_desk() -> Iterator[OrganizationDesk]:
    """Of an owner with a password, who may see the plan."""
    with open_organization_desk(username="ana", token=None, password=PASSWORD) as opened:
        opened.acme.seats = 6
        yield opened


@pytest.mark.parametrize(
    ("name", "standing", "detail"),
    [
        ("bo", Standing.MEMBER, "as Member"),
        ("ana", Standing.MEMBER, "as Owner, not in team web"),
        ("MIA@acme.com", Standing.MEMBER, "as Editor, not in team web"),
        ("Lena@ACME.com", Standing.PENDING, "since 2026-11-19 09:00 UTC by ana for team web"),
        ("zoe", Standing.WANTED, ""),
        ("new@acme.com", Standing.WANTED, ""),
        ("@u1", Standing.MALFORMED, "that is a name in Slack; write their e-mail address or Docker id"),
    ],
)
def test_everybody_stands_somewhere(roster: Roster, name: str, standing: Standing, detail: str) -> None:
    found = roster.standing_of(name, team="web")

    assert (found.name, found.standing, found.detail) == (name, standing, detail)


@pytest.mark.parametrize("members_page", ["object", "array"])
def test_all_pages_are_read(desk: OrganizationDesk, members_page: str) -> None:
    desk.hub.unknowns = desk.hub.unknowns.model_copy(update={"members_page": members_page})
    for number in range(230):
        desk.hub.state.add_user(f"user{number:03}", password="x", joined_at=ago(days=1))
        desk.acme.members[f"user{number:03}"] = "member"

    roster = read_roster(desk.client, "acme", tell=desk.progress.append)

    assert (roster.member_count, roster.pending_count, roster.problems) == (233, 1, ())
    assert roster.standing_of("user229").standing is Standing.MEMBER
    assert desk.progress == ["reading the members of acme", "reading the invites to acme"]
    assert len(desk.hub.requests_to("/v2/orgs/acme/members")) == 3


def test_what_may_not_be_seen_is_said_and_not_taken_for_nobody() -> None:
    state = acme_hub()
    state.add_organization_token("acme", "dckr_oat_that_may_only_invite", ("scope-invite-edit",))
    with open_organization_desk(state=state, token="dckr_oat_that_may_only_invite") as desk:
        roster = read_roster(desk.client, "acme")

    assert (roster.member_count, roster.pending_count) == (None, 1)
    (problem,) = roster.problems
    assert problem.startswith(MAY_NOT.format("members"))
    assert roster.standing_of("bo").standing is Standing.WANTED


def test_where_nobody_can_look_it_ends(desk: OrganizationDesk) -> None:
    with pytest.raises(NoCredentialError), open_organization_desk(username="ana", token=PAT) as other:
        read_roster(other.client, "acme")
    with (
        pytest.raises(NotFoundError, match="the members of nobody"),
        open_organization_desk(username="ana", token=None, password=PASSWORD) as other,
    ):
        read_roster(other.client, "nobody")
    desk.hub.faults.add(Fault("unavailable"))
    with pytest.raises(UnavailableError):
        read_roster(desk.client, "acme")


def test_a_team_is_found_in_whatever_case(desk: OrganizationDesk) -> None:
    assert find_team(desk.client, "acme", "WEB").name == "web"


@pytest.mark.parametrize(("name", "suggestion"), [("wbe", "--team web"), ("zzz", "")])
def test_a_team_that_is_not_there_is_said_with_the_nearest(desk: OrganizationDesk, name: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_team(desk.client, "acme", name)

    assert str(raised.value) == f"`acme` has no team `{name}`. There are `owners`, `platform`, `web`."
    assert raised.value.suggestion == suggestion


def test_of_many_teams_only_the_nearest_is_named(desk: OrganizationDesk) -> None:
    for number in range(5):
        desk.hub.state.add_team("acme", f"team-{number}")

    with pytest.raises(UsageError, match=r"^`acme` has no team `team`\.$"):
        find_team(desk.client, "acme", "team")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (2, "`acme` has 6 seats, of which 3 members and 1 pending invite leave 2."),
        (
            3,
            (
                "`acme` has 6 seats, of which 3 members and 1 pending invite leave 2. Of these 3, Docker Hub may "
                "refuse some, or let them join without a licence."
            ),
        ),
    ],
)
def test_seats_are_counted_where_they_can_be_read(owners_desk: OrganizationDesk, wanted: int, said: str) -> None:
    assert seat_note(owners_desk.client, read_roster(owners_desk.client, "acme"), wanted) == said


def test_seats_without_a_limit_need_no_words(owners_desk: OrganizationDesk) -> None:
    owners_desk.acme.seats = None

    assert seat_note(owners_desk.client, read_roster(owners_desk.client, "acme"), 3) == ""


def test_seats_that_cannot_be_read_are_unknown(desk: OrganizationDesk, owners_desk: OrganizationDesk) -> None:
    assert seat_note(desk.client, read_roster(desk.client, "acme"), 1) == SEATS_UNKNOWN

    roster = read_roster(owners_desk.client, "acme")
    owners_desk.hub.faults.add(Fault("html", path="/api/billing"))
    assert seat_note(owners_desk.client, roster, 1) == SEATS_UNKNOWN


def test_where_members_cannot_be_counted_seats_are_not_either(owners_desk: OrganizationDesk) -> None:
    roster = replace(read_roster(owners_desk.client, "acme"), member_count=None)

    assert seat_note(owners_desk.client, roster, 1) == "`acme` has 6 seats; how many are taken could not be read."
