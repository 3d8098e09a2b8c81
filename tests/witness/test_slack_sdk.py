"""Slack's own software for Python before the simulated Slack: what the tests beside the simulator leave out.

PyPI `slack-sdk` and `slack-bolt`. Their Web API client, webhooks, and Bolt's handling of requests are tried in
`tests/sandbox/slack`; here are failures, retries, signatures, several sockets, models, and a whole installation.
"""

import logging
import time
from collections.abc import Callable, Iterator
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.oauth.oauth_flow import OAuthFlow
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.models.blocks import Block, SectionBlock
from slack_sdk.models.views import View
from slack_sdk.oauth.installation_store.file import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import SlackResponse

from bot.sandbox.clock import SettableClock, utc_now
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from tests.sandbox.slack.receiver import Receiver, acme_with, receiving
from tests.support.waiting import wait_until
from tests.witness.node import modal, plain

REDIRECT = "https://bot.example/slack/oauth_redirect"
BUTTON: dict[str, Any] = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "acme/api"}
BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "block_id": "head", "text": plain("acme/api")},
    {"type": "section", "block_id": "about", "text": {"type": "mrkdwn", "text": "*1,200* pulls"}, "accessory": BUTTON},
    {"type": "actions", "block_id": "acts", "elements": [BUTTON]},
]


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    with SlackSimulator() as slack:
        slack.pace.is_enabled = False
        yield slack


def client_of(slack: SlackSimulator, **options: Any) -> WebClient:
    logger = logging.getLogger("tests.witness.slack_sdk")
    logger.setLevel(logging.CRITICAL)
    return WebClient(seed.BOT_TOKEN, base_url=slack.api_url, logger=logger, **{"retry_handlers": [], **options})


def post(client: WebClient) -> SlackResponse:
    return client.chat_postMessage(channel=seed.DEPLOYS, text="Once", blocks=BLOCKS)


def posted(slack: SlackSimulator) -> int:
    return [message.text for message in slack.state.messages(seed.DEPLOYS)].count("Once")


# Failures


@pytest.mark.parametrize(
    ("fault", "error", "count"),
    [
        (SlackFault(kind="refused", error="internal_error"), SlackApiError, 0),
        (SlackFault(kind="rate_limited"), SlackApiError, 0),
        (SlackFault(kind="unavailable"), SlackApiError, 0),
        (SlackFault(kind="unavailable", status=500, form="json"), SlackApiError, 0),
        (SlackFault(kind="not_json"), SlackApiError, 0),
        (SlackFault(kind="reset"), ConnectionResetError, 0),
        (SlackFault(kind="reset", after="after_accepting"), ConnectionResetError, 1),
        (SlackFault(kind="truncated"), IncompleteRead, 1),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_client_raises_an_error_of_its_own_for_each_failure(
    slack: SlackSimulator, fault: SlackFault, error: type[Exception], count: int
) -> None:
    slack.faults.add(fault)

    with pytest.raises(error):
        post(client_of(slack))

    assert posted(slack) == count


def test_client_gives_up_on_an_answer_that_is_late_and_the_message_is_posted_all_the_same(
    slack: SlackSimulator,
) -> None:
    slack.faults.add(SlackFault(kind="slow", seconds=0.15, times=1))

    with pytest.raises(TimeoutError):
        post(client_of(slack, timeout=0.05))

    wait_until(lambda: posted(slack) == 1)


def test_client_tries_again_after_a_server_error(slack: SlackSimulator) -> None:
    at_once = FixedValueRetryIntervalCalculator(0.0)
    slack.faults.add(SlackFault(kind="unavailable", times=1))

    assert post(client_of(slack, retry_handlers=[ServerErrorRetryHandler(1, at_once)]))["ok"]

    assert posted(slack) == 1


def test_client_waits_as_long_as_it_is_told(slack: SlackSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    slack.faults.add(SlackFault(kind="rate_limited", retry_after_seconds=7, times=1))

    assert post(client_of(slack, retry_handlers=[RateLimitErrorRetryHandler()]))["ok"]

    # The client adds up to a second of its own.
    assert [int(wait) for wait in waits] == [7]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda client: client.chat_postMessage(channel="C0NOWHERE", text="x"), "channel_not_found"),
        (lambda client: client.chat_postMessage(channel=seed.ATTIC, text="x"), "is_archived"),
        (lambda client: client.chat_update(channel=seed.DEPLOYS, ts="1.000000", text="x"), "message_not_found"),
        (lambda client: client.views_open(trigger_id="1.2.3", view=modal([])), "invalid_trigger_id"),
        (lambda client: client.users_lookupByEmail(email="nobody@acme.example"), "users_not_found"),
        (lambda client: client.apps_connections_open(app_token=seed.BOT_TOKEN), "not_allowed_token_type"),
        (lambda client: client.conversations_history(channel=seed.DEPLOYS), "unknown_method"),
    ],
)
def test_refusal_is_an_error_with_the_answer_in_it(
    slack: SlackSimulator, call: Callable[[WebClient], object], code: str
) -> None:
    with pytest.raises(SlackClientError) as caught:
        call(client_of(slack))

    assert isinstance(caught.value, SlackApiError)
    assert (caught.value.response.status_code, caught.value.response["error"]) == (200, code)


# What answers hold


def test_models_understand_what_was_posted_and_opened(slack: SlackSimulator) -> None:
    client = client_of(slack)
    shortcut = slack.acting_as(seed.MIA).runs_shortcut("look_up").payload
    assert shortcut is not None

    blocks = post(client)["message"]["blocks"]
    view = client.views_open(trigger_id=shortcut["trigger_id"], view=modal(BLOCKS))["view"]

    parsed = Block.parse_all(blocks)
    assert [block.to_dict() for block in parsed] == BLOCKS
    understood = View(**view)
    assert (understood.id, understood.hash, understood.type) == (view["id"], view["hash"], "modal")
    assert understood.blocks is not None
    assert isinstance(understood.blocks[1], SectionBlock)


def test_client_uploads_with_a_description_and_as_a_snippet(slack: SlackSimulator, tmp_path: Path) -> None:
    client = client_of(slack)
    (tmp_path / "pulls.png").write_bytes(b"\x89PNG")

    image = client.files_upload_v2(channel=seed.DEPLOYS, file=str(tmp_path / "pulls.png"), alt_txt="Pulls by day")
    snippet = client.files_upload_v2(content="FROM alpine\n", filename="Dockerfile", snippet_type="dockerfile")

    described, code = (slack.state.files[answer["file"]["id"]] for answer in (image, snippet))
    assert (described.name, described.alt_text, described.content) == ("pulls.png", "Pulls by day", b"\x89PNG")
    assert described.shared_in == [seed.DEPLOYS]
    assert (code.snippet_type, code.shared_in) == ("dockerfile", [])


# Signatures


class SimulatorsClock(Clock):
    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


def everything_happens(slack: SlackSimulator) -> None:
    """Let Mia do one thing of each kind: a command, a shortcut, a click, and a message that is an event."""
    mia = slack.acting_as(seed.MIA)
    mia.types(seed.RANDOM, "/hub größe “so” & < +1% 🐳")
    mia.runs_shortcut("look_up")
    mia.clicks(seed.DEPLOYS, post(client_of(slack))["ts"], "go", block_id="acts")
    mia.types(seed.GENERAL, "@hub größe 🐳")
    assert slack.settle()


def are_valid(receiver: Receiver, verifier: SignatureVerifier) -> set[bool]:
    return {verifier.is_valid_request(each.request.body, each.headers) for each in receiver.received}


def test_signature_of_every_kind_of_request_is_valid_for_five_minutes() -> None:
    clock = SettableClock(utc_now())
    with receiving() as receiver, acme_with(receiver, clock) as slack:
        everything_happens(slack)

        sent = {each.payload.get("type", "slash_command") for each in receiver.received}
        assert sent == {"slash_command", "shortcut", "block_actions", "event_callback"}
        assert are_valid(receiver, SignatureVerifier(seed.SIGNING_SECRET, SimulatorsClock(clock))) == {True}
        assert are_valid(receiver, SignatureVerifier("another secret", SimulatorsClock(clock))) == {False}
        clock.advance(minutes=5, seconds=2)
        assert are_valid(receiver, SignatureVerifier(seed.SIGNING_SECRET, SimulatorsClock(clock))) == {False}


# Socket Mode


def test_requests_are_shared_between_two_sockets() -> None:
    texts: list[str] = []

    def connected(slack: SlackSimulator, name: str) -> SocketModeClient:
        client = SocketModeClient(seed.APP_TOKEN, web_client=client_of(slack), auto_reconnect_enabled=False)
        client.socket_mode_request_listeners.append(lambda who, request: answer(name, who, request))
        client.connect()
        return client

    def answer(name: str, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
        texts.append(request.payload["text"])
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id, {"text": f"{name} here"}))

    with SlackSimulator() as slack:
        clients = [connected(slack, "first"), connected(slack, "second")]
        wait_until(lambda: slack.sockets == 2)
        mia = slack.acting_as(seed.MIA)
        typed = [mia.types(seed.RANDOM, f"/hub {number}") for number in range(4)]
    # Now that the other side is gone, the clients need not wait for it.
    for client in clients:
        client.close()

    assert texts == ["0", "1", "2", "3"]
    assert sorted(each.answer.text for each in typed if each.answer) == ["first here"] * 2 + ["second here"] * 2


# Installation


@pytest.fixture
def installable() -> Iterator[SlackSimulator]:
    manifest = seed.manifest_for(None)
    manifest["oauth_config"]["redirect_urls"] = [REDIRECT]
    with SlackSimulator(app=seed.hub_bot(manifest)) as slack:
        yield slack


def flow_for(slack: SlackSimulator, folder: Path) -> OAuthFlow:
    settings = OAuthSettings(
        client_id=seed.CLIENT_ID,
        client_secret=seed.CLIENT_SECRET,
        scopes=["chat:write", "commands", "users:read"],
        redirect_uri=REDIRECT,
        authorization_url=f"{slack.url}/oauth/v2/authorize",
        install_page_rendering_enabled=False,
        installation_store=FileInstallationStore(base_dir=str(folder / "installations")),
        state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(folder / "states")),
    )
    return OAuthFlow(settings=settings, client=WebClient(base_url=slack.api_url))


def walked_through(flow: OAuthFlow, **more: str) -> BoltResponse:
    """Install the app like a browser, and return its last page."""
    start = flow.handle_installation(BoltRequest(body="", query={}))
    address, cookie = start.headers["location"][0], start.headers["set-cookie"][0].partition(";")[0]
    agreed = requests.get(f"{address}&{urlencode(more)}", allow_redirects=False, timeout=5)
    query = dict(parse_qsl(urlsplit(agreed.headers["Location"]).query))
    return flow.handle_callback(BoltRequest(body="", query=query, headers={"cookie": [cookie]}))


def test_app_is_installed_by_bolt(installable: SlackSimulator, tmp_path: Path) -> None:
    installable.uninstall()
    flow = flow_for(installable, tmp_path)

    assert walked_through(flow, user=seed.OMAR).status == 200

    bot = flow.settings.installation_store.find_bot(enterprise_id=None, team_id=seed.TEAM_ID)
    assert bot is not None
    assert (bot.app_id, bot.bot_id, bot.bot_user_id) == (seed.APP_ID, seed.BOT_ID, seed.BOT_USER)
    assert set(bot.bot_scopes) >= {"chat:write", "commands", "users:read"}
    assert WebClient(bot.bot_token, base_url=installable.api_url).auth_test()["team_id"] == seed.TEAM_ID
    assert installable.app.is_installed


def test_declined_installation_fails(installable: SlackSimulator, tmp_path: Path) -> None:
    flow = flow_for(installable, tmp_path)

    assert "access_denied" in walked_through(flow, decline="1").body

    assert flow.settings.installation_store.find_bot(enterprise_id=None, team_id=seed.TEAM_ID) is None


def test_app_that_was_installed_answers_with_its_own_token(installable: SlackSimulator, tmp_path: Path) -> None:
    flow = flow_for(installable, tmp_path)
    walked_through(flow)
    app = App(signing_secret=seed.SIGNING_SECRET, oauth_flow=flow, client=WebClient(base_url=installable.api_url))
    tokens: list[str] = []

    @app.command("/hub")
    def on_command(ack: Any, client: WebClient) -> None:
        tokens.append(client.auth_test()["user_id"])
        ack("Here")

    payload = installable.acting_as(seed.MIA).types(seed.RANDOM, "/hub help").payload
    assert payload is not None
    answer = app.dispatch(BoltRequest(body=dict(payload), mode="socket_mode"))

    assert (answer.status, tokens) == (200, [seed.BOT_USER])
