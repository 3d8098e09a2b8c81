"""The teams of an organization, which the API calls groups.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/groups
"""

from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalInt, OptionalText
from bot.hub.organization_lists import list_entries
from bot.hub.paging import Listing
from bot.hub.protocol import path_of
from bot.images import check_namespace


class Team(HubModel):
    """A team. Whatever Docker Hub does not say is None.

    Attributes:
        name: What people call it.
        description: What it is for.
        member_count: How many are in it.
        role: What its members are in the organization: `owner`, `editor`, `member` or the name of a custom role.
    """

    name: str
    description: OptionalText = None
    member_count: OptionalInt = None
    role: OptionalText = None


class Teams:
    """The teams of organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, organization: str) -> Listing[Team]:
        """Return the teams of an organization.

        Raises:
            InvalidReferenceError: No organization can be called that.
        """
        organization = check_namespace(organization)
        call = Call(
            Operation.READ_ORGANIZATION,
            organization,
            f"the teams of {organization}",
            path_of("v2", "orgs", organization, "groups"),
        )
        return list_entries(self._api, call, Team, key=lambda found: found.name)
