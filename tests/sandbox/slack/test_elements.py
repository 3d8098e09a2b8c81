"""What elements hold.

Source: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload, `view.state.values`.
"""

from typing import Any

import pytest

from bot.sandbox.slack.elements import STATE_FIELDS, elements_in, find_element, is_offered, state_values, unanswered

A, B = {"value": "a"}, {"value": "b"}


def an_input(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": "b", "element": {"type": kind, "action_id": "a", **fields}}


@pytest.mark.parametrize("kind", STATE_FIELDS)
def test_untouched_element_holds_nothing(kind: str) -> None:
    field, _ = STATE_FIELDS[kind]

    held = state_values([an_input(kind)])["b"]["a"]

    assert held in ({"type": kind, field: None}, {"type": kind, field: []})
    assert unanswered([an_input(kind)], {"b": {"a": held}}) == ["b"]


@pytest.mark.parametrize("kind", STATE_FIELDS)
def test_element_holds_what_the_app_put_there(kind: str) -> None:
    field, initial = STATE_FIELDS[kind]

    held = state_values([an_input(kind, **{initial: ["x"]})])["b"]["a"]

    assert held == {"type": kind, field: ["x"]}
    assert unanswered([an_input(kind)], {"b": {"a": held}}) == []


def test_given_values_go_before_what_the_app_put_there() -> None:
    blocks = [an_input("plain_text_input", initial_value="old")]

    assert state_values(blocks, {"b": {"a": {"value": "new"}}}) == {
        "b": {"a": {"type": "plain_text_input", "value": "new"}}
    }


def test_values_of_elements_that_are_not_there_are_ignored() -> None:
    assert state_values([an_input("datepicker")], {"c": {"d": {"type": "datepicker"}}}).keys() == {"b"}


def test_buttons_hold_nothing() -> None:
    button = {"type": "button", "action_id": "go"}

    assert state_values([{"type": "actions", "block_id": "b", "elements": [button]}]) == {}


def test_optional_input_needs_no_answer() -> None:
    assert unanswered([{**an_input("plain_text_input"), "optional": True}], {}) == []


def test_elements_are_found_in_order_and_by_block() -> None:
    blocks = [
        {"type": "actions", "block_id": "one", "elements": [{"type": "button", "action_id": "go", "value": "1"}]},
        {"type": "container", "block_id": "all", "child_blocks": [an_input("plain_text_input")]},
        {"type": "actions", "block_id": "two", "elements": [{"type": "button", "action_id": "go", "value": "2"}]},
    ]

    assert [(found.block_id, found.action_id) for found in elements_in(blocks)] == [
        ("one", "go"),
        ("b", "a"),
        ("two", "go"),
    ]
    second = find_element(blocks, "go", "two")
    assert second is not None
    assert second.element["value"] == "2"
    assert find_element(blocks, "go", "three") is None


@pytest.mark.parametrize(
    ("element", "state", "is_good"),
    [
        ({"type": "static_select", "options": [A]}, {"selected_option": A}, True),
        ({"type": "static_select", "options": [A]}, {"selected_option": B}, False),
        ({"type": "static_select", "options": [A]}, {"selected_option": None}, True),
        ({"type": "checkboxes", "options": [A]}, {"selected_options": [B]}, False),
        ({"type": "static_select", "option_groups": [{"options": [A]}]}, {"selected_option": A}, True),
        ({"type": "external_select"}, {"selected_option": B}, True),
        ({"type": "datepicker"}, {"selected_date": "2026-11-21"}, True),
        ({"type": "button"}, {}, True),
    ],
)
def test_only_what_is_offered_can_be_chosen(element: Any, state: Any, *, is_good: bool) -> None:
    assert is_offered(element, state) is is_good
