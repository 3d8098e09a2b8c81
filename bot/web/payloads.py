"""What Slack sends, read into values: a command, a mention, a click, a form; or nothing for us; or no sense.

Source: https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/interactivity/handling-user-interaction and https://docs.slack.dev/apis/events-api
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bot.governance.roles import Person
from bot.slack.manifest import COMMAND
from bot.slack.response_url import RefusedAddressError, ResponseUrl
from bot.store.types import storable

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_INTERACTIONS = frozenset(
    {
        "block_actions",
        "block_suggestion",
        "message_action",
        "shortcut",
        "view_closed",
        "view_submission",
        "workflow_step_edit",
        "interactive_message",
        "dialog_submission",
        "dialog_suggestion",
    }
)
_EVENT_ENVELOPES = frozenset({"event_callback", "app_rate_limited", "url_verification"})


class MalformedError(Exception):
    """A request that is signed and still makes no sense.

    Args:
        problem: What is wrong, without any of its values.
    """


@dataclass(frozen=True)
class SlashCommand:
    """Somebody typed `/hub …`.

    Attributes:
        text: What was typed after it.
        person: Who typed it.
        channel_id: Where.
        response_url: Where the answer goes.
        trigger_id: What opens a modal, within three seconds; empty where there is none.
    """

    text: str
    person: Person
    channel_id: str
    response_url: ResponseUrl
    trigger_id: str = ""


@dataclass(frozen=True)
class Mention:
    """Somebody wrote to the bot in a channel.

    Attributes:
        event_id: The same when Slack sends the event again.
        text: What was written after the mention.
        person: Who wrote it.
        channel_id: Where.
        thread_ts: The thread to answer in; it may begin with this very message.
        is_in_thread: Whether the mention itself stands in a thread.
        is_shared_outside: Whether another organization is in the channel, as Slack says with the event; None when it
            does not say.
    """

    event_id: str
    text: str
    person: Person
    channel_id: str
    thread_ts: str
    is_in_thread: bool
    is_shared_outside: bool | None


@dataclass(frozen=True)
class Click:
    """Somebody pressed a button.

    Attributes:
        action_id: Which kind of button.
        value: What the button carries.
        person: Who pressed it.
        channel_id: Where.
        response_url: Where the answer goes; None for a button that stands in no message.
        trigger_id: What opens a modal, within three seconds; empty where there is none.
    """

    action_id: str
    value: str
    person: Person
    channel_id: str
    response_url: ResponseUrl | None
    trigger_id: str = ""


@dataclass(frozen=True)
class Submission:
    """Somebody filled in a form.

    Attributes:
        metadata: What the form carries.
        values: What was put in, as it was typed, by field; "" where nothing was. There may be secrets in it.
        person: Who did.
        trigger_id: What opens a modal, within three seconds; empty where there is none.
    """

    metadata: str
    values: Mapping[str, str] = field(repr=False)
    person: Person
    trigger_id: str = ""


@dataclass(frozen=True)
class Opened:
    """The bot can post in a channel again, or for the first time: it was invited, or the channel is archived no more.

    Attributes:
        event_id: The same when Slack sends the event again.
        channel_id: Which.
    """

    event_id: str
    channel_id: str


@dataclass(frozen=True)
class HomeOpened:
    """Somebody looks at the app's Home tab.

    Attributes:
        event_id: The same when Slack sends the event again.
        person: Who.
    """

    event_id: str
    person: Person


AcceptUrl = Callable[[str], ResponseUrl]
Asked = SlashCommand | Mention | Click | Submission | Opened | HomeOpened

FORM_VIEW = "form"
"""The `callback_id` of our forms."""
FORM_INPUT = "input"
"""The `action_id` of every input of a form. Its `block_id` is the name of the field."""


def decode(body: bytes) -> Mapping[str, Any]:
    """Return a request's body as a mapping: JSON, a form, or a form that holds JSON under `payload`.

    Bolt's own parser takes every form in which the word "payload" occurs for the third kind, and so loses a command
    like `/hub tags acme/payload`.

    Raises:
        MalformedError: It is none of these.
    """
    try:
        text = body.decode()
        if text.startswith("{"):
            return _mapping(json.loads(text))
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
        return _mapping(json.loads(fields["payload"])) if "payload" in fields else fields
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body cannot be decoded") from error


def read(body: Mapping[str, Any], *, accept: AcceptUrl) -> Asked | None:
    """Return what is asked of us; None when there is nothing to do but say yes.

    Args:
        body: What was sent, decoded.
        accept: Checks a response_url; raises RefusedAddressError for one that does not lead to Slack.

    Raises:
        MalformedError: It is nothing that Slack would send, or a field is missing.
    """
    try:
        return _read(body, accept)
    except RefusedAddressError as error:
        raise MalformedError(str(error)) from error


def _read(body: Mapping[str, Any], accept: AcceptUrl) -> Asked | None:
    if "ssl_check" in body:
        return None
    if "command" in body:
        return _slash_command(body, accept)
    kind = _text(body, "type")
    if kind == "block_actions":
        return _click(body, accept)
    if kind == "view_submission":
        return _submission(body)
    if kind == "event_callback":
        return _event(body)
    if kind == "url_verification":
        _text(body, "challenge")
    elif kind not in _INTERACTIONS | _EVENT_ENVELOPES:
        raise MalformedError("type is none that Slack has")
    return None


def _slash_command(body: Mapping[str, Any], accept: AcceptUrl) -> SlashCommand:
    if _text(body, "command") != COMMAND:
        raise MalformedError("the command is not ours")
    return SlashCommand(
        text=_text(body, "text", default=""),
        person=Person(user_id=_text(body, "user_id"), team_id=_text(body, "team_id")),
        channel_id=_text(body, "channel_id"),
        response_url=accept(_text(body, "response_url")),
        trigger_id=_text(body, "trigger_id", default=""),
    )


def _click(body: Mapping[str, Any], accept: AcceptUrl) -> Click:
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions:
        raise MalformedError("actions is missing")
    action = _mapping(actions[0])
    address = _text(body, "response_url", default="")
    return Click(
        action_id=_text(action, "action_id"),
        value=_text(action, "value", default=""),
        person=_person(body),
        channel_id=_text(_inner(body, "channel"), "id") if body.get("channel") else "",
        response_url=accept(address) if address else None,
        trigger_id=_text(body, "trigger_id", default=""),
    )


def _submission(body: Mapping[str, Any]) -> Submission | None:
    view = _inner(body, "view")
    if view.get("callback_id") != FORM_VIEW:
        return None
    values = _inner(_inner(view, "state"), "values")
    return Submission(
        metadata=_text(view, "private_metadata", default=""),
        values={name: _put_in(_inner(values, name)) for name in values},
        person=_person(body),
        trigger_id=_text(body, "trigger_id", default=""),
    )


def _put_in(block: Mapping[str, Any]) -> str:
    """Return what the input of a block holds: a text, or the value of the option that was chosen."""
    held = _inner(block, FORM_INPUT)
    text = _text(held, "value", default="")
    option = held.get("selected_option")
    # No database holds all that JSON can, and no person types it.
    return str(storable(_text(_mapping(option), "value") if option is not None else text))


def _person(body: Mapping[str, Any]) -> Person:
    user = _inner(body, "user")
    # An app that is installed for a whole organization gets no team, but the user's own.
    team_id = _text(_inner(body, "team"), "id") if body.get("team") else _text(user, "team_id")
    return Person(user_id=_text(user, "id"), team_id=team_id)


def _event(body: Mapping[str, Any]) -> Mention | Opened | HomeOpened | None:
    event = _inner(body, "event")
    event_id = _text(body, "event_id")
    kind = _text(event, "type")
    is_invitation = kind == "member_joined_channel" and _text(event, "user") == _bot_user_id(body)
    if is_invitation or kind in {"channel_unarchive", "group_unarchive"}:
        return Opened(event_id, _text(event, "channel"))
    if kind == "app_home_opened":
        # Slack says so of the messages tab too.
        is_home = _text(event, "tab", default="") == "home"
        return HomeOpened(event_id, Person(_text(event, "user"), _text(body, "team_id"))) if is_home else None
    if kind != "app_mention" or event.get("bot_id") or "user" not in event:
        return None  # Other events; and other bots, ourselves among them, are not talked to.
    is_outside = body.get("is_ext_shared_channel")
    return Mention(
        event_id=event_id,
        text=_after_mention(_text(event, "text", default=""), _bot_user_id(body)),
        person=Person(user_id=_text(event, "user"), team_id=_text(body, "team_id")),
        channel_id=_text(event, "channel"),
        thread_ts=_text(event, "thread_ts", default="") or _text(event, "ts"),
        is_in_thread="thread_ts" in event,
        is_shared_outside=is_outside if isinstance(is_outside, bool) else None,
    )


def _bot_user_id(body: Mapping[str, Any]) -> str | None:
    """Return whom the event is for, if Slack says."""
    authorizations = body.get("authorizations")
    if not isinstance(authorizations, list) or not authorizations or not isinstance(authorizations[0], dict):
        return None
    user_id = authorizations[0].get("user_id")
    return user_id if isinstance(user_id, str) else None


def _after_mention(text: str, bot_user_id: str | None) -> str:
    found = next((each for each in _MENTION.finditer(text) if bot_user_id in {None, each[1]}), None)
    return text[found.end() :].strip() if found else text.strip()


def _inner(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise MalformedError(f"{name} is missing")
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError("the body is no object")
    return value


def _text(body: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = body.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (not value and default is None):
        raise MalformedError(f"{name} is missing")
    return value
