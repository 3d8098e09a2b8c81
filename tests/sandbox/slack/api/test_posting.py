"""The content of messages. Source unless named: https://docs.slack.dev/reference/methods/chat.postMessage."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.posting import checked_content, checked_metadata
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.api.workspace import GENERAL, Slack

DEFAULTS = SlackUnknowns()
DIVIDER = {"type": "divider"}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def refusal(payload: Mapping[str, Any], unknowns: SlackUnknowns = DEFAULTS, **options: bool) -> Refusal:
    with pytest.raises(Refusal) as caught:
        checked_content(payload, unknowns, **options)
    return caught.value


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, "no_text"),
        ({"text": " \n"}, "no_text"),
        ({"text": None, "blocks": [], "attachments": []}, "no_text"),
        ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [DIVIDER] * 51}, "invalid_blocks"),
        ({"text": "x", "attachments": "[{"}, "invalid_attachments"),
        ({"text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"text": "x", "attachments": [{"blocks": [{"type": "marquee"}]}]}, "invalid_attachments"),
        ({"text": "x", "blocks": [section("x" * 2_500)] * 5}, "msg_blocks_too_long"),
        ({"markdown_text": "*x*", "text": "x"}, "markdown_text_conflict"),
        ({"markdown_text": "*x*", "blocks": [DIVIDER]}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "invalid_arguments"),
        ({"markdown_text": " "}, "no_text"),
    ],
)
def test_content_that_slack_would_not_take_has_its_error(payload: Mapping[str, Any], error: str) -> None:
    assert refusal(payload).error == error


def test_invalid_blocks_are_pointed_at(slack: Slack) -> None:
    """The form of this answer is recorded in many public reports."""
    answer = slack.call("chat.postMessage", channel=GENERAL, text="x", blocks=[section("x" * 3_001)])

    line = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert answer == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [line],
        "response_metadata": {"messages": [f"[ERROR] {line}"]},
    }


def test_second_table_is_refused_as_an_attachment() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}

    assert refusal({"text": "x", "blocks": [table, table]}).error == "invalid_attachments"


def test_blocks_may_be_long_together_where_response_urls_are_concerned() -> None:
    """Source: slackapi/bolt-js, 2867."""
    payload = {"text": "x", "blocks": [section("x" * 2_500)] * 5}

    assert len(checked_content(payload, DEFAULTS, has_total=False).blocks) == 5


def test_total_length_of_blocks_is_an_open_question() -> None:
    payload = {"text": "x", "blocks": [section("x" * 2_200)] * 5}

    assert len(checked_content(payload, DEFAULTS).blocks) == 5
    assert refusal(payload, SlackUnknowns(blocks_total="10000")).error == "msg_blocks_too_long"


def test_tables_do_not_count_towards_the_total() -> None:
    rows = [[{"type": "raw_text", "text": "x" * 95}] for _ in range(100)]
    blocks = [{"type": "table", "rows": rows}, section("x" * 3_000)]

    assert len(checked_content({"text": "x", "blocks": blocks}, DEFAULTS).blocks) == 2


def test_long_text_is_cut_with_a_warning(slack: Slack) -> None:
    """Source: https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages."""
    answer = slack.call("chat.postMessage", channel=GENERAL, text="x" * 40_001)

    assert answer["message"]["text"] == "x" * 40_000
    assert answer["warning"] == "message_truncated"
    assert answer["response_metadata"] == {
        "warnings": ["message_truncated"],
        "messages": [
            "[WARN] Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."
        ],
    }


def test_update_refuses_what_a_post_would_cut() -> None:
    assert refusal({"text": "x" * 4_001}, is_update=True).error == "msg_too_long"


def test_blocks_may_be_json_as_text() -> None:
    content = checked_content({"text": "x", "blocks": '[{"type": "divider", "block_id": "d"}]'}, DEFAULTS)

    assert content.blocks == [{"type": "divider", "block_id": "d"}]


def test_markdown_text_becomes_a_block() -> None:
    content = checked_content({"markdown_text": "**x**"}, DEFAULTS)

    assert (content.text, content.blocks) == ("**x**", [{"type": "markdown", "text": "**x**"}])


def test_text_is_put_together_from_blocks() -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Tags"}},
        {**section("of *api*"), "accessory": button},
        {"type": "actions", "elements": [button]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "2 of 2"}]},
    ]

    assert checked_content({"blocks": blocks}, DEFAULTS).text == "Tags of *api* 2 of 2"


def test_blocks_and_elements_get_the_ids_that_they_lack() -> None:
    """Source: https://docs.slack.dev/reference/block-kit/blocks: without `block_id`, one is made."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [
        {"type": "actions", "elements": [button, {**button, "action_id": "mine"}]},
        {**section("x"), "block_id": "own", "accessory": button},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]},
        {"type": "markdown", "text": "x"},
    ]

    actions, own, context, markdown = checked_content({"blocks": blocks}, DEFAULTS).blocks

    first, second = actions["elements"]
    assert actions["block_id"]
    assert first["action_id"]
    assert second["action_id"] == "mine"
    assert own["block_id"] == "own"
    assert own["accessory"]["action_id"] != first["action_id"]
    assert context["elements"] == [{"type": "mrkdwn", "text": "x"}]
    assert "block_id" not in markdown


def test_what_the_app_gave_is_told_apart_from_what_it_left_out() -> None:
    assert checked_content({"text": "x", "blocks": []}, DEFAULTS).given == {"text", "blocks"}
    assert checked_content({"text": "", "blocks": [DIVIDER]}, DEFAULTS).given == {"text", "blocks"}
    assert checked_content({"blocks": [DIVIDER]}, DEFAULTS).given == {"blocks"}


# Metadata: https://docs.slack.dev/messaging/message-metadata


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("{", "invalid_metadata_format"),
        ([], "invalid_metadata_format"),
        ({"event_type": "x"}, "invalid_metadata_schema"),
        ({"event_type": 1, "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": []}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"a": "x" * 8_000}}, "metadata_too_large"),
    ],
)
def test_metadata_that_is_none_is_refused(metadata: object, error: str) -> None:
    with pytest.raises(Refusal) as caught:
        checked_metadata({"metadata": metadata})

    assert caught.value.error == error


def test_metadata_is_told_apart_from_none_and_from_empty() -> None:
    good = {"event_type": "x", "event_payload": {"a": 1}}

    assert checked_metadata({"metadata": good}) == good
    assert checked_metadata({"metadata": "{}"}) == {}
    assert checked_metadata({}) is None
