"""Who is what: three standing people and those who should get nothing."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from bot.errors import DeliveryError
from bot.governance.roles import CACHE_SECONDS, Grant, Person, Policy, Role, Roles
from bot.slack.accounts import Account
from bot.slack.failures import Kind, SlackCallError
from bot.store.errors import StoreUnavailableError

HOME = "T0HOME"
SINCE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
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


@dataclass
class GrantBook:
    """What admins granted; counts how often it is read.

    Attributes:
        given: By subject.
        reads: How often it was read.
        is_away: Whether the database is.
    """

    given: dict[str, Role] = field(default_factory=dict)
    reads: int = 0
    is_away: bool = False

    def __call__(self) -> tuple[Grant, ...]:
        self.reads += 1
        if self.is_away:
            raise StoreUnavailableError("The database is away.", cause="away")
        return tuple(Grant(subject, role, ANA.user_id, SINCE) for subject, role in sorted(self.given.items()))


def with_grants(directory: FakeDirectory, given: GrantBook, policy: Policy = NAMED) -> Roles:
    return Roles(policy, directory, home_team=lambda: HOME, monotonic=Watch(), grants=given)


@pytest.mark.parametrize(
    ("given", "role"),
    [
        ({MAX.user_id: Role.OPERATOR}, Role.OPERATOR),
        ({MAX.user_id: Role.ADMIN}, Role.ADMIN),
        ({"S0TEAM": Role.ADMIN, MAX.user_id: Role.OPERATOR}, Role.ADMIN),
        ({"S0OTHER": Role.ADMIN}, Role.MEMBER),
    ],
)
def test_a_grant_adds_to_what_the_settings_say(directory: FakeDirectory, given: dict[str, Role], role: Role) -> None:
    directory.groups["S0TEAM"] = frozenset({MAX.user_id})

    assert with_grants(directory, GrantBook(given)).resolve(MAX) is role


def test_a_grant_takes_nothing_away(directory: FakeDirectory) -> None:
    roles = with_grants(directory, GrantBook({ANA.user_id: Role.OPERATOR}))

    assert roles.resolve(ANA) is Role.ADMIN


def test_grants_do_not_close_what_the_settings_leave_open(directory: FakeDirectory) -> None:
    roles = with_grants(directory, GrantBook({ANA.user_id: Role.ADMIN}), Policy())

    assert (roles.resolve(ANA), roles.resolve(MAX)) == (Role.ADMIN, Role.OPERATOR)


def test_a_guest_has_no_right_by_a_grant_either(directory: FakeDirectory) -> None:
    directory.profiles[EVE.user_id] = Account(team_id=HOME, is_guest=True)

    assert with_grants(directory, GrantBook({EVE.user_id: Role.ADMIN})).resolve(EVE) is Role.STRANGER


def test_a_question_reads_the_grants_once_at_most_and_memory_never(directory: FakeDirectory) -> None:
    book = GrantBook({"S0TEAM": Role.OPERATOR, MAX.user_id: Role.OPERATOR, OLA.user_id: Role.ADMIN})
    roles = with_grants(directory, book)

    roles.resolve_afresh(MAX)
    roles.cached(MAX)
    roles.granted(Role.ADMIN)

    assert book.reads == 1


@pytest.mark.parametrize(
    ("person", "role"), [(ANA, Role.ADMIN), (OLA, Role.OPERATOR), (MAX, Role.MEMBER), (EVE, Role.MEMBER)]
)
def test_while_the_database_is_away_the_settings_hold_and_grants_do_not(
    directory: FakeDirectory, person: Person, role: Role
) -> None:
    book = GrantBook({OLA.user_id: Role.ADMIN, EVE.user_id: Role.OPERATOR}, is_away=True)

    assert with_grants(directory, book).resolve_afresh(person) is role


def test_a_verdict_without_the_grants_is_not_remembered(directory: FakeDirectory) -> None:
    book = GrantBook({MAX.user_id: Role.ADMIN})
    roles = with_grants(directory, book)
    assert roles.resolve(MAX) is Role.ADMIN
    book.is_away = True

    assert roles.resolve_afresh(MAX) is Role.MEMBER
    assert roles.cached(MAX) is None
    book.is_away = False
    assert roles.resolve(MAX) is Role.ADMIN


def test_what_does_not_depend_on_grants_is_remembered_all_the_same(directory: FakeDirectory) -> None:
    roles = with_grants(directory, GrantBook(is_away=True))

    roles.resolve(ANA)

    assert roles.cached(ANA) is Role.ADMIN


def test_a_granted_group_that_is_gone_keeps_nobody_from_other_rights(directory: FakeDirectory) -> None:
    class WithoutGroup(FakeDirectory):
        def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
            if usergroup_id == "S0GONE":
                raise DeliveryError("Slack refused it: no_such_subteam.", permanent=True, code="no_such_subteam")
            return super().usergroup_members(usergroup_id)

    roles = with_grants(WithoutGroup(), GrantBook({"S0GONE": Role.ADMIN, MAX.user_id: Role.OPERATOR}))

    assert roles.resolve(MAX) is Role.OPERATOR
    assert roles.admins() == {ANA.user_id}


def test_after_a_change_of_rights_nothing_is_remembered(directory: FakeDirectory) -> None:
    book = GrantBook()
    roles = with_grants(directory, book)
    roles.resolve(MAX)
    book.given[MAX.user_id] = Role.OPERATOR

    roles.forget()

    assert roles.cached(MAX) is None
    assert roles.resolve(MAX) is Role.OPERATOR


def test_a_verdict_that_was_being_reached_when_rights_changed_is_not_remembered(directory: FakeDirectory) -> None:
    def read() -> tuple[Grant, ...]:
        roles.forget()  # Somebody else's revocation is committed just after this read.
        return (Grant(MAX.user_id, Role.ADMIN, ANA.user_id, SINCE),)

    roles = Roles(NAMED, directory, home_team=lambda: HOME, monotonic=Watch(), grants=read)

    roles.resolve(MAX)

    assert roles.cached(MAX) is None


def test_admins_are_those_named_and_granted_with_groups_spelled_out(directory: FakeDirectory) -> None:
    directory.groups |= {"S0BOSS": frozenset({"U0BEA", EVE.user_id}), "S0OPS": frozenset({"U0TED"})}
    directory.profiles[EVE.user_id] = Account(team_id=HOME, is_active=False)
    book = GrantBook({"S0BOSS": Role.ADMIN, OLA.user_id: Role.ADMIN, MAX.user_id: Role.OPERATOR})

    assert with_grants(directory, book).admins() == {ANA.user_id, OLA.user_id, "U0BEA"}


def test_an_admin_of_the_settings_whom_slack_does_not_know_is_none() -> None:
    class WithoutAna(FakeDirectory):
        def account(self, user_id: str) -> Account:
            if user_id == ANA.user_id:
                raise SlackCallError("users.info", kind=Kind.CHANNEL, code="user_not_found")
            return super().account(user_id)

    assert with_grants(WithoutAna(), GrantBook({OLA.user_id: Role.ADMIN})).admins() == {OLA.user_id}


def test_who_the_admins_are_is_not_guessed_while_slack_is_away(directory: FakeDirectory) -> None:
    directory.is_down = True

    with pytest.raises(DeliveryError):
        make_roles(directory).admins()
