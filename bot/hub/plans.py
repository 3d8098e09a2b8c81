"""What an organization has paid for: how many seats.

Not in Docker's documentation of the API. The path is that of Docker's own client, which asks by the organization's id;
other notes have its name there, so that is tried where the id is not known.

Source: https://github.com/docker/hub-tool, `pkg/hub/plan.go` and `internal/commands/account/info.go`.
"""

from bot.errors import HubError, NotFoundError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalInt, OptionalText, decode, decode_one
from bot.hub.protocol import path_of
from bot.images import check_namespace

UNLIMITED = 9999
"""This number of seats means that nobody counts them."""


class Plan(HubModel):
    """A subscription. Whatever Docker Hub does not say is None.

    Attributes:
        name: What it is called.
        seats: How many people it is for; `UNLIMITED` for any number.
    """

    name: OptionalText = None
    seats: OptionalInt = None


class _Organization(HubModel):
    id: OptionalText = None


class Plans:
    """The subscriptions of organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, organization: str) -> Plan:
        """Return what an organization has paid for; its owners may know.

        Raises:
            InvalidReferenceError: No organization can be called that.
            HubError: Docker Hub did not tell.
        """
        organization = check_namespace(organization)
        account = self._id_of(organization)
        try:
            return self._ask(organization, account or organization)
        except NotFoundError:
            if account is None:
                raise
        return self._ask(organization, organization)

    def _id_of(self, organization: str) -> str | None:
        resource, path = f"the organization {organization}", path_of("v2", "orgs", organization)
        try:
            reply = self._api.send(Call(Operation.READ_ORGANIZATION, organization, resource, path))
        except HubError as error:
            if error.status is None:
                raise
            return None  # An organization token may not see this, and may see the plan.
        found = decode(_Organization, reply.answer.data)
        return found.id if found else None

    def _ask(self, organization: str, account: str) -> Plan:
        call = Call(
            Operation.READ_ORGANIZATION,
            organization,
            f"the plan of {organization}",
            path_of("api", "billing", "v4", "accounts", account, "hub-plan"),
        )
        reply = self._api.send(call)
        return decode_one(Plan, reply.answer.data, resource=call.resource, credential=reply.credential)
