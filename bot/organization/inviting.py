"""Inviting people to an organization: what is sent, and what became of each of them."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

from bot.errors import HubError, UnavailableError, UnexpectedResponseError
from bot.governance.executors import SendOnly
from bot.governance.failures import without_advice
from bot.governance.proposals import Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.hub.client import HubClient
from bot.hub.failures import clean
from bot.hub.invites import InviteAnswer
from bot.hub.teams import Team
from bot.organization.invitees import Invitee, Standing, inert, same_key
from bot.organization.roster import Roster, read_roster
from bot.words import quoted

KIND = "invite"
OWNERS = "owners"
"""The team whose members own the organization, as Docker's own client has it.

Source: https://github.com/docker/hub-tool, `pkg/hub/organizations.go`.
"""
LISTS_SAY = "Its lists say now:"
_MOST_NAMED = 2
_LONGEST_NAMED = 60
_WORDS = {
    "existing_org_member": "a member already",
    "invalid_email_or_docker_id": "Docker Hub knows no such e-mail address or Docker id",
}


class InviteRole(StrEnum):
    """What somebody becomes in an organization."""

    MEMBER = "member"
    EDITOR = "editor"
    OWNER = "owner"

    @property
    def needs(self) -> Role:
        """The least role in Slack of who may ask for it."""
        return Role.ADMIN if self is InviteRole.OWNER else Role.OPERATOR


class InviteOrder(BaseModel):
    """Exactly what is sent.

    Attributes:
        organization: To what they are invited.
        team: Which team they will be in; None: none.
        role: What they will be.
        invitees: E-mail addresses and Docker ids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: str
    team: str | None = None
    role: InviteRole
    invitees: tuple[str, ...]

    def shown(self) -> tuple[str, ...]:
        """Return it for people, a line each."""
        team = (f"team: {self.team}",) if self.team else ()
        names = (f"  {each}" for each in self.invitees)
        return ("POST /v2/invites/bulk", f"org: {self.organization}", *team, f"role: {self.role}", "invitees:", *names)


def power_of(role: InviteRole, team: Team | None) -> InviteRole:
    """Return what somebody really becomes: whoever is in a team has its role, and the team `owners` owns."""
    if team is None:
        return role
    of_team = InviteRole.OWNER if team.name.casefold() == OWNERS else (team.role or "").casefold()
    ranks = list(InviteRole)
    return max(role, InviteRole(of_team), key=ranks.index) if of_team in set(ranks) else role


def propose(order: InviteOrder, power: InviteRole) -> Proposal:
    """Return the change.

    Args:
        order: What is to be sent.
        power: What those who are invited really become, see `power_of`.
    """
    named = [_short(each) for each in order.invitees[:_MOST_NAMED]]
    more = len(order.invitees) - _MOST_NAMED
    who = f"{', '.join(named)} and {more} more" if more > 0 else " and ".join(named)
    where = f"{order.organization}, team {_short(order.team)}," if order.team else order.organization
    return Proposal(
        kind=KIND,
        action=f"{KIND}.{power}",
        subject=order.organization,
        summary=f"Invite {who} to {where} as {order.role}",
        shown=order.shown(),
        request=order.model_dump(mode="json"),
        role=power.needs,
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAMED else name[: _LONGEST_NAMED - 1] + "…"


class Inviting(SendOnly):
    """Invites. Implements `bot.governance.executors.Executor`.

    Args:
        hub: Where.
    """

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    def send(self, change: Change) -> Outcome:
        """Invite them, and tell what became of each.

        Of whom the answer says nothing, or when there is none, the lists of members and invites are asked.

        Raises:
            HubError: Docker Hub did not do it, or perhaps did.
        """
        order = InviteOrder.model_validate(change.request)
        try:
            answers = self._hub.invites.create(order.organization, order.invitees, role=order.role, team=order.team)
        except (UnavailableError, UnexpectedResponseError) as error:
            found = self._looked_up(order)
            if found is None:
                raise
            return outcome_of(found, f"{without_advice(error)} {LISTS_SAY}")
        return outcome_of(self._completed(order, read_answers(order.invitees, answers)))

    def read_back(self, change: Change) -> Outcome:
        """Tell from the lists what became of each.

        Raises:
            HubError: They cannot be read just now.
        """
        order = InviteOrder.model_validate(change.request)
        roster = read_roster(self._hub, order.organization)
        return outcome_of(found_in(roster, order.invitees), "The answer was not heard.", LISTS_SAY)

    def _looked_up(self, order: InviteOrder) -> tuple[Invitee, ...] | None:
        try:
            return found_in(read_roster(self._hub, order.organization), order.invitees)
        except HubError:
            return None  # What is known already is told.

    def _completed(self, order: InviteOrder, heard: Sequence[Invitee]) -> tuple[Invitee, ...]:
        """Look for those of whom nothing was said."""
        if not any(each.standing is Standing.UNCERTAIN for each in heard):
            return tuple(heard)
        found = {each.name: each for each in self._looked_up(order) or ()}
        return tuple(found.get(each.name, each) if each.standing is Standing.UNCERTAIN else each for each in heard)


def read_answers(names: Sequence[str], answers: Iterable[InviteAnswer]) -> tuple[Invitee, ...]:
    """Return what Docker Hub said of each who was to be invited, in their order; then of others that it named."""
    left = {same_key(name): name for name in names}
    heard: dict[str, Invitee] = {}
    others: list[Invitee] = []
    for answer in answers:
        keys = [same_key(each) for each in (answer.invitee, answer.invite and answer.invite.invitee) if each]
        key = next((each for each in keys if each in left), None)
        if key is None:
            others.append(_judged(clean(answer.invitee or "somebody without a name"), answer))
        elif key not in heard or heard[key].standing is not Standing.INVITED:
            heard[key] = _judged(left[key], answer)
    silent = {key: Invitee(name=name, standing=Standing.UNCERTAIN) for key, name in left.items()}
    return (*(silent | heard).values(), *others)


def _judged(name: str, answer: InviteAnswer) -> Invitee:
    """Tell an invited person by their invite: the word alone means nothing without one."""
    status = clean(answer.status) if answer.status else None
    if answer.invite is not None:
        return Invitee(name=name, standing=Standing.INVITED, status=status)
    if status in {None, "invited"}:
        return Invitee(name=name, standing=Standing.UNCERTAIN, status=status)
    detail = _WORDS.get(status or "", f"Docker Hub says: {inert(status or '')}")
    return Invitee(name=name, standing=Standing.REFUSED, status=status, detail=detail)


def found_in(roster: Roster, names: Iterable[str]) -> tuple[Invitee, ...]:
    """Return what became of those who were to be invited, as far as the lists tell.

    Somebody who has a Docker id is listed under it, even if they were invited by their address: that somebody is not
    found means nothing.
    """
    return tuple(_found(roster.standing_of(each)) for each in names)


def _found(found: Invitee) -> Invitee:
    match found.standing:
        case Standing.PENDING:
            return found.model_copy(update={"standing": Standing.INVITED})
        case Standing.MEMBER:
            return found
    return Invitee(name=found.name, standing=Standing.UNCERTAIN)


def outcome_of(people: Sequence[Invitee], *before: str) -> Outcome:
    """Return what came of a change: done if anybody is invited, failed if it is certain that nobody is.

    Args:
        people: What became of each.
        before: Why the answer was not heard, and that this is what the lists say instead.
    """
    standings = {each.standing for each in people}
    if before and Standing.UNCERTAIN in standings:
        state = State.UNKNOWN  # Who is not listed yet may be in a moment.
    elif standings & {Standing.INVITED, Standing.MEMBER}:
        state = State.DONE
    else:
        state = State.UNKNOWN if Standing.UNCERTAIN in standings else State.FAILED
    answer: JsonValue = {"invitees": [each.model_dump(mode="json") for each in people]}
    return Outcome(state, " ".join((*before, *told(people))), answer)


_HEADINGS = {
    Standing.INVITED: "Invited",
    Standing.MEMBER: "Members already",
    Standing.REFUSED: "Not invited",
    Standing.UNCERTAIN: "Perhaps invited, so look at `invites` before you do it again",
}


def told(people: Sequence[Invitee]) -> tuple[str, ...]:
    """Return what became of each, a sentence for all of whom the same is true, with code in backticks."""
    sentences: list[str] = []
    for standing, heading in _HEADINGS.items():
        names = [_named(each) for each in people if each.standing is standing]
        if names:
            sentences.append(f"{heading}: {', '.join(names)}.")
    return tuple(sentences)


def _named(each: Invitee) -> str:
    is_told = each.detail and each.standing in {Standing.MEMBER, Standing.REFUSED}
    return f"{quoted(each.name)} ({each.detail})" if is_told else quoted(each.name)
