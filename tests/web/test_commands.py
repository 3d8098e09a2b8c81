"""A slash command, from the signed request to what the person sees."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import urlencode

import pytest

from bot.errors import NotFoundError
from bot.logs import configure_logging
from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Typed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.web.desk import BUSY, RESTARTING
from bot.web.front import Sizes
from tests.support.slack import buttons_of, direct_message, is_answered, is_taken, posts_for, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, HASTY, MEMBER, OPERATOR, Bot, running_bot, slash

COMMANDS, API = "/commands/", "/api/"
REFUSALS = get_args(SlackUnknowns.model_fields["response_url_refusal"].annotation)


def told(slack: SlackSimulator, typed: Typed) -> list[Any]:
    """Return the texts that came through the response URL of a command, and that Slack took."""
    return [post.payload["text"] for post in posts_for(slack, typed) if is_taken(post) and post.payload]


def test_a_command_is_acknowledged_empty_and_answered_privately(bot: Bot) -> None:
    typed = bot.command("say hello")

    answer = bot.answer_to(typed)
    assert answer.text == "*said hello*\nThat is all."
    assert answer.ephemeral_for == MEMBER
    assert len(posts_for(bot.slack, typed)) == 1


def test_a_command_that_cannot_be_understood_is_answered_in_the_acknowledgement(bot: Bot) -> None:
    typed = bot.command("sya hello")

    assert typed.outcome is not None
    assert typed.outcome.decoded() == {
        "response_type": "ephemeral",
        "text": "There is no `sya` command.\nDid you mean `say`?\nExample: `/hub say hello`",
    }
    assert typed.answer is not None
    assert typed.answer.ephemeral_for == MEMBER
    assert not posts_for(bot.slack, typed)


def test_a_command_that_names_a_payload_is_not_lost(bot: Bot) -> None:
    assert bot.asked("say acme/payload").text == "*said acme/payload*\nThat is all."


def test_a_failure_is_told_in_its_own_words(bot: Bot) -> None:
    answer = bot.asked("miss")

    assert answer.text == str(NotFoundError("acme/none", credential="the PAT of acme-bot"))
    assert not buttons_of(answer)


def test_a_bug_becomes_a_sentence_with_a_reference_that_is_in_the_log(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    text = bot.asked("crash").text

    assert text.startswith("Something went wrong in the bot. Reference ")
    reference = text.split("Reference ")[1].split(";")[0]
    assert any(getattr(record, "reference", "") == reference for record in caplog.records)


def test_working_is_shown_after_a_while_and_becomes_the_answer(hasty_bot: Bot) -> None:
    hasty_bot.command("wait here")

    wait_until(lambda: texts(hasty_bot.slack) == ["Working… first of &lt;two&gt; steps"])
    hasty_bot.hands.gate.set()
    wait_until(lambda: texts(hasty_bot.slack) == ["*said here*\nThat is all."])


def test_working_is_not_shown_after_the_answer(hasty_bot: Bot) -> None:
    typed = hasty_bot.command("say hello")
    hasty_bot.answer_to(typed)

    time.sleep(2 * HASTY.working_after_seconds)
    assert len(posts_for(hasty_bot.slack, typed)) == 1


@pytest.mark.parametrize(("line", "most"), [("count here", 3), ("count here --share", 2)])
def test_long_work_tells_how_far_it_has_come_and_leaves_room_for_the_answer(
    hasty_bot: Bot, line: str, most: int
) -> None:
    typed = hasty_bot.command(line)
    wait_until(lambda: len(posts_for(hasty_bot.slack, typed)) == most)
    time.sleep(0.15)  # Were there more, they would be there now.

    hasty_bot.hands.gate.set()

    wait_until(lambda: texts(hasty_bot.slack) == ["*said here*\nThat is all."])
    posted = [(post.payload or {}).get("text", "") for post in posts_for(hasty_bot.slack, typed)]
    working = [words for words in posted if words.startswith("Working…")]
    assert len(working) == most
    assert len(set(working)) == most
    assert working[-1].endswith(" of 100 steps done")


def test_time_in_the_queue_counts_towards_working(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, working_after_seconds=0.05)) as bot:
        bot.command("wait first")
        bot.command("say second", channel=seed.RANDOM)

        wait_until(lambda: texts(slack, seed.RANDOM) == ["Working…"])
        bot.hands.gate.set()
        wait_until(lambda: texts(slack, seed.RANDOM) == ["*said second*\nThat is all."])


def test_a_slow_working_is_waited_for_so_that_the_answer_comes_last(hasty_bot: Bot) -> None:
    hasty_bot.slack.faults.add(SlackFault(kind="slow", path=COMMANDS, seconds=0.15))
    typed = hasty_bot.command("wait here")
    time.sleep(0.1)  # "Working…" is on its way now.

    hasty_bot.hands.gate.set()

    wait_until(lambda: texts(hasty_bot.slack) == ["*said here*\nThat is all."])
    assert [text[:4] for text in told(hasty_bot.slack, typed)] == ["Work", "*sai"]


@pytest.mark.parametrize("form", REFUSALS)
def test_blocks_that_are_refused_are_sent_as_text(bot: Bot, form: Any) -> None:
    bot.slack.unknowns = SlackUnknowns(new_blocks="refused", response_url_refusal=form)
    typed = bot.command("rows 1")

    answer = bot.answer_to(typed)
    assert answer.text == "```\nTag\n=1.0\n```"
    assert not answer.blocks
    assert len(posts_for(bot.slack, typed)) == 2


def test_connection_errors_are_retried_within_the_five_uses(bot: Bot) -> None:
    bot.slack.faults.add(SlackFault(kind="reset", path=COMMANDS, times=3))
    typed = bot.command("say hello")

    answer = bot.answer_to(typed)
    assert len(posts_for(bot.slack, typed)) == 4
    assert not answer.blocks, "what was kept back is for the plain form"


def test_an_answer_that_no_use_delivers_comes_as_a_direct_message(bot: Bot) -> None:
    bot.slack.faults.add(SlackFault(kind="reset", path=COMMANDS))
    typed = bot.command("say hello")

    direct = direct_message(bot.slack, MEMBER)
    wait_until(lambda: said(bot.slack, direct.id))
    (message,) = said(bot.slack, direct.id)
    assert message.text == "*said hello*\nThat is all."
    assert not buttons_of(message)
    assert not said(bot.slack)
    assert len(posts_for(bot.slack, typed)) <= 5


def test_an_answer_that_nobody_takes_is_logged_as_lost(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    bot.asked("say warm")
    typed = bot.command("wait long")
    assert isinstance(bot.slack.clock, MovableClock)
    bot.slack.clock.advance(minutes=31)
    bot.slack.faults.add(SlackFault(kind="unavailable", path=API))
    bot.hands.gate.set()

    wait_until(lambda: len(bot.slack.calls_to("chat.postMessage")) == 3)
    wait_until(lambda: any(record.message == "answer_lost" for record in caplog.records))
    assert {post.status for post in posts_for(bot.slack, typed)} == {404}


def test_when_there_is_no_room_the_person_is_told_at_once(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=1, working_after_seconds=0.01)) as bot:
        bot.command("wait one")
        bot.command("wait two")
        typed = bot.command("wait three")

        assert typed.outcome is not None
        assert typed.outcome.decoded() == {"response_type": "ephemeral", "text": BUSY}
        time.sleep(0.03)
        assert not posts_for(slack, typed), "neither an answer nor an announcement follows"


def test_forty_commands_at_once_are_all_acknowledged_and_answered_once(bot: Bot) -> None:
    bot.hands.seconds = 0.05

    with ThreadPoolExecutor(40) as people:
        commands = list(people.map(lambda number: bot.command(f"nap {number}"), range(40)))

    assert {(each.outcome.status, each.outcome.body) for each in commands if each.outcome} == {(200, b"")}
    wait_until(lambda: all(is_answered(bot.slack, each) for each in commands))
    assert sorted(texts(bot.slack)) == sorted(f"*said {number}*\nThat is all." for number in range(40))
    assert len(bot.hands.ran) == 40


def test_when_the_bot_stops_running_commands_finish_and_waiting_ones_are_told(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1)) as bot:
        first = bot.command("wait one")
        second = bot.command("say two")
        assert bot.hands.waits.wait(2)
        stopping = threading.Thread(target=bot.front.stop)
        stopping.start()
        time.sleep(0.02)
        bot.hands.gate.set()
        stopping.join()

    assert told(slack, first) == ["*said one*\nThat is all."]
    assert told(slack, second) == [RESTARTING]


# Sharing with the channel


def test_a_shared_answer_is_for_everybody_and_says_who_asked(bot: Bot) -> None:
    answer = bot.asked("say hello --share")

    assert answer.ephemeral_for is None
    assert answer.blocks[-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub say hello`"


def test_a_private_working_is_deleted_before_a_public_answer(hasty_bot: Bot) -> None:
    typed = hasty_bot.command("wait here --share")
    wait_until(lambda: is_answered(hasty_bot.slack, typed))

    hasty_bot.hands.gate.set()

    wait_until(lambda: texts(hasty_bot.slack) == ["*said here*\nThat is all."])
    assert said(hasty_bot.slack)[0].ephemeral_for is None
    wait_until(lambda: len(posts_for(hasty_bot.slack, typed)) == 3)
    assert ["delete_original" in (post.payload or {}) for post in posts_for(hasty_bot.slack, typed)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("invited", [(), (seed.PARTNER_TEAM_ID,)])
def test_private_data_is_kept_from_a_channel_of_two_organizations(bot: Bot, invited: tuple[str, ...]) -> None:
    """Those of whom an organization was only invited count as well."""
    channel = seed.GENERAL if invited else seed.PARTNER
    bot.slack.state.conversations[channel].pending_shared = invited

    answer = bot.asked("say hello --share", channel=channel)

    assert answer.ephemeral_for == MEMBER
    assert answer.text.endswith(
        "Only you see this: people of another organization read this channel. An operator can share it."
    )
    assert not buttons_of(answer)


def test_an_operator_can_share_outside_after_a_question(bot: Bot) -> None:
    bot.slack.acting_as(OPERATOR).joins(seed.PARTNER)
    answer = bot.asked("say hello --share", user=OPERATOR, channel=seed.PARTNER)
    assert answer.ephemeral_for == OPERATOR
    (button,) = buttons_of(answer)
    assert button["confirm"]["title"]["text"] == "Share outside your organization?"

    url = bot.press(answer, user=OPERATOR)

    wait_until(lambda: len(bot.slack.posts_to(url)) == 2)
    (public,) = (message for message in said(bot.slack, seed.PARTNER) if message.ephemeral_for is None)
    assert public.text == "*said hello*\nThat is all."


def private_channel(slack: SlackSimulator) -> str:
    """Make a channel that the bot is not in, and knows nothing of."""
    return slack.state.add_conversation("secret", members=[MEMBER], kind="private").id


def test_a_channel_of_which_slack_does_not_tell_counts_as_shared(bot: Bot) -> None:
    answer = bot.asked("say hello --share", channel=private_channel(bot.slack))

    assert answer.ephemeral_for == MEMBER
    assert "Slack does not tell me who reads this channel (invite me, and it will)" in answer.text


def test_a_bot_without_a_credential_has_nothing_to_keep_back(slack: SlackSimulator) -> None:
    with running_bot(slack, has_private_data=False) as bot:
        answer = bot.asked("say hello --share", channel=private_channel(slack))

    assert answer.ephemeral_for is None
    assert not slack.calls_to("conversations.info")


# Rights


def test_a_member_is_told_which_role_is_needed_and_who_can_help(bot: Bot) -> None:
    assert bot.asked("change it").text == f"`change` needs an operator. Ask <@{ADMIN}>."
    assert bot.asked("rule it", user=OPERATOR).text == f"`rule` needs an admin. Ask <@{ADMIN}>."
    assert not bot.hands.ran


def test_what_is_known_to_be_forbidden_is_refused_in_the_acknowledgement(bot: Bot) -> None:
    bot.asked("say hello")

    typed = bot.command("change it")

    assert typed.answer is not None
    assert typed.answer.text == f"`change` needs an operator. Ask <@{ADMIN}>."


def test_an_operator_may_change_and_an_admin_may_rule(bot: Bot) -> None:
    assert "said" in bot.asked("change it", user=OPERATOR).text
    assert "said" in bot.asked("rule it", user=ADMIN).text


FOR_MEMBERS = (
    "`say` is for full members of the workspace that this bot serves. "
    "Guests and people of other organizations can use `/hub help`."
)


@pytest.mark.parametrize("channels", [[seed.DEPLOYS], [seed.DEPLOYS, seed.RANDOM]])
def test_guests_get_help_and_nothing_else(bot: Bot, channels: list[str]) -> None:
    """Slack knows two kinds of them: of a single channel, and of several."""
    for channel in channels:
        bot.slack.acting_as(ADMIN).invites(seed.GUS, channel)

    assert "said" in bot.asked("help", user=seed.GUS, channel=seed.DEPLOYS).text
    assert bot.asked("say hello", user=seed.GUS, channel=seed.DEPLOYS).text == FOR_MEMBERS


@pytest.mark.parametrize("is_stranger", ["documented", "every_foreigner"])
@pytest.mark.parametrize(("text", "start"), [("help", "*said"), ("say hello", FOR_MEMBERS)])
def test_strangers_get_help_and_nothing_else(bot: Bot, text: str, start: str, is_stranger: Any) -> None:
    """Slack does not offer them the command; should it ever come, it is refused like that of a guest."""
    bot.slack.unknowns = SlackUnknowns(is_stranger=is_stranger)
    url = bot.slack.issue_response_url(user=seed.STEF, channel=seed.PARTNER)

    acknowledgement = bot.post(urlencode(slash(text, url, user=seed.STEF, channel=seed.PARTNER)))

    assert (acknowledgement.status_code, acknowledgement.text) == (200, "")
    wait_until(lambda: bot.slack.posts_to(url))
    assert texts(bot.slack, seed.PARTNER)[-1].startswith(start)


def test_rights_are_remembered_for_questions_and_asked_again_for_changes(bot: Bot) -> None:
    for _ in range(3):
        bot.asked("say hello", user=OPERATOR)
    assert len(bot.slack.calls_to("users.info")) == 1

    bot.asked("change it", user=OPERATOR)
    open_client = bot.slack.acting_as(OPERATOR)
    bot.slack.state.people[OPERATOR].is_deleted = True
    assert "full members" in bot.answer_to(open_client.types(seed.GENERAL, "/hub change it")).text
    assert len(bot.slack.calls_to("users.info")) == 3


def test_when_slack_does_not_say_who_it_is_the_answer_is_no(bot: Bot) -> None:
    bot.slack.faults.add(SlackFault(kind="unavailable", path=API))

    assert bot.asked("say hello").text == (
        "Slack does not tell me who you are right now, so I cannot check your rights. "
        "Try again in a moment; `/hub help` works meanwhile."
    )
    assert not bot.hands.ran
    assert "said" in bot.asked("help").text


# Long tables


def test_a_long_table_comes_whole_as_a_file_that_computes_nothing(bot: Bot) -> None:
    answer = bot.asked("rows 300")

    assert answer.text.endswith("The whole table is in the CSV file that I sent you as a direct message.")
    (message,) = said(bot.slack, direct_message(bot.slack, MEMBER).id)
    assert message.text == "Tags of acme/api: 300 rows."
    (file,) = (bot.slack.state.files[file_id] for file_id in message.files)
    assert file.name == "tags-of-acme-api.csv"
    assert file.content is not None
    lines = file.content.decode().splitlines()
    assert (lines[0], lines[1], len(lines)) == ("Tag", "'=1.0", 301)


def test_a_file_that_slack_does_not_take_is_said(bot: Bot) -> None:
    bot.slack.app.bot_token.scopes -= {"files:write"}

    answer = bot.asked("rows 300")

    assert "The whole table should have come as a CSV file" in answer.text
    assert "missing_scope (the app needs the scope `files:write`; reinstall it from the manifest)" in answer.text


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


def test_no_secret_is_logged_at_any_level(slack: SlackSimulator, debug_log: pytest.LogCaptureFixture) -> None:
    with running_bot(slack) as bot:
        bot.asked("say hello")
        bot.asked("crash")
        slack.faults.add(SlackFault(kind="reset", path=COMMANDS))
        bot.command("say hello")
        wait_until(lambda: said(slack, direct_message(slack, MEMBER).id))
        bot.post("token=xoxb-in-the-body&text=hush-hush", signature="v0=bad")

    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in debug_log.records)
    assert "command_answered" in logged
    ways_back = {post.url.rpartition("/")[2] for post in slack.posts}
    assert len(ways_back) == 3
    for secret in (*ways_back, seed.BOT_TOKEN, seed.SIGNING_SECRET, "xoxb-in-the-body", "hush-hush"):
        assert secret not in logged
