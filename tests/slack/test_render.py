import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.document import (
    Code,
    CodeBlock,
    Column,
    Count,
    Document,
    Facts,
    Inline,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Strong,
    Table,
    line,
)
from bot.slack.render import render, tables_for_files
from tests.support.blockkit import all_texts, assert_valid_message, parsed_texts

PUSHED = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)


def tags(count: int, *, name: str = "1.27") -> Table:
    columns = (Column("Tag"), Column("Size", numeric=True), Column("Pushed"))
    rows = tuple((Code(f"{name}.{number}"), Size(84_200_000), Moment(PUSHED)) for number in range(count))
    return Table("Tags of acme/api", columns, rows)


def block_of(message: Any, kind: str) -> Any:
    return next(block for block in message.blocks if block["type"] == kind)


def test_a_document_is_shown_in_blocks_and_said_in_text() -> None:
    document = Document(
        "acme/api",
        (
            Paragraph(line("Built from ", Code("main"), ".")),
            Facts((("Size", line(Size(None))), ("Pulls", line(Count(1204))))),
            Listing((line("one"), line(Strong("two")))),
            CodeBlock("docker pull acme/api"),
            Note(line("25 of 957")),
        ),
    )

    message = render(document)

    assert message.text == (
        "*acme/api*\nBuilt from `main`.\n*Size* unknown\n*Pulls* 1,204\n• one\n• *two*\n"
        "```\ndocker pull acme/api\n```\n25 of 957"
    )
    assert [block["type"] for block in message.blocks] == ["rich_text"] * 5 + ["context"]
    assert message.blocks[2]["elements"][0]["elements"] == [
        {"type": "text", "text": "Size", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "unknown"},
        {"type": "text", "text": "\n"},
        {"type": "text", "text": "Pulls", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "1,204"},
    ]
    assert_valid_message(message)


def test_a_table_can_be_paged_and_sorted_by_number_and_time() -> None:
    message = render(Document("", (tags(1),)))

    assert message.blocks == (
        {
            "type": "data_table",
            "caption": "Tags of acme/api",
            "page_size": 25,
            "row_header_column_index": 0,
            "rows": [
                [{"type": "raw_text", "text": title} for title in ("Tag", "Size", "Pushed")],
                [
                    {"type": "raw_text", "text": "1.27.0"},
                    {"type": "raw_number", "value": 84_200_000, "text": "84.2 MB"},
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {
                                        "type": "date",
                                        "timestamp": 1795269900,
                                        "format": "{ago}",
                                        "fallback": "2026-11-21 14:05 UTC",
                                    }
                                ],
                            }
                        ],
                    },
                ],
            ],
        },
    )
    assert_valid_message(message)


def test_what_is_not_known_reads_unknown() -> None:
    table = Table("t", (Column("a"), Column("b"), Column("c")), ((Size(None), Moment(None), Count(None)),))

    row = block_of(render(Document("", (table,))), "data_table")["rows"][1]

    assert row == [{"type": "raw_text", "text": "unknown"}] * 3


def test_the_text_has_the_table_in_aligned_letters() -> None:
    assert render(Document("", (tags(2),))).text == (
        "```\n"
        "Tag        Size  Pushed\n"
        "1.27.0  84.2 MB  2026-11-21 14:05 UTC\n"
        "1.27.1  84.2 MB  2026-11-21 14:05 UTC\n"
        "```"
    )


def test_a_table_that_is_too_long_says_how_many_rows_are_missing() -> None:
    document = Document("", (tags(957), Note(line("957 tags"))))

    message = render(document)

    table = block_of(message, "data_table")
    assert len(table["rows"]) == 201
    assert message.blocks[1]["elements"][0]["text"] == "… and 757 more rows"
    shown = message.text.count("1.27.")
    assert f"```\n… and {957 - shown} more rows\n957 tags" in message.text
    assert tables_for_files(document) == [document.parts[0]]
    assert_valid_message(message)


def test_a_table_stays_below_ten_thousand_characters() -> None:
    document = Document("", (tags(150, name="x" * 120),))

    message = render(document)

    assert 10 < len(block_of(message, "data_table")["rows"]) < 150
    assert tables_for_files(document)
    assert_valid_message(message)


def test_the_second_table_is_shown_in_letters() -> None:
    message = render(Document("", (tags(2), tags(2))))

    assert [block["type"] for block in message.blocks] == ["data_table", "rich_text"]
    assert message.text.count("```") == 4
    assert_valid_message(message)


def test_a_table_without_rows_says_so() -> None:
    message = render(Document("", (tags(0),)))

    assert message.text == "Tags of acme/api: none"
    assert_valid_message(message)


def test_columns_beyond_the_twentieth_are_left_out_and_counted() -> None:
    table = Table("wide", tuple(Column(f"c{number}") for number in range(23)), (tuple("x" for _ in range(23)),))

    message = render(Document("", (table,)))

    assert len(block_of(message, "data_table")["rows"][0]) == 20
    assert message.blocks[1]["elements"][0]["text"] == "… and 3 more columns"
    assert_valid_message(message)


def test_too_many_parts_are_cut_and_the_closing_blocks_stay() -> None:
    closing = {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": _plain("Share")}]}

    message = render(Document("", tuple(Paragraph(line(str(number))) for number in range(80))), closing=[closing])

    assert len(message.blocks) == 50
    assert message.blocks[-1] == closing
    assert message.blocks[-2]["elements"][0]["text"] == "… and 32 more parts"
    assert_valid_message(message)


def test_a_description_of_25_kilobytes_is_cut_and_marked() -> None:
    message = render(Document("", (Paragraph(line("word " * 5_000)),)))

    assert message.text.endswith("…")
    assert message.blocks[0]["elements"][0]["elements"][0]["text"].endswith("…")
    assert_valid_message(message)


def test_an_empty_document_still_is_a_message() -> None:
    assert_valid_message(render(Document("")))


def test_the_text_form_has_no_blocks() -> None:
    message = render(Document("acme/api", (tags(3),)))

    assert message.without_blocks().payload() == {"text": message.text}
    assert_valid_message(message.without_blocks())


@pytest.mark.parametrize(
    "hostile",
    ["<!channel>", "<@U0ADMIN>", "<http://evil.example|docker.com>", "<!date^0^{date}|x>", "*bold*", "`code`", "~no~"],
)
def test_hostile_text_is_shown_and_does_nothing(hostile: str) -> None:
    parts = (
        Paragraph(line(hostile, Code(hostile), Strong(hostile), Link(hostile, "https://hub.docker.com"))),
        Facts(((hostile, line(hostile)),)),
        Listing((line(hostile),)),
        CodeBlock(hostile),
        Note(line(hostile, Code(hostile), Strong(hostile))),
        Table(hostile, (Column(hostile),), ((hostile,), (Code(hostile),))),
    )

    message = render(Document(hostile, parts))

    assert_valid_message(message)
    for text in parsed_texts(message):
        assert hostile not in re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)  # Code is not styled.
        assert active_markup(text) <= {"https://hub.docker.com"}


def test_right_to_left_marks_and_controls_are_gone() -> None:
    message = render(Document("a\u202etxt.exe", (Paragraph(line("x\x00\x1b[31m\u2066y\ud800")),)))

    for text in all_texts(message):
        assert not set(text) & set("\u202e\u2066\x00\x1b\ud800")
    assert_valid_message(message)


def active_markup(text: str) -> set[str]:
    """Return the targets of everything in angle brackets but dates: mentions, links, broadcasts."""
    found = [part.split(">")[0].split("|")[0] for part in text.split("<")[1:]]
    return {target for target in found if not target.startswith("!date^")}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


SCRAPS = ["<!channel>", "<@U1>", "*", "_", "`", "```", "|", ">", "&lt;", "\u202e", "\n", "\r", "\ud800", "", " ", "😀"]
hostile_texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join),
    st.sampled_from(["x" * 255, "<" * 700, "&" * 3_500, "word " * 700]),
)
numbers = st.one_of(st.none(), st.integers(-(10**15), 10**15))
times = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
inlines: st.SearchStrategy[Inline] = st.one_of(
    hostile_texts,
    st.builds(Code, hostile_texts),
    st.builds(Strong, hostile_texts),
    st.builds(Link, hostile_texts, st.one_of(hostile_texts, st.just("https://hub.docker.com/r/a?b=1&c=2"))),
    st.builds(Size, numbers),
    st.builds(Count, numbers),
    st.builds(Moment, times),
)
lines = st.lists(inlines, max_size=6).map(tuple)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.integers(1, 24))
    row = st.lists(inlines, min_size=columns, max_size=columns).map(tuple)
    drawn = draw(st.lists(row, max_size=4))
    return Table(
        draw(hostile_texts),
        tuple(Column(draw(hostile_texts), draw(st.booleans())) for _ in range(columns)),
        tuple(drawn * draw(st.sampled_from([1, 1, 1, 60]))),
    )


parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Paragraph, lines),
    st.builds(Facts, st.lists(st.tuples(hostile_texts, lines), max_size=8).map(tuple)),
    st.builds(Listing, st.lists(lines, max_size=8).map(tuple)),
    st.builds(CodeBlock, hostile_texts),
    st.builds(Note, lines),
    tables(),
)
documents = st.builds(Document, hostile_texts, st.lists(parts, max_size=5).map(tuple))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(documents)
def test_any_document_is_a_message_that_slack_takes_and_in_which_nothing_is_active(document: Document) -> None:
    message = render(document)

    assert_valid_message(message)
    assert len(message.text) <= 3_900
    for text in parsed_texts(message):
        assert all(target.startswith(("http://", "https://")) for target in active_markup(text))
        assert text.count("```") % 2 == 0
