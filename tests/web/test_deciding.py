"""The buttons of requests for approval, whoever presses them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection, select

from bot.governance.cards import APPROVE_ACTION, REJECT_ACTION
from bot.governance.governance import OWN, TOO_LATE, Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Role, Roles
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import changes
from bot.web.deciding import GONE
from bot.web.outgoing import AWAY
from bot.web.rights import UNCERTAIN
from tests.support.slack import said
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, MEMBER, OPERATOR, Bot, click_on, dumps, running_bot

SECOND_ADMIN = "U0SECOND"
PROPOSAL = Proposal(
    kind="nothing",
    action="invite.owner",
    subject="acme",
    summary="Invite bob to acme as owner",
    shown=("POST /v2/invites/bulk",),
    request={},
    role=Role.OPERATOR,
)


class Nothing:
    """Carries out changes of which nobody hears."""

    def channels(self, _change: Change) -> Sequence[str]:
        return ()

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        pass

    def send(self, change: Change) -> Outcome:
        return Outcome(State.DONE, "Done.")

    def read_back(self, change: Change) -> Outcome | None:
        return None

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: datetime) -> None:
        pass


@dataclass
class World:
    """A bot in whose database somebody asked for something."""

    bot: Bot
    governance: Governance
    woken: list[bool] = field(default_factory=list)

    def asks(self, user: str = OPERATOR) -> Change:
        """Let somebody ask for what needs approval."""
        return self.governance.submit(PROPOSAL, Asker(user, seed.TEAM_ID, seed.GENERAL))

    def presses(
        self, action_id: str, value: str, *, user: str = ADMIN, channel: str = seed.GENERAL, team: str = seed.TEAM_ID
    ) -> str:
        """Press a button of a card, which may be on nobody's screen; return the response URL that came with it."""
        url = self.bot.slack.issue_response_url(user=user, channel=channel)
        payload = click_on({"action_id": action_id, "value": value}, url, user=user, channel=channel)
        payload["team"]["id"] = team
        assert self.bot.post(urlencode({"payload": dumps(payload)})).status_code == 200
        return url

    def refusal(self, action_id: str, value: str, **how: str) -> str:
        """Press a button, and return what its presser alone is told."""
        before = len(said(self.bot.slack))
        self.presses(action_id, value, **how)
        wait_until(lambda: len(said(self.bot.slack)) > before)
        message = said(self.bot.slack)[-1]
        assert message.ephemeral_for == how.get("user", ADMIN)
        return message.text

    def state(self, change: Change) -> State:
        """Return how far a change is."""
        with self.bot.store.read() as connection:
            return State(connection.execute(select(changes.c.state).where(changes.c.id == change.id)).scalar_one())


def make_world(slack: SlackSimulator, store: Store) -> Iterator[World]:
    made: list[Governance] = []
    woken: list[bool] = []

    def make_governance(roles: Roles) -> Governance:
        made.append(
            Governance(
                store,
                {"nothing": Nothing()},
                ApprovalPolicy(deadline=timedelta(hours=1)),
                role_of=roles.resolve_afresh,
                admins=lambda: frozenset({ADMIN, SECOND_ADMIN}),
                on_decided=lambda: woken.append(True),
            )
        )
        return made[0]

    slack.pace.is_enabled = False
    with running_bot(slack, store=store, make_governance=make_governance) as bot:
        yield World(bot, made[0], woken)


@pytest.fixture
def world(slack: SlackSimulator) -> Iterator[World]:
    with closing(open_store("sqlite://")) as store:
        upgrade(store)
        yield from make_world(slack, store)


@pytest.mark.parametrize(("action_id", "state"), [(APPROVE_ACTION, State.APPROVED), (REJECT_ACTION, State.REJECTED)])
def test_an_admin_decides_and_the_card_says_so(world: World, action_id: str, state: State) -> None:
    change = world.asks()

    url = world.presses(action_id, change.button)

    wait_until(lambda: world.state(change) is state)
    wait_until(lambda: world.woken)
    with world.bot.store.read() as connection:
        decided_by = connection.execute(select(changes.c.decided_by).where(changes.c.id == change.id)).scalar_one()
    assert decided_by == ADMIN
    assert world.bot.slack.posts_to(url) == []


@pytest.mark.parametrize(("user", "name"), [(OPERATOR, "Approve"), (MEMBER, "Approve")])
def test_who_is_no_admin_is_told_who_can_help(world: World, user: str, name: str) -> None:
    change = world.asks()

    assert world.refusal(APPROVE_ACTION, change.button, user=user) == f"`{name}` needs an admin. Ask <@{ADMIN}>."
    assert world.refusal(REJECT_ACTION, change.button, user=user).startswith("`Reject` needs an admin.")
    assert world.state(change) is State.REQUESTED


@pytest.mark.parametrize("user", [seed.GUS, seed.STEF])
def test_guests_and_people_of_other_organizations_decide_nothing(world: World, user: str) -> None:
    change = world.asks()

    assert "is for full members" in world.refusal(APPROVE_ACTION, change.button, user=user)
    assert world.state(change) is State.REQUESTED


def test_nobody_decides_on_their_own_request(world: World) -> None:
    change = world.asks(ADMIN)

    assert world.refusal(APPROVE_ACTION, change.button) == OWN
    assert world.refusal(REJECT_ACTION, change.button) == OWN
    assert world.state(change) is State.REQUESTED


def test_what_is_decided_stays_so(world: World) -> None:
    change = world.asks()
    world.presses(REJECT_ACTION, change.button)
    wait_until(lambda: world.state(change) is State.REJECTED)

    assert world.refusal(APPROVE_ACTION, change.button) == TOO_LATE
    assert world.state(change) is State.REJECTED


@pytest.mark.parametrize("value", ["", "forged", "\x00", "\ud83d", "x" * 2_000])
def test_a_forged_value_decides_nothing(world: World, value: str) -> None:
    change = world.asks()

    assert world.refusal(APPROVE_ACTION, value) == GONE
    assert world.refusal(APPROVE_ACTION, change.id) == GONE
    assert world.state(change) is State.REQUESTED


def test_an_admin_who_is_one_no_more_decides_nothing(world: World) -> None:
    change = world.asks()
    world.bot.asked("rule it", user=ADMIN, channel=seed.RANDOM)
    world.bot.slack.state.people[ADMIN].is_deleted = True

    assert "full members" in world.refusal(APPROVE_ACTION, change.button)
    assert world.state(change) is State.REQUESTED


def test_while_slack_does_not_say_who_somebody_is_nothing_is_decided(world: World) -> None:
    change = world.asks()
    world.bot.slack.faults.add(SlackFault(kind="unavailable", method="users.info"))

    assert world.refusal(APPROVE_ACTION, change.button) == UNCERTAIN
    assert world.state(change) is State.REQUESTED


def test_while_the_database_is_away_one_is_told_so(world: World) -> None:
    change = world.asks()
    world.bot.store.close()

    assert world.refusal(APPROVE_ACTION, change.button) == AWAY


def test_where_nothing_is_changed_the_buttons_do_nothing(bot: Bot) -> None:
    url = bot.slack.issue_response_url(user=ADMIN, channel=seed.GENERAL)
    payload = click_on({"action_id": APPROVE_ACTION, "value": "x"}, url, user=ADMIN, channel=seed.GENERAL)

    assert bot.post(urlencode({"payload": dumps(payload)})).status_code == 200

    bot.asked("say hello", channel=seed.RANDOM)
    assert bot.slack.posts_to(url) == []
