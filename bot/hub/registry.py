"""The registry: so far, the budget of image pulls.

Source: https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import UnauthorizedError, UnexpectedResponseError
from bot.hub.api import Api, HubUrls
from bot.hub.auth import Credential, Operation
from bot.hub.bearers import is_bearer
from bot.hub.pacing import Patience
from bot.hub.protocol import Answer, PullLimit
from bot.hub.wire import Request

# Docker's own image for looking at the limit. HEAD does not count as a pull; GET does.
_PREVIEW = "ratelimitpreview/test"
_SERVICE = "registry.docker.io"
_RESOURCE = "the pull limit"


@dataclass(frozen=True)
class PullBudget:
    """What is left of somebody's image pulls.

    Attributes:
        limit: The budget.
        credential: Whose it is, in words; anonymous pulls are counted by address.
    """

    limit: PullLimit
    credential: str


class Registry:
    """The registry behind Docker Hub."""

    def __init__(self, api: Api, urls: HubUrls) -> None:
        self._api = api
        self._urls = urls

    def pull_limit(self) -> PullBudget:
        """Return the budget of image pulls of our credential, else of our address; nothing is pulled.

        Raises:
            HubError: The registry did not answer.
        """
        patience = self._api.patience()
        refused: list[Credential] = []
        for credential in self._api.credentials.candidates(Operation.READ_PULL_LIMIT):
            try:
                return self._pull_limit(credential, _words(credential, refused), patience)
            except UnauthorizedError:
                if credential.is_anonymous:
                    raise
                refused.append(credential)
        raise AssertionError("anonymous is always a candidate")

    def _pull_limit(self, credential: Credential, words: str, patience: Patience) -> PullBudget:
        path = f"/v2/{_PREVIEW}/manifests/latest"
        headers = {"Authorization": f"Bearer {self._bearer(credential, words, patience)}", "Accept": "*/*"}
        answer = self._send(Request("HEAD", self._urls.registry, path), credential, words, patience, headers)
        return PullBudget(PullLimit.from_headers(answer.headers), words)

    def _bearer(self, credential: Credential, words: str, patience: Patience) -> str:
        query = (("service", _SERVICE), ("scope", f"repository:{_PREVIEW}:pull"))
        headers = {} if credential.is_anonymous else {"Authorization": _basic(credential)}
        request = Request("GET", self._urls.auth, "/token", query)
        answer = self._send(request, credential, words, patience, headers)
        data = answer.data if isinstance(answer.data, dict) else {}
        bearer = data.get("token") or data.get("access_token")
        if not is_bearer(bearer):
            raise UnexpectedResponseError(_RESOURCE, credential=words, detail="an answer without a token")
        return bearer

    def _send(
        self, request: Request, credential: Credential, words: str, patience: Patience, headers: dict[str, str]
    ) -> Answer:
        answer = self._api.transport.send(
            request,
            resource=_RESOURCE,
            credential=words,
            payer=credential.label,
            patience=patience,
            headers=headers,
        )
        if not answer.is_success:
            raise self._api.error(answer, _RESOURCE, words)
        return answer


def _basic(credential: Credential) -> str:
    pair = f"{credential.identifier}:{credential.secret.get_secret_value()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _words(credential: Credential, refused: Sequence[Credential]) -> str:
    if not credential.is_anonymous or not refused:
        return credential.label
    return f"{credential.label}, because the registry refuses {refused[0].label}"
