"""The Share button: what it shows to whom, and how often."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.web.sharing import NOT_TAKEN, REFUSALS, SHARED
from tests.support.slack import buttons_of, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, OPERATOR, Bot, click_on, dumps

ACTIONS = "/actions/"


def public(slack: SlackSimulator, channel: str = seed.GENERAL) -> list[Message]:
    return [message for message in said(slack, channel) if message.ephemeral_for is None]


def test_the_button_posts_the_answer_and_goes_away(bot: Bot) -> None:
    answer = bot.asked("say hello")

    url = bot.press(answer)

    wait_until(lambda: len(bot.slack.posts_to(url)) == 2)
    private, shared = said(bot.slack)
    assert (shared.ephemeral_for, shared.text) == (None, "*said hello*\nThat is all.")
    assert shared.blocks[-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub say hello`"
    assert (private.ephemeral_for, private.text) == (MEMBER, f"*said hello*\nThat is all.\n{SHARED}")
    assert not buttons_of(private)


def test_a_button_works_once_however_often_it_is_pressed(bot: Bot) -> None:
    answer = bot.asked("say hello")
    # Until the first post arrives, the button is there for everybody to press.
    bot.slack.faults.add(SlackFault(kind="slow", path=ACTIONS, seconds=0.2))

    with ThreadPoolExecutor(5) as fingers:
        urls = list(fingers.map(lambda _: bot.press(answer), range(5)))

    wait_until(lambda: sum(bool(bot.slack.posts_to(url)) for url in urls) == 5)
    assert len(public(bot.slack)) == 1
    assert texts(bot.slack).count(REFUSALS.taken) == 4


@pytest.mark.parametrize(
    ("user", "channel", "value", "sentence"),
    [
        (MEMBER, seed.GENERAL, "forged", REFUSALS.gone),
        (MEMBER, seed.GENERAL, "", REFUSALS.gone),
        (OPERATOR, seed.GENERAL, None, REFUSALS.foreign),
        (MEMBER, seed.DEPLOYS, None, REFUSALS.foreign),
    ],
)
def test_a_button_that_is_not_ones_own_does_nothing(
    bot: Bot, user: str, channel: str, value: str | None, sentence: str
) -> None:
    """Slack shows it to nobody else, so such a click is made by hand."""
    answer = bot.asked("say hello")
    (button,) = buttons_of(answer)
    forged = {**button, "value": button["value"] if value is None else value}
    url = bot.slack.issue_response_url(user=user, channel=channel)

    assert bot.post(urlencode({"payload": dumps(click_on(forged, url, user=user, channel=channel))})).ok

    wait_until(lambda: bot.slack.posts_to(url))
    refusal = said(bot.slack, channel)[-1]
    assert (refusal.ephemeral_for, refusal.text) == (user, sentence)
    assert not public(bot.slack, channel)
    bot.press(answer)
    wait_until(lambda: public(bot.slack))


def test_a_person_who_lost_the_right_can_share_no_more(bot: Bot) -> None:
    operator = bot.slack.acting_as(OPERATOR)
    operator.joins(seed.PARTNER)
    answer = bot.asked("say hello --share", user=OPERATOR, channel=seed.PARTNER)
    bot.slack.state.people[OPERATOR].is_deleted = True

    operator.clicks(seed.PARTNER, answer.ts, "share")

    wait_until(lambda: "full members" in texts(bot.slack, seed.PARTNER)[-1])
    assert not public(bot.slack, seed.PARTNER)


def test_in_a_channel_of_two_organizations_a_member_cannot_share(bot: Bot) -> None:
    answer = bot.asked("say hello", channel=seed.PARTNER)

    url = bot.press(answer)

    wait_until(lambda: bot.slack.posts_to(url))
    (rewritten,) = said(bot.slack, seed.PARTNER)
    assert (rewritten.ts, rewritten.ephemeral_for) == (answer.ts, MEMBER)
    assert rewritten.text.endswith("An operator can share it.")
    assert not buttons_of(rewritten)


def test_in_a_channel_of_two_organizations_an_operator_is_asked_again(bot: Bot) -> None:
    bot.slack.acting_as(OPERATOR).joins(seed.PARTNER)
    answer = bot.asked("say hello", user=OPERATOR, channel=seed.PARTNER)

    first = bot.press(answer, user=OPERATOR)
    wait_until(lambda: bot.slack.posts_to(first))
    assert not public(bot.slack, seed.PARTNER)
    second = bot.press(answer, user=OPERATOR)

    wait_until(lambda: len(bot.slack.posts_to(second)) == 2)
    (shared,) = public(bot.slack, seed.PARTNER)
    assert shared.text == "*said hello*\nThat is all."


def test_a_share_that_slack_does_not_take_is_said(bot: Bot) -> None:
    answer = bot.asked("say hello")
    bot.slack.faults.add(SlackFault(kind="unavailable", status=500, path=ACTIONS, times=2))

    url = bot.press(answer)

    wait_until(lambda: len(bot.slack.posts_to(url)) == 3)
    assert texts(bot.slack)[1:] == [NOT_TAKEN]
