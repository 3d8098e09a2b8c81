"""Block elements: buttons, menus, choices, pickers, inputs and images, and which of them may stand where.

Source: https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.sandbox.slack.blockkit.laws import exactly_one_of, initial_among_options, ordered
from bot.sandbox.slack.blockkit.objects import (
    ACCESSIBILITY_LABEL,
    ACTION_ID,
    ANYTHING_WRITTEN,
    CHOICE,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_ACTION_CONFIG,
    FLAG,
    IMAGE_URL,
    OPTION,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLACEHOLDER,
    SLACK_FILE,
    STYLE,
    WORKFLOW,
    link,
    plain_text,
)
from bot.sandbox.slack.blockkit.rich_text import RICH_TEXT
from bot.sandbox.slack.blockkit.rules import (
    Inspection,
    Items,
    Kinds,
    Law,
    Number,
    Place,
    Rule,
    Shape,
    Text,
    kind,
    pattern,
    shape,
)

_LEAST_OVERFLOW_OPTIONS = 2

_INTERACTIVE: Mapping[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM}
_FOCUSABLE: Mapping[str, Rule] = {**_INTERACTIVE, "focus_on_load": FLAG}
_PICKER: Mapping[str, Rule] = {**_FOCUSABLE, "placeholder": PLACEHOLDER}
_INPUT: Mapping[str, Rule] = {
    "action_id": ACTION_ID,
    "dispatch_action_config": DISPATCH_ACTION_CONFIG,
    "focus_on_load": FLAG,
    "placeholder": PLACEHOLDER,
}
_LABEL: Mapping[str, Rule] = {"accessibility_label": ACCESSIBILITY_LABEL}
_IDS = Items(ANYTHING_WRITTEN)
_LINES = Number(1, 100, is_whole=True)
_NUMERIC = Text(form=pattern(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"))

_IMAGE_FIELDS: Mapping[str, Rule] = {"image_url": IMAGE_URL, "slack_file": SLACK_FILE}


def _needs_agent_prompt(button: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    if "agent_prompt_display" in button and "agent_prompt" not in button:
        inspection.missing(at, "agent_prompt")


def _overflow_is_no_button(menu: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    got = len(menu["options"])
    if inspection.unknowns.overflow_with_one_option == "refused" and got < _LEAST_OVERFLOW_OPTIONS:
        inspection.too_few(at / "options", _LEAST_OVERFLOW_OPTIONS, got)


BUTTON = kind(
    "button",
    required={"text": plain_text(75)},
    optional={
        **_INTERACTIVE,
        **_LABEL,
        "style": STYLE,
        "url": link(3_000),
        "value": Text(maximum=2_000),
        # Since 2026, seen in slackblocks 3.0.0.
        "agent_prompt": Text(maximum=4_000),
        "agent_prompt_display": ANYTHING_WRITTEN,
    },
    laws=[_needs_agent_prompt],
)

# The action id is required. Observed 2026-09-26 with blocks.validate, told by slackblocks.
WORKFLOW_BUTTON = kind(
    "workflow_button",
    required={"text": plain_text(75), "workflow": WORKFLOW, "action_id": ACTION_ID},
    optional={**_LABEL, "confirm": CONFIRM, "style": STYLE},
)

ICON_BUTTON = kind(
    "icon_button",
    required={"text": plain_text(), "icon": Text(values=("trash",))},
    optional={
        **_INTERACTIVE,
        **_LABEL,
        "value": Text(maximum=2_000),
        "visible_to_user_ids": Items(ANYTHING_WRITTEN, maximum=10),
    },
)

_FEEDBACK_BUTTON = shape(required={"text": plain_text(75), "value": Text(maximum=2_000)}, optional=_LABEL)
FEEDBACK_BUTTONS = kind(
    "feedback_buttons",
    required={"positive_button": _FEEDBACK_BUTTON, "negative_button": _FEEDBACK_BUTTON},
    optional={"action_id": ACTION_ID},
)

IMAGE = kind(
    "image",
    required={"alt_text": Text(maximum=2_000)},
    optional=_IMAGE_FIELDS,
    laws=[exactly_one_of("image_url", "slack_file")],
)

OVERFLOW = kind(
    "overflow",
    required={"options": Items(OVERFLOW_OPTION, 1, 5)},
    optional=_INTERACTIVE,
    laws=[_overflow_is_no_button],
)

CHECKBOXES = kind(
    "checkboxes",
    required={"options": Items(CHOICE, 1, 10)},
    optional={**_FOCUSABLE, "initial_options": Items(CHOICE, 1)},
    laws=[initial_among_options("initial_options")],
)
RADIO_BUTTONS = kind(
    "radio_buttons",
    required={"options": Items(CHOICE, 1, 10)},
    optional={**_FOCUSABLE, "initial_option": CHOICE},
    laws=[initial_among_options("initial_option")],
)

DATEPICKER = kind(
    "datepicker",
    optional={**_PICKER, "initial_date": Text(form=pattern("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"))},
)
TIMEPICKER = kind(
    "timepicker",
    optional={
        **_PICKER,
        "initial_time": Text(form=pattern("([01][0-9]|2[0-3]):[0-5][0-9]")),
        "timezone": ANYTHING_WRITTEN,
    },
)
# Seconds since 1970, "in the format of 10 digits".
DATETIMEPICKER = kind(
    "datetimepicker",
    optional={**_FOCUSABLE, "initial_date_time": Number(1_000_000_000, 9_999_999_999, is_whole=True)},
)


def _menus(what: str, initial: Mapping[str, Rule], more: Mapping[str, Rule], laws: Sequence[Law] = ()) -> Shape:
    return kind(what, optional={**_PICKER, **initial, **more}, laws=laws)


_OFFERED: Mapping[str, Rule] = {"options": Items(OPTION, 1, 100), "option_groups": Items(OPTION_GROUP, 1, 100)}
_OFFERED_ONCE = exactly_one_of("options", "option_groups")
_ASKED: Mapping[str, Rule] = {"min_query_length": Number(0, is_whole=True)}
_SEVERAL: Mapping[str, Rule] = {"max_selected_items": Number(1, is_whole=True)}
_ANSWERING: Mapping[str, Rule] = {"response_url_enabled": FLAG}
_FILTERED: Mapping[str, Rule] = {"filter": CONVERSATION_FILTER, "default_to_current_conversation": FLAG}

SELECTS = (
    _menus(
        "static_select", {"initial_option": OPTION}, _OFFERED, [_OFFERED_ONCE, initial_among_options("initial_option")]
    ),
    _menus("external_select", {"initial_option": OPTION}, _ASKED),
    _menus("users_select", {"initial_user": ANYTHING_WRITTEN}, {}),
    _menus("channels_select", {"initial_channel": ANYTHING_WRITTEN}, _ANSWERING),
    _menus("conversations_select", {"initial_conversation": ANYTHING_WRITTEN}, {**_FILTERED, **_ANSWERING}),
    _menus(
        "multi_static_select",
        {"initial_options": Items(OPTION, 1)},
        {**_OFFERED, **_SEVERAL},
        [_OFFERED_ONCE, initial_among_options("initial_options")],
    ),
    _menus("multi_external_select", {"initial_options": Items(OPTION, 1)}, {**_ASKED, **_SEVERAL}),
    _menus("multi_users_select", {"initial_users": _IDS}, _SEVERAL),
    _menus("multi_channels_select", {"initial_channels": _IDS}, _SEVERAL),
    _menus("multi_conversations_select", {"initial_conversations": _IDS}, {**_FILTERED, **_SEVERAL}),
)

PLAIN_TEXT_INPUT = kind(
    "plain_text_input",
    optional={
        **_INPUT,
        "initial_value": ANYTHING_WRITTEN,
        "multiline": FLAG,
        "min_length": Number(0, 3_000, is_whole=True),
        "max_length": Number(1, 3_000, is_whole=True),
    },
    laws=[ordered("min_length", "max_length")],
)
EMAIL_INPUT = kind("email_text_input", optional={**_INPUT, "initial_value": ANYTHING_WRITTEN})
URL_INPUT = kind("url_text_input", optional={**_INPUT, "initial_value": ANYTHING_WRITTEN})
NUMBER_INPUT = kind(
    "number_input",
    required={"is_decimal_allowed": FLAG},
    optional={**_INPUT, "initial_value": _NUMERIC, "min_value": _NUMERIC, "max_value": _NUMERIC},
    laws=[
        ordered("min_value", "max_value", read=Decimal),
        ordered("min_value", "initial_value", read=Decimal),
        ordered("initial_value", "max_value", read=Decimal),
    ],
)
RICH_TEXT_INPUT = kind(
    "rich_text_input",
    optional={**_INPUT, "initial_value": RICH_TEXT, "min_lines": _LINES, "max_lines": _LINES},
    laws=[ordered("min_lines", "max_lines")],
)
FILE_INPUT = kind(
    "file_input",
    optional={
        "action_id": ACTION_ID,
        "filetypes": Items(ANYTHING_WRITTEN),
        "max_files": Number(1, 10, is_whole=True),
    },
)

_PRESSED = (BUTTON, WORKFLOW_BUTTON, OVERFLOW)
_CHOSEN = (CHECKBOXES, RADIO_BUTTONS, DATEPICKER, TIMEPICKER, *SELECTS)

IN_ACTIONS = Kinds(*_PRESSED, *_CHOSEN, DATETIMEPICKER, RICH_TEXT_INPUT)
IN_SECTION = Kinds(*_PRESSED, *_CHOSEN, IMAGE)
IN_INPUT = Kinds(
    *_CHOSEN,
    DATETIMEPICKER,
    PLAIN_TEXT_INPUT,
    EMAIL_INPUT,
    URL_INPUT,
    NUMBER_INPUT,
    RICH_TEXT_INPUT,
    FILE_INPUT,
)
IN_CONTEXT_ACTIONS = Kinds(FEEDBACK_BUTTONS, ICON_BUTTON)
