"""Credentials, and which of them may be used for what.

What each kind opens (PATs are for repositories; organization tokens are refused on legacy routes whatever their
scopes; personal and organization tokens themselves are managed with a password) is one table, `RULES`. Turning a
credential into a bearer is `bot.hub.bearers`.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/authentication and
https://docs.docker.com/security/for-admins/access-tokens/; that PATs are limited to managing repositories is said by
Docker's own client in https://github.com/docker/terraform-provider-docker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import SecretStr

from bot.errors import NoCredentialError
from bot.images import OFFICIAL_NAMESPACE

_PAT_PREFIX = "dckr_pat_"
_OAT_PREFIX = "dckr_oat_"


class CredentialKind(StrEnum):
    """What sort of secret it is."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind.
    PERSONAL_TOKEN = "personal_token"  # noqa: S105
    ORGANIZATION_TOKEN = "organization_token"  # noqa: S105
    ANONYMOUS = "anonymous"


_WORDS: Mapping[CredentialKind, str] = {
    CredentialKind.PASSWORD: "the password of",
    CredentialKind.PERSONAL_TOKEN: "the PAT of",
    CredentialKind.ORGANIZATION_TOKEN: "the organization token of",
}


@dataclass(frozen=True)
class Credential:
    """Something to log in with, or nothing.

    Attributes:
        identifier: The user's name, or the organization's for its token; lower case; empty for anonymous.
        secret: The password or token.
        kind: What sort of secret it is.
    """

    identifier: str
    secret: SecretStr
    kind: CredentialKind

    @property
    def label(self) -> str:
        """What kind it is and whose, never its value: `the PAT of acme-bot`, `no credential`."""
        return f"{_WORDS[self.kind]} {self.identifier}" if self.kind in _WORDS else "no credential"

    @property
    def is_anonymous(self) -> bool:
        """Whether there is nothing to log in with."""
        return self.kind is CredentialKind.ANONYMOUS

    @classmethod
    def of(cls, identifier: str, secret: SecretStr) -> Self:
        """Make a credential whose kind is told by the secret's prefix; without one it is a password."""
        value = secret.get_secret_value()
        if value.startswith(_PAT_PREFIX):
            kind = CredentialKind.PERSONAL_TOKEN
        elif value.startswith(_OAT_PREFIX):
            kind = CredentialKind.ORGANIZATION_TOKEN
        else:
            kind = CredentialKind.PASSWORD
        return cls(identifier.lower(), secret, kind)


ANONYMOUS = Credential("", SecretStr(""), CredentialKind.ANONYMOUS)


class Operation(StrEnum):
    """What the bot does at Docker Hub, as far as the choice of credential goes."""

    READ_REPOSITORY = "read_repository"
    LIST_REPOSITORIES = "list_repositories"
    READ_TAGS = "read_tags"
    SEARCH = "search"
    READ_PULL_LIMIT = "read_pull_limit"
    PULL = "pull"
    WRITE_REPOSITORY = "write_repository"
    WRITE_REPOSITORY_LEGACY = "write_repository_legacy"
    DELETE_TAG = "delete_tag"
    DELETE_TAG_LEGACY = "delete_tag_legacy"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_WEBHOOKS_LEGACY = "manage_webhooks_legacy"
    READ_BUILDS = "read_builds"
    READ_AUDIT_LOG = "read_audit_log"
    READ_ORGANIZATION = "read_organization"
    MANAGE_ORGANIZATION = "manage_organization"
    MANAGE_ORGANIZATION_SETTINGS = "manage_organization_settings"
    MANAGE_ORGANIZATION_TOKENS = "manage_organization_tokens"
    MANAGE_PERSONAL_TOKENS = "manage_personal_tokens"
    READ_VULNERABILITIES = "read_vulnerabilities"


@dataclass(frozen=True)
class Rule:
    """Which credentials an operation accepts.

    Attributes:
        task: The operation in words, as it follows "may be used for".
        kinds: In order of preference: the narrowest right first.
        missing: What to tell a person when none of them is there; one sentence that names the settings. Empty where
            nothing is needed.
    """

    task: str
    kinds: tuple[CredentialKind, ...]
    missing: str = ""


_PASSWORD = CredentialKind.PASSWORD
_PAT = CredentialKind.PERSONAL_TOKEN
_OAT = CredentialKind.ORGANIZATION_TOKEN
_NOBODY = CredentialKind.ANONYMOUS

_TAKES_ANY = (
    "It takes an organization access token (DOCKERHUB_ORG_TOKENS), or the personal access token of a user who may "
    "(DOCKERHUB_USERNAME and DOCKERHUB_TOKEN)."
)
_TAKES_PERSONAL = (
    "It takes the personal access token of a user who may (DOCKERHUB_USERNAME and DOCKERHUB_TOKEN); Docker Hub refuses "
    "organization access tokens here."
)
_TAKES_ORGANIZATION = (
    "It takes an organization access token (DOCKERHUB_ORG_TOKENS) or an owner's password (DOCKERHUB_USERNAME and "
    "DOCKERHUB_PASSWORD); personal access tokens may only manage repositories."
)
_TAKES_SIGN_IN = (
    "It takes the password of a user who may (DOCKERHUB_USERNAME and DOCKERHUB_PASSWORD); Docker Hub refuses access "
    "tokens here."
)

RULES: Mapping[Operation, Rule] = {
    Operation.READ_REPOSITORY: Rule("reading repositories", (_OAT, _PAT, _PASSWORD, _NOBODY)),
    Operation.LIST_REPOSITORIES: Rule("listing repositories", (_OAT, _PAT, _PASSWORD, _NOBODY)),
    Operation.READ_TAGS: Rule("reading tags", (_OAT, _PAT, _PASSWORD, _NOBODY)),
    # Search shows public repositories only; a login merely pays from a larger budget than the address has.
    Operation.SEARCH: Rule("searching", (_PAT, _PASSWORD, _NOBODY)),
    # Documented for passwords and PATs; that the registry counts for organization tokens too is inferred.
    Operation.READ_PULL_LIMIT: Rule("reading the pull limit", (_PAT, _PASSWORD, _OAT, _NOBODY)),
    Operation.PULL: Rule("pulling images", (_PAT, _PASSWORD, _OAT, _NOBODY)),
    Operation.WRITE_REPOSITORY: Rule("changing repositories", (_OAT, _PAT, _PASSWORD), _TAKES_ANY),
    Operation.WRITE_REPOSITORY_LEGACY: Rule(
        "deleting repositories or changing who sees them", (_PAT, _PASSWORD), _TAKES_PERSONAL
    ),
    Operation.DELETE_TAG: Rule("deleting tags", (_OAT, _PAT, _PASSWORD), _TAKES_ANY),
    Operation.DELETE_TAG_LEGACY: Rule("deleting tags", (_PAT, _PASSWORD), _TAKES_PERSONAL),
    Operation.MANAGE_WEBHOOKS: Rule("managing webhooks", (_OAT, _PAT, _PASSWORD), _TAKES_ANY),
    Operation.MANAGE_WEBHOOKS_LEGACY: Rule("managing webhooks", (_PAT, _PASSWORD), _TAKES_PERSONAL),
    Operation.READ_BUILDS: Rule("reading builds", (_PAT, _PASSWORD, _NOBODY)),
    Operation.READ_AUDIT_LOG: Rule("reading the audit log", (_OAT, _PAT, _PASSWORD), _TAKES_ANY),
    Operation.READ_ORGANIZATION: Rule("reading members and teams", (_OAT, _PASSWORD), _TAKES_ORGANIZATION),
    Operation.MANAGE_ORGANIZATION: Rule("managing members and teams", (_OAT, _PASSWORD), _TAKES_ORGANIZATION),
    Operation.MANAGE_ORGANIZATION_SETTINGS: Rule("organization settings", (_PASSWORD,), _TAKES_SIGN_IN),
    Operation.MANAGE_ORGANIZATION_TOKENS: Rule("organization access tokens", (_PASSWORD,), _TAKES_SIGN_IN),
    Operation.MANAGE_PERSONAL_TOKENS: Rule("personal access tokens", (_PASSWORD,), _TAKES_SIGN_IN),
    Operation.READ_VULNERABILITIES: Rule("reading vulnerabilities", (_OAT, _PAT), _TAKES_ANY),
}


class Credentials:
    """All credentials of the settings.

    Args:
        credentials: In the order in which to prefer them among equals.
    """

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        self._credentials = tuple(credentials)

    @classmethod
    def from_values(
        cls,
        *,
        username: str | None = None,
        token: SecretStr | None = None,
        password: SecretStr | None = None,
        organization_tokens: Mapping[str, SecretStr] | None = None,
    ) -> Self:
        """Make credentials out of what the settings hold.

        Args:
            username: The user, or the organization when `token` is an organization's.
            token: PAT, organization token or password of `username`; told apart by prefix.
            password: The password of `username`.
            organization_tokens: More organization tokens, by organization.
        """
        found = [
            Credential(organization.lower(), secret, CredentialKind.ORGANIZATION_TOKEN)
            for organization, secret in (organization_tokens or {}).items()
        ]
        if username and token:
            found.append(Credential.of(username, token))
        if username and password:
            found.append(Credential(username.lower(), password, CredentialKind.PASSWORD))
        return cls(found)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values, to keep them out of texts."""
        return tuple(credential.secret.get_secret_value() for credential in self._credentials)

    def candidates(self, operation: Operation, namespace: str | None = None) -> tuple[Credential, ...]:
        """Return what may be used, best first; empty when there is nothing.

        Args:
            operation: What is to be done.
            namespace: Where; an organization's token is good for that organization only. None: nowhere in particular,
                any token will do.
        """
        found = tuple(
            credential
            for kind in RULES[operation].kinds
            for credential in (*self._credentials, ANONYMOUS)
            if credential.kind is kind and _serves(credential, namespace)
        )
        # The password, which may everything, stays in its drawer wherever the same person's token will do.
        has_pat = any(credential.kind is _PAT for credential in found)
        return tuple(credential for credential in found if not (has_pat and credential.kind is _PASSWORD))

    def choose(self, operation: Operation, namespace: str | None = None) -> Credential:
        """Return the best credential for an operation.

        Raises:
            NoCredentialError: None will do; says which would.
        """
        candidates = self.candidates(operation, namespace)
        if not candidates:
            where = f" in {namespace}" if namespace else ""
            rule = RULES[operation]
            raise NoCredentialError(f"{rule.task}{where}", missing=rule.missing)
        return candidates[0]


def hidden_repositories(credential: Credential, namespace: str, *, why_anonymous: str = "") -> str:
    """Say why a list of that namespace's repositories may lack private ones; empty when there is no reason.

    Docker Hub leaves out what a credential may not see without a word: the answer is a plain 200.
    Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/listNamespaceRepositories

    Args:
        credential: What the list is read with.
        namespace: Whose list it is; lower case.
        why_anonymous: Why it is read without a credential although there is one; part of a sentence.
    """
    if namespace == OFFICIAL_NAMESPACE:
        return ""
    if credential.is_anonymous:
        return f"Private repositories are not shown: {why_anonymous or 'there is no credential'}."
    if credential.kind is CredentialKind.ORGANIZATION_TOKEN:
        return (
            f"Private repositories may be missing: {credential.label} shows them only if it has the scope "
            "`scope-repository-list`."
        )
    if credential.identifier != namespace:
        return (
            f"Private repositories may be missing: {credential.label} shows only those that "
            f"{credential.identifier} may see."
        )
    return ""


def _serves(credential: Credential, namespace: str | None) -> bool:
    if credential.kind is not CredentialKind.ORGANIZATION_TOKEN or namespace is None:
        return True
    return credential.identifier == namespace.lower()
