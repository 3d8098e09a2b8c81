"""Valid Block Kit: one exemplar of every block and element, and how to change a copy of one in a single place."""

from copy import deepcopy
from typing import Any


def plain(text: str = "words") -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "*words*") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "one") -> dict[str, Any]:
    return {"text": plain(value), "value": value}


def raw(text: str = "cell") -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


def rich(text: str = "words") -> dict[str, Any]:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def section(text: str = "words") -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text)}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Press"), **more}


def card(**more: Any) -> dict[str, Any]:
    return {"type": "card", "title": mrkdwn("A card"), **more}


def task(task_id: str = "t1", **more: Any) -> dict[str, Any]:
    return {"type": "task_card", "task_id": task_id, "title": "Look", "status": "complete", **more}


def data_table(*rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "data_table", "caption": "Tags", "rows": list(rows or ([raw("Tag")], [raw("1.27")])), **more}


def table(*rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "table", "rows": list(rows or ([raw("Tag")], [raw("1.27")])), **more}


def line_chart(**more: Any) -> dict[str, Any]:
    chart = {
        "type": "line",
        "series": [
            {"name": "api", "data": [{"label": "Mon", "value": 120}, {"label": "Tue", "value": 140.5}]},
            {"name": "web", "data": [{"label": "Tue", "value": -1}, {"label": "Mon", "value": 0}]},
        ],
        "axis_config": {"categories": ["Mon", "Tue"], "x_label": "Day", "y_label": "Pulls"},
    }
    return {"type": "data_visualization", "title": "Pulls", "chart": chart, **more}


def pie_chart(**more: Any) -> dict[str, Any]:
    chart = {"type": "pie", "segments": [{"label": "amd64", "value": 3}, {"label": "arm64", "value": 0.5}]}
    return {"type": "data_visualization", "title": "Platforms", "chart": chart, **more}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("A modal"), "blocks": list(blocks or (section(),)), **more}


def home(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks or (section(),)), **more}


def in_actions(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": [element]}


def in_input(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "label": plain("Say"), "element": element}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain("Yes"), "deny": plain("No"), "style": "danger"}
IMAGE = {"type": "image", "image_url": "https://images.example/a.png", "alt_text": "A picture"}
SLACK_IMAGE = {"type": "image", "slack_file": {"id": "F0123456789"}, "alt_text": "A picture"}
GROUPS = [{"label": plain("Group"), "options": [option("one"), option("two")]}]

# By the name of the exemplar: what may stand in an actions block.
ACTIONS_ELEMENTS: dict[str, dict[str, Any]] = {
    "button": button(
        action_id="a",
        url="https://hub.example/r",
        value="v",
        style="primary",
        confirm=CONFIRM,
        accessibility_label="Press to go",
    ),
    "checkboxes": {
        "type": "checkboxes",
        "options": [option("one"), {"text": mrkdwn(), "value": "two", "description": plain()}],
        "initial_options": [option("one")],
        "focus_on_load": True,
    },
    "datepicker": {"type": "datepicker", "initial_date": "2026-11-21", "placeholder": plain(), "confirm": CONFIRM},
    "datetimepicker": {"type": "datetimepicker", "initial_date_time": 1_628_633_820, "focus_on_load": False},
    "timepicker": {"type": "timepicker", "initial_time": "23:59", "timezone": "Europe/Zurich"},
    "overflow": {"type": "overflow", "options": [option("one"), {**option("two"), "url": "https://hub.example"}]},
    "radio_buttons": {"type": "radio_buttons", "options": [option("one")], "initial_option": option("one")},
    "static_select": {
        "type": "static_select",
        "options": [option("one"), option("two")],
        "initial_option": option("two"),
        "placeholder": plain(),
    },
    "static_select of groups": {
        "type": "static_select",
        "option_groups": GROUPS,
        "initial_option": option("two"),
    },
    "external_select": {"type": "external_select", "initial_option": option(), "min_query_length": 0},
    "users_select": {"type": "users_select", "initial_user": "U0ANA"},
    "channels_select": {"type": "channels_select", "initial_channel": "C1", "response_url_enabled": True},
    "conversations_select": {
        "type": "conversations_select",
        "filter": {"include": ["im", "public"], "exclude_bot_users": True},
        "default_to_current_conversation": True,
        "initial_conversation": "C1",
        "response_url_enabled": False,
    },
    "multi_static_select": {
        "type": "multi_static_select",
        "options": [option("one"), option("two")],
        "initial_options": [option("two"), option("one")],
        "max_selected_items": 1,
    },
    "multi_external_select": {"type": "multi_external_select", "initial_options": [option()], "min_query_length": 3},
    "multi_users_select": {"type": "multi_users_select", "initial_users": ["U0ANA"]},
    "multi_channels_select": {"type": "multi_channels_select", "initial_channels": ["C1"]},
    "multi_conversations_select": {
        "type": "multi_conversations_select",
        "initial_conversations": ["C1"],
        "filter": {"exclude_external_shared_channels": False},
    },
    "workflow_button": {
        "type": "workflow_button",
        "action_id": "w",
        "text": plain("Run"),
        "workflow": {
            "trigger": {
                "url": "https://slack.com/shortcuts/Ft1/x",
                "customizable_input_parameters": [{"name": "n", "value": "v"}],
            }
        },
    },
    "rich_text_input": {"type": "rich_text_input", "initial_value": rich(), "min_lines": 1, "max_lines": 100},
}

# What only an input block takes.
INPUT_ELEMENTS: dict[str, dict[str, Any]] = {
    "plain_text_input": {
        "type": "plain_text_input",
        "action_id": "a",
        "initial_value": "",
        "multiline": True,
        "min_length": 0,
        "max_length": 3_000,
        "placeholder": plain(),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]},
        "focus_on_load": True,
    },
    "email_text_input": {"type": "email_text_input", "initial_value": "ana@acme.example", "placeholder": plain()},
    "url_text_input": {"type": "url_text_input", "initial_value": "https://acme.example", "placeholder": plain()},
    "number_input": {
        "type": "number_input",
        "is_decimal_allowed": True,
        "min_value": "-1.5",
        "initial_value": "0",
        "max_value": "10",
        "placeholder": plain(),
    },
    "file_input": {"type": "file_input", "filetypes": ["csv"], "max_files": 10},
}

_STYLE = {"bold": True, "italic": False, "strike": True, "code": True, "underline": True}
_INLINE: list[dict[str, Any]] = [
    {"type": "text", "text": "words", "style": _STYLE},
    {"type": "link", "url": "https://hub.example", "text": "there", "unsafe": True},
    {"type": "broadcast", "range": "here"},
    {"type": "color", "value": "#F405B3"},
    {"type": "channel", "channel_id": "C1"},
    {"type": "date", "timestamp": 1_720_710_212, "format": "{ago}", "fallback": "then", "url": "https://hub.example"},
    {"type": "emoji", "name": "wave", "unicode": "1f44b"},
    {"type": "team", "team_id": "T1"},
    {"type": "user", "user_id": "U0ANA"},
    {"type": "usergroup", "usergroup_id": "S1"},
]
RICH_TEXT = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": _INLINE},
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 8,
            "border": 1,
            "elements": [{"type": "rich_text_section", "elements": []}],
        },
        {"type": "rich_text_preformatted", "elements": _INLINE[:2], "border": 0},
        {"type": "rich_text_quote", "elements": _INLINE},
    ],
}

BLOCKS: dict[str, dict[str, Any]] = {
    "section": {
        **section(),
        "block_id": "s",
        "fields": [mrkdwn(), plain()],
        "accessory": SLACK_IMAGE,
        "expand": True,
    },
    "section of fields": {"type": "section", "fields": [mrkdwn()]},
    "header": {"type": "header", "text": {**plain(), "emoji": True}},
    "divider": {"type": "divider"},
    "context": {"type": "context", "elements": [IMAGE, plain(), {**mrkdwn(), "verbatim": True}]},
    "actions": {"type": "actions", "elements": list(ACTIONS_ELEMENTS.values())},
    "context_actions": {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "f",
                "positive_button": {"text": plain("Good"), "value": "+", "accessibility_label": "Good answer"},
                "negative_button": {"text": plain("Bad"), "value": "-"},
            },
            {
                "type": "icon_button",
                "icon": "trash",
                "text": plain("Delete"),
                "action_id": "d",
                "value": "v",
                "accessibility_label": "Delete this",
                "visible_to_user_ids": ["U0ANA"],
                "confirm": CONFIRM,
            },
        ],
    },
    "image": {**IMAGE, "title": plain()},
    "image of a file": SLACK_IMAGE,
    "video": {
        "type": "video",
        "alt_text": "",
        "thumbnail_url": "https://images.example/a.png",
        "title": plain(),
        "video_url": "https://videos.example/embed/a",
        "title_url": "https://videos.example/a",
        "author_name": "Ana",
        "description": plain(),
        "provider_name": "Videos",
        "provider_icon_url": "https://images.example/v.png",
    },
    "markdown": {"type": "markdown", "text": "# Words"},
    "rich_text": RICH_TEXT,
    "file": {"type": "file", "external_id": "R1", "source": "remote"},
    "alert": {"type": "alert", "text": plain(), "level": "warning"},
    "table": table(
        [raw(), {"type": "raw_number", "value": 1_200, "text": "1,200"}, rich()],
        [raw()],
        column_settings=[{"is_wrapped": True}, {"align": "right"}],
    ),
    "data_table": data_table(
        [raw("Tag"), raw("Size")],
        [rich("1.27"), {"type": "raw_number", "value": 191.5, "text": "191 MB"}],
        page_size=100,
        row_header_column_index=1,
    ),
    "data_visualization": line_chart(),
    "pie": pie_chart(),
    "card": card(hero_image=IMAGE, icon=SLACK_IMAGE, subtitle=mrkdwn(), body=mrkdwn(), actions=[button(action_id="a")]),
    "carousel": {"type": "carousel", "elements": [card(block_id="c1"), card(block_id="c2")]},
    "container": {
        "type": "container",
        "title": plain(),
        "subtitle": mrkdwn(),
        "icon": IMAGE,
        "width": "wide",
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [section(), rich(), {"type": "divider"}],
    },
    "container with a rich title": {
        "type": "container",
        "rich_text_title": rich(),
        "has_header_divider": True,
        "child_blocks": [section()],
    },
    "task_card": task(
        details=rich(), output=rich(), sources=[{"type": "url", "url": "https://hub.example", "text": "Hub"}]
    ),
    "plan": {"type": "plan", "title": "A plan", "tasks": [task("t1"), task("t2", status="pending")]},
    "layout": {
        "type": "layout",
        "label": "Two beside each other",
        "rows": [{"items": [{"blocks": [section()]}, {"blocks": [section(), rich()]}]}],
        "is_label_visible": True,
        "grid_lines": "outer",
        "fallback": [section()],
    },
    **{f"input of {name}": in_input(element) for name, element in INPUT_ELEMENTS.items()},
    "input of a choice": {
        **in_input(ACTIONS_ELEMENTS["radio_buttons"]),
        "hint": plain(),
        "dispatch_action": True,
        "optional": False,
    },
}


def changed(value: Any, pointer: str, replacement: Any) -> Any:
    """Return a copy with another value where the pointer leads; it may lead to a key that is not there yet."""
    if not pointer:
        return replacement
    result = deepcopy(value)
    parent, key = _parent_and_key(result, pointer)
    parent[key] = replacement
    return result


def without(value: Any, pointer: str) -> Any:
    """Return a copy without what is where the pointer leads."""
    result = deepcopy(value)
    parent, key = _parent_and_key(result, pointer)
    del parent[key]
    return result


def _parent_and_key(value: Any, pointer: str) -> tuple[Any, Any]:
    *parents, last = (int(token) if token.isdigit() else token for token in pointer[1:].split("/"))
    for token in parents:
        value = value[token]
    return value, last
