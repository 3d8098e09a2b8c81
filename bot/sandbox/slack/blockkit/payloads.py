"""Whole payloads: which blocks a surface takes, how many, and what they must be together.

What is asked of all blocks together is asked only once each of them is right, as `rules` does with objects.
Source: https://docs.slack.dev/reference/block-kit/blocks ("available in surfaces" on the page of each),
https://docs.slack.dev/reference/views and https://docs.slack.dev/reference/methods/chat.postMessage
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from bot.sandbox.slack.blockkit.attachments import attachment
from bot.sandbox.slack.blockkit.groups import LAYOUT, WITHOUT_LAYOUT
from bot.sandbox.slack.blockkit.laws import already_exists
from bot.sandbox.slack.blockkit.layouts import LONGEST_MARKDOWN
from bot.sandbox.slack.blockkit.objects import ANYTHING_WRITTEN, FLAG, plain_text
from bot.sandbox.slack.blockkit.rules import Inspection, Items, Kinds, Place, Problem, Rule, Text, kind
from bot.sandbox.slack.blockkit.tables import data_table_characters, table_length
from bot.sandbox.slack.unknowns import SlackUnknowns

Surface = Literal["message", "modal", "home"]

_EVERYWHERE = frozenset(
    {"actions", "card", "context", "divider", "header", "image", "input", "layout", "rich_text", "section", "video"}
)
_NOT_IN_MODALS = frozenset({"carousel", "container", "data_table", "data_visualization", "table"})
_MESSAGES_ONLY = frozenset({"context_actions", "file", "markdown", "plan", "task_card"})
_SURFACES: Mapping[Surface, frozenset[str]] = {
    "message": _EVERYWHERE | _NOT_IN_MODALS | _MESSAGES_ONLY,
    "modal": _EVERYWHERE | {"alert"},
    "home": _EVERYWHERE | _NOT_IN_MODALS,
}
_NEW_BLOCKS = frozenset({"data_table", "data_visualization"})
_MOST_BLOCKS: Mapping[Surface, int] = {"message": 50, "modal": 100, "home": 100}
_MOST_ATTACHMENTS = 100
_MOST_CHARTS = 2
# Blocks within blocks; those in the fallback of a layout stand in for others and are never seen beside them.
_NESTED = {"container": "child_blocks", "carousel": "elements", "plan": "tasks"}

_DEFAULTS = SlackUnknowns()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A block, at the top or within another, and its place in the payload."""

    block: Mapping[str, Any]
    at: Place

    @property
    def type(self) -> str:
        name: str = self.block["type"]
        return name


def blocks_problems(blocks: object, surface: Surface, unknowns: SlackUnknowns = _DEFAULTS) -> list[Problem]:
    """Say what Slack would not take of a list of blocks on a surface; pointers lead from the list.

    Never raises, whatever JSON value comes. No problem means that Slack takes it.
    """
    inspection = Inspection(unknowns)
    top = Place()
    _blocks(surface, unknowns).check(blocks, top, inspection)
    if isinstance(blocks, list) and not inspection.problems:
        _check_together([(blocks, top)], surface, inspection)
    return inspection.problems


def message_problems(message: object, unknowns: SlackUnknowns = _DEFAULTS) -> list[Problem]:
    """Say what Slack would not take of a message's `text`, `blocks` and `attachments`; pointers lead from the message.

    The other arguments of the methods that post messages are not looked at, and null is like an argument not given.
    Whether there is anything to show, and how long `text` may be, depends on the method and is left to it.
    """
    inspection = Inspection(unknowns)
    top = Place()
    if not isinstance(message, dict):
        inspection.wrong_type(top, "must provide an object")
        return inspection.problems
    for name, rule in _arguments(unknowns).items():
        if message.get(name) is not None:
            rule.check(message[name], top / name, inspection)
    if not inspection.problems:
        _check_together(_lists_of_blocks(message, top), "message", inspection)
    return inspection.problems


def view_problems(view: object, unknowns: SlackUnknowns = _DEFAULTS) -> list[Problem]:
    """Say what Slack would not take of a modal or an App Home; pointers lead from the view."""
    inspection = Inspection(unknowns)
    top = Place()
    _views(unknowns).check(view, top, inspection)
    if isinstance(view, dict) and not inspection.problems:
        _check_together([(view["blocks"], top / "blocks")], view["type"], inspection)
    return inspection.problems


@lru_cache(maxsize=64)
def _blocks(surface: Surface, unknowns: SlackUnknowns) -> Items:
    types = _SURFACES[surface]
    if surface == "message" and unknowns.alert_in_messages == "accepted":
        types |= {"alert"}
    if surface == "home" and unknowns.data_visualization_in_home == "refused":
        types -= {"data_visualization"}
    if unknowns.new_blocks == "refused":
        types -= _NEW_BLOCKS
    kinds = Kinds(*(block for block in (*WITHOUT_LAYOUT, LAYOUT) if block.type in types))
    return Items(kinds, maximum=_MOST_BLOCKS[surface])


@lru_cache(maxsize=64)
def _arguments(unknowns: SlackUnknowns) -> Mapping[str, Rule]:
    blocks = _blocks("message", unknowns)
    attachments = Items(attachment(blocks), maximum=_MOST_ATTACHMENTS)
    return {"text": ANYTHING_WRITTEN, "blocks": blocks, "attachments": attachments}


@lru_cache(maxsize=64)
def _views(unknowns: SlackUnknowns) -> Kinds:
    both = {
        "callback_id": Text(maximum=255),
        "external_id": Text(maximum=255),
        "private_metadata": Text(maximum=3_000),
    }
    label = plain_text(24)
    return Kinds(
        kind(
            "modal",
            required={"title": label, "blocks": _blocks("modal", unknowns)},
            optional={**both, "submit": label, "close": label, "clear_on_close": FLAG, "notify_on_close": FLAG},
            laws=[_submit_for_inputs],
        ),
        kind("home", required={"blocks": _blocks("home", unknowns)}, optional=both),
    )


def _submit_for_inputs(view: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    if "submit" in view:
        return
    for index, block in enumerate(view["blocks"]):
        if block["type"] == "input":
            # Wording and pointer as recorded, though nothing stands where it leads.
            message = "must define `submit` to use an `input` block in modals"
            inspection.failed(at / "blocks" / index / "input", message)


def _lists_of_blocks(message: Mapping[str, Any], top: Place) -> list[tuple[list[Any], Place]]:
    attachments = message.get("attachments") or ()
    return [
        (message.get("blocks") or [], top / "blocks"),
        *(
            (each["blocks"], top / "attachments" / index / "blocks")
            for index, each in enumerate(attachments)
            if "blocks" in each
        ),
    ]


def _check_together(lists: Sequence[tuple[list[Any], Place]], surface: Surface, inspection: Inspection) -> None:
    for blocks, at in lists:
        _few_enough(blocks, at, surface, inspection)
    placed = [each for blocks, at in lists for each in _with_nested(blocks, at)]
    _ids_differ(placed, inspection)
    if surface == "message":
        _one_table(placed, inspection)
        _few_charts(placed, inspection)
        _markdown_in_total(placed, inspection)
        _data_tables_in_total(placed, inspection)


def _with_nested(blocks: Sequence[Any], at: Place) -> Iterator[_Placed]:
    for index, block in enumerate(blocks):
        yield _Placed(block, at / index)
        if block["type"] in _NESTED:
            name = _NESTED[block["type"]]
            yield from _with_nested(block[name], at / index / name)


def _few_enough(blocks: Sequence[Any], at: Place, surface: Surface, inspection: Inspection) -> None:
    # Only blocks within a layout count towards the surface's limit, as its page says of no other block.
    got = len(blocks) + sum(_blocks_in_layout(block["rows"]) for block in blocks if block["type"] == LAYOUT.type)
    if got > _MOST_BLOCKS[surface]:
        inspection.too_many(at, _MOST_BLOCKS[surface], got)


def _blocks_in_layout(rows: Sequence[Mapping[str, Any]]) -> int:
    # What the fields of a row and of its items are called is nowhere written down: lists of items, lists of blocks.
    items = [item for row in rows for item in _objects_in_lists(row)]
    return sum("type" in block for item in items for block in _objects_in_lists(item))


def _objects_in_lists(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    lists = (each for each in value.values() if isinstance(each, list))
    return (item for each in lists for item in each if isinstance(item, dict))


def _ids_differ(placed: Sequence[_Placed], inspection: Inspection) -> None:
    seen: set[str] = set()
    for each in placed:
        block_id = each.block.get("block_id")
        if block_id in seen:
            already_exists(each.at / "block_id", "block_id", block_id, inspection)
        elif block_id is not None:
            seen.add(block_id)


def _one_table(placed: Sequence[_Placed], inspection: Inspection) -> None:
    types = {"table", "data_table"} if inspection.unknowns.table_with_data_table == "refused" else {"table"}
    tables = [each for each in placed if each.type in types]
    for each in tables[1:]:
        # Recorded as the whole wording; chat.postMessage then answers `invalid_attachments`.
        inspection.failed(each.at, "only_one_table_allowed")


def _few_charts(placed: Sequence[_Placed], inspection: Inspection) -> None:
    charts = [each for each in placed if each.type == "data_visualization"]
    if len(charts) > _MOST_CHARTS:
        inspection.too_many(charts[_MOST_CHARTS].at, _MOST_CHARTS, len(charts))


def _markdown_in_total(placed: Sequence[_Placed], inspection: Inspection) -> None:
    lengths = [(each.at / "text", len(each.block["text"])) for each in placed if each.type == "markdown"]
    _within_total(lengths, LONGEST_MARKDOWN, inspection)


def _data_tables_in_total(placed: Sequence[_Placed], inspection: Inspection) -> None:
    tables = [each for each in placed if each.type == "data_table"]
    if len(tables) > 1:  # One alone has been asked already.
        lengths = [(each.at / "rows", table_length(each.block["rows"])) for each in tables]
        _within_total(lengths, data_table_characters(inspection.unknowns), inspection)


def _within_total(lengths: Sequence[tuple[Place, int]], allowed: int, inspection: Inspection) -> None:
    total = sum(length for _, length in lengths)
    if total > allowed:
        inspection.too_long(lengths[-1][0], allowed, total)
