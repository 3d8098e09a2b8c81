"""Messages: `chat.*`.

Sources, below https://docs.slack.dev/reference/methods: `chat.postMessage`, `chat.update`, `chat.delete`,
`chat.postEphemeral` and `chat.getPermalink`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.api.places import visible_conversation, writable_conversation
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.events import change_event, deletion_event, message_event
from bot.sandbox.slack.limits import RateLimited
from bot.sandbox.slack.objects import posted_message_object
from bot.sandbox.slack.payloads import message_object
from bot.sandbox.slack.posting import Content, checked_content, checked_metadata
from bot.sandbox.slack.state import TIMESTAMP, Conversation, Message


@dataclass(frozen=True, slots=True)
class Thread:
    """Where in a conversation a message stands: in a thread, or, without a `ts`, outside of all."""

    ts: str | None = None
    is_broadcast: bool = False


def post_message(call: Call) -> Payload:
    """Answer `chat.postMessage`."""
    content = checked_content(call.arguments.values, call.unknowns)
    metadata = checked_metadata(call.arguments.values)
    conversation = writable_conversation(call)
    message = post(call, conversation, content, metadata=metadata)
    shown = posted_message_object(message, call.state, call.origin)
    return {"channel": conversation.id, "ts": message.ts, "message": shown, **content.warnings}


def post_ephemeral(call: Call) -> Payload:
    """Answer `chat.postEphemeral`. Metadata is ignored, as documented."""
    content = checked_content(call.arguments.values, call.unknowns)
    user_id = call.arguments.required("user")
    conversation = writable_conversation(call)
    if user_id not in conversation.members:
        raise Refusal("user_not_in_channel")
    thread = thread_of(call, conversation)
    message = call.state.add_message(_message(call, conversation, content, thread, ephemeral_for=user_id))
    return {"message_ts": message.ts, **content.warnings}


def update(call: Call) -> Payload:
    """Answer `chat.update`."""
    content = checked_content(call.arguments.values, call.unknowns, is_update=True)
    metadata = checked_metadata(call.arguments.values)
    message = _own_message(call, refusal="cant_update_message")
    if call.state.conversations[message.channel].is_archived:
        raise Refusal("is_inactive")
    before = message_object(message, call.state)
    _apply(call, message, content, metadata)
    call.state.message_changed(message)
    call.publish(change_event(message, call.state, before))
    shown = posted_message_object(message, call.state, call.origin)
    told = {name: value for name, value in shown.items() if name not in {"ts", "thread_ts"}}
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": told}


def delete(call: Call) -> Payload:
    """Answer `chat.delete`."""
    message = _own_message(call, refusal="cant_delete_message")
    before = message_object(message, call.state)
    message.is_deleted = True
    call.state.message_changed(message)
    call.publish(deletion_event(message, call.state, before))
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(call: Call) -> Payload:
    """Answer `chat.getPermalink`."""
    conversation = visible_conversation(call, call.arguments.required("channel"))
    message = call.state.message(conversation.id, call.arguments.required("message_ts"))
    if message is None or message.ephemeral_for is not None:
        raise Refusal("message_not_found")
    link = f"https://{call.state.domain}.slack.com/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={conversation.id}" if message.is_reply else ""
    return {"channel": conversation.id, "permalink": link + thread}


def post(
    call: Call,
    conversation: Conversation,
    content: Content,
    *,
    metadata: Mapping[str, Any] | None = None,
    files: tuple[str, ...] = (),
) -> Message:
    """Put a message of the bot into a conversation, at the pace that is allowed, and tell the apps of it.

    Raises:
        RateLimited: The last one was less than a second ago.
        Refusal: There cannot be such a thread.
    """
    thread = thread_of(call, conversation)
    wait = call.pace.spend(conversation.id)
    if wait:
        raise RateLimited(wait)
    message = _message(call, conversation, content, thread)
    message.metadata, message.files = metadata or None, files
    call.state.add_message(message)
    call.publish(message_event(message, call.state))
    return message


def thread_of(call: Call, conversation: Conversation) -> Thread:
    """Return where `thread_ts` and `reply_broadcast` want a message.

    Raises:
        Refusal: `invalid_thread_ts`: it is no `ts`; `thread_not_found`, where the switch says so.
    """
    wanted = call.arguments.text("thread_ts")
    if not wanted:
        return Thread()
    if not TIMESTAMP.fullmatch(wanted):
        # Recorded in jenkinsci/slack-plugin, 584.
        raise Refusal.with_messages("invalid_thread_ts", f"{wanted} is not a valid thread_ts")
    parent = call.state.message(conversation.id, wanted)
    if parent is None or parent.ephemeral_for is not None:
        if call.unknowns.missing_thread == "thread_not_found":
            raise Refusal("thread_not_found")
        return Thread()
    if parent.is_reply:
        # Slack asks not to name a reply: it then stands in the channel too. Reported in python-slack-sdk, 1116.
        return Thread(parent.thread_ts, is_broadcast=True)
    return Thread(parent.ts, is_broadcast=call.arguments.flag("reply_broadcast"))


def _message(
    call: Call, conversation: Conversation, content: Content, thread: Thread, ephemeral_for: str | None = None
) -> Message:
    return Message(
        channel=conversation.id,
        ts=call.state.new_ts(),
        user=call.bot.id,
        text=content.text,
        app_id=call.app.id,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread.ts,
        is_broadcast=thread.is_broadcast,
        ephemeral_for=ephemeral_for,
    )


def _own_message(call: Call, *, refusal: str) -> Message:
    # Names and user ids are no way to a message: only the id of the conversation is.
    conversation = visible_conversation(call, call.arguments.required("channel"))
    message = call.state.message(conversation.id, call.arguments.required("ts"))
    if message is None or message.ephemeral_for is not None:
        raise Refusal("message_not_found")
    if message.app_id != call.app.id:
        raise Refusal(refusal)
    return message


def _apply(call: Call, message: Message, content: Content, metadata: Mapping[str, Any] | None) -> None:
    if content.given & {"text", "blocks"}:
        # A text without blocks takes the old blocks away; attachments alone leave text and blocks as they are.
        message.text, message.blocks = content.text, content.blocks
    if "attachments" in content.given:
        message.attachments = content.attachments
    if metadata is not None:
        message.metadata = metadata or None
    if call.arguments.flag("reply_broadcast") and message.is_reply:
        message.is_broadcast = True
    if not content.blocks:
        # Documented: a message that is updated with blocks is not shown as edited.
        message.edited_at = call.now
