"""What the simulated Slack takes and refuses, rule by rule.

Sources: the pages of blocks, elements, composition objects and views below https://docs.slack.dev/reference;
for lengths and counts also slackblocks 3.0.0, which follows these pages; for structure also @slack/types 3.2.0.
"""

import json
import math
import time
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox.slack.blockkit import Problem, Surface, blocks_problems, message_problems, view_problems
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.blockkit.exemplars import (
    ACTIONS_ELEMENTS,
    BLOCKS,
    IMAGE,
    INPUT_ELEMENTS,
    button,
    card,
    changed,
    data_table,
    home,
    in_actions,
    in_input,
    line_chart,
    modal,
    mrkdwn,
    option,
    pie_chart,
    plain,
    raw,
    rich,
    section,
    table,
    task,
    without,
)
from tests.sandbox.slack.blockkit.limits import LIMITS, MORE_LIMITS, Limit

SURFACES: tuple[Surface, ...] = get_args(Surface)
NOT_IN_MODALS = {"carousel", "container", "data_table", "data_visualization", "table"}
MESSAGES_ONLY = {"context_actions", "file", "markdown", "plan", "task_card"}


def takes(surface: Surface, kind: str) -> bool:
    if kind == "alert":
        return surface == "modal"
    if kind in MESSAGES_ONLY:
        return surface == "message"
    return surface != "modal" or kind not in NOT_IN_MODALS


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(each.pointer, each.message) for each in problems]


def refused(blocks: list[Any], surface: Surface = "message", **unknowns: Any) -> list[tuple[str, str]]:
    return told(blocks_problems(blocks, surface, SlackUnknowns(**unknowns)))


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_taken_by_the_surfaces_that_know_it_and_no_other(name: str, surface: Surface) -> None:
    kind = BLOCKS[name]["type"]

    problems = refused([BLOCKS[name]], surface)

    assert problems == ([] if takes(surface, kind) else [("/0/type", f"unsupported type: {kind}")])


@pytest.mark.parametrize("name", ACTIONS_ELEMENTS)
def test_every_element_of_actions_is_taken_alone(name: str) -> None:
    assert refused([in_actions(ACTIONS_ELEMENTS[name])]) == []


@pytest.mark.parametrize("name", sorted(set(ACTIONS_ELEMENTS) - {"rich_text_input", "datetimepicker"}))
def test_every_element_but_two_may_stand_beside_a_section(name: str) -> None:
    assert refused([{**section(), "accessory": ACTIONS_ELEMENTS[name]}]) == []


@pytest.mark.parametrize("name", sorted(set(ACTIONS_ELEMENTS) - {"button", "overflow", "workflow_button"}))
def test_every_element_that_holds_a_value_may_be_asked_for(name: str) -> None:
    assert refused([in_input(ACTIONS_ELEMENTS[name])]) == []


@pytest.mark.parametrize("name", ["button", "overflow", "workflow_button"])
def test_what_holds_no_value_cannot_be_asked_for(name: str) -> None:
    assert refused([in_input(ACTIONS_ELEMENTS[name])]) == [("/0/element/type", f"unsupported type: {name}")]


@pytest.mark.parametrize("name", INPUT_ELEMENTS)
def test_what_is_typed_stands_in_inputs_only(name: str) -> None:
    assert refused([in_actions(INPUT_ELEMENTS[name])]) == [("/0/elements/0/type", f"unsupported type: {name}")]


@pytest.mark.parametrize("limit", [*LIMITS, *MORE_LIMITS], ids=lambda limit: limit.key)
def test_a_value_at_its_limit_is_taken_and_one_beyond_is_refused_where_it_stands(limit: Limit) -> None:
    assert limit.problems(limit.last_right) == []

    assert limit.pointer in [each.pointer for each in limit.problems(limit.first_wrong)]


def test_characters_are_code_points() -> None:
    assert refused([{"type": "header", "text": plain("🐳" * 150)}]) == []
    assert refused([{"type": "header", "text": plain("🐳" * 151)}]) == [
        ("/0/text/text", "must be less than 151 characters")
    ]


def test_problems_are_worded_as_slack_words_them() -> None:
    blocks = [
        {"type": "section", "text": {"type": "invalid", "text": "words"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}},
        {"type": "header", "text": {"type": "plain_text"}},
        {"type": "header", "text": mrkdwn()},
        {"type": "divider", "colour": "red"},
        {"type": "actions", "elements": []},
        {"type": "divider", "block_id": None},
    ]

    assert blocks_problems(blocks, "message") == [
        Problem(
            "/0/text/type",
            "failed_constraint",
            "unsupported type: invalid",
            constraint={"type": "enum", "expected": ["plain_text", "mrkdwn"], "got": "invalid"},
        ),
        Problem(
            "/1/text/text",
            "failed_constraint",
            "must be less than 3001 characters",
            constraint={"type": "max_length", "expected": 3_000, "got": 3_001},
        ),
        Problem("/2/text", "missing_field", "missing required field: text", field="text"),
        Problem(
            "/3/text/type",
            "failed_constraint",
            "must be a valid enum value",
            constraint={"type": "enum", "expected": ["plain_text"], "got": "mrkdwn"},
        ),
        Problem(
            "/4",
            "failed_constraint",
            "invalid additional property: colour",
            constraint={"type": "additional_properties", "got": "colour"},
        ),
        Problem(
            "/5/elements",
            "failed_constraint",
            "must provide at least 1 items",
            constraint={"type": "min_items", "expected": 1, "got": 0},
        ),
        Problem("/6/block_id", "invalid_type", "must provide a string"),
    ]


# Each a payload and what is told about it; the first block is number 0.
SECTION_AND = {**section(), "block_id": "one"}
CASES: dict[str, tuple[list[Any], str, str]] = {
    "an unknown block": ([{"type": "marquee"}], "/0/type", "unsupported type: marquee"),
    "a block without a type": ([{}], "/0", "missing required field: type"),
    "a type that is no text": ([{"type": 1}], "/0/type", "must provide a string"),
    "a block that is no object": (["section"], "/0", "must provide an object"),
    "a list where an object belongs": ([[]], "/0", "must provide an object"),
    "a section of nothing": ([{"type": "section"}], "/0/type", "must define either `text` or `fields`"),
    "a text that is only a text": ([{"type": "section", "text": "words"}], "/0/text", "must provide an object"),
    "markup where none belongs": (
        [in_actions({"type": "button", "text": mrkdwn()})],
        "/0/elements/0/text/type",
        "must be a valid enum value",
    ),
    "emoji with markup": (
        [changed(section(), "/text/emoji", replacement=True)],
        "/0/text",
        "invalid additional property: emoji",
    ),
    "another style": ([in_actions(button(style="default"))], "/0/elements/0/style", "must be a valid enum value"),
    "an empty link": ([in_actions(button(url=""))], "/0/elements/0/url", "must be more than 0 characters"),
    "a link to nowhere": ([in_actions(button(url="hub example"))], "/0/elements/0/url", "invalid url"),
    "an agent's words without its task": (
        [in_actions(button(agent_prompt_display="Look"))],
        "/0/elements/0",
        "missing required field: agent_prompt",
    ),
    "two actions of one name": (
        [{"type": "actions", "elements": [button(action_id="a"), button(), button(action_id="a")]}],
        "/0/elements/2/action_id",
        '`action_id` "a" already exists',
    ),
    "two blocks of one name": ([SECTION_AND, SECTION_AND], "/1/block_id", '`block_id` "one" already exists'),
    "a block within another of the same name": (
        [SECTION_AND, {**BLOCKS["container"], "child_blocks": [SECTION_AND]}],
        "/1/child_blocks/0/block_id",
        '`block_id` "one" already exists',
    ),
    "an image of nothing": (
        [{"type": "image", "alt_text": "A picture"}],
        "/0",
        "missing required field: image_url",
    ),
    "an image of two": (
        [{**IMAGE, "slack_file": {"id": "F0123456789"}}],
        "/0",
        "failed to match exactly one allowed schema",
    ),
    "a file of no name": (
        [{"type": "image", "alt_text": "", "slack_file": {"id": "C1"}}],
        "/0/slack_file/id",
        "input must match regex pattern: ^F[A-Z0-9]{8,}$",
    ),
    "a menu without options": (
        [in_actions({"type": "static_select"})],
        "/0/elements/0",
        "missing required field: options",
    ),
    "a menu of options and groups": (
        [in_actions({**ACTIONS_ELEMENTS["static_select of groups"], "options": [option("two")]})],
        "/0/elements/0",
        "failed to match exactly one allowed schema",
    ),
    "an option that is not offered": (
        [in_actions({**ACTIONS_ELEMENTS["static_select"], "initial_option": option("three")})],
        "/0/elements/0/initial_option",
        "`initial_option` must match one of the options",
    ),
    "options of which one is not offered": (
        [in_actions({**ACTIONS_ELEMENTS["checkboxes"], "initial_options": [option("one"), option("three")]})],
        "/0/elements/0/initial_options/1",
        "`initial_options` must match one of the options",
    ),
    "no option at first": (
        [in_actions({**ACTIONS_ELEMENTS["static_select"], "initial_option": None})],
        "/0/elements/0/initial_option",
        "must provide an object",
    ),
    "a link in a menu that is no overflow": (
        [in_actions({"type": "static_select", "options": [{**option(), "url": "https://hub.example"}]})],
        "/0/elements/0/options/0",
        "invalid additional property: url",
    ),
    "markup in a menu": (
        [in_actions({"type": "static_select", "options": [{"text": mrkdwn(), "value": "v"}]})],
        "/0/elements/0/options/0/text/type",
        "must be a valid enum value",
    ),
    "a filter of nothing": (
        [in_actions({"type": "conversations_select", "filter": {}})],
        "/0/elements/0/filter",
        "must define either `include` or `exclude_external_shared_channels` or `exclude_bot_users`",
    ),
    "a day that is none": (
        [in_actions({"type": "datepicker", "initial_date": "2026-13-01"})],
        "/0/elements/0/initial_date",
        "input must match regex pattern: [0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    ),
    "an hour that is none": (
        [in_actions({"type": "timepicker", "initial_time": "24:00"})],
        "/0/elements/0/initial_time",
        "input must match regex pattern: ([01][0-9]|2[0-3]):[0-5][0-9]",
    ),
    "more than the most": (
        [in_input({**INPUT_ELEMENTS["number_input"], "initial_value": "11"})],
        "/0/element/initial_value",
        "`initial_value` must not be greater than `max_value`",
    ),
    "a shortest text longer than the longest": (
        [in_input({"type": "plain_text_input", "min_length": 3, "max_length": 2})],
        "/0/element/min_length",
        "`min_length` must not be greater than `max_length`",
    ),
    "a number that is a word": (
        [in_input({**INPUT_ELEMENTS["number_input"], "max_value": "ten"})],
        "/0/element/max_value",
        "input must match regex pattern: [+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)",
    ),
    "a length that is a text": (
        [in_input({"type": "plain_text_input", "min_length": "3"})],
        "/0/element/min_length",
        "must provide an integer",
    ),
    "a length that is a flag": (
        [in_input({"type": "plain_text_input", "min_length": True})],
        "/0/element/min_length",
        "must provide an integer",
    ),
    "half a character": (
        [in_input({"type": "plain_text_input", "min_length": 0.5})],
        "/0/element/min_length",
        "must provide an integer",
    ),
    "a flag that is a number": (
        [in_input({"type": "plain_text_input", "multiline": 1})],
        "/0/element/multiline",
        "must be a boolean",
    ),
    "an empty word": ([rich("")], "/0/elements/0/elements/0/text", "must be more than 0 characters"),
    "a list within a section of rich text": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich()["elements"]}]}],
        "/0/elements/0/elements/0/type",
        "unsupported type: rich_text_section",
    ),
    "a mention in code": (
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]}],
            }
        ],
        "/0/elements/0/elements/0/type",
        "unsupported type: user",
    ),
    "a video over a line that is not secret": (
        [{**BLOCKS["video"], "video_url": "http://videos.example/embed/a"}],
        "/0/video_url",
        "invalid url",
    ),
    "a card of nothing": (
        [{"type": "card", "subtitle": mrkdwn()}],
        "/0/type",
        "must define either `hero_image` or `title` or `actions` or `body`",
    ),
    "a card of two icons": (
        [card(icon=IMAGE, slack_icon={"type": "icon", "name": "bot"})],
        "/0",
        "failed because matched disallowed schema",
    ),
    "an icon that Slack has not": (
        [card(slack_icon={"type": "icon", "name": "whale"})],
        "/0/slack_icon/name",
        "must be a valid enum value",
    ),
    "an icon without a name": (
        [card(slack_icon={"type": "icon", "image_url": "https://images.example/a.png"})],
        "/0/slack_icon",
        "missing required field: name",
    ),
    "a container without a title": (
        [without(BLOCKS["container"], "/title")],
        "/0/type",
        "must define either `title` or `rich_text_title`",
    ),
    "a container in a container": (
        [{**BLOCKS["container"], "child_blocks": [BLOCKS["container"]]}],
        "/0/child_blocks/0/type",
        "unsupported type: container",
    ),
    "a line under a header that folds away": (
        [{**BLOCKS["container"], "has_header_divider": True}],
        "/0/has_header_divider",
        "failed because matched disallowed schema",
    ),
    "closed and not to be opened": (
        [{**BLOCKS["container"], "is_collapsible": False}],
        "/0/default_collapsed",
        "must set `is_collapsible` to use `default_collapsed`",
    ),
    "a task alone that waits": ([task(status="pending")], "/0/status", "must be a valid enum value"),
    "two tasks of one name": (
        [{"type": "plan", "title": "A plan", "tasks": [task("t"), task("t")]}],
        "/0/tasks/1/task_id",
        '`task_id` "t" already exists',
    ),
    "a plan of something else": (
        [{"type": "plan", "title": "A plan", "tasks": [section()]}],
        "/0/tasks/0",
        "missing required field: task_id",
    ),
    "an empty cell": ([table([raw("")])], "/0/rows/0/0/text", "must be more than 0 characters"),
    "a cell that is a text": ([table(["cell"])], "/0/rows/0/0", "must provide an object"),  # type: ignore[list-item]
    "a column without settings": (
        [table(column_settings=[None, {"align": "right"}])],
        "/0/column_settings/0",
        "must provide an object",
    ),
    "a number without its words": (
        [table([{"type": "raw_number", "value": 1}])],
        "/0/rows/0/0",
        "missing required field: text",
    ),
    "a number without an end": (
        [table([{"type": "raw_number", "value": math.inf, "text": "all"}])],
        "/0/rows/0/0/value",
        "must provide a number",
    ),
    "a number that is none": (
        [table([{"type": "raw_number", "value": math.nan, "text": "none"}])],
        "/0/rows/0/0/value",
        "must provide a number",
    ),
    "a data table of no name": ([data_table(caption="")], "/0/caption", "must be more than 0 characters"),
    "a data table with a gap": (
        [data_table([raw(), raw()], [raw()])],
        "/0/rows/1",
        "all rows must have the same number of cells",
    ),
    "a data table with a rich heading": (
        [data_table([rich()], [raw()])],
        "/0/rows/0/0/type",
        "unsupported type: rich_text",
    ),
    "a data table whose rows are named by a column that is not there": (
        [data_table(row_header_column_index=1)],
        "/0/row_header_column_index",
        "must be less than or equal to 0",
    ),
    "two tables": ([table(), section(), table()], "/2", "only_one_table_allowed"),
    "two data tables": ([data_table(), data_table()], "/1", "only_one_table_allowed"),
    "a table beside one in a container": (
        [{**BLOCKS["container"], "child_blocks": [table()]}, table()],
        "/1",
        "only_one_table_allowed",
    ),
    "a chart of a kind that is none": (
        [changed(pie_chart(), "/chart/type", "donut")],
        "/0/chart/type",
        "unsupported type: donut",
    ),
    "a chart that lacks a point": (
        [without(line_chart(), "/chart/axis_config/categories/1")],
        "/0/chart/series/0/data",
        "must have one data point per category",
    ),
    "two series of one name": (
        [changed(line_chart(), "/chart/series/1/name", "api")],
        "/0/chart/series/1/name",
        '`name` "api" already exists',
    ),
    "two categories of one name": (
        [changed(line_chart(), "/chart/axis_config/categories", ["Mon", "Mon"])],
        "/0/chart/axis_config/categories/1",
        '`categories` "Mon" already exists',
    ),
    "a slice of less than nothing": (
        [changed(pie_chart(), "/chart/segments/0/value", -0.5)],
        "/0/chart/segments/0/value",
        "must be greater than 0",
    ),
    "a row of a layout that is a text": (
        [changed(BLOCKS["layout"], "/rows/0", "row")],
        "/0/rows/0",
        "must provide an object",
    ),
    "a layout in place of a layout": (
        [changed(BLOCKS["layout"], "/fallback/0", BLOCKS["layout"])],
        "/0/fallback/0/type",
        "unsupported type: layout",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_slack_does_not_take_is_refused_where_it_stands(name: str) -> None:
    blocks, pointer, message = CASES[name]

    assert (pointer, message) in refused(blocks)


@pytest.mark.parametrize("blocks", [None, {}, "[]", 1, True])
def test_blocks_are_a_list(blocks: Any) -> None:
    assert told(blocks_problems(blocks, "message")) == [("", "must provide an array")]


def test_blocks_within_a_layout_count() -> None:
    layout = changed(
        BLOCKS["layout"], "/rows", [{"items": [{"blocks": [section()] * 25}, {"blocks": [section()] * 24}]}]
    )

    assert refused([layout]) == []
    assert refused([layout, section()]) == [("", "no more than 50 items allowed")]


# The positions of the switches.


def test_alerts_in_messages_are_an_open_question() -> None:
    alert = [BLOCKS["alert"]]

    assert refused(alert, alert_in_messages="accepted") == []
    assert refused(alert, alert_in_messages="refused") == [("/0/type", "unsupported type: alert")]
    assert refused(alert, "home", alert_in_messages="accepted") == [("/0/type", "unsupported type: alert")]


def test_charts_in_app_home_are_an_open_question() -> None:
    chart = [line_chart()]

    assert refused(chart, "home", data_visualization_in_home="accepted") == []
    assert refused(chart, "home", data_visualization_in_home="refused") == [
        ("/0/type", "unsupported type: data_visualization")
    ]
    assert refused(chart, data_visualization_in_home="refused") == []


def test_a_table_with_a_data_table_is_an_open_question() -> None:
    assert refused([table(), data_table()], table_with_data_table="accepted") == []
    assert refused([table(), data_table()], table_with_data_table="refused") == [("/1", "only_one_table_allowed")]
    assert refused([table(), table()], table_with_data_table="accepted") == [("/1", "only_one_table_allowed")]


def test_an_overflow_menu_of_one_option_is_an_open_question() -> None:
    menu = [in_actions({"type": "overflow", "options": [option()]})]

    assert refused(menu, overflow_with_one_option="accepted") == []
    assert refused(menu, overflow_with_one_option="refused") == [
        ("/0/elements/0/options", "must provide at least 2 items")
    ]


@pytest.mark.parametrize(
    ("size", "rows", "characters"),
    [("200_rows_20000_characters", 201, 20_000), ("100_rows_10000_characters", 101, 10_000)],
)
def test_the_size_of_a_data_table_is_an_open_question(size: str, rows: int, characters: int) -> None:
    assert refused([data_table(*[[raw()]] * rows)], data_table_size=size) == []
    assert refused([data_table(*[[raw()]] * (rows + 1))], data_table_size=size) == [
        ("/0/rows", f"no more than {rows} items allowed")
    ]
    assert refused([data_table([raw("x")], [rich("x" * (characters - 1))])], data_table_size=size) == []
    assert refused([data_table([raw("x")], [rich("x" * characters)])], data_table_size=size) == [
        ("/0/rows", f"must be less than {characters + 1} characters")
    ]


@pytest.mark.parametrize("kind", ["data_table", "data_visualization"])
@pytest.mark.parametrize("surface", SURFACES)
def test_new_blocks_may_not_be_rolled_out_yet(kind: str, surface: Surface) -> None:
    assert refused([BLOCKS[kind]], surface, new_blocks="refused") == [("/0/type", f"unsupported type: {kind}")]
    assert refused([section()], surface, new_blocks="refused") == []


def test_every_switch_says_what_is_unknown() -> None:
    assert all(field.description for field in SlackUnknowns.model_fields.values())


# Messages.


def test_a_message_points_into_its_blocks_and_attachments() -> None:
    message = {
        "channel": "C1",
        "text": 1,
        "blocks": [section("")],
        "attachments": [{"color": "#ff0000"}, {"blocks": [section("")], "indent": False}],
    }

    assert told(message_problems(message)) == [
        ("/text", "must provide a string"),
        ("/blocks/0/text/text", "must be more than 0 characters"),
        ("/attachments/1/blocks/0/text/text", "must be more than 0 characters"),
        ("/attachments/1", "invalid additional property: indent"),
    ]


@pytest.mark.parametrize(
    "message", [{}, {"text": ""}, {"blocks": []}, {"text": None, "blocks": None, "attachments": None}]
)
def test_whether_a_message_shows_anything_is_not_asked_here(message: dict[str, Any]) -> None:
    assert message_problems(message) == []


def test_a_message_is_an_object() -> None:
    assert told(message_problems([section()])) == [("", "must provide an object")]


def test_what_is_asked_of_a_message_is_asked_of_its_attachments_too() -> None:
    markdown = {"type": "markdown", "text": "x" * 6_001}

    assert told(message_problems({"blocks": [table()], "attachments": [{"blocks": [table()]}]})) == [
        ("/attachments/0/blocks/0", "only_one_table_allowed")
    ]
    assert told(message_problems({"blocks": [markdown], "attachments": [{}, {"blocks": [markdown]}]})) == [
        ("/attachments/1/blocks/0/text", "must be less than 12001 characters")
    ]
    assert told(message_problems({"blocks": [SECTION_AND], "attachments": [{"blocks": [SECTION_AND]}]})) == [
        ("/attachments/0/blocks/0/block_id", '`block_id` "one" already exists')
    ]


def test_an_attachment_of_the_old_form_is_taken() -> None:
    attachment = {
        "fallback": "words",
        "color": "good",
        "title": "A title",
        "title_link": "https://hub.example",
        "text": "words",
        "fields": [{"title": "a", "value": "b", "short": True}],
        "mrkdwn_in": ["text"],
        "actions": [{"type": "button", "text": "Press", "name": "n", "value": "v", "confirm": {"text": "Sure?"}}],
        "ts": 1_628_633_820,
        "footer": "words",
    }

    assert message_problems({"attachments": [attachment, {**attachment, "ts": "1628633820"}]}) == []
    assert told(message_problems({"attachments": [{"ts": True}]})) == [("/attachments/0/ts", "must provide a number")]


# Views.


def test_views_are_taken() -> None:
    everything = {"callback_id": "c", "external_id": "e", "private_metadata": "{}"}

    assert view_problems(modal()) == []
    assert (
        view_problems(modal(close=plain(), submit=plain(), clear_on_close=True, notify_on_close=True, **everything))
        == []
    )
    assert view_problems({**modal(), "blocks": []}) == []
    assert view_problems(home(**everything)) == []


@pytest.mark.parametrize(
    ("view", "pointer", "message"),
    [
        (None, "", "must provide an object"),
        ({}, "", "missing required field: type"),
        ({"type": "workflow_step", "blocks": []}, "/type", "unsupported type: workflow_step"),
        ({"type": "modal", "blocks": []}, "", "missing required field: title"),
        ({"type": "home"}, "", "missing required field: blocks"),
        (modal(title=mrkdwn()), "/title/type", "must be a valid enum value"),
        (modal(submit_disabled=True), "", "invalid additional property: submit_disabled"),
        (home(title=plain()), "", "invalid additional property: title"),
        (modal(private_metadata={}), "/private_metadata", "must provide a string"),
        (modal(clear_on_close="yes"), "/clear_on_close", "must be a boolean"),
        (modal(BLOCKS["markdown"]), "/blocks/0/type", "unsupported type: markdown"),
        (home(BLOCKS["alert"]), "/blocks/0/type", "unsupported type: alert"),
        (home(SECTION_AND, SECTION_AND), "/blocks/1/block_id", '`block_id` "one" already exists'),
        (home(section("")), "/blocks/0/text/text", "must be more than 0 characters"),
    ],
)
def test_views_that_slack_does_not_take_are_refused(view: Any, pointer: str, message: str) -> None:
    assert (pointer, message) in told(view_problems(view))


def test_a_modal_that_asks_needs_a_button_to_submit() -> None:
    asking = [section(), in_input(INPUT_ELEMENTS["plain_text_input"])]

    assert view_problems(modal(*asking, submit=plain("Save"))) == []
    assert view_problems(home(*asking)) == []
    assert told(view_problems(modal(*asking))) == [
        ("/blocks/1/input", "must define `submit` to use an `input` block in modals")
    ]


def test_app_home_may_hold_several_tables_and_charts() -> None:
    assert view_problems(home(table(), table(), data_table(), data_table(), *[pie_chart()] * 3)) == []


# Laws.

PIECES = [*BLOCKS.values(), *ACTIONS_ELEMENTS.values(), modal(), home(), plain(), option(), [[raw()]], "x" * 3_001]
KEYS = ["type", "text", "blocks", "elements", "rows", "element", "options", "chart", "block_id", "action_id", "a/b~c"]
TYPES = sorted({each["type"] for each in [*BLOCKS.values(), *ACTIONS_ELEMENTS.values()]})

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(TYPES)
    | st.sampled_from(PIECES)
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
        | st.builds(
            lambda piece, key, value: {**piece, key: value} if isinstance(piece, dict) else [piece, value],
            st.sampled_from(PIECES),
            st.sampled_from(KEYS),
            inner,
        )
    ),
    max_leaves=12,
)


def leads_somewhere(value: Any, pointer: str) -> bool:
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return False
    return True


@given(json_values, st.sampled_from(SURFACES), st.sampled_from([each for _, each in SlackUnknowns.every_position()]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_json_value_is_too_strange(value: Any, surface: Surface, unknowns: SlackUnknowns) -> None:
    found = [
        (value, blocks_problems(value, surface, unknowns)),
        ([value], blocks_problems([value], surface, unknowns)),
        (value, message_problems(value, unknowns)),
        ({"blocks": value}, message_problems({"blocks": value}, unknowns)),
        ({"attachments": value}, message_problems({"attachments": value}, unknowns)),
        (value, view_problems(value, unknowns)),
    ]

    for payload, problems in found:
        for problem in problems:
            assert problem.code in {"missing_field", "invalid_type", "failed_constraint"}
            assert problem.message
            assert leads_somewhere(payload, problem.pointer) or problem.pointer.endswith("/input")
            json.dumps(problem.constraint)


def test_deep_values_are_not_too_deep() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = {"text": [deep]}

    assert blocks_problems([{"type": "section", "text": deep}], "message")
    assert blocks_problems([{"type": "layout", "label": "l", "rows": [deep]}], "message") == []


def test_a_full_table_takes_milliseconds_and_each_further_one_no_longer() -> None:
    full = data_table(*[[raw("x") for _ in range(20)] for _ in range(201)])

    one = seconds_for([section()] * 49 + [full], "message")
    many = seconds_for([full] * 20, "home")

    # Generous: about 6 and 110 milliseconds on the machine where this was written.
    assert one < 0.25
    assert many < 60 * one


def seconds_for(blocks: list[Any], surface: Surface) -> float:
    durations = []
    for _ in range(3):
        began = time.perf_counter()
        assert blocks_problems(blocks, surface) == []
        durations.append(time.perf_counter() - began)
    return min(durations)
