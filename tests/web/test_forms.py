"""Forms: how they open, what becomes of what was put in, and what is said when they cannot be used."""

import logging
from typing import get_args
from urllib.parse import urlencode

import pytest

from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.web.asking import NOTHING_TYPED, REFUSALS, TOO_LATE
from bot.web.desk import BUSY
from bot.web.front import Sizes
from bot.web.payloads import FORM_BLOCK, FORM_INPUT
from tests.support.slack import direct_message, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, OPERATOR, Bot, dumps, filled_form, running_bot

TYPED = "  first “line”\r\n\n\tlast — line\u00a0"
REFUSED_TRIGGERS = get_args(SlackUnknowns.model_fields["trigger_refusal"].annotation)


def test_a_command_that_needs_a_text_opens_a_form_and_says_nothing(bot: Bot) -> None:
    view = bot.form("write a secret word")

    assert view.payload["title"]["text"] == "Write"
    assert view.payload["submit"]["text"] == "Write it"
    (entry,) = view.payload["blocks"]
    assert entry["label"]["text"] == "What to write"
    assert entry["hint"]["text"] == "As you like. At most 3,000 characters."
    assert entry["element"]["multiline"] is True
    assert "secret" not in dumps(view.payload), "what was typed stays with the bot"
    assert bot.slack.settle()
    assert not said(bot.slack)


def test_what_is_put_in_reaches_the_command_as_it_was_typed(bot: Bot) -> None:
    submitted = bot.submit(bot.form("write"), TYPED)

    assert submitted.is_ok
    assert submitted.outcome is not None
    assert (submitted.outcome.status, submitted.outcome.body) == (200, b"")
    assert bot.view_of() is None
    wait_until(lambda: said(bot.slack))
    (answer,) = said(bot.slack)
    assert answer.ephemeral_for == MEMBER
    assert answer.text.startswith("*written*\n")
    assert bot.hands.ran == [TYPED]


def test_what_was_asked_for_everybody_is_answered_to_everybody(bot: Bot) -> None:
    bot.submit(bot.form("write --share"), "x")

    wait_until(lambda: said(bot.slack))
    (answer,) = said(bot.slack)
    assert answer.ephemeral_for is None
    assert answer.blocks[-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub write`"


def test_working_is_shown_while_the_form_is_worked_on(hasty_bot: Bot) -> None:
    hasty_bot.submit(hasty_bot.form("write thoughtfully"), "x")

    wait_until(lambda: texts(hasty_bot.slack) == ["Working…"])
    hasty_bot.hands.gate.set()
    wait_until(lambda: texts(hasty_bot.slack) == ["*written*\nx"])


def test_a_working_that_was_shown_before_the_form_goes_away(hasty_bot: Bot) -> None:
    hasty_bot.command("write slowly")
    wait_until(lambda: [text[:8] for text in texts(hasty_bot.slack)] == ["Working…"])

    hasty_bot.hands.gate.set()
    view = hasty_bot.opened_form()
    assert texts(hasty_bot.slack) == []
    hasty_bot.submit(view, "x")

    wait_until(lambda: texts(hasty_bot.slack) == ["*written*\nx"])


def test_a_form_is_authorized_when_it_opens(bot: Bot) -> None:
    bot.slack.acting_as(seed.ANA).invites(seed.GUS, seed.DEPLOYS)

    answer = bot.asked("write", user=seed.GUS, channel=seed.DEPLOYS)

    assert "full members" in answer.text
    assert bot.view_of(seed.GUS) is None


def test_a_form_is_authorized_again_when_it_is_sent(bot: Bot) -> None:
    operator = bot.slack.acting_as(OPERATOR)
    bot.press(bot.asked("plan typed", user=OPERATOR), user=OPERATOR, label="Apply")
    view = bot.opened_form(OPERATOR)
    bot.slack.state.people[OPERATOR].is_deleted = True

    submitted = operator.submits(view.id, {FORM_BLOCK: {FORM_INPUT: {"value": "acme/api"}}})

    assert submitted.is_ok
    wait_until(lambda: "full members" in texts(bot.slack)[-1])
    assert not bot.hands.ran


def test_nothing_but_blanks_leaves_the_form_open(bot: Bot) -> None:
    view = bot.form("write")

    assert bot.submit(view, " \n\u00a0").errors == {FORM_BLOCK: NOTHING_TYPED}
    assert bot.submit(view, "x").is_ok
    wait_until(lambda: bot.hands.ran == ["x"])


def post_form(bot: Bot, form_id: str, *, user: str = MEMBER) -> object:
    """Send a form that nobody can send with Slack's own client."""
    answer = bot.post(urlencode({"payload": dumps(filled_form(form_id, "again", user=user))}))
    assert answer.status_code == 200
    return answer.json()["errors"][FORM_BLOCK]


def test_a_form_works_once(bot: Bot) -> None:
    view = bot.form("write")
    assert bot.submit(view, "once").is_ok

    assert post_form(bot, view.payload["private_metadata"]) == REFUSALS.taken
    wait_until(lambda: said(bot.slack))
    assert bot.hands.ran == ["once"]


def test_a_form_of_somebody_else_or_of_nobody_does_nothing(bot: Bot) -> None:
    view = bot.form("write")

    assert post_form(bot, view.payload["private_metadata"], user=OPERATOR) == REFUSALS.foreign
    assert post_form(bot, "forged") == REFUSALS.gone
    assert post_form(bot, "") == REFUSALS.gone
    assert not bot.hands.ran
    assert bot.submit(view, "mine").is_ok


def test_after_a_restart_a_form_says_so_and_keeps_what_was_typed(slack: SlackSimulator) -> None:
    with running_bot(slack) as bot:
        view = bot.form("write")

    with running_bot(slack) as bot:
        assert bot.submit(view, "long work").errors == {FORM_BLOCK: REFUSALS.gone}
        assert bot.view_of() is view


def test_a_form_that_finds_no_room_stays_open_and_can_be_sent_again(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=0, backoff_seconds=0.001)) as bot:
        view = bot.form("write")
        wait_until(lambda: bot.command("wait", user=OPERATOR).answer is None)
        assert bot.hands.waits.wait(5)

        assert bot.submit(view, "x").errors == {FORM_BLOCK: BUSY}
        bot.hands.gate.set()
        wait_until(lambda: bot.submit(view, "x").is_ok)
        wait_until(lambda: bot.hands.ran[-1] == "x")


@pytest.mark.parametrize("form", REFUSED_TRIGGERS)
def test_who_cannot_be_asked_within_three_seconds_is_told_so(bot: Bot, form: str) -> None:
    bot.slack.unknowns = SlackUnknowns.model_validate({"trigger_refusal": form})
    bot.command("write slowly")
    assert bot.hands.waits.wait(5)
    assert isinstance(bot.slack.clock, MovableClock)
    bot.slack.clock.advance(seconds=4)

    bot.hands.gate.set()

    wait_until(lambda: texts(bot.slack) == [TOO_LATE])
    assert said(bot.slack)[0].ephemeral_for == MEMBER
    assert bot.view_of() is None


def test_a_form_that_slack_does_not_open_is_said(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    bot.slack.faults.add(SlackFault(kind="unavailable", method="views.open"))

    with caplog.at_level(logging.WARNING):
        answer = bot.asked("write")

    assert answer.text == "Slack did not open the form. Slack gave no usable answer to views.open."
    assert "form_not_opened" in caplog.text


def test_a_mention_opens_no_form_and_says_what_to_type(bot: Bot) -> None:
    bot.mention("write a word")

    wait_until(lambda: said(bot.slack))
    (answer,) = said(bot.slack)
    assert answer.ephemeral_for == MEMBER
    assert answer.text == (
        "This takes a form, and Slack opens one only for commands: "
        "type `/hub write a word` in the channel, not in a thread."
    )


def test_past_the_half_hour_of_the_response_url_the_answer_comes_as_a_direct_message(bot: Bot) -> None:
    view = bot.form("write")
    assert isinstance(bot.slack.clock, MovableClock)
    bot.slack.clock.advance(minutes=31)

    # By the bot's clock it is now, and Slack's requests would be from another time.
    sent = filled_form(view.payload["private_metadata"], "x")
    assert bot.post(urlencode({"payload": dumps(sent)})).text == ""

    direct = direct_message(bot.slack, MEMBER).id
    wait_until(lambda: texts(bot.slack, direct) == ["*written*\nx"])
    assert not said(bot.slack)


def test_where_the_bot_is_no_member_a_form_is_answered_all_the_same(bot: Bot) -> None:
    channel = bot.slack.state.add_conversation("secret", members=[MEMBER], kind="private").id

    bot.submit(bot.form("write", channel=channel), "x")

    wait_until(lambda: texts(bot.slack, channel) == ["*written*\nx"])
