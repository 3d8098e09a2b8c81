"""The budget of API requests.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting
"""

from bot.errors import NotFoundError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.pacing import Budget, SeenLimit
from bot.hub.protocol import path_of
from bot.images import OFFICIAL_NAMESPACE


class RateLimits:
    """What is left of the API budgets."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, namespace: str | None = None) -> SeenLimit | None:
        """Return the budget that reads of a namespace are counted against; None when Docker Hub does not tell.

        Asks with one small request, which counts too; does not ask when the budget is known to be spent.

        Args:
            namespace: Decides which credential pays; None for official images.

        Raises:
            HubError: Docker Hub did not answer.
        """
        namespace = namespace or OFFICIAL_NAMESPACE
        credential = self._api.credentials.choose(Operation.LIST_REPOSITORIES, namespace)
        known = self._api.budget(credential)
        if known.is_spent and known.seen is not None:
            return known.seen
        call = Call(
            Operation.LIST_REPOSITORIES,
            namespace,
            "the rate limit",
            path_of("v2", "namespaces", namespace, "repositories"),
            (("page_size", "1"),),
        )
        try:
            payer = self._api.send(call).payer
        except NotFoundError:
            return known.seen  # There is no such namespace, but that answer told the budget as well.
        return self._api.budget(payer).seen

    def in_use(self, namespace: str) -> Budget:
        """Return the budget that reads of a namespace are counted against at present; nothing is sent."""
        return self._api.budget(self._api.reader(namespace))

    def list(self) -> tuple[SeenLimit, ...]:
        """Return all budgets as they were last seen; nothing is sent."""
        return self._api.transport.budgets.seen()
