"""Which credential is used for what, and what is said when there is none."""

import pytest
from pydantic import SecretStr

from bot.errors import NoCredentialError
from bot.hub.auth import (
    ANONYMOUS,
    RULES,
    Credential,
    CredentialKind,
    Credentials,
    Operation,
    hidden_repositories,
)
from tests.hub.support import OAT, OAT_OF_ACME, PASSWORD, PASSWORD_OF_ANA, PAT, PAT_OF_ANA

ALL = Credentials([OAT_OF_ACME, PAT_OF_ANA, PASSWORD_OF_ANA])
OAT_, PAT_, PASSWORD_, NOBODY = "organization_token", "personal_token", "password", "anonymous"


def kinds(credentials: Credentials, operation: Operation, namespace: str | None) -> list[str]:
    return [credential.kind.value for credential in credentials.candidates(operation, namespace)]


@pytest.mark.parametrize(
    ("credential", "kind", "label"),
    [
        (PAT_OF_ANA, CredentialKind.PERSONAL_TOKEN, "the PAT of ana"),
        (OAT_OF_ACME, CredentialKind.ORGANIZATION_TOKEN, "the organization token of acme"),
        (PASSWORD_OF_ANA, CredentialKind.PASSWORD, "the password of ana"),
        (ANONYMOUS, CredentialKind.ANONYMOUS, "no credential"),
        (Credential.of("Ana", SecretStr("x")), CredentialKind.PASSWORD, "the password of ana"),
    ],
)
def test_kind_is_told_by_the_secret_and_named_in_the_label(
    credential: Credential, kind: CredentialKind, label: str
) -> None:
    assert (credential.kind, credential.label) == (kind, label)


def test_secret_is_in_neither_text_nor_repr() -> None:
    for credential, secret in ((PAT_OF_ANA, PAT), (OAT_OF_ACME, OAT), (PASSWORD_OF_ANA, PASSWORD)):
        assert secret not in f"{credential} {credential!r} {credential.label}"


@pytest.mark.parametrize(
    ("operation", "namespace", "expected"),
    [
        (Operation.READ_REPOSITORY, "acme", [OAT_, PAT_, NOBODY]),
        (Operation.READ_REPOSITORY, "ACME", [OAT_, PAT_, NOBODY]),
        (Operation.READ_REPOSITORY, "library", [PAT_, NOBODY]),
        (Operation.LIST_REPOSITORIES, "acme", [OAT_, PAT_, NOBODY]),
        (Operation.READ_TAGS, "acme", [OAT_, PAT_, NOBODY]),
        (Operation.SEARCH, None, [PAT_, NOBODY]),
        (Operation.READ_PULL_LIMIT, None, [PAT_, OAT_, NOBODY]),
        (Operation.WRITE_REPOSITORY, "acme", [OAT_, PAT_]),
        (Operation.WRITE_REPOSITORY_LEGACY, "acme", [PAT_]),
        (Operation.DELETE_TAG, "acme", [OAT_, PAT_]),
        (Operation.DELETE_TAG_LEGACY, "acme", [PAT_]),
        (Operation.MANAGE_WEBHOOKS, "acme", [OAT_, PAT_]),
        (Operation.READ_BUILDS, "acme", [PAT_, NOBODY]),
        (Operation.READ_AUDIT_LOG, "acme", [OAT_, PAT_]),
        (Operation.READ_ORGANIZATION, "acme", [OAT_, PASSWORD_]),
        (Operation.MANAGE_ORGANIZATION, "acme", [OAT_, PASSWORD_]),
        (Operation.MANAGE_ORGANIZATION, "other", [PASSWORD_]),
        (Operation.MANAGE_ORGANIZATION_SETTINGS, "acme", [PASSWORD_]),
        (Operation.MANAGE_ORGANIZATION_TOKENS, "acme", [PASSWORD_]),
        (Operation.MANAGE_PERSONAL_TOKENS, None, [PASSWORD_]),
        (Operation.READ_VULNERABILITIES, "acme", [OAT_, PAT_]),
    ],
)
def test_credentials_by_operation_best_first(operation: Operation, namespace: str | None, expected: list[str]) -> None:
    assert kinds(ALL, operation, namespace) == expected


def test_password_is_used_where_there_is_no_token_of_the_same_person() -> None:
    assert kinds(Credentials([PASSWORD_OF_ANA]), Operation.READ_TAGS, "acme") == [PASSWORD_, NOBODY]


def test_without_credentials_public_data_is_read_anonymously() -> None:
    assert Credentials().choose(Operation.READ_TAGS, "library") is ANONYMOUS


@pytest.mark.parametrize("operation", [operation for operation in Operation if not Credentials().candidates(operation)])
def test_what_needs_a_credential_says_which_and_where_to_set_it(operation: Operation) -> None:
    with pytest.raises(NoCredentialError) as raised:
        Credentials().choose(operation, "acme")

    assert "DOCKERHUB_" in str(raised.value)
    assert str(raised.value).startswith(
        f"No credential in the settings may be used for {RULES[operation].task} in acme."
    )


def test_refusal_of_a_token_says_in_one_sentence_what_would_do() -> None:
    with pytest.raises(NoCredentialError) as raised:
        Credentials([PAT_OF_ANA]).choose(Operation.MANAGE_ORGANIZATION, "acme")

    assert str(raised.value) == (
        "No credential in the settings may be used for managing members and teams in acme. It takes an organization "
        "access token (DOCKERHUB_ORG_TOKENS) or an owner's password (DOCKERHUB_USERNAME and DOCKERHUB_PASSWORD); "
        "personal access tokens may only manage repositories."
    )


def test_every_operation_has_its_rule() -> None:
    assert set(RULES) == set(Operation)
    for rule in RULES.values():
        assert bool(rule.missing) == (CredentialKind.ANONYMOUS not in rule.kinds)


def test_credentials_are_made_of_what_the_settings_hold() -> None:
    credentials = Credentials.from_values(
        username="Ana",
        token=SecretStr(PAT),
        password=SecretStr(PASSWORD),
        organization_tokens={"Acme": SecretStr(OAT)},
    )

    labels = [credential.label for credential in credentials.candidates(Operation.READ_ORGANIZATION, "acme")]
    assert labels == ["the organization token of acme", "the password of ana"]
    assert credentials.choose(Operation.SEARCH).label == "the PAT of ana"
    assert set(credentials.secrets) == {PAT, PASSWORD, OAT}


def test_token_of_an_organization_may_be_the_main_token() -> None:
    credentials = Credentials.from_values(username="acme", token=SecretStr(OAT))

    assert credentials.choose(Operation.READ_TAGS, "acme").label == "the organization token of acme"
    assert credentials.choose(Operation.READ_TAGS, "library") is ANONYMOUS


def test_no_values_make_no_credentials() -> None:
    assert Credentials.from_values().candidates(Operation.READ_TAGS, "acme") == (ANONYMOUS,)


@pytest.mark.parametrize(
    ("credential", "namespace", "sentence"),
    [
        (ANONYMOUS, "acme", "Private repositories are not shown: there is no credential."),
        (
            OAT_OF_ACME,
            "acme",
            (
                "Private repositories may be missing: the organization token of acme shows them only if it has the "
                "scope `scope-repository-list`."
            ),
        ),
        (
            PAT_OF_ANA,
            "acme",
            "Private repositories may be missing: the PAT of ana shows only those that ana may see.",
        ),
        (PAT_OF_ANA, "ana", ""),
        (PASSWORD_OF_ANA, "ana", ""),
        (ANONYMOUS, "library", ""),
    ],
)
def test_what_a_list_of_repositories_may_hide(credential: Credential, namespace: str, sentence: str) -> None:
    assert hidden_repositories(credential, namespace) == sentence
