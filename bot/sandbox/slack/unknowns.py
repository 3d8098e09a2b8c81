"""What nobody outside Slack knows about Slack, as switches.

Each field is one open question: the first position is our best guess, the others are what the real service may turn out
to do. The bot must survive every position of every switch, which `SlackUnknowns.every_position` walks through.
"""

from typing import Literal

from pydantic import Field

from bot.sandbox.switches import Switches


class SlackUnknowns(Switches):
    """One position for each open question."""

    alert_in_messages: Literal["refused", "accepted"] = Field(
        default="refused",
        description=(
            "Whether a message may hold an alert block. Slack's types and Java SDK say modals only; the sample of "
            "Slack's own skills plugin puts one into a message."
        ),
    )
    data_visualization_in_home: Literal["accepted", "refused"] = Field(
        default="accepted",
        description="Whether App Home may hold a chart. Slack's page says so; a third party says messages only.",
    )
    table_with_data_table: Literal["refused", "accepted"] = Field(
        default="refused",
        description=(
            "Whether the rule of one table per message is about table and data_table blocks alike, or about table "
            "blocks only, so that data tables may join them up to their total of characters."
        ),
    )
    overflow_with_one_option: Literal["accepted", "refused"] = Field(
        default="accepted",
        description="Whether an overflow menu may have one option. Older documentation asked for two.",
    )
    data_table_size: Literal["200_rows_20000_characters", "100_rows_10000_characters"] = Field(
        default="200_rows_20000_characters",
        description=(
            "How much a data table holds below its header. The page said 100 rows and 10,000 characters in spring "
            "2026, and twice as much since."
        ),
    )
    new_blocks: Literal["accepted", "refused"] = Field(
        default="accepted",
        description=(
            "Whether the workspace already knows data_table and data_visualization; Slack rolls new blocks out in "
            "phases, and until then their type is unsupported."
        ),
    )
    trigger_refusal: Literal["expired_trigger_id", "trigger_expired"] = Field(
        default="expired_trigger_id",
        description=(
            "How a late or used trigger is refused. The pages of `views.open` and `views.push` say "
            "`expired_trigger_id` and `exchanged_trigger_id`, the guide `trigger_expired` and `trigger_exchanged`."
        ),
    )
    escaped_mention: Literal["id", "id_and_name"] = Field(
        default="id",
        description=(
            "Whether an escaped command names people and groups by id only, as in Slack's example, or as "
            "`<@U012ABCDEF|ana>`."
        ),
    )
    response_url_refusal: Literal["500_json", "400_text", "200_json"] = Field(
        default="500_json",
        description=(
            "How a response URL refuses a body: `ok: false` with status 500 or 200, or the bare name of the error with "
            "status 400, as incoming webhooks do."
        ),
    )
    spent_response_url: Literal["404_json", "404_text", "200_json"] = Field(
        default="404_json",
        description="How a response URL says `used_url` after five uses, and `expired_url` after thirty minutes.",
    )
    replace_original_default: Literal["false", "true"] = Field(
        default="false",
        description=(
            "What a response to a click does to the clicked message when it does not say. Slack's guide to threads "
            "warns that it might be overwritten."
        ),
    )
    ephemeral_click: Literal["without_message", "with_message"] = Field(
        default="without_message",
        description="Whether a click in an ephemeral message carries the message. Recorded payloads have none.",
    )
    command_failure: Literal["dispatch_failed", "http_error"] = Field(
        default="dispatch_failed",
        description=(
            "What the person reads when an app answers a command with anything but 200: `dispatch_failed`, or "
            "`http_client_error` and `http_service_error` by the class of the status."
        ),
    )
    blocks_total: Literal["12000", "10000"] = Field(
        default="12000",
        description=(
            "How many characters all blocks of a message may have together before it is `msg_blocks_too_long`. Slack's "
            "people speak of 12,000 with some for the blocks themselves; a message of 11,341 was refused, one of 9,597 "
            "taken. Tables are not counted here."
        ),
    )
    missing_thread: Literal["posted_in_channel", "thread_not_found"] = Field(
        default="posted_in_channel",
        description=(
            "What becomes of a reply to a message that is gone. Reported in 2026: it is posted, and stands in the "
            "channel itself."
        ),
    )
    is_stranger: Literal["documented", "every_foreigner"] = Field(
        default="documented",
        description=(
            "Whom `is_stranger` calls so. The page of the user object says: people of other workspaces who are in no "
            "channel together with the app. The page of users.info: people met in shared channels."
        ),
    )
