"""Tables: one that can be paged and sorted, and one of letters for where that cannot be shown."""

from collections.abc import Sequence

from bot.document import Channel, Count, Inline, Link, Moment, Person, Size, Table, UserGroup, plain
from bot.slack import blocks, inline, text
from bot.slack.message import Block, Element

_WIDEST = 40
"""Longer cells stick out rather than push every other row's columns away."""
_LONGEST = 300
_GAP = "  "


def data_table(table: Table) -> Block:
    """Return the table with as many rows as a message may carry; it must have a row and a column."""
    limit = blocks.longest_cell(len(table.columns))
    header = [blocks.text_cell(text.cut(text.one_line(column.title), limit)) for column in table.columns]
    return blocks.data_table(table.caption, header, ([_cell(piece, limit) for piece in row] for row in table.rows))


def monospaced(table: Table, room: int) -> list[str]:
    """Return the heading and as many rows as fit into `room` characters, aligned.

    The lines are as they should be seen: whoever puts them into mrkdwn escapes them, and `room` counts them escaped.
    """
    header = [_letters(column.title) for column in table.columns]
    rows = [[_letters(plain(piece)) for piece in row] for row in table.rows[: blocks.MOST_ROWS]]
    widths = [min(_WIDEST, max(map(len, cells))) for cells in zip(header, *rows, strict=True)]
    numeric = [column.numeric for column in table.columns]
    kept = []
    for cells in (header, *rows):
        line = _aligned(cells, widths, numeric)
        room -= len(text.escape(line)) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def left_out(total: int, shown: int, thing: str) -> str:
    """Return the words that say how many are missing; empty when none are."""
    missing = total - shown
    return f"… and {missing:,} more {thing}{'s' if missing > 1 else ''}" if missing else ""


def _cell(piece: Inline, limit: int) -> Element:
    match piece:
        case Size(value) | Count(value) if value is not None:
            return blocks.number_cell(value, plain(piece))
        case Moment(at) if at is not None:
            return blocks.rich_text(blocks.section([blocks.date(at, text.AGO)]))
        case Person() | Channel() | UserGroup() if inline.is_mention(piece):
            return blocks.rich_text(blocks.section(inline.elements((piece,))))
        case Link(label, url) if address := text.web_address(url):
            shown = text.cut(text.one_line(label), limit) or text.NOTHING
            return blocks.rich_text(blocks.section([blocks.hyperlink(shown, address)]))
        case _:
            return blocks.text_cell(text.cut(text.one_line(plain(piece)), limit))


def _letters(content: str) -> str:
    """Return the words for a place that a backtick would end."""
    return text.cut(text.one_line(content), _LONGEST).replace("`", "ˋ")


def _aligned(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return _GAP.join(padded).rstrip()
