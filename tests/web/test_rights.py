from datetime import UTC, datetime

import pytest

from bot.governance.roles import Grant, Person, Policy, Role, Roles
from bot.slack.accounts import Account
from bot.web.rights import NotAllowedError, Rights

ANA = Person("U1", "T1")


class Directory:
    def account(self, user_id: str) -> Account:
        del user_id
        return Account(team_id="T1")

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        del usergroup_id
        return frozenset()


def refusal(policy: Policy, needed: Role) -> str:
    rights = Rights(Roles(policy, Directory(), home_team=lambda: "T1", monotonic=lambda: 0.0), policy)
    with pytest.raises(NotAllowedError) as caught:
        rights.check(ANA, needed, "trigger")
    return str(caught.value)


@pytest.mark.parametrize(
    ("policy", "needed", "sentence"),
    [
        (
            Policy(),
            Role.ADMIN,
            "`trigger` needs an admin. Nobody is named as one: whoever runs the bot can fill in `HUB_BOT_ADMINS`.",
        ),
        (Policy(admins=frozenset({"U7"})), Role.OPERATOR, "`trigger` needs an operator. Ask <@U7>."),
        (Policy(operators=frozenset({"U8"})), Role.OPERATOR, "`trigger` needs an operator. Ask <@U8>."),
        (
            Policy(admins=frozenset({"U7", "S1", "W2"})),
            Role.ADMIN,
            "`trigger` needs an admin. Ask <!subteam^S1>, <@U7> or <@W2>.",
        ),
        (
            Policy(admins=frozenset(f"U2{number}" for number in range(8))),
            Role.ADMIN,
            "`trigger` needs an admin. Ask <@U20>, <@U21>, <@U22>, <@U23>, <@U24> or 3 more.",
        ),
    ],
)
def test_a_refusal_says_which_role_is_needed_and_who_can_help(policy: Policy, needed: Role, sentence: str) -> None:
    assert refusal(policy, needed) == sentence


def granted(subject: str, role: Role) -> Grant:
    return Grant(subject, role, "U7", datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    ("policy", "grants", "sentence"),
    [
        (
            Policy(admins=frozenset({"U7"})),
            [granted("S1", Role.ADMIN), granted("U8", Role.OPERATOR)],
            "`access` needs an admin. Ask <!subteam^S1> or <@U7>.",
        ),
        (Policy(), [granted("U8", Role.ADMIN)], "`access` needs an admin. Ask <@U8>."),
    ],
)
def test_who_was_granted_the_right_can_help_too(policy: Policy, grants: list[Grant], sentence: str) -> None:
    roles = Roles(policy, Directory(), home_team=lambda: "T1", monotonic=lambda: 0.0, grants=lambda: grants)
    rights = Rights(roles, policy)

    with pytest.raises(NotAllowedError) as caught:
        rights.check(ANA, Role.ADMIN, "access")
    assert str(caught.value) == sentence


def test_a_refusal_from_memory_names_them_and_reads_nothing() -> None:
    reads: list[int] = []

    def grants() -> list[Grant]:
        reads.append(1)
        return [granted("U8", Role.ADMIN)]

    policy = Policy(operators=frozenset({"U9"}))
    roles = Roles(policy, Directory(), home_team=lambda: "T1", monotonic=lambda: 0.0, grants=grants)
    roles.resolve(ANA)

    with pytest.raises(NotAllowedError, match="Ask <@U8>"):
        Rights(roles, policy).check_cached(ANA, Role.ADMIN, "access")
    assert len(reads) == 1
