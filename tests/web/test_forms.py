"""Forms: how they open, what becomes of what was put in, and what is said when they cannot be used."""

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import get_args
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from bot.chat.forms import NOTHING_TYPED
from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import tickets
from bot.web.asking import REFUSALS, SEEN_ONCE, TOO_LATE, TOO_OLD
from bot.web.desk import BUSY
from bot.web.front import Sizes
from bot.web.outgoing import AWAY
from bot.web.tickets import KEPT
from tests.support.slack import LOGGERS, direct_message, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, OPERATOR, REFUSED_TOKEN, Bot, dumps, filled_form, put_in, running_bot

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

    submitted = operator.submits(view.id, put_in({"text": "acme/api"}))

    assert submitted.is_ok
    wait_until(lambda: "full members" in texts(bot.slack)[-1])
    assert not bot.hands.ran


def test_nothing_but_blanks_leaves_the_form_open(bot: Bot) -> None:
    view = bot.form("write")

    assert bot.submit(view, " \n\u00a0").errors == {"text": NOTHING_TYPED}
    assert bot.submit(view, "x").is_ok
    wait_until(lambda: bot.hands.ran == ["x"])


def send(bot: Bot, form: dict[str, object]) -> dict[str, str]:
    """Send a form that nobody can send with Slack's own client; return what is said beside its inputs."""
    answer = bot.post(urlencode({"payload": dumps(form)}))
    assert answer.status_code == 200
    errors: dict[str, str] = answer.json()["errors"] if answer.text else {}
    return errors


def test_a_form_works_once(bot: Bot) -> None:
    view = bot.form("write")
    assert bot.submit(view, "once").is_ok
    wait_until(lambda: bot.hands.ran == ["once"])

    assert send(bot, filled_form(view.payload["private_metadata"], "again")) == {}

    wait_until(lambda: REFUSALS.taken in texts(bot.slack, direct_message(bot.slack, MEMBER).id))
    assert bot.hands.ran == ["once"]


def test_a_form_of_somebody_else_or_of_nobody_does_nothing(bot: Bot) -> None:
    view = bot.form("write")

    send(bot, filled_form(view.payload["private_metadata"], "again", user=OPERATOR))
    send(bot, filled_form("forged", "again"))
    send(bot, filled_form("", "again"))

    wait_until(lambda: texts(bot.slack, direct_message(bot.slack, OPERATOR).id) == [REFUSALS.foreign])
    wait_until(lambda: texts(bot.slack, direct_message(bot.slack, MEMBER).id) == [REFUSALS.gone] * 2)
    assert not bot.hands.ran
    assert bot.submit(view, "mine").is_ok
    wait_until(lambda: bot.hands.ran == ["mine"])


def test_a_form_that_is_too_old_stays_open_so_that_nothing_typed_is_lost(bot: Bot) -> None:
    view = bot.form("write")
    form_id, _, expires = view.payload["private_metadata"].partition(" ")
    then = int(expires) - KEPT.total_seconds()

    assert send(bot, filled_form(f"{form_id} {int(then)}", "long work")) == {"text": TOO_OLD}
    assert bot.submit(view, "x").is_ok


# After a restart, and on another replica


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as store:
        upgrade(store)
        yield store


def test_after_a_restart_a_form_is_taken_and_answered_where_it_was_asked(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        view = bot.form("write")

    with running_bot(slack, store=store) as bot:
        assert bot.submit(view, "long work").is_ok

        wait_until(lambda: texts(slack) == ["*written*\nlong work"])
        assert said(slack)[0].ephemeral_for == MEMBER


def test_after_a_restart_what_was_asked_for_everybody_is_answered_to_everybody(
    slack: SlackSimulator, store: Store
) -> None:
    with running_bot(slack, store=store) as bot:
        view = bot.form("write --share")

    with running_bot(slack, store=store) as bot:
        bot.submit(view, "x")

        wait_until(lambda: said(slack))
        assert said(slack)[0].ephemeral_for is None
        assert said(slack)[0].blocks[-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub write`"


def test_after_a_restart_an_answer_comes_as_a_direct_message_where_the_bot_is_no_member(
    slack: SlackSimulator, store: Store
) -> None:
    channel = slack.state.add_conversation("secret", members=[MEMBER], kind="private").id
    with running_bot(slack, store=store) as bot:
        view = bot.form("write --share", channel=channel)

    with running_bot(slack, store=store) as bot:
        bot.submit(view, "x")

        direct = direct_message(slack, MEMBER).id
        wait_until(lambda: texts(slack, direct)[-1:] and texts(slack, direct)[-1].startswith("*written*\nx"))
        assert texts(slack, channel) == []


def test_after_a_restart_what_is_wrong_is_said_on_the_form_opened_again(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        first = bot.form("setup")

    with running_bot(slack, store=store) as bot:
        assert bot.submit(first, provider="gitlab", branch="x", seconds="90", token=TOKEN).is_ok
        again = bot.opened_form(after=first)

        remark, provider, branch, seconds, token = again.payload["blocks"]
        assert remark["elements"][0]["elements"][0]["text"] == ("Patience: Input should be less than or equal to 60.")
        assert provider["element"]["initial_option"]["value"] == "gitlab"
        assert [each["element"].get("initial_value") for each in (branch, seconds, token)] == ["x", "90", None]
        assert bot.submit(again, provider="gitlab", branch="x", seconds="9", token=TOKEN).is_ok
        wait_until(lambda: bot.hands.ran == ["gitlab x 9"])


def test_while_the_database_is_away_a_form_is_opened_again_with_what_was_typed(bot: Bot) -> None:
    first = bot.form("write")
    bot.store.close()

    assert bot.submit(first, "long work").is_ok

    remark, entry = bot.opened_form(after=first).payload["blocks"]
    assert remark["elements"][0]["elements"][0]["text"] == AWAY
    assert entry["element"]["initial_value"] == "long work"
    assert not bot.hands.ran


def test_while_the_database_is_away_no_form_opens_and_one_is_told_so(bot: Bot) -> None:
    bot.store.close()

    assert bot.asked("write").text == AWAY
    assert bot.view_of() is None


# Several fields

TOKEN = "glptt-0123456789abcdefghij"


def test_a_form_of_several_fields_shows_each_as_it_is_put_in(bot: Bot) -> None:
    view = bot.form("setup")

    provider, branch, seconds, token = view.payload["blocks"]
    assert [block["block_id"] for block in view.payload["blocks"]] == ["provider", "branch", "seconds", "token"]
    assert [option["value"] for option in provider["element"]["options"]] == ["github", "gitlab"]
    assert provider["element"]["initial_option"]["text"]["text"] == "GitHub Actions"
    assert (branch["optional"], branch["element"]["multiline"]) == (True, False)
    assert (seconds["element"]["initial_value"], seconds["hint"]["text"]) == ("10", "In seconds.")
    assert token["hint"]["text"] == SEEN_ONCE
    assert [block["element"]["focus_on_load"] for block in view.payload["blocks"]] == [True, False, False, False]


def test_what_is_put_into_several_fields_reaches_the_command(bot: Bot) -> None:
    assert bot.submit(bot.form("setup"), provider="gitlab", branch="", seconds="2.5", token=f" {TOKEN} ").is_ok

    wait_until(lambda: bot.hands.ran == ["gitlab main 2.5"])
    assert bot.hands.tokens == [TOKEN]


def test_what_is_wrong_is_said_beside_its_field_and_the_form_stays(bot: Bot) -> None:
    view = bot.form("setup")

    refused = bot.submit(view, provider="gitlab", seconds="soon", token=" \t")
    assert refused.errors == {"token": NOTHING_TYPED}
    refused = bot.submit(view, provider="gitlab", seconds="soon", token=TOKEN)
    assert list(refused.errors) == ["seconds"]
    assert refused.errors["seconds"].startswith("Input should be a valid number")

    assert bot.submit(view, provider="gitlab", seconds="1", token=TOKEN).is_ok
    wait_until(lambda: bot.hands.ran == ["gitlab main 1"])


def test_a_command_may_ask_again_and_says_what_is_wrong(bot: Bot) -> None:
    first = bot.form("setup")
    bot.submit(first, provider="gitlab", branch="dev", seconds="1", token=REFUSED_TOKEN)
    again = bot.opened_form(after=first)

    remark, _, branch, _, token = again.payload["blocks"]
    assert remark["elements"][0]["elements"][0]["text"] == "Token: GitLab does not know it."
    assert (branch["element"]["initial_value"], "initial_value" in token["element"]) == ("dev", False)
    bot.submit(again, provider="gitlab", branch="dev", seconds="1", token=TOKEN)

    wait_until(lambda: texts(bot.slack) == ["*set up*"])
    assert bot.hands.tokens == [TOKEN]


def test_a_secret_is_in_no_row_no_log_no_view_and_no_message(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    first = bot.form("setup offered", user=OPERATOR)
    bot.submit(first, user=OPERATOR, provider="gitlab", seconds="1", token=REFUSED_TOKEN)
    again = bot.opened_form(OPERATOR, after=first)
    bot.submit(again, user=OPERATOR, provider="gitlab", seconds="1", token=TOKEN)
    wait_until(lambda: texts(bot.slack) == ["*set up?*"])

    with bot.store.read() as connection:
        rows = dumps([row.content for row in connection.execute(select(tickets))])
    ours = [record for record in caplog.records if not record.name.startswith(LOGGERS)]
    logged = "\n".join(str(vars(record)) for record in ours)
    for secret in (REFUSED_TOKEN, TOKEN):
        assert secret not in rows
        assert "**********" not in rows
        assert secret not in logged
        assert secret not in dumps([first.payload, again.payload])
        assert secret not in dumps([message.text for message in said(bot.slack)])


def test_what_an_offer_stands_for_has_lost_the_secret_so_it_is_asked_for_once_more(bot: Bot) -> None:
    bot.submit(bot.form("setup offered", user=OPERATOR), user=OPERATOR, provider="gitlab", seconds="1", token=TOKEN)
    wait_until(lambda: texts(bot.slack) == ["*set up?*"])

    bot.press(said(bot.slack)[0], user=OPERATOR, label="Apply")
    bot.submit(bot.opened_form(OPERATOR), user=OPERATOR, provider="gitlab", seconds="1", token=TOKEN)

    wait_until(lambda: bot.hands.tokens == [TOKEN])


def test_a_form_that_finds_no_room_stays_open_and_can_be_sent_again(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=0, backoff_seconds=0.001)) as bot:
        view = bot.form("write")
        wait_until(lambda: bot.command("wait", user=OPERATOR).answer is None)
        assert bot.hands.waits.wait(5)

        assert bot.submit(view, "x").errors == {"text": BUSY}
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
