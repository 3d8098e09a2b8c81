"""Slack's Web API: what is sent, what is read, what a failure means."""

import socket

import pytest

from bot.slack.accounts import Account
from bot.slack.client import Identity, SlackClient
from bot.slack.failures import Kind, SlackCallError
from bot.slack.message import Message
from tests.support.fake_slack import BOT_USER, TEAM, TOKEN, FakeSlack

BLOCK = {"type": "divider"}


def test_it_knows_who_it_is_and_what_it_may_do(client: SlackClient) -> None:
    assert client.auth_test() == Identity(TEAM, BOT_USER, frozenset({"chat:write", "commands"}))


def test_a_message_is_posted_without_previews(slack: FakeSlack, client: SlackClient) -> None:
    metadata = {"event_type": "hub_bot_message", "event_payload": {"message_id": "1"}}

    ts = client.post_message("C1", Message("hello", (BLOCK,)), thread_ts="9.9", metadata=metadata)

    assert ts == slack.messages[0].ts
    (sent,) = slack.called("chat.postMessage")
    assert sent == {
        "channel": "C1",
        "text": "hello",
        "blocks": [BLOCK],
        "thread_ts": "9.9",
        "metadata": metadata,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert slack.calls[0].token == TOKEN


def test_an_update_without_blocks_removes_those_that_were_there(slack: FakeSlack, client: SlackClient) -> None:
    ts = client.post_message("C1", Message("hello", (BLOCK,)))

    client.update_message("C1", ts, Message("bye"))

    assert (slack.messages[0].text, slack.messages[0].blocks) == ("bye", [])


def test_something_is_shown_to_one_person(slack: FakeSlack, client: SlackClient) -> None:
    client.post_ephemeral("C1", "U1", Message("psst"), thread_ts="9.9")

    (message,) = slack.messages
    assert (message.channel, message.user, message.thread_ts, message.text) == ("C1", "U1", "9.9", "psst")


def test_a_file_is_sent_as_a_direct_message(slack: FakeSlack, client: SlackClient) -> None:
    client.send_file("U1", name="tags.csv", content="Tag\r\nüx\r\n".encode(), comment="All tags")

    (file,) = slack.files["D1"]
    assert (file["name"], file["content"], file["comment"]) == ("tags.csv", "Tag\r\nüx\r\n".encode(), "All tags")


@pytest.mark.parametrize(
    ("channel", "is_shared"),
    [
        ({}, False),
        ({"is_ext_shared": True, "is_shared": True}, True),
        ({"is_pending_ext_shared": True}, True),
        ({"is_shared": True, "is_org_shared": True}, False),
        ({"is_shared": True}, True),
    ],
)
def test_it_knows_which_channels_reach_other_organizations(
    slack: FakeSlack,
    client: SlackClient,
    channel: dict[str, bool],
    is_shared: bool,  # noqa: FBT001 - A table.
) -> None:
    slack.channels["C1"] = {"id": "C1", **channel}

    assert client.is_shared_outside("C1") is is_shared


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ({}, Account(TEAM, is_guest=False, is_stranger=False, is_active=True, enterprise_team_ids=frozenset())),
        (
            {"is_restricted": True, "deleted": True},
            Account(TEAM, is_guest=True, is_stranger=False, is_active=False, enterprise_team_ids=frozenset()),
        ),
        (
            {"is_stranger": True, "is_bot": True, "team_id": "T2", "enterprise_user": {"teams": ["T2", "T3"]}},
            Account(
                "T2", is_guest=False, is_stranger=True, is_active=False, enterprise_team_ids=frozenset({"T2", "T3"})
            ),
        ),
    ],
)
def test_accounts_are_read_as_far_as_rights_depend_on_them(
    slack: FakeSlack, client: SlackClient, user: dict[str, object], account: Account
) -> None:
    slack.users["U1"] = user

    assert client.account("U1") == account


def test_the_members_of_a_user_group_are_read(slack: FakeSlack, client: SlackClient) -> None:
    slack.usergroups["S1"] = ["U1", "U2"]

    assert client.usergroup_members("S1") == frozenset({"U1", "U2"})


def test_a_failure_says_what_to_do_and_is_not_repeated(slack: FakeSlack, client: SlackClient) -> None:
    slack.fail("chat.postMessage", "ratelimited", status=429, Retry_After="7")

    with pytest.raises(SlackCallError) as caught:
        client.post_message("C1", Message("hello"))

    error = caught.value
    assert (error.kind, error.code, error.retry_after_seconds, error.permanent) == (
        Kind.WAIT,
        "ratelimited",
        7.0,
        False,
    )
    assert len(slack.calls) == 1


def test_a_failure_without_an_answer_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    client = SlackClient(TOKEN, f"http://127.0.0.1:{port}/api/", timeout_seconds=1)

    with pytest.raises(SlackCallError) as caught:
        client.auth_test()

    assert (caught.value.kind, caught.value.permanent) == (Kind.RETRY, False)
    assert str(caught.value) == "Slack gave no usable answer to auth.test."


def test_nothing_is_logged_of_what_is_sent(
    slack: FakeSlack, client: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.fail("chat.postMessage", "invalid_blocks")
    with pytest.raises(SlackCallError):
        client.post_message("C1", Message("a private answer"))
    slack.is_down = True
    with pytest.raises(SlackCallError):
        client.post_message("C1", Message("a private answer"))

    assert not caplog.records


@pytest.mark.parametrize("user", [None, "ana", ["ana"], 5, {}])
def test_an_account_that_is_none_is_a_failure_of_slack(slack: FakeSlack, client: SlackClient, user: object) -> None:
    slack.answer_whole("users.info", {"ok": True, "user": user})

    with pytest.raises(SlackCallError) as failed:
        client.account("U1")

    assert failed.value.kind is Kind.RETRY


@pytest.mark.parametrize("body", ["[1]", '"x"', "7", "null", "[" * 5_000])
def test_json_that_is_no_object_is_a_failure_of_slack(slack: FakeSlack, client: SlackClient, body: str) -> None:
    slack.answer_whole("auth.test", body)

    with pytest.raises(SlackCallError):
        client.auth_test()


def test_oddly_shaped_details_of_an_account_are_left_out(slack: FakeSlack, client: SlackClient) -> None:
    user = {"id": "U1", "team_id": ["x"], "enterprise_user": {"teams": ["T1", 5, [1]]}}
    slack.answer_whole("users.info", {"ok": True, "user": user})

    assert client.account("U1") == Account(team_id=None, enterprise_team_ids=frozenset({"T1"}))
