"""One story of calls that any Slack can be told, and what each call was answered, in a form that can be compared."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import seed
from tests.witness.node import modal, plain

Answer = dict[str, Any]
Path = tuple[str | int, ...]

REDIRECT = "https://bot.example/slack/oauth"
POOR_TOKEN = "xoxb-that-may-only-write"
SCOPES = (
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "files:write",
    "groups:read",
    "im:read",
    "im:write",
    "team:read",
    "users:read",
    "users:read.email",
)

SECTION = {"type": "section", "block_id": "about", "text": {"type": "mrkdwn", "text": "*acme/api*"}}
NAME = {
    "type": "input",
    "block_id": "name",
    "label": plain("Name"),
    "element": {"type": "plain_text_input", "action_id": "typed"},
}
MODAL = modal([NAME], callback_id="rename", private_metadata="job 7")
HOME = {"type": "home", "blocks": [SECTION]}
METADATA = {"event_type": "job", "event_payload": {"id": "7"}}


@dataclass
class Side:
    """A Slack of its own, with the people and channels of the story in it.

    Attributes:
        url: Its origin.
        trigger: Returns a trigger of Ana's; its argument is the id of the view that is open, empty without one.
        code: Returns a code with which the app may be installed.
    """

    name: str
    url: str
    trigger: Callable[[str], str]
    code: Callable[[], str]
    names: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, token: str | None = seed.BOT_TOKEN, **arguments: Any) -> Answer:
        """Call a method, and return what was answered, be it a refusal."""
        client = WebClient(token, base_url=f"{self.url}/api/", retry_handlers=[])
        try:
            answer = client.api_call(method, params=arguments).data
        except SlackApiError as error:
            answer = error.response.data
        return answer if isinstance(answer, dict) else {"text": str(answer)}

    def meet(self) -> None:
        """Learn the ids of everybody and everything by their names."""
        people = self.call("users.list")["members"]
        channels = self.call("conversations.list", types="public_channel,private_channel")["channels"]
        self.names |= {each["name"]: each["id"] for each in [*people, *channels]}

    def __getitem__(self, name: str) -> str:
        return self.names[name]


Told = Iterator[tuple[str, Answer]]


def story(side: Side) -> Told:
    """Yield every call of the story, under a name that is its own, with its answer."""
    side.meet()
    for chapter in (who_calls, conversations, people, messages, refused_messages, views, refused_views, files, install):
        yield from chapter(side)


def who_calls(side: Side) -> Told:
    yield "auth.test", side.call("auth.test")
    yield "auth.test without a token", side.call("auth.test", token=None)
    yield "auth.test with an unknown token", side.call("auth.test", token="xoxb-unknown")
    yield "team.info", side.call("team.info")
    yield "team.info without its scope", side.call("team.info", token=POOR_TOKEN)
    yield "users.list without its scope", side.call("users.list", token=POOR_TOKEN)
    yield "an unknown method", side.call("no.such.method")


def conversations(side: Side) -> Told:
    general, deploys, crew = side["general"], side["deploys"], side["release-crew"]
    yield "conversations.list", side.call("conversations.list")
    yield "conversations.list of both kinds", side.call("conversations.list", types="public_channel,private_channel")
    first = side.call("conversations.list", limit=2)
    yield "conversations.list, first page", first
    cursor = first["response_metadata"]["next_cursor"]
    yield "conversations.list, second page", side.call("conversations.list", limit=2, cursor=cursor)
    yield "conversations.list with a bad cursor", side.call("conversations.list", limit=2, cursor="nonsense")
    yield "conversations.list of a bad kind", side.call("conversations.list", types="public")
    yield "conversations.list with a huge limit", side.call("conversations.list", limit=1_001)
    yield "conversations.info", side.call("conversations.info", channel=deploys)
    yield "conversations.info with a count", side.call("conversations.info", channel=deploys, include_num_members=True)
    yield "conversations.info of a private channel", side.call("conversations.info", channel=crew)
    yield "conversations.info of nothing", side.call("conversations.info", channel="C0NOWHERE0")
    yield "conversations.info without a channel", side.call("conversations.info")
    yield "conversations.members", side.call("conversations.members", channel=deploys)
    yield "conversations.members of nothing", side.call("conversations.members", channel="C0NOWHERE0")
    yield "conversations.join", side.call("conversations.join", channel=general)
    yield "conversations.join again", side.call("conversations.join", channel=general)
    yield "conversations.join of a private channel", side.call("conversations.join", channel=crew)
    yield "conversations.join of an archived channel", side.call("conversations.join", channel=side["attic"])
    yield "conversations.join of nothing", side.call("conversations.join", channel="C0NOWHERE0")
    opened = side.call("conversations.open", users=side["ana"])
    yield "conversations.open", opened
    direct = opened["channel"]["id"]
    yield "conversations.open again", side.call("conversations.open", users=side["ana"])
    yield "conversations.open in full", side.call("conversations.open", channel=direct, return_im=True)
    yield "conversations.open of a channel", side.call("conversations.open", channel=deploys)
    yield "conversations.open with nobody", side.call("conversations.open")
    yield "conversations.open with an unknown person", side.call("conversations.open", users="U0NOBODY00")
    yield "conversations.info of a direct message", side.call("conversations.info", channel=direct)


def people(side: Side) -> Told:
    yield "users.list", side.call("users.list")
    first = side.call("users.list", limit=2)
    yield "users.list, first page", first
    cursor = first["response_metadata"]["next_cursor"]
    yield "users.list, second page", side.call("users.list", limit=2, cursor=cursor)
    yield "users.info", side.call("users.info", user=side["ana"])
    yield "users.info of the bot", side.call("users.info", user=seed.BOT_USER)
    yield "users.info of nobody", side.call("users.info", user="U0NOBODY00")
    yield "users.info without a user", side.call("users.info")
    yield "users.lookupByEmail", side.call("users.lookupByEmail", email="ana@acme.example")
    yield "users.lookupByEmail of nobody", side.call("users.lookupByEmail", email="nobody@acme.example")


def messages(side: Side) -> Told:
    deploys = side["deploys"]
    posted = side.call("chat.postMessage", channel=deploys, text="Hello")
    yield "chat.postMessage", posted
    ts = posted["ts"]
    rich = {"channel": deploys, "text": "In short", "blocks": [SECTION], "metadata": METADATA}
    yield "chat.postMessage of blocks", side.call("chat.postMessage", **json_of(rich))
    yield "chat.postMessage by name", side.call("chat.postMessage", channel="deploys", text="Hello")
    yield "chat.postMessage to a person", side.call("chat.postMessage", channel=side["ana"], text="Hello")
    yield "chat.postMessage to a private channel", side.call("chat.postMessage", channel=side["release-crew"], text="x")
    yield "chat.postMessage of a reply", side.call("chat.postMessage", channel=deploys, text="Reply", thread_ts=ts)
    yield "chat.postMessage of a long text", side.call("chat.postMessage", channel=deploys, text="x" * 40_001)
    yield "chat.getPermalink", side.call("chat.getPermalink", channel=deploys, message_ts=ts)
    yield "chat.postEphemeral", side.call("chat.postEphemeral", channel=deploys, user=side["mia"], text="You")
    blocks = json_of({"blocks": [SECTION]})
    yield "chat.update", side.call("chat.update", channel=deploys, ts=ts, text="Changed")
    yield "chat.update with blocks", side.call("chat.update", channel=deploys, ts=ts, text="Changed", **blocks)
    yield "chat.delete", side.call("chat.delete", channel=deploys, ts=ts)
    yield "chat.delete again", side.call("chat.delete", channel=deploys, ts=ts)
    yield "chat.update of a deleted message", side.call("chat.update", channel=deploys, ts=ts, text="x")
    yield "chat.getPermalink of a deleted message", side.call("chat.getPermalink", channel=deploys, message_ts=ts)


def refused_messages(side: Side) -> Told:
    deploys, post = side["deploys"], "chat.postMessage"
    yield "chat.postMessage without a token", side.call(post, token=None, channel=deploys, text="x")
    yield "chat.postMessage without a channel", side.call(post, text="x")
    yield "chat.postMessage to nowhere", side.call(post, channel="C0NOWHERE0", text="x")
    yield "chat.postMessage of nothing", side.call(post, channel=deploys)
    yield "chat.postMessage to an archived channel", side.call(post, channel=side["attic"], text="x")
    yield "chat.postMessage where the bot is not", side.call(post, channel=side["random"], text="x")
    yield "chat.postMessage to a channel that it cannot see", side.call(post, channel=side["hidden"], text="x")
    yield "chat.postMessage of blocks that are no JSON", side.call(post, channel=deploys, text="x", blocks="[{")
    yield "chat.postMessage of blocks that are no list", side.call(post, channel=deploys, text="x", blocks="{}")
    bad = json_of({"blocks": [{"type": "section"}]})
    yield "chat.postMessage of a bad block", side.call(post, channel=deploys, text="x", **bad)
    yield "chat.postMessage of bad metadata", side.call(post, channel=deploys, text="x", metadata="[1]")
    yield "chat.postMessage into a bad thread", side.call(post, channel=deploys, text="x", thread_ts="nonsense")
    ephemeral = "chat.postEphemeral"
    yield "chat.postEphemeral without a user", side.call(ephemeral, channel=deploys, text="x")
    yield (
        "chat.postEphemeral to somebody elsewhere",
        side.call(ephemeral, channel=deploys, user=seed.BOT_USER, text="x"),
    )
    yield "chat.postEphemeral to nobody", side.call(ephemeral, channel=deploys, user="U0NOBODY00", text="x")
    ts = side.call(post, channel=deploys, text="Mine")["ts"]
    yield "chat.update with a text too long", side.call("chat.update", channel=deploys, ts=ts, text="x" * 4_001)
    yield "chat.update with nothing", side.call("chat.update", channel=deploys, ts=ts)
    yield "chat.update without a ts", side.call("chat.update", channel=deploys, text="x")
    yield "chat.update elsewhere", side.call("chat.update", channel="C0NOWHERE0", ts=ts, text="x")
    yield "chat.delete without a ts", side.call("chat.delete", channel=deploys)


def views(side: Side) -> Told:
    opened = side.call("views.open", trigger_id=side.trigger(""), **json_of({"view": MODAL}))
    yield "views.open", opened
    view = opened["view"]
    pushed = side.call("views.push", trigger_id=side.trigger(view["id"]), **json_of({"view": MODAL}))
    yield "views.push", pushed
    top = pushed["view"]
    changed = json_of({"view": {**MODAL, "external_id": "mine"}})
    yield "views.update", side.call("views.update", view_id=top["id"], hash=top["hash"], **changed)
    yield "views.update by external id", side.call("views.update", external_id="mine", **changed)
    yield "views.update with an old hash", side.call("views.update", view_id=top["id"], hash=top["hash"], **changed)
    third = side.call("views.push", trigger_id=side.trigger(top["id"]), **json_of({"view": MODAL}))
    yield "views.push of the third", third
    trigger = side.trigger(third["view"]["id"])
    yield "views.push of the fourth", side.call("views.push", trigger_id=trigger, **json_of({"view": MODAL}))
    home = json_of({"view": HOME})
    published = side.call("views.publish", user_id=side["ana"], **home)
    yield "views.publish", published
    old = published["view"]["hash"]
    yield "views.publish again", side.call("views.publish", user_id=side["ana"], hash=old, **home)
    yield "views.publish with an old hash", side.call("views.publish", user_id=side["ana"], hash=old, **home)


def refused_views(side: Side) -> Told:
    view, home, bad = (json_of({"view": each}) for each in (MODAL, HOME, {**MODAL, "blocks": [{"type": "section"}]}))
    used = side.trigger("")
    side.call("views.open", trigger_id=used, **view)
    yield "views.open with a used trigger", side.call("views.open", trigger_id=used, **view)
    yield "views.open with an unknown trigger", side.call("views.open", trigger_id="1.2.abc", **view)
    yield "views.open without a trigger", side.call("views.open", **view)
    yield "views.open without a view", side.call("views.open", trigger_id=side.trigger(""))
    yield "views.open of a Home", side.call("views.open", trigger_id=side.trigger(""), **home)
    yield "views.open of a bad block", side.call("views.open", trigger_id=side.trigger(""), **bad)
    yield "views.update of nothing", side.call("views.update", view_id="V0NOTHING0", **view)
    yield "views.update without an id", side.call("views.update", **view)
    yield "views.publish of a modal", side.call("views.publish", user_id=side["ana"], **view)
    yield "views.publish for nobody", side.call("views.publish", user_id="U0NOBODY00", **home)
    yield "views.publish without a user", side.call("views.publish", **home)
    external = json_of({"view": {**MODAL, "external_id": "taken"}})
    first = side.call("views.open", trigger_id=side.trigger(""), **external)["view"]["id"]
    again = side.call("views.push", trigger_id=side.trigger(first), **external)
    yield "views.push of an external id that is taken", again


def files(side: Side) -> Told:
    deploys = side["deploys"]
    address = side.call("files.getUploadURLExternal", filename="a.csv", length=4)
    yield "files.getUploadURLExternal", address
    early = json_of({"files": [{"id": address["file_id"]}]})
    yield "files.completeUploadExternal before the bytes", side.call("files.completeUploadExternal", **early)
    sent = requests.post(address["upload_url"], data=b"a,b\n", timeout=5)
    yield "the bytes of a file", {"ok": sent.ok, "status": sent.status_code}
    done = json_of({"files": [{"id": address["file_id"], "title": "A"}]})
    completed = side.call("files.completeUploadExternal", channel_id=deploys, initial_comment="Here", **done)
    yield "files.completeUploadExternal", completed
    yield "files.completeUploadExternal again", side.call("files.completeUploadExternal", channel_id=deploys, **done)
    yield "files.completeUploadExternal of nothing", side.call("files.completeUploadExternal")
    unknown = json_of({"files": [{"id": "F0UNKNOWN0"}]})
    yield "files.completeUploadExternal of an unknown file", side.call("files.completeUploadExternal", **unknown)
    yield "files.getUploadURLExternal without a name", side.call("files.getUploadURLExternal", length=4)
    yield "files.getUploadURLExternal of nothing", side.call("files.getUploadURLExternal", filename="a.csv", length=0)


def install(side: Side) -> Told:
    access = "oauth.v2.access"
    client = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET, "redirect_uri": REDIRECT}
    code = side.code()
    yield "oauth.v2.access by a stranger", side.call(access, token=None, **client | {"client_id": "9.9"}, code=code)
    wrong = client | {"client_secret": "wrong"}
    yield "oauth.v2.access with a wrong secret", side.call(access, token=None, **wrong, code=code)
    yield "oauth.v2.access with an unknown code", side.call(access, token=None, **client, code="unknown")
    yield "oauth.v2.access", side.call(access, token=None, **client, code=code)
    yield "oauth.v2.access again", side.call(access, token=None, **client, code=code)
    other = client | {"redirect_uri": "https://bot.example/other"}
    yield "oauth.v2.access from elsewhere", side.call(access, token=None, **other, code=side.code())


def json_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as a form holds them: structures as JSON."""
    return {name: json.dumps(each) if isinstance(each, (dict, list)) else each for name, each in arguments.items()}


# What can be compared

VOLATILE = (
    (re.compile(r"\d{10}\.\d{6}"), "<ts>"),
    (re.compile(r"xoxb-\S+"), "<token>"),
    (re.compile(r"(?<=/p)\d{16}"), "<ts>"),
    (re.compile(r"\b[BCDFUV][A-Z0-9]{8,}\b"), "<id>"),
)
HASHES = {"hash", "next_cursor", "block_id", "action_id"}
FIRST_TIME = 1_000_000_000
LONGEST = 60


def outcome(answer: Answer) -> str:
    """Return `ok`, or the name of the error."""
    return "ok" if answer.get("ok") else str(answer.get("error", "no answer that Slack would give"))


def normal_form(answer: Answer, side: Side) -> dict[Path, str]:
    """Return everything in an answer by its path, without what is different every time."""
    return {path: normal_leaf(path, leaf, side) for path, leaf in leaves(answer, ())}


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield everything that is no object or list with something in it."""
    if not isinstance(value, (dict, list)) or not value:
        yield path, value
        return
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(each, (*path, name))


def normal_leaf(path: Path, leaf: Any, side: Side) -> str:
    if isinstance(leaf, int) and leaf > FIRST_TIME:
        return "<time>"
    if leaf and path[-1] in HASHES:
        return "<made up>"
    text = leaf if isinstance(leaf, str) and leaf else json.dumps(leaf)
    for each, name in ((side.url, "origin"), *((each, name) for name, each in side.names.items())):
        text = text.replace(each, f"<{name}>")
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
