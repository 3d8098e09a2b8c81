"""A slash command, from the signed request to what the person sees."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.errors import NotFoundError
from bot.logs import configure_logging
from bot.web.desk import BUSY, RESTARTING
from bot.web.front import Sizes
from tests.support.fake_slack import TOKEN, FakeSlack
from tests.web.conftest import ADMIN, HASTY, MEMBER, OPERATOR, SECRET, Bot, button_of, running_bot, wait_for


def test_a_command_is_acknowledged_empty_and_answered_privately(bot: Bot) -> None:
    acknowledgement, url = bot.command("say hello")

    assert (acknowledgement.status_code, acknowledgement.text) == (200, "")
    bot.slack.wait_until(lambda: url.shown)
    (answer,) = url.shown
    assert answer.text == "*said hello*\nThat is all."
    assert answer.payload["response_type"] == "ephemeral"
    assert len(url.uses) == 1


def test_a_command_that_cannot_be_understood_is_answered_in_the_acknowledgement(bot: Bot) -> None:
    acknowledgement, url = bot.command("sya hello")

    assert acknowledgement.json() == {
        "response_type": "ephemeral",
        "text": "There is no `sya` command.\nDid you mean `say`?\nExample: `/hub say hello`",
    }
    assert not url.uses


def test_a_command_that_names_a_payload_is_not_lost(bot: Bot) -> None:
    assert bot.asked("say acme/payload").seen == ["*said acme/payload*\nThat is all."]


def test_a_failure_is_told_in_its_own_words(bot: Bot) -> None:
    url = bot.asked("miss")

    assert url.seen == [str(NotFoundError("acme/none", credential="the PAT of acme-bot"))]
    assert not [block for block in url.shown[0].blocks if block["type"] == "actions"]


def test_a_bug_becomes_a_sentence_with_a_reference_that_is_in_the_log(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    (text,) = bot.asked("crash").seen

    assert text.startswith("Something went wrong in the bot. Reference ")
    reference = text.split("Reference ")[1].split(";")[0]
    assert any(getattr(record, "reference", "") == reference for record in caplog.records)


def test_working_is_shown_after_a_while_and_becomes_the_answer(hasty_bot: Bot) -> None:
    _, url = hasty_bot.command("wait here")

    hasty_bot.slack.wait_until(lambda: url.seen == ["Working… first of &lt;two&gt; steps"])
    hasty_bot.hands.gate.set()
    hasty_bot.slack.wait_until(lambda: url.seen == ["*said here*\nThat is all."])


def test_working_is_not_shown_after_the_answer(hasty_bot: Bot) -> None:
    url = hasty_bot.asked("say hello")

    time.sleep(2 * HASTY.working_after_seconds)
    assert len(url.uses) == 1


def test_time_in_the_queue_counts_towards_working(slack: FakeSlack) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, working_after_seconds=0.05)) as bot:
        bot.command("wait first")
        _, url = bot.command("say second")

        slack.wait_until(lambda: url.seen == ["Working…"])
        bot.hands.gate.set()
        slack.wait_until(lambda: url.seen == ["*said second*\nThat is all."])


def test_a_slow_working_is_waited_for_so_that_the_answer_comes_last(hasty_bot: Bot) -> None:
    url = hasty_bot.slack.response_url()
    url.delay_seconds = 0.15
    hasty_bot.command("wait here", url=url)
    time.sleep(0.1)  # "Working…" is on its way now.

    hasty_bot.hands.gate.set()

    hasty_bot.slack.wait_until(lambda: url.seen == ["*said here*\nThat is all."])
    assert [use["text"][:4] for use in url.uses] == ["Work", "*sai"]


def test_blocks_that_are_refused_are_sent_as_text(bot: Bot) -> None:
    url = bot.slack.response_url()
    url.refuses_blocks = True
    bot.command("say hello", url=url)

    bot.slack.wait_until(lambda: url.shown)
    assert url.seen == ["*said hello*\nThat is all."]
    assert not url.shown[0].blocks
    assert len(url.uses) == 2


def test_connection_errors_are_retried_within_the_five_uses(bot: Bot) -> None:
    url = bot.slack.response_url()
    url.resets = 3
    bot.command("say hello", url=url)

    bot.slack.wait_until(lambda: url.shown)
    assert len(url.uses) == 4
    assert not url.shown[0].blocks, "what was kept back is for the plain form"


def test_an_answer_that_no_use_delivers_comes_as_a_direct_message(bot: Bot) -> None:
    url = bot.slack.response_url()
    url.resets = 99
    bot.command("say hello", url=url)

    bot.slack.wait_until(lambda: bot.slack.messages)
    (message,) = bot.slack.messages
    assert (message.channel, message.text) == (MEMBER, "*said hello*\nThat is all.")
    assert not [block for block in message.blocks if block["type"] == "actions"]
    assert len(url.uses) <= 5


def test_an_answer_that_nobody_takes_is_logged_as_lost(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    bot.asked("say warm")
    url = bot.slack.response_url()
    url.is_dead = True
    bot.slack.is_down = True
    bot.command("say hello", url=url)

    bot.slack.wait_until(lambda: len(bot.slack.called("chat.postMessage")) == 3)
    wait_for(lambda: any(record.message == "answer_lost" for record in caplog.records))


def test_when_there_is_no_room_the_person_is_told_at_once(slack: FakeSlack) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=1, working_after_seconds=0.01)) as bot:
        bot.command("wait one")
        bot.command("wait two")
        acknowledgement, url = bot.command("wait three")

        assert acknowledgement.json() == {"response_type": "ephemeral", "text": BUSY}
        time.sleep(0.03)
        assert not url.uses, "neither an answer nor an announcement follows"


def test_forty_commands_at_once_are_all_acknowledged_and_answered_once(bot: Bot) -> None:
    bot.hands.seconds = 0.05
    urls = [bot.slack.response_url() for _ in range(40)]

    with ThreadPoolExecutor(40) as people:
        answers = list(people.map(lambda url: bot.command("nap now", url=url)[0], urls))

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "")}
    bot.slack.wait_until(lambda: all("said" in "".join(url.seen) for url in urls))
    assert [len(url.shown) for url in urls] == [1] * 40
    assert len(bot.hands.ran) == 40


def test_when_the_bot_stops_running_commands_finish_and_waiting_ones_are_told(slack: FakeSlack) -> None:
    with running_bot(slack, sizes=Sizes(threads=1)) as bot:
        _, first = bot.command("wait one")
        _, second = bot.command("say two")
        assert bot.hands.waits.wait(2)
        stopping = threading.Thread(target=bot.front.stop)
        stopping.start()
        time.sleep(0.02)
        bot.hands.gate.set()
        stopping.join()

    assert first.seen == ["*said one*\nThat is all."]
    assert second.seen == [RESTARTING]


# Sharing with the channel


def test_a_shared_answer_is_for_everybody_and_says_who_asked(bot: Bot) -> None:
    url = bot.asked("say hello --share")

    (answer,) = url.shown
    assert answer.payload["response_type"] == "in_channel"
    assert answer.blocks[-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub say hello`"


def test_a_private_working_is_deleted_before_a_public_answer(hasty_bot: Bot) -> None:
    _, url = hasty_bot.command("wait here --share")
    hasty_bot.slack.wait_until(lambda: url.shown)

    hasty_bot.hands.gate.set()

    hasty_bot.slack.wait_until(lambda: url.seen == ["*said here*\nThat is all."])
    assert url.shown[0].payload["response_type"] == "in_channel"
    assert ["delete_original" in use for use in url.uses] == [False, True, False]


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_pending_ext_shared"])
def test_private_data_is_kept_from_a_channel_of_two_organizations(bot: Bot, flag: str) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", flag: True}

    (answer,) = bot.asked("say hello --share", channel="C0BOTH").shown

    assert answer.payload["response_type"] == "ephemeral"
    assert answer.text.endswith(
        "Only you see this: people of another organization read this channel. An operator can share it."
    )
    assert not [block for block in answer.blocks if block["type"] == "actions"]


def test_an_operator_can_share_outside_after_a_question(bot: Bot) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}
    (answer,) = bot.asked("say hello --share", user=OPERATOR, channel="C0BOTH").shown
    button = button_of(answer.blocks)
    assert button["confirm"]["title"]["text"] == "Share outside your organization?"

    outcome = bot.press(button, user=OPERATOR, channel="C0BOTH")

    bot.slack.wait_until(lambda: len(outcome.uses) == 2)
    assert outcome.uses[0]["response_type"] == "in_channel"


def test_a_channel_of_which_slack_does_not_tell_counts_as_shared(bot: Bot) -> None:
    (answer,) = bot.asked("say hello --share", channel="C0UNKNOWN").shown

    assert answer.payload["response_type"] == "ephemeral"
    assert "Slack does not tell me who reads this channel (invite me, and it will)" in answer.text


def test_a_bot_without_a_credential_has_nothing_to_keep_back(slack: FakeSlack) -> None:
    with running_bot(slack, has_private_data=False) as bot:
        (answer,) = bot.asked("say hello --share", channel="C0UNKNOWN").shown

    assert answer.payload["response_type"] == "in_channel"
    assert not slack.called("conversations.info")


# Rights


def test_a_member_is_told_which_role_is_needed_and_who_can_help(bot: Bot) -> None:
    assert bot.asked("change it").seen == [f"`change` needs an operator. Ask <@{ADMIN}>."]
    assert bot.asked("rule it", user=OPERATOR).seen == [f"`rule` needs an admin. Ask <@{ADMIN}>."]
    assert not bot.hands.ran


def test_what_is_known_to_be_forbidden_is_refused_in_the_acknowledgement(bot: Bot) -> None:
    bot.asked("say hello")

    acknowledgement, _ = bot.command("change it")

    assert acknowledgement.json()["text"] == f"`change` needs an operator. Ask <@{ADMIN}>."


def test_an_operator_may_change_and_an_admin_may_rule(bot: Bot) -> None:
    assert "said" in bot.asked("change it", user=OPERATOR).seen[0]
    assert "said" in bot.asked("rule it", user=ADMIN).seen[0]


@pytest.mark.parametrize(
    "fields",
    [{"is_restricted": True}, {"is_ultra_restricted": True}, {"is_stranger": True}, {"team_id": "T0OTHER"}],
)
def test_guests_and_strangers_get_help_and_nothing_else(bot: Bot, fields: dict[str, object]) -> None:
    bot.slack.users["U0GUEST"] = fields

    assert "said" in bot.asked("help", user="U0GUEST").seen[0]
    (refusal,) = bot.asked("say hello", user="U0GUEST").seen
    assert refusal == (
        "`say` is for full members of the workspace that this bot serves. "
        "Guests and people of other organizations can use `/hub help`."
    )


def test_rights_are_remembered_for_questions_and_asked_again_for_changes(bot: Bot) -> None:
    for _ in range(3):
        bot.asked("say hello", user=OPERATOR)
    assert len(bot.slack.called("users.info")) == 1

    bot.asked("change it", user=OPERATOR)
    bot.slack.users[OPERATOR] = {"deleted": True}
    assert "full members" in bot.asked("change it", user=OPERATOR).seen[0]
    assert len(bot.slack.called("users.info")) == 3


def test_when_slack_does_not_say_who_it_is_the_answer_is_no(bot: Bot) -> None:
    bot.slack.is_down = True

    (refusal,) = bot.asked("say hello").seen
    assert refusal == (
        "Slack does not tell me who you are right now, so I cannot check your rights. "
        "Try again in a moment; `/hub help` works meanwhile."
    )
    assert not bot.hands.ran
    assert "said" in bot.asked("help").seen[0]


# Long tables


def test_a_long_table_comes_whole_as_a_file_that_computes_nothing(bot: Bot) -> None:
    (answer,) = bot.asked("rows").shown

    assert answer.text.endswith("The whole table is in the CSV file that I sent you as a direct message.")
    (file,) = bot.slack.files["D0MEMBER"]
    assert file["name"] == "tags-of-acme-api.csv"
    assert file["comment"] == "Tags of acme/api: 300 rows."
    lines = file["content"].decode().splitlines()
    assert (lines[0], lines[1], len(lines)) == ("Tag", "'=1.0", 301)


def test_a_file_that_slack_does_not_take_is_said(bot: Bot) -> None:
    bot.slack.fail("files.getUploadURLExternal", "missing_scope")

    (answer,) = bot.asked("rows").shown

    assert "The whole table should have come as a CSV file" in answer.text
    assert "missing_scope" in answer.text


# Secrets


@pytest.fixture
def debug_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log as the bot does with HUB_BOT_LOG_LEVEL=debug."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(level="debug")
    root.handlers[:] = handlers
    yield caplog
    root.setLevel(level)


def test_no_secret_is_logged_at_any_level(slack: FakeSlack, debug_log: pytest.LogCaptureFixture) -> None:
    with running_bot(slack) as bot:
        bot.asked("say hello")
        bot.asked("crash")
        url = slack.response_url()
        url.resets = 99
        bot.command("say hello", url=url)
        slack.wait_until(lambda: slack.messages)
        bot.post("token=xoxb-in-the-body&text=hush-hush", signature="v0=bad")

    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in debug_log.records)
    assert "command_answered" in logged
    for secret in ("s3cr3t", TOKEN, SECRET, "xoxb-in-the-body", "hush-hush"):
        assert secret not in logged
