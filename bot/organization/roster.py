"""Who is in an organization and who is invited to it, looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.errors import ForbiddenError, HubError, UsageError
from bot.hub.client import HubClient
from bot.hub.invites import Invite
from bot.hub.members import Member
from bot.hub.paging import Listing
from bot.hub.plans import UNLIMITED
from bot.hub.teams import Team
from bot.organization.invitees import Invitee, Standing, inert, problem_of, same_key
from bot.words import nearest, quoted

SEATS_UNKNOWN = "Docker Hub did not tell how many seats there are."
_MOST_TEAMS_NAMED = 5

T = TypeVar("T")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Roster:
    """Members and pending invites.

    Attributes:
        organization: Whose.
        members: By user name and, where it is shown, by address; each in the form of `same_key`.
        pending: By who is invited.
        member_count: How many members there are; None: that could not be read.
        pending_count: How many pending invites there are; None: that could not be read.
        problems: What could not be read, a sentence each.
    """

    organization: str
    members: Mapping[str, Member]
    pending: Mapping[str, Invite]
    member_count: int | None
    pending_count: int | None
    problems: tuple[str, ...] = ()

    def standing_of(self, name: str, *, team: str | None = None) -> Invitee:
        """Return how somebody stands to the organization.

        Args:
            name: Who.
            team: Where they should be in the end.
        """
        if problem := problem_of(name):
            return Invitee(name=name, standing=Standing.MALFORMED, detail=problem)
        if member := self.members.get(same_key(name)):
            return Invitee(name=name, standing=Standing.MEMBER, detail=_member_words(member, team))
        if invite := self.pending.get(same_key(name)):
            return Invitee(name=name, standing=Standing.PENDING, detail=_invite_words(invite))
        return Invitee(name=name, standing=Standing.WANTED)


def read_roster(hub: HubClient, organization: str, *, tell: Tell = lambda _: None) -> Roster:
    """Look up everybody. What the credential may not see is missing, and said.

    Args:
        hub: Where to ask.
        organization: Whose.
        tell: Is told how far it has come.

    Raises:
        NoCredentialError: Nothing we hold may look.
        NotFoundError: There is no such organization, or not for our credential.
        HubError: Docker Hub did not tell.
    """
    tell(f"reading the members of {organization}")
    members, members_problem = _read(hub.members.list(organization), "members")
    tell(f"reading the invites to {organization}")
    invites, invites_problem = _read(hub.invites.list(organization), "pending invites")
    people = [each for each in members or () if not each.is_invitee]
    by_name = {same_key(name): each for each in people for name in (each.username, each.email) if name}
    return Roster(
        organization=organization,
        members=by_name,
        pending={same_key(each.invitee): each for each in invites or () if each.invitee},
        member_count=None if members is None or members_problem else len(people),
        pending_count=None if invites is None or invites_problem else len(invites),
        problems=tuple(filter(None, (members_problem, invites_problem))),
    )


def _read(listing: Listing[T], what: str) -> tuple[list[T] | None, str]:
    """Return the entries and what is missing; none at all where the credential may not see them."""
    try:
        return list(listing), f"Of the {what}: {listing.shortfall}" if listing.shortfall else ""
    except ForbiddenError as error:
        return None, f"{error.sentence()} So only Docker Hub knows whether somebody is among the {what} already."


def find_team(hub: HubClient, organization: str, name: str) -> Team:
    """Return a team.

    Raises:
        UsageError: There is none of that name.
        HubError: Docker Hub did not tell.
    """
    teams = {each.name.casefold(): each for each in hub.teams.list(organization)}
    if team := teams.get(name.casefold()):
        return team
    names = sorted(each.name for each in teams.values())
    few = ", ".join(map(quoted, names)) if 0 < len(names) <= _MOST_TEAMS_NAMED else ""
    there_are = f" There are {few}." if few else ""
    raise UsageError(
        f"`{organization}` has no team {quoted(name)}.{there_are}", suggestion=_suggested(nearest(name, names))
    )


def _suggested(name: str) -> str:
    return f"--team {inert(name)}" if name else ""


def seat_note(hub: HubClient, roster: Roster, wanted: int) -> str:
    """Return what there is to say about seats before so many are invited, as a sentence; empty: nothing.

    An invite takes a seat as a member does. Docker Hub decides what it does without one: so this refuses nobody.
    Source: https://docs.docker.com/admin/faqs/organization-faqs/
    """
    try:
        seats = hub.plans.get(roster.organization).seats
    except HubError:
        seats = None
    if seats is None:
        return SEATS_UNKNOWN
    if seats == UNLIMITED:
        return ""
    of_all = f"`{roster.organization}` has {_count(seats, 'seat')}"
    if roster.member_count is None or roster.pending_count is None:
        return f"{of_all}; how many are taken could not be read."
    taken = f"{_count(roster.member_count, 'member')} and {_count(roster.pending_count, 'pending invite')}"
    left = max(0, seats - roster.member_count - roster.pending_count)
    if left >= wanted:
        return f"{of_all}, of which {taken} leave {left:,}."
    return (
        f"{of_all}, of which {taken} leave {left:,}. Of these {wanted:,}, Docker Hub may refuse some, or let them join "
        "without a licence."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _member_words(member: Member, team: str | None) -> str:
    role = f"as {inert(member.role)}" if member.role else ""
    # Inviting would not put them there.
    is_missing = team is not None and team.casefold() not in {each.casefold() for each in member.groups}
    return ", ".join(filter(None, (role, f"not in team {inert(team)}" if team and is_missing else "")))


def _invite_words(invite: Invite) -> str:
    when = f"since {invite.created_at:%Y-%m-%d %H:%M} UTC" if invite.created_at else ""
    by = f"by {inert(invite.inviter_username)}" if invite.inviter_username else ""
    team = f"for team {inert(invite.team)}" if invite.team else ""
    return " ".join(filter(None, (when, by, team)))
