"""An app on Slack's own framework for Node is asked by the simulated Slack, over HTTP and over Socket Mode.

npm `@slack/bolt`. What it understood is what `slack_bolt_app.mjs` tells; what it did is seen in the workspace. The
requests are those of https://docs.slack.dev/interactivity and https://docs.slack.dev/apis/events-api.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.clock import utc_now
from bot.sandbox.slack import seed
from bot.sandbox.slack.lines import Typed
from bot.sandbox.slack.state import View
from tests.support.waiting import wait_until
from tests.witness.bolt_world import World, at_rest, running
from tests.witness.node import modal, plain

GO = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "acme/api", "style": "primary"}
BUTTONS = [{"type": "actions", "block_id": "acts", "elements": [GO]}]
NAME = {
    "type": "input",
    "block_id": "name",
    "label": plain("Name"),
    "element": {"type": "plain_text_input", "action_id": "typed"},
}
MODAL = modal([NAME], callback_id="rename", private_metadata="job 7", notify_on_close=True)
ONE, TWO = ({"text": plain(word.title()), "value": word} for word in ("one", "two"))
MENU = {"options": [ONE, TWO]}
DATE_TIME = int(utc_now().timestamp()) + 3_600


@pytest.fixture(scope="module")
def lasting_http() -> Iterator[World]:
    with running("http") as world:
        yield world


@pytest.fixture(scope="module")
def lasting_socket() -> Iterator[World]:
    with running("socket") as world:
        yield world


@pytest.fixture(params=["http", "socket"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with at_rest(request.getfixturevalue(f"lasting_{request.param}")) as world:
        yield world


@pytest.fixture
def http_world(lasting_http: World) -> Iterator[World]:
    with at_rest(lasting_http) as world:
        yield world


@pytest.fixture
def socket_world(lasting_socket: World) -> Iterator[World]:
    with at_rest(lasting_socket) as world:
        yield world


# Commands


def test_command_is_understood(world: World) -> None:
    typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub tag @ana #general 1 < 2 & “so”")

    heard = world.heard("command", "/hub")
    assert heard["payload"] == typed.payload
    assert heard["payload"]["text"] == "tag <@U0ANA> <#C0GENERAL|general> 1 &lt; 2 &amp; “so”"
    assert heard["context"] == {
        "teamId": seed.TEAM_ID,
        "userId": seed.MIA,
        "botUserId": seed.BOT_USER,
        "isEnterpriseInstall": False,
    }
    assert (typed.answer, typed.slackbot) == (None, None)


def test_command_is_answered_in_its_acknowledgement(world: World) -> None:
    world.told(command=[{"ack": {"text": "Pulled", "blocks": BUTTONS, "response_type": "in_channel"}}])

    typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub pulls")

    assert world.texts(seed.RANDOM)[-2:] == ["/hub pulls", "Pulled"]
    assert typed.answer is not None
    assert (typed.answer.blocks, typed.answer.ephemeral_for) == (BUTTONS, None)


def test_command_is_answered_with_bare_text(world: World) -> None:
    world.told(command=[{"ack": "Working…"}, {"respond": {"text": "Done", "replace_original": True}}])

    typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub slow")

    assert typed.answer is not None
    answer = typed.answer
    wait_until(lambda: answer.text == "Done")
    assert answer.ephemeral_for == seed.MIA


def test_sixth_response_fails(world: World) -> None:
    responses = [{"respond": {"text": str(number)}} for number in range(1, 7)]
    world.told(command=[{"ack": None}, *responses])

    world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub chatter")

    failed = world.app.take(lambda line: "failed" in line)
    assert failed["failed"] == "respond"
    assert failed["error"].startswith("Failed to respond to the response_url: 404")
    assert world.texts(seed.RANDOM)[-5:] == ["1", "2", "3", "4", "5"]


def test_unknown_command_reaches_nobody(world: World) -> None:
    typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/nope")

    assert typed.payload is None
    assert world.app.lines == []


# Elements


def test_button_is_understood_and_its_message_replaced(world: World) -> None:
    message = world.posted(BUTTONS)
    world.told(action__go=[{"ack": None}, {"respond": {"text": "Gone", "replace_original": True}}])

    clicked = world.slack.acting_as(seed.OMAR).clicks(seed.DEPLOYS, message.ts, "go")

    heard = world.heard("action", "go")
    assert clicked.is_ok
    assert heard["body"] == clicked.payload
    assert (heard["payload"]["value"], heard["payload"]["block_id"]) == ("acme/api", "acts")
    assert heard["body"]["container"]["message_ts"] == message.ts
    wait_until(lambda: (message.text, message.blocks) == ("Gone", []))


def test_clicked_message_is_deleted(world: World) -> None:
    message = world.posted(BUTTONS)
    world.told(action=[{"ack": None}, {"respond": {"delete_original": True}}])

    assert world.slack.acting_as(seed.OMAR).clicks(seed.DEPLOYS, message.ts, "go").is_ok
    wait_until(lambda: message.is_deleted)


def test_button_in_an_ephemeral_answer_is_understood(world: World) -> None:
    world.told(
        command=[{"ack": {"text": "Sure?", "blocks": BUTTONS}}],
        action=[{"ack": None}, {"respond": {"text": "Yes", "replace_original": True}}],
    )
    answer = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub rm").answer
    assert answer is not None

    assert world.slack.acting_as(seed.MIA).clicks(seed.RANDOM, answer.ts, "go").is_ok

    assert world.heard("action", "go")["body"]["container"]["is_ephemeral"] is True
    wait_until(lambda: answer.text == "Yes")


@pytest.mark.parametrize(
    ("element", "state"),
    [
        ({"type": "static_select", **MENU}, {"selected_option": TWO}),
        ({"type": "multi_static_select", **MENU}, {"selected_options": [ONE, TWO]}),
        ({"type": "radio_buttons", **MENU}, {"selected_option": ONE}),
        ({"type": "checkboxes", **MENU}, {"selected_options": [TWO]}),
        ({"type": "users_select"}, {"selected_user": seed.ANA}),
        ({"type": "channels_select"}, {"selected_channel": seed.RANDOM}),
        ({"type": "conversations_select"}, {"selected_conversation": seed.CREW}),
        ({"type": "datepicker"}, {"selected_date": "2026-11-21"}),
        ({"type": "timepicker"}, {"selected_time": "12:30"}),
        ({"type": "datetimepicker"}, {"selected_date_time": DATE_TIME}),
    ],
    ids=lambda each: each.get("type", ""),
)
def test_choice_is_understood(world: World, element: dict[str, Any], state: dict[str, Any]) -> None:
    chooser = {**element, "action_id": "choose"}
    message = world.posted([{"type": "actions", "block_id": "acts", "elements": [chooser, GO]}])

    assert world.slack.acting_as(seed.OMAR).clicks(seed.DEPLOYS, message.ts, "choose", state=state).is_ok

    heard = world.heard("action", "choose")
    held = {"type": element["type"], **state}
    assert {key: heard["payload"][key] for key in held} == held
    assert heard["body"]["state"]["values"]["acts"]["choose"] == held


def test_overflow_is_understood_and_holds_nothing(world: World) -> None:
    menu = {"type": "overflow", "action_id": "more", **MENU}
    message = world.posted([{"type": "actions", "block_id": "acts", "elements": [menu]}])

    assert (
        world.slack.acting_as(seed.OMAR).clicks(seed.DEPLOYS, message.ts, "more", state={"selected_option": TWO}).is_ok
    )

    assert world.heard("action", "more")["payload"]["selected_option"] == TWO


# Modals


def opened(world: World) -> View:
    """Return a modal that the app opens for Mia's click."""
    message = world.posted(BUTTONS)
    assert world.slack.acting_as(seed.MIA).clicks(seed.DEPLOYS, message.ts, "go").is_ok
    return world.modal_of(seed.MIA)


def answers(words: str) -> dict[str, Any]:
    return {"name": {"typed": {"type": "plain_text_input", "value": words}}}


def test_button_opens_a_modal_that_is_corrected_and_submitted(world: World) -> None:
    errors = {"name": "Taken."}
    world.told(action=[{"ack": None}, {"open": MODAL}], view=[{"ack": {"response_action": "errors", "errors": errors}}])
    mia = world.slack.acting_as(seed.MIA)
    view = opened(world)

    refused = mia.submits(view.id, answers("old"))
    world.told()
    accepted = mia.submits(view.id, answers("new"))

    first, second = world.heard("view", "rename"), world.heard("view", "rename")
    assert refused.errors == errors
    assert (accepted.is_ok, world.slack.state.stacks[seed.MIA]) == (True, [])
    assert first["body"] == refused.payload
    assert (first["payload"]["private_metadata"], first["payload"]["hash"]) == ("job 7", view.hash)
    assert second["payload"]["state"]["values"] == answers("new")


def test_submission_is_answered_with_another_view(world: World) -> None:
    done = {"type": "modal", "title": plain("Done"), "blocks": [NAME | {"optional": True}], "submit": plain("Bye")}
    world.told(action=[{"ack": None}, {"open": MODAL}], view=[{"ack": {"response_action": "update", "view": done}}])
    view = opened(world)

    assert world.slack.acting_as(seed.MIA).submits(view.id, answers("x")).is_ok

    (shown,) = world.slack.state.stacks[seed.MIA]
    assert (shown.id, shown.payload["title"]) == (view.id, plain("Done"))


def test_views_are_pushed_and_cleared(world: World) -> None:
    second = modal([NAME, *BUTTONS], callback_id="sure")
    world.told(action=[{"ack": None}, {"open": MODAL}], view=[{"ack": {"response_action": "push", "view": second}}])
    mia = world.slack.acting_as(seed.MIA)
    mia.submits(opened(world).id, answers("x"))
    upper = world.modal_of(seed.MIA)
    world.told(action=[{"ack": None}, {"push": modal([NAME], callback_id="third")}])

    assert mia.clicks_in_view(upper.id, "go").is_ok
    wait_until(lambda: len(world.slack.state.stacks[seed.MIA]) == 3)
    world.told(view=[{"ack": {"response_action": "clear"}}])
    assert mia.submits(world.modal_of(seed.MIA).id, answers("y")).is_ok

    assert world.heard("view", "third")["payload"]["previous_view_id"] == upper.id
    assert world.slack.state.stacks[seed.MIA] == []


def test_button_in_a_modal_updates_it(world: World) -> None:
    world.told(action=[{"ack": None}, {"open": modal(BUTTONS, callback_id="menu")}])
    view = opened(world)
    world.told(action=[{"ack": None}, {"update": MODAL}])

    assert world.slack.acting_as(seed.MIA).clicks_in_view(view.id, "go").is_ok

    wait_until(lambda: view.payload["callback_id"] == "rename")
    assert world.app.take(lambda line: line.get("body", {}).get("container", {}).get("view_id") == view.id)


def test_trigger_opens_one_modal(world: World) -> None:
    world.told(action=[{"ack": None}, {"open": MODAL}, {"open": MODAL}])

    opened(world)

    failed = world.app.take(lambda line: "failed" in line)
    assert failed["failed"] == "open"
    assert failed["error"] in {"exchanged_trigger_id", "trigger_exchanged"}  # By the position of a switch.


@pytest.mark.parametrize("is_cleared", [False, True])
def test_closing_is_understood(world: World, *, is_cleared: bool) -> None:
    world.told(action=[{"ack": None}, {"open": MODAL}])
    view = opened(world)

    assert world.slack.acting_as(seed.MIA).closes_view(view.id, is_cleared=is_cleared).is_ok

    heard = world.heard("view_closed", "rename")
    assert (heard["payload"]["id"], heard["body"]["is_cleared"]) == (view.id, is_cleared)


# Shortcuts


def test_global_shortcut_opens_a_modal(world: World) -> None:
    world.told(shortcut=[{"ack": None}, {"open": MODAL}])

    ran = world.slack.acting_as(seed.MIA).runs_shortcut("look_up")

    heard = world.heard("shortcut", "look_up")
    assert (ran.is_ok, heard["payload"]) == (True, ran.payload)
    assert (heard["payload"]["type"], "response_url" in heard["payload"]) == ("shortcut", False)
    assert world.modal_of(seed.MIA).payload["callback_id"] == "rename"


def test_message_shortcut_is_answered(world: World) -> None:
    about = world.slack.state.messages(seed.RANDOM)[0]
    world.told(shortcut=[{"ack": None}, {"respond": {"text": "No image in there."}}])

    ran = world.slack.acting_as(seed.MIA).runs_shortcut("find_here", seed.RANDOM, about.ts)

    heard = world.heard("shortcut", "find_here")["payload"]
    assert (heard["type"], heard["message"]["text"], heard["message_ts"]) == ("message_action", about.text, about.ts)
    assert ran.is_ok
    wait_until(lambda: world.texts(seed.RANDOM)[-1] == "No image in there.")


# Events


def test_mention_is_understood_and_answered_in_its_thread(world: World) -> None:
    world.told(event__app_mention=[{"say": "At your service"}])

    line = world.slack.acting_as(seed.MIA).types(seed.GENERAL, "@hub help").line

    assert line is not None
    heard = world.heard("event", "app_mention")
    assert (heard["payload"]["text"], heard["payload"]["ts"]) == ("<@U0HUBBOT> help", line.ts)
    assert (heard["body"]["team_id"], heard["context"].get("retryNum") or 0) == (seed.TEAM_ID, 0)
    wait_until(lambda: world.texts(seed.GENERAL)[-1] == "At your service")


def test_messages_are_understood_where_the_bot_is(world: World) -> None:
    mia = world.slack.acting_as(seed.MIA)
    mia.types(seed.RANDOM, "Nobody hears this")
    mia.types(seed.PARTNER, "Hello")
    channel = mia.opens_direct_message(seed.BOT_USER).id
    mia.types(channel, "Hi")
    assert world.slack.settle()

    heard = [world.heard("event", "message") for _ in range(2)]

    shared = {line["payload"]["channel_type"]: line["body"]["is_ext_shared_channel"] for line in heard}
    assert shared == {"channel": True, "im": False}
    assert {line["payload"]["text"] for line in heard} == {"Hello", "Hi"}


def test_own_messages_are_recognised(world: World) -> None:
    """The framework drops events that the app itself has caused; it compares users and bots for that."""
    world.posted(BUTTONS)
    assert world.slack.settle()

    assert world.app.lines == []


def test_home_is_published_when_it_is_opened(world: World) -> None:
    world.told(event__app_home_opened=[{"publish": {"type": "home", "blocks": BUTTONS}}])
    mia = world.slack.acting_as(seed.MIA)

    mia.opens_home()

    assert world.heard("event", "app_home_opened")["payload"]["tab"] == "home"
    wait_until(lambda: (seed.APP_ID, seed.MIA) in world.slack.state.homes)
    home = world.slack.state.homes[seed.APP_ID, seed.MIA]
    assert mia.clicks_in_view(home.id, "go").is_ok
    assert world.heard("action", "go")["body"]["view"]["type"] == "home"


def test_invitation_is_understood(world: World) -> None:
    ana = world.slack.acting_as(seed.ANA)

    ana.invites(seed.BOT_USER, seed.RANDOM)
    heard = world.heard("event", "member_joined_channel")["payload"]
    ana.removes(seed.BOT_USER, seed.RANDOM)

    assert (heard["user"], heard["channel"], heard["inviter"]) == (seed.BOT_USER, seed.RANDOM, seed.ANA)
    assert world.heard("event", "channel_left")["payload"]["channel"] == seed.RANDOM


# What goes wrong


@pytest.fixture
def refusing(world: World) -> Iterator[World]:
    """Return a world in which the app refuses everything; in the end it gets what it missed."""
    if world.slack.app.uses_socket_mode:
        world.slack.ack_timeout_seconds = 0.15  # There it refuses by saying nothing.
    world.told_to_refuse(500)
    yield world
    world.told()
    world.clock.advance(minutes=6)
    assert world.slack.settle()


def wait_for_deliveries(world: World, count: int) -> None:
    wait_until(lambda: len(world.slack.deliveries) >= count)


def test_event_is_sent_again_with_the_reason(refusing: World) -> None:
    before = len(refusing.slack.deliveries)
    refusing.slack.acting_as(seed.ANA).archives(seed.DEPLOYS)
    assert refusing.slack.settle()
    refusing.clock.advance(minutes=1)
    wait_for_deliveries(refusing, before + 3)
    refusing.told()

    refusing.clock.advance(minutes=5)

    heard = refusing.heard("event", "channel_archive")
    reason = "timeout" if refusing.slack.app.uses_socket_mode else "http_error"
    assert (heard["context"]["retryNum"], heard["context"]["retryReason"]) == (3, reason)
    assert refusing.slack.settle()
    sent = refusing.slack.deliveries[before:]
    assert [each.attempt for each in sent] == [0, 1, 2, 3]
    assert {each.payload["event_id"] for each in sent} == {heard["body"]["event_id"]}
    refusing.slack.acting_as(seed.ANA).unarchives(seed.DEPLOYS)


def test_event_is_given_up_after_three_more_attempts(refusing: World) -> None:
    before = len(refusing.slack.deliveries)
    refusing.slack.acting_as(seed.MIA).opens_home()
    for minutes, attempts in ((1, 3), (5, 4), (60, 4)):
        assert refusing.slack.settle()
        refusing.clock.advance(minutes=minutes)
        wait_for_deliveries(refusing, before + attempts)

    assert refusing.slack.settle()
    assert [each.outcome.is_accepted for each in refusing.slack.deliveries[before:]] == [False] * 4


def test_command_that_is_refused_is_never_sent_again(refusing: World) -> None:
    before = len(refusing.slack.deliveries)

    typed = refusing.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub rm")
    refusing.clock.advance(minutes=10)
    assert refusing.slack.settle()

    assert [each.kind for each in refusing.slack.deliveries[before:]] == ["command"]
    assert typed.slackbot is not None
    assert typed.slackbot.text == '/hub failed with the error "dispatch_failed"'


def test_click_that_is_refused_is_marked_and_never_sent_again(refusing: World) -> None:
    message = refusing.posted(BUTTONS)
    before = len(refusing.slack.deliveries)

    clicked = refusing.slack.acting_as(seed.MIA).clicks(seed.DEPLOYS, message.ts, "go")
    refusing.clock.advance(minutes=10)

    assert clicked.problem == "We had some trouble connecting. Try again?"
    assert [each.kind for each in refusing.slack.deliveries[before:]].count("interactive") == 1


def test_forged_signature_is_refused(http_world: World) -> None:
    http_world.slack.app.signing_secret = "forged"
    typed = http_world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub forged")
    http_world.slack.app.signing_secret = seed.SIGNING_SECRET

    assert is_refused(typed)
    assert http_world.app.lines == []


def test_stale_signature_is_refused(http_world: World) -> None:
    http_world.clock.advance(minutes=-6)

    typed = http_world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub stale")

    assert is_refused(typed)
    assert http_world.app.lines == []


def is_refused(typed: Typed) -> bool:
    assert typed.outcome is not None
    assert typed.slackbot is not None
    assert (typed.outcome.kind, typed.outcome.status) == ("refused", 401)
    return typed.slackbot.text == '/hub failed with the error "dispatch_failed"'


def test_client_comes_back_after_a_disconnect(socket_world: World) -> None:
    slack = socket_world.slack
    before = len(slack.calls_to("apps.connections.open"))

    slack.disconnect("refresh_requested")

    wait_until(lambda: len(slack.calls_to("apps.connections.open")) > before and slack.sockets == 1)
    assert slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub help").slackbot is None
    assert socket_world.heard("command", "/hub")["payload"]["text"] == "help"
