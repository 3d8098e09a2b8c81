"""Who carries out the changes of an organization's people."""

from bot.governance.executors import Executors
from bot.hub.client import HubClient
from bot.organization import inviting, pending


def organization_executors(hub: HubClient) -> Executors:
    """Return the executors, by the kind of change."""
    return {
        inviting.KIND: inviting.Inviting(hub),
        pending.CANCEL_KIND: pending.Cancelling(hub),
        pending.RESEND_KIND: pending.Resending(hub),
    }
