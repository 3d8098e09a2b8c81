"""What people do with modals.

Sources: https://docs.slack.dev/surfaces/modals and
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
"""

import threading
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from bot.sandbox.httpd import Answer
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import NotThere, Submitted
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import View
from bot.sandbox.slack.views import open_view, push_view, update_view
from tests.sandbox.slack.receiver import Received, Receiver

TROUBLE = "We had some trouble connecting. Try again?"
NAME = {
    "type": "input",
    "block_id": "name",
    "label": {"type": "plain_text", "text": "Name"},
    "element": {"type": "plain_text_input", "action_id": "typed"},
}
NOTE = {**NAME, "block_id": "note", "optional": True}
PLACE = {
    **NAME,
    "block_id": "place",
    "optional": True,
    "element": {"type": "conversations_select", "action_id": "chosen", "response_url_enabled": True},
}
SPAN = {
    "type": "section",
    "block_id": "span",
    "text": {"type": "mrkdwn", "text": "How long?"},
    "accessory": {
        "type": "static_select",
        "action_id": "chosen",
        "options": [{"text": {"type": "plain_text", "text": "week"}, "value": "week"}],
    },
}
TYPED: Mapping[str, Any] = {"name": {"typed": {"type": "plain_text_input", "value": "acme/api"}}}


def a_view(*blocks: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "delete",
        "title": {"type": "plain_text", "text": "Delete"},
        "submit": {"type": "plain_text", "text": "Delete"},
        "blocks": [dict(block) for block in blocks or (NAME, NOTE)],
        **fields,
    }


def opened(slack: SlackSimulator, *blocks: Mapping[str, Any], **fields: Any) -> View:
    return open_view(slack.state, slack.app, seed.OMAR, a_view(*blocks, **fields), slack.unknowns)


def pushed(slack: SlackSimulator, **fields: Any) -> View:
    return push_view(slack.state, slack.app, seed.OMAR, a_view(**fields), slack.unknowns)


def submits(slack: SlackSimulator, view: View, values: Mapping[str, Any] = TYPED) -> Submitted:
    return slack.acting_as(seed.OMAR).submits(view.id, values)


def stack(slack: SlackSimulator) -> list[str]:
    return [view.id for view in slack.state.stacks.get(seed.OMAR, [])]


def test_submission_is_sent_with_all_that_slack_tells(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack, NAME, NOTE, SPAN, private_metadata="secret", external_id="mine")
    old_hash = view.hash

    submits(slack, view)

    payload = receiver.payloads[0]
    assert payload.pop("trigger_id")
    sent_blocks = payload["view"].pop("blocks")
    assert payload == {
        "type": "view_submission",
        "team": {"id": "T0ACME", "domain": "acme"},
        "user": {"id": "U0OMAR", "username": "omar", "name": "omar", "team_id": "T0ACME"},
        "api_app_id": "A0HUBBOT",
        "token": "sandbox-verification-token",
        "enterprise": None,
        "is_enterprise_install": False,
        "response_urls": [],
        "view": {
            "id": view.id,
            "team_id": "T0ACME",
            "type": "modal",
            "private_metadata": "secret",
            "callback_id": "delete",
            "state": {
                "values": {
                    "name": {"typed": {"type": "plain_text_input", "value": "acme/api"}},
                    "note": {"typed": {"type": "plain_text_input", "value": None}},
                    "span": {"chosen": {"type": "static_select", "selected_option": None}},
                }
            },
            "hash": old_hash,
            "title": {"type": "plain_text", "text": "Delete"},
            "close": None,
            "submit": {"type": "plain_text", "text": "Delete"},
            "clear_on_close": False,
            "notify_on_close": False,
            "root_view_id": view.id,
            "previous_view_id": None,
            "app_id": "A0HUBBOT",
            "external_id": "mine",
            "app_installed_team_id": "T0ACME",
            "bot_id": "B0HUBBOT",
        },
    }
    assert [block["block_id"] for block in sent_blocks] == ["name", "note", "span"]


def test_unanswered_input_is_not_sent(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack)

    submitted = submits(slack, view, {"note": {"typed": {"type": "plain_text_input", "value": "x"}}})

    assert submitted.errors == {"name": "Please complete this required field."}
    assert view.errors == submitted.errors
    assert receiver.received == []


def test_input_that_the_app_filled_in_is_answered(slack: SlackSimulator, receiver: Receiver) -> None:
    element = {**NAME["element"], "initial_value": "acme/site"}  # type: ignore[dict-item]

    submitted = submits(slack, opened(slack, {**NAME, "element": element}), {})

    assert submitted.is_ok
    assert receiver.payloads[0]["view"]["state"]["values"]["name"]["typed"]["value"] == "acme/site"


def option(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": value.title()}, "value": value}


MENU = {
    "type": "input",
    "block_id": "size",
    "label": {"type": "plain_text", "text": "Size"},
    "element": {
        "type": "static_select",
        "action_id": "chosen",
        "options": [option("small"), option("large")],
        "initial_option": option("large"),
    },
}


def chosen(value: str) -> dict[str, Any]:
    return {"size": {"chosen": {"selected_option": option(value)}}}


def test_a_menu_in_an_input_holds_what_the_app_chose_until_somebody_chooses(
    slack: SlackSimulator, receiver: Receiver
) -> None:
    assert submits(slack, opened(slack, NAME, MENU)).is_ok
    assert submits(slack, opened(slack, NAME, MENU), {**TYPED, **chosen("small")}).is_ok

    states = [payload["view"]["state"]["values"]["size"]["chosen"] for payload in receiver.payloads]
    assert states == [
        {"type": "static_select", "selected_option": option("large")},
        {"type": "static_select", "selected_option": option("small")},
    ]


def test_a_menu_that_wants_a_choice_and_has_none_is_not_sent(slack: SlackSimulator, receiver: Receiver) -> None:
    element = {name: value for name, value in MENU["element"].items() if name != "initial_option"}  # type: ignore[attr-defined]
    view = opened(slack, NAME, {**MENU, "element": element})

    assert submits(slack, view).errors == {"size": "Please complete this required field."}
    assert receiver.received == []
    assert submits(slack, opened(slack, NAME, {**MENU, "element": element, "optional": True})).is_ok
    assert receiver.payloads[0]["view"]["state"]["values"]["size"]["chosen"]["selected_option"] is None


def test_nobody_can_choose_what_a_menu_does_not_offer(slack: SlackSimulator, receiver: Receiver) -> None:
    with pytest.raises(NotThere, match="does not offer"):
        submits(slack, opened(slack, NAME, MENU), {**TYPED, **chosen("huge")})
    assert receiver.received == []


@pytest.mark.parametrize(
    ("limits", "text", "problem"),
    [
        ({"max_length": 5}, "123456", "Please enter no more than 5 characters."),
        ({}, "x" * 3_001, "Please enter no more than 3000 characters."),
        ({"min_length": 3}, "12", "Please enter at least 3 characters."),
        ({"min_length": 3, "max_length": 5}, "123", None),
    ],
)
def test_a_text_of_a_wrong_length_is_not_sent(
    slack: SlackSimulator, receiver: Receiver, limits: Mapping[str, int], text: str, problem: str | None
) -> None:
    element = {**NAME["element"], **limits}  # type: ignore[dict-item]
    view = opened(slack, {**NAME, "element": element})

    submitted = submits(slack, view, {"name": {"typed": {"value": text}}})

    assert submitted.errors == ({"name": problem} if problem else {})
    assert len(receiver.received) == (problem is None)


def test_errors_of_several_inputs_stand_beside_each(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack, NAME, MENU, NOTE)
    errors = {"name": "There is no such repository.", "size": "Sold out."}
    receiver.answers({"response_action": "errors", "errors": errors})

    assert submits(slack, view).errors == view.errors == errors


@pytest.mark.parametrize("answer", [Answer(200, b""), Answer(200, b"{}"), Answer(200, b"\n", "text/plain")])
def test_empty_acknowledgement_closes_the_view(slack: SlackSimulator, receiver: Receiver, answer: Answer) -> None:
    below, view = opened(slack), pushed(slack)
    receiver.answer = lambda _: answer

    assert submits(slack, view).is_ok
    assert stack(slack) == [below.id]


def test_errors_stay_beside_their_inputs(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack)
    receiver.answers({"response_action": "errors", "errors": {"name": "There is no such repository."}})

    submitted = submits(slack, view)

    assert submitted.errors == view.errors == {"name": "There is no such repository."}
    assert not submitted.is_ok
    assert stack(slack) == [view.id]


def test_errors_are_gone_with_the_next_attempt(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack)
    receiver.answers({"response_action": "errors", "errors": {"name": "No."}})
    submits(slack, view)
    receiver.answer = lambda _: Answer(500)

    submits(slack, view)

    assert view.errors == {}


def test_update_replaces_the_view(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack)
    old_hash = view.hash
    receiver.answers({"response_action": "update", "view": a_view(callback_id="sure")})

    assert submits(slack, view).is_ok
    assert stack(slack) == [view.id]
    assert view.payload["callback_id"] == "sure"
    assert view.hash != old_hash


def test_push_puts_a_view_on_top(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack)
    receiver.answers({"response_action": "push", "view": a_view(callback_id="sure")})

    assert submits(slack, view).is_ok
    top = slack.state.stacks[seed.OMAR][-1]
    assert (top.payload["callback_id"], top.previous_id, top.root_id) == ("sure", view.id, view.id)


def test_clear_closes_the_whole_modal(slack: SlackSimulator, receiver: Receiver) -> None:
    opened(slack)
    view = pushed(slack)
    receiver.answers({"response_action": "clear"})

    assert submits(slack, view).is_ok
    assert stack(slack) == []


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"response_action": "errors", "errors": {"elsewhere": "No."}}, "invalid_errors"),
        ({"response_action": "errors", "errors": {}}, "invalid_errors"),
        ({"response_action": "errors"}, "invalid_errors"),
        ({"response_action": "update"}, "invalid_arguments"),
        ({"response_action": "push", "view": {"type": "modal"}}, "invalid_arguments"),
        ({"response_action": "dance"}, "invalid_response_action"),
        ({"text": "Thanks!"}, "invalid_response_action"),
        ([], "invalid_response_action"),
    ],
)
def test_other_acknowledgements_are_trouble(
    slack: SlackSimulator, receiver: Receiver, answer: Any, refusal: str
) -> None:
    """An acknowledgement must be empty or hold a `response_action` that Slack understands."""
    view = opened(slack)
    receiver.answers(answer)

    submitted = submits(slack, view)

    assert (submitted.problem, submitted.refusal) == (TROUBLE, refusal)
    assert stack(slack) == [view.id]


def test_fourth_view_is_trouble(slack: SlackSimulator, receiver: Receiver) -> None:
    opened(slack), pushed(slack)
    view = pushed(slack)
    receiver.answers({"response_action": "push", "view": a_view()})

    assert submits(slack, view).refusal == "push_limit_reached"
    assert len(stack(slack)) == 3


@pytest.mark.parametrize("answer", [Answer(404), Answer(200, b"ok", "text/plain")])
def test_bad_acknowledgement_leaves_the_modal_open(slack: SlackSimulator, receiver: Receiver, answer: Answer) -> None:
    view = opened(slack)
    receiver.answer = lambda _: answer

    assert submits(slack, view).problem == TROUBLE
    assert stack(slack) == [view.id]
    assert len(receiver.received) == 1


def test_app_may_call_slack_before_it_acknowledges(slack: SlackSimulator, receiver: Receiver) -> None:
    """Nothing is locked while an app is asked."""
    view = opened(slack)

    def call_first(_: Received) -> Answer:
        update_view(slack.state, view, a_view(callback_id="busy"), slack.unknowns)
        auth = {"Authorization": f"Bearer {seed.BOT_TOKEN}"}
        assert requests.post(f"{slack.api_url}auth.test", headers=auth, timeout=5).json()["ok"]
        return Answer(200)

    receiver.answer = call_first

    assert submits(slack, view).is_ok
    assert stack(slack) == []


def test_chosen_conversation_gets_a_response_url(slack: SlackSimulator, receiver: Receiver) -> None:
    """Source: https://docs.slack.dev/surfaces/modals, `response_url_enabled`."""
    view = opened(slack, NAME, PLACE)
    chosen = {"place": {"chosen": {"type": "conversations_select", "selected_conversation": seed.RANDOM}}}

    submits(slack, view, {**TYPED, **chosen})

    place = receiver.payloads[0]["response_urls"][0]
    url = place.pop("response_url")
    assert place == {"block_id": "place", "action_id": "chosen", "channel_id": seed.RANDOM}
    assert requests.post(url, json={"text": "Done", "response_type": "in_channel"}, timeout=5).text == "ok"
    assert slack.state.messages(seed.RANDOM)[-1].text == "Done"


def test_view_below_another_cannot_be_submitted(slack: SlackSimulator) -> None:
    below = opened(slack)
    pushed(slack)

    with pytest.raises(NotThere):
        submits(slack, below)


def test_view_without_a_button_cannot_be_submitted(slack: SlackSimulator) -> None:
    payload = a_view(SPAN)
    del payload["submit"]
    view = open_view(slack.state, slack.app, seed.OMAR, payload, slack.unknowns)

    with pytest.raises(NotThere):
        submits(slack, view)


def test_modal_of_others_cannot_be_submitted(slack: SlackSimulator) -> None:
    view = opened(slack)

    with pytest.raises(NotThere):
        slack.acting_as(seed.MIA).submits(view.id, TYPED)


def test_click_in_a_modal_tells_what_is_typed(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack, NAME, SPAN)
    chosen = {"selected_option": SPAN["accessory"]["options"][0]}  # type: ignore[index]

    slack.acting_as(seed.OMAR).clicks_in_view(view.id, "chosen", state=chosen, values=TYPED)

    values = receiver.payloads[0]["view"]["state"]["values"]
    assert values["name"]["typed"]["value"] == "acme/api"
    assert values["span"]["chosen"] == {"type": "static_select", **chosen}


def test_input_tells_nothing_before_it_is_submitted(slack: SlackSimulator) -> None:
    """Only with `dispatch_action` an input sends `block_actions`."""
    view = opened(slack, NAME)

    with pytest.raises(NotThere):
        slack.acting_as(seed.OMAR).clicks_in_view(view.id, "typed", state={"value": "a"})


def test_input_that_dispatches_tells_at_once(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack, {**NAME, "dispatch_action": True})

    slack.acting_as(seed.OMAR).clicks_in_view(view.id, "typed", state={"value": "a"})

    assert receiver.payloads[0]["actions"][0]["value"] == "a"


# Closing


def test_cancel_closes_one_view_and_tells_nobody(slack: SlackSimulator, receiver: Receiver) -> None:
    below, view = opened(slack), pushed(slack)

    slack.acting_as(seed.OMAR).closes_view(view.id)

    assert stack(slack) == [below.id]
    assert receiver.received == []


def test_app_may_ask_to_be_told(slack: SlackSimulator, receiver: Receiver) -> None:
    view = opened(slack, notify_on_close=True)

    slack.acting_as(seed.OMAR).closes_view(view.id)

    payload = receiver.payloads[0]
    assert (payload["type"], payload["is_cleared"], payload["view"]["id"]) == ("view_closed", False, view.id)
    assert payload["view"]["state"] == {"values": {}}
    assert "trigger_id" not in payload


def test_cross_closes_everything_and_names_the_first_view(slack: SlackSimulator, receiver: Receiver) -> None:
    first = opened(slack, notify_on_close=True)
    view = pushed(slack, notify_on_close=True)

    slack.acting_as(seed.OMAR).closes_view(view.id, is_cleared=True)

    assert stack(slack) == []
    assert [(each["view"]["id"], each["is_cleared"]) for each in receiver.payloads] == [(first.id, True)]


def test_view_may_clear_the_modal_when_it_is_closed(slack: SlackSimulator) -> None:
    opened(slack)
    view = pushed(slack, clear_on_close=True)

    slack.acting_as(seed.OMAR).closes_view(view.id)

    assert stack(slack) == []


def test_closed_view_cannot_be_closed_again(slack: SlackSimulator) -> None:
    view = opened(slack)
    slack.acting_as(seed.OMAR).closes_view(view.id)

    with pytest.raises(NotThere):
        slack.acting_as(seed.OMAR).closes_view(view.id)


def test_two_people_submit_side_by_side(slack: SlackSimulator, receiver: Receiver) -> None:
    views = {user: open_view(slack.state, slack.app, user, a_view(), slack.unknowns) for user in (seed.OMAR, seed.MIA)}
    both = threading.Barrier(2, timeout=5)

    def wait_for_the_other(_: Received) -> Answer:
        both.wait()
        return Answer(200)

    receiver.answer = wait_for_the_other
    threads = [
        threading.Thread(target=slack.acting_as(user).submits, args=(view.id, TYPED)) for user, view in views.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not any(slack.state.stacks.values())
