"""Is this a message that Slack takes? An oracle of several witnesses, none of which is the code under test.

The JSON schema (generated from Slack's own types) knows the structure, the table of limits (of a third party's
package) the lengths and counts, slack_sdk's models some of both; and a few rules of ours come on top.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
from slack_sdk.models.blocks import Block

from bot.slack.message import Message
from tests.support.shared import shared_file

_LONGEST_FALLBACK = 4_000
_STRICTER_TABLE = 10_000
# Slack's models know neither this block nor what is in it.
_NOT_MODELLED = frozenset({"data_table", "data_visualization"})
# Nor do Slack's types know this one.
_NOT_IN_SCHEMA = frozenset({"data_visualization"})
# By element type: which field has which limit. What is not here has no limit in the table.
_TEXT_LIMITS = {
    "button": {"text": "button.text", "value": "button.value", "url": "button.url"},
    "header": {"text": "header.text"},
    "section": {"text": "section.text"},
}
_COUNTS = {"actions": ("elements", "actions.elements"), "context": ("elements", "context.elements")}
_CONFIRM = {
    "title": "confirmation.title",
    "text": "confirmation.text",
    "confirm": "confirmation.confirm",
    "deny": "confirmation.deny",
}


def assert_valid_message(message: Message) -> None:
    """Fail unless Slack would take the message, with and without its blocks."""
    assert message.text.strip()
    assert len(message.text) <= _LONGEST_FALLBACK
    json.dumps(message.payload(), ensure_ascii=False).encode()
    blocks = list(message.blocks)
    _schema().validate({"text": message.text, "blocks": [each for each in blocks if not _is_chart(each)]})
    assert len(blocks) <= _limits()["message.blocks.max_items"]
    assert all(block["type"] in _surface() for block in blocks)
    for element in _elements(blocks):
        _assert_within_limits(element)
    for block in blocks:
        _assert_modelled(block)
    action_ids = [element["action_id"] for element in _elements(blocks) if "action_id" in element]
    assert len(action_ids) == len(set(action_ids))
    assert sum(block["type"] == "data_table" for block in blocks) <= 1
    assert sum(map(_is_chart, blocks)) <= _limits()["message.data_visualizations.max_items"]


def parsed_texts(message: Message) -> Iterator[str]:
    """Return every text of the message in which Slack looks for markup."""
    yield message.text
    for element in _elements(list(message.blocks)):
        if element.get("type") == "mrkdwn":
            yield element["text"]


def all_texts(message: Message) -> Iterator[str]:
    """Return every text of the message that a person reads."""
    yield message.text
    for element in _elements(list(message.blocks)):
        if isinstance(element.get("text"), str):
            yield element["text"]


def _elements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _elements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _elements(inner)


def _assert_within_limits(element: dict[str, Any]) -> None:
    limits = _limits()
    kind = element.get("type")
    if isinstance(element.get("text"), str):
        assert element["text"], f"an empty text: {element}"
        assert len(element["text"]) <= limits["text.max_length"]
    for field, limit in _TEXT_LIMITS.get(str(kind), {}).items():
        assert len(_words(element.get(field, "x"))) <= limits[f"{limit}.max_length"]
    if kind in _COUNTS:
        field, limit = _COUNTS[kind]
        assert 1 <= len(element[field]) <= limits[f"{limit}.max_items"]
    for name in ("action_id", "block_id"):
        assert len(element.get(name, "")) <= limits[f"{name}.max_length"]
    if "confirm" in element and kind == "button":
        for field, limit in _CONFIRM.items():
            assert 1 <= len(_words(element["confirm"][field])) <= limits[f"{limit}.max_length"]
    if kind == "data_table":
        _assert_table(element)
    if kind == "data_visualization":
        _assert_chart(element)


def _assert_table(table: dict[str, Any]) -> None:
    limits = _limits()
    rows = table["rows"]
    assert table["caption"]
    assert limits["data_table.rows.min_items"] <= len(rows) <= limits["data_table.rows.max_items"]
    assert len({len(row) for row in rows}) == 1
    assert limits["data_table.columns.min_items"] <= len(rows[0]) <= limits["data_table.columns.max_items"]
    assert limits["data_table.page_size.min"] <= table["page_size"] <= limits["data_table.page_size.max"]
    assert table["row_header_column_index"] < len(rows[0])
    assert all(cell["type"] != "rich_text" for cell in rows[0])
    content = sum(len(element.get("text") or element.get("fallback") or "") for element in _elements(rows))
    assert content <= min(_STRICTER_TABLE, limits["data_table.content.max_length"])


def _assert_chart(block: dict[str, Any]) -> None:
    limits = {name.removeprefix("data_visualization."): limit for name, limit in _limits().items()}
    assert block.keys() == {"type", "title", "chart"}
    assert 1 <= len(block["title"]) <= limits["title.max_length"]
    chart, axes = block["chart"], block["chart"]["axis_config"]
    assert chart["type"] in {"line", "bar"}
    assert 1 <= len(axes.get("y_label", "x")) <= limits["axis_label.max_length"]
    names, categories = [each["name"] for each in chart["series"]], axes["categories"]
    for labels, most in ((names, limits["series.max_items"]), (categories, limits["categories.max_items"])):
        assert 1 <= len(labels) == len(set(labels)) <= most
    assert all(1 <= len(label) <= limits["category_label.max_length"] for label in (*names, *categories))
    for series in chart["series"]:
        assert [point["label"] for point in series["data"]] == categories
        assert all(isinstance(point["value"], int | float) for point in series["data"])


def _is_chart(block: dict[str, Any]) -> bool:
    return bool(block["type"] in _NOT_IN_SCHEMA)


def _assert_modelled(block: dict[str, Any]) -> None:
    if block["type"] in _NOT_MODELLED:
        return
    parsed = Block.parse(block)
    assert parsed is not None
    parsed.to_dict()  # Checks lengths and counts.


def _words(value: Any) -> str:
    return str(value["text"]) if isinstance(value, dict) else str(value)


@cache
def _schema() -> Any:
    schema = json.loads(shared_file("slack-blockkit.schema.json").read_text())
    return jsonschema.Draft7Validator({**schema, "$ref": "#/definitions/SlackMessage"})


@cache
def _limits() -> dict[str, int]:
    return dict(json.loads(shared_file("slack-blockkit-limits.json").read_text())["limits"])


@cache
def _surface() -> frozenset[str]:
    found = json.loads(shared_file("slack-blockkit-limits.json").read_text())
    return frozenset(found["block_types_by_surface"]["message"])
