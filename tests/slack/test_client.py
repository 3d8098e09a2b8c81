"""Slack's Web API: what is sent, what is read, what a failure means."""

import json
import socket
from typing import Any

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.slack import blocks
from bot.slack.accounts import Account
from bot.slack.client import Identity, SlackClient
from bot.slack.failures import Kind, SlackCallError
from bot.slack.manifest import bot_scopes
from bot.slack.message import Message
from tests.support.slack import LOGGERS, direct_message, said, trigger

BLOCK = {"type": "divider"}


def answers(method: str, answer: object) -> SlackFault:
    """Return a fault that lets a method answer with this value, whatever was asked."""
    return SlackFault(kind="answer", method=method, status=200, body=json.dumps(answer))


def test_it_knows_who_it_is_and_what_it_may_do(client: SlackClient) -> None:
    assert client.auth_test() == Identity(
        seed.TEAM_ID, seed.BOT_USER, frozenset(bot_scopes()), "https://acme.slack.com/"
    )


def test_a_message_is_posted_without_previews(slack: SlackSimulator, client: SlackClient) -> None:
    metadata = {"event_type": "hub_bot_message", "event_payload": {"message_id": "1"}}
    first = slack.state.messages(seed.GENERAL)[0]

    ts = client.post_message(seed.GENERAL, Message("hello", (BLOCK,)), thread_ts=first.ts, metadata=metadata).ts

    (message,) = said(slack)
    assert (message.ts, message.text, message.thread_ts, message.metadata) == (ts, "hello", first.ts, metadata)
    (call,) = slack.calls
    assert call.method == "chat.postMessage"
    assert call.arguments == {
        "channel": seed.GENERAL,
        "text": "hello",
        "blocks": [BLOCK],
        "thread_ts": first.ts,
        "metadata": metadata,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert call.token_kind == "bot"


def test_an_update_without_blocks_removes_those_that_were_there(slack: SlackSimulator, client: SlackClient) -> None:
    ts = client.post_message(seed.GENERAL, Message("hello", (BLOCK,))).ts

    client.update_message(seed.GENERAL, ts, Message("bye"))

    (message,) = said(slack)
    assert (message.text, message.blocks) == ("bye", [])


def test_something_is_shown_to_one_person(slack: SlackSimulator, client: SlackClient) -> None:
    first = slack.state.messages(seed.GENERAL)[0]

    client.post_ephemeral(seed.GENERAL, seed.MIA, Message("psst"), thread_ts=first.ts)

    (message,) = said(slack)
    assert (message.ephemeral_for, message.thread_ts, message.text) == (seed.MIA, first.ts, "psst")


def test_a_file_is_sent_as_a_direct_message(slack: SlackSimulator, client: SlackClient) -> None:
    content = "Tag\r\nüx\r\n".encode()

    client.send_file(seed.MIA, name="tags.csv", content=content, comment="All tags")

    (message,) = said(slack, direct_message(slack, seed.MIA).id)
    assert message.text == "All tags"
    (file,) = (slack.state.files[file_id] for file_id in message.files)
    assert (file.name, file.title, file.content) == ("tags.csv", "tags.csv", content)


@pytest.mark.parametrize(
    ("channel", "invited", "is_shared"),
    [(seed.GENERAL, (), False), (seed.PARTNER, (), True), (seed.GENERAL, (seed.PARTNER_TEAM_ID,), True)],
)
def test_it_knows_which_channels_reach_other_organizations(
    slack: SlackSimulator, client: SlackClient, channel: str, invited: tuple[str, ...], *, is_shared: bool
) -> None:
    slack.state.conversations[channel].pending_shared = invited

    assert client.is_shared_outside(channel) is is_shared


@pytest.mark.parametrize(("is_org_shared", "is_outside"), [(True, False), (False, True)])
def test_a_channel_of_several_workspaces_of_one_organization_is_not_outside(
    slack: SlackSimulator, client: SlackClient, *, is_org_shared: bool, is_outside: bool
) -> None:
    channel = {"id": seed.GENERAL, "is_shared": True, "is_org_shared": is_org_shared}
    slack.faults.add(answers("conversations.info", {"ok": True, "channel": channel}))

    assert client.is_shared_outside(seed.GENERAL) is is_outside


@pytest.mark.parametrize(
    ("user", "account"),
    [
        (seed.MIA, Account(seed.TEAM_ID, zone="America/New_York")),
        (seed.GUS, Account(seed.TEAM_ID, is_guest=True, zone="Asia/Kolkata")),
        (seed.LEO, Account(seed.TEAM_ID, is_active=False)),
        (seed.BOT_USER, Account(seed.TEAM_ID, is_active=False, zone="UTC")),
        (seed.STEF, Account(seed.PARTNER_TEAM_ID, zone="Europe/London")),
    ],
)
def test_accounts_are_read_as_far_as_something_depends_on_them(
    client: SlackClient, user: str, account: Account
) -> None:
    assert client.account(user) == account


def test_somebody_whom_slack_calls_a_stranger_is_one(slack: SlackSimulator, client: SlackClient) -> None:
    slack.unknowns = SlackUnknowns(is_stranger="every_foreigner")

    assert client.account(seed.STEF) == Account(seed.PARTNER_TEAM_ID, is_stranger=True, zone="Europe/London")


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ({"is_restricted": True, "deleted": True}, Account(None, is_guest=True, is_active=False)),
        ({"is_ultra_restricted": True, "tz": 3}, Account(None, is_guest=True)),
        (
            {"is_stranger": True, "is_bot": True, "team_id": "T2", "enterprise_user": {"teams": ["T2", "T3"]}},
            Account("T2", is_stranger=True, is_active=False, enterprise_team_ids=frozenset({"T2", "T3"})),
        ),
    ],
)
def test_accounts_that_are_not_in_this_workspace_are_read_as_well(
    slack: SlackSimulator, client: SlackClient, user: dict[str, Any], account: Account
) -> None:
    slack.faults.add(answers("users.info", {"ok": True, "user": {"id": "U1", **user}}))

    assert client.account("U1") == account


def test_the_members_of_a_user_group_are_read(slack: SlackSimulator, client: SlackClient) -> None:
    slack.state.usergroups[seed.PLATFORM].users = [seed.OMAR, seed.ANA]

    assert client.usergroup_members(seed.PLATFORM) == frozenset({seed.OMAR, seed.ANA})


def test_a_failure_says_what_to_do_and_is_not_repeated(slack: SlackSimulator, client: SlackClient) -> None:
    slack.faults.add(SlackFault(kind="rate_limited", method="chat.postMessage", times=1, retry_after_seconds=7))

    with pytest.raises(SlackCallError) as caught:
        client.post_message(seed.GENERAL, Message("hello"))

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
    client = SlackClient(seed.BOT_TOKEN, f"http://127.0.0.1:{port}/api/", timeout_seconds=1)

    with pytest.raises(SlackCallError) as caught:
        client.auth_test()

    assert (caught.value.kind, caught.value.permanent) == (Kind.RETRY, False)
    assert str(caught.value) == "Slack gave no usable answer to auth.test."


@pytest.mark.parametrize(
    "fault",
    [
        SlackFault(kind="refused", error="invalid_blocks"),
        SlackFault(kind="unavailable"),
        SlackFault(kind="not_json"),
        SlackFault(kind="truncated"),
        SlackFault(kind="reset"),
    ],
    ids=lambda fault: str(fault.kind),
)
def test_nothing_is_logged_of_what_is_sent(
    slack: SlackSimulator, client: SlackClient, caplog: pytest.LogCaptureFixture, fault: SlackFault
) -> None:
    caplog.set_level("DEBUG")
    slack.faults.add(fault)

    with pytest.raises(SlackCallError):
        client.post_message(seed.GENERAL, Message("a private answer"))

    assert not [record for record in caplog.records if not record.name.startswith(LOGGERS)]


@pytest.mark.parametrize("user", [None, "ana", ["ana"], 5, {}])
def test_an_account_that_is_none_is_a_failure_of_slack(
    slack: SlackSimulator, client: SlackClient, user: object
) -> None:
    slack.faults.add(answers("users.info", {"ok": True, "user": user}))

    with pytest.raises(SlackCallError) as failed:
        client.account("U1")

    assert failed.value.kind is Kind.RETRY


@pytest.mark.parametrize("body", ["[1]", '"x"', "7", "null", "[" * 5_000])
def test_json_that_is_no_object_is_a_failure_of_slack(slack: SlackSimulator, client: SlackClient, body: str) -> None:
    slack.faults.add(SlackFault(kind="answer", method="auth.test", status=200, body=body))

    with pytest.raises(SlackCallError):
        client.auth_test()


def test_oddly_shaped_details_of_an_account_are_left_out(slack: SlackSimulator, client: SlackClient) -> None:
    user = {"id": "U1", "team_id": ["x"], "enterprise_user": {"teams": ["T1", 5, [1]]}}
    slack.faults.add(answers("users.info", {"ok": True, "user": user}))

    assert client.account("U1") == Account(team_id=None, enterprise_team_ids=frozenset({"T1"}))


MODAL = blocks.modal(
    "A title",
    blocks.text_input("A name", block_id="b", action_id="a"),
    callback_id="c",
    private_metadata="m",
    submit="OK",
)


def test_a_modal_is_opened_before_who_did_something(slack: SlackSimulator, client: SlackClient) -> None:
    client.open_view(trigger(slack), MODAL)

    (view,) = slack.state.stacks[seed.ANA]
    assert (view.payload["callback_id"], view.payload["private_metadata"]) == ("c", "m")


def test_a_trigger_opens_one_modal(slack: SlackSimulator, client: SlackClient) -> None:
    once = trigger(slack)
    client.open_view(once, MODAL)

    with pytest.raises(SlackCallError) as caught:
        client.open_view(once, MODAL)
    assert (caught.value.method, caught.value.permanent) == ("views.open", True)
