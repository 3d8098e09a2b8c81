"""One authorised call: the right credential, a bearer for it, and what to do when Docker Hub does not take it.

A bad bearer turns even public data into a 401, so a read whose credential is refused is done without one; a write
never is. A read that a credential may not do (403), or cannot see (404), is tried with the next one that could.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.errors import (
    ForbiddenError,
    HubError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.hub.auth import ANONYMOUS, Credential, Credentials, Operation, hidden_repositories
from bot.hub.bearers import Bearers, Login, LoginError, Refusal, is_bearer
from bot.hub.failures import detail_of, error_of
from bot.hub.pacing import Budget, Patience
from bot.hub.protocol import Answer, Query, answered_at
from bot.hub.transport import Transport
from bot.hub.wire import Request

_LOGIN_PATH = "/v2/auth/token"
_READS = frozenset({"GET", "HEAD"})
_REFUSED_LOGIN = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True)
class HubUrls:
    """Where the services are: origins, without a path and without a slash at the end.

    Attributes:
        hub: The API.
        registry: The registry.
        auth: What gives bearers for the registry.
        osv: The database of vulnerabilities.
        scout: Docker Scout.
    """

    hub: str = "https://hub.docker.com"
    registry: str = "https://registry-1.docker.io"
    auth: str = "https://auth.docker.io"
    osv: str = "https://api.osv.dev"
    scout: str = "https://api.scout.docker.com"


@dataclass(frozen=True)
class Call:
    """Something to ask the API.

    Attributes:
        operation: Decides which credentials may be used.
        namespace: Whose data it is; None for nobody's in particular.
        resource: What is asked for, in words.
        path: Percent-encoded, with a leading slash.
        query: The query's fields.
        method: The HTTP method.
        body: What to send as JSON; None sends no body.
        origin: Another service that takes the same bearers; None: the API itself.
        is_query: Whether it is a query of GraphQL: a POST that only reads, see `bot.hub.graphql`.
    """

    operation: Operation
    namespace: str | None
    resource: str
    path: str
    query: Query = ()
    method: str = "GET"
    body: Any = field(default=None, repr=False)
    origin: str | None = None
    is_query: bool = False

    @property
    def is_read(self) -> bool:
        """Whether asking twice changes nothing."""
        return self.is_query or self.method in _READS


@dataclass(frozen=True)
class Reply:
    """A success.

    Attributes:
        answer: What came back.
        payer: The credential it was asked with.
        credential: The same in words, with the reason when it is none although there should be one.
    """

    answer: Answer
    payer: Credential
    credential: str


@dataclass(frozen=True)
class CredentialStatus:
    """Which credential is used for a namespace, as far as is known without asking.

    Attributes:
        credential: What reads are made with at present, in words.
        refusal: One sentence when a credential of the settings is not taken; empty otherwise.
        hidden: One sentence when a list of repositories may lack private ones; empty otherwise.
    """

    credential: str
    refusal: str
    hidden: str


class Api:
    """Docker Hub's API with our credentials. Safe to use from several threads.

    Args:
        origin: Where the API is.
        credentials: What may be used.
        transport: Sends requests.
        clock: The time.
        wait_seconds: How long one call may wait for limits; None as long as it takes.
    """

    def __init__(
        self,
        origin: str,
        credentials: Credentials,
        transport: Transport,
        *,
        clock: Clock,
        wait_seconds: float | None,
    ) -> None:
        self.origin = origin
        self.credentials = credentials
        self.transport = transport
        self.clock = clock
        self._wait_seconds = wait_seconds
        self._asks_once = False
        self._bearers = Bearers(self._login, clock)

    def patience(self) -> Patience:
        """Return a fresh patience, for one piece of work."""
        return Patience(self._wait_seconds, asks_once=self._asks_once)

    def with_wait(self, wait_seconds: float | None, *, asks_once: bool = False) -> "Api":
        """Return the same API, sharing everything, for callers of another patience."""
        twin = copy.copy(self)
        twin._wait_seconds, twin._asks_once = wait_seconds, asks_once  # noqa: SLF001 - of its own class.
        return twin

    def send(self, call: Call, patience: Patience | None = None) -> Reply:
        """Ask, and return a success.

        Args:
            call: What to ask.
            patience: Shared by the calls of one piece of work; None for a call that stands alone.

        Raises:
            HubError: Docker Hub did not give what was asked; see `bot.errors`.
        """
        patience = patience or self.patience()
        best = self.credentials.choose(call.operation, call.namespace)
        if not call.is_read:
            return self._write(call, best, patience)
        return self._read(call, self.credentials.candidates(call.operation, call.namespace), patience)

    def status(self, namespace: str) -> CredentialStatus:
        """Return which credential reads of a namespace are made with; nothing is sent."""
        refused: list[Refusal] = []
        used = ANONYMOUS
        for candidate in self.credentials.candidates(Operation.LIST_REPOSITORIES, namespace):
            refusal = self._bearers.refusal(candidate)
            if refusal is None:
                used = candidate
                break
            refused.append(refusal)
        return CredentialStatus(
            credential=_words(used, refused),
            refusal=refused[0].sentence(used) if refused else "",
            hidden=hidden_repositories(used, namespace, why_anonymous=refused[0].clause if refused else ""),
        )

    def reader(self, namespace: str) -> Credential:
        """Return the credential that reads of a namespace are made with at present; nothing is sent."""
        candidates = self.credentials.candidates(Operation.LIST_REPOSITORIES, namespace)
        return next((each for each in candidates if self._bearers.refusal(each) is None), ANONYMOUS)

    def budget(self, credential: Credential) -> Budget:
        """Return the request budget that a credential's calls are counted against."""
        return self.transport.budgets.of(urlsplit(self.origin).netloc, credential.label)

    def _write(self, call: Call, credential: Credential, patience: Patience) -> Reply:
        try:
            return self._ask(call, credential, (), patience)
        except LoginError as error:
            raise error.refusal.error(call.resource) from error

    def _read(self, call: Call, candidates: Iterable[Credential], patience: Patience) -> Reply:
        refused: list[Refusal] = []
        doubted: list[Refusal] = []
        failed: HubError | None = None
        for credential in candidates:
            if credential.is_anonymous and isinstance(failed, NotFoundError):
                break  # Nobody sees less than the public.
            try:
                reply = self._ask(call, credential, [*refused, *doubted], patience)
            except LoginError as error:
                refused.append(error.refusal)
            except (ForbiddenError, NotFoundError) as error:
                failed = failed or error
            except UnauthorizedError as error:
                if credential.is_anonymous:
                    failed = failed or error
                else:
                    doubted.append(_refusal_of(credential, error))
            else:
                self._learn(reply, doubted)
                return reply
        raise failed or [*refused, *doubted][0].error(call.resource)

    def _learn(self, reply: Reply, doubted: Sequence[Refusal]) -> None:
        """Remember which fresh bearers were refused for what is then given to anybody: they are no good at all.

        A 401 for something private says less. Should Docker Hub mean "not for your eyes" by it, one look at a
        stranger's repository would lock us out of our own.
        """
        if reply.payer.is_anonymous:
            for refusal in doubted:
                self._bearers.refuse(refusal)

    def _ask(self, call: Call, credential: Credential, refused: Sequence[Refusal], patience: Patience) -> Reply:
        words = _words(credential, refused)
        if credential.is_anonymous:
            answer = self._send(call, credential, words, patience, bearer=None)
        else:
            answer = self._send_with_bearer(call, credential, words, patience)
        if answer.is_success:
            return Reply(answer, credential, words)
        raise self.error(answer, call.resource, words)

    def _send_with_bearer(self, call: Call, credential: Credential, words: str, patience: Patience) -> Answer:
        bearer = self._bearer(call, credential, patience)
        answer = self._send(call, credential, words, patience, bearer=bearer)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        # Bearers end early when a token is changed or the service restarts.
        self._bearers.invalidate(credential, bearer)
        if not call.is_read:
            return answer  # A write is sent once; whoever asks again gets a new bearer.
        bearer = self._bearer(call, credential, patience)
        return self._send(call, credential, words, patience, bearer=bearer)

    def _bearer(self, call: Call, credential: Credential, patience: Patience) -> str:
        try:
            return self._bearers.get(credential, patience)
        except RateLimitedError as error:
            # The person asked for this and not for a login, which others may have caused.
            raise RateLimitedError(
                call.resource,
                retry_at=error.retry_at,
                credential=credential.label,
                detail=error.detail,
                status=error.status,
            ) from error

    def _send(
        self, call: Call, credential: Credential, words: str, patience: Patience, *, bearer: str | None
    ) -> Answer:
        # A write that succeeded has succeeded, whatever is in the body; only a read is made for what it brings.
        request = Request(
            call.method,
            call.origin or self.origin,
            call.path,
            call.query,
            call.body,
            expects_json=call.is_query or call.method == "GET",
            is_query=call.is_query,
        )
        return self.transport.send(
            request,
            resource=call.resource,
            credential=words,
            payer=credential.label,
            patience=patience,
            headers={"Authorization": f"Bearer {bearer}"} if bearer else None,
        )

    def _login(self, credential: Credential, patience: Patience) -> Login | Refusal:
        """Ask for a bearer.

        Source:
            https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/AuthCreateAccessToken

        Raises:
            RateLimitedError: Docker Hub takes no login before some time.
        """
        body = {"identifier": credential.identifier, "secret": credential.secret.get_secret_value()}
        request = Request("POST", self.origin, _LOGIN_PATH, body=body, changes_nothing=True)
        try:
            # The bearer is still to come, so a login counts against the address, as anonymous requests do.
            answer = self.transport.send(
                request,
                resource="the login",
                credential=credential.label,
                payer=ANONYMOUS.label,
                patience=patience,
            )
        except (UnavailableError, UnexpectedResponseError) as error:
            return Refusal(credential, is_away=True, detail=error.detail, status=error.status)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self.error(answer, "the login", credential.label)
        bearer = answer.data.get("access_token") if isinstance(answer.data, dict) else None
        if answer.is_success and is_bearer(bearer):
            return Login(bearer, answered_at(answer.headers, self.clock.now()))
        is_away = answer.status not in _REFUSED_LOGIN
        return Refusal(credential, is_away=is_away, detail=self._detail(answer), status=answer.status)

    def error(self, answer: Answer, resource: str, credential: str) -> HubError:
        """Return the error that an answer is, with our secrets kept out of it."""
        return error_of(answer, resource, credential=credential, now=self.clock.now(), secrets=self.credentials.secrets)

    def _detail(self, answer: Answer) -> str:
        return detail_of(answer, self.credentials.secrets)


def _refusal_of(credential: Credential, error: UnauthorizedError) -> Refusal:
    return Refusal(credential, is_away=False, detail=error.detail, status=error.status)


def _words(credential: Credential, refused: Sequence[Refusal]) -> str:
    """Name the credential, and why it is none when it should have been one."""
    if not credential.is_anonymous or not refused:
        return credential.label
    return f"{credential.label}, because {refused[0].clause}"
