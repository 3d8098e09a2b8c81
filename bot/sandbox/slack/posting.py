"""What a message is made of, checked as Slack checks it, whichever way the message comes.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/reference/methods/chat.update
and https://docs.slack.dev/messaging/message-metadata
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blockkit import Problem, message_problems
from bot.sandbox.slack.blocks import fallback_text, text_length, with_ids
from bot.sandbox.slack.call import ArgumentsOfCall, Payload, Refusal
from bot.sandbox.slack.unknowns import SlackUnknowns

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
LONGEST_MARKDOWN = 12_000
MOST_ATTACHMENTS = 100
# Inferred: only the name of the error is documented, not the size.
LARGEST_METADATA = 8_000

# Source: https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages
TRUNCATED = "Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."


@dataclass(frozen=True, slots=True)
class Content:
    """What people will see.

    Attributes:
        text: As given; put together from the blocks when only they were.
        blocks: With an id on each, and on each element with which people act.
        given: Which of `text`, `blocks` and `attachments` the app gave, be it empty.
        is_truncated: Whether the text was longer than a message may be, and was cut.
    """

    text: str
    blocks: Sequence[Mapping[str, Any]]
    attachments: Sequence[Mapping[str, Any]]
    given: frozenset[str]
    is_truncated: bool = False

    @property
    def warnings(self) -> Payload:
        """What the answer says beside the message itself: that the text was cut."""
        if not self.is_truncated:
            return {}
        metadata = {"warnings": ["message_truncated"], "messages": [f"[WARN] {TRUNCATED}"]}
        return {"warning": "message_truncated", "response_metadata": metadata}


def checked_content(
    payload: Mapping[str, Any], unknowns: SlackUnknowns, *, is_update: bool = False, has_total: bool = True
) -> Content:
    """Return the content of a message.

    Args:
        payload: Arguments or a JSON body; `blocks` and `attachments` may be JSON as text.
        unknowns: The positions of the switches.
        is_update: Whether it replaces that of a message; its text is then refused where others are cut, and earlier.
        has_total: Whether all blocks together are limited. Reported in slackapi/bolt-js, 2867: the way over response
            URLs takes blocks that `chat.postMessage` finds too long.

    Raises:
        Refusal: Slack would not take it.
    """
    arguments = _markdown_as_block(ArgumentsOfCall(payload))
    text = arguments.text("text")
    blocks = _list(arguments, "blocks", "invalid_blocks_format")
    attachments = _list(arguments, "attachments", "invalid_attachments")
    if not (text.strip() or blocks or attachments):
        raise Refusal("no_text")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    if is_update and len(text) > LONGEST_UPDATE:
        raise Refusal("msg_too_long")
    _check(blocks, attachments, unknowns)
    if has_total and text_length(blocks) > int(unknowns.blocks_total):
        raise Refusal("msg_blocks_too_long")
    return Content(
        text=text[:LONGEST_TEXT] or fallback_text(blocks),
        blocks=with_ids(blocks),
        attachments=[_with_ids_within(each) for each in attachments],
        given=frozenset(name for name in ("text", "blocks", "attachments") if name in arguments),
        is_truncated=len(text) > LONGEST_TEXT,
    )


def checked_metadata(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the metadata of a message: None when not given, empty when it is to be removed.

    Raises:
        Refusal: It does not have `event_type` and `event_payload`, or is too large.
    """
    metadata = ArgumentsOfCall(payload).structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise Refusal("invalid_metadata_format")
    has_parts = isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    if metadata and not has_parts:
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > LARGEST_METADATA:
        raise Refusal("metadata_too_large")
    return metadata


def refusal_of(error: str, problems: Sequence[Problem], prefix: str = "") -> Refusal:
    """Return the refusal that tells what is wrong with blocks or a view; of blocks also in `errors`.

    Args:
        error: Slack's short name.
        problems: At least one.
        prefix: Where among the arguments the checked value stands: `/view`, or nothing for a message.
    """
    lines = [f"{each.message} [json-pointer:{prefix}{each.pointer}]" for each in problems]
    refusal = Refusal.with_messages(error, *lines)
    if not prefix:
        refusal.fields["errors"] = lines
    return refusal


def _markdown_as_block(arguments: ArgumentsOfCall) -> ArgumentsOfCall:
    if "markdown_text" not in arguments:
        return arguments
    if "text" in arguments or "blocks" in arguments:
        raise Refusal("markdown_text_conflict")
    text = arguments.text("markdown_text")
    if len(text) > LONGEST_MARKDOWN:
        message = f"must be less than {LONGEST_MARKDOWN + 1} characters [json-pointer:/markdown_text]"
        raise Refusal.with_messages("invalid_arguments", message)
    blocks = [{"type": "markdown", "text": text}] if text.strip() else []
    return ArgumentsOfCall({**arguments.values, "text": text, "blocks": blocks})


def _list(arguments: ArgumentsOfCall, name: str, error: str) -> list[Any]:
    value = arguments.structure(name, error)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refusal(error)
    return value


def _check(blocks: list[Any], attachments: list[Any], unknowns: SlackUnknowns) -> None:
    problems = message_problems({"blocks": blocks, "attachments": attachments}, unknowns)
    if not problems:
        return
    is_of_blocks = any(each.pointer.startswith("/blocks") for each in problems)
    # Recorded: a second table is refused as if it were an attachment.
    is_second_table = any(each.message == "only_one_table_allowed" for each in problems)
    raise refusal_of("invalid_blocks" if is_of_blocks and not is_second_table else "invalid_attachments", problems)


def _with_ids_within(attachment: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**attachment, "blocks": with_ids(attachment["blocks"])} if "blocks" in attachment else attachment
