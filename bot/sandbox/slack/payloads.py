"""The bodies of what Slack sends to an app, by kind.

Sources: https://docs.slack.dev/interactivity/implementing-slash-commands, https://docs.slack.dev/apis/events-api and,
below https://docs.slack.dev/reference/interaction-payloads, `block_actions-payload`, `view-interactions-payload` and
`shortcuts-interaction-payload`. Fields that only enterprise organizations, workflows or legacy attachments have are
left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.slack.apps import App, Shortcut
from bot.sandbox.slack.elements import state_values
from bot.sandbox.slack.state import Conversation, Message, Person, View, WorkspaceState

# The deprecated verification token: it is still sent, and must not be believed.
VERIFICATION_TOKEN = "sandbox-verification-token"

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sender:
    """What every payload is made from: who acts, where, on which app."""

    app: App
    state: WorkspaceState
    person: Person

    @property
    def head(self) -> Payload:
        """The fields that all interactions share."""
        return {
            "team": {"id": self.state.team_id, "domain": self.state.domain},
            "user": user_of(self.person),
            "api_app_id": self.app.id,
            "token": VERIFICATION_TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
        }


def slash_command(
    sender: Sender, conversation: Conversation, *, command: str, text: str, response_url: str, trigger_id: str
) -> dict[str, str]:
    """Return the form of a slash command; everything in it is text."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": sender.state.team_id,
        "team_domain": sender.state.domain,
        "channel_id": conversation.id,
        "channel_name": name_of(conversation),
        "user_id": sender.person.id,
        "user_name": sender.person.name,
        "command": command,
        "text": text,
        "api_app_id": sender.app.id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def message_actions(
    sender: Sender,
    message: Message,
    *,
    action: Mapping[str, Any],
    values: Mapping[str, Any],
    response_url: str,
    trigger_id: str,
    shows_message: bool,
) -> Payload:
    """Return `block_actions` of an element in a message.

    Args:
        sender: Who clicked.
        message: Where the element is.
        action: From `elements.action_of`.
        values: What the message's stateful elements hold, by block and action.
        response_url: For answers.
        trigger_id: For opening a modal.
        shows_message: Whether the message itself is part of the payload.
    """
    payload: Payload = {
        "type": "block_actions",
        **sender.head,
        "container": _message_container(message),
        "trigger_id": trigger_id,
        "channel": channel_of(sender.state.conversations[message.channel]),
        "state": {"values": state_values(message.blocks, values)},
        "response_url": response_url,
        "actions": [dict(action)],
    }
    if shows_message:
        payload["message"] = message_object(message, sender.state)
    return payload


def view_actions(
    sender: Sender, view: View, *, action: Mapping[str, Any], values: Mapping[str, Any], trigger_id: str
) -> Payload:
    """Return `block_actions` of an element in a modal or an App Home."""
    return {
        "type": "block_actions",
        **sender.head,
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view_object(view, sender.app, sender.state.team_id, state_values(_blocks(view), values)),
        "actions": [dict(action)],
    }


def view_submission(
    sender: Sender,
    view: View,
    *,
    values: Mapping[str, Any],
    trigger_id: str,
    response_urls: Sequence[Mapping[str, str]],
) -> Payload:
    """Return `view_submission`; `values` hold every stateful element already, as `elements.state_values` gives them."""
    return {
        "type": "view_submission",
        **sender.head,
        "trigger_id": trigger_id,
        "view": view_object(view, sender.app, sender.state.team_id, values),
        "response_urls": [dict(each) for each in response_urls],
    }


def view_closed(sender: Sender, view: View, *, is_cleared: bool) -> Payload:
    """Return `view_closed`: the view as it was, without what was typed into it."""
    return {
        "type": "view_closed",
        **sender.head,
        "view": view_object(view, sender.app, sender.state.team_id, {}),
        "is_cleared": is_cleared,
    }


def global_shortcut(sender: Sender, shortcut: Shortcut, *, trigger_id: str, action_ts: str) -> Payload:
    """Return `shortcut`: without a channel, and without a response URL."""
    return {
        "type": "shortcut",
        **_head_of_shortcut(sender),
        "action_ts": action_ts,
        "callback_id": shortcut.callback_id,
        "trigger_id": trigger_id,
    }


def _head_of_shortcut(sender: Sender) -> Payload:
    """Return what shortcuts share: unlike other interactions they do not name the app."""
    return {name: value for name, value in sender.head.items() if name != "api_app_id"}


def message_shortcut(
    sender: Sender, shortcut: Shortcut, message: Message, *, trigger_id: str, action_ts: str, response_url: str
) -> Payload:
    """Return `message_action`."""
    return {
        "type": "message_action",
        **_head_of_shortcut(sender),
        "action_ts": action_ts,
        "callback_id": shortcut.callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "message_ts": message.ts,
        "channel": channel_of(sender.state.conversations[message.channel]),
        "message": message_object(message, sender.state),
    }


def event_callback(
    app: App, state: WorkspaceState, event: Mapping[str, Any], *, event_id: str, at: datetime, is_shared: bool
) -> Payload:
    """Return the envelope of an event.

    Args:
        app: Whom it is for.
        state: Where it happened.
        event: The inner event.
        event_id: The same in every retry.
        at: When it was first sent, aware.
        is_shared: Whether it happened in a Slack Connect channel.
    """
    authorization = {
        "enterprise_id": None,
        "team_id": state.team_id,
        "user_id": app.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": state.team_id,
        "context_team_id": state.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(at.timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": is_shared,
        "event_context": f"EC{event_id.removeprefix('Ev')}",
    }


def user_of(person: Person) -> Payload:
    """Return a person as interactions name them."""
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id}


def channel_of(conversation: Conversation) -> Payload:
    """Return a conversation as interactions name it."""
    return {"id": conversation.id, "name": name_of(conversation)}


def name_of(conversation: Conversation) -> str:
    """Return what stands for a conversation's name: that of a public channel only. Recorded payloads have these."""
    others = {"private": "privategroup", "im": "directmessage"}
    return others.get(conversation.kind, conversation.name)


def message_object(message: Message, state: WorkspaceState) -> Payload:
    """Return a message as payloads and events hold it."""
    person = state.people.get(message.user)
    optional = {
        "subtype": message.subtype,
        "bot_id": person.bot_id if person and message.app_id else None,
        "app_id": message.app_id,
        "blocks": [dict(block) for block in message.blocks],
        "attachments": [dict(attachment) for attachment in message.attachments],
        "thread_ts": message.thread_ts,
        "metadata": message.metadata,
        "files": [{"id": file_id} for file_id in message.files],
        "edited": _edited(message),
    }
    return {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": person.team_id if person else state.team_id,
        **{name: value for name, value in optional.items() if value},
    }


def view_object(view: View, app: App, team_id: str, values: Mapping[str, Any]) -> Payload:
    """Return a view as payloads and events hold it.

    Args:
        view: As it is stored.
        app: Whose it is.
        team_id: Of the workspace.
        values: What its stateful elements hold, by block and action.
    """
    defaults = {"private_metadata": "", "callback_id": "", "clear_on_close": False, "notify_on_close": False}
    # Recorded of every App Home, which has no title of its own.
    title = {"type": "plain_text", "text": "View Title", "emoji": True}
    return {
        "id": view.id,
        "team_id": team_id,
        **defaults,
        "title": title,
        "close": None,
        "submit": None,
        **view.payload,
        "state": {"values": {block: dict(held) for block, held in values.items()}},
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "app_id": app.id,
        "external_id": view.external_id or "",
        "app_installed_team_id": team_id,
        "bot_id": app.bot_id,
    }


def _message_container(message: Message) -> Payload:
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_for is not None,
    }
    return container | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def _edited(message: Message) -> Payload | None:
    if message.edited_at is None:
        return None
    return {"user": message.user, "ts": f"{message.edited_at.timestamp():.6f}"}


def _blocks(view: View) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = view.payload.get("blocks", ())
    return found
