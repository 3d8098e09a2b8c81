"""The members of an organization.

Roles are written small in requests (`owner`, `editor`, `member`) and with a capital in answers (`Owner`, `Invitee`).

Source: https://docs.docker.com/reference/api/hub/latest/#tag/orgs
"""

from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalBool, OptionalText, Texts
from bot.hub.organization_lists import list_entries
from bot.hub.paging import Listing
from bot.hub.protocol import path_of
from bot.images import check_namespace


class Member(HubModel):
    """Somebody in an organization. Whatever Docker Hub does not say is None.

    Attributes:
        username: The Docker id.
        email: Shown to owners only.
        full_name: As they wrote it.
        role: `Owner`, `Editor`, `Member`, the name of a custom role, or `Invitee` for a pending invite.
        groups: The teams, by name.
        is_guest: Whether the address is outside of the organization's own domains.
    """

    username: OptionalText = None
    email: OptionalText = None
    full_name: OptionalText = None
    role: OptionalText = None
    groups: Texts = ()
    is_guest: OptionalBool = None

    @property
    def is_invitee(self) -> bool:
        """Whether this is no member yet, but somebody with a pending invite."""
        return (self.role or "").casefold() == "invitee"


class Members:
    """The members of organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, organization: str, *, search: str | None = None, role: str | None = None) -> Listing[Member]:
        """Return who is in an organization, without pending invites as far as Docker Hub keeps them apart.

        Args:
            organization: Its name.
            search: Only those that this term finds, in whatever Docker Hub searches.
            role: Only `owner`, `editor` or `member`.

        Raises:
            InvalidReferenceError: No organization can be called that.
        """
        organization = check_namespace(organization)
        wanted = (("search", search), ("role", role), ("type", "member"))
        call = Call(
            Operation.READ_ORGANIZATION,
            organization,
            f"the members of {organization}",
            path_of("v2", "orgs", organization, "members"),
            tuple((name, value) for name, value in wanted if value is not None),
        )
        return list_entries(self._api, call, Member, key=lambda found: found.username or found.email)
