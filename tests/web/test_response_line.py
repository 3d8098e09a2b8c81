"""What is left of a response_url, seen from the clock."""

from datetime import UTC, datetime

import pytest

from bot.clock import FrozenClock
from bot.governance.roles import Person
from bot.slack.client import SlackClient
from bot.slack.message import Message
from bot.slack.response_url import LIFETIME_SECONDS, ResponseUrls
from bot.web.conversations import CommandConversation
from bot.web.courier import Courier
from bot.web.outgoing import Outgoing, notice
from bot.web.response_line import ResponseLine
from tests.support.fake_slack import TEAM, TOKEN, FakeSlack

BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 21, tzinfo=UTC))


def test_after_half_an_hour_an_answer_for_the_channel_comes_as_a_direct_message(
    slack: FakeSlack, clock: FrozenClock
) -> None:
    urls, url = ResponseUrls(slack.api_url), slack.response_url()
    line = ResponseLine(urls, urls.accept(url.address), clock=clock, received_at=0.0)
    courier = Courier(SlackClient(TOKEN, slack.api_url), clock)
    answer = Outgoing(Message("public"), Message("public"), Message("private"), in_channel=True)
    clock.advance(LIFETIME_SECONDS)

    CommandConversation(line, courier, Person("U1", TEAM)).deliver(answer)

    assert not url.uses
    assert [(message.channel, message.text) for message in slack.messages] == [("U1", "private")]


def test_announcements_never_take_the_uses_that_the_answer_needs(slack: FakeSlack, clock: FrozenClock) -> None:
    urls, url = ResponseUrls(slack.api_url), slack.response_url()
    line = ResponseLine(urls, urls.accept(url.address), clock=clock, received_at=0.0)

    said = [line.say_once(str(number)) for number in range(5)]

    assert said == [True, True, True, False, False]
    url.refuses_blocks = True
    assert line.say(Message("x", (BLOCK,)), Message("x"), response_type="ephemeral")
    assert not line.is_open
    assert len(url.uses) == 5


def test_a_busy_slack_is_not_waited_for_longer_than_a_person_waits(slack: FakeSlack, clock: FrozenClock) -> None:
    courier = Courier(SlackClient(TOKEN, slack.api_url), clock)
    answer = notice("hello")

    slack.fail("chat.postMessage", "ratelimited", status=429, Retry_After="9")
    courier.post("U1", answer.direct, answer.plain)
    assert clock.monotonic() == 9

    slack.fail("chat.postMessage", "ratelimited", status=429, Retry_After="60")
    with pytest.raises(Exception, match="ratelimited"):
        courier.post("U1", answer.direct, answer.plain)
    assert clock.monotonic() == 9
