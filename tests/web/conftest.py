"""The bot as Slack sees it: real server, real threads, a fake Slack beside it. Nothing is patched."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import click
import pytest
import requests
from slack_sdk.signature import SignatureVerifier

from bot.chat.command import AnyCommand, Arguments, Command, Context, Group, Result
from bot.chat.router import Router
from bot.clock import SystemClock
from bot.document import Column, Document, Paragraph, Table, line
from bot.errors import NotFoundError
from bot.governance.roles import Policy, Role, Roles
from bot.hub.client import HubClient
from bot.slack.client import SlackClient
from bot.slack.response_url import ResponseUrls
from bot.web.front import Sizes, SlackFront
from bot.web.health import Health
from bot.web.home_team import HomeTeam
from bot.web.routes import build_routes
from bot.web.server import WebServer
from tests.support.fake_slack import BOT_USER, TEAM, TOKEN, FakeSlack, ResponseUrl, fake_slack

SECRET = "signing-secret-of-the-tests"
MEMBER, OPERATOR, ADMIN = "U0MEMBER", "U0OPERATOR", "U0ADMIN"
NAMED = Policy(admins=frozenset({ADMIN}), operators=frozenset({OPERATOR}))
QUICK = Sizes(backoff_seconds=0.001)
HASTY = Sizes(working_after_seconds=0.05, backoff_seconds=0.001)
"""Says "Working…" nearly at once."""


class Words(Arguments):
    words: tuple[str, ...] = ()


class Said(Result):
    document: Document


@dataclass
class Hands:
    """What the commands of the tests do, and wait for."""

    ran: list[str] = field(default_factory=list)
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

    def nap(self, arguments: Words, context: Context) -> Said:
        time.sleep(self.seconds)
        return self.say(arguments, context)

    def crash(self, _: Words, __: Context) -> Said:
        raise RuntimeError("a bug")

    def miss(self, _: Words, __: Context) -> Said:
        raise NotFoundError("acme/none", credential="the PAT of acme-bot")

    def rows(self, _: Words, __: Context) -> Said:
        table = Table("Tags of acme/api", (Column("Tag"),), tuple((f"=1.{number}",) for number in range(300)))
        return Said(document=Document("", (table,)))


def commands(hands: Hands) -> list[AnyCommand]:
    """Return a few tiny commands."""

    def make(
        name: str, run: Callable[[Words, Context], Said], *, role: Role = Role.MEMBER, can_share: bool = True
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
        )

    return [
        make("help", hands.say, role=Role.STRANGER, can_share=False),
        make("say", hands.say),
        make("wait", hands.wait),
        make("nap", hands.nap),
        make("crash", hands.crash),
        make("miss", hands.miss),
        make("rows", hands.rows),
        make("change", hands.say, role=Role.OPERATOR, can_share=False),
        make("rule", hands.say, role=Role.ADMIN, can_share=False),
    ]


@dataclass
class Bot:
    """A running bot, and the ways Slack talks to it."""

    slack: FakeSlack
    hands: Hands
    roles: Roles
    front: SlackFront
    origin: str

    def post(self, body: str, **headers: str) -> requests.Response:
        """Send a signed request; headers given here replace those that would be right."""
        timestamp = headers.get("timestamp", str(int(time.time())))
        signature = headers.get("signature", sign(body, timestamp))
        return requests.post(
            f"{self.origin}/slack/events",
            data=body.encode(),
            headers={"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature},
            timeout=10,
        )

    def command(
        self, text: str, *, user: str = MEMBER, channel: str = "C0OURS", url: ResponseUrl | None = None
    ) -> tuple[requests.Response, ResponseUrl]:
        """Type a command; return the acknowledgement and where the answer goes."""
        url = url or self.slack.response_url()
        return self.post(urlencode(slash(text, url, user=user, channel=channel))), url

    def asked(self, text: str, *, user: str = MEMBER, channel: str = "C0OURS") -> ResponseUrl:
        """Type a command and wait for something to be seen."""
        acknowledgement, url = self.command(text, user=user, channel=channel)
        assert (acknowledgement.status_code, acknowledgement.text) == (200, "")
        self.slack.wait_until(lambda: url.shown)
        return url

    def press(
        self,
        button: Mapping[str, Any],
        *,
        user: str = MEMBER,
        channel: str = "C0OURS",
        url: ResponseUrl | None = None,
    ) -> ResponseUrl:
        """Press a button; return where the outcome goes."""
        url = url or self.slack.response_url(is_of_button=True)
        assert self.post(urlencode({"payload": dumps(click_on(button, url, user=user, channel=channel))})).ok
        return url

    def mention(self, text: str, **fields: Any) -> requests.Response:
        """Mention the bot in a channel."""
        return self.post(dumps(app_mention(text, **fields)))


def dumps(value: Any) -> str:
    return json.dumps(value)


def sign(body: str, timestamp: str) -> str:
    return cast("str", SignatureVerifier(SECRET).generate_signature(timestamp=timestamp, body=body))


def slash(text: str, url: ResponseUrl, *, user: str = MEMBER, channel: str = "C0OURS") -> dict[str, str]:
    return {
        "command": "/hub",
        "text": text,
        "response_url": url.address,
        "trigger_id": "1.2.3",
        "user_id": user,
        "team_id": TEAM,
        "channel_id": channel,
        "api_app_id": "A0",
    }


def click_on(button: Mapping[str, Any], url: ResponseUrl, *, user: str, channel: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "channel": {"id": channel},
        "response_url": url.address,
        "actions": [{"type": "button", "action_id": button["action_id"], "value": button["value"]}],
    }


def app_mention(
    text: str,
    *,
    event_id: str = "Ev1",
    user: str = MEMBER,
    channel: str = "C0OURS",
    thread_ts: str | None = None,
    **event: Any,
) -> dict[str, Any]:
    thread = {"thread_ts": thread_ts} if thread_ts else {}
    return {
        "type": "event_callback",
        "event_id": event_id,
        "team_id": TEAM,
        "authorizations": [{"user_id": BOT_USER}],
        "event": {
            "type": "app_mention",
            "user": user,
            "text": f"<@{BOT_USER}> {text}",
            "channel": channel,
            "ts": "100.1",
            **thread,
            **event,
        },
    }


def wait_for(is_so: Callable[[], object]) -> None:
    """Return when it is so."""
    deadline = time.monotonic() + 3
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def button_of(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the only button there is."""
    buttons = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    assert len(buttons) == 1
    return dict(buttons[0])


@contextmanager
def running_bot(
    slack: FakeSlack, *, policy: Policy = NAMED, sizes: Sizes = QUICK, has_private_data: bool = True
) -> Iterator[Bot]:
    """Run the bot on this machine, against a fake Slack."""
    clock = SystemClock()
    hands = Hands()
    client = SlackClient(TOKEN, slack.api_url, timeout_seconds=2)
    roles = Roles(policy, client, home_team=HomeTeam(client), monotonic=clock.monotonic)
    front = SlackFront(
        router=Router(commands(hands)),
        roles=roles,
        policy=policy,
        client=client,
        urls=ResponseUrls(slack.api_url, timeout_seconds=2),
        make_context=lambda role, progress: Context(
            hub=cast("HubClient", None), clock=clock, role=role, progress=progress
        ),
        has_private_data=has_private_data,
        clock=clock,
        sizes=sizes,
    )
    health = Health(front.checks(), clock)
    health.start()
    server = WebServer(build_routes(health, front.http(SECRET)), "127.0.0.1", 0)
    server.start()
    try:
        yield Bot(slack, hands, roles, front, f"http://127.0.0.1:{server.port}")
    finally:
        hands.gate.set()
        server.stop()
        health.stop()
        front.stop()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as slack:
        yield slack


@pytest.fixture
def bot(slack: FakeSlack) -> Iterator[Bot]:
    with running_bot(slack) as bot:
        yield bot


@pytest.fixture
def hasty_bot(slack: FakeSlack) -> Iterator[Bot]:
    with running_bot(slack, sizes=HASTY) as bot:
        yield bot
