"""A desk with everything: the real parts, put together as the bot does, between simulated services on one frozen clock.

Anybody asks anything anywhere; what an answer offers, and what a form asks for, goes through the same JSON as in the
bot; `run` does what its loops would do meanwhile. Only Slack's requests and their acknowledgements are left out.
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from rich.console import Console

from bot.assembly import assemble, build_doctor
from bot.builds.following import Follower
from bot.builds.writers import WRITERS as BUILD_WRITERS
from bot.chat.command import Context
from bot.chat.forms import Form, InputNeeded
from bot.chat.place import Place
from bot.chat.router import Answer, Invocation, answer
from bot.clock import FrozenClock
from bot.configuration import parse
from bot.digest.closed import tell_owners
from bot.digest.loop import DigestLoop
from bot.digest.writers import WRITERS as DIGEST_WRITERS
from bot.doctor.examination import Doctor
from bot.governance import changes
from bot.governance.cards import APPROVE_ACTION, REJECT_ACTION, ApprovalWriter
from bot.governance.cards import KIND as APPROVAL
from bot.governance.loop import ChangeLoop
from bot.governance.proposals import Change, State
from bot.governance.roles import Person, Role
from bot.hub.auth import Credentials
from bot.jobs.loop import JobLoop
from bot.jobs.writers import STOP_ACTION
from bot.jobs.writers import WRITERS as JOB_WRITERS
from bot.outbox import lanes
from bot.outbox.notes import KIND as NOTE
from bot.outbox.notes import NoteWriter
from bot.outbox.worker import LaneWorker
from bot.outbox.writers import Writer
from bot.pushes.engine import WRITERS as PUSH_WRITERS
from bot.sandbox.builders.github import TOKEN as GITHUB_TOKEN
from bot.sandbox.builders.github import GitHubSimulator
from bot.sandbox.hub.builds import LATEST, BuildRule
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.store.base import Store
from bot.store.workspaces import HOME
from bot.terminal import WIDTH_WITHOUT_TERMINAL, Terminal
from bot.web.assignment import Assignment
from bot.web.audience import Audience, Audiences
from bot.web.deciding import Deciding
from bot.web.keeping import Keeping
from bot.web.payloads import Click
from bot.web.rights import Rights
from tests.support.databases import open_database
from tests.support.desk import NOW, Desk, spoken
from tests.support.organization import SCOPES, TOKEN, acme_hub
from tests.support.slack import acme, buttons_of, direct_message, said

ADMIN, OPERATOR, MEMBER, GUEST = seed.ANA, seed.OMAR, seed.MIA, seed.GUS
HERE, PARTNER = seed.GENERAL, seed.PARTNER
TRIGGER_URL, GITHUB_URL = "TRIGGER_URL", "GITHUB_URL"
"""Stand in a configuration for what is known only once everything runs."""
BY_DOCKER_HUB = f'[[builds]]\nrepository = "acme/api"\nprovider = "docker-hub"\nsecret = "{TRIGGER_URL}"\n'
BY_GITHUB = (
    '[[builds]]\nrepository = "acme/api"\nprovider = "github"\nproject = "acme/api"\nworkflow = "build.yml"\n'
    f'branch = "main"\nurl = "{GITHUB_URL}"\nsecret = "{GITHUB_TOKEN}"\n'
)
# A key of tests alone.
SECRET_KEY = "dGhlIHNlY3JldCBrZXkgb2YgdGhlIHRlc3RzIDAwMDE="


@dataclass(frozen=True, kw_only=True)
class Asked(Answer):
    """An answer, and to what.

    Attributes:
        invocation: What was asked.
        place: By whom and where; None: in a terminal.
    """

    invocation: Invocation
    place: Place | None

    @property
    def lines(self) -> list[str]:
        """What it says, as plain lines."""
        return spoken(self.document)

    @property
    def question(self) -> InputNeeded:
        """What it asks for."""
        assert isinstance(self.failure, InputNeeded), self.lines
        return self.failure

    @property
    def form(self) -> Form:
        """The form of that."""
        return self.question.form

    @property
    def offers(self) -> list[str]:
        """What can be pressed."""
        return [offer.label for offer in self.result.offers] if self.result else []


class WholeDesk(Desk):
    """Asks, presses and fills in, as anybody.

    Attributes:
        slack: The simulated Slack.
        store: The database.
        parts: What commands use.
        settings: What the bot was told from outside.
        github: The simulated GitHub, which has a workflow for acme/api; None unless it was asked for.
    """

    def __init__(
        self,
        hub: HubSimulator,
        slack: SlackSimulator,
        store: Store,
        clock: FrozenClock,
        *,
        settings: Settings,
        file: str,
    ) -> None:
        self.github: GitHubSimulator | None = None
        credentials = Credentials.from_values(username=settings.dockerhub_username, token=settings.dockerhub_token)
        super().__init__(hub, credentials, "acme", clock)
        self.slack = slack
        self.store = store
        self.settings = settings
        self.slack_client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=5)
        self.parts = assemble(settings, parse(file), store, self.client, self.slack_client, clock=clock)
        self.keeping = Keeping(self.router)
        self.rights = Rights(self.parts.roles, self.parts.policy)
        self._audiences = Audiences(self.slack_client, has_private_data=settings.has_dockerhub_credential)
        self._changes = ChangeLoop(self.parts.governance)
        self._follower = Follower(store, self.parts.patient_builds, self.client)
        self._jobs = JobLoop(store, self.parts.jobs.kinds, clock)
        self._digests = DigestLoop(
            store,
            self.parts.digests.knowledge,
            is_read_outside=lambda channel: self._audiences.of(channel) is Audience.OTHERS,
        )
        own: dict[str, Writer] = {APPROVAL: ApprovalWriter(), NOTE: NoteWriter()}
        writers = {**PUSH_WRITERS, **BUILD_WRITERS, **JOB_WRITERS, **DIGEST_WRITERS, **own}
        self._worker = LaneWorker(store, self.slack_client, writers, clock, on_suspended=tell_owners, draw=lambda: 0.0)

    def ask(self, text: str, *, by: str | None = ADMIN, channel: str = HERE) -> Asked:
        """Return the answer to a line typed after `/hub`.

        Args:
            text: The line.
            by: Who types it; None: whoever sits at a terminal.
            channel: Where.

        Raises:
            NotAllowedError: They may not.
            UsageError: It is not understood.
        """
        return self._run(self.router.parse(text), Place(channel, by, seed.TEAM_ID) if by else None)

    def take(self, asked: Asked, label: str | None = None) -> Asked:
        """Return the answer to pressing a button of an answer: that of a label, else the first."""
        assert asked.result is not None, asked.lines
        offer = next(each for each in asked.result.offers if label in {None, each.label})
        return self._run(self._kept(replace(asked.invocation, arguments=offer.arguments), asked.place), asked.place)

    def fill(self, asked: Asked, **values: str) -> Asked:
        """Return the answer to filling in the form that was asked for; what is not said stays as it was shown.

        Raises:
            FormProblemsError: It cannot be taken, which is said beside the fields.
        """
        shown = {field.name: field.initial for field in asked.form.fields}
        assert values.keys() <= shown.keys()
        kept = self._kept(asked.invocation, asked.place)
        filled = replace(kept, arguments=asked.form.filled(kept.arguments, {**shown, **values}))
        return self._run(filled, asked.place)

    def in_terminal(self, text: str, *, typed: str = "", as_json: bool = False) -> tuple[int, list[str], list[str]]:
        """Return exit status, output and errors of a command in a terminal where nobody answers questions."""
        output, errors = io.StringIO(), io.StringIO()
        terminal = Terminal(self.router, output=_console(output), errors=_console(errors), source=io.StringIO(typed))
        status = terminal.run(text, self.context_at(None), as_json=as_json)
        return status, output.getvalue().splitlines(), errors.getvalue().splitlines()

    def decide(self, *, by: str, approve: bool = True, channel: str | None = None) -> str:
        """Press a button of the newest card that somebody sees; return what they are told, empty: nothing.

        Args:
            by: Who presses.
            approve: Or reject.
            channel: Where the card is; None: in their direct messages.
        """
        where = channel or direct_message(self.slack, by).id
        action = APPROVE_ACTION if approve else REJECT_ACTION
        cards = [message for message in said(self.slack, where) if buttons_of(message)]
        button = next(each for each in buttons_of(cards[-1]) if each["action_id"] == action)
        return self.press(button["value"], by=by, approve=approve)

    def press(self, value: str, *, by: str, approve: bool = True) -> str:
        """Press a button that carries a value, wherever it is from; return what is told, empty: nothing."""
        action = APPROVE_ACTION if approve else REJECT_ACTION
        person = Person(user_id=by, team_id=seed.TEAM_ID)
        told = Deciding(self.parts.governance, self.rights).decide(
            Click(action, value, person, channel_id=HERE, response_url=None)
        )
        return told.message.text if told else ""

    def stop_job(self, job_id: str, *, by: str) -> str:
        """Press the button that stops a job; return what is told, empty: nothing."""
        person = Person(user_id=by, team_id=seed.TEAM_ID)
        click = Click(STOP_ACTION, job_id, person, channel_id=HERE, response_url=None)
        told = Deciding(self.parts.governance, self.rights, self.parts.jobs).decide(click)
        return told.message.text if told else ""

    def run(self, seconds: float = 5.0, *, step: float = 1.0) -> None:
        """Let time go by, and do what the bot does meanwhile."""
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while True:
            self._changes.step()
            self._digests.step()
            while not self._follower.step():
                pass
            while not self._jobs.step():
                pass
            self._deliver()
            if self.clock.now() >= ends_at:
                return
            self.clock.advance(step)

    def changes(self) -> list[Change]:
        """Return every change, newest first."""
        with self.store.read() as connection:
            return list(changes.in_states(connection, HOME, tuple(State), most=100))

    def messages(self, channel: str = HERE) -> list[Message]:
        """Return what the bot said in a channel, in no thread, oldest first."""
        return [message for message in said(self.slack, channel) if not message.is_reply]

    def replies(self, channel: str = HERE) -> list[str]:
        """Return what the bot said in threads of a channel, oldest first."""
        return [message.text for message in said(self.slack, channel) if message.is_reply]

    def told(self, user: str) -> list[str]:
        """Return what the bot told somebody directly, oldest first."""
        return [message.text for message in said(self.slack, direct_message(self.slack, user).id)]

    def asked_slack(self, method: str, about: str) -> list[str]:
        """Return about whom Slack was asked by a method, by the name of its argument."""
        return [str(call.arguments[about]) for call in self.slack.calls_to(method)]

    def triggered(self) -> list[object]:
        """Return the bodies of the triggers that Docker Hub got, as JSON; None for none."""
        calls = [each for each in self.hub.requests if "/trigger/" in each.path]
        return [json.loads(each.body) if each.body else None for each in calls]

    def context(self) -> Context:
        """Return what a command may use, for an admin."""
        return self.context_at(Place(HERE, ADMIN, seed.TEAM_ID))

    def context_at(self, place: Place | None, role: Role = Role.ADMIN) -> Context:
        """Return what a command may use somewhere."""
        parts = self.parts
        return replace(
            super().context(),
            role=role,
            place=place,
            pushes=parts.pushes,
            governance=parts.governance,
            builds=parts.builds,
            access=parts.access,
            trail=parts.trail,
            stale_rules=parts.stale_rules,
            stale_images=parts.stale_images,
            fleet=parts.fleet,
            vulnerabilities=parts.vulnerabilities,
            digests=parts.digests,
            own_namespaces=self.settings.own_namespaces,
            jobs=parts.jobs,
            doctor=self._doctor,
            kept_back_from=lambda channel: self._audiences.of(channel).value,
            machine_user="ops",
        )

    @cached_property
    def _doctor(self) -> Doctor:
        return build_doctor(self.settings, self._opened, self.slack_client, self.clock)

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        yield self.store

    def _run(self, invocation: Invocation, place: Place | None) -> Asked:
        role = Role.ADMIN
        if place:
            role = self.rights.check(Person(place.user_id, place.team_id), invocation.role, invocation.title)
        found = answer(invocation, self.context_at(place, role))
        return Asked(**vars(found), invocation=invocation, place=place)

    def _kept(self, invocation: Invocation, place: Place | None) -> Invocation:
        """Return what a button or a form stands for, as it comes back from the database."""
        if place is None:
            return invocation
        person = Person(place.user_id, place.team_id)
        assignment = Assignment(invocation, person, place.channel, received_at=0.0, is_public=False)
        written = json.dumps(self.keeping.written(assignment))
        return self.keeping.read(json.loads(written), person).invocation

    def _deliver(self) -> None:
        while True:
            leases = self.store.write(
                lambda connection: lanes.claim(connection, self.clock.now(), at_most=100, without=())
            )
            for lease in leases:
                self._worker.serve(lease)
            if not leases:
                return


@contextmanager
def open_whole_desk(
    *,
    file: str = "",
    state: HubState | None = None,
    admins: tuple[str, ...] = (ADMIN,),
    operators: tuple[str, ...] = (OPERATOR,),
    environment: Mapping[str, str] | None = None,
    has_github: bool = False,
    store: Store | None = None,
) -> Iterator[WholeDesk]:
    """Yield a desk before acme, which Docker Hub builds; nobody has said so yet, unless the file does.

    Args:
        file: What the configuration file says.
        state: What there is at Docker Hub; None: acme with its people.
        admins: Whom the settings name as admins.
        operators: Likewise.
        environment: Further settings; an empty value takes one away.
        has_github: Whether there is a GitHub that may be called, with a workflow for acme/api.
        store: The database, whose time is `NOW`; None: one in memory.
    """
    clock = FrozenClock(NOW)
    with ExitStack() as resources:
        hub = resources.enter_context(HubSimulator(state or built_hub(), now=clock.now))
        slack = resources.enter_context(acme(clock.now))
        github = resources.enter_context(make_github(clock)) if has_github else None
        names = {TRIGGER_URL: hub.build_trigger("acme/api"), GITHUB_URL: github.url if github else ""}
        for name, url in names.items():
            file = file.replace(name, url)
        settings = Settings.from_environment(
            {
                "SLACK_BOT_TOKEN": seed.BOT_TOKEN,
                "SLACK_SIGNING_SECRET": seed.SIGNING_SECRET,
                "SLACK_API_URL": slack.api_url,
                "DOCKERHUB_URL": hub.url,
                "DOCKER_REGISTRY_URL": hub.url,
                "DOCKER_AUTH_URL": hub.url,
                "DOCKERHUB_USERNAME": "acme",
                "DOCKERHUB_TOKEN": TOKEN,
                "HUB_BOT_DATABASE_URL": "sqlite://",
                "HUB_BOT_ADMINS": ",".join(admins),
                "HUB_BOT_OPERATORS": ",".join(operators),
                "HUB_BOT_SECRET_KEY": SECRET_KEY,
                "HUB_BOT_ALLOWED_HOSTS": github.url.removeprefix("http://") if github else "",
                **(environment or {}),
            }
        )
        if store is None:
            store = open_database(clock.now)
            resources.callback(store.close)
        desk = WholeDesk(hub, slack, store, clock, settings=settings, file=file)
        desk.github = github
        resources.callback(desk.client.close)
        yield desk


def make_github(clock: FrozenClock) -> GitHubSimulator:
    """Return a GitHub with a workflow for acme/api and a token that may start it."""
    github = GitHubSimulator(now=clock.now)
    github.add_workflow("acme/api", inputs=["tag"])
    github.add_token()
    return github


def built_hub() -> HubState:
    """Return acme with its people, and with a token that may do everything the bot does; Docker Hub builds acme/api."""
    state = acme_hub()
    state.add_organization_token(
        "acme", TOKEN, (*SCOPES, "scope-repository-read", "scope-repository-list", "scope-tag-read")
    )
    # The private one, which shows that the list leaves nothing out, has no images yet.
    vault = state.repository("acme/vault")
    vault.tags, vault.pushed_at = {}, None
    rules = (LATEST, BuildRule("Branch", "develop", "edge"), BuildRule("Tag", "v1.4", "1.4"))
    state.automate("acme/api", rules=rules)
    return state


def _console(file: io.StringIO) -> Console:
    return Console(file=file, width=WIDTH_WITHOUT_TERMINAL, markup=False, emoji=False, highlight=False)
