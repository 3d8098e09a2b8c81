"""Channels and direct messages. The pages named in these tests are below https://docs.slack.dev."""

from typing import Any

import pytest

from bot.sandbox.slack.state import Message
from tests.sandbox.slack.api.workspace import (
    ANA,
    ATTIC,
    BO,
    BOT,
    GENERAL,
    GUS,
    HIDDEN,
    OLD,
    OPS,
    PARTNERS,
    RANDOM,
    Slack,
    a_channel,
)


def ids(answer: dict[str, Any]) -> list[str]:
    return [channel["id"] for channel in answer["channels"]]


def all_pages(slack: Slack, method: str, key: str, **arguments: Any) -> list[list[Any]]:
    pages = [slack.call(method, **arguments)]
    while cursor := pages[-1]["response_metadata"]["next_cursor"]:
        pages.append(slack.call(method, **arguments, cursor=cursor))
    return [page[key] for page in pages]


# conversations.list


def test_list_has_public_channels_unless_asked_otherwise(slack: Slack) -> None:
    """Source: /reference/methods/conversations.list, `types`."""
    assert ids(slack.call("conversations.list")) == [GENERAL, RANDOM, ATTIC, PARTNERS]


def test_list_has_the_private_channels_that_the_bot_is_in(slack: Slack) -> None:
    direct = slack.call("conversations.open", users=ANA)["channel"]["id"]

    found = ids(slack.call("conversations.list", types="private_channel, im"))

    assert found == [OPS, direct]


def test_list_of_a_type_wants_its_scope(slack: Slack) -> None:
    """Source: /reference/methods/conversations.list, the scopes."""
    slack.bot_token.scopes = frozenset({"channels:read"})

    answer = slack.call("conversations.list", types="public_channel,private_channel")

    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "groups:read", "channels:read")


def test_list_of_an_unknown_type_is_refused(slack: Slack) -> None:
    assert slack.error("conversations.list", types="public") == "invalid_types"


def test_list_comes_in_pages(slack: Slack) -> None:
    """Source: /apis/web-api/pagination."""
    pages = all_pages(slack, "conversations.list", "channels", limit=3)

    assert [[each["id"] for each in page] for page in pages] == [[GENERAL, RANDOM, ATTIC], [PARTNERS]]


def test_page_may_have_less_than_asked_before_the_end(slack: Slack) -> None:
    """Source: /apis/web-api/pagination: fewer items than the limit do not mean the end."""
    pages = all_pages(slack, "conversations.list", "channels", limit=1, exclude_archived=True)

    assert [[each["id"] for each in page] for page in pages] == [[GENERAL], [RANDOM], [], [PARTNERS]]


def test_list_is_of_100_unless_asked_otherwise(slack: Slack) -> None:
    for number in range(120):
        a_channel(slack.state, f"C1{number:07}", f"more-{number}", members=(ANA,))

    pages = all_pages(slack, "conversations.list", "channels")

    assert [len(page) for page in pages] == [100, 24]


@pytest.mark.parametrize("limit", ["x", "-1", 1_001])
def test_limit_must_make_sense(slack: Slack, limit: object) -> None:
    assert slack.error("conversations.list", limit=limit) == "invalid_limit"


@pytest.mark.parametrize("cursor", ["x", "dGVhbTpDMA==", "//8="])
def test_cursor_must_be_one_of_slacks_own(slack: Slack, cursor: str) -> None:
    assert slack.error("conversations.list", cursor=cursor) == "invalid_cursor"
    assert slack.error("conversations.members", channel=GENERAL, cursor=cursor) == "invalid_cursor"


# conversations.info


def test_info_of_a_public_channel(slack: Slack) -> None:
    """Source: /reference/objects/channel-object."""
    channel = slack.call("conversations.info", channel=RANDOM)["channel"]

    expected = {
        "id": RANDOM,
        "name": "random",
        "is_channel": True,
        "is_private": False,
        "is_im": False,
        "is_archived": False,
        "is_member": False,
        "is_ext_shared": False,
        "creator": ANA,
        "created": 1795262400,
    }
    assert {name: channel[name] for name in expected} == expected
    assert channel["topic"] == {"value": "About random", "creator": ANA, "last_set": 1795262400}
    assert "num_members" not in channel


def test_info_of_other_kinds(slack: Slack) -> None:
    direct = slack.call("conversations.open", users=ANA)["channel"]["id"]

    private = slack.call("conversations.info", channel=OPS, include_num_members=True)["channel"]
    shared = slack.call("conversations.info", channel=PARTNERS, include_locale=True)["channel"]
    archived = slack.call("conversations.info", channel=ATTIC)["channel"]
    im = slack.call("conversations.info", channel=direct)["channel"]

    assert (private["is_private"], private["is_member"], private["num_members"]) == (True, True, 2)
    assert (shared["is_shared"], shared["is_ext_shared"], shared["locale"]) == (True, True, "en-US")
    assert archived["is_archived"]
    assert (im["is_im"], im["user"], im["is_user_deleted"]) == (True, ANA, False)


def test_info_of_a_channel_to_which_another_organization_is_invited(slack: Slack) -> None:
    slack.state.conversations[GENERAL].pending_shared = ["T0PARTNER"]

    channel = slack.call("conversations.info", channel=GENERAL)["channel"]

    assert (channel["is_pending_ext_shared"], channel["pending_shared"]) == (True, ["T0PARTNER"])
    assert (channel["is_shared"], channel["is_ext_shared"]) == (False, False)


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members", "conversations.join"])
@pytest.mark.parametrize("channel", [HIDDEN, "C0NOWHERE", "#general"])
def test_what_the_bot_does_not_know_of_is_not_found(slack: Slack, method: str, channel: str) -> None:
    assert slack.error(method, channel=channel) == "channel_not_found"


def test_private_channel_wants_the_scope_for_private_ones(slack: Slack) -> None:
    slack.bot_token.scopes = frozenset({"channels:read"})

    assert slack.call("conversations.info", channel=OPS)["needed"] == "groups:read"
    assert slack.call("conversations.info", channel=GENERAL)["ok"]


# conversations.members


def test_members_come_in_pages(slack: Slack) -> None:
    pages = all_pages(slack, "conversations.members", "members", channel=GENERAL, limit=3)

    assert [len(page) for page in pages] == [3, 1]
    assert {each for page in pages for each in page} == {ANA, BO, GUS, BOT}


# conversations.join


def test_join_lets_the_bot_into_a_public_channel(slack: Slack) -> None:
    """Source: /reference/methods/conversations.join."""
    answer = slack.call("conversations.join", channel=RANDOM)

    assert (answer["channel"]["id"], answer["channel"]["is_member"]) == (RANDOM, True)
    assert "warning" not in answer
    assert BOT in slack.state.conversations[RANDOM].members
    (message,) = slack.state.messages(RANDOM)
    assert (message.subtype, message.text) == ("channel_join", f"<@{BOT}> has joined the channel")
    assert [(event["type"], event.get("subtype")) for event in slack.events] == [
        ("member_joined_channel", None),
        ("message", "channel_join"),
    ]


def test_join_where_the_bot_is_already_is_a_warning(slack: Slack) -> None:
    answer = slack.call("conversations.join", channel=GENERAL)

    assert (answer["ok"], answer["warning"]) == (True, "already_in_channel")
    assert answer["response_metadata"]["warnings"] == ["already_in_channel"]
    assert slack.events == []


def test_join_is_for_public_channels_that_live(slack: Slack) -> None:
    assert slack.error("conversations.join", channel=OPS) == "method_not_supported_for_channel_type"
    assert slack.error("conversations.join", channel=ATTIC) == "is_archived"


# conversations.open


def test_open_makes_a_direct_message_and_finds_it_again(slack: Slack) -> None:
    """Source: /reference/methods/conversations.open."""
    first = slack.call("conversations.open", users=ANA)
    second = slack.call("conversations.open", users=ANA, return_im=True)
    third = slack.call("conversations.open", channel=first["channel"]["id"])

    assert first == {"ok": True, "channel": {"id": first["channel"]["id"]}}
    assert (second["no_op"], second["already_open"], second["channel"]["user"]) == (True, True, ANA)
    assert third["channel"] == first["channel"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "users_list_not_supplied"),
        ({"users": "U0NOBODY0"}, "user_not_found"),
        ({"users": OLD}, "user_disabled"),
        ({"channel": "D0NOWHERE"}, "channel_not_found"),
        ({"channel": GENERAL}, "method_not_supported_for_channel_type"),
    ],
)
def test_open_what_cannot_be_is_refused(slack: Slack, arguments: dict[str, str], error: str) -> None:
    assert slack.error("conversations.open", **arguments) == error


def test_direct_messages_of_others_are_unknown(slack: Slack) -> None:
    theirs = slack.state.direct_message(ANA, BO)
    message = slack.state.add_message(Message(theirs.id, slack.state.new_ts(), ANA, "x"))

    assert slack.error("conversations.info", channel=theirs.id) == "channel_not_found"
    assert slack.error("chat.postMessage", channel=theirs.id, text="x") == "channel_not_found"
    assert slack.error("chat.update", channel=theirs.id, ts=message.ts, text="x") == "channel_not_found"
