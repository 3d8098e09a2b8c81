"""What people do about channels.

Source: the pages of the events, below https://docs.slack.dev/reference/events.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Acting, NotAllowed, NotThere
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.views import publish_home
from tests.sandbox.slack.receiver import Receiver, texts


def told(slack: SlackSimulator, receiver: Receiver, kind: str) -> list[Any]:
    """The events of a type, without their times."""
    assert slack.settle()
    return [
        {name: value for name, value in event.items() if name != "event_ts"}
        for event in receiver.events
        if event["type"] == kind
    ]


def test_joining_is_seen_and_told(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.state.conversations[seed.GENERAL].members.discard(seed.MIA)

    slack.acting_as(seed.MIA).joins(seed.GENERAL)

    assert told(slack, receiver, "member_joined_channel") == [
        {
            "type": "member_joined_channel",
            "user": "U0MIA",
            "channel": "C0GENERAL",
            "channel_type": "C",
            "team": "T0ACME",
        }
    ]
    assert texts(slack, seed.GENERAL)[-1] == "<@U0MIA> has joined the channel"
    assert told(slack, receiver, "message")[-1]["subtype"] == "channel_join"


def test_joining_twice_is_nothing_new(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).joins(seed.GENERAL)

    assert told(slack, receiver, "member_joined_channel") == []


def test_invitation_names_who_invited(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).invites(seed.BOT_USER, seed.RANDOM)

    joined = told(slack, receiver, "member_joined_channel")
    assert [(each["user"], each["channel"], each["inviter"]) for each in joined] == [("U0HUBBOT", "C0RANDOM", "U0MIA")]


def test_leaving_is_seen_and_told(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).leaves(seed.DEPLOYS)

    assert told(slack, receiver, "member_left_channel") == [
        {"type": "member_left_channel", "user": "U0MIA", "channel": "C0DEPLOYS", "channel_type": "C", "team": "T0ACME"}
    ]
    assert texts(slack, seed.DEPLOYS)[-1] == "<@U0MIA> has left the channel"


@pytest.mark.parametrize(("channel", "kind"), [(seed.DEPLOYS, "channel_left"), (seed.CREW, "group_left")])
def test_removed_bot_is_told_that_it_left(slack: SlackSimulator, receiver: Receiver, channel: str, kind: str) -> None:
    slack.acting_as(seed.OMAR).removes(seed.BOT_USER, channel)

    assert told(slack, receiver, kind) == [{"type": kind, "channel": channel, "actor_id": "U0OMAR"}]
    # It is not there any more to hear who left.
    assert told(slack, receiver, "member_left_channel") == []


@pytest.mark.parametrize(
    ("channel", "archived", "unarchived"),
    [(seed.DEPLOYS, "channel_archive", "channel_unarchive"), (seed.CREW, "group_archive", "group_unarchive")],
)
def test_archiving_is_told(
    slack: SlackSimulator, receiver: Receiver, channel: str, archived: str, unarchived: str
) -> None:
    person = slack.acting_as(seed.OMAR)

    person.archives(channel)
    assert slack.state.conversations[channel].is_archived
    assert told(slack, receiver, archived) == [{"type": archived, "channel": channel, "user": "U0OMAR", "is_moved": 0}]

    person.unarchives(channel)
    assert not slack.state.conversations[channel].is_archived
    assert told(slack, receiver, unarchived) == [{"type": unarchived, "channel": channel, "user": "U0OMAR"}]


def test_deleting_is_told_with_what_was_there(slack: SlackSimulator, receiver: Receiver) -> None:
    person = slack.acting_as(seed.MIA)
    line = person.types(seed.GENERAL, "oops").line
    assert line is not None

    person.deletes_message(seed.GENERAL, line.ts)

    # Events come in no certain order.
    (event,) = (each for each in told(slack, receiver, "message") if each.get("subtype") == "message_deleted")
    assert (event["deleted_ts"], event["channel"]) == (line.ts, seed.GENERAL)
    assert event["hidden"] is True
    assert event["previous_message"]["text"] == "oops"
    assert slack.state.message(seed.GENERAL, line.ts) is None


def test_admins_delete_messages_of_the_bot(slack: SlackSimulator) -> None:
    sent = slack.state.add_message(
        Message(channel=seed.GENERAL, ts=slack.state.new_ts(), user=seed.BOT_USER, text="hi", app_id=seed.APP_ID)
    )

    with pytest.raises(NotAllowed):
        slack.acting_as(seed.MIA).deletes_message(seed.GENERAL, sent.ts)
    slack.acting_as(seed.ANA).deletes_message(seed.GENERAL, sent.ts)

    assert sent.is_deleted


def test_ephemeral_message_is_dismissed_without_an_event(slack: SlackSimulator, receiver: Receiver) -> None:
    sent = slack.acting_as(seed.MIA).types(seed.GENERAL, "/nonsense").slackbot
    assert sent is not None

    with pytest.raises(NotThere):
        slack.acting_as(seed.ANA).deletes_message(seed.GENERAL, sent.ts)
    slack.acting_as(seed.MIA).deletes_message(seed.GENERAL, sent.ts)

    assert sent.is_deleted
    assert told(slack, receiver, "message") == []


def test_app_home_is_told_each_time_with_its_view(slack: SlackSimulator, receiver: Receiver) -> None:
    person = slack.acting_as(seed.MIA)

    assert person.opens_home() is None
    home = publish_home(slack.state, slack.app, seed.MIA, {"type": "home", "blocks": []}, slack.unknowns)
    assert person.opens_home() is home

    first, second = sorted(told(slack, receiver, "app_home_opened"), key=lambda event: "view" in event)
    channel = slack.state.direct_message(seed.MIA, seed.BOT_USER).id
    assert first == {"type": "app_home_opened", "user": "U0MIA", "channel": channel, "tab": "home"}
    assert second["view"]["id"] == home.id


def test_messages_tab_is_told_without_a_view(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).opens_home("messages")

    assert told(slack, receiver, "app_home_opened")[0]["tab"] == "messages"


def test_app_without_a_home_has_none_to_open(slack: SlackSimulator) -> None:
    slack.app.manifest = {}

    with pytest.raises(NotAllowed):
        slack.acting_as(seed.MIA).opens_home()


def test_direct_message_is_the_same_for_both(slack: SlackSimulator) -> None:
    mine = slack.acting_as(seed.MIA).opens_direct_message(seed.ANA)

    assert slack.acting_as(seed.ANA).opens_direct_message(seed.MIA) is mine


Refused = Callable[[Acting], object]


@pytest.mark.parametrize(
    ("user", "act"),
    [
        (seed.GUS, lambda person: person.joins(seed.GENERAL)),
        (seed.STEF, lambda person: person.joins(seed.RANDOM)),
        (seed.MIA, lambda person: person.joins(seed.CREW)),
        (seed.MIA, lambda person: person.joins(seed.ATTIC)),
        (seed.MIA, lambda person: person.leaves(seed.GENERAL)),
        (seed.GUS, lambda person: person.invites(seed.MIA, seed.DEPLOYS)),
        (seed.MIA, lambda person: person.invites(seed.STEF, seed.GENERAL)),
        (seed.MIA, lambda person: person.invites(seed.LEO, seed.GENERAL)),
        (seed.GUS, lambda person: person.removes(seed.BOT_USER, seed.DEPLOYS)),
        (seed.MIA, lambda person: person.removes(seed.BOT_USER, seed.RANDOM)),
        (seed.GUS, lambda person: person.archives(seed.DEPLOYS)),
        (seed.ANA, lambda person: person.archives(seed.GENERAL)),
        (seed.GUS, lambda person: person.opens_direct_message(seed.STEF)),
        (seed.MIA, lambda person: person.opens_direct_message(seed.LEO)),
    ],
)
def test_some_things_are_not_allowed(slack: SlackSimulator, user: str, act: Refused) -> None:
    with pytest.raises(NotAllowed):
        act(slack.acting_as(user))


@pytest.mark.parametrize(("one", "other"), [(seed.GUS, seed.MIA), (seed.STEF, seed.ANA), (seed.STEF, seed.BOT_USER)])
def test_a_common_channel_allows_direct_messages(slack: SlackSimulator, one: str, other: str) -> None:
    assert slack.acting_as(one).opens_direct_message(other).members == {one, other}
