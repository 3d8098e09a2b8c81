"""What the simulated Slack says, held against the types that Slack publishes for it.

Answers: npm `@slack/web-api`, whose types are generated from answers of the real Slack. Requests to apps: npm
`@slack/bolt` and `@slack/types`, whose types were written by Slack's people. What a type does not know need not be
wrong, for the types lag behind; each such thing is listed with a reason.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.clock import SettableClock, utc_now
from bot.sandbox.slack import seed
from bot.sandbox.slack.api.methods import METHODS
from bot.sandbox.slack.simulator import SlackSimulator
from tests.sandbox.slack.receiver import acme_with, receiving
from tests.witness.node import modal, plain, slack_packages
from tests.witness.our_slack import ours
from tests.witness.slack_story import NAME, SECTION, story
from tests.witness.typescript import Declarations

Answers = list[tuple[str, Mapping[str, Any]]]

DIRECT = "No direct message was among the answers that the type was made from; `methods/conversations.list` shows it."
# Reasons by misfit; every other misfit is a mistake. Pages are below https://docs.slack.dev/reference.
KEPT_IN_ANSWERS = {
    "AuthRevokeResponse.revoked: unknown": "`methods/auth.revoke` shows it.",
    "BlocksValidateResponse.errors[].field: unknown": "`methods/blocks.validate` tells of it.",
    "ConversationsInfoResponse.channel.is_user_deleted: unknown": DIRECT,
    "ConversationsInfoResponse.channel.priority: unknown": DIRECT,
    "ConversationsInfoResponse.channel.user: unknown": DIRECT,
    "ConversationsOpenResponse.channel.is_user_deleted: unknown": DIRECT,
    "UsergroupsListResponse.usergroups[].auto_type: unknown": "`objects/usergroup-object` shows it.",
}
# Misfits that nothing speaks for, and that no app is known to mind: they may go at any time.
INNER = "`events/message/message_changed` and `message_deleted` show the messages within without it."
WHOLE = "The type is that of views to be sent; `events/app_home_opened` shows one as answers have it."
EVERY = "https://docs.slack.dev/apis/events-api: every event has it."
KEPT_IN_PAYLOADS = {
    "AllMessageEvents.app_id: unknown": "Recorded of the messages of apps.",
    "AllMessageEvents.inviter: missing": "`events/message/channel_join`: absent unless somebody was invited.",
    **{
        f"AllMessageEvents.{which}.{name}: missing": INNER
        for which in ("message", "previous_message")
        for name in ("channel", "channel_type", "event_ts")
    },
    "AllMessageEvents.message.app_id: unknown": "As of the message itself.",
    "AllMessageEvents.previous_message.app_id: unknown": "As of the message itself.",
    **{
        f"AppHomeOpenedEvent.view.{name}: unknown": WHOLE
        for name in (
            "app_id",
            "app_installed_team_id",
            "bot_id",
            "clear_on_close",
            "close",
            "hash",
            "id",
            "notify_on_close",
            "previous_view_id",
            "root_view_id",
            "state",
            "submit",
            "team_id",
            "title",
        )
    },
    "AppUninstalledEvent.event_ts: unknown": EVERY,
    "BlockAction.response_url: missing": "`interaction-payloads/block_actions-payload`: a click in a view has none.",
    "EnvelopedEvent.event_context: unknown": EVERY,
    "TokensRevokedEvent.event_ts: unknown": EVERY,
    "ViewClosedAction.user.username: unknown": "`interaction-payloads/view-interactions-payload` shows it.",
    "ViewSubmitAction.user.username: unknown": "`interaction-payloads/view-interactions-payload` shows it.",
}
DOUBTFUL_IN_PAYLOADS = {
    "GlobalShortcut.user.name: unknown",
    "GroupUnarchiveEvent.actor_id: missing",
    "GroupUnarchiveEvent.user: unknown",
}

GO = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "acme/api"}
ACTIONS = {"type": "actions", "block_id": "acts", "elements": [GO, {"type": "datepicker", "action_id": "day"}]}


def files(package: str, pattern: str) -> list[Path]:
    return sorted((slack_packages() / "node_modules" / "@slack" / package / "dist").rglob(pattern))


def response_type(method: str) -> str:
    """Return a name such as `ChatPostMessageResponse`."""
    return "".join(word[0].upper() + word[1:] for word in method.split(".")) + "Response"


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Return answers of all methods, good ones and refusals, by method."""
    with ours() as side:
        told = [(re.split("[ ,]", name)[0], answer) for name, answer in story(side)]
    with SlackSimulator() as slack:
        for method, arguments in (
            ("api.test", {"foo": "bar"}),
            ("usergroups.list", {"include_users": True, "include_count": True}),
            ("usergroups.users.list", {"usergroup": seed.PLATFORM}),
            ("usergroups.users.list", {"usergroup": "S0NONE"}),
            ("blocks.validate", {"blocks": "[]"}),
            ("blocks.validate", {"view": '{"type": "modal"}'}),
            ("conversations.info", {"channel": seed.PARTNER, "include_locale": True}),
            ("users.info", {"user": seed.STEF, "include_locale": True}),
            ("users.info", {"user": seed.LEO}),
            ("apps.connections.open", {"token": seed.APP_TOKEN}),
            ("auth.test", {"token": seed.APP_TOKEN}),
            ("auth.revoke", {"test": True}),
        ):
            told.append((method, answer_of(slack, method, arguments)))
    return [(method, answer) for method, answer in told if method in METHODS]


def answer_of(slack: SlackSimulator, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = WebClient(seed.BOT_TOKEN, base_url=slack.api_url).api_call(method, params=arguments).data
    except SlackApiError as error:
        answer = error.response.data
    assert isinstance(answer, dict)
    return answer


def misfits_of(answers: Answers) -> Iterator[str]:
    types = {response_type(method): None for method, _ in answers}
    declared = {name: Declarations(*files("web-api", f"{name}.d.ts")) for name in types}
    for method, answer in answers:
        name = response_type(method)
        # All answers may have it: `WebAPICallResult`.
        rest = {key: each for key, each in answer.items() if key != "response_metadata"}
        yield from declared[name].misfits(rest, name)


def test_types_would_notice_what_is_wrong() -> None:
    declared = Declarations(*files("web-api", "ChatPostMessageResponse.d.ts"))
    wrong = {"ok": "yes", "ts": 1, "message": {"blocks": [{"type": "section", "blockid": "x"}]}, "more": None}

    assert declared.misfits(wrong, "ChatPostMessageResponse") == [
        "ChatPostMessageResponse.ok: str is no boolean",
        "ChatPostMessageResponse.ts: int is no string",
        "ChatPostMessageResponse.message.blocks[].blockid: unknown",
        "ChatPostMessageResponse.more: unknown",
    ]


def test_every_method_has_a_type_and_was_asked(answers: Answers) -> None:
    assert {method for method in METHODS if not files("web-api", f"{response_type(method)}.d.ts")} == set()
    assert {method for method, _ in answers} == set(METHODS)


def test_answers_are_of_their_types(answers: Answers) -> None:
    assert set(misfits_of(answers)) == set(KEPT_IN_ANSWERS)


# What is sent to apps


@pytest.fixture(scope="module")
def payloads() -> list[dict[str, Any]]:
    """Return what an app gets when people do one of everything."""
    with receiving() as receiver, acme_with(receiver, SettableClock(utc_now())) as slack:
        slack.pace.is_enabled = False
        people_are_busy(slack, WebClient(seed.BOT_TOKEN, base_url=slack.api_url))
        slack.uninstall()
        assert slack.settle()
        return receiver.payloads


def people_are_busy(slack: SlackSimulator, client: WebClient) -> None:
    ana, mia = slack.acting_as(seed.ANA), slack.acting_as(seed.MIA)
    mia.types(seed.RANDOM, "/hub help")
    line = mia.types(seed.GENERAL, "@hub hello").line
    assert line is not None
    mia.types(seed.GENERAL, "More", thread_ts=line.ts)
    mia.types(mia.opens_direct_message(seed.BOT_USER).id, "Hi")
    ana.types(seed.CREW, "Psst")
    mia.opens_home()
    ts = client.chat_postMessage(channel=seed.DEPLOYS, text="x", blocks=[SECTION, ACTIONS])["ts"]
    mia.clicks(seed.DEPLOYS, ts, "go")
    mia.clicks(seed.DEPLOYS, ts, "day", state={"selected_date": "2026-11-21"})
    client.chat_update(channel=seed.DEPLOYS, ts=ts, text="y")
    client.chat_delete(channel=seed.DEPLOYS, ts=ts)
    modals_are_used(slack, client)
    client.views_publish(user_id=seed.MIA, view={"type": "home", "blocks": [SECTION, ACTIONS]})
    home = mia.opens_home()
    assert home is not None
    mia.clicks_in_view(home.id, "go")
    mia.runs_shortcut("find_here", seed.GENERAL, line.ts)
    ana.invites(seed.BOT_USER, seed.RANDOM)
    mia.leaves(seed.DEPLOYS)
    mia.joins(seed.DEPLOYS)
    ana.removes(seed.BOT_USER, seed.RANDOM)
    for channel in (seed.DEPLOYS, seed.CREW):
        ana.archives(channel)
        ana.unarchives(channel)
    ana.removes(seed.BOT_USER, seed.CREW)


def modals_are_used(slack: SlackSimulator, client: WebClient) -> None:
    mia = slack.acting_as(seed.MIA)
    shortcut = mia.runs_shortcut("look_up").payload
    assert shortcut is not None
    view = modal([NAME, ACTIONS], notify_on_close=True)
    opened = client.views_open(trigger_id=shortcut["trigger_id"], view=view)["view"]["id"]
    clicked = mia.clicks_in_view(opened, "go").payload
    assert clicked is not None
    pushed = client.views_push(trigger_id=clicked["trigger_id"], view=view)["view"]["id"]
    mia.submits(pushed, {"name": {"typed": {"type": "plain_text_input", "value": "acme/api"}}})
    mia.closes_view(opened)


def test_people_did_one_of_everything(payloads: list[dict[str, Any]]) -> None:
    assert {kind_of(payload) for payload in payloads} == {
        "SlashCommand",
        "BlockAction",
        "ViewSubmitAction",
        "ViewClosedAction",
        "GlobalShortcut",
        "MessageShortcut",
        "EnvelopedEvent",
    }
    assert {payload["event"]["type"] for payload in payloads if "event" in payload} == set(seed.EVENTS) - {
        "message.channels",
        "message.groups",
        "message.im",
    } | {"message"}


BOLT_FOLDERS = ("actions", "command", "events", "shortcuts", "view")
KINDS = {
    "block_actions": "BlockAction",
    "view_submission": "ViewSubmitAction",
    "view_closed": "ViewClosedAction",
    "shortcut": "GlobalShortcut",
    "message_action": "MessageShortcut",
    "event_callback": "EnvelopedEvent",
}


def kind_of(payload: Mapping[str, Any]) -> str:
    return KINDS.get(payload.get("type", ""), "SlashCommand")


def test_requests_are_of_their_types(payloads: list[dict[str, Any]]) -> None:
    bolt = [file for folder in BOLT_FOLDERS for file in files("bolt", f"types/{folder}/*.d.ts")]
    declared = Declarations(*files("types", "*.d.ts"), *bolt)

    misfits = {misfit for payload in payloads for misfit in declared.misfits(payload, kind_of(payload))}
    events = [payload["event"] for payload in payloads if "event" in payload]
    misfits |= {misfit for event in events for misfit in declared.misfits(event, event_type(declared, event))}

    assert misfits - DOUBTFUL_IN_PAYLOADS == set(KEPT_IN_PAYLOADS)


def event_type(declared: Declarations, event: Mapping[str, Any]) -> str:
    if event["type"] == "message":
        return "AllMessageEvents"
    (name,) = declared.with_member("type", event["type"])
    return name
