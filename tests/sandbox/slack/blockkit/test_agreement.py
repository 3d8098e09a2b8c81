"""Do our rules of Block Kit say what independent witnesses say? Each disagreement that stays is here, with its reason.

The JSON schema (generated from Slack's own types) knows the structure, the table of limits (of a third party's package,
held against `blocks.validate` by its author) the lengths, counts and surfaces. Where they are silent or known to be
wrong, the reference in prose, Slack's pages and recorded answers decide. Without the shared reference these tests skip.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, cast, get_args

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.sandbox.slack.blockkit import Surface, blocks_problems, objects
from bot.sandbox.slack.blockkit.attachments import attachment
from bot.sandbox.slack.blockkit.groups import LAYOUT, WITHOUT_LAYOUT
from bot.sandbox.slack.blockkit.payloads import _views
from bot.sandbox.slack.blockkit.rules import Flag, Items, Kinds, Number, Shape, Text
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.blockkit.exemplars import (
    ACTIONS_ELEMENTS,
    BLOCKS,
    INPUT_ELEMENTS,
    button,
    card,
    changed,
    data_table,
    in_actions,
    in_input,
    mrkdwn,
    option,
    plain,
    raw,
    rich,
    section,
    table,
    task,
    without,
)
from tests.sandbox.slack.blockkit.limits import LIMITS
from tests.support.blockkit import assert_valid_message
from tests.support.shared import shared_file

SURFACES: tuple[Surface, ...] = get_args(Surface)

# Not a rule of Block Kit but of the methods that post messages.
NOT_OURS = {"message.channel.min_length"}


@cache
def schema() -> dict[str, Any]:
    return dict(json.loads(shared_file("slack-blockkit.schema.json").read_text()))


@cache
def reference() -> dict[str, Any]:
    return dict(json.loads(shared_file("slack-blockkit-limits.json").read_text()))


def definitions() -> dict[str, Any]:
    return dict(schema()["definitions"])


# The table of limits.


def test_the_limits_are_those_of_the_reference() -> None:
    ours = {each.key: each.first_wrong if each.key.endswith("exclusive_min") else each.last_right for each in LIMITS}

    assert ours == {key: value for key, value in reference()["limits"].items() if key not in NOT_OURS}


@pytest.mark.parametrize("surface", SURFACES)
def test_the_surfaces_are_those_of_the_reference(surface: Surface) -> None:
    taken = {each["type"] for each in BLOCKS.values() if not blocks_problems([each], surface)}

    # The layout block is newer than the table; its page says messages and views.
    assert taken - {"layout"} == set(reference()["block_types_by_surface"][surface])


# The schema, definition by definition.

# Which of our tables a definition without a type of its own is.
UNTYPED = {
    "ConfirmationDialog": objects.CONFIRM,
    "DispatchActionConfig": objects.DISPATCH_ACTION_CONFIG,
    "PlainTextOption": objects.OVERFLOW_OPTION,
    "MessageAttachment": attachment(Flag()),
}
# Fields that we know and the types do not. Reference, section 3.3, and slackblocks 3.0.0.
MORE_FIELDS = {
    "Button": {"agent_prompt", "agent_prompt_display"},
    "CardBlock": {"slack_icon", "subtext"},
    "HeaderBlock": {"level"},
    "RichTextList": {"offset"},
}
# Fields that Slack wants and the types do not. The option's value: Slack's page; the rest: slackblocks, which asked
# blocks.validate.
MORE_REQUIRED = {
    "DispatchActionConfig": {"trigger_actions_on"},
    "PlainTextOption": {"value"},
    "PlanBlock": {"tasks"},
    "WorkflowButton": {"action_id"},
}


def rules_within(rule: object) -> Iterator[Shape]:
    if isinstance(rule, Shape):
        yield rule
        inner: list[Any] = list(rule.fields.values())
    elif isinstance(rule, Kinds):
        inner = list(rule.by_type.values())
    else:
        inner = [rule.of] if isinstance(rule, Items) else []
    for each in inner:
        yield from rules_within(each)


@cache
def our_shapes() -> dict[str, list[Shape]]:
    found: dict[str, list[Shape]] = {}
    for rule in (*WITHOUT_LAYOUT, LAYOUT, _views(SlackUnknowns())):
        for each in rules_within(rule):
            if all(each is not other for other in found.setdefault(each.type, [])):
                found[each.type].append(each)
    return found


def variants(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects that a definition allows: itself, or those of its choice that are written out in it."""
    written = [each for each in definition.get("anyOf", ()) if "properties" in each]
    return written or ([definition] if "properties" in definition else [])


def typed_definitions() -> dict[str, str]:
    """Return the type of each definition that has one; but not of what Slack no longer takes."""
    types = {}
    for name, definition in definitions().items():
        for variant in variants(definition):
            kind = variant["properties"].get("type", {}).get("const")
            if kind and name != "WorkflowStepView":
                types[name] = kind
    return types


def test_every_type_of_the_schema_is_known() -> None:
    assert set(typed_definitions().values()) <= set(our_shapes())


def test_no_block_is_known_that_the_schema_lacks_but_two() -> None:
    known = {each["$ref"].rpartition("/")[2] for each in definitions()["KnownBlock"]["anyOf"]}
    types = {kind for name, kind in typed_definitions().items() if name in known}

    assert {each.type for each in (*WITHOUT_LAYOUT, LAYOUT)} - types == {"data_visualization", "layout"}


def candidates(name: str) -> list[Shape]:
    return [UNTYPED[name]] if name in UNTYPED else our_shapes()[typed_definitions()[name]]


def test_every_object_of_the_schema_has_the_same_fields_and_needs_the_same() -> None:
    for name in [*UNTYPED, *typed_definitions()]:
        found = variants(definitions()[name])
        fields = set().union(*(each["properties"] for each in found)) | MORE_FIELDS.get(name, set())
        required = set(found[0].get("required", ())).intersection(*(each.get("required", ()) for each in found))
        required |= MORE_REQUIRED.get(name, set())

        ours = [(set(each.fields), set(each.required)) for each in candidates(name)]

        assert (fields, required) in ours, name


def test_every_enumeration_of_the_schema_has_the_same_values() -> None:
    for name in [*UNTYPED, *typed_definitions()]:
        for variant in variants(definitions()[name]):
            for field, asked in variant["properties"].items():
                expected = values_of(asked)
                if expected is not None:
                    assert expected in [
                        values_of_rule(each.fields[field]) for each in candidates(name) if field in each.fields
                    ]


def values_of(asked: Mapping[str, Any]) -> set[Any] | None:
    while "$ref" in asked:
        asked = definitions()[asked["$ref"].rpartition("/")[2]]
    if asked.get("type") == "array":
        return values_of(asked["items"])
    return set(asked["enum"]) if "enum" in asked else None


def values_of_rule(rule: Any) -> set[Any]:
    if isinstance(rule, Items):
        return values_of_rule(rule.of)
    if isinstance(rule, Number):
        assert rule.minimum is not None
        assert rule.maximum is not None
        return set(range(rule.minimum, rule.maximum + 1))
    assert isinstance(rule, Text)
    return set(rule.values)


# Blocks that were right before something happened to them.

# Which limit a field has, by the type of the object that it is in, or by what that object is called there.
LIMITED: dict[str, dict[str, str]] = {
    "plain_text": {"text": "text"},
    "mrkdwn": {"text": "text"},
    "button": {name: f"button.{name}" for name in ("text", "url", "value", "accessibility_label")},
    "workflow_button": {name: f"workflow_button.{name}" for name in ("text", "accessibility_label")},
    "icon_button": {name: f"icon_button.{name}" for name in ("value", "accessibility_label", "visible_to_user_ids")},
    "positive_button": {name: f"feedback_button.{name}" for name in ("text", "value", "accessibility_label")},
    "negative_button": {name: f"feedback_button.{name}" for name in ("text", "value", "accessibility_label")},
    "confirm": {name: f"confirmation.{name}" for name in ("title", "text", "confirm", "deny")},
    "option": {name: f"option.{name}" for name in ("text", "value", "description", "url")},
    "option_groups": {"label": "option_group.label", "options": "option_group.options"},
    "filter": {"include": "conversation_filter.include"},
    "dispatch_action_config": {"trigger_actions_on": "dispatch_action_configuration.trigger_actions_on"},
    "overflow": {"options": "overflow.options"},
    "checkboxes": {"options": "checkboxes.options"},
    "radio_buttons": {"options": "radio_buttons.options"},
    "datepicker": {"placeholder": "date_picker.placeholder"},
    "timepicker": {"placeholder": "time_picker.placeholder"},
    **{
        f"{several}{what}_select": {
            "placeholder": "select.placeholder",
            "options": "select.options",
            "option_groups": "select.option_groups",
            "min_query_length": "select.min_query_length",
            "max_selected_items": "multi_select.max_selected_items",
        }
        for several in ("", "multi_")
        for what in ("static", "external", "users", "channels", "conversations")
    },
    "file_input": {"max_files": "file_input.max_files"},
    "plain_text_input": {name: f"plain_text_input.{name}" for name in ("min_length", "max_length", "placeholder")},
    "email_text_input": {"placeholder": "email_input.placeholder"},
    "url_text_input": {"placeholder": "url_input.placeholder"},
    "number_input": {"placeholder": "number_input.placeholder"},
    "rich_text_input": {name: f"rich_text_input.{name}" for name in ("min_lines", "max_lines", "placeholder")},
    "section": {"text": "section.text", "fields": "section.fields"},
    "header": {"text": "header.text"},
    "context": {"elements": "context.elements"},
    "actions": {"elements": "actions.elements"},
    "context_actions": {"elements": "context_actions.elements"},
    "image": {name: f"image.{name}" for name in ("image_url", "alt_text", "title")},
    "input": {"label": "input.label", "hint": "input.hint"},
    "video": {
        name: f"video.{name}"
        for name in (
            "alt_text",
            "title",
            "author_name",
            "description",
            "provider_name",
            "thumbnail_url",
            "video_url",
            "title_url",
            "provider_icon_url",
        )
    },
    "markdown": {"text": "markdown.text"},
    "alert": {"text": "alert.text"},
    "rich_text_list": {name: f"rich_text_list.{name}" for name in ("indent", "border")},
    "rich_text_quote": {"border": "rich_text_quote.border"},
    "rich_text_preformatted": {"border": "rich_text_preformatted.border"},
    "card": {name: f"card.{name}" for name in ("title", "subtitle", "body", "actions")},
    "carousel": {"elements": "carousel.elements"},
    "container": {name: f"container.{name}" for name in ("title", "subtitle", "child_blocks")},
    "plan": {"tasks": "plan.tasks"},
    "table": {"rows": "table.rows", "column_settings": "table.column_settings"},
    "data_table": {name: f"data_table.{name}" for name in ("rows", "page_size", "row_header_column_index")},
    "raw_text": {"text": "data_table.cell_text"},
    "raw_number": {"text": "data_table.cell_text"},
}
ITEMS_LIMITED = {
    ("section", "fields"): "section.fields.item",
    ("table", "rows"): "table.columns",
    ("data_table", "rows"): "data_table.columns",
}
CALLED = {"options": "option", "initial_option": "option", "initial_options": "option"}


def broken_limits(value: Any, name: str = "") -> Iterator[str]:
    """Yield the limits of the reference that a value breaks, whatever else is wrong with it."""
    if isinstance(value, list):
        for item in value:
            yield from broken_limits(item, name)
    elif isinstance(value, dict):
        kind = value["type"] if isinstance(value.get("type"), str) else name
        limited = {"action_id": "action_id", "block_id": "block_id", **LIMITED.get(kind, {})}
        for field, inner in value.items():
            yield from broken_by(inner, limited[field]) if field in limited else ()
            for item in inner if isinstance(inner, list) else ():
                yield from broken_by(item, ITEMS_LIMITED.get((kind, field), ""))
            yield from broken_limits(inner, CALLED.get(field) or field)


def broken_by(value: Any, prefix: str) -> Iterator[str]:
    value = value.get("text") if isinstance(value, dict) else value
    limits = reference()["limits"]
    if isinstance(value, str):
        size, names = float(len(value)), ("min_length", "max_length")
    elif isinstance(value, list):
        size, names = float(len(value)), ("min_items", "max_items")
    elif isinstance(value, (int, float)):
        size, names = float(value), ("min", "max")
    else:
        return
    separator = "_" if prefix.endswith(".item") else "."
    least, most = (f"{prefix}{separator}{name}" for name in names)
    if size < limits.get(least, size):
        yield least
    if size > limits.get(most, size):
        yield most


@cache
def validator(name: str) -> Any:
    return jsonschema.Draft7Validator({**schema(), "$ref": f"#/definitions/{name}"})


def witnesses_take(block: Any) -> bool:
    """Ask the schema, only for the definition of the block's own type: the whole choice takes ten times as long."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return bool(validator("KnownBlock").is_valid(block))
    names = [name for name, kind in typed_definitions().items() if kind == block["type"] and name.endswith("Block")]
    return any(validator(name).is_valid(block) for name in names) and not any(broken_limits(block))


@dataclass(frozen=True)
class Kept:
    """A disagreement that stays: we refuse, with such words, what the witnesses take.

    Attributes:
        said: A pattern of pointer and message.
        example: A block about which we disagree.
    """

    said: str
    reason: str
    example: dict[str, Any]


SELECT = ACTIONS_ELEMENTS["static_select"]
NUMBER = INPUT_ELEMENTS["number_input"]
NO_TEXT = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}

KEPT = [
    Kept(
        r"missing required field: (value|trigger_actions_on|action_id|tasks)$",
        "Slack's pages or blocks.validate (by slackblocks) want these; the types leave them out.",
        {"type": "plan", "title": "A plan"},
    ),
    # Rules about several fields together, which neither a type nor a limit can say.
    Kept(r"must define either", "At least one of several fields, as the pages say.", {"type": "section"}),
    Kept(
        r"missing required field: (image_url|options|id)$",
        "One of two fields, as the pages say.",
        in_actions({"type": "static_select"}),
    ),
    Kept(
        r"failed to match exactly one allowed schema",
        "One of two fields and not both, as the pages say.",
        in_actions({**SELECT, "option_groups": [{"label": plain(), "options": [option("two")]}]}),
    ),
    Kept(
        r"failed because matched disallowed schema",
        "Fields that exclude each other, as the pages say.",
        {**BLOCKS["container"], "has_header_divider": True},
    ),
    Kept(
        r"must set `is_collapsible`",
        "Closed at first needs collapsible, as its page says.",
        without(BLOCKS["container"], "/is_collapsible"),
    ),
    Kept(
        r"must match one of the options",
        "What is selected at first is what is offered, as the pages say.",
        in_actions({**SELECT, "initial_option": option("three")}),
    ),
    Kept(
        r"must not be greater than",
        "The least and the most of something, as the pages say.",
        in_input({**NUMBER, "min_value": "11"}),
    ),
    Kept(
        r"already exists",
        "Identifiers are unique, as the pages say.",
        {"type": "actions", "elements": [button(action_id="a"), button(action_id="a")]},
    ),
    Kept(
        r"all rows must have the same number of cells",
        "A data table is rectangular, as its page says.",
        data_table([raw()], [raw(), raw()]),
    ),
    Kept(
        r"/rows/0/\d+/type unsupported type: rich_text",
        "The headings of a data table are raw, as its page says.",
        data_table([rich()], [raw()]),
    ),
    Kept(
        r"/row_header_column_index must be less",
        "The column that names the rows is one of them.",
        data_table(row_header_column_index=1),
    ),
    Kept(
        r"/rows must be less than 10001 characters",
        "All cells of a table together, as its page says.",
        table([raw("x" * 10_001)]),
    ),
    # Texts of a form.
    Kept(
        r"invalid url",
        "Recorded refusals of buttons; videos and their titles are HTTPS, as the page says.",
        in_actions(button(url="hub")),
    ),
    Kept(
        r"input must match regex pattern",
        "Dates, times, numbers and the ids of files have a form.",
        in_actions({"type": "timepicker", "initial_time": "noon"}),
    ),
    Kept(
        r"/(icon|source) must be a valid enum value",
        "There are only `trash` and `remote`, as the pages say.",
        {**BLOCKS["file"], "source": "local"},
    ),
    Kept(
        r"/0/status must be a valid enum value",
        "A task alone is not pending: blocks.validate, by slackblocks.",
        task(status="pending"),
    ),
    Kept(
        r"/initial_date_time must",
        "Ten digits, as the page says.",
        in_actions({"type": "datetimepicker", "initial_date_time": 5}),
    ),
    Kept(
        r"must provide an integer",
        "Counted things are whole, as the pages say; the types know only numbers.",
        data_table(page_size=2.5),
    ),
    # What may not be empty, though no table counts it. "Most other properties in Block Kit do not allow empty arrays",
    # says slackapi/python-slack-sdk, and excepts the elements within rich text.
    Kept(r"must provide at least 1 items", "No empty lists.", {"type": "actions", "elements": []}),
    Kept(r"must be more than 0 characters", "No empty names, links and words; reported for rich text.", NO_TEXT),
    # Where the types allow more than the pages.
    Kept(
        r"/tasks/\d+.*",
        "A plan holds task cards, as its page says; to the types any object is one.",
        {"type": "plan", "title": "A plan", "tasks": [{}]},
    ),
    Kept(
        r"invalid additional property: url",
        "Options with links are of overflow menus only, as the page says.",
        in_actions({"type": "static_select", "options": [{**option(), "url": "https://hub.example"}]}),
    ),
]

# What we take and the witnesses refuse, because Slack has it and @slack/types 3.2.0 has it not.
NEWER = {
    "the prompt of an agent": in_actions(button(agent_prompt="Look", agent_prompt_display="Look!")),
    "the level of a header": {**BLOCKS["header"], "level": 2},
    "the small print of a card": {**BLOCKS["card"], "subtext": mrkdwn()},
    "the icon of a card": card(slack_icon={"type": "icon", "name": "rocket"}),
    "the first number of a list": {
        "type": "rich_text",
        "elements": [{"type": "rich_text_list", "style": "ordered", "elements": [], "offset": 3}],
    },
    "the highlight of a mention": {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "user", "user_id": "U0ANA", "style": {"highlight": True}}],
            }
        ],
    },
    "charts": BLOCKS["data_visualization"],
    "layouts": BLOCKS["layout"],
}

COVERED = {name: block for name, block in BLOCKS.items() if block["type"] not in {"data_visualization", "layout"}}
REPLACEMENTS: list[Any] = [
    None,
    True,
    5,
    -1,
    0.5,
    1_000_000,
    "",
    "word",
    "x" * 16_000,
    [],
    {},
    [[]],
    plain(),
    mrkdwn(),
    button(),
    section(),
    rich(),
    raw(),
]


def places(value: Any, at: str = "") -> Iterator[str]:
    yield at
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, f"{at}/{key}")


def found_at(value: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        value = value[int(token) if isinstance(value, list) else token]
    return value


# What a value may become and still be of its kind: just within and just beyond many limits.
LENGTHS = [
    size + more for size in (0, 24, 30, 50, 75, 100, 150, 200, 255, 300, 2_000, 3_000, 12_000) for more in (0, 1)
]
NUMBERS = [-1, 0, 1, 2, 8, 9, 10, 11, 100, 101, 0.5, 3_000, 3_001]
SIZES = [0, 1, 2, 3, 4, 5, 6, 10, 11, 20, 21, 25, 26, 50, 51, 100, 101, 201, 202]


def nudged(value: Any) -> st.SearchStrategy[Any]:
    """Return strategies for values of the same kind."""
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, str):
        return st.sampled_from(["x" * size for size in LENGTHS] + [f"https://{'x' * size}" for size in LENGTHS])
    if isinstance(value, list):
        return st.sampled_from([value[:size] or value * size for size in SIZES] + [value[:1] * size for size in SIZES])
    if isinstance(value, dict):
        return st.sampled_from([{**value, "unexpected": 1}, {}, plain(), mrkdwn(), raw()])
    return st.sampled_from(NUMBERS)


@st.composite
def damaged_blocks(draw: st.DrawFn) -> Any:
    """Return a block to which one or two things happened: something lost, a bit different, or of another kind."""
    block: Any = draw(st.sampled_from([*COVERED.values(), *(in_actions(each) for each in ACTIONS_ELEMENTS.values())]))
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        # Another type is another object, of which other tests tell: here everything else changes.
        pointer = draw(st.sampled_from([each for each in places(block) if not each.endswith("/type")]))
        deed = draw(st.sampled_from(["lost", "nudged", "nudged", "replaced"]))
        if deed == "lost" and pointer:
            block = without(block, pointer)
        elif deed == "nudged":
            block = changed(block, pointer, draw(nudged(found_at(block, pointer))))
        else:
            block = changed(block, pointer, draw(st.sampled_from(REPLACEMENTS)))
    return block


# Without shrinking: a block is checked against a large schema.
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def surface_of(block: Any) -> Surface:
    return "modal" if isinstance(block, dict) and block.get("type") == "alert" else "message"


@given(damaged_blocks())
@SETTINGS
def test_blocks_are_taken_and_refused_as_the_witnesses_take_and_refuse_them(block: Any) -> None:
    said = [f"{each.pointer} {each.message}" for each in blocks_problems([block], surface_of(block))]

    if witnesses_take(block):
        assert not [each for each in said if not any(re.search(kept.said, each) for kept in KEPT)]
    else:
        assert said


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.said)
def test_a_disagreement_that_stays_is_one(kept: Kept) -> None:
    assert witnesses_take(kept.example)
    assert [
        each
        for each in blocks_problems([kept.example], "message")
        if re.search(kept.said, f"{each.pointer} {each.message}")
    ]


@pytest.mark.parametrize("name", NEWER)
def test_what_is_newer_than_the_witnesses_is_taken(name: str) -> None:
    assert not witnesses_take(NEWER[name])
    assert blocks_problems([NEWER[name]], "message") == []


@pytest.mark.parametrize("name", COVERED)
def test_the_witnesses_take_every_exemplar(name: str) -> None:
    assert witnesses_take(COVERED[name])


# The oracle of the bot's own messages, which asks slack_sdk's models too.

SENT = [
    section(),
    BLOCKS["section of fields"],
    BLOCKS["header"],
    BLOCKS["divider"],
    BLOCKS["rich_text"],
    BLOCKS["markdown"],
    {"type": "context", "elements": [mrkdwn(), plain()]},
    in_actions(ACTIONS_ELEMENTS["button"]),
    data_table([raw("Tag"), raw("Size")], [raw("1.27"), rich("3 MB")], page_size=5, row_header_column_index=0),
]


@st.composite
def damaged_messages(draw: st.DrawFn) -> list[Any]:
    block: Any = draw(st.sampled_from(SENT))
    pointer = draw(st.sampled_from(list(places(block))[1:]))
    return [changed(block, pointer, draw(st.sampled_from(REPLACEMENTS)))]


# The bot keeps to the smaller data table and never sends empty markdown, so its oracle refuses what Slack may take.
SMALLER_TABLES = SlackUnknowns(data_table_size="100_rows_10000_characters")
EMPTY_MARKDOWN = {"type": "markdown", "text": ""}


def is_stricter_for(blocks: list[Any]) -> bool:
    """Whether the bot's oracle refuses on purpose what Slack may take."""
    # Slack names no limit for the words of rich_text; the oracle holds them to that of text objects.
    has_long_words = blocks[0].get("type") == "rich_text" and "x" * 3001 in json.dumps(blocks)
    return has_long_words or EMPTY_MARKDOWN in blocks


@given(damaged_messages().filter(lambda blocks: not is_stricter_for(blocks)))
@SETTINGS
def test_the_oracle_of_messages_takes_what_we_take(blocks: list[Any]) -> None:
    message = SimpleNamespace(text="words", blocks=blocks, payload=lambda: {"text": "words", "blocks": blocks})

    if not blocks_problems(blocks, "message", SMALLER_TABLES):
        assert_valid_message(cast("Any", message))
