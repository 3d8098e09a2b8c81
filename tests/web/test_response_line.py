"""What is left of a response_url, seen from the clock."""

from datetime import UTC, datetime

import pytest

from bot.clock import FrozenClock
from bot.governance.roles import Person
from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack.client import SlackClient
from bot.slack.message import Message
from bot.slack.response_url import LIFETIME_SECONDS, ResponseUrls
from bot.web.conversations import CommandConversation
from bot.web.courier import Courier
from bot.web.outgoing import Outgoing, notice
from bot.web.response_line import ResponseLine
from tests.support.slack import direct_message, is_taken, said, texts

BLOCK = {"type": "divider"}
REFUSED_BLOCK = {"type": "nonsense"}


class SharedClock(FrozenClock):
    """Whoever sleeps on it moves Slack's time as well."""

    def __init__(self, slack_clock: MovableClock) -> None:
        super().__init__(datetime(2026, 11, 21, tzinfo=UTC))
        self._slack_clock = slack_clock

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._slack_clock.advance(seconds=seconds)


@pytest.fixture
def clock(slack: SlackSimulator) -> FrozenClock:
    assert isinstance(slack.clock, MovableClock)
    return SharedClock(slack.clock)


def test_after_half_an_hour_an_answer_for_the_channel_comes_as_a_direct_message(
    slack: SlackSimulator, clock: FrozenClock
) -> None:
    urls, url = ResponseUrls(slack.api_url), slack.issue_response_url(user=seed.MIA, channel=seed.GENERAL)
    line = ResponseLine(urls, urls.accept(url), clock=clock, received_at=0.0)
    courier = Courier(SlackClient(seed.BOT_TOKEN, slack.api_url), clock)
    answer = Outgoing(Message("public"), Message("public"), Message("private"), in_channel=True)
    clock.advance(LIFETIME_SECONDS)

    CommandConversation(line, courier, Person(seed.MIA, seed.TEAM_ID)).deliver(answer)

    assert not slack.posts
    assert texts(slack) == []
    assert texts(slack, direct_message(slack, seed.MIA).id) == ["private"]


def test_announcements_never_take_the_uses_that_the_answer_needs(slack: SlackSimulator, clock: FrozenClock) -> None:
    urls, url = ResponseUrls(slack.api_url), slack.issue_response_url(user=seed.MIA, channel=seed.GENERAL)
    line = ResponseLine(urls, urls.accept(url), clock=clock, received_at=0.0)

    shown = [line.say_once(str(number)) for number in range(5)]

    assert shown == [True, True, True, False, False]
    assert line.say(Message("x", (REFUSED_BLOCK,)), Message("x"), response_type="ephemeral")
    assert not line.is_open
    assert [is_taken(post) for post in slack.posts_to(url)] == [True, True, True, False, True]
    assert texts(slack) == ["0", "1", "2", "x"]


def test_two_answers_for_the_channel_at_once_both_come_there(slack: SlackSimulator, clock: FrozenClock) -> None:
    """Slack takes one message a second in a channel, over response URLs too."""
    urls = ResponseUrls(slack.api_url)

    for text in ("first", "second"):
        url = slack.issue_response_url(user=seed.MIA, channel=seed.GENERAL)
        line = ResponseLine(urls, urls.accept(url), clock=clock, received_at=0.0)
        assert line.say(Message(text, (BLOCK,)), Message(text), response_type="in_channel")

    assert [post.status for post in slack.posts] == [200, 429, 200]
    assert [(message.text, len(message.blocks)) for message in said(slack)] == [("first", 1), ("second", 1)]
    assert clock.monotonic() == 1.0


def test_a_channel_that_stays_busy_takes_none_of_the_uses(slack: SlackSimulator, clock: FrozenClock) -> None:
    urls, url = ResponseUrls(slack.api_url), slack.issue_response_url(user=seed.MIA, channel=seed.GENERAL)
    line = ResponseLine(urls, urls.accept(url), clock=clock, received_at=0.0)
    slack.faults.add(SlackFault(kind="rate_limited", path="/commands/", times=3))

    assert not line.say(Message("x", (BLOCK,)), Message("x"), response_type="in_channel")

    assert [post.status for post in slack.posts_to(url)] == [429] * 3
    assert [line.say(Message(str(number)), Message(str(number))) for number in range(6)] == [True] * 5 + [False]


def test_a_busy_slack_is_not_waited_for_longer_than_a_person_waits(slack: SlackSimulator, clock: FrozenClock) -> None:
    courier = Courier(SlackClient(seed.BOT_TOKEN, slack.api_url), clock)
    answer = notice("hello")

    slack.faults.add(SlackFault(kind="rate_limited", times=1, retry_after_seconds=9))
    courier.post(seed.MIA, answer.direct, answer.plain)
    assert clock.monotonic() == 9

    slack.faults.add(SlackFault(kind="rate_limited", times=1, retry_after_seconds=60))
    with pytest.raises(Exception, match="ratelimited"):
        courier.post(seed.MIA, answer.direct, answer.plain)
    assert clock.monotonic() == 9
