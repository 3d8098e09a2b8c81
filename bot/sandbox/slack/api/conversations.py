"""Channels and direct messages: `conversations.*`.

Sources, below https://docs.slack.dev/reference/methods: `conversations.list`, `conversations.info`,
`conversations.members`, `conversations.join` and `conversations.open`.
"""

from bot.sandbox.slack.api.paging import page_of
from bot.sandbox.slack.api.places import READ_SCOPES, readable_conversation, require_scope, visible_conversation
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.events import message_event
from bot.sandbox.slack.objects import channel_object
from bot.sandbox.slack.state import Conversation, ConversationKind, Message

KINDS: dict[str, ConversationKind] = {"public_channel": "public", "private_channel": "private", "im": "im"}
# There are no direct messages of more than two in this workspace; asking for them is no mistake.
SCOPES = {"mpim": "mpim:read", **{name: READ_SCOPES[kind] for name, kind in KINDS.items()}}


def list_conversations(call: Call) -> Payload:
    """Answer `conversations.list`."""
    wanted = call.arguments.text("types", "public_channel").replace(" ", "").split(",")
    if not set(wanted) <= SCOPES.keys():
        raise Refusal("invalid_types")
    for each in wanted:
        require_scope(call, SCOPES[each])
    kinds = {KINDS[each] for each in wanted if each in KINDS}
    seen = [each for each in call.state.conversations.values() if each.kind in kinds and _is_seen(call, each)]
    page, metadata = page_of(call.arguments, seen, kind="team", id_of=lambda each: each.id)
    # Archived channels are left out of a page that was cut already: it may have less than it could, or nothing.
    excluded = call.arguments.flag("exclude_archived")
    shown = [_described(call, each, has_count=True) for each in page if not (excluded and each.is_archived)]
    return {"channels": shown, **metadata}


def info(call: Call) -> Payload:
    """Answer `conversations.info`."""
    conversation = readable_conversation(call)
    found = _described(call, conversation, has_count=call.arguments.flag("include_num_members"))
    return {"channel": found | ({"locale": "en-US"} if call.arguments.flag("include_locale") else {})}


def members(call: Call) -> Payload:
    """Answer `conversations.members`."""
    conversation = readable_conversation(call)
    page, metadata = page_of(call.arguments, sorted(conversation.members), kind="user", id_of=str)
    return {"members": list(page), **metadata}


def join(call: Call) -> Payload:
    """Answer `conversations.join`."""
    conversation = visible_conversation(call, call.arguments.required("channel"))
    if conversation.kind != "public":
        raise Refusal("method_not_supported_for_channel_type")
    if conversation.is_archived:
        raise Refusal("is_archived")
    if call.bot.id in conversation.members:
        warning = "already_in_channel"
        warnings: Payload = {"warning": warning, "response_metadata": {"warnings": [warning]}}
        return {"channel": _described(call, conversation), **warnings}
    _enter(call, conversation)
    return {"channel": _described(call, conversation)}


def open_conversation(call: Call) -> Payload:
    """Answer `conversations.open`: a direct message with one person, by their id or its own."""
    if "channel" in call.arguments:
        return _resumed(call, visible_conversation(call, call.arguments.text("channel")))
    users = [each for each in call.arguments.text("users").replace(" ", "").split(",") if each]
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        # The simulated workspace has no direct messages of more than two. It says so as Slack says it of a kind of
        # conversation that cannot be opened.
        raise Refusal("method_not_supported_for_channel_type")
    person = call.state.people.get(users[0])
    if person is None:
        raise Refusal("user_not_found")
    if person.is_deleted:
        raise Refusal("user_disabled")
    before = len(call.state.conversations)
    conversation = call.state.direct_message(call.bot.id, person.id)
    is_new = len(call.state.conversations) > before
    return _opened(call, conversation) if is_new else _resumed(call, conversation)


def _is_seen(call: Call, conversation: Conversation) -> bool:
    return call.state.can_see(call.bot.id, conversation)


def _described(call: Call, conversation: Conversation, *, has_count: bool = False) -> Payload:
    found = channel_object(conversation, call.state, seen_by=call.bot.id)
    return found | ({"num_members": len(conversation.members)} if has_count and conversation.kind != "im" else {})


def _enter(call: Call, conversation: Conversation) -> None:
    conversation.members.add(call.bot.id)
    text = f"<@{call.bot.id}> has joined the channel"
    message = Message(conversation.id, call.state.new_ts(), call.bot.id, text, subtype="channel_join")
    call.state.add_message(message)
    call.publish(
        {
            "type": "member_joined_channel",
            "user": call.bot.id,
            "channel": conversation.id,
            "channel_type": "C",
            "team": call.state.team_id,
            "event_ts": message.ts,
        }
    )
    call.publish(message_event(message, call.state))


def _opened(call: Call, conversation: Conversation) -> Payload:
    if call.arguments.flag("return_im"):
        return {"channel": _described(call, conversation)}
    return {"channel": {"id": conversation.id}}


def _resumed(call: Call, conversation: Conversation) -> Payload:
    if conversation.kind != "im":
        raise Refusal("method_not_supported_for_channel_type")
    return {"no_op": True, "already_open": True, **_opened(call, conversation)}
