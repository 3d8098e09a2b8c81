"""Who calls and what they may do: credentials, short-lived bearers, permissions.

Sources: docs.docker.com, Docker Hub API, authentication; access tokens; organization access tokens. Rights that no
document names are marked as inferred.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from bot.sandbox.hub.limits import Clock
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.state import Account, HubState, Repository

CredentialKind = Literal["anonymous", "invalid", "password", "pat", "oat"]
Audience = Literal["hub", "registry"]
WebhookScope = Literal["scope-webhook-read", "scope-webhook-edit", "scope-webhook-admin"]
OrganizationScope = Literal[
    "scope-member-read",
    "scope-member-edit",
    "scope-invite-read",
    "scope-invite-edit",
    "scope-group-read",
    "scope-group-edit",
]

# Inferred: `/v2/users/login` used to give tokens for weeks; only the lifetime of `/v2/auth/token` is documented.
LEGACY_TOKEN_LIFETIME_SECONDS = 30 * 24 * 3600
# The claim that holds the account. Source: docker/hub-mcp, which reads the user name there.
ACCOUNT_CLAIM = "https://hub.docker.com"


class Permission(IntEnum):
    """What one may do with a repository, each level including the lower ones."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


# Inferred: Docker gives rights through teams. Here every member is as if in a team that may read.
ROLE_PERMISSIONS = {"owner": Permission.ADMIN, "editor": Permission.WRITE, "member": Permission.READ}
# Inferred: every member may see who else is in an organization and its teams. The rest is documented as for owners.
SCOPES_OF_MEMBERS = frozenset({"scope-member-read", "scope-group-read"})
PAT_PERMISSIONS = {
    "repo:public_read": Permission.NONE,
    "repo:read": Permission.READ,
    "repo:write": Permission.WRITE,
    "repo:admin": Permission.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        kind: By what kind of credential. `invalid` is a bearer that is unknown or has expired.
        name: The user, or for an organization token the organization.
        scopes: Of the token; empty for a password, which has none and may do everything.
    """

    kind: CredentialKind
    name: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def is_logged_in(self) -> bool:
        """Whether the request carries a good bearer."""
        return self.kind not in {"anonymous", "invalid"}


ANONYMOUS = Caller("anonymous")
INVALID = Caller("invalid")


def check_secret(state: HubState, identifier: str, secret: str) -> Caller | None:
    """Return who the identifier and secret speak for, or None when they do not fit together."""
    pat = state.personal_tokens.get(secret)
    if pat and pat.is_active and pat.username == identifier:
        return Caller("pat", identifier, frozenset({pat.scope}))
    oat = state.organization_tokens.get(secret)
    if oat and oat.is_active and oat.organization == identifier:
        return Caller("oat", identifier, oat.scopes)
    account = state.accounts.get(identifier)
    if account and account.password is not None and account.password == secret:
        return Caller("password", identifier)
    return None


class TokenOffice:
    """Issues bearers (JWT, HS256) and knows whom each speaks for until it expires.

    Revoking a PAT or OAT does not end the bearers made from it: they are good until `exp`. Inferred, the usual
    behaviour of JWT.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._issued: dict[tuple[Audience, str], tuple[Caller, int]] = {}

    def issue(
        self,
        caller: Caller,
        *,
        lifetime_seconds: int,
        account: Account | None = None,
        audience: Audience = "hub",
    ) -> str:
        """Return a new bearer with real `iat` and `exp` claims, whole Unix seconds of the simulator's clock."""
        issued_at = int(self._clock().timestamp())
        expires_at = issued_at + lifetime_seconds
        claims = {
            "sub": account.uuid if account else "",
            "jti": secrets.token_hex(16),
            "iat": issued_at,
            "exp": expires_at,
            ACCOUNT_CLAIM: {"username": caller.name, "uuid": account.uuid if account else ""},
        }
        token = _sign(claims, self._key)
        with self._lock:
            self._issued = {key: known for key, known in self._issued.items() if known[1] > issued_at}
            self._issued[audience, token] = (caller, expires_at)
        return token

    def end_sessions(self) -> None:
        """Let every bearer that is out be invalid from now on."""
        with self._lock:
            self._issued.clear()

    def identify(self, authorization: str | None, audience: Audience = "hub") -> Caller:
        """Return who an Authorization header speaks for.

        `JWT` is the legacy spelling of `Bearer`, still accepted. A PAT or OAT sent as it is is no bearer.
        """
        if authorization is None:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        caller, expires_at = self._issued.get((audience, token), (INVALID, 0))
        is_good = scheme.lower() in {"bearer", "jwt"} and self._clock().timestamp() < expires_at
        return caller if is_good else INVALID


def permission(state: HubState, caller: Caller, repository: Repository) -> Permission:
    """Return what the caller may do with the repository; NONE hides a private one."""
    granted = _granted(state, caller, repository.namespace)
    return granted if repository.is_private else max(granted, Permission.READ)


def is_listed(state: HubState, caller: Caller, repository: Repository) -> bool:
    """Tell whether a listing shows the repository.

    An OAT without `scope-repository-list` silently misses the private ones. Source: docs.docker.com, Docker Hub API,
    list repositories.
    """
    if repository.is_private and caller.kind == "oat" and "scope-repository-list" not in caller.scopes:
        return False
    return permission(state, caller, repository) >= Permission.READ


def may_delete_tags(state: HubState, caller: Caller, repository: Repository) -> bool:
    """Tell whether the caller may delete tags: an administrator, by password or PAT with delete permission, or an OAT.

    Source: docs.docker.com, organization access tokens (`scope-tag-admin`); reports of 403 for anybody less.
    """
    if caller.kind == "oat":
        return caller.name == repository.namespace and "scope-tag-admin" in caller.scopes
    return permission(state, caller, repository) >= Permission.ADMIN


def may_use_webhooks(state: HubState, caller: Caller, repository: Repository, scope: WebhookScope) -> bool:
    """Tell whether the caller may list (`read`), create (`edit`) or delete (`admin`) the repository's webhooks.

    The owner of a personal repository; an owner or editor of an organization, by password or PAT with delete
    permission; an OAT with the scope. Source: docs.docker.com, webhooks; organization access tokens. Inferred: no scope
    of an OAT includes another.
    """
    if caller.kind == "oat":
        return caller.name == repository.namespace and scope in caller.scopes
    is_limited = bool(caller.scopes) and "repo:admin" not in caller.scopes
    return not is_limited and _granted(state, caller, repository.namespace) >= Permission.WRITE


def may_create(state: HubState, caller: Caller, namespace: str) -> bool:
    """Tell whether the caller may create a repository: owner or editor, or an OAT with `scope-repository-create`."""
    if caller.kind == "oat":
        return caller.name == namespace and "scope-repository-create" in caller.scopes
    return _granted(state, caller, namespace) >= Permission.WRITE


def may_administer(caller: Caller, organization: Organization, scope: OrganizationScope) -> bool:
    """Tell whether the caller may do with an organization what a scope is named after.

    An owner by password, who for some of it need be a member only; an OAT with the scope, where `edit` includes `read`.
    A PAT never may: those are for repositories. Source: docs.docker.com, Docker Hub API, organizations, groups and
    invites; organization access tokens; docker/terraform-provider-docker on PATs.
    """
    match caller.kind:
        case "oat":
            sufficient = {scope, scope.replace("-read", "-edit")}
            return caller.name == organization.name and not sufficient.isdisjoint(caller.scopes)
        case "password":
            return is_trusted(caller, organization) or (
                scope in SCOPES_OF_MEMBERS and caller.name in organization.members
            )
        case _:
            return False


def is_trusted(caller: Caller, organization: Organization) -> bool:
    """Tell whether the caller is an owner or the organization itself, and so may see e-mail addresses."""
    if caller.kind == "oat":
        return caller.name == organization.name
    return organization.members.get(caller.name) == "owner"


def _granted(state: HubState, caller: Caller, namespace: str) -> Permission:
    if caller.kind == "oat":
        is_reader = caller.name == namespace and "scope-repository-read" in caller.scopes
        return Permission.READ if is_reader else Permission.NONE
    if not caller.is_logged_in:
        return Permission.NONE
    by_role = _role_permission(state, caller.name, namespace)
    return min([by_role, *(PAT_PERMISSIONS[scope] for scope in caller.scopes)])


def _role_permission(state: HubState, username: str, namespace: str) -> Permission:
    if username == namespace:
        return Permission.ADMIN
    account = state.accounts.get(namespace)
    role = account.members.get(username) if account else None
    return ROLE_PERMISSIONS[role] if role else Permission.NONE


def _sign(claims: object, key: bytes) -> str:
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    signature = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(signature)}"


def _encode(value: object) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
