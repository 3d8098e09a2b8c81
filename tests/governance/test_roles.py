"""Who is what: three standing people and those who should get nothing."""

from dataclasses import dataclass, field, replace

import pytest

from bot.errors import DeliveryError
from bot.governance.roles import CACHE_SECONDS, Person, Policy, Role, Roles
from bot.slack.accounts import Account

HOME = "T0HOME"
ANA, OLA, MAX, EVE = (Person(f"U0{name}", HOME) for name in ("ANA", "OLA", "MAX", "EVE"))
NAMED = Policy(admins=frozenset({ANA.user_id}), operators=frozenset({OLA.user_id, "S0OPS"}))


@dataclass
class FakeDirectory:
    """Knows everybody as a full member, until told otherwise."""

    profiles: dict[str, Account] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    def account(self, user_id: str) -> Account:
        return self._answer(user_id, self.profiles.get(user_id, Account(team_id=HOME)))

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        self._answer(usergroup_id, Account(team_id=None))
        return self.groups.get(usergroup_id, frozenset())

    def _answer(self, asked: str, profile: Account) -> Account:
        self.asked.append(asked)
        if self.is_down:
            raise DeliveryError("Slack is away.", permanent=False)
        return profile


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def make_roles(directory: FakeDirectory, policy: Policy = NAMED, watch: Watch | None = None) -> Roles:
    return Roles(policy, directory, home_team=lambda: HOME, monotonic=watch or Watch())


@pytest.mark.parametrize(("person", "role"), [(ANA, Role.ADMIN), (OLA, Role.OPERATOR), (MAX, Role.MEMBER)])
def test_people_have_the_role_they_are_named_for(directory: FakeDirectory, person: Person, role: Role) -> None:
    assert make_roles(directory).resolve(person) is role


def test_a_user_group_can_be_named(directory: FakeDirectory) -> None:
    directory.groups["S0OPS"] = frozenset({MAX.user_id})

    assert make_roles(directory).resolve(MAX) is Role.OPERATOR


def test_where_nobody_is_named_every_member_is_an_operator(directory: FakeDirectory) -> None:
    assert make_roles(directory, Policy()).resolve(MAX) is Role.OPERATOR


@pytest.mark.parametrize(
    "profile",
    [
        Account(team_id=HOME, is_guest=True),
        Account(team_id=HOME, is_stranger=True),
        Account(team_id=HOME, is_active=False),
        Account(team_id="T0OTHER"),
        Account(team_id="T0OTHER", enterprise_team_ids=frozenset({"T0OTHER", "T0THIRD"})),
    ],
)
@pytest.mark.parametrize("person", [ANA, MAX])
def test_guests_and_people_from_elsewhere_are_strangers_even_when_named(
    directory: FakeDirectory, person: Person, profile: Account
) -> None:
    directory.profiles[person.user_id] = profile

    assert make_roles(directory).resolve(person) is Role.STRANGER
    assert make_roles(directory, Policy()).resolve(person) is Role.STRANGER


@pytest.mark.parametrize(
    "profile",
    [
        Account(team_id="T0OTHER", enterprise_team_ids=frozenset({HOME})),
        Account(team_id=None),
    ],
)
def test_people_of_the_same_organization_belong(directory: FakeDirectory, profile: Account) -> None:
    directory.profiles[MAX.user_id] = profile

    assert make_roles(directory).resolve(MAX) is Role.MEMBER


def test_where_slack_names_no_team_the_one_of_the_request_counts(directory: FakeDirectory) -> None:
    directory.profiles[EVE.user_id] = Account(team_id=None)

    assert make_roles(directory).resolve(replace(EVE, team_id="T0OTHER")) is Role.STRANGER


def test_a_role_is_remembered_for_five_minutes(directory: FakeDirectory, watch: Watch) -> None:
    roles = make_roles(directory, watch=watch)
    assert roles.cached(MAX) is None

    roles.resolve(MAX)
    watch.now = CACHE_SECONDS - 1

    assert roles.cached(MAX) is Role.MEMBER
    assert roles.resolve(MAX) is Role.MEMBER
    assert directory.asked.count(MAX.user_id) == 1
    watch.now = CACHE_SECONDS
    assert roles.cached(MAX) is None


def test_that_somebody_is_a_stranger_is_remembered_too(directory: FakeDirectory) -> None:
    directory.profiles[EVE.user_id] = Account(team_id=HOME, is_guest=True)
    roles = make_roles(directory)

    roles.resolve(EVE)

    assert roles.cached(EVE) is Role.STRANGER


def test_a_fresh_look_sees_what_changed(directory: FakeDirectory) -> None:
    roles = make_roles(directory)
    roles.resolve(OLA)
    directory.profiles[OLA.user_id] = Account(team_id=HOME, is_active=False)

    assert roles.resolve(OLA) is Role.OPERATOR
    assert roles.resolve_afresh(OLA) is Role.STRANGER
    assert roles.cached(OLA) is Role.STRANGER


def test_a_fresh_look_asks_for_the_user_groups_again(directory: FakeDirectory) -> None:
    directory.groups["S0OPS"] = frozenset({MAX.user_id})
    roles = make_roles(directory)
    assert roles.resolve(MAX) is Role.OPERATOR

    directory.groups["S0OPS"] = frozenset()

    assert roles.resolve_afresh(MAX) is Role.MEMBER


def test_user_groups_are_asked_for_once_for_everybody(directory: FakeDirectory) -> None:
    roles = make_roles(directory)
    for number in range(5):
        roles.resolve(Person(f"U{number}", HOME))

    assert directory.asked.count("S0OPS") == 1


def test_where_slack_does_not_say_nobody_is_anything(directory: FakeDirectory) -> None:
    directory.is_down = True
    roles = make_roles(directory)

    with pytest.raises(DeliveryError):
        roles.resolve(ANA)
    assert roles.cached(ANA) is None


def test_the_same_person_in_another_workspace_is_somebody_else(directory: FakeDirectory) -> None:
    roles = make_roles(directory)
    roles.resolve(MAX)

    assert roles.cached(replace(MAX, team_id="T0OTHER")) is None


def test_what_is_too_old_is_forgotten(directory: FakeDirectory, watch: Watch) -> None:
    roles = make_roles(directory, watch=watch)
    for number in range(50):
        roles.resolve(Person(f"U{number}", HOME))
    watch.now = CACHE_SECONDS

    roles.resolve(MAX)

    assert len(roles._roles) == 1
