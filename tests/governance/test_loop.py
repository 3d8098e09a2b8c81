"""The loop of changes: one that always crashes holds up nobody, and a clock that is set back holds up none."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from bot.clock import FrozenClock
from bot.governance.failures import PERHAPS
from bot.governance.governance import LOST, NOT_BEGUN, Governance, RoleOf
from bot.governance.loop import ChangeLoop
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Person, Role
from bot.store.base import Store

OLA = Asker("U0OLA", "T0HOME", "C0HERE")


class Invites:
    """Does what is asked, but crashes at some subjects before it begins."""

    def channels(self, _change: Change) -> Sequence[str]:
        return ()

    def begin(self, _connection: Connection, change: Change, _now: object) -> None:
        if change.proposal.subject == "crash":
            raise RuntimeError

    def send(self, _change: Change) -> Outcome:
        return Outcome(State.DONE, "It is done.")

    def read_back(self, _change: Change) -> None:
        return None

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: object) -> None:
        """Do nothing."""


def proposal(subject: str) -> Proposal:
    return Proposal(
        kind="invite",
        action="invite.member",
        subject=subject,
        summary="Invite bob",
        shown=("POST",),
        request={},
        role=Role.OPERATOR,
    )


def make_governance(
    store: Store, executor: Invites | None = None, *, role_of: RoleOf = lambda _: Role.ADMIN
) -> Governance:
    return Governance(
        store,
        {"invite": executor or Invites()},
        ApprovalPolicy(required=("invite",)),
        role_of=role_of,
        admins=lambda: frozenset({"U0ANA"}),
    )


def test_a_change_that_always_crashes_holds_up_nobody_and_ends(store: Store, clock: FrozenClock) -> None:
    governance = make_governance(store)
    crashing, good = (governance.submit(proposal(each), OLA) for each in ("crash", "acme"))
    for each in (crashing, good):
        governance.decide(each.button, Asker("U0ANA", "T0HOME").person, approve=True)
    loop = ChangeLoop(governance)

    loop.step()

    assert governance.find(good.id).state is State.DONE
    assert governance.find(crashing.id).state is State.APPROVED
    clock.advance(3_601)
    loop.step()
    ended = governance.find(crashing.id)
    assert (ended.state, ended.outcome and ended.outcome.sentence) == (State.FAILED, NOT_BEGUN)


def approved(governance: Governance) -> Change:
    change = governance.submit(proposal("acme"), OLA)
    return governance.decide(change.button, Asker("U0ANA", "T0HOME").person, approve=True)


def test_after_the_clock_was_set_back_what_is_approved_is_done_at_once(store: Store, clock: FrozenClock) -> None:
    governance = make_governance(store)
    change = approved(governance)
    clock.step(-5 * 3_600)

    ChangeLoop(governance).step()

    assert governance.find(change.id).state is State.DONE


def test_after_the_clock_was_set_back_a_little_what_is_approved_waits_no_longer_than_that(
    store: Store, clock: FrozenClock
) -> None:
    governance = make_governance(store)
    change = approved(governance)
    clock.step(-50)
    loop = ChangeLoop(governance)

    loop.step()
    assert governance.find(change.id).state is State.APPROVED
    clock.advance(50)
    loop.step()

    assert governance.find(change.id).state is State.DONE


def test_after_the_clock_was_set_back_what_a_dead_process_left_is_cleared_up_at_once(
    store: Store, clock: FrozenClock
) -> None:
    class Deadly(Invites):
        def send(self, _change: Change) -> Outcome:
            raise SystemExit

    dying = make_governance(store, Deadly())
    change = approved(dying)
    with pytest.raises(SystemExit):
        dying.look_after(change)
    clock.step(-5 * 3_600)
    governance = make_governance(store)
    assert governance.find(change.id).state is State.STARTED

    ChangeLoop(governance).step()

    found = governance.find(change.id)
    assert (found.state, found.outcome and found.outcome.sentence) == (State.UNKNOWN, f"{LOST} {PERHAPS}")


def test_what_a_process_looked_at_when_it_died_is_done_at_once_by_the_next(store: Store) -> None:
    def die(_person: Person) -> Role:
        raise SystemExit

    change = approved(make_governance(store))
    with pytest.raises(SystemExit):
        make_governance(store, role_of=die).look_after(change)
    governance = make_governance(store)

    ChangeLoop(governance).step()
    assert governance.find(change.id).state is State.APPROVED  # For all that is known, somebody is at it.
    governance.orphan()
    ChangeLoop(governance).step()

    assert governance.find(change.id).state is State.DONE


def test_what_is_under_way_is_left_alone(store: Store, clock: FrozenClock) -> None:
    governance = make_governance(store)
    seen: list[State] = []

    class Slow(Invites):
        def send(self, change: Change) -> Outcome:
            clock.advance(170)
            ChangeLoop(governance).step()
            seen.append(governance.find(change.id).state)
            return super().send(change)

    slow = make_governance(store, Slow())
    change = approved(slow)
    slow.look_after(change)

    assert (seen, governance.find(change.id).state) == ([State.STARTED], State.DONE)
