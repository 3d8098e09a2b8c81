"""The bot in every position of every switch of the simulated Slack: whatever nobody knows about the real one."""

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.support.slack import said
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, Bot

POSITIONS = dict(SlackUnknowns.every_position())


@pytest.mark.parametrize("unknowns", POSITIONS.values(), ids=POSITIONS)
def test_a_question_is_answered_and_shared(bot: Bot, unknowns: SlackUnknowns) -> None:
    bot.slack.unknowns = unknowns
    line = bot.mention("rows 200")

    answer = bot.asked("rows 200", channel=seed.DEPLOYS)
    assert answer.ephemeral_for == MEMBER
    answer = bot.asked("say hello @omar & you", channel=seed.DEPLOYS)
    assert answer.text.startswith("*said hello ")
    url = bot.press(answer)

    wait_until(lambda: len(bot.slack.posts_to(url)) == 2)
    assert said(bot.slack, seed.DEPLOYS)[-1].ephemeral_for is None
    wait_until(lambda: bot.slack.state.replies(seed.GENERAL, line.ts))
    assert all(each.outcome.is_accepted for each in bot.slack.deliveries)
