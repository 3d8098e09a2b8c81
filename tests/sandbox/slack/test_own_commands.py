"""Slack's own slash commands: what they do, and what they say when they cannot."""

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Typed
from bot.sandbox.slack.simulator import SlackSimulator
from tests.sandbox.slack.receiver import Receiver, texts


def types(slack: SlackSimulator, text: str, *, user: str = seed.MIA, channel: str = seed.RANDOM) -> Typed:
    return slack.acting_as(user).types(channel, text)


def said(typed: Typed) -> str:
    assert typed.slackbot is not None
    return typed.slackbot.text


def memberships(slack: SlackSimulator, receiver: Receiver) -> list[tuple[str, str, str]]:
    assert slack.settle()
    kinds = {"member_joined_channel", "channel_left"}
    events = [each for each in receiver.events if each["type"] in kinds]
    return [(each["type"], each["channel"], each.get("inviter") or each.get("actor_id")) for each in events]


@pytest.mark.parametrize("name", ["@Hub Bot", "@hub bot", "@Hub Bot "])
def test_somebody_is_invited_by_name_and_the_app_hears_of_it(
    slack: SlackSimulator, receiver: Receiver, name: str
) -> None:
    assert types(slack, f"/invite {name}") == Typed()

    assert seed.BOT_USER in slack.state.conversations[seed.RANDOM].members
    assert memberships(slack, receiver) == [("member_joined_channel", seed.RANDOM, seed.MIA)]
    assert not any("command" in each for each in receiver.payloads)
    assert texts(slack, seed.RANDOM)[-1] == "<@U0HUBBOT> has joined the channel"


def test_another_channel_can_be_named(slack: SlackSimulator) -> None:
    types(slack, "/invite @Hub Bot #random", channel=seed.GENERAL)

    assert seed.BOT_USER in slack.state.conversations[seed.RANDOM].members


def test_several_are_invited_at_once(slack: SlackSimulator) -> None:
    members = slack.state.conversations[seed.RANDOM].members
    members.discard(seed.OMAR)

    types(slack, "/invite @omar @Hub Bot")

    assert {seed.OMAR, seed.BOT_USER} <= members


def test_somebody_is_removed_by_name(slack: SlackSimulator, receiver: Receiver) -> None:
    assert types(slack, "/remove @Hub Bot", channel=seed.GENERAL) == Typed()

    assert seed.BOT_USER not in slack.state.conversations[seed.GENERAL].members
    assert memberships(slack, receiver) == [("channel_left", seed.GENERAL, seed.MIA)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/invite", "Name somebody: /invite @name"),
        ("/invite hub bot", "Name somebody: /invite @name"),
        ("/remove @nobody", "Name somebody: /remove @name"),
        ("/remove @Hub Bot", "U0HUBBOT is not in #random."),
    ],
)
def test_what_cannot_be_done_is_said_to_who_typed(slack: SlackSimulator, text: str, answer: str) -> None:
    before = set(slack.state.conversations[seed.RANDOM].members)

    typed = types(slack, text)

    assert said(typed) == answer
    assert typed.slackbot is not None
    assert typed.slackbot.ephemeral_for == seed.MIA
    assert slack.state.conversations[seed.RANDOM].members == before


def test_guests_invite_nobody(slack: SlackSimulator) -> None:
    channel = next(
        each.id for each in slack.state.conversations.values() if seed.GUS in each.members and each.kind == "public"
    )

    assert (
        said(types(slack, "/invite @mia", user=seed.GUS, channel=channel)) == "Inviting people is for members of Acme."
    )


def test_in_a_thread_there_are_no_commands(slack: SlackSimulator) -> None:
    first = types(slack, "a question").line
    assert first is not None

    typed = slack.acting_as(seed.MIA).types(seed.RANDOM, "/invite @Hub Bot", thread_ts=first.ts)

    assert said(typed) == "/invite is not supported in threads. Sorry!"
    assert seed.BOT_USER not in slack.state.conversations[seed.RANDOM].members
