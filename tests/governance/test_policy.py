"""What somebody else has to approve, and how the configuration file says so."""

from datetime import timedelta

import pytest

from bot.configuration import parse
from bot.errors import ConfigError
from bot.governance.policy import ACTIONS, ALL_TAGS, DEFAULT_REQUIRED, ApprovalPolicy
from bot.governance.proposals import Proposal
from bot.governance.roles import Role


def proposal(action: str = "trigger", repository: str | None = "acme/api", *tags: str) -> Proposal:
    return Proposal(
        kind="trigger",
        action=action,
        subject=repository or "acme",
        summary="Build it",
        shown=("POST …",),
        request={},
        role=Role.OPERATOR,
        repository=repository,
        tags=tags,
    )


@pytest.mark.parametrize(
    "action",
    [
        "invite.owner",
        "access.grant.admin",
        "access.revoke.admin",
        "delete-tags",
        "token",
        "token.create",
        "org-token.revoke",
        "api",
    ],
)
def test_by_default_what_is_dangerous_needs_a_second_person(action: str) -> None:
    assert ApprovalPolicy().reason(proposal(action)) == f"`{action}` needs a second person"


@pytest.mark.parametrize(
    "action",
    ["trigger", "invite", "invite.member", "invites.cancel", "access.grant.operator", "access.revoke.operator"],
)
def test_by_default_nothing_else_does(action: str) -> None:
    assert ApprovalPolicy().reason(proposal(action)) is None


def test_what_lies_below_an_action_is_meant_too_and_what_only_begins_like_it_is_not() -> None:
    policy = ApprovalPolicy(required=("invite",))

    assert policy.reason(proposal("invite.member"))
    assert policy.reason(proposal("invite"))
    assert policy.reason(proposal("invites.cancel")) is None


@pytest.mark.parametrize(
    ("repository", "is_meant"),
    [("acme/prod-api", True), ("acme/prod-", True), ("acme/api", False), ("other/prod-api", False), (None, False)],
)
def test_of_a_protected_repository_every_change_is_meant(repository: str | None, is_meant: bool) -> None:  # noqa: FBT001
    found = ApprovalPolicy(repositories=("acme/prod-*",)).reason(proposal("trigger", repository))

    assert found == (f"`{repository}` is protected" if is_meant else None)


def test_of_a_protected_tag_every_change_is_meant_wherever_it_is() -> None:
    policy = ApprovalPolicy(tags=("v?", "latest"))

    assert policy.reason(proposal("trigger", "acme/api", "edge", "v1")) == "the tag `v1` is protected"
    assert policy.reason(proposal("trigger", "acme/api", "v10", "V1")) is None


def test_what_may_concern_any_tag_is_meant_where_some_are_protected() -> None:
    everything = proposal("trigger", "acme/api", ALL_TAGS)

    assert ApprovalPolicy(tags=("v?", "latest")).reason(everything) == "it may concern protected tags (`v?`)"
    assert ApprovalPolicy(repositories=("other/*",)).reason(everything) is None


def test_every_action_that_is_required_by_default_is_known() -> None:
    assert set(DEFAULT_REQUIRED) <= ACTIONS


def test_the_file_says_what_is_required_by_when_and_where_it_is_asked() -> None:
    policy = parse(
        '[approvals]\nrequire = ["trigger", "invite.owner"]\ndeadline = "90m"\nchannel = "C0123456789"\n'
        '[protected]\nrepositories = ["ACME/prod-*"]\ntags = "v*"'
    ).policy

    assert policy == ApprovalPolicy(
        required=("trigger", "invite.owner"),
        repositories=("acme/prod-*",),
        tags=("v*",),
        deadline=timedelta(minutes=90),
        channel="C0123456789",
    )


def test_without_a_word_in_the_file_the_default_holds() -> None:
    assert parse("").policy == ApprovalPolicy()


def test_an_empty_list_means_that_nothing_needs_approval() -> None:
    assert parse("[approvals]\nrequire = []").policy.reason(proposal("api")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[approvals]\nrequire = ["inviteowner"]',
            (
                "[approvals], `require`, entry 1: `inviteowner` is no action that can need approval. "
                "Did you mean `invite.owner`?"
            ),
        ),
        ("[approvals]\nrequire = [3]", "[approvals], `require`, entry 1: a text in quotes is expected."),
        ("[approvals]\nrequired = []", "[approvals]: `required` is not known here. Did you mean `require`?"),
        ("[approvals]\ndeadline = 3", '[approvals], `deadline`: a length of time is expected, like "24h".'),
        (
            '[approvals]\ndeadline = "59s"',
            '[approvals], `deadline`: a length of time from "1m" to "30d" is expected.',
        ),
        (
            '[approvals]\ndeadline = "31d"',
            '[approvals], `deadline`: a length of time from "1m" to "30d" is expected.',
        ),
        (
            '[approvals]\nchannel = "#ops"',
            "[approvals], `channel`: `#ops` is not a channel's id, like `C0123456789`.",
        ),
        (
            '[protected]\nrepositories = ["api"]',
            "[protected], `repositories`, entry 1: `api` is not a repository with its namespace, like `acme/prod-*`.",
        ),
        (
            '[protected]\ntags = ["a b"]',
            "[protected], `tags`, entry 1: `a b` is not a tag, nor a pattern for tags, like `v*`.",
        ),
        ("[protected]\nrepositories = 3", "[protected], `repositories`: a list is expected, in square brackets."),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert caught.value.problems == (said,)
