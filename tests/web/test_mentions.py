"""A mention, from the signed event to what people see in the thread."""

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.web.desk import BUSY
from bot.web.front import Sizes
from tests.support.slack import direct_message, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, MEMBER, Bot, app_mention, dumps, running_bot


def only_message(slack: SlackSimulator, channel: str = seed.GENERAL) -> Message:
    wait_until(lambda: said(slack, channel))
    (message,) = said(slack, channel)
    return message


def test_a_mention_is_answered_in_its_thread(bot: Bot) -> None:
    first = bot.slack.state.messages(seed.GENERAL)[0]

    bot.mention("say hello", thread_ts=first.ts)

    message = only_message(bot.slack)
    assert (message.thread_ts, message.is_broadcast, message.ephemeral_for) == (first.ts, False, None)
    assert message.text == "*said hello*\nThat is all."
    assert bot.slack.settle()
    assert [(each.outcome.status, each.outcome.body) for each in bot.slack.deliveries] == [(200, b"")]


def test_a_mention_outside_of_a_thread_begins_one(bot: Bot) -> None:
    line = bot.mention("say hello")

    assert only_message(bot.slack).thread_ts == line.ts


def test_words_before_the_mention_are_not_read(bot: Bot) -> None:
    bot.slack.acting_as(MEMBER).types(seed.GENERAL, "hey @omar ask @hub say hello")

    assert only_message(bot.slack).text.startswith("*said hello*")


def test_an_event_that_slack_sends_again_is_answered_once(bot: Bot) -> None:
    bot.slack.pace.is_enabled = False
    bot.mention("say hello")
    assert bot.slack.settle()
    (delivered,) = bot.slack.deliveries

    for attempt in (1, 2, 3):  # Each has a signature of its own.
        assert bot.post(dumps({**delivered.payload, "attempt": attempt})).status_code == 200

    only_message(bot.slack)
    bot.mention("say later")
    wait_until(lambda: len(said(bot.slack)) == 2)
    assert bot.hands.ran == ["hello", "later"]


def test_working_is_shown_in_the_thread_and_becomes_the_answer(hasty_bot: Bot) -> None:
    hasty_bot.mention("wait here")
    assert only_message(hasty_bot.slack).text.startswith("Working…")

    hasty_bot.hands.gate.set()

    wait_until(lambda: texts(hasty_bot.slack) == ["*said here*\nThat is all."])


def test_a_mistake_is_shown_to_its_author_alone(bot: Bot) -> None:
    bot.mention("sya hello")

    message = only_message(bot.slack)
    assert message.ephemeral_for == MEMBER
    assert message.text.startswith("There is no `sya` command.")


def test_a_refusal_is_shown_to_the_person_alone(bot: Bot) -> None:
    bot.mention("change it")

    message = only_message(bot.slack)
    assert (message.ephemeral_for, message.text) == (MEMBER, f"`change` needs an operator. Ask <@{ADMIN}>.")


@pytest.mark.parametrize(("user", "channel"), [(seed.STEF, seed.PARTNER), (seed.GUS, seed.DEPLOYS)])
def test_a_stranger_is_refused_privately(bot: Bot, user: str, channel: str) -> None:
    bot.mention("say hello", user=user, channel=channel)

    message = only_message(bot.slack, channel)
    assert message.ephemeral_for == user
    assert "full members" in message.text
    assert not bot.hands.ran


def test_in_a_channel_of_two_organizations_only_the_asker_sees_the_answer(bot: Bot) -> None:
    bot.mention("say hello", channel=seed.PARTNER)

    message = only_message(bot.slack, seed.PARTNER)
    assert message.ephemeral_for == MEMBER
    assert "people of another organization read this channel" in message.text


def test_where_an_event_does_not_say_who_reads_the_channel_slack_is_asked(bot: Bot) -> None:
    bot.post(dumps(app_mention("say hello", channel=seed.PARTNER)))

    assert only_message(bot.slack, seed.PARTNER).ephemeral_for == MEMBER
    assert [call.arguments["channel"] for call in bot.slack.calls_to("conversations.info")] == [seed.PARTNER]


def test_a_private_answer_after_a_public_working_says_so(hasty_bot: Bot) -> None:
    hasty_bot.mention("wait here", channel=seed.PARTNER)
    only_message(hasty_bot.slack, seed.PARTNER)

    hasty_bot.hands.gate.set()

    wait_until(lambda: len(said(hasty_bot.slack, seed.PARTNER)) == 2)
    assert [(each.ephemeral_for, each.text.split("\n")[0]) for each in said(hasty_bot.slack, seed.PARTNER)] == [
        (None, "Answered privately."),
        (MEMBER, "*said here*"),
    ]


def test_a_change_is_told_to_its_author_alone(bot: Bot) -> None:
    bot.mention("change it", user=ADMIN)

    assert only_message(bot.slack).ephemeral_for == ADMIN


def test_a_mention_that_finds_no_room_is_told_so(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=0)) as bot:
        bot.mention("wait one")
        assert slack.settle()
        bot.mention("say two")

        message = only_message(slack)
        assert (message.ephemeral_for, message.text) == (MEMBER, BUSY)


def test_blocks_that_are_refused_are_sent_as_text(bot: Bot) -> None:
    bot.slack.unknowns = SlackUnknowns(new_blocks="refused")

    bot.mention("rows 1")

    message = only_message(bot.slack)
    assert (message.text, message.blocks) == ("```\nTag\n=1.0\n```", [])


def test_a_busy_slack_is_waited_for(bot: Bot) -> None:
    bot.slack.faults.add(SlackFault(kind="rate_limited", method="chat.postMessage", times=1, retry_after_seconds=0))

    bot.mention("say hello")

    assert only_message(bot.slack).text == "*said hello*\nThat is all."
    assert bot.slack.calls_to("chat.postMessage")[0].status == 429


def test_an_answer_that_the_channel_does_not_take_comes_as_a_direct_message(bot: Bot) -> None:
    error = "restricted_action_thread_only_channel"
    bot.slack.faults.add(SlackFault(kind="refused", method="chat.postMessage", error=error, times=1))

    bot.mention("say hello")

    assert only_message(bot.slack, direct_message(bot.slack, MEMBER).id).text == "*said hello*\nThat is all."
    assert not said(bot.slack)
