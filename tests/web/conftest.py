"""The bot as Slack sees it: real server, real threads, in a simulated workspace. Nothing is patched."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import click
import pytest
import requests
from pydantic import Field as Number
from pydantic import SecretStr

from bot.chat.command import AnyCommand, Arguments, Command, Context, Group, Offer, Result
from bot.chat.forms import Choice, Field, FieldKind, Form, InputNeeded
from bot.chat.router import Router
from bot.clock import SystemClock
from bot.document import Column, Document, Paragraph, Table, line
from bot.errors import NotFoundError
from bot.governance.governance import Governance
from bot.governance.roles import Policy, Role, Roles
from bot.hub.client import HubClient
from bot.progress import Progress
from bot.pushes.channels import Channels
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Submitted, Typed
from bot.sandbox.slack.signing import signature
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message, View
from bot.slack.client import SlackClient
from bot.slack.response_url import ResponseUrls
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.web.front import Sizes, SlackFront
from bot.web.health import Health
from bot.web.home import HomePage
from bot.web.home_team import HomeTeam
from bot.web.payloads import FORM_INPUT, FORM_VIEW
from bot.web.routes import build_routes
from bot.web.server import WebServer
from tests.support.slack import acme, buttons_of, install, is_answered, said
from tests.support.waiting import wait_until

MEMBER, OPERATOR, ADMIN = seed.MIA, seed.OMAR, seed.ANA
NAMED = Policy(admins=frozenset({ADMIN}), operators=frozenset({OPERATOR}))
QUICK = Sizes(backoff_seconds=0.001)
HASTY = Sizes(working_after_seconds=0.05, progress_after_seconds=(0.05, 0.1, 0.15), backoff_seconds=0.001)
"""Says "Working…" nearly at once."""
FORM = Form(
    title="Write",
    fields=(Field("text", "What to write", hint="As you like.", kind=FieldKind.TEXT),),
    submit="Write it",
)
SETUP_FORM = Form(
    title="Set up builds",
    fields=(
        Field(
            "provider",
            "Who builds",
            kind=FieldKind.CHOICE,
            choices=(Choice("github", "GitHub Actions"), Choice("gitlab", "GitLab")),
            initial="github",
        ),
        Field("branch", "Branch", is_optional=True),
        Field("seconds", "Patience", hint="In seconds.", initial="10"),
        Field("token", "Token", kind=FieldKind.SECRET),
    ),
)


REFUSED_TOKEN = "glptt-refused-0123456789"


class Words(Arguments):
    words: tuple[str, ...] = ()
    text: str | None = None
    is_agreed: bool = False
    provider: str = ""
    branch: str = "main"
    seconds: float = Number(default=0.0, le=60.0)
    token: SecretStr | None = None


class Said(Result):
    document: Document


@dataclass
class Hands:
    """What the commands of the tests do, and wait for."""

    ran: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    waits: threading.Event = field(default_factory=threading.Event)
    seconds: float = 0.0

    def say(self, arguments: Words, _: Context) -> Said:
        self.ran.append(" ".join(arguments.words))
        return Said(document=Document(f"said {' '.join(arguments.words)}", (Paragraph(line("That is all.")),)))

    def wait(self, arguments: Words, context: Context) -> Said:
        context.progress("first of <two> steps")
        self.waits.set()
        assert self.gate.wait(5)
        return self.say(arguments, context)

    def count(self, arguments: Words, context: Context) -> Said:
        for step in range(100):
            context.progress(Progress(step, 100, "steps done"))
            if self.gate.wait(0.01):
                break
        assert self.gate.wait(5)
        return self.say(arguments, context)

    def nap(self, arguments: Words, context: Context) -> Said:
        time.sleep(self.seconds)
        return self.say(arguments, context)

    def crash(self, _: Words, __: Context) -> Said:
        raise RuntimeError("a bug")

    def miss(self, _: Words, __: Context) -> Said:
        raise NotFoundError("acme/none", credential="the PAT of acme-bot")

    def write(self, arguments: Words, context: Context) -> Said:
        if "slowly" in arguments.words:
            self.wait(arguments, context)
        if arguments.text is None:
            raise InputNeeded(FORM)
        if "thoughtfully" in arguments.words:
            assert self.gate.wait(5)
        self.ran.append(arguments.text)
        return Said(document=Document("written", (Paragraph(line(arguments.text)),)))

    def plan(self, arguments: Words, context: Context) -> Said:
        if not arguments.is_agreed:
            agreed = arguments.model_copy(update={"is_agreed": True})
            return Said(document=Document("planned"), offers=(Offer(label="Apply", arguments=agreed),))
        if "typed" in arguments.words and arguments.text is None:
            raise InputNeeded(FORM)
        if "badly" in arguments.words:
            return self.miss(arguments, context)
        if "slowly" in arguments.words:
            return self.wait(arguments, context)
        self.ran.append(arguments.text or "applied")
        return Said(document=Document("done"))

    def setup(self, arguments: Words, context: Context) -> Said:
        """Ask for four things; the token is refused once, as by somebody outside who was asked about it."""
        if arguments.token is None:
            raise InputNeeded(SETUP_FORM)
        token = arguments.token.get_secret_value()
        if token == REFUSED_TOKEN:
            typed = {"provider": arguments.provider, "branch": arguments.branch, "seconds": str(arguments.seconds)}
            raise InputNeeded(SETUP_FORM.again(typed), {"token": "GitLab does not know it."})
        if "offered" in arguments.words and not arguments.is_agreed:
            agreed = arguments.model_copy(update={"is_agreed": True})
            return Said(document=Document("set up?"), offers=(Offer(label="Apply", arguments=agreed),))
        self.tokens.append(token)
        self.ran.append(f"{arguments.provider} {arguments.branch} {arguments.seconds:g}")
        return Said(document=Document("set up"))

    def rows(self, arguments: Words, _: Context) -> Said:
        rows = tuple((f"=1.{number}",) for number in range(int(arguments.words[0])))
        table = Table("Tags of acme/api", (Column("Tag"),), rows)
        return Said(document=Document("", (table,)))


def commands(hands: Hands) -> list[AnyCommand]:
    """Return a few tiny commands."""

    def make(
        name: str,
        run: Callable[[Words, Context], Said],
        *,
        role: Role = Role.MEMBER,
        can_share: bool = True,
        can_offer: bool = False,
    ) -> Command[Words, Said]:
        return Command(
            name=name,
            group=Group.LOOK,
            summary=f"Test {name}",
            role=role,
            parameters=(click.Argument(["words"], nargs=-1),),
            parse=lambda values: Words(words=values["words"]),
            run=run,
            render=lambda result: result.document,
            examples=((f"{name} hello", "does it"),),
            can_share=can_share,
            can_offer=can_offer,
            role_of=lambda arguments: Role.OPERATOR if arguments.is_agreed else role,
        )

    return [
        make("help", hands.say, role=Role.STRANGER, can_share=False),
        make("say", hands.say),
        make("wait", hands.wait),
        make("count", hands.count),
        make("nap", hands.nap),
        make("crash", hands.crash),
        make("miss", hands.miss),
        make("rows", hands.rows),
        make("write", hands.write),
        make("setup", hands.setup, can_offer=True),
        make("plan", hands.plan, can_offer=True),
        make("inspect", hands.say),
        make("tags", hands.say),
        make("change", hands.say, role=Role.OPERATOR, can_share=False),
        make("rule", hands.say, role=Role.ADMIN, can_share=False),
    ]


@dataclass
class Bot:
    """A running bot, and the ways Slack talks to it."""

    slack: SlackSimulator
    hands: Hands
    router: Router
    front: SlackFront
    origin: str
    store: Store

    def post(self, body: str, **headers: str) -> requests.Response:
        """Send a signed request made by hand; headers given here replace those that would be right."""
        timestamp = headers.get("timestamp", str(int(time.time())))
        signature = headers.get("signature", sign(body, timestamp))
        return requests.post(
            f"{self.origin}/slack/events",
            data=body.encode(),
            headers={"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature},
            timeout=10,
        )

    def command(self, text: str, *, user: str = MEMBER, channel: str = seed.GENERAL) -> Typed:
        """Let somebody type a command, and return what came of it at once."""
        return self.slack.acting_as(user).types(channel, f"/hub {text}")

    def asked(self, text: str, *, user: str = MEMBER, channel: str = seed.GENERAL) -> Message:
        """Let somebody type a command, and return the answer."""
        return self.answer_to(self.command(text, user=user, channel=channel))

    def answer_to(self, typed: Typed) -> Message:
        """Return the answer to a command that was taken in; the bot said nothing else in that channel since."""
        assert typed.payload is not None
        assert typed.outcome is not None
        assert (typed.outcome.is_accepted, typed.outcome.body) == (True, b"")
        wait_until(lambda: is_answered(self.slack, typed))
        return said(self.slack, typed.payload["channel_id"])[-1]

    def press(self, message: Message, *, user: str = MEMBER, label: str = "") -> str:
        """Let somebody press a button of a message; return the response URL that the bot got for that.

        Args:
            message: The message.
            user: Who.
            label: What is on the button; empty for the only one.
        """
        (button,) = (each for each in buttons_of(message) if label in {"", each["text"]["text"]})
        clicked = self.slack.acting_as(user).clicks(message.channel, message.ts, button["action_id"])
        assert clicked.is_ok
        assert clicked.payload is not None
        return str(clicked.payload["response_url"])

    def view_of(self, user: str = MEMBER) -> View | None:
        """Return the modal that somebody sees."""
        return next(iter(self.slack.state.stacks.get(user, [])), None)

    def form(self, text: str, *, user: str = MEMBER, channel: str = seed.GENERAL) -> View:
        """Let somebody type a command that opens a form, and return that."""
        self.command(text, user=user, channel=channel)
        return self.opened_form(user)

    def opened_form(self, user: str = MEMBER, *, after: View | None = None) -> View:
        """Return the form that opens before somebody, instead of another one or of none."""
        wait_until(lambda: self.view_of(user) not in (None, after))
        view = self.view_of(user)
        assert view is not None
        return view

    def submit(self, view: View, text: str = "", *, user: str = MEMBER, **values: str) -> Submitted:
        """Let somebody put a text into a form, or several things into its fields, and send it."""
        held = put_in(values or {"text": text})
        return self.slack.acting_as(user).submits(view.id, held)

    def mention(
        self, text: str, *, user: str = MEMBER, channel: str = seed.GENERAL, thread_ts: str | None = None
    ) -> Message:
        """Let somebody mention the bot in a channel, and return what they wrote."""
        line = self.slack.acting_as(user).types(channel, f"@hub {text}", thread_ts=thread_ts).line
        assert line is not None
        return line


def dumps(value: Any) -> str:
    return json.dumps(value)


def sign(body: str, timestamp: str) -> str:
    return signature(seed.SIGNING_SECRET, timestamp, body.encode())


# What Slack might send, made by hand: for requests that nobody in the workspace can provoke.


def slash(text: str, url: str, *, user: str = MEMBER, channel: str = seed.GENERAL) -> dict[str, str]:
    return {
        "command": "/hub",
        "text": text,
        "response_url": url,
        "trigger_id": "1.2.3",
        "user_id": user,
        "team_id": seed.TEAM_ID,
        "channel_id": channel,
        "api_app_id": seed.APP_ID,
    }


def click_on(button: Mapping[str, Any], url: str, *, user: str, channel: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": seed.TEAM_ID},
        "team": {"id": seed.TEAM_ID},
        "channel": {"id": channel},
        "response_url": url,
        "actions": [{"type": "button", "action_id": button["action_id"], "value": button["value"]}],
    }


def put_in(values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the inputs of a form hold; `provider` is a menu."""
    return {
        name: {FORM_INPUT: {"selected_option": {"value": value}} if name == "provider" else {"value": value}}
        for name, value in values.items()
    }


def filled_form(metadata: str, text: str = "", *, user: str = MEMBER, **view: Any) -> dict[str, Any]:
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": seed.TEAM_ID},
        "team": {"id": seed.TEAM_ID},
        "trigger_id": "1.2.3",
        "view": {
            "type": "modal",
            "callback_id": FORM_VIEW,
            "private_metadata": metadata,
            "state": {"values": put_in({"text": text})},
            **view,
        },
    }


def app_mention(
    text: str, *, event_id: str = "Ev1", user: str = MEMBER, channel: str = seed.GENERAL, **event: Any
) -> dict[str, Any]:
    """Return an event that does not say whether the channel is shared with another organization."""
    return {
        "type": "event_callback",
        "event_id": event_id,
        "team_id": seed.TEAM_ID,
        "authorizations": [{"user_id": seed.BOT_USER}],
        "event": {
            "type": "app_mention",
            "user": user,
            "text": f"<@{seed.BOT_USER}> {text}",
            "channel": channel,
            "ts": "1763700000.000100",
            **event,
        },
    }


@contextmanager
def running_bot(
    slack: SlackSimulator,
    *,
    sizes: Sizes = QUICK,
    has_private_data: bool = True,
    uses_socket_mode: bool = False,
    store: Store | None = None,
    channels: Channels | None = None,
    make_governance: Callable[[Roles], Governance] | None = None,
    home: HomePage | None = None,
) -> Iterator[Bot]:
    """Run the bot on this machine, in a simulated workspace, which calls it over HTTP unless told otherwise.

    Args:
        slack: The workspace.
        sizes: How much is taken on at once.
        has_private_data: Whether answers may be private.
        uses_socket_mode: Whether somebody else connects to Slack.
        store: The database, which outlives the bot; None for one of its own.
        channels: Opens and mutes channels.
        make_governance: Makes what decides on requests.
        home: Says what the Home tab shows.
    """
    own = contextlib.closing(open_store("sqlite://")) if store is None else contextlib.nullcontext(store)
    with own as kept:
        if store is None:
            upgrade(kept)
        with _running_bot(
            slack,
            kept,
            sizes,
            channels=channels,
            make_governance=make_governance,
            home=home,
            has_private_data=has_private_data,
        ) as bot:
            if not uses_socket_mode:
                install(slack, bot.origin)
            yield bot


@contextmanager
def _running_bot(
    slack: SlackSimulator,
    store: Store,
    sizes: Sizes,
    *,
    channels: Channels | None,
    make_governance: Callable[[Roles], Governance] | None,
    home: HomePage | None,
    has_private_data: bool,
) -> Iterator[Bot]:
    clock = SystemClock()
    hands = Hands()
    router = Router(commands(hands))
    client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
    roles = Roles(NAMED, client, home_team=HomeTeam(client), monotonic=clock.monotonic)
    front = SlackFront(
        router=router,
        roles=roles,
        policy=NAMED,
        client=client,
        urls=ResponseUrls(slack.api_url, timeout_seconds=2),
        make_context=lambda role, progress, place: Context(
            hub=cast("HubClient", None), clock=clock, role=role, progress=progress, place=place
        ),
        has_private_data=has_private_data,
        clock=clock,
        store=store,
        channels=channels,
        governance=make_governance(roles) if make_governance else None,
        home=home,
        sizes=sizes,
    )
    health = Health(front.checks(), clock)
    health.start()
    server = WebServer(build_routes(health, front.http(seed.SIGNING_SECRET)), "127.0.0.1", 0)
    server.start()
    try:
        yield Bot(slack, hands, router, front, f"http://127.0.0.1:{server.port}", store)
    finally:
        hands.gate.set()
        server.stop()
        health.stop()
        front.stop()


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    with acme() as slack:
        yield slack


@pytest.fixture
def bot(slack: SlackSimulator) -> Iterator[Bot]:
    with running_bot(slack) as bot:
        yield bot


@pytest.fixture
def hasty_bot(slack: SlackSimulator) -> Iterator[Bot]:
    with running_bot(slack, sizes=HASTY) as bot:
        yield bot
