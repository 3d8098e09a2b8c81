"""The registry: manifests, the files they point to, and the budget of image pulls.

A GET of a manifest is a pull, and pulls are few; HEAD and files cost nothing. Every body is compared with the digest
it was asked for by, so that what comes from a CDN is what was pushed.

Source: https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit,
https://distribution.github.io/distribution/spec/api/ and https://distribution.github.io/distribution/spec/auth/token/
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import ForbiddenError, HubError, NotFoundError, UnauthorizedError, UnexpectedResponseError
from bot.hub.api import Api, HubUrls
from bot.hub.auth import Credential, Operation
from bot.hub.bearers import LoginError, Refusal, is_bearer
from bot.hub.decoding import read_int
from bot.hub.manifests import ACCEPT, Descriptor, Manifest, digest_of, read_manifest
from bot.hub.pacing import Patience
from bot.hub.protocol import Answer, PullLimit, path_of
from bot.hub.registry_tokens import RegistryTokens
from bot.hub.wire import Request
from bot.images import RepositoryName, check_tag, is_digest

# Docker's own image for looking at the limit. HEAD does not count as a pull; GET does.
_PREVIEW = RepositoryName("ratelimitpreview", "test")
_SERVICE = "registry.docker.io"
_LIMIT = "the pull limit"
_DIGEST_HEADER = "docker-content-digest"
LARGEST_MANIFEST_BYTES = 4_194_304
"""Registries need not take larger ones.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
"""


@dataclass(frozen=True)
class PullBudget:
    """What is left of somebody's image pulls.

    Attributes:
        limit: The budget.
        credential: Whose it is, in words; anonymous pulls are counted by address.
    """

    limit: PullLimit
    credential: str


@dataclass(frozen=True)
class Head:
    """What a registry says of a manifest without giving it.

    Attributes:
        digest: The manifest's; None: it does not tell.
        budget: What a GET would be counted against, as it is now.
    """

    digest: str | None
    budget: PullBudget


@dataclass(frozen=True)
class Pull:
    """A manifest that was pulled.

    Attributes:
        manifest: The manifest.
        budget: What it was counted against, as it was then.
    """

    manifest: Manifest
    budget: PullBudget


@dataclass(frozen=True)
class _Question:
    """Something to ask the registry of one repository."""

    repository: RepositoryName
    resource: str
    request: Request
    accept: str = "*/*"

    @property
    def is_limit(self) -> bool:
        return self.repository == _PREVIEW

    @property
    def scope(self) -> str:
        return f"repository:{self.repository}:pull"

    @property
    def is_pull(self) -> bool:
        return self.request.method == "GET" and self.accept == ACCEPT


class Registry:
    """The registry behind Docker Hub.

    Args:
        api: Credentials, and what sends.
        urls: Where the registry and its token service are.
        tokens: Where bearers are remembered; shared by all that ask with the same credentials.
    """

    def __init__(self, api: Api, urls: HubUrls, tokens: RegistryTokens | None = None) -> None:
        self._api = api
        self._urls = urls
        self._tokens = tokens or RegistryTokens(api.clock)

    def has_credential(self, namespace: str) -> bool:
        """Return whether there is a credential to pull a namespace's images with; nothing is asked."""
        candidates = self._api.credentials.candidates(Operation.PULL, namespace)
        return any(not each.is_anonymous for each in candidates)

    def pull_limit(self) -> PullBudget:
        """Return the budget of image pulls of our credential, else of our address; nothing is pulled.

        Raises:
            HubError: The registry did not answer.
        """
        request = Request("HEAD", self._urls.registry, _manifest_path(_PREVIEW, "latest"))
        answer, words = self._ask(_Question(_PREVIEW, _LIMIT, request))
        return PullBudget(PullLimit.from_headers(answer.headers), words)

    def head(self, repository: RepositoryName, reference: str) -> Head:
        """Return the digest of an image, and what is left of the budget; nothing is pulled.

        Args:
            repository: Where it is.
            reference: A tag or a digest.

        Raises:
            HubError: The registry does not have it, or did not answer.
        """
        request = Request("HEAD", self._urls.registry, _manifest_path(repository, reference))
        answer, words = self._ask(_Question(repository, _name(repository, reference), request, accept=ACCEPT))
        told = answer.headers.get(_DIGEST_HEADER, "")
        return Head(told if is_digest(told) else None, PullBudget(PullLimit.from_headers(answer.headers), words))

    def manifest(self, repository: RepositoryName, reference: str) -> Pull:
        """Return a manifest or index. This is a pull.

        Args:
            repository: Where it is.
            reference: A tag or a digest.

        Raises:
            UnexpectedResponseError: It is no manifest, or another one than was asked for.
            HubError: The registry does not have it, or did not answer.
        """
        resource, path = _name(repository, reference), _manifest_path(repository, reference)
        request = Request("GET", self._urls.registry, path, most_bytes=LARGEST_MANIFEST_BYTES)
        answer, words = self._ask(_Question(repository, resource, request, accept=ACCEPT))
        told = reference if is_digest(reference) else answer.headers.get(_DIGEST_HEADER, "")
        digest = _check_digest(answer.body, told if is_digest(told) else None, resource, words)
        found = read_manifest(answer.data, digest=digest, content_type=answer.headers.get("content-type", ""))
        if found is None:
            raise UnexpectedResponseError(resource, credential=words, detail="a manifest of another kind")
        return Pull(found, PullBudget(PullLimit.from_headers(answer.headers), words))

    def blob(self, repository: RepositoryName, descriptor: Descriptor, *, most_bytes: int) -> bytes:
        """Return a file that a manifest points to; wherever the registry keeps it. This is no pull.

        Args:
            repository: Where it is.
            descriptor: The pointer.
            most_bytes: How long it may be.

        Raises:
            UnexpectedResponseError: It is longer, or another one than was asked for, or is kept where we do not go.
            HubError: The registry does not have it, or did not answer.
        """
        resource = _name(repository, descriptor.digest)
        path = f"{path_of('v2', repository.namespace, repository.name, 'blobs')}/{descriptor.digest}"
        request = Request("GET", self._urls.registry, path, expects_json=False, most_bytes=most_bytes, may_leave=True)
        answer, words = self._ask(_Question(repository, resource, request))
        _check_digest(answer.body, descriptor.digest, resource, words)
        return answer.body

    def _ask(self, question: _Question) -> tuple[Answer, str]:
        """Ask with the first credential that may; return a success, and what it was asked with, in words."""
        patience = self._api.patience()
        refused: list[Refusal] = []
        failed: HubError | None = None
        for credential in self._candidates(question):
            if credential.is_anonymous and isinstance(failed, NotFoundError):
                break  # Nobody sees less than the public.
            words = _words(credential, refused)
            try:
                return self._ask_with(credential, question, words, patience), words
            except LoginError as error:
                refused.append(error.refusal)
            except (UnauthorizedError, ForbiddenError, NotFoundError) as error:
                failed = failed or error
        raise failed or refused[0].error(question.resource)

    def _candidates(self, question: _Question) -> Sequence[Credential]:
        if question.is_limit:
            return self._api.credentials.candidates(Operation.READ_PULL_LIMIT)
        return self._api.credentials.candidates(Operation.PULL, question.repository.namespace)

    def _ask_with(self, credential: Credential, question: _Question, words: str, patience: Patience) -> Answer:
        held = self._tokens.get(credential, question.scope)
        if held is not None:
            try:
                return self._answer(credential, question, words, patience, held)
            except UnauthorizedError:
                self._tokens.drop(credential, question.scope)
        bearer = self._login(credential, question, words, patience)
        try:
            return self._answer(credential, question, words, patience, bearer)
        except UnauthorizedError as error:
            if question.is_limit:
                raise
            # A fresh bearer that opens nothing: the registry has no other word for what it will not show.
            raise NotFoundError(
                error.resource, credential=error.credential, detail=error.detail, status=error.status
            ) from error

    def _answer(
        self, credential: Credential, question: _Question, words: str, patience: Patience, bearer: str
    ) -> Answer:
        headers = {"Authorization": f"Bearer {bearer}", "Accept": question.accept}
        # What holds up pulls need not hold up the looks that cost none.
        payer = f"{credential.label}, pulling" if question.is_pull else credential.label
        return self._send(
            question.request, question.resource, words=words, payer=payer, patience=patience, headers=headers
        )

    def _login(self, credential: Credential, question: _Question, words: str, patience: Patience) -> str:
        query = (("service", _SERVICE), ("scope", question.scope))
        headers = {} if credential.is_anonymous else {"Authorization": _basic(credential)}
        request = Request("GET", self._urls.auth, "/token", query)
        try:
            answer = self._send(
                request,
                question.resource,
                words=words,
                payer=credential.label,
                patience=patience,
                headers=headers,
            )
        except (UnauthorizedError, ForbiddenError) as error:
            refusal = Refusal(credential, is_away=False, detail=error.detail, status=error.status)
            raise LoginError(refusal) from error
        data = answer.data if isinstance(answer.data, dict) else {}
        bearer = data.get("token") or data.get("access_token")
        if not is_bearer(bearer):
            raise UnexpectedResponseError(question.resource, credential=words, detail="an answer without a token")
        self._tokens.put(credential, question.scope, bearer, read_int(data.get("expires_in")))
        return bearer

    def _send(
        self,
        request: Request,
        resource: str,
        *,
        words: str,
        payer: str,
        patience: Patience,
        headers: dict[str, str],
    ) -> Answer:
        answer = self._api.transport.send(
            request, resource=resource, credential=words, payer=payer, patience=patience, headers=headers
        )
        if not answer.is_success:
            raise self._api.error(answer, resource, words)
        return answer


def _manifest_path(repository: RepositoryName, reference: str) -> str:
    checked = reference if is_digest(reference) else check_tag(reference)
    return f"{path_of('v2', repository.namespace, repository.name, 'manifests')}/{checked}"


def _name(repository: RepositoryName, reference: str) -> str:
    return f"{repository.familiar}{'@' if is_digest(reference) else ':'}{reference}"


def _check_digest(body: bytes, expected: str | None, resource: str, words: str) -> str:
    digest = digest_of(body, like=expected or "sha256:")
    if expected is not None and digest != expected:
        raise UnexpectedResponseError(resource, credential=words, detail="content of another digest")
    return digest


def _basic(credential: Credential) -> str:
    pair = f"{credential.identifier}:{credential.secret.get_secret_value()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _words(credential: Credential, refused: Sequence[Refusal]) -> str:
    if not credential.is_anonymous or not refused:
        return credential.label
    return f"{credential.label}, because the registry refuses {refused[0].credential.label}"
