"""Modals and App Homes: `views.*`. What they do is in `bot.sandbox.slack.views`."""

from typing import Any

from bot.sandbox.slack import views
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.payloads import view_object
from bot.sandbox.slack.state import View


def open_view(call: Call) -> Payload:
    """Answer `views.open`."""
    payload, user_id = _payload(call), _redeemed(call)
    return _answer(call, views.open_view(call.state, call.app, user_id, payload, call.unknowns))


def push(call: Call) -> Payload:
    """Answer `views.push`."""
    payload, user_id = _payload(call), _redeemed(call)
    return _answer(call, views.push_view(call.state, call.app, user_id, payload, call.unknowns))


def update(call: Call) -> Payload:
    """Answer `views.update`."""
    payload = call.arguments.structure("view", "invalid_arguments")
    view_id, external_id = call.arguments.text("view_id"), call.arguments.text("external_id")
    if not (view_id or external_id):
        raise Refusal.with_messages("invalid_arguments", "missing required field: view_id")
    view = views.find_view(call.state, call.app, view_id=view_id, external_id=external_id)
    expected_hash = call.arguments.text("hash")
    return _answer(call, views.update_view(call.state, view, payload, call.unknowns, expected_hash=expected_hash))


def publish(call: Call) -> Payload:
    """Answer `views.publish`."""
    user_id = call.arguments.required("user_id")
    payload = call.arguments.structure("view", "invalid_arguments")
    expected_hash = call.arguments.text("hash")
    view = views.publish_home(call.state, call.app, user_id, payload, call.unknowns, expected_hash=expected_hash)
    return _answer(call, view)


def _payload(call: Call) -> dict[str, Any]:
    # Looked at before the trigger is: an app that sent a bad view may try again with the same trigger.
    return views.checked_view(call.arguments.structure("view", "invalid_arguments"), call.unknowns)


def _redeemed(call: Call) -> str:
    return call.redeem_trigger(call.arguments.required("trigger_id"))


def _answer(call: Call, view: View) -> Payload:
    return {"view": view_object(view, call.app, call.state.team_id, {})}
