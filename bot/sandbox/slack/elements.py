"""The elements in blocks with which people act: where they are, what they hold, and what a click says of them.

Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Blocks = Sequence[Mapping[str, Any]]

# What an element holds, and how the app says what it holds at first.
STATE_FIELDS: Mapping[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
LONGEST_INPUT = 3_000
LISTS = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})
# What a click repeats of the element; everything else stays with Slack.
REPEATED = ("text", "value", "style", "placeholder", "confirm", "initial_option", "initial_date", "initial_time")


@dataclass(frozen=True, slots=True)
class Found:
    """An element with which people act.

    Attributes:
        block: The block that it is in; of nested ones the innermost.
        element: As the app sent it.
    """

    block: Mapping[str, Any]
    element: Mapping[str, Any]

    @property
    def block_id(self) -> str:
        """The id of its block."""
        return str(self.block.get("block_id", ""))

    @property
    def action_id(self) -> str:
        """Its own id, unique within the block."""
        return str(self.element.get("action_id", ""))


def elements_in(blocks: Blocks) -> Iterator[Found]:
    """Yield every element with an `action_id`, in the order in which people see them."""
    for block in blocks:
        yield from _elements_below(block, block)


def find_element(blocks: Blocks, action_id: str, block_id: str | None = None) -> Found | None:
    """Return the element of that id, or None; an `action_id` is unique within its block only."""
    for found in elements_in(blocks):
        if found.action_id == action_id and block_id in {None, found.block_id}:
            return found
    return None


def action_of(found: Found, state: Mapping[str, Any], action_ts: str) -> dict[str, Any]:
    """Return what a payload says of a click.

    Args:
        found: What was clicked.
        state: What it holds now, such as `selected_option`; empty for a button.
        action_ts: The time, as a `ts`.
    """
    repeated = {name: found.element[name] for name in REPEATED if name in found.element}
    return {
        "type": found.element.get("type", ""),
        "action_id": found.action_id,
        "block_id": found.block_id,
        **repeated,
        **state,
        "action_ts": action_ts,
    }


def state_values(blocks: Blocks, given: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return what all elements hold: by block and action, what was given, else what the app put there.

    An element that nobody touched is there as well, holding null or an empty list.
    """
    values: dict[str, dict[str, Any]] = {}
    for found in elements_in(blocks):
        kind = found.element.get("type", "")
        if kind not in STATE_FIELDS:
            continue
        mine = (given or {}).get(found.block_id, {}).get(found.action_id)
        held = {"type": kind, **mine} if mine is not None else _initial(found.element)
        values.setdefault(found.block_id, {})[found.action_id] = held
    return values


def is_offered(element: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether the options that somebody chose are among those that an element shows."""
    groups = element.get("option_groups", ())
    options = [*element.get("options", ()), *(option for group in groups for option in group["options"])]
    offered = {option.get("value") for option in options}
    one = state.get("selected_option")
    chosen = [*([one] if one else []), *state.get("selected_options", ())]
    # Options of an external source are not part of the element.
    return "external" in element.get("type", "") or all(option.get("value") in offered for option in chosen)


def unfit(blocks: Blocks, values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what Slack's clients do not let anybody send: texts of a wrong length, by the id of their input block.

    Source: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element. The words are inferred.
    """
    problems: dict[str, str] = {}
    for found in elements_in(blocks):
        text = values.get(found.block_id, {}).get(found.action_id, {}).get("value")
        if found.element.get("type") != "plain_text_input" or not isinstance(text, str):
            continue
        least, most = found.element.get("min_length", 0), found.element.get("max_length", LONGEST_INPUT)
        if text and len(text) < least:
            problems[found.block_id] = f"Please enter at least {least} characters."
        elif len(text) > most:
            problems[found.block_id] = f"Please enter no more than {most} characters."
    return problems


def unanswered(blocks: Blocks, values: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the ids of the input blocks that want an answer and have none."""
    missing = []
    for block in blocks:
        if block.get("type") != "input" or block.get("optional"):
            continue
        held = values.get(str(block.get("block_id", "")), {})
        if not any(_is_answered(each) for each in held.values()):
            missing.append(str(block.get("block_id", "")))
    return missing


def _elements_below(node: Any, block: Mapping[str, Any]) -> Iterator[Found]:
    if isinstance(node, Mapping):
        inner = node if "block_id" in node else block
        if "action_id" in node and "type" in node:
            yield Found(block, node)
        for child in node.values():
            yield from _elements_below(child, inner)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for child in node:
            yield from _elements_below(child, block)


def _initial(element: Mapping[str, Any]) -> dict[str, Any]:
    field, initial = STATE_FIELDS[element["type"]]
    return {"type": element["type"], field: element.get(initial, [] if field in LISTS else None)}


def _is_answered(held: Mapping[str, Any]) -> bool:
    field, _ = STATE_FIELDS.get(str(held.get("type")), ("value", ""))
    return held.get(field) not in (None, "", [])
