"""Rights in the database: what is atomic, and what two processes do to each other."""

from functools import partial

import pytest

from bot.errors import AccessDeniedError, UserError
from bot.governance import access
from bot.governance.access import GRANT, REVOKE, Access, read_grants
from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, State
from bot.governance.roles import Person, Policy, Role, Roles
from bot.slack.accounts import Account
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import grants
from bot.store.workspaces import HOME

TEAM = "T0HOME"
BEA, MAX, OLA = (Asker(user_id, TEAM, "C0HERE") for user_id in ("U0BEA", "U0MAX", "U0OLA"))
ALONE = ApprovalPolicy(required=())
"""Nobody else has to approve anything."""


class Everybody:
    """A Slack in which everybody belongs."""

    def account(self, _user_id: str) -> Account:
        return Account(team_id=TEAM)

    def usergroup_members(self, _usergroup_id: str) -> frozenset[str]:
        return frozenset()


class Process:
    """The bot, with nobody named in the settings."""

    def __init__(self, store: Store, approvals: ApprovalPolicy | None = None) -> None:
        policy = Policy()
        self.roles = Roles(
            policy, Everybody(), home_team=lambda: TEAM, monotonic=lambda: 0.0, grants=partial(read_grants, store)
        )
        self.access = Access(store, self.roles, policy)
        self.governance = Governance(
            store,
            access.executors(policy, self.roles.forget),
            ApprovalPolicy() if approvals is None else approvals,
            role_of=self.roles.resolve_afresh,
            admins=self.roles.admins,
        )

    def revoke(self, subject: Asker, asker: Asker) -> Change:
        """Ask for the end of somebody's right."""
        proposal, _ = self.access.propose_revoke(subject.user_id)
        return self.governance.submit(proposal, asker)

    def approve(self, change: Change, by: Asker) -> None:
        self.governance.decide(change.button, by.person, approve=True)

    def look_after(self, change: Change) -> Change:
        """Do what is due for a change, and return it as it is then."""
        self.governance.look_after(self.governance.find(change.id))
        return self.governance.find(change.id)


def make_admin(store: Store, person: Asker) -> None:
    row = {"workspace": HOME, "subject": person.user_id, "role": "admin", "granted_by": "terminal:root"}
    store.write(lambda connection: put(connection, grants, {**row, "granted_at": store.now(connection)}))


@pytest.fixture
def admins(store: Store) -> Store:
    """A store in which two are admins by grant."""
    for each in (BEA, MAX):
        make_admin(store, each)
    return store


def held(store: Store) -> dict[str, Role]:
    return {each.subject: each.role for each in read_grants(store)}


def test_of_two_admins_who_revoke_each_other_one_stays(admins: Store) -> None:
    one, other = Process(admins, ALONE), Process(admins, ALONE)
    of_max, _ = one.access.propose_revoke(MAX.user_id)
    of_bea, _ = other.access.propose_revoke(BEA.user_id)

    first = one.governance.submit(of_max, BEA)
    second = other.governance.submit(of_bea, MAX)

    assert (first.state, second.state) == (State.DONE, State.FAILED)
    assert held(admins) == {BEA.user_id: Role.ADMIN}


def test_of_two_admins_who_approve_the_end_of_each_others_right_one_stays(admins: Store) -> None:
    one, other = Process(admins), Process(admins)
    of_max, of_bea = one.revoke(MAX, BEA), other.revoke(BEA, MAX)
    assert (of_max.state, of_bea.state) == (State.REQUESTED, State.REQUESTED)
    one.approve(of_bea, BEA)
    other.approve(of_max, MAX)

    found = {one.look_after(of_max).state, other.look_after(of_bea).state}

    assert found == {State.DONE, State.FAILED}
    assert held(admins) == {BEA.user_id: Role.ADMIN}


def test_of_two_admins_one_cannot_end_the_others_right_alone(admins: Store) -> None:
    process = Process(admins)

    asked = process.revoke(MAX, BEA)

    assert (asked.state, asked.approval_reason) == (State.REQUESTED, "`access.revoke.admin` needs a second person")
    with pytest.raises(AccessDeniedError, match="somebody else has to decide"):
        process.approve(asked, BEA)
    assert process.look_after(asked).state is State.REQUESTED
    assert held(admins) == {BEA.user_id: Role.ADMIN, MAX.user_id: Role.ADMIN}


def test_what_was_revoked_meanwhile_cannot_be_revoked_again(admins: Store) -> None:
    make_admin(admins, OLA)
    process = Process(admins)
    asked = [process.revoke(MAX, BEA) for _ in range(2)]
    for each in asked:
        process.approve(each, OLA)

    first, again = (process.look_after(each) for each in asked)

    assert (first.state, again.state) == (State.DONE, State.FAILED)
    assert again.outcome
    assert again.outcome.sentence == "`U0MAX` has no right any more that was granted."


def test_rights_and_the_start_of_their_change_are_committed_together(admins: Store) -> None:
    process = Process(admins)
    proposal, _ = process.access.propose_grant("U0OLA", Role.OPERATOR, BEA)
    executor = access.executors(Policy(), lambda: None)[GRANT]
    seen: list[dict[str, Role]] = []

    class DiesBeforeSending:
        channels, begin, settled, read_back = executor.channels, executor.begin, executor.settled, executor.read_back

        def send(self, _change: Change) -> None:
            seen.append(held(admins))
            raise SystemExit

    dying = Governance(
        admins,
        {GRANT: DiesBeforeSending()},  # type: ignore[dict-item]  # It never returns.
        ApprovalPolicy(),
        role_of=process.roles.resolve_afresh,
        admins=process.roles.admins,
    )

    with pytest.raises(SystemExit):
        dying.submit(proposal, BEA)

    assert seen == [held(admins)]
    assert held(admins)["U0OLA"] is Role.OPERATOR
    dying.orphan()
    (left,) = process.governance.due(most=10)
    process.governance.look_after(left)
    assert process.governance.find(left.id).state is State.DONE


def test_a_revocation_is_felt_at_once_in_this_process(admins: Store) -> None:
    make_admin(admins, OLA)
    process = Process(admins)
    person = Person(MAX.user_id, TEAM)
    asked = process.revoke(MAX, BEA)
    process.approve(asked, OLA)
    assert process.roles.resolve(person) is Role.ADMIN

    assert process.look_after(asked).state is State.DONE

    assert process.roles.cached(person) is None
    assert process.roles.resolve(person) is Role.OPERATOR


def test_a_role_of_a_later_version_is_no_right(store: Store) -> None:
    row = {"workspace": HOME, "subject": "U0MAX", "role": "emperor", "granted_by": "U0BEA"}
    store.write(lambda connection: put(connection, grants, {**row, "granted_at": store.now(connection)}))

    assert read_grants(store) == ()


def test_another_workspaces_grants_are_not_ours(store: Store) -> None:
    row = {"workspace": "other", "subject": "U0MAX", "role": "admin", "granted_by": "U0BEA"}
    store.write(lambda connection: put(connection, grants, {**row, "granted_at": store.now(connection)}))

    assert read_grants(store) == ()
    with pytest.raises(UserError):
        Process(store).access.propose_revoke("U0MAX")


def test_both_kinds_have_an_executor() -> None:
    assert set(access.executors(Policy(), lambda: None)) == {GRANT, REVOKE}
