"""Every limit of Block Kit as a row: its value, a payload, what is filled there, and where a refusal points.

The names are those of the table of limits in the shared reference, so that a test can hold this table against it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blockkit import Problem, blocks_problems, message_problems, view_problems
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.blockkit.exemplars import (
    ACTIONS_ELEMENTS,
    BLOCKS,
    CONFIRM,
    GROUPS,
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
    option,
    pie_chart,
    plain,
    raw,
    section,
    table,
    task,
)

Fill = Callable[[int], Any]
DEFAULTS = SlackUnknowns()


def letters(count: int) -> str:
    return "x" * count


def link(count: int) -> str:
    return "https://hub.example/".ljust(count, "x")


def number(value: int) -> int:
    return value


def same(item: Any) -> Fill:
    return lambda count: [item] * count


def numbered(item: Callable[[int], Any]) -> Fill:
    return lambda count: [item(index) for index in range(count)]


@dataclass(frozen=True)
class Limit:
    """A limit.

    Attributes:
        payload: Blocks as a list, a view, or a message.
        pointer: Where a refusal points.
        fill: Makes what is put into the payload of a size, a length or a number.
        filled: Where it is put; by default where a refusal points.
        first_wrong: The first value that is refused.
        last_right: The last one that is not.
    """

    key: str
    payload: Any
    pointer: str
    fill: Fill
    filled: str
    first_wrong: int
    last_right: int
    surface: Any = "message"
    unknowns: SlackUnknowns = DEFAULTS

    def problems(self, size: int) -> list[Problem]:
        payload = changed(self.payload, self.filled, self.fill(size))
        if isinstance(payload, list):
            return blocks_problems(payload, self.surface, self.unknowns)
        return (view_problems if "type" in payload else message_problems)(payload, self.unknowns)


def most(key: str, value: int, payload: Any, pointer: str, fill: Fill = letters, **more: Any) -> Limit:
    return Limit(key, payload, pointer, fill, more.pop("filled", pointer), value + 1, value, **more)


def least(key: str, value: int, payload: Any, pointer: str, fill: Fill = letters, **more: Any) -> Limit:
    return Limit(key, payload, pointer, fill, more.pop("filled", pointer), value - 1, value, **more)


def above(key: str, value: int, payload: Any, pointer: str, fill: Fill = number) -> Limit:
    return Limit(key, payload, pointer, fill, pointer, value, value + 1)


def both(prefix: str, bounds: tuple[int, int], payload: Any, pointer: str, fill: Fill, **more: Any) -> list[Limit]:
    """Return two rows: items for lists, numbers for the rest."""
    low, high = bounds
    names = ("min", "max") if fill is number else ("min_items", "max_items")
    return [
        least(f"{prefix}.{names[0]}", low, payload, pointer, fill, **more),
        most(f"{prefix}.{names[1]}", high, payload, pointer, fill, **more),
    ]


def action(name: str, **more: Any) -> list[dict[str, Any]]:
    return [in_actions({**ACTIONS_ELEMENTS[name], **more})]


def asked(name: str, **more: Any) -> list[dict[str, Any]]:
    return [in_input({**INPUT_ELEMENTS[name], **more})]


def block(name: str, **more: Any) -> list[dict[str, Any]]:
    return [{**BLOCKS[name], **more}]


ELEMENT = "/0/elements/0"
CONFIRMED = [in_actions(button(confirm=CONFIRM))]
SELECT = [in_actions({"type": "static_select", "options": [option("one")], "placeholder": plain()})]
GROUPED = [in_actions({"type": "static_select", "option_groups": GROUPS})]
OVERFLOW = [in_actions({"type": "overflow", "options": [option("one")]})]
RICH_INPUT = [in_input({"type": "rich_text_input", "placeholder": plain()})]
RICH_LIST = [{"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": []}]}]
RICH_QUOTE = [{"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": []}]}]
RICH_CODE = [{"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": []}]}]
ICON = [{"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}]}]
MESSAGE = {"text": "words", "blocks": [section()], "attachments": []}
MARKDOWNS = [{"type": "markdown", "text": letters(6_000)}, {"type": "markdown", "text": "x"}]
WIDE_TABLES = SlackUnknowns(table_with_data_table="accepted")
PLAIN_TABLE = data_table([raw("x")], [raw("x")])


def points(count: int) -> list[dict[str, Any]]:
    return [{"label": str(index), "value": index} for index in range(count)]


def chart_of_points(count: int) -> dict[str, Any]:
    """Return a chart with so many points and as many categories, so that only the points' limit can break."""
    categories = [str(index) for index in range(count)]
    return {
        "type": "bar",
        "series": [{"name": "s", "data": points(count)}],
        "axis_config": {"categories": categories[:20] or ["0"]},
    }


def chart_of_categories(count: int) -> Any:
    chart = chart_of_points(min(max(count, 1), 20))
    return changed(chart, "/axis_config/categories", [str(index) for index in range(count)])


def one_point(label: str) -> dict[str, Any]:
    return {
        "type": "area",
        "series": [{"name": "s", "data": [{"label": label, "value": 1}]}],
        "axis_config": {"categories": [label[:20]]},
    }


def one_category(label: str) -> Any:
    return changed(one_point(label[:20]), "/axis_config/categories", [label])


LIMITS = [
    # Texts and identifiers.
    least("text.min_length", 1, [section()], "/0/text/text"),
    most("text.max_length", 3_000, [{"type": "context", "elements": [plain()]}], "/0/elements/0/text"),
    most("action_id.max_length", 255, [in_actions(button(action_id="a"))], f"{ELEMENT}/action_id"),
    most("block_id.max_length", 255, block("divider"), "/0/block_id"),
    # Buttons.
    most("button.text.max_length", 75, action("button"), f"{ELEMENT}/text/text"),
    most("button.url.max_length", 3_000, action("button"), f"{ELEMENT}/url", link),
    most("button.value.max_length", 2_000, action("button"), f"{ELEMENT}/value"),
    most("button.accessibility_label.max_length", 75, action("button"), f"{ELEMENT}/accessibility_label"),
    most("button.agent_prompt.max_length", 4_000, action("button"), f"{ELEMENT}/agent_prompt"),
    most("workflow_button.text.max_length", 75, action("workflow_button"), f"{ELEMENT}/text/text"),
    most(
        "workflow_button.accessibility_label.max_length",
        75,
        action("workflow_button"),
        f"{ELEMENT}/accessibility_label",
    ),
    most("icon_button.value.max_length", 2_000, ICON, f"{ELEMENT}/value"),
    most("icon_button.accessibility_label.max_length", 75, ICON, f"{ELEMENT}/accessibility_label"),
    most("icon_button.visible_to_user_ids.max_items", 10, ICON, f"{ELEMENT}/visible_to_user_ids", same("U0ANA")),
    most("feedback_button.text.max_length", 75, block("context_actions"), f"{ELEMENT}/positive_button/text/text"),
    most("feedback_button.value.max_length", 2_000, block("context_actions"), f"{ELEMENT}/negative_button/value"),
    most(
        "feedback_button.accessibility_label.max_length",
        75,
        block("context_actions"),
        f"{ELEMENT}/positive_button/accessibility_label",
    ),
    # Confirmations.
    most("confirmation.title.max_length", 100, CONFIRMED, f"{ELEMENT}/confirm/title/text"),
    most("confirmation.text.max_length", 300, CONFIRMED, f"{ELEMENT}/confirm/text/text"),
    most("confirmation.confirm.max_length", 30, CONFIRMED, f"{ELEMENT}/confirm/confirm/text"),
    most("confirmation.deny.max_length", 30, CONFIRMED, f"{ELEMENT}/confirm/deny/text"),
    # Options and menus.
    most("option.text.max_length", 75, SELECT, f"{ELEMENT}/options/0/text/text"),
    most("option.value.max_length", 150, SELECT, f"{ELEMENT}/options/0/value"),
    most(
        "option.description.max_length",
        75,
        SELECT,
        f"{ELEMENT}/options/0/description/text",
        lambda count: plain(letters(count)),
        filled=f"{ELEMENT}/options/0/description",
    ),
    most("option.url.max_length", 3_000, OVERFLOW, f"{ELEMENT}/options/0/url", link),
    most("option_group.label.max_length", 75, GROUPED, f"{ELEMENT}/option_groups/0/label/text"),
    *both("option_group.options", (1, 100), GROUPED, f"{ELEMENT}/option_groups/0/options", same(option())),
    most("select.placeholder.max_length", 150, SELECT, f"{ELEMENT}/placeholder/text"),
    *both("select.options", (1, 100), SELECT, f"{ELEMENT}/options", same(option())),
    *both("select.option_groups", (1, 100), GROUPED, f"{ELEMENT}/option_groups", same(GROUPS[0])),
    least("select.min_query_length.min", 0, action("external_select"), f"{ELEMENT}/min_query_length", number),
    least(
        "multi_select.max_selected_items.min",
        1,
        action("multi_users_select"),
        f"{ELEMENT}/max_selected_items",
        number,
    ),
    least(
        "conversation_filter.include.min_items",
        1,
        action("conversations_select"),
        f"{ELEMENT}/filter/include",
        same("im"),
    ),
    *both("overflow.options", (1, 5), OVERFLOW, f"{ELEMENT}/options", same(option())),
    *both("checkboxes.options", (1, 10), action("checkboxes"), f"{ELEMENT}/options", same(option())),
    *both("radio_buttons.options", (1, 10), action("radio_buttons"), f"{ELEMENT}/options", same(option())),
    # Pickers and inputs.
    most("date_picker.placeholder.max_length", 150, action("datepicker"), f"{ELEMENT}/placeholder/text"),
    most(
        "time_picker.placeholder.max_length",
        150,
        action("timepicker", placeholder=plain()),
        f"{ELEMENT}/placeholder/text",
    ),
    *both("file_input.max_files", (1, 10), asked("file_input"), "/0/element/max_files", number),
    *both("plain_text_input.min_length", (0, 3_000), asked("plain_text_input"), "/0/element/min_length", number),
    *both("plain_text_input.max_length", (1, 3_000), asked("plain_text_input"), "/0/element/max_length", number),
    most("plain_text_input.placeholder.max_length", 150, asked("plain_text_input"), "/0/element/placeholder/text"),
    most("email_input.placeholder.max_length", 150, asked("email_text_input"), "/0/element/placeholder/text"),
    most("url_input.placeholder.max_length", 150, asked("url_text_input"), "/0/element/placeholder/text"),
    most("number_input.placeholder.max_length", 150, asked("number_input"), "/0/element/placeholder/text"),
    most("rich_text_input.placeholder.max_length", 150, RICH_INPUT, "/0/element/placeholder/text"),
    *both("rich_text_input.min_lines", (1, 100), RICH_INPUT, "/0/element/min_lines", number),
    *both("rich_text_input.max_lines", (1, 100), RICH_INPUT, "/0/element/max_lines", number),
    *both(
        "dispatch_action_configuration.trigger_actions_on",
        (1, 2),
        asked("plain_text_input"),
        "/0/element/dispatch_action_config/trigger_actions_on",
        same("on_enter_pressed"),
    ),
    # Blocks of texts and elements.
    most("section.text.max_length", 3_000, [section()], "/0/text/text"),
    most("section.fields.max_items", 10, block("section of fields"), "/0/fields", same(plain())),
    most("section.fields.item_max_length", 2_000, block("section of fields"), "/0/fields/0/text"),
    most("header.text.max_length", 150, block("header"), "/0/text/text"),
    most("context.elements.max_items", 10, block("context"), "/0/elements", same(plain())),
    most("actions.elements.max_items", 25, block("actions"), "/0/elements", same(button())),
    most("context_actions.elements.max_items", 5, ICON, "/0/elements", same(ICON[0]["elements"][0])),
    most("image.image_url.max_length", 3_000, block("image"), "/0/image_url", link),
    most("image.alt_text.max_length", 2_000, block("image"), "/0/alt_text"),
    most("image.title.max_length", 2_000, block("image"), "/0/title/text"),
    most("image_element.image_url.max_length", 3_000, block("context"), "/0/elements/0/image_url", link),
    most("image_element.alt_text.max_length", 2_000, block("context"), "/0/elements/0/alt_text"),
    most("input.label.max_length", 2_000, block("input of a choice"), "/0/label/text"),
    most("input.hint.max_length", 2_000, block("input of a choice"), "/0/hint/text"),
    most("video.alt_text.max_length", 2_000, block("video"), "/0/alt_text"),
    most("video.title.max_length", 200, block("video"), "/0/title/text"),
    most("video.author_name.max_length", 50, block("video"), "/0/author_name"),
    most("video.description.max_length", 200, block("video"), "/0/description/text"),
    most("video.provider_name.max_length", 50, block("video"), "/0/provider_name"),
    most("video.thumbnail_url.max_length", 3_000, block("video"), "/0/thumbnail_url", link),
    most("video.video_url.max_length", 3_000, block("video"), "/0/video_url", link),
    most("video.title_url.max_length", 2_000, block("video"), "/0/title_url", link),
    most("video.provider_icon_url.max_length", 2_000, block("video"), "/0/provider_icon_url", link),
    most("markdown.text.max_length", 12_000, block("markdown"), "/0/text"),
    most("markdown.total_text.max_length", 12_000, MARKDOWNS, "/1/text", lambda count: letters(max(0, count - 6_000))),
    most("alert.text.max_length", 200, block("alert"), "/0/text/text", surface="modal"),
    # Rich text.
    *both("rich_text_list.indent", (0, 8), RICH_LIST, f"{ELEMENT}/indent", number),
    least("rich_text_list.offset.min", 0, RICH_LIST, f"{ELEMENT}/offset", number),
    *both("rich_text_list.border", (0, 1), RICH_LIST, f"{ELEMENT}/border", number),
    *both("rich_text_quote.border", (0, 1), RICH_QUOTE, f"{ELEMENT}/border", number),
    *both("rich_text_preformatted.border", (0, 1), RICH_CODE, f"{ELEMENT}/border", number),
    # Blocks of blocks.
    most("card.title.max_length", 150, [card()], "/0/title/text"),
    most("card.subtitle.max_length", 150, block("card"), "/0/subtitle/text"),
    most("card.body.max_length", 200, block("card"), "/0/body/text"),
    most(
        "card.subtext.max_length",
        200,
        [card()],
        "/0/subtext/text",
        lambda count: {"type": "mrkdwn", "text": letters(count)},
        filled="/0/subtext",
    ),
    most("card.actions.max_items", 3, [card()], "/0/actions", same(button())),
    *both("carousel.elements", (1, 10), block("carousel"), "/0/elements", same(card())),
    most("container.title.max_length", 150, block("container"), "/0/title/text"),
    most("container.subtitle.max_length", 150, block("container"), "/0/subtitle/text"),
    *both("container.child_blocks", (1, 10), block("container"), "/0/child_blocks", same(section())),
    most("plan.tasks.max_items", 50, block("plan"), "/0/tasks", numbered(lambda index: task(str(index)))),
    # Tables.
    most("table.rows.max_items", 100, [table()], "/0/rows", same([raw()])),
    most("table.columns.max_items", 20, [table()], "/0/rows/0", same(raw())),
    most("table.column_settings.max_items", 20, [table()], "/0/column_settings", same({"align": "left"})),
    *both("data_table.rows", (2, 201), [data_table()], "/0/rows", same([raw()])),
    *both(
        "data_table.columns",
        (1, 20),
        [data_table()],
        "/0/rows/0",
        lambda count: [[raw()] * count] * 2,
        filled="/0/rows",
    ),
    *both("data_table.page_size", (1, 100), [data_table()], "/0/page_size", number),
    least("data_table.row_header_column_index.min", 0, [data_table()], "/0/row_header_column_index", number),
    least("data_table.cell_text.min_length", 1, [data_table()], "/0/rows/1/0/text"),
    most(
        "data_table.content.max_length",
        20_000,
        [PLAIN_TABLE],
        "/0/rows",
        lambda count: letters(count - 1),
        filled="/0/rows/1/0/text",
    ),
    most(
        "data_table.total_content.max_length",
        20_000,
        [data_table([raw("x")], [raw(letters(9_999))]), PLAIN_TABLE],
        "/1/rows",
        lambda count: letters(count - 10_001),
        filled="/1/rows/1/0/text",
        unknowns=WIDE_TABLES,
    ),
    # Charts.
    most("data_visualization.title.max_length", 50, [pie_chart()], "/0/title"),
    *both("data_visualization.segments", (1, 12), [pie_chart()], "/0/chart/segments", same({"label": "a", "value": 1})),
    most("data_visualization.segment.label.max_length", 20, [pie_chart()], "/0/chart/segments/0/label"),
    above("data_visualization.segment.value.exclusive_min", 0, [pie_chart()], "/0/chart/segments/0/value"),
    *both(
        "data_visualization.series",
        (1, 12),
        [{**line_chart(), "chart": chart_of_points(2)}],
        "/0/chart/series",
        numbered(lambda index: {"name": str(index), "data": points(2)}),
    ),
    most("data_visualization.series_name.max_length", 20, [line_chart()], "/0/chart/series/0/name"),
    *both(
        "data_visualization.data", (1, 20), [line_chart()], "/0/chart/series/0/data", chart_of_points, filled="/0/chart"
    ),
    most(
        "data_visualization.point_label.max_length",
        20,
        [line_chart()],
        "/0/chart/series/0/data/0/label",
        lambda count: one_point(letters(count)),
        filled="/0/chart",
    ),
    *both(
        "data_visualization.categories",
        (1, 20),
        [line_chart()],
        "/0/chart/axis_config/categories",
        chart_of_categories,
        filled="/0/chart",
    ),
    most(
        "data_visualization.category_label.max_length",
        20,
        [line_chart()],
        "/0/chart/axis_config/categories/0",
        lambda count: one_category(letters(count)),
        filled="/0/chart",
    ),
    most("data_visualization.axis_label.max_length", 50, [line_chart()], "/0/chart/axis_config/x_label"),
    # Whole payloads.
    most("message.data_visualizations.max_items", 2, [], "/2", same(pie_chart()), filled=""),
    most("message.blocks.max_items", 50, MESSAGE, "/blocks", same(section())),
    most("message.attachments.max_items", 100, MESSAGE, "/attachments", same({"blocks": [section()]})),
    most("view.blocks.max_items", 100, home(), "/blocks", same(section())),
    most("view.private_metadata.max_length", 3_000, home(), "/private_metadata"),
    most("view.callback_id.max_length", 255, modal(), "/callback_id"),
    most("view.external_id.max_length", 255, modal(), "/external_id"),
    most("view.title.max_length", 24, modal(), "/title/text"),
    most("view.close.max_length", 24, modal(close=plain()), "/close/text"),
    most("view.submit.max_length", 24, modal(submit=plain()), "/submit/text"),
]

# What the reference does not number, or numbers by a name of another thing.
MORE_LIMITS = [
    most("blocks of a modal", 100, modal(), "/blocks", same(section())),
    most("blocks of an attachment", 50, {"attachments": [{}]}, "/attachments/0/blocks", same(section())),
    most("characters of a table", 10_000, [table([raw("x")])], "/0/rows", letters, filled="/0/rows/0/0/text"),
    most("alternative text of an accessory", 2_000, [{**section(), "accessory": IMAGE}], "/0/accessory/alt_text"),
    most("label of a layout", 150, block("layout"), "/0/label"),
    *both("rows of a layout", (1, 5), block("layout"), "/0/rows", same({"items": []})),
    *both("level of a header", (1, 4), block("header"), "/0/level", number),
    *both("a moment", (1_000_000_000, 9_999_999_999), action("datetimepicker"), f"{ELEMENT}/initial_date_time", number),
    *(
        least(f"{what} of {kind}", 1, payload, f"/0/{what}", same(item))
        for kind, payload, what, item in (
            ("section", block("section of fields"), "fields", plain()),
            ("context", block("context"), "elements", plain()),
            ("actions", block("actions"), "elements", button()),
            ("context_actions", ICON, "elements", ICON[0]["elements"][0]),
            ("rich_text", RICH_LIST, "elements", RICH_LIST[0]["elements"][0]),
            ("table", [table()], "rows", [raw()]),
        )
    ),
]
