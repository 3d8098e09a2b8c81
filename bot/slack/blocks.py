"""Block Kit, as plain dicts that cannot exceed Slack's limits: long text is cut and marked, empty text is a dash.

Plain dicts because slack_sdk does not model `data_table`. The limits are those of Slack's reference; where its pages
disagree, the stricter one. Source: https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.document import format_time
from bot.slack import text
from bot.slack.message import Block, Element

MOST_BLOCKS = 50
LONGEST_TEXT = 3_000
LONGEST_INPUT = 3_000
"""What a person can put into one input."""
MOST_OPTIONS = 100
MOST_ROWS = 200
MOST_COLUMNS = 20
MOST_CELL_CHARACTERS = 10_000
"""All cells of a table together. Slack's page said 10,000 before it said 20,000."""

MOST_CHARTS = 2
"""Of a message."""
MOST_SERIES = 12
MOST_CATEGORIES = 20
LONGEST_CHART_LABEL = 20
"""Of a series or a category; each stands once in a chart."""

_LONGEST_CHART_TITLE = 50
_LONGEST_CAPTION = 200
_LONGEST_CELL = 1_000
_LONGEST_BUTTON = 75
_LONGEST_VALUE = 2_000
_LONGEST_CONFIRM_TITLE = 100
_LONGEST_CONFIRM_TEXT = 300
_LONGEST_CONFIRM_BUTTON = 30
_LONGEST_VIEW_TITLE = 24
_LONGEST_LABEL = 2_000
_LONGEST_OPTION = 75
_LONGEST_OPTION_VALUE = 150
_PAGE_SIZE = 25


def context(mrkdwn: str) -> Block:
    """Return a line of small print. The text is mrkdwn that was made inert, and must be short enough already."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}


def paragraphs(mrkdwn: str) -> tuple[Block, ...]:
    """Return mrkdwn as sections, parted between lines where it is too long for one."""
    pieces = [""]
    for each in mrkdwn.splitlines():
        if pieces[-1] and len(pieces[-1]) + len(each) >= LONGEST_TEXT:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]}\n{each}" if pieces[-1] else each[:LONGEST_TEXT]
    return tuple(
        {"type": "section", "text": {"type": "mrkdwn", "text": piece, "verbatim": True}}
        for piece in pieces
        if piece.strip()
    )


def actions(*buttons: Element) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(
    label: str, *, action_id: str, value: str, confirm: Element | None = None, is_primary: bool = False
) -> Element:
    """Return a button. With a confirmation it is marked as one to think about; one of a row may be the primary one."""
    element = {"type": "button", "text": _plain(label, _LONGEST_BUTTON), "action_id": action_id}
    element["value"] = text.cut(value, _LONGEST_VALUE)
    if confirm is not None:
        return {**element, "style": "danger", "confirm": confirm}
    return {**element, "style": "primary"} if is_primary else element


def confirmation(*, title: str, question: str, yes: str) -> Element:
    """Return the dialog that asks before a button does anything. Slack shows it; the server checks again."""
    return {
        "title": _plain(title, _LONGEST_CONFIRM_TITLE),
        "text": _plain(question, _LONGEST_CONFIRM_TEXT),
        "confirm": _plain(yes, _LONGEST_CONFIRM_BUTTON),
        "deny": _plain("Cancel", _LONGEST_CONFIRM_BUTTON),
        "style": "danger",
    }


def text_input(
    label: str,
    *,
    block_id: str,
    action_id: str,
    hint: str = "",
    initial: str = "",
    is_multiline: bool = False,
    is_optional: bool = False,
    has_focus: bool = True,
) -> Block:
    """Return an input for a text.

    Args:
        label: What is to be put in.
        block_id: Where errors are shown beside it.
        action_id: What it is called within its block.
        hint: More about it.
        initial: What stands there at first.
        is_multiline: Whether it may have more than one line.
        is_optional: Whether it may be left empty.
        has_focus: Whether it is in focus when its modal opens, as one of all inputs can be.
    """
    if len(initial) > LONGEST_INPUT:
        raise ValueError("more than Slack lets anybody put in")
    element: Element = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": is_multiline,
        "max_length": LONGEST_INPUT,
        "focus_on_load": has_focus,
    }
    if initial:
        element["initial_value"] = initial
    return _input(label, element, block_id=block_id, hint=hint, is_optional=is_optional)


def select_input(
    label: str,
    options: Sequence[tuple[str, str]],
    *,
    block_id: str,
    action_id: str,
    hint: str = "",
    initial: str = "",
    is_optional: bool = False,
    has_focus: bool = False,
) -> Block:
    """Return an input with a menu from which one option is chosen. What is not said here is as for `text_input`.

    Args:
        label: What is to be chosen.
        options: Value and label of each, at least one; those beyond the hundredth are left out.
        block_id: Where errors are shown beside it.
        action_id: What it is called within its block.
        hint: More about it.
        initial: The value that is chosen at first; empty for none.
        is_optional: Whether none has to be chosen.
        has_focus: Whether it is in focus when its modal opens.
    """
    shown = {value: _option(value, said) for value, said in options[:MOST_OPTIONS]}
    element: Element = {
        "type": "static_select",
        "action_id": action_id,
        "options": list(shown.values()),
        "focus_on_load": has_focus,
    }
    if initial in shown:
        element["initial_option"] = shown[initial]
    return _input(label, element, block_id=block_id, hint=hint, is_optional=is_optional)


def modal(title: str, *body: Block, callback_id: str, private_metadata: str, submit: str) -> Element:
    """Return a view that opens over everything else, with a button to submit it and one to cancel.

    Args:
        title: Its heading.
        body: Its blocks.
        callback_id: Which kind of view it is, when it is submitted.
        private_metadata: What comes back with it. It is not shown, but no secret either: people can read it.
        submit: The words on the button.
    """
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private_metadata,
        "title": _plain(title, _LONGEST_VIEW_TITLE),
        "submit": _plain(submit, _LONGEST_VIEW_TITLE),
        "close": _plain("Cancel", _LONGEST_VIEW_TITLE),
        "blocks": list(body),
    }


def rich_text(*parts: Element) -> Block:
    """Return a block in which nothing is parsed: the place for text from the outside."""
    return {"type": "rich_text", "elements": list(parts)}


def section(elements: Sequence[Element]) -> Element:
    """Return the part of a rich text that holds running text."""
    return {"type": "rich_text_section", "elements": _or_nothing(elements)}


def bullets(items: Iterable[Sequence[Element]]) -> Element:
    """Return the part of a rich text that holds a list."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [section(item) for item in items]}


def preformatted(content: str) -> Element:
    """Return the part of a rich text that is shown letter by letter."""
    return {"type": "rich_text_preformatted", "elements": [words(text.cut(content, LONGEST_TEXT) or text.NOTHING)]}


def words(content: str, **style: bool) -> Element:
    """Return words of a rich text; style is `bold=True`, `code=True`."""
    element: Element = {"type": "text", "text": content}
    return {**element, "style": style} if style else element


def hyperlink(label: str, url: str, **style: bool) -> Element:
    """Return a link of a rich text; style is as for words. The address must be one of the web."""
    element: Element = {"type": "link", "url": url, "text": label}
    return {**element, "style": style} if style else element


def date(at: datetime, form: str) -> Element:
    """Return a time of a rich text, which each reader sees in their own zone."""
    return {"type": "date", "timestamp": int(at.timestamp()), "format": form, "fallback": format_time(at)}


def user(user_id: str) -> Element:
    """Return a mention of somebody."""
    return {"type": "user", "user_id": user_id}


def channel(channel_id: str) -> Element:
    """Return a mention of a channel."""
    return {"type": "channel", "channel_id": channel_id}


def user_group(group_id: str) -> Element:
    """Return a mention of a user group."""
    return {"type": "usergroup", "usergroup_id": group_id}


def text_cell(content: str) -> Element:
    """Return a cell of text; nothing in it is parsed."""
    return {"type": "raw_text", "text": content or text.NOTHING}


def number_cell(value: int, shown: str) -> Element:
    """Return a cell that sorts by its value and shows its text."""
    return {"type": "raw_number", "value": value, "text": shown}


def data_table(caption: str, header: Sequence[Element], rows: Iterable[Sequence[Element]]) -> Block:
    """Return a table that can be paged and sorted, with as many of the rows as it may have.

    Columns beyond the twentieth are left out. There must be at least one row and one column.
    """
    kept = list(_rows_within_limits(header, rows))
    return {
        "type": "data_table",
        "caption": text.cut(text.one_line(caption), _LONGEST_CAPTION) or text.NOTHING,
        "page_size": _PAGE_SIZE,
        "row_header_column_index": 0,
        "rows": kept,
    }


def data_visualization(
    title: str, categories: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, kind: str, unit: str
) -> Block:
    """Return a chart, for messages and App Home; modals take none.

    Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block

    Args:
        title: What it shows.
        categories: What stands below; short enough, each once, at least one.
        series: The name of each, short enough and each once, with a value for each category; at least one.
        kind: `line` or `bar`.
        unit: What the values are; may be empty.
    """
    axes: Element = {"categories": list(categories)}
    if label := text.one_line(unit):
        axes["y_label"] = text.cut(label, _LONGEST_CHART_TITLE)
    drawn = [
        {"name": name, "data": [{"label": at, "value": value} for at, value in zip(categories, values, strict=True)]}
        for name, values in series
    ]
    return {
        "type": "data_visualization",
        "title": text.cut(text.one_line(title), _LONGEST_CHART_TITLE) or text.NOTHING,
        "chart": {"type": kind, "series": drawn, "axis_config": axes},
    }


def longest_cell(columns: int) -> int:
    """Return how long a cell may be, so that the header and one row always fit a table."""
    return min(_LONGEST_CELL, MOST_CELL_CHARACTERS // (2 * min(columns, MOST_COLUMNS)))


def length(value: Any) -> int:
    """Return how many characters of a block, element or cell a person reads."""
    match value:
        case dict():
            own = sum(len(value[key]) for key in ("text", "fallback") if isinstance(value.get(key), str))
            return own + sum(length(inner) for inner in value.values() if isinstance(inner, dict | list))
        case list() | tuple():
            return sum(map(length, value))
        case _:
            return 0


def _input(label: str, element: Element, *, block_id: str, hint: str, is_optional: bool) -> Block:
    block = {"type": "input", "block_id": block_id, "label": _plain(label, _LONGEST_LABEL), "element": element}
    if hint:
        block["hint"] = _plain(hint, _LONGEST_LABEL)
    return {**block, "optional": True} if is_optional else block


def _option(value: str, label: str) -> Element:
    # A value that is cut would be another one.
    if len(value) > _LONGEST_OPTION_VALUE:
        raise ValueError(f"an option of {len(value)} characters")
    return {"text": _plain(label, _LONGEST_OPTION), "value": value}


def _rows_within_limits(header: Sequence[Element], rows: Iterable[Sequence[Element]]) -> Iterator[list[Element]]:
    first = list(header[:MOST_COLUMNS])
    yield first
    left = MOST_CELL_CHARACTERS - length(first)
    for number, row in enumerate(rows):
        cells = list(row[:MOST_COLUMNS])
        left -= length(cells)
        if left < 0 or number == MOST_ROWS:
            return
        yield cells


def _or_nothing(elements: Sequence[Element]) -> list[Element]:
    return list(elements) or [words(text.NOTHING)]


def _plain(content: str, limit: int) -> Element:
    return {"type": "plain_text", "text": text.cut(text.one_line(content), limit) or text.NOTHING, "emoji": False}
