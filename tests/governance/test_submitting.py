"""What a change takes is found out once: what was looked up when it was shown is what holds when it is asked for."""

from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import State
from bot.governance.roles import Role
from bot.store.base import Store
from tests.governance.test_loop import OLA, Invites, proposal


def test_an_admin_who_leaves_meanwhile_does_not_make_an_approval_less(store: Store) -> None:
    admins = {OLA.user_id, "U0ANA"}
    governance = Governance(
        store,
        {"invite": Invites()},
        ApprovalPolicy(required=("invite",)),
        role_of=lambda _: Role.ADMIN,
        admins=lambda: frozenset(admins),
    )
    needed = governance.requirement(proposal("acme"), OLA)
    admins.remove("U0ANA")

    change = governance.submit(proposal("acme"), OLA, needed)

    assert change.state is State.REQUESTED
    assert governance.requirement(proposal("acme"), OLA).is_typed
