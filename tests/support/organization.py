"""A desk in a Slack channel with a database, before a simulated Docker Hub whose organization `acme` has people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from pydantic import SecretStr

from bot.chat.command import Arguments, Context
from bot.chat.place import Place
from bot.chat.router import Answer, Invocation, Router, answer
from bot.governance import changes
from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Change, State
from bot.governance.roles import Person, Role
from bot.hub.auth import Credentials
from bot.organization.executing import organization_executors
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.store.base import Store
from bot.store.workspaces import HOME
from commands import invite, invites
from tests.support.databases import open_database
from tests.support.desk import NOW, Desk, ago, small_hub, spoken

CHANNEL = "C0PLATFORM"
OPERATOR, ADMIN, OTHER_ADMIN = "U0OPERATOR", "U0ADMIN", "U0ADMIN2"
TOKEN = "dckr_oat_of_the_organization_00"
SCOPES = ("scope-member-edit", "scope-invite-edit", "scope-group-read")


def acme_hub() -> HubState:
    """Return acme with an owner, two members, two teams and one pending invite."""
    state = small_hub()
    for name in ("bo", "mia", "zoe"):
        state.add_user(name, password=f"a password of {name}", joined_at=ago(days=90), email=f"{name}@acme.com")
    state.accounts["ana"].email = "ana@acme.com"
    state.add_organization_token("acme", TOKEN, SCOPES)
    acme = state.organization("acme")
    acme.members |= {"bo": "member", "mia": "editor"}
    state.add_team("acme", "web", members=("bo",))
    state.add_team("acme", "platform", members=("mia",))
    acme.invite("lena@acme.com", inviter="ana", at=ago(days=2), team="web")
    return state


class OrganizationDesk(Desk):
    """Asks for changes, and decides on them.

    Attributes:
        place: Where is asked, and by whom; None: in a terminal.
        roles: Who is what.
    """

    def __init__(self, hub: HubSimulator, credentials: Credentials, default_namespace: str | None) -> None:
        super().__init__(hub, credentials, default_namespace)
        self.router = Router((invite.COMMAND, invites.COMMAND))
        self.roles = {OPERATOR: Role.OPERATOR, ADMIN: Role.ADMIN, OTHER_ADMIN: Role.ADMIN}
        self.place: Place | None = Place(CHANNEL, OPERATOR, "T0HOME")

    @cached_property
    def store(self) -> Store:
        """The database; made for who needs it."""
        return open_database(self.clock.now)

    @cached_property
    def governance(self) -> Governance:
        """Knows the rules."""
        return Governance(
            self.store,
            organization_executors(self.client),
            ApprovalPolicy(),
            role_of=lambda person: self.roles.get(person.user_id, Role.MEMBER),
            admins=lambda: frozenset(each for each, role in self.roles.items() if role is Role.ADMIN),
        )

    def close(self) -> None:
        """Let go of everything."""
        self.client.close()
        if "store" in vars(self):
            self.store.close()

    @property
    def acme(self) -> Organization:
        """The organization at Docker Hub."""
        return self.hub.organization("acme")

    def context(self) -> Context:
        """Return what a command may use."""
        role = self.roles[self.place.user_id] if self.place else Role.ADMIN
        return replace(super().context(), role=role, place=self.place, governance=self.governance, machine_user="ops")

    def take(self, offered: Answer, *, typed: str | None = None) -> Answer:
        """Return the answer to taking up the first offer, which was kept as text meanwhile."""
        assert offered.result is not None, offered.failure
        offer = offered.result.offers[0]
        kept = offer.arguments.model_dump_json()
        arguments: Arguments = type(offer.arguments).model_validate_json(kept)
        if typed is not None:
            arguments = arguments.model_copy(update={"typed": typed})
        command = next(each for each in self.router.commands if isinstance(offer.arguments, _ARGUMENTS[each.name]))
        return answer(Invocation(command, arguments, share=False, line=command.name), self.context())

    def does(self, text: str) -> list[str]:
        """Ask for a change, agree to what is shown, and return the answer as plain lines."""
        return spoken(self.take(self.ask(text)).document)

    def last_change(self) -> Change:
        """Return the change that was asked for last."""
        with self.store.read() as connection:
            (found,) = changes.in_states(connection, HOME, list(State), most=1)
        return found

    def approve(self, change: Change, by: str = OTHER_ADMIN) -> Change:
        """Approve a change, and let the loop carry it out."""
        self.governance.decide(change.button, Person(by, "T0HOME"), approve=True)
        for each in self.governance.due(most=10):
            self.governance.look_after(each)
        return self.governance.find(change.id)

    def invitees(self) -> set[str]:
        """Return who is invited at Docker Hub."""
        return {each.invitee for each in self.acme.invites.values()}

    def writes(self) -> list[str]:
        """Return what was asked of Docker Hub that changes something, as `POST /path`."""
        asked = (f"{each.method} {each.path}" for each in self.hub.requests if each.method != "GET")
        return [each for each in asked if each != "POST /v2/auth/token"]


_ARGUMENTS: dict[str, type[Arguments]] = {
    "invite": invite.InviteArguments,
    "invites": invites.InvitesArguments,
}


@contextmanager
def open_organization_desk(
    *,
    state: HubState | None = None,
    username: str | None = "acme",
    token: str | None = TOKEN,
    password: str | None = None,
    default_namespace: str | None = "acme",
) -> Iterator[OrganizationDesk]:
    """Yield a desk of an operator, with the organization's token unless it is said otherwise."""
    credentials = Credentials.from_values(
        username=username,
        token=SecretStr(token) if token else None,
        password=SecretStr(password) if password else None,
    )
    with HubSimulator(state or acme_hub(), now=lambda: NOW) as hub:
        desk = OrganizationDesk(hub, credentials, default_namespace)
        try:
            yield desk
        finally:
            desk.close()
