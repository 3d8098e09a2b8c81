"""Slack's own client for Node before the simulated Web API: what it sends is understood, and what it reads is there.

npm `@slack/web-api`; errors are those of its documentation, https://docs.slack.dev/tools/node-slack-sdk/web-api.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bot.sandbox.slack import seed
from bot.sandbox.slack.api.methods import METHODS
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from tests.witness.node import NodeProgram, modal, node, plain

SECTION = {"type": "section", "block_id": "about", "text": {"type": "mrkdwn", "text": "*acme/api* — 1,200 pulls"}}
NAME = {
    "type": "input",
    "block_id": "name",
    "label": plain("Name"),
    "element": {"type": "plain_text_input", "action_id": "typed"},
}
MODAL = modal([NAME])
HOME = {"type": "home", "blocks": [SECTION]}
REDIRECT = "https://bot.example/slack/oauth"


class Client:
    """The client in its process, before one simulator."""

    def __init__(self, program: NodeProgram, slack: SlackSimulator) -> None:
        self._program = program
        self._slack = slack

    def told(self, method: str, token: str | None = seed.BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
        line = {"url": self._slack.api_url, "token": token, "method": method, "arguments": arguments}
        return self._program.ask(line)

    def call(self, method: str, token: str | None = seed.BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
        told = self.told(method, token, **arguments)
        assert "answer" in told, told
        answer: dict[str, Any] = told["answer"]
        return answer

    def error(self, method: str, token: str | None = seed.BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
        told = self.told(method, token, **arguments)
        assert "error" in told, told
        error: dict[str, Any] = told["error"]
        return error

    def pages(self, method: str, **arguments: Any) -> list[dict[str, Any]]:
        line = {"url": self._slack.api_url, "token": seed.BOT_TOKEN, "paginate": method, "arguments": arguments}
        pages: list[dict[str, Any]] = self._program.ask(line)["pages"]
        return pages


@pytest.fixture(scope="module")
def program() -> Iterator[NodeProgram]:
    with node("slack_web_api.mjs") as program:
        yield program


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    manifest = seed.manifest_for(None)
    manifest["oauth_config"]["redirect_urls"] = [REDIRECT]
    manifest["oauth_config"]["scopes"]["bot"] += ["team:read", "mpim:read"]
    with SlackSimulator(app=seed.hub_bot(manifest)) as slack:
        yield slack


@pytest.fixture
def client(program: NodeProgram, slack: SlackSimulator) -> Client:
    slack.pace.is_enabled = False
    return Client(program, slack)


def trigger(slack: SlackSimulator) -> str:
    """Return a trigger of Mia's; what she asked for reaches nobody, for no socket is open."""
    payload = slack.acting_as(seed.MIA).runs_shortcut("look_up").payload
    assert payload is not None
    return str(payload["trigger_id"])


def oauth_code(slack: SlackSimulator) -> str:
    query = {"client_id": seed.CLIENT_ID, "scope": "chat:write", "redirect_uri": REDIRECT}
    answer = requests.get(f"{slack.url}/oauth/v2/authorize", params=query, allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_client_calls_every_method_by_its_own_name_for_it(slack: SlackSimulator, client: Client) -> None:
    ts = client.call("chat.postMessage", channel=seed.DEPLOYS, text="x")["ts"]
    view = client.call("views.open", trigger_id=trigger(slack), view=MODAL)["view"]
    upload = {"channel_id": seed.DEPLOYS, "content": "a,b\n", "filename": "a.csv"}
    code = {"code": oauth_code(slack), "redirect_uri": REDIRECT}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("api.test", {"foo": "bar"}),
        ("auth.test", {}),
        ("team.info", {}),
        ("chat.update", {"channel": seed.DEPLOYS, "ts": ts, "text": "y", "blocks": [SECTION]}),
        ("chat.getPermalink", {"channel": seed.DEPLOYS, "message_ts": ts}),
        ("chat.postEphemeral", {"channel": seed.DEPLOYS, "user": seed.MIA, "text": "x"}),
        ("chat.delete", {"channel": seed.DEPLOYS, "ts": ts}),
        ("views.push", {"trigger_id": trigger(slack), "view": MODAL}),
        ("views.update", {"view_id": view["id"], "hash": view["hash"], "view": MODAL}),
        ("views.publish", {"user_id": seed.MIA, "view": HOME}),
        ("conversations.info", {"channel": seed.DEPLOYS, "include_num_members": True}),
        ("conversations.list", {"types": "public_channel,private_channel,im,mpim", "exclude_archived": True}),
        ("conversations.members", {"channel": seed.DEPLOYS}),
        ("conversations.join", {"channel": seed.RANDOM}),
        ("conversations.open", {"users": seed.MIA, "return_im": True}),
        ("users.info", {"user": seed.MIA, "include_locale": True}),
        ("users.list", {}),
        ("users.lookupByEmail", {"email": "mia@acme.example"}),
        ("usergroups.list", {"include_users": True, "include_count": True}),
        ("usergroups.users.list", {"usergroup": seed.PLATFORM}),
        ("files.uploadV2", upload),
        ("blocks.validate", {"blocks": [SECTION]}),
        ("apps.connections.open", {"token": seed.APP_TOKEN}),
        ("oauth.v2.access", {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET, **code}),
        ("auth.revoke", {"test": True}),
    ]

    told = {method: client.told(method, **arguments) for method, arguments in calls}

    assert {method for method, answer in told.items() if not answer.get("is_named")} == set(), told
    assert all(answer["answer"]["ok"] for answer in told.values())
    assert {call.method for call in slack.calls} == set(METHODS)


def test_client_posts_changes_and_deletes_blocks(slack: SlackSimulator, client: Client) -> None:
    words = "Größe & <http://x.example|x> +1% “ok” 🐳\n=?"
    metadata = {"event_type": "job", "event_payload": {"id": "7"}}

    posted = client.call("chat.postMessage", channel=seed.DEPLOYS, text=words, blocks=[SECTION], metadata=metadata)
    message = slack.state.message(seed.DEPLOYS, posted["ts"])
    assert message is not None
    assert (message.text, message.blocks, message.metadata) == (words, [SECTION], metadata)
    assert (posted["message"]["blocks"], posted["message"]["bot_profile"]["app_id"]) == ([SECTION], seed.APP_ID)

    updated = client.call("chat.update", channel=seed.DEPLOYS, ts=posted["ts"], text="Done")
    assert (message.text, message.blocks) == ("Done", [])
    assert (updated["text"], updated["ts"]) == ("Done", posted["ts"])

    client.call("chat.delete", channel=seed.DEPLOYS, ts=posted["ts"])
    assert slack.state.message(seed.DEPLOYS, posted["ts"]) is None


def test_client_posts_into_threads_and_for_one_person(slack: SlackSimulator, client: Client) -> None:
    parent = client.call("chat.postMessage", channel=seed.DEPLOYS, text="Start")["ts"]

    client.call("chat.postMessage", channel=seed.DEPLOYS, text="Step", thread_ts=parent, reply_broadcast=True)
    ephemeral = client.call("chat.postEphemeral", channel=seed.DEPLOYS, user=seed.GUS, text="You", blocks=[SECTION])

    assert [(each.text, each.is_broadcast) for each in slack.state.replies(seed.DEPLOYS, parent)] == [("Step", True)]
    shown = slack.state.message(seed.DEPLOYS, ephemeral["message_ts"])
    assert shown is not None
    assert (shown.ephemeral_for, shown.blocks) == (seed.GUS, [SECTION])


def test_client_opens_pushes_and_updates_views(slack: SlackSimulator, client: Client) -> None:
    opened = client.call("views.open", trigger_id=trigger(slack), view=MODAL)["view"]
    pushed = client.call("views.push", trigger_id=trigger(slack), view=modal([SECTION], external_id="second"))["view"]
    updated = client.call("views.update", external_id="second", hash=pushed["hash"], view=MODAL)["view"]
    late = client.error("views.update", view_id=pushed["id"], hash=pushed["hash"], view=MODAL)

    assert (pushed["previous_view_id"], pushed["root_view_id"]) == (opened["id"], opened["id"])
    assert updated["id"] == pushed["id"]
    assert updated["hash"] != pushed["hash"]
    assert late["data"]["error"] == "hash_conflict"
    assert [view.payload["blocks"] for view in slack.state.stacks[seed.MIA]] == [[NAME], [NAME]]


def test_client_publishes_a_home(slack: SlackSimulator, client: Client) -> None:
    first = client.call("views.publish", user_id=seed.MIA, view=HOME)["view"]
    second = client.call("views.publish", user_id=seed.MIA, view=HOME, hash=first["hash"])["view"]

    assert second["id"] == first["id"]
    assert slack.state.homes[seed.APP_ID, seed.MIA].payload["blocks"] == [SECTION]


def test_client_walks_through_all_pages(slack: SlackSimulator, client: Client) -> None:
    people = client.pages("users.list", limit=2)
    channels = client.pages("conversations.list", limit=2, types="public_channel,private_channel")
    members = client.pages("conversations.members", limit=1, channel=seed.DEPLOYS)

    assert [len(page["members"]) for page in people] == [2, 2, 2]
    assert len({person["id"] for page in people for person in page["members"]}) == 6
    assert {channel["id"] for page in channels for channel in page["channels"]} == set(slack.state.conversations)
    assert {user for page in members for user in page["members"]} == slack.state.conversations[seed.DEPLOYS].members
    assert people[-1]["response_metadata"]["next_cursor"] == ""


def test_client_finds_people_and_groups(client: Client) -> None:
    guest = client.call("users.info", user=seed.GUS)["user"]
    unknown = client.error("users.lookupByEmail", email="nobody@acme.example")

    assert (guest["is_restricted"], guest["tz"], guest["tz_offset"]) == (True, "Asia/Kolkata", 19_800)
    assert client.call("users.lookupByEmail", email="ANA@acme.example")["user"]["id"] == seed.ANA
    assert unknown["data"]["error"] == "users_not_found"
    assert client.call("usergroups.users.list", usergroup=seed.PLATFORM)["users"] == [seed.OMAR]


def test_client_joins_channels_and_opens_direct_messages(slack: SlackSimulator, client: Client) -> None:
    assert client.call("conversations.join", channel=seed.RANDOM)["channel"]["is_member"] is True
    again = client.call("conversations.join", channel=seed.RANDOM)
    first = client.call("conversations.open", users=seed.MIA)
    second = client.call("conversations.open", users=seed.MIA, return_im=True)

    assert again["response_metadata"]["warnings"] == ["already_in_channel"]
    assert (second["already_open"], second["channel"]["id"]) == (True, first["channel"]["id"])
    assert second["channel"]["user"] == seed.MIA
    assert slack.state.conversations[first["channel"]["id"]].members == {seed.MIA, seed.BOT_USER}


def test_client_uploads_several_files_for_one_message(slack: SlackSimulator, client: Client) -> None:
    """It sends the bytes as a form with the client's own `body` field, not raw."""
    files = [{"content": "Grüße\n", "filename": "a.txt", "title": "A"}, {"content": "\x00b", "filename": "b.bin"}]
    before = len(slack.state.messages(seed.DEPLOYS))

    job = client.call("files.uploadV2", channel_id=seed.DEPLOYS, initial_comment="Two", file_uploads=files)["files"][0]

    first, second = job["files"]
    (message,) = slack.state.messages(seed.DEPLOYS)[before:]
    assert (message.text, message.files) == ("Two", (first["id"], second["id"]))
    assert slack.state.files[first["id"]].content == "Grüße\n".encode()
    assert (slack.state.files[second["id"]].content, first["title"]) == (b"\x00b", "A")


def test_client_installs_over_oauth(slack: SlackSimulator, client: Client) -> None:
    given = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET, "redirect_uri": REDIRECT}
    code = oauth_code(slack)

    installed = client.call("oauth.v2.access", token=None, **given, code=code)
    again = client.error("oauth.v2.access", token=None, **given, code=code)

    assert client.call("auth.test", token=installed["access_token"])["bot_id"] == seed.BOT_ID
    assert (installed["token_type"], installed["team"]["id"]) == ("bot", seed.TEAM_ID)
    assert again["data"]["error"] == "code_already_used"


def test_client_validates_blocks_without_a_token(client: Client) -> None:
    error = client.error("blocks.validate", token=None, blocks=[{"type": "section"}])

    assert client.call("blocks.validate", token=None, view=MODAL)["ok"] is True
    assert client.call("blocks.validate", token=None, message={"text": "x", "blocks": [SECTION]})["ok"] is True
    assert error["data"]["error"] == "invalid_blocks"
    assert error["data"]["errors"][0]["code"] == "failed_constraint"


def test_client_knows_a_rate_limit_and_when_to_return(slack: SlackSimulator, client: Client) -> None:
    slack.pace.is_enabled = True
    client.call("chat.postMessage", channel=seed.DEPLOYS, text="1")
    slack.faults.add(SlackFault(kind="rate_limited", method="users.info", retry_after_seconds=17))

    post = client.error("chat.postMessage", channel=seed.DEPLOYS, text="2")
    read = client.error("users.info", user=seed.MIA)

    assert (post["name"], post["code"]) == ("WebAPIRateLimitedError", "slack_webapi_rate_limited_error")
    assert (post["retryAfter"], read["retryAfter"]) == (1, 17)


def test_client_reads_the_scopes_from_the_headers(slack: SlackSimulator, client: Client) -> None:
    slack.app.bot_token.scopes = frozenset({"chat:write", "users:read"})

    answered = client.call("users.info", user=seed.MIA)
    refused = client.error("conversations.list")

    assert answered["response_metadata"] == {"scopes": ["chat:write", "users:read"], "acceptedScopes": ["users:read"]}
    assert refused["data"]["error"] == "missing_scope"
    assert refused["data"]["provided"] == "chat:write,users:read"
    assert "channels:read" in refused["data"]["needed"].split(",")


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": seed.ATTIC, "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": seed.DEPLOYS}, "no_text"),
        ("chat.postMessage", {"channel": seed.DEPLOYS, "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": seed.DEPLOYS, "text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ("chat.update", {"channel": seed.DEPLOYS, "ts": "1.000000", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": seed.DEPLOYS, "ts": "1.000000", "text": "x" * 4_001}, "msg_too_long"),
        ("chat.postEphemeral", {"channel": seed.DEPLOYS, "user": seed.STEF, "text": "x"}, "user_not_in_channel"),
        ("conversations.join", {"channel": seed.CREW}, "method_not_supported_for_channel_type"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.list", {"limit": 2, "cursor": "nonsense"}, "invalid_cursor"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("views.open", {"trigger_id": "1.2.3", "view": MODAL}, "invalid_trigger_id"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
        ("no.such.method", {}, "unknown_method"),
    ],
)
def test_client_understands_each_refusal(client: Client, method: str, arguments: dict[str, Any], error: str) -> None:
    refusal = client.error(method, **arguments)

    assert (refusal["name"], refusal["code"]) == ("WebAPIPlatformError", "slack_webapi_platform_error")
    assert (refusal["data"]["ok"], refusal["data"]["error"]) == (False, error)


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-nobody-s", "invalid_auth")])
def test_client_understands_that_its_token_is_no_good(client: Client, token: str | None, error: str) -> None:
    assert client.error("auth.test", token=token)["data"]["error"] == error


def test_client_understands_that_it_was_thrown_out(slack: SlackSimulator, client: Client) -> None:
    slack.revoke_token()
    revoked = client.error("auth.test")["data"]["error"]
    slack.uninstall()

    assert (revoked, client.error("auth.test")["data"]["error"]) == ("token_revoked", "account_inactive")


def test_client_tells_what_is_wrong_with_blocks(client: Client) -> None:
    long = {"type": "section", "text": plain("x" * 3_001)}

    data = client.error("chat.postMessage", channel=seed.DEPLOYS, text="x", blocks=[SECTION, long])["data"]

    assert data["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    ]


@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        (SlackFault(kind="unavailable"), "WebAPIHTTPError", {"statusCode": 503}),
        (SlackFault(kind="unavailable", status=500, form="json"), "WebAPIHTTPError", {"statusCode": 500}),
        (SlackFault(kind="reset"), "WebAPIRequestError", {"code": "slack_webapi_request_error"}),
        (SlackFault(kind="refused", error="fatal_error"), "WebAPIPlatformError", {}),
        (SlackFault(kind="not_json"), "WebAPIPlatformError", {}),
    ],
)
def test_client_tells_failures_apart(
    slack: SlackSimulator, client: Client, fault: SlackFault, name: str, told: dict[str, Any]
) -> None:
    slack.faults.add(fault)

    error = client.error("auth.test")

    assert {"name": error["name"], **{key: error[key] for key in told}} == {"name": name, **told}


def test_client_loses_the_answer_to_a_post_that_was_accepted(slack: SlackSimulator, client: Client) -> None:
    slack.faults.add(SlackFault(kind="reset", after="after_accepting", method="chat.postMessage"))

    error = client.error("chat.postMessage", channel=seed.DEPLOYS, text="Once")

    assert error["name"] == "WebAPIRequestError"
    assert [each.text for each in slack.state.messages(seed.DEPLOYS)].count("Once") == 1


def test_client_meets_an_answer_that_breaks_off(slack: SlackSimulator, client: Client) -> None:
    slack.faults.add(SlackFault(kind="truncated", method="users.list"))

    assert client.error("users.list")["message"] == "terminated"
