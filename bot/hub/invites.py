"""Invites to an organization.

That Docker Hub takes a request to invite several people does not mean that it invited them: each has a status of their
own, a word of an open set, and is invited only if there is an invite.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/invites; the answer without a second `invitees` inside is
what Docker's own client reads: https://github.com/docker/terraform-provider-docker.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.errors import UnexpectedResponseError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalText, OptionalTime, decode, decode_many
from bot.hub.organization_lists import list_entries
from bot.hub.paging import Listing
from bot.hub.protocol import path_of
from bot.images import check_namespace


class Invite(HubModel):
    """A pending invite. Whatever Docker Hub does not say is None.

    Attributes:
        id: What Docker Hub calls it.
        invitee: Who is invited: a Docker id, for those who have one; else an e-mail address.
        inviter_username: Who invited them.
        org: The organization.
        team: The team that they will be in.
        role: What they will be.
        created_at: When (UTC).
    """

    id: OptionalText = None
    invitee: OptionalText = None
    inviter_username: OptionalText = None
    org: OptionalText = None
    team: OptionalText = None
    role: OptionalText = None
    created_at: OptionalTime = None


class InviteAnswer(HubModel):
    """What Docker Hub says of one of those who were to be invited.

    Attributes:
        invitee: Who.
        status: `invited`, `existing_org_member`, `invalid_email_or_docker_id`, or any other word.
        invite: Their invite; None: they are not invited.
    """

    invitee: OptionalText = None
    status: OptionalText = None
    invite: Annotated[Invite | None, BeforeValidator(lambda value: decode(Invite, value))] = None


class Invites:
    """The pending invites of organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, organization: str) -> Listing[Invite]:
        """Return the pending invites of an organization. Only its owners may see them.

        Raises:
            InvalidReferenceError: No organization can be called that.
        """
        organization = check_namespace(organization)
        call = Call(
            Operation.READ_ORGANIZATION,
            organization,
            f"the invites of {organization}",
            path_of("v2", "orgs", organization, "invites"),
        )
        return list_entries(
            self._api, call, Invite, key=lambda found: found.id or (found.invitee, found.team), has_pages=False
        )

    def create(
        self,
        organization: str,
        invitees: Sequence[str],
        *,
        role: str,
        team: str | None = None,
        is_dry_run: bool = False,
    ) -> tuple[InviteAnswer, ...]:
        """Invite people, and return what Docker Hub says of each.

        Args:
            organization: Its name.
            invitees: E-mail addresses and Docker ids.
            role: `member`, `editor` or `owner`.
            team: Which team they will be in; None: none.
            is_dry_run: Only have it checked; nothing is changed.

        Raises:
            InvalidReferenceError: No organization can be called that.
            NoCredentialError: Nothing we hold may invite; nothing was sent.
            UnexpectedResponseError: Docker Hub took it, and what it says of each cannot be read.
            HubError: Docker Hub did not take it; or, if it did not answer, perhaps did.
        """
        organization = check_namespace(organization)
        body: dict[str, Any] = {"org": organization, "role": role, "invitees": list(invitees)}
        if team is not None:
            body["team"] = team
        if is_dry_run:
            body["dry_run"] = True
        resource = f"new invites to {organization}"
        path = path_of("v2", "invites", "bulk")
        call = Call(Operation.MANAGE_ORGANIZATION, organization, resource, path, method="POST", body=body)
        reply = self._api.send(call)
        answers = _answers(reply.answer.data)
        if answers is None:
            raise UnexpectedResponseError(
                resource,
                credential=reply.credential,
                detail="no list of who was invited",
                status=reply.answer.status,
            )
        return answers

    def delete(self, organization: str, invite_id: str) -> None:
        """Cancel an invite.

        Raises:
            NotFoundError: There is no such invite, or not any more.
            HubError: Docker Hub did not cancel it; or, if it did not answer, perhaps did.
        """
        self._act(organization, path_of("v2", "invites", invite_id), "DELETE")

    def resend(self, organization: str, invite_id: str) -> None:
        """Send the message of an invite once more.

        Raises:
            NotFoundError: There is no such invite, or not any more.
            HubError: Docker Hub did not send it; or, if it did not answer, perhaps did.
        """
        self._act(organization, path_of("v2", "invites", invite_id, "resend"), "PATCH")

    def _act(self, organization: str, path: str, method: str) -> None:
        organization = check_namespace(organization)
        resource = f"this invite to {organization}"
        self._api.send(Call(Operation.MANAGE_ORGANIZATION, organization, resource, path, method=method))


def _answers(data: Any) -> tuple[InviteAnswer, ...] | None:
    """Return what is said of each, whether the list is where clients read it or one level deeper; None: nowhere."""
    match data:
        case {"invitees": {"invitees": list() | None as entries}} | {"invitees": list() | None as entries}:
            return decode_many(InviteAnswer, entries)
    return None
