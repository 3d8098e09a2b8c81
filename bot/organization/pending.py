"""Pending invites: finding the one that somebody means, cancelling it, sending its message once more."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from bot.errors import HubError, NotFoundError, UnavailableError, UnexpectedResponseError, UsageError
from bot.governance.executors import SendOnly
from bot.governance.failures import PERHAPS, without_advice
from bot.governance.proposals import Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.hub.client import HubClient
from bot.hub.invites import Invite
from bot.organization.invitees import same_key
from bot.words import nearest, quoted

CANCEL_KIND, RESEND_KIND = "invites.cancel", "invites.resend"
EXAMPLE = "/hub invites"
NO_LONGER = "It is no longer pending: they accepted it, or somebody cancelled it."
UNHEARD = "The answer was not heard."
_SHORTEST_PART_OF_ID = 6


class InviteToChange(BaseModel):
    """Which invite.

    Attributes:
        organization: To what it is.
        id: What Docker Hub calls it.
        invitee: Who is invited, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: str
    id: str
    invitee: str


def find_invite(invites: Iterable[Invite], organization: str, wanted: str) -> InviteToChange:
    """Return the pending invite that is meant.

    Args:
        invites: All pending ones.
        organization: To what they are.
        wanted: An e-mail address, a Docker id, or an invite's id or how that begins.

    Raises:
        UsageError: There is none, or there are several.
    """
    known = [each for each in invites if each.id and each.invitee]
    found = [each for each in known if _is_meant(each, wanted)]
    match found:
        case [Invite(id=str(invite_id), invitee=str(invitee))]:
            return InviteToChange(organization=organization, id=invite_id, invitee=invitee)
        case []:
            raise UsageError(
                f"`{organization}` has no pending invite of {quoted(wanted)}.",
                suggestion=nearest(wanted, (each.invitee for each in known if each.invitee)).replace("`", "´"),
                example=EXAMPLE,
            )
    ids = ", ".join(quoted(each.id) for each in found if each.id)
    raise UsageError(f"{quoted(wanted)} has several invites, so name one by its id: {ids}.", example=EXAMPLE)


def _is_meant(invite: Invite, wanted: str) -> bool:
    key = same_key(wanted)
    if invite.invitee is not None and same_key(invite.invitee) == key:
        return True
    begins = len(key) >= _SHORTEST_PART_OF_ID and same_key(invite.id or "").startswith(key)
    return begins or same_key(invite.id or "") == key


def propose_cancelling(which: InviteToChange) -> Proposal:
    """Return the change that takes an invite back."""
    return _proposal(CANCEL_KIND, which, f"Cancel the invite of {which.invitee} to", f"DELETE /v2/invites/{which.id}")


def propose_resending(which: InviteToChange) -> Proposal:
    """Return the change that sends an invite's message once more."""
    return _proposal(
        RESEND_KIND, which, f"Resend the invite of {which.invitee} to", f"PATCH /v2/invites/{which.id}/resend"
    )


def _proposal(kind: str, which: InviteToChange, summary: str, sent: str) -> Proposal:
    return Proposal(
        kind=kind,
        action=kind,
        subject=which.organization,
        summary=f"{summary} {which.organization}",
        shown=(sent, f"invitee: {which.invitee}"),
        request=which.model_dump(mode="json"),
        role=Role.OPERATOR,
    )


class Cancelling(SendOnly):
    """Cancels an invite. Implements `bot.governance.executors.Executor`.

    Args:
        hub: Where.
    """

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    def send(self, change: Change) -> Outcome:
        """Cancel it. When no answer comes, the list of pending invites is asked.

        Raises:
            HubError: Docker Hub did not do it, or perhaps did.
        """
        which = InviteToChange.model_validate(change.request)
        try:
            self._hub.invites.delete(which.organization, which.id)
        except NotFoundError:
            return Outcome(State.FAILED, f"Nothing was cancelled. {NO_LONGER}")
        except (UnavailableError, UnexpectedResponseError) as error:
            found = self._looked_up(which, without_advice(error))
            if found is None:
                raise
            return found
        return Outcome(State.DONE, f"The invite of {quoted(which.invitee)} is cancelled.")

    def read_back(self, change: Change) -> Outcome:
        """Tell from the list of pending invites.

        Raises:
            HubError: It cannot be read just now.
        """
        return self._read(InviteToChange.model_validate(change.request), UNHEARD)

    def _looked_up(self, which: InviteToChange, why: str) -> Outcome | None:
        try:
            return self._read(which, why)
        except HubError:
            return None  # What is known already is told.

    def _read(self, which: InviteToChange, why: str) -> Outcome:
        listing = self._hub.invites.list(which.organization)
        if any(each.id == which.id for each in listing):
            return Outcome(State.UNKNOWN, f"{why} The invite is still pending; if it stays so, cancel it again.")
        if not listing.is_complete:
            return Outcome(State.UNKNOWN, f"{why} {listing.shortfall} {PERHAPS}")
        return Outcome(State.DONE, f"{why} {NO_LONGER}")


class Resending(SendOnly):
    """Sends the message of an invite once more. Implements `bot.governance.executors.Executor`.

    Args:
        hub: Where.
    """

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    def send(self, change: Change) -> Outcome:
        """Have it sent.

        Raises:
            HubError: Docker Hub did not do it, or perhaps did.
        """
        which = InviteToChange.model_validate(change.request)
        try:
            self._hub.invites.resend(which.organization, which.id)
        except NotFoundError:
            return Outcome(State.FAILED, f"Nothing was sent. {NO_LONGER}")
        return Outcome(State.DONE, f"Docker Hub sends the invite to {quoted(which.invitee)} once more.")

    def read_back(self, _change: Change) -> Outcome | None:
        """Return nothing: nothing tells whether a message was sent."""
        return None
