"""A desk with a database, rights and the rules under which anything is changed: for commands about the bot itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection

import commands.access
import commands.approvals
import commands.help
import commands.history
from bot.chat.changing import ChangeResult
from bot.chat.command import Context
from bot.chat.forms import InputNeeded
from bot.chat.place import Place
from bot.chat.router import Answer, Invocation, Router, answer
from bot.governance import access
from bot.governance.access import Access, read_grants
from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Person, Policy, Role, Roles
from bot.governance.trail import Trail
from bot.hub.auth import Credentials
from bot.sandbox.hub.simulator import HubSimulator
from bot.slack.accounts import Account
from bot.slack.failures import Kind, SlackCallError
from tests.support.databases import open_database
from tests.support.desk import NOW, Desk, small_hub, spoken

_HELP = commands.help.make_command(())
TEAM, CHANNEL = "T0HOME", "C0RELEASES"
ANA, BEA, OLA, MAX, GIL = "U0ANA", "U0BEA", "U0OLA", "U0MAX", "U0GIL"
"""An admin by the settings, three members, and a guest."""


@dataclass
class People:
    """Slack, as far as rights depend on it.

    Attributes:
        guests: Their ids.
        groups: Who is in which user group.
        is_away: Whether Slack says nothing at all.
    """

    guests: frozenset[str] = frozenset({GIL})
    groups: dict[str, frozenset[str]] = field(default_factory=lambda: {"S0OPS": frozenset({OLA, MAX})})
    is_away: bool = False

    def account(self, user_id: str) -> Account:
        """Return what is known of a person."""
        self._answer("users.info")
        if user_id not in {ANA, BEA, OLA, MAX, GIL}:
            raise SlackCallError("users.info", kind=Kind.CHANNEL, code="user_not_found")
        return Account(team_id=TEAM, is_guest=user_id in self.guests)

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        """Return who is in a user group."""
        self._answer("usergroups.users.list")
        if usergroup_id not in self.groups:
            raise SlackCallError("usergroups.users.list", kind=Kind.OUR_BUG, code="no_such_subteam")
        return self.groups[usergroup_id]

    def _answer(self, method: str) -> None:
        if self.is_away:
            raise SlackCallError(method, kind=Kind.RETRY)


class Invites:
    """Carries out changes that go nowhere. Implements `bot.governance.executors.Executor`."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def channels(self, _change: Change) -> Sequence[str]:
        return ()

    def begin(self, connection: Connection, change: Change, now: object) -> None:
        """Do nothing."""

    def send(self, change: Change) -> Outcome:
        """Count it."""
        self.sent.append(change.id)
        return Outcome(State.DONE, "Docker Hub invited `bob`.", {"invitees": [{"invitee": "bob", "status": "invited"}]})

    def read_back(self, change: Change) -> None:
        """Know nothing."""

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: object) -> None:
        """Do nothing."""


class GovernedDesk(Desk):
    """Asks as somebody.

    Attributes:
        people: Slack.
        store: The database.
        roles, access, trail, governance: What commands use.
        place: Where is asked, and by whom; None: in a terminal.
    """

    def __init__(self, hub: HubSimulator, policy: Policy) -> None:
        super().__init__(hub, Credentials.from_values(), "acme")
        self.people = People()
        self.store = open_database(self.clock.now)
        self.roles = Roles(
            policy,
            self.people,
            home_team=lambda: TEAM,
            monotonic=self.clock.monotonic,
            grants=partial(read_grants, self.store),
        )
        self.access = Access(self.store, self.roles, policy)
        self.trail = Trail(self.store)
        self.invites = Invites()
        self.governance = Governance(
            self.store,
            {**access.executors(policy, self.roles.forget), "invite": self.invites},
            ApprovalPolicy(),
            role_of=self.roles.resolve_afresh,
            admins=self.roles.admins,
        )
        self.place: Place | None = Place(CHANNEL, ANA, TEAM)
        self.router = Router((commands.access.COMMAND, commands.approvals.COMMAND, commands.history.COMMAND, _HELP))
        self._asked: Invocation | None = None

    def ask(self, text: str) -> Answer:
        """Return the answer to a line typed after `/hub`."""
        self._asked = self.router.parse(text)
        return answer(self._asked, self.context())

    def context(self) -> Context:
        """Return what a command may use; the role is the one of who asks."""
        role = self.roles.resolve_afresh(Person(self.place.user_id, TEAM)) if self.place else Role.ADMIN
        return replace(
            super().context(),
            role=role,
            place=self.place,
            governance=self.governance,
            access=self.access,
            trail=self.trail,
            machine_user="root",
        )

    def as_(self, user_id: str | None) -> None:
        """Let somebody else ask from now on; None: in a terminal."""
        self.place = Place(CHANNEL, user_id, TEAM) if user_id else None

    def press(self, said: Answer, label: str, *, typed: str | None = None) -> Answer:
        """Take up what the last answer offers; whoever it is that presses.

        Args:
            said: The answer.
            label: What is on the button.
            typed: What is typed into the form that comes then; None: it is left open.
        """
        assert said.result is not None, said.failure
        offer = next(each for each in said.result.offers if each.label == label)
        assert self._asked is not None
        pressed = replace(self._asked, arguments=offer.arguments)
        found = answer(pressed, self.context())
        if typed is None:
            return found
        assert isinstance(found.failure, InputNeeded), found.document
        filled = found.failure.form.filled(offer.arguments, {"typed": typed})
        return answer(replace(pressed, arguments=filled), self.context())

    def approve(self, said: Answer, by: str) -> Change:
        """Let somebody approve what an answer says waits for it, have it done, and return it as it is then."""
        assert isinstance(said.result, ChangeResult), said.document
        assert said.result.state is State.REQUESTED, said.document
        change = self.governance.find(str(said.result.change_id))
        self.governance.decide(change.button, Person(by, TEAM), approve=True)
        self.look_after()
        return self.governance.find(change.id)

    def invite(self, who: str, *, role: str = "owner") -> Change:
        """Ask for an invitation; that of an owner needs a second person."""
        proposal = Proposal(
            kind="invite",
            action=f"invite.{role}",
            subject="acme",
            summary=f"Invite bob to acme as {role}",
            shown=("POST /v2/invites/bulk", f'{{"org": "acme", "invitees": ["bob"], "role": "{role}"}}'),
            request={"org": "acme"},
            role=Role.OPERATOR,
        )
        return self.governance.submit(proposal, Asker(who, TEAM, CHANNEL))

    def look_after(self) -> None:
        """Let what is due be done."""
        for change in self.governance.due(most=10):
            self.governance.look_after(change)


@contextmanager
def open_governed_desk(
    *, admins: frozenset[str] = frozenset({ANA}), operators: frozenset[str] = frozenset({OLA})
) -> Iterator[GovernedDesk]:
    """Yield a desk at which somebody whom the settings name an admin asks."""
    with HubSimulator(small_hub(), now=lambda: NOW) as hub:
        desk = GovernedDesk(hub, Policy(admins, operators))
        try:
            yield desk
        finally:
            desk.client.close()
            desk.store.close()


def lines(said: Answer) -> list[str]:
    """Return an answer as plain lines."""
    return spoken(said.document)
