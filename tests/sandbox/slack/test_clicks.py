"""What people click.

Sources: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.sandbox.httpd import Answer
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import NotAllowed, NotThere
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.sandbox.slack.views import publish_home
from tests.sandbox.slack.receiver import Receiver

GO = {"type": "plain_text", "text": "Go", "emoji": True}
BUTTON = {"type": "button", "action_id": "go", "text": GO, "value": "acme/api", "style": "danger"}
OPTIONS = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("week", "month")]
SELECT = {"type": "static_select", "action_id": "span", "options": OPTIONS, "initial_option": OPTIONS[0]}
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "block_id": "top", "text": {"type": "mrkdwn", "text": "Shall I?"}, "accessory": SELECT},
    {"type": "actions", "block_id": "acts", "elements": [BUTTON]},
    {"type": "actions", "block_id": "more", "elements": [{**BUTTON, "value": "acme/site"}]},
]


def message(slack: SlackSimulator, channel: str = seed.GENERAL, **fields: Any) -> Message:
    """A message of the bot, with things to click."""
    known = {"user": seed.BOT_USER, "text": "Shall I?", "app_id": seed.APP_ID, "blocks": BLOCKS}
    return slack.state.add_message(Message(channel=channel, ts=slack.state.new_ts(), **{**known, **fields}))


def test_click_is_sent_with_all_that_slack_tells(slack: SlackSimulator, receiver: Receiver) -> None:
    sent = message(slack, metadata={"event_type": "job", "event_payload": {"id": 7}})

    clicked = slack.acting_as(seed.OMAR).clicks(seed.GENERAL, sent.ts, "go")

    payload = receiver.payloads[0]
    action_ts = payload["actions"][0].pop("action_ts")
    assert float(action_ts) > float(sent.ts)
    assert payload.pop("response_url").startswith(f"{slack.url}/actions/T0ACME/")
    assert payload.pop("trigger_id")
    assert payload == {
        "type": "block_actions",
        "team": {"id": "T0ACME", "domain": "acme"},
        "user": {"id": "U0OMAR", "username": "omar", "name": "omar", "team_id": "T0ACME"},
        "api_app_id": "A0HUBBOT",
        "token": "sandbox-verification-token",
        "enterprise": None,
        "is_enterprise_install": False,
        "container": {
            "type": "message",
            "message_ts": sent.ts,
            "channel_id": "C0GENERAL",
            "is_ephemeral": False,
        },
        "channel": {"id": "C0GENERAL", "name": "general"},
        "message": {
            "type": "message",
            "user": "U0HUBBOT",
            "text": "Shall I?",
            "ts": sent.ts,
            "team": "T0ACME",
            "bot_id": "B0HUBBOT",
            "app_id": "A0HUBBOT",
            "blocks": BLOCKS,
            "metadata": {"event_type": "job", "event_payload": {"id": 7}},
        },
        "state": {"values": {"top": {"span": {"type": "static_select", "selected_option": OPTIONS[0]}}}},
        "actions": [
            {
                "type": "button",
                "action_id": "go",
                "block_id": "acts",
                "text": GO,
                "value": "acme/api",
                "style": "danger",
            }
        ],
    }
    assert clicked.is_ok


def test_block_tells_equal_actions_apart(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "go", block_id="more")

    assert receiver.payloads[0]["actions"][0]["value"] == "acme/site"


def test_choice_is_told_in_the_action_and_in_the_state(slack: SlackSimulator, receiver: Receiver) -> None:
    chosen = {"selected_option": OPTIONS[1]}

    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "span", state=chosen)

    payload = receiver.payloads[0]
    assert payload["actions"][0]["selected_option"] == OPTIONS[1]
    assert payload["state"]["values"] == {"top": {"span": {"type": "static_select", **chosen}}}


def test_what_was_chosen_before_is_told_with_a_button(slack: SlackSimulator, receiver: Receiver) -> None:
    values = {"top": {"span": {"type": "static_select", "selected_option": OPTIONS[1]}}}

    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "go", values=values)

    assert receiver.payloads[0]["state"]["values"] == values


def test_option_that_is_not_offered_cannot_be_chosen(slack: SlackSimulator) -> None:
    state = {"selected_option": {"text": {"type": "plain_text", "text": "year"}, "value": "year"}}

    with pytest.raises(NotThere):
        slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "span", state=state)


@pytest.mark.parametrize(("switch", "has_message"), [("without_message", False), ("with_message", True)])
def test_click_in_an_ephemeral_message(
    slack: SlackSimulator, receiver: Receiver, switch: Any, *, has_message: bool
) -> None:
    """Recorded payloads of ephemeral messages have a container and no message."""
    slack.unknowns = SlackUnknowns(ephemeral_click=switch)
    sent = message(slack, ephemeral_for=seed.OMAR)

    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, sent.ts, "go")

    assert receiver.payloads[0]["container"]["is_ephemeral"] is True
    assert ("message" in receiver.payloads[0]) is has_message


def test_click_in_a_thread_tells_the_thread(slack: SlackSimulator, receiver: Receiver) -> None:
    parent = slack.state.messages(seed.GENERAL)[0]
    sent = message(slack, thread_ts=parent.ts)

    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, sent.ts, "go")

    assert receiver.payloads[0]["container"]["thread_ts"] == parent.ts
    assert receiver.payloads[0]["message"]["thread_ts"] == parent.ts


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "container", "block_id": "all", "child_blocks": BLOCKS}],
        [{"type": "card", "block_id": "acts", "actions": [BUTTON]}],
        [{"type": "context_actions", "block_id": "acts", "elements": [BUTTON]}],
    ],
)
def test_elements_are_found_wherever_blocks_hold_them(
    slack: SlackSimulator, receiver: Receiver, blocks: list[Mapping[str, Any]]
) -> None:
    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack, blocks=blocks).ts, "go")

    assert receiver.payloads[0]["actions"][0]["block_id"] == "acts"


def test_elements_in_attachments_are_found(slack: SlackSimulator, receiver: Receiver) -> None:
    sent = message(slack, blocks=(), attachments=[{"color": "#f00", "blocks": BLOCKS}])

    slack.acting_as(seed.OMAR).clicks(seed.GENERAL, sent.ts, "go")

    assert receiver.payloads[0]["actions"][0]["action_id"] == "go"


def test_people_of_other_organizations_may_click(slack: SlackSimulator, receiver: Receiver) -> None:
    """Source: https://docs.slack.dev/apis/slack-connect: they can vote on the poll, and cannot create one."""
    slack.acting_as(seed.STEF).clicks(seed.PARTNER, message(slack, seed.PARTNER).ts, "go")

    assert receiver.payloads[0]["user"]["team_id"] == "T0PARTNER"


@pytest.mark.parametrize(
    ("user", "action", "fields"),
    [
        (seed.OMAR, "gone", {}),
        (seed.MIA, "go", {"ephemeral_for": seed.OMAR}),
        (seed.MIA, "go", {"is_deleted": True}),
        (seed.MIA, "go", {"app_id": None}),
    ],
)
def test_nobody_clicks_what_is_not_there(
    slack: SlackSimulator, receiver: Receiver, user: str, action: str, fields: dict[str, Any]
) -> None:
    sent = message(slack, **fields)

    with pytest.raises(NotThere):
        slack.acting_as(user).clicks(seed.GENERAL, sent.ts, action)

    assert receiver.received == []


def test_nobody_clicks_where_they_see_nothing(slack: SlackSimulator) -> None:
    sent = message(slack)

    with pytest.raises(NotAllowed):
        slack.acting_as(seed.GUS).clicks(seed.GENERAL, sent.ts, "go")


def test_click_that_is_not_acknowledged_is_marked_and_never_sent_again(
    slack: SlackSimulator, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(500)

    clicked = slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "go")
    slack.clock.advance(minutes=10)  # type: ignore[attr-defined]
    assert slack.settle()

    assert not clicked.is_ok
    assert len(receiver.received) == 1


def test_app_without_interactivity_is_not_asked(slack: SlackSimulator, receiver: Receiver) -> None:
    """Source: https://docs.slack.dev/surfaces/app-home: buttons show an error then."""
    manifest = seed.manifest_for(receiver.url)
    manifest["settings"]["interactivity"]["is_enabled"] = False
    slack.app.manifest = manifest

    clicked = slack.acting_as(seed.OMAR).clicks(seed.GENERAL, message(slack).ts, "go")

    assert clicked.problem == "This app is not configured to handle interactive responses."
    assert receiver.received == []


def test_click_in_app_home_tells_the_view(slack: SlackSimulator, receiver: Receiver) -> None:
    home = publish_home(slack.state, slack.app, seed.OMAR, {"type": "home", "blocks": BLOCKS}, slack.unknowns)

    slack.acting_as(seed.OMAR).clicks_in_view(home.id, "go", block_id="acts")

    payload = receiver.payloads[0]
    assert payload["container"] == {"type": "view", "view_id": home.id}
    assert payload["view"]["hash"] == home.hash
    assert payload["view"]["state"]["values"]["top"]["span"]["selected_option"] == OPTIONS[0]
    assert payload["trigger_id"]
    assert "response_url" not in payload
    assert "channel" not in payload


def test_app_home_of_others_cannot_be_clicked(slack: SlackSimulator) -> None:
    home = publish_home(slack.state, slack.app, seed.OMAR, {"type": "home", "blocks": BLOCKS}, slack.unknowns)

    with pytest.raises(NotThere):
        slack.acting_as(seed.MIA).clicks_in_view(home.id, "go")


# Shortcuts


def test_global_shortcut_has_no_channel_and_no_way_back(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).runs_shortcut("look_up")

    payload = receiver.payloads[0]
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "look_up")
    assert {"trigger_id", "action_ts", "team", "user", "token"} <= set(payload)
    assert {"channel", "response_url", "message"}.isdisjoint(payload)


def test_message_shortcut_tells_the_message(slack: SlackSimulator, receiver: Receiver) -> None:
    about = slack.state.messages(seed.DEPLOYS)[0]

    slack.acting_as(seed.GUS).runs_shortcut("find_here", seed.DEPLOYS, about.ts)

    payload = receiver.payloads[0]
    assert (payload["type"], payload["callback_id"]) == ("message_action", "find_here")
    assert payload["message"] == {
        "type": "message",
        "user": "U0OMAR",
        "text": about.text,
        "ts": about.ts,
        "team": "T0ACME",
    }
    assert (payload["message_ts"], payload["channel"]) == (about.ts, {"id": "C0DEPLOYS", "name": "deploys"})
    assert payload["response_url"].startswith(f"{slack.url}/app-actions/T0ACME/")


def test_unknown_shortcut_is_not_there(slack: SlackSimulator) -> None:
    with pytest.raises(NotThere):
        slack.acting_as(seed.MIA).runs_shortcut("find_here")


def test_shortcuts_are_not_shared_with_other_organizations(slack: SlackSimulator) -> None:
    about = slack.state.messages(seed.PARTNER)[0]

    with pytest.raises(NotAllowed):
        slack.acting_as(seed.STEF).runs_shortcut("find_here", seed.PARTNER, about.ts)
