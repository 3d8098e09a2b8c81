"""The table and data_table blocks.

Source: https://docs.slack.dev/reference/block-kit/blocks/table-block and
https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit.objects import BLOCK_ID, FLAG
from bot.sandbox.slack.blockkit.rich_text import RICH_TEXT
from bot.sandbox.slack.blockkit.rules import Inspection, Items, Kinds, Number, Place, Text, kind, shape
from bot.sandbox.slack.unknowns import SlackUnknowns

_LONGEST_TABLE = 10_000
# In rich text these are what a person reads; a link without words shows its URL, which nobody says is counted.
_READ = ("text", "fallback")

_RAW_TEXT = kind("raw_text", required={"text": Text(1)})
_RAW_NUMBER = kind("raw_number", required={"value": Number(), "text": Text(1)})
_CELL = Kinds(_RAW_TEXT, _RAW_NUMBER, RICH_TEXT)
_HEADINGS = (_RAW_TEXT.type, _RAW_NUMBER.type)

# Rows with the header, and characters, by the switch `data_table_size`.
_SIZES = {"200_rows_20000_characters": (201, 20_000), "100_rows_10000_characters": (101, 10_000)}
_ROWS_EVER = max(rows for rows, _ in _SIZES.values())


def table_length(rows: list[list[dict[str, Any]]]) -> int:
    """Count the characters in all cells of a table that is otherwise right."""
    # Nearly all cells are raw: what they say is one text, found without a walk.
    return sum(len(cell["text"]) if "text" in cell else _read_length(cell) for row in rows for cell in row)


def data_table_characters(unknowns: SlackUnknowns) -> int:
    """Return how many characters all data tables of a message may have together; one alone may have as many."""
    return _SIZES[unknowns.data_table_size][1]


def _read_length(part: Mapping[str, Any]) -> int:
    length = sum(len(part.get(name, "")) for name in _READ)
    return length + sum(_read_length(inner) for inner in part.get("elements", ()))


def _not_too_long(table: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    length = table_length(table["rows"])
    if length > _LONGEST_TABLE:
        inspection.too_long(at / "rows", _LONGEST_TABLE, length)


def _within_size(table: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    rows, characters = _SIZES[inspection.unknowns.data_table_size]
    if len(table["rows"]) > rows:
        inspection.too_many(at / "rows", rows, len(table["rows"]))
    length = table_length(table["rows"])
    if length > characters:
        inspection.too_long(at / "rows", characters, length)


def _rectangular(table: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    columns = len(table["rows"][0])
    for index, row in enumerate(table["rows"]):
        if len(row) != columns:
            message = "all rows must have the same number of cells"
            inspection.failed(at / "rows" / index, message, expected=columns, got=len(row))


def _plain_headings(table: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    for index, cell in enumerate(table["rows"][0]):
        if cell["type"] not in _HEADINGS:
            inspection.unsupported(at / "rows" / 0 / index / "type", _HEADINGS, cell["type"])


def _row_header_exists(table: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    last = len(table["rows"][0]) - 1
    got = table.get("row_header_column_index", 0)
    if got > last:
        message = f"must be less than or equal to {last}"
        inspection.failed(at / "row_header_column_index", message, type="maximum", expected=last, got=got)


# Rows may differ in length here. Source: slackblocks 3.0.0, after asking blocks.validate.
TABLE = kind(
    "table",
    required={"rows": Items(Items(_CELL, 1, 20), 1, 100)},
    optional={
        "block_id": BLOCK_ID,
        # Slack refuses null for a column without settings, though its page offers it. Observed 2026-07-01, reported in
        # NousResearch/hermes-agent.
        "column_settings": Items(
            shape(optional={"align": Text(values=("left", "center", "right")), "is_wrapped": FLAG}), maximum=20
        ),
    },
    laws=[_not_too_long],
)

DATA_TABLE = kind(
    "data_table",
    required={"caption": Text(1), "rows": Items(Items(_CELL, 1, 20), 2, _ROWS_EVER)},
    optional={
        "block_id": BLOCK_ID,
        "page_size": Number(1, 100, is_whole=True),
        "row_header_column_index": Number(0, is_whole=True),
    },
    laws=[_rectangular, _plain_headings, _row_header_exists, _within_size],
)
