"""A small workspace for the tests of the simulated Web API, and the Web API served over HTTP.

The bot is in `#general`, `#ops` (private) and `#partners` (Slack Connect), and knows `#random` and `#attic` (archived)
from outside. Of `#hidden` it knows nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.faults import FaultBox
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.limits import CallQuota, MessagePace
from bot.sandbox.slack.state import Conversation, ConversationKind, Person, Role, UserGroup, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.sandbox.slack.web_api import WebApi

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEAM = "T0ACME000"
BOT, ANA, BO, GUS, MEI, OLD = "U0HUBBOT0", "U0ANA0000", "U0BO00000", "U0GUS0000", "U0MEI0000", "U0OLD0000"
OTHER_BOT = "U0OTHER00"
GENERAL, RANDOM, OPS, HIDDEN, ATTIC, PARTNERS = (
    "C0GENERAL",
    "C0RANDOM0",
    "C0OPS0000",
    "C0HIDDEN0",
    "C0ATTIC00",
    "C0PARTNER",
)
PLATFORM, RETIRED = "S0PLATFRM", "S0RETIRED"
BOT_TOKEN = "xoxb-of-the-bot"
APP_TOKEN = "xapp-of-the-app"
CLIENT_SECRET = "client-secret"
BOT_SCOPES = (
    "channels:join",
    "channels:read",
    "chat:write",
    "files:read",
    "files:write",
    "groups:read",
    "im:read",
    "im:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
MANIFEST: Mapping[str, Any] = {
    "features": {"app_home": {"home_tab_enabled": True, "messages_tab_enabled": True}},
    "oauth_config": {
        "scopes": {"bot": [*BOT_SCOPES, "commands"]},
        "redirect_urls": ["https://bot.example/slack/oauth"],
    },
}


class Slack:
    """What tests hold in hand: the state behind the Web API, and ways to call it."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.state = a_workspace(clock)
        self.app = App("A0HUBBOT0", "Hub Bot", MANIFEST, BOT, "B0HUBBOT0", "signing", "1.2", CLIENT_SECRET)
        self.bot_token = self.app.add_token(BOT_TOKEN, "bot", frozenset(BOT_SCOPES))
        self.app.add_token(APP_TOKEN, "app", frozenset({"connections:write"}))
        self.unknowns = SlackUnknowns()
        self.faults = FaultBox[SlackFault]()
        self.events: list[Mapping[str, Any]] = []
        self.triggers: dict[str, str] = {}
        self.server = HttpServer(self._answer)
        self.api = WebApi(
            state=self.state,
            apps=[self.app],
            now=clock,
            unknowns=lambda: self.unknowns,
            origin=lambda: self.origin,
            publish=self.events.append,
            redeem_trigger=self._redeem,
            open_socket=lambda app: f"wss://socket.example/{app.id}",
            faults=self.faults,
            pause=self.server.pause,
            pace=MessagePace(clock, is_enabled=False),
            quota=CallQuota(clock, is_enabled=False),
        )

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/api/"

    def request(self, method: str, token: str | None = BOT_TOKEN, **arguments: Any) -> requests.Response:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return requests.post(f"{self.url}{method}", json=arguments, headers=headers, timeout=5)

    def call(self, method: str, token: str | None = BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.request(method, token, **arguments).json()
        return answer

    def error(self, method: str, token: str | None = BOT_TOKEN, **arguments: Any) -> str:
        answer = self.call(method, token, **arguments)
        assert answer["ok"] is False
        return str(answer["error"])

    def trigger(self, user_id: str) -> str:
        """Return a trigger id with which the bot may open a modal for somebody, once."""
        trigger_id = f"{len(self.triggers) + 1}.2.3"
        self.triggers[trigger_id] = user_id
        return trigger_id

    def _redeem(self, trigger_id: str) -> str:
        if trigger_id not in self.triggers:
            raise Refusal("exchanged_trigger_id")
        return self.triggers.pop(trigger_id)

    def _answer(self, request: Request) -> Answer:
        for prefix, answer in (
            ("/api/", self.api.answer),
            ("/upload/", self.api.answer_upload),
            ("/files-pri/", self.api.answer_download),
            ("/oauth/", self.api.answer_authorize),
        ):
            if request.path.startswith(prefix):
                return answer(request)
        return Answer(404)


def a_workspace(clock: SettableClock) -> WorkspaceState:
    state = WorkspaceState(team_id=TEAM, name="Acme", domain="acme", now=clock)
    state.add_person(a_person(ANA, "ana", "admin", email="ana@acme.example"))
    state.add_person(a_person(BO, "bo", "member", email="bo@acme.example"))
    state.add_person(a_person(GUS, "gus", "guest"))
    state.add_person(a_person(MEI, "mei", "stranger", team_id="T0PARTNER", email="mei@partner.example"))
    state.add_person(a_person(OLD, "old", "member", email="old@acme.example", is_deleted=True))
    state.add_person(a_person(BOT, "hubbot", "bot", app_id="A0HUBBOT0", bot_id="B0HUBBOT0"))
    state.add_person(a_person(OTHER_BOT, "other", "bot", app_id="A0OTHER00", bot_id="B0OTHER00"))
    a_channel(state, GENERAL, "general", members=(ANA, BO, BOT, GUS))
    a_channel(state, RANDOM, "random", members=(ANA,))
    a_channel(state, OPS, "ops", members=(ANA, BOT), kind="private")
    a_channel(state, HIDDEN, "hidden", members=(ANA,), kind="private")
    a_channel(state, ATTIC, "attic", members=(ANA, BOT)).is_archived = True
    a_channel(state, PARTNERS, "partners", members=(ANA, BOT, MEI), is_shared=True)
    state.usergroups[PLATFORM] = UserGroup(PLATFORM, "platform", "Platform", [ANA, BO])
    state.usergroups[RETIRED] = UserGroup(RETIRED, "retired", "Retired", [OLD], is_disabled=True)
    return state


def a_person(user_id: str, name: str, role: Role, *, team_id: str = TEAM, **more: Any) -> Person:
    return Person(user_id, name, name.title() + " Example", role, team_id, **more)


def a_channel(
    state: WorkspaceState,
    channel_id: str,
    name: str,
    *,
    members: tuple[str, ...],
    kind: ConversationKind = "public",
    is_shared: bool = False,
) -> Conversation:
    return state.add_conversation(
        name, members=members, kind=kind, conversation_id=channel_id, is_shared=is_shared, topic=f"About {name}"
    )
