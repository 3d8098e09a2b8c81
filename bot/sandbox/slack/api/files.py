"""Uploads in three steps: `files.*`. The bytes themselves go to and come from `bot.sandbox.slack.uploads`.

Sources, below https://docs.slack.dev/reference/methods: `files.getUploadURLExternal` and
`files.completeUploadExternal`.
"""

import re
from typing import Any

from bot.sandbox.slack.api import chat
from bot.sandbox.slack.api.places import visible_conversation
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.objects import file_object
from bot.sandbox.slack.posting import Content
from bot.sandbox.slack.state import Conversation, File
from bot.sandbox.slack.uploads import UPLOAD_PREFIX

LONGEST_ALT_TEXT = 1_000
LARGEST_SNIPPET_BYTES = 1_000_000
CHANNEL_ID = re.compile("[CGDZ][A-Z0-9]+")
# Slack's own pattern, as recorded. Here ids may be shorter: those that people read and write in tests are.
CHANNEL_PATTERN = "input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$ [json-pointer:/channel_id]"


def get_upload_url(call: Call) -> Payload:
    """Answer `files.getUploadURLExternal`."""
    name = call.arguments.required("filename")
    length = _length(call)
    alt_text, snippet_type = call.arguments.text("alt_txt"), call.arguments.text("snippet_type")
    if len(alt_text) > LONGEST_ALT_TEXT:
        raise Refusal("alt_txt_too_large")
    if snippet_type and length > LARGEST_SNIPPET_BYTES:
        raise Refusal("snippet_too_large")
    file = File(
        id=call.state.new_id("F"),
        name=name,
        title=name,
        length_bytes=length,
        uploaded_by=call.bot.id,
        created_at=call.now,
        alt_text=alt_text or None,
        snippet_type=snippet_type or None,
    )
    call.state.files[file.id] = file
    return {"upload_url": f"{call.origin}{UPLOAD_PREFIX}{file.id}", "file_id": file.id}


def complete_upload(call: Call) -> Payload:
    """Answer `files.completeUploadExternal`.

    Slack shares a file a little later, so that the answer does not tell the message; here it is posted at once.
    """
    wanted = call.arguments.structure("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise Refusal.with_messages("invalid_arguments", "missing required field: files")
    files = [_uploaded(call, each) for each in wanted]
    conversations = _destinations(call)
    for file, each in zip(files, wanted, strict=True):
        file.title = each.get("title") or file.name
    unshared = [file_object(file, call.state, call.origin) for file in files]
    for conversation in conversations:
        _share(call, conversation, files)
    for file in files:
        file.is_complete = True
    call.state.touch()
    return {"files": unshared}


def _length(call: Call) -> int:
    length = call.arguments.text("length")
    if length and not length.isdecimal():
        raise Refusal.with_messages("invalid_arguments", "must be an integer [json-pointer:/length]")
    if not length or int(length) == 0:
        # Documented: this is what a length of 0 looks like to Slack.
        raise Refusal("missing_argument")
    return int(length)


def _uploaded(call: Call, wanted: Any) -> File:
    file = call.state.files.get(str(wanted.get("id", ""))) if isinstance(wanted, dict) else None
    if file is None or file.content is None or file.is_complete or file.uploaded_by != call.bot.id:
        raise Refusal("file_not_found")
    return file


def _destinations(call: Call) -> list[Conversation]:
    channel_id = call.arguments.text("channel_id")
    if channel_id and not CHANNEL_ID.fullmatch(channel_id):
        raise Refusal.with_messages("invalid_arguments", CHANNEL_PATTERN)
    several = call.arguments.text("channels").split(",")
    return [_destination(call, each) for each in (channel_id, *several) if each]


def _destination(call: Call, conversation_id: str) -> Conversation:
    conversation = visible_conversation(call, conversation_id)
    # Unlike messages, files want a member, whatever `chat:write.public` says.
    if call.bot.id not in conversation.members:
        raise Refusal("not_in_channel")
    if conversation.is_archived:
        raise Refusal("is_archived")
    return conversation


def _share(call: Call, conversation: Conversation, files: list[File]) -> None:
    text = call.arguments.text("initial_comment")
    content = Content(text, blocks=(), attachments=(), given=frozenset({"text"}))
    message = chat.post(call, conversation, content, files=tuple(file.id for file in files))
    for file in files:
        file.shared_in.append(conversation.id)
        call.publish(
            {
                "type": "file_shared",
                "file_id": file.id,
                "user_id": call.bot.id,
                "file": {"id": file.id},
                "channel_id": conversation.id,
                "event_ts": message.ts,
            }
        )
