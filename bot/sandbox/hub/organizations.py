"""An organization as Docker Hub keeps it: members with roles, teams, pending invites, seats and licences."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import NAMESPACE_DNS, uuid5

Role = Literal["owner", "editor", "member"]

OWNERS_TEAM = "owners"


class LastOwnerError(Exception):
    """The only owner was to be removed, or to become something less."""


@dataclass(slots=True)
class Team:
    """Members who have rights together; the API calls it a group.

    Attributes:
        id: Docker Hub's number for the team.
        members: User names, in the order in which they were added.
    """

    name: str
    id: int
    uuid: str
    description: str = ""
    members: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Invite:
    """An invite that was neither accepted nor cancelled.

    Attributes:
        id: A UUID.
        invitee: A user name or an e-mail address, as the inviter wrote it.
        inviter: Who invited: a user, or the organization itself by its token.
        team: The team that is joined with the organization; empty for none.
        sent_at: When each mail went out; the first with the invite, one more for each time it is sent again.
    """

    id: str
    invitee: str
    inviter: str
    role: Role
    team: str
    created_at: datetime
    sent_at: list[datetime]


@dataclass(slots=True)
class Organization:
    """What there is beyond the account. Change it by its verbs, from any thread.

    Attributes:
        lock: That of the whole state.
        members: Role by user name.
        teams: By name; the owners are no team here, `Unknowns.owners_team` says whether the API shows them as one.
        invites: The pending ones, by id.
        seats: How many the plan has; None for no limit.
        licences: How many there are for those who sit, apart from seats since summer 2026; None for no limit. Source:
            docker/docs, pull request 25678.
        unlicensed: Members who joined when no licence was left, of which nothing tells.
    """

    name: str
    lock: threading.RLock = field(repr=False)
    members: dict[str, Role] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    invites: dict[str, Invite] = field(default_factory=dict)
    seats: int | None = None
    licences: int | None = None
    unlicensed: set[str] = field(default_factory=set)
    _invite_count: int = 0

    @property
    def owners(self) -> list[str]:
        """The user names of all owners."""
        return [name for name, role in self.members.items() if role == "owner"]

    def owners_team(self, number: int) -> Team:
        """Return the owners as the team that the API may show them as; the number is its id."""
        about = f"Owners of {self.name}"
        return Team(OWNERS_TEAM, number, _uuid(f"team {OWNERS_TEAM} of {self.name}"), about, self.owners)

    @property
    def seats_used(self) -> int:
        """How many seats are taken: one by each member, and one by each pending invite.

        Source: docs.docker.com, FAQs for organizations.
        """
        return len(self.members) + len(self.invites)

    def add_team(self, name: str, number: int, *, description: str = "", members: Iterable[str] = ()) -> Team:
        """Make a team of members.

        Args:
            name: Once in the organization.
            number: Its id.
            description: For people.
            members: User names.

        Raises:
            ValueError: There is such a team.
            KeyError: One of them is no member.
        """
        with self.lock:
            if name in self.teams:
                raise ValueError(f"{self.name} has a team {name}")
            team = self.teams[name] = Team(name, number, _uuid(f"team {name} of {self.name}"), description)
            for each in members:
                self.join_team(name, each)
            return team

    def join_team(self, team: str, user: str) -> None:
        """Put a member into a team, in which they may be already.

        Raises:
            KeyError: There is no such team or member.
        """
        with self.lock:
            if user not in self.members:
                raise KeyError(user)
            if user not in self.teams[team].members:
                self.teams[team].members.append(user)

    def leave_team(self, team: str, user: str) -> None:
        """Take a member out of a team.

        Raises:
            KeyError: There is no such team.
            ValueError: They are not in it.
        """
        with self.lock:
            self.teams[team].members.remove(user)

    def set_role(self, user: str, role: Role) -> None:
        """Change a member's role.

        Raises:
            KeyError: There is no such member.
            LastOwnerError: Nobody else is an owner.
        """
        with self.lock:
            if self.members[user] == "owner" and role != "owner":
                self._check_not_last_owner(user)
            self.members[user] = role

    def remove(self, user: str) -> None:
        """Remove a member, from all teams too.

        Raises:
            KeyError: There is no such member.
            LastOwnerError: Nobody else is an owner.
        """
        with self.lock:
            if self.members[user] == "owner":
                self._check_not_last_owner(user)
            del self.members[user]
            self.unlicensed.discard(user)
            for team in self.teams.values():
                team.members = [each for each in team.members if each != user]

    def invite(self, invitee: str, *, inviter: str, at: datetime, role: Role = "member", team: str = "") -> Invite:
        """Invite somebody, whatever there is against it; the endpoint asks first.

        Args:
            invitee: A user name or an e-mail address.
            inviter: Who invites.
            at: When the mail goes out.
            role: What they will be.
            team: What they will be in; empty for no team.
        """
        with self.lock:
            invite = self.draft(invitee, inviter=inviter, at=at, role=role, team=team)
            self.invites[invite.id] = invite
            return invite

    def draft(self, invitee: str, *, inviter: str, at: datetime, role: Role = "member", team: str = "") -> Invite:
        """Return the invite that `invite` would make, and make none."""
        with self.lock:
            self._invite_count += 1
            invite_id = _uuid(f"invite {self._invite_count} of {self.name}")
            return Invite(invite_id, invitee, inviter, role, team, at, [at])

    def pending(self, invitee: str) -> Invite:
        """Return the pending invite of somebody, as the inviter wrote it.

        Raises:
            KeyError: There is none.
        """
        with self.lock:
            for invite in self.invites.values():
                if invite.invitee == invitee:
                    return invite
        raise KeyError(invitee)

    def accept(self, invitee: str, *, user: str | None = None) -> None:
        """Let somebody accept their invite and join; without a licence if none is left.

        Args:
            invitee: As the inviter wrote it.
            user: The user name, for who was invited by e-mail; None for who was invited by that name.

        Raises:
            KeyError: There is no such invite.
        """
        with self.lock:
            invite = self.pending(invitee)
            del self.invites[invite.id]
            name = user or invitee
            licensed = len(self.members) - len(self.unlicensed)
            if self.licences is not None and licensed >= self.licences:
                self.unlicensed.add(name)
            self.members[name] = invite.role
            if invite.team in self.teams:
                self.join_team(invite.team, name)

    def cancel(self, invite_id: str) -> None:
        """Cancel a pending invite; its mail stays where it is, and leads nowhere.

        Raises:
            KeyError: There is none of that id.
        """
        with self.lock:
            del self.invites[invite_id]

    def _check_not_last_owner(self, user: str) -> None:
        if self.owners == [user]:
            raise LastOwnerError(f"{user} is the last owner of {self.name}")


def role_of(word: object) -> Role | None:
    """Return the role that a request names; None when it is none."""
    return next((role for role in get_args(Role) if role == word), None)


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))
