"""A document as text alone: for notifications, screen readers, and workspaces that refuse our blocks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate

from bot.document import (
    Chart,
    CodeBlock,
    Document,
    Facts,
    Listing,
    Note,
    Paragraph,
    Part,
    Strong,
    Table,
    chart_lines,
    line,
)
from bot.slack import inline, tables, text
from bot.slack.inline import cut_line

LONGEST = 3_900
"""`chat.update` refuses more than 4,000 characters. Source: https://docs.slack.dev/reference/methods/chat.update"""

_LONGEST_LINE = 600
"""As a person reads it. Escapes make it longer, at most five times as long: one line always fits."""

_FOR_TABLES = 1_500
_FOR_REMARKS = 100
_FENCE = "```"


def fallback_text(document: Document) -> str:
    """Return the document as mrkdwn of at most 3,900 characters.

    It is cut between lines and rows, and says how many are missing. Tables come last in the sharing of room, so that
    the small print after a long one is not lost.
    """
    parts = {index: part for index, part in enumerate(document.parts) if isinstance(part, Table) and part.rows}
    room = LONGEST - _FOR_REMARKS
    lines = list(_all_lines(document))
    kept = lines[: _how_many_fit((words for _, words in lines), room - (_FOR_TABLES if parts else 0))]
    shown = defaultdict[int, list[str]](list)
    for index, words in kept:
        shown[index].append(words)
        room -= len(words) + 1
    for done, (index, table) in enumerate(parts.items()):
        shown[index] = _table(table, room // (len(parts) - done))
        room -= sum(len(words) + 1 for words in shown[index])
    remark = tables.left_out(len(lines), len(kept), "line")
    said = [words for index in sorted(shown) for words in shown[index]]
    return "\n".join([*said, *filter(None, [remark])]) or text.NOTHING


def _all_lines(document: Document) -> Iterator[tuple[int, str]]:
    """Return all lines but those of tables with rows, each with the index of its part; the title's is -1."""
    if text.one_line(document.title):
        yield -1, inline.mrkdwn(cut_line(line(Strong(document.title)), _LONGEST_LINE))
    for index, part in enumerate(document.parts):
        for words in _lines(part):
            yield index, words if words.strip() else text.NOTHING


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Paragraph(pieces) | Note(pieces):
            yield inline.mrkdwn(cut_line(pieces, _LONGEST_LINE))
        case Facts(pairs):
            for label, value in pairs:
                yield inline.mrkdwn(cut_line((Strong(label), " ", *value), _LONGEST_LINE))
        case Listing(items):
            for item in items:
                yield inline.mrkdwn(cut_line(("• ", *item), _LONGEST_LINE))
        case CodeBlock(content):
            content = text.clean(content).replace("`", "ˋ").strip("\n")
            yield f"{_FENCE}\n{text.escape(text.cut(content, _LONGEST_LINE)) or text.NOTHING}\n{_FENCE}"
        case Table(caption, _, rows) if not rows:
            yield text.inert(text.cut(f"{text.one_line(caption)}: none", _LONGEST_LINE))
        case Chart():
            for words in chart_lines(part):
                yield inline.mrkdwn(cut_line(words, _LONGEST_LINE))


def _table(table: Table, room: int) -> list[str]:
    lines = tables.monospaced(table, room - _FOR_REMARKS)
    fenced = [_FENCE, *map(text.escape, lines), _FENCE] if lines else []
    remark = tables.left_out(len(table.rows), max(0, len(lines) - 1), "row")
    return [*fenced, *filter(None, [remark])]


def _how_many_fit(lines: Iterable[str], room: int) -> int:
    return sum(1 for end in accumulate(len(words) + 1 for words in lines) if end <= room)
