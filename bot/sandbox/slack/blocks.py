"""What becomes of blocks that Slack took: ids for what has none, a text for notifications, their total length."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]

# The only block that comes back without a `block_id`. Source: docs.slack.dev, markdown block.
WITHOUT_ID = frozenset({"markdown"})
WITHOUT_ACTION = frozenset({"image", "mrkdwn", "plain_text"})
# Where a block holds elements: one, or a list.
ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "section": ("accessory",),
    "input": ("element",),
    "actions": ("elements",),
    "context_actions": ("elements",),
    "card": ("actions",),
}
BLOCKS_WITHIN: Mapping[str, str] = {"container": "child_blocks", "carousel": "elements"}
READ_ALOUD = frozenset({"alert", "context", "header", "markdown", "rich_text", "section"})
# They have limits of their own, beyond the one of all blocks together.
TABLES = frozenset({"data_table", "data_visualization", "table"})


def with_ids(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Return blocks as Slack keeps them: what the app left without `block_id` or `action_id` gets one."""
    return [_with_id(block) for block in blocks]


def fallback_text(blocks: Sequence[Block]) -> str:
    """Return the text that Slack puts together for a message of blocks alone, for notifications."""
    return " ".join(text for block in blocks if block["type"] in READ_ALOUD for text in _read_aloud(block))


def text_length(blocks: Sequence[Block]) -> int:
    """Return how many characters of text the blocks have together, tables left out."""
    return sum(len(text) for block in blocks if block["type"] not in TABLES for text in _texts(block))


def _with_id(block: Block) -> dict[str, Any]:
    found = dict(block)
    if block["type"] not in WITHOUT_ID:
        found.setdefault("block_id", _new_id())
    for name in ELEMENTS.get(block["type"], ()):
        if name in block:
            found[name] = _with_action_ids(block[name])
    inner = BLOCKS_WITHIN.get(block["type"])
    return found | ({inner: with_ids(block[inner])} if inner else {})


def _with_action_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_action_ids(each) for each in value]
    has_none = value["type"] not in WITHOUT_ACTION and "action_id" not in value
    return {**value, "action_id": _new_id()} if has_none else value


def _new_id() -> str:
    # Slack's own are as short, such as `6jPsk`; they need to differ within one message only.
    return secrets.token_urlsafe(6)


def _read_aloud(block: Block) -> Iterator[str]:
    return _texts({name: value for name, value in block.items() if name != "accessory"})


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)
