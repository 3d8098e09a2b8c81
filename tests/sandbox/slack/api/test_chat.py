"""Messages by `chat.*`. The pages named in these tests are below https://docs.slack.dev/reference/methods."""

from typing import Any

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.api.workspace import (
    ANA,
    ATTIC,
    BO,
    BOT,
    BOT_SCOPES,
    GENERAL,
    HIDDEN,
    MANIFEST,
    OLD,
    OPS,
    OTHER_BOT,
    RANDOM,
    TEAM,
    Slack,
)

SECTION = {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "*Hi*"}}
METADATA = {"event_type": "job_done", "event_payload": {"job": "1"}}


def posted(slack: Slack, **arguments: Any) -> Message:
    answer = slack.call("chat.postMessage", channel=GENERAL, **arguments)
    assert answer["ok"], answer
    return stored(slack, answer["ts"])


def stored(slack: Slack, ts: str, channel: str = GENERAL) -> Message:
    message = slack.state.message(channel, ts)
    assert message is not None
    return message


def by_ana(slack: Slack, text: str = "Morning") -> Message:
    return slack.state.add_message(Message(GENERAL, slack.state.new_ts(), ANA, text))


def last_event(slack: Slack) -> dict[str, Any]:
    return dict(slack.events[-1])


# chat.postMessage


def test_post_answers_with_the_message_as_it_is_kept(slack: Slack) -> None:
    answer = slack.call("chat.postMessage", channel=GENERAL, text="Hello", blocks=[SECTION], metadata=METADATA)

    message = stored(slack, answer["ts"])
    assert answer == {
        "ok": True,
        "channel": GENERAL,
        "ts": message.ts,
        "message": {
            "type": "message",
            "user": BOT,
            "text": "Hello",
            "ts": message.ts,
            "team": TEAM,
            "bot_id": "B0HUBBOT0",
            "app_id": "A0HUBBOT0",
            "blocks": [SECTION],
            "metadata": METADATA,
            "bot_profile": answer["message"]["bot_profile"],
        },
    }
    assert answer["message"]["bot_profile"]["name"] == "Hubbot Example"
    assert (message.user, message.app_id, message.metadata) == (BOT, "A0HUBBOT0", METADATA)


def test_post_tells_the_apps_of_the_message(slack: Slack) -> None:
    message = posted(slack, text="Hello")

    event = last_event(slack)
    assert (event["type"], event["channel"], event["channel_type"]) == ("message", GENERAL, "channel")
    assert (event["text"], event["ts"], event["event_ts"]) == ("Hello", message.ts, message.ts)


@pytest.mark.parametrize("name", [OPS, "ops", "#ops"])
def test_channel_is_an_id_or_a_name(slack: Slack, name: str) -> None:
    """Source: chat.postMessage, "channels"."""
    assert slack.call("chat.postMessage", channel=name, text="x")["channel"] == OPS


def test_user_id_opens_the_direct_message(slack: Slack) -> None:
    """Source: chat.postMessage, "post to a direct message"."""
    first = slack.call("chat.postMessage", channel=ANA, text="1")
    second = slack.call("chat.postMessage", channel=first["channel"], text="2")

    assert first["channel"].startswith("D")
    assert first["channel"] == second["channel"]
    assert slack.state.conversations[first["channel"]].members == {ANA, BOT}


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("#nowhere", "channel_not_found"),
        ("U0NOBODY0", "channel_not_found"),
        (HIDDEN, "channel_not_found"),
        ("#hidden", "channel_not_found"),
        (RANDOM, "not_in_channel"),
        (ATTIC, "is_archived"),
        (OTHER_BOT, "cannot_dm_bot"),
    ],
)
def test_post_where_the_bot_may_not_is_refused(slack: Slack, channel: str, error: str) -> None:
    assert slack.error("chat.postMessage", channel=channel, text="x") == error


def test_public_channels_are_open_with_their_scope(slack: Slack) -> None:
    """Source: https://docs.slack.dev/reference/scopes/chat.write.public."""
    slack.bot_token.scopes = frozenset({*BOT_SCOPES, "chat:write.public"})

    assert slack.call("chat.postMessage", channel=RANDOM, text="x")["ok"]
    assert slack.error("chat.postMessage", channel=HIDDEN, text="x") == "channel_not_found"


def test_app_without_a_messages_tab_has_no_direct_messages(slack: Slack) -> None:
    opened = slack.call("chat.postMessage", channel=ANA, text="x")["channel"]
    slack.app.manifest = {**MANIFEST, "features": {"app_home": {"messages_tab_enabled": False}}}

    assert slack.error("chat.postMessage", channel=ANA, text="x") == "messages_tab_disabled"
    assert slack.error("chat.postMessage", channel=opened, text="x") == "messages_tab_disabled"


def test_deactivated_people_can_be_written_to(slack: Slack) -> None:
    """Source: slackapi/python-slack-sdk, 1156: it works, and nobody reads it."""
    assert slack.call("chat.postMessage", channel=OLD, text="x")["ok"]


def test_post_without_a_channel_names_what_is_missing(slack: Slack) -> None:
    answer = slack.call("chat.postMessage", text="x")

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


# Threads


def test_reply_stands_in_the_thread_and_marks_its_parent(slack: Slack) -> None:
    parent = by_ana(slack)

    answer = slack.call("chat.postMessage", channel=GENERAL, text="x", thread_ts=parent.ts)

    assert answer["message"]["thread_ts"] == parent.ts
    assert stored(slack, parent.ts).thread_ts == parent.ts
    assert not stored(slack, answer["ts"]).is_broadcast


def test_reply_may_be_broadcast(slack: Slack) -> None:
    answer = slack.call("chat.postMessage", channel=GENERAL, text="x", thread_ts=by_ana(slack).ts, reply_broadcast=True)

    assert answer["message"]["subtype"] == "thread_broadcast"
    assert stored(slack, answer["ts"]).is_broadcast


def test_reply_to_a_reply_joins_its_thread_and_shows_in_the_channel(slack: Slack) -> None:
    """Source: slackapi/python-slack-sdk, 1116; the page says to use the parent's `ts`."""
    parent = by_ana(slack)
    reply = posted(slack, text="1", thread_ts=parent.ts)

    second = posted(slack, text="2", thread_ts=reply.ts)

    assert (second.thread_ts, second.is_broadcast) == (parent.ts, True)


def test_reply_to_a_message_that_is_gone_stands_in_the_channel(slack: Slack) -> None:
    """Source: langchain-ai/open-swe, 2753 and PostHog/posthog, 83601: posted, not refused."""
    parent = by_ana(slack)
    parent.is_deleted = True

    assert posted(slack, text="x", thread_ts=parent.ts).thread_ts is None

    slack.unknowns = SlackUnknowns(missing_thread="thread_not_found")
    assert slack.error("chat.postMessage", channel=GENERAL, text="x", thread_ts=parent.ts) == "thread_not_found"


def test_thread_ts_must_be_a_timestamp(slack: Slack) -> None:
    """Source: jenkinsci/slack-plugin, 584, where the answer is recorded."""
    answer = slack.call("chat.postMessage", channel=GENERAL, text="x", thread_ts="0")

    assert answer["error"] == "invalid_thread_ts"
    assert answer["response_metadata"]["messages"] == ["[ERROR] 0 is not a valid thread_ts"]


# chat.update


def test_update_with_text_alone_takes_the_blocks_away(slack: Slack) -> None:
    """Source: chat.update, `blocks`."""
    message = posted(slack, text="Old", blocks=[SECTION], attachments=[{"text": "kept"}], metadata=METADATA)

    answer = slack.call("chat.update", channel=GENERAL, ts=message.ts, text="New")

    assert (answer["ok"], answer["channel"], answer["ts"], answer["text"]) == (True, GENERAL, message.ts, "New")
    assert (message.text, list(message.blocks)) == ("New", [])
    assert (message.attachments, message.metadata) == ([{"text": "kept"}], METADATA)


def test_update_with_blocks_is_not_shown_as_edited(slack: Slack, clock: SettableClock) -> None:
    """Source: chat.update, `text`: the mark is for texts only."""
    message = posted(slack, text="Old")

    slack.call("chat.update", channel=GENERAL, ts=message.ts, text="New", blocks=[SECTION])
    assert (message.text, message.blocks, message.edited_at) == ("New", [SECTION], None)

    slack.call("chat.update", channel=GENERAL, ts=message.ts, text="Newer")
    assert message.edited_at == clock.now


def test_update_of_attachments_alone_keeps_text_and_blocks(slack: Slack) -> None:
    """Source: chat.update, `blocks`: retained while no text is given."""
    message = posted(slack, text="Old", blocks=[SECTION])

    slack.call("chat.update", channel=GENERAL, ts=message.ts, attachments=[{"text": "a"}])

    assert (message.text, message.blocks, message.attachments) == ("Old", [SECTION], [{"text": "a"}])


def test_update_replaces_metadata_that_is_given_and_removes_it_when_empty(slack: Slack) -> None:
    """Source: chat.update, `metadata`."""
    message = posted(slack, text="Old", metadata=METADATA)
    other = {"event_type": "other", "event_payload": {}}

    slack.call("chat.update", channel=GENERAL, ts=message.ts, text="x", metadata=other)
    assert message.metadata == other

    slack.call("chat.update", channel=GENERAL, ts=message.ts, text="x", metadata={})
    assert message.metadata is None


def test_update_can_broadcast_a_reply(slack: Slack) -> None:
    """Source: chat.update, `reply_broadcast`."""
    reply = posted(slack, text="x", thread_ts=by_ana(slack).ts)

    slack.call("chat.update", channel=GENERAL, ts=reply.ts, text="x", reply_broadcast=True)

    assert reply.is_broadcast


def test_update_refuses_text_that_a_post_would_take(slack: Slack) -> None:
    """Source: chat.update, `msg_too_long`: 4,000 characters."""
    message = posted(slack, text="x" * 4_001)

    assert slack.error("chat.update", channel=GENERAL, ts=message.ts, text="x" * 4_001) == "msg_too_long"
    assert slack.call("chat.update", channel=GENERAL, ts=message.ts, text="x" * 4_000)["ok"]


def test_update_is_for_own_messages_only(slack: Slack) -> None:
    ts = by_ana(slack).ts

    assert slack.error("chat.update", channel=GENERAL, ts=ts, text="x") == "cant_update_message"
    assert slack.error("chat.update", channel=GENERAL, ts="1.000000", text="x") == "message_not_found"
    assert slack.error("chat.update", channel=HIDDEN, ts=ts, text="x") == "channel_not_found"
    assert slack.error("chat.update", channel=ANA, ts=ts, text="x") == "channel_not_found"
    assert slack.error("chat.update", channel=GENERAL, ts=ts) == "no_text"


def test_update_of_an_archived_channel_is_refused(slack: Slack) -> None:
    """Source: chat.update, `is_inactive`."""
    message = posted(slack, text="x")
    slack.state.conversations[GENERAL].is_archived = True

    assert slack.error("chat.update", channel=GENERAL, ts=message.ts, text="y") == "is_inactive"


def test_update_is_told_with_before_and_after(slack: Slack) -> None:
    """Source: https://docs.slack.dev/reference/events/message/message_changed."""
    message = posted(slack, text="Old")
    slack.call("chat.update", channel=GENERAL, ts=message.ts, text="New")

    event = last_event(slack)
    assert (event["subtype"], event["hidden"], event["channel"]) == ("message_changed", True, GENERAL)
    assert (event["previous_message"]["text"], event["message"]["text"]) == ("Old", "New")
    assert event["ts"] > message.ts


# chat.delete


def test_deleted_message_is_gone(slack: Slack) -> None:
    message = posted(slack, text="x")

    assert slack.call("chat.delete", channel=GENERAL, ts=message.ts) == {
        "ok": True,
        "channel": GENERAL,
        "ts": message.ts,
    }
    assert slack.state.messages(GENERAL) == []
    assert (last_event(slack)["subtype"], last_event(slack)["deleted_ts"]) == ("message_deleted", message.ts)
    assert slack.error("chat.delete", channel=GENERAL, ts=message.ts) == "message_not_found"


def test_messages_of_others_cannot_be_deleted(slack: Slack) -> None:
    assert slack.error("chat.delete", channel=GENERAL, ts=by_ana(slack).ts) == "cant_delete_message"


# chat.postEphemeral


def test_ephemeral_message_is_for_one_person(slack: Slack) -> None:
    before = len(slack.events)
    answer = slack.call("chat.postEphemeral", channel=GENERAL, user=ANA, text="psst", metadata=METADATA)

    message = stored(slack, answer["message_ts"])
    assert answer == {"ok": True, "message_ts": message.ts}
    assert (message.ephemeral_for, message.text, message.metadata) == (ANA, "psst", None)
    assert len(slack.events) == before


def test_ephemeral_message_can_be_neither_updated_nor_deleted(slack: Slack) -> None:
    """Source: chat.update: ephemeral messages cannot be updated by this method."""
    ts = slack.call("chat.postEphemeral", channel=GENERAL, user=ANA, text="x")["message_ts"]

    assert slack.error("chat.update", channel=GENERAL, ts=ts, text="y") == "message_not_found"
    assert slack.error("chat.delete", channel=GENERAL, ts=ts) == "message_not_found"
    assert slack.error("chat.getPermalink", channel=GENERAL, message_ts=ts) == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": OPS, "user": BO}, "user_not_in_channel"),
        ({"channel": HIDDEN, "user": ANA}, "channel_not_found"),
        ({"channel": RANDOM, "user": ANA}, "not_in_channel"),
        ({"channel": ATTIC, "user": ANA}, "is_archived"),
        ({"channel": GENERAL}, "invalid_arguments"),
        ({"channel": GENERAL, "user": ANA, "text": ""}, "no_text"),
    ],
)
def test_ephemeral_message_that_cannot_be_is_refused(slack: Slack, arguments: dict[str, str], error: str) -> None:
    assert slack.error("chat.postEphemeral", **{"text": "x", **arguments}) == error


# chat.getPermalink


def test_permalink_leads_to_the_message_and_its_thread(slack: Slack) -> None:
    parent = by_ana(slack)
    reply = posted(slack, text="x", thread_ts=parent.ts)

    link = slack.call("chat.getPermalink", channel=GENERAL, message_ts=parent.ts)["permalink"]
    deep = slack.call("chat.getPermalink", channel=GENERAL, message_ts=reply.ts)["permalink"]

    assert link == f"https://acme.slack.com/archives/{GENERAL}/p{parent.ts.replace('.', '')}"
    assert deep.endswith(f"/p{reply.ts.replace('.', '')}?thread_ts={parent.ts}&cid={GENERAL}")
