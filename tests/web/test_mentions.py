"""A mention, from the signed event to what people see in the thread."""

from bot.web.desk import BUSY
from bot.web.front import Sizes
from tests.support.fake_slack import FakeSlack, Shown
from tests.web.conftest import ADMIN, MEMBER, Bot, app_mention, dumps, running_bot


def only_message(slack: FakeSlack) -> Shown:
    slack.wait_until(lambda: slack.messages)
    (message,) = slack.messages
    return message


def test_a_mention_is_answered_in_its_thread(bot: Bot) -> None:
    answer = bot.mention("say hello", thread_ts="99.1")

    assert (answer.status_code, answer.text) == (200, "")
    message = only_message(bot.slack)
    assert (message.channel, message.thread_ts, message.user) == ("C0OURS", "99.1", "")
    assert message.text == "*said hello*\nThat is all."


def test_a_mention_outside_of_a_thread_begins_one(bot: Bot) -> None:
    bot.mention("say hello")

    assert only_message(bot.slack).thread_ts == "100.1"


def test_words_before_the_mention_are_not_read(bot: Bot) -> None:
    event = app_mention("")
    event["event"]["text"] = "hey <@U0OTHER> ask <@U0BOT|hub> say hello"
    bot.post(dumps(event))

    assert only_message(bot.slack).text.startswith("*said hello*")


def test_an_event_that_slack_sends_again_is_answered_once(bot: Bot) -> None:
    for attempt in range(3):
        assert bot.mention("say hello", attempt=attempt).status_code == 200  # Each has a signature of its own.

    only_message(bot.slack)
    bot.mention("say later", event_id="Ev2")
    bot.slack.wait_until(lambda: len(bot.slack.messages) == 2)
    assert bot.hands.ran == ["hello", "later"]


def test_working_is_shown_in_the_thread_and_becomes_the_answer(hasty_bot: Bot) -> None:
    hasty_bot.mention("wait here")
    assert only_message(hasty_bot.slack).text.startswith("Working…")

    hasty_bot.hands.gate.set()

    hasty_bot.slack.wait_until(lambda: hasty_bot.slack.messages[0].text == "*said here*\nThat is all.")
    assert len(hasty_bot.slack.messages) == 1


def test_a_mistake_is_shown_to_its_author_alone(bot: Bot) -> None:
    bot.mention("sya hello")

    message = only_message(bot.slack)
    assert message.user == MEMBER
    assert message.text.startswith("There is no `sya` command.")


def test_a_refusal_is_shown_to_the_person_alone(bot: Bot) -> None:
    bot.mention("change it")

    message = only_message(bot.slack)
    assert (message.user, message.text) == (MEMBER, f"`change` needs an operator. Ask <@{ADMIN}>.")


def test_a_stranger_is_refused_privately(bot: Bot) -> None:
    bot.slack.users["U0STRANGER"] = {"is_stranger": True}

    bot.mention("say hello", user="U0STRANGER")

    message = only_message(bot.slack)
    assert message.user == "U0STRANGER"
    assert "full members" in message.text
    assert not bot.hands.ran


def test_in_a_channel_of_two_organizations_only_the_asker_sees_the_answer(bot: Bot) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}

    bot.mention("say hello", channel="C0BOTH")

    message = only_message(bot.slack)
    assert message.user == MEMBER
    assert "people of another organization read this channel" in message.text


def test_a_private_answer_after_a_public_working_says_so(hasty_bot: Bot) -> None:
    hasty_bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}
    hasty_bot.mention("wait here", channel="C0BOTH")
    only_message(hasty_bot.slack)

    hasty_bot.hands.gate.set()

    hasty_bot.slack.wait_until(lambda: len(hasty_bot.slack.messages) == 2)
    assert [(message.user, message.text.split("\n")[0]) for message in hasty_bot.slack.messages] == [
        ("", "Answered privately."),
        (MEMBER, "*said here*"),
    ]


def test_a_change_is_told_to_its_author_alone(bot: Bot) -> None:
    bot.mention("change it", user=ADMIN)

    assert only_message(bot.slack).user == ADMIN


def test_a_mention_that_finds_no_room_is_told_so(slack: FakeSlack) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=0)) as bot:
        bot.mention("wait one")
        bot.mention("say two", event_id="Ev2")

        message = only_message(slack)
        assert (message.user, message.text) == (MEMBER, BUSY)


def test_blocks_that_are_refused_are_sent_as_text(bot: Bot) -> None:
    bot.slack.refuses_blocks = True

    bot.mention("say hello")

    message = only_message(bot.slack)
    assert (message.text, message.blocks) == ("*said hello*\nThat is all.", [])


def test_a_busy_slack_is_waited_for(bot: Bot) -> None:
    bot.slack.fail("chat.postMessage", "ratelimited", status=429, Retry_After="0")

    bot.mention("say hello")

    assert only_message(bot.slack).text == "*said hello*\nThat is all."


def test_an_answer_that_the_channel_does_not_take_comes_as_a_direct_message(bot: Bot) -> None:
    bot.slack.fail("chat.postMessage", "restricted_action_thread_only_channel")

    bot.mention("say hello")

    assert only_message(bot.slack).channel == MEMBER
