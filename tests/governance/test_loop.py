"""The loop of changes: one that always crashes holds up nobody, and comes to an end itself."""

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.clock import FrozenClock
from bot.governance.governance import NOT_BEGUN, Governance
from bot.governance.loop import ChangeLoop
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Role
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


def test_a_change_that_always_crashes_holds_up_nobody_and_ends(store: Store, clock: FrozenClock) -> None:
    governance = Governance(
        store,
        {"invite": Invites()},
        ApprovalPolicy(required=("invite",)),
        role_of=lambda _: Role.ADMIN,
        admins=lambda: frozenset({"U0ANA"}),
    )
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
