"""From a document to a Slack message.

Everything that may hold text from the outside goes into rich text and table cells, where Slack parses nothing; only
the small print and the fallback text are mrkdwn, which is made inert first.
"""

from collections.abc import Iterable, Iterator, Sequence

from bot.document import (
    Chart,
    CodeBlock,
    Document,
    Facts,
    Line,
    Listing,
    Note,
    Paragraph,
    Part,
    Strong,
    Table,
    chart_lines,
    plain_line,
    series_line,
)
from bot.slack import blocks, charts, inline, tables, text
from bot.slack.fallback import fallback_text
from bot.slack.message import Block, Element, Message

_LONGEST_LINE = 2_500
_LONGEST_NOTE = 500
_OF_THEIR_OWN_LIMITS = frozenset({"data_table", "data_visualization"})
_MOST_CHARACTERS = 12_000
"""Of all blocks but those. Slack refuses a message that is too long as a whole and does not publish from where
on; this is what it allows the Markdown blocks of one message."""


def render(document: Document, *, closing: Sequence[Block] = ()) -> Message:
    """Return the document as a message within all of Slack's limits; what had to be left out is said in it.

    Args:
        document: What to say.
        closing: Blocks that stand at the end whatever happens, such as buttons.
    """
    shown = _within_limits(list(_all_blocks(document)), blocks.MOST_BLOCKS - len(closing))
    return Message(fallback_text(document), (*shown, *closing))


def tables_for_files(document: Document) -> list[Table]:
    """Return the tables that come as files too: they have more rows than `render` shows, or are to be files."""
    with_rows = [table for table in document.tables() if table.rows]
    return [
        table
        for position, table in enumerate(with_rows)
        if table.is_file or _laid_out(table, is_first=position == 0)[1] < len(table.rows)
    ]


def _all_blocks(document: Document) -> Iterator[Block]:
    if text.one_line(document.title):
        yield _paragraph((Strong(text.one_line(document.title)),))
    is_first = True
    charts_left = blocks.MOST_CHARTS
    for part in document.parts:
        if isinstance(part, Table) and part.rows:
            yield from _table(part, is_first=is_first)
            is_first = False
        elif isinstance(part, Chart):
            drawn = charts.data_visualization(part) if charts_left else None
            charts_left -= drawn is not None
            yield from _chart(part, drawn)
        else:
            yield from _blocks(part)


def _blocks(part: Part) -> Iterator[Block]:
    match part:
        case Paragraph(pieces):
            yield _paragraph(pieces)
        case Facts(pairs):
            for group in _groups((Strong(label), " ", *value) for label, value in pairs):
                yield blocks.rich_text(blocks.section(_under_each_other(group)))
        case Listing(items):
            for group in _groups(items):
                yield blocks.rich_text(blocks.bullets(inline.elements(item) for item in group))
        case CodeBlock(content):
            yield blocks.rich_text(blocks.preformatted(text.clean(content).strip("\n")))
        case Note(pieces):
            yield _note(pieces)
        case Table(caption):
            yield _paragraph((f"{text.one_line(caption)}: none",))


def _chart(chart: Chart, drawn: charts.Drawn | None) -> Iterator[Block]:
    """Return the chart as it is drawn with what is not in it as text, or all of it as text."""
    said = chart_lines(chart)
    if drawn is not None:
        yield drawn.block
        said = (series_line(series, unit=chart.unit) for series in drawn.left_out)
    for group in _groups(said):
        yield blocks.rich_text(blocks.section(_under_each_other(group)))


def _paragraph(pieces: Line) -> Block:
    return blocks.rich_text(blocks.section(inline.elements(inline.cut_line(pieces, _LONGEST_LINE))))


def _under_each_other(lines: Sequence[Line]) -> list[Element]:
    ended = [[*inline.elements(line), blocks.words("\n")] for line in lines]
    return [element for line in ended for element in line][:-1]


def _note(pieces: Line) -> Block:
    shown = inline.mrkdwn(inline.cut_line(pieces, _LONGEST_NOTE))
    if len(shown) > blocks.LONGEST_TEXT:  # Long addresses behind short labels.
        shown = text.inert(text.cut(plain_line(pieces), _LONGEST_NOTE))
    return blocks.context(shown if shown.strip() else text.NOTHING)


def _table(table: Table, *, is_first: bool) -> Iterator[Block]:
    block, rows = _laid_out(table, is_first=is_first)
    if rows:
        yield block
    columns = min(len(table.columns), blocks.MOST_COLUMNS) if is_first else len(table.columns)
    missing = [tables.left_out(len(table.rows), rows, "row"), tables.left_out(len(table.columns), columns, "column")]
    if any(missing):
        yield blocks.context(" ".join(filter(None, missing)))


def _laid_out(table: Table, *, is_first: bool) -> tuple[Block, int]:
    """Return the table's block and how many rows are in it. Slack takes one `data_table` a message."""
    if is_first:
        block = tables.data_table(table)
        return block, len(block["rows"]) - 1
    lines = tables.monospaced(table, blocks.LONGEST_TEXT)
    return blocks.rich_text(blocks.preformatted("\n".join(lines))), max(0, len(lines) - 1)


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Return the lines, each short enough, in groups that fit one block."""
    group: list[Line] = []
    length = 0
    for line in (inline.cut_line(line, _LONGEST_LINE) for line in lines):
        length += len(plain_line(line))
        if group and length > _LONGEST_LINE:
            yield group
            group, length = [], len(plain_line(line))
        group.append(line)
    if group:
        yield group


def _within_limits(everything: list[Block], room: int) -> list[Block]:
    kept: list[Block] = []
    left = _MOST_CHARACTERS
    for block in everything:
        left -= 0 if block["type"] in _OF_THEIR_OWN_LIMITS else blocks.length(block)
        if left < 0:
            break
        kept.append(block)
    if len(kept) == len(everything) <= room:
        return kept
    kept = kept[: room - 1]
    return [*kept, blocks.context(tables.left_out(len(everything), len(kept), "part"))]
