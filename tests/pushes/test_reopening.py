from bot.pushes.channels import Channels
from bot.pushes.reopening import EVERY_SECONDS, Reopening
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.slack.client import SlackClient
from tests.pushes.post import Post, post, slack
from tests.store.played import clock, store

__all__ = ["clock", "post", "slack", "store"]

INFO = "conversations.info"


def reopening(post: Post) -> Reopening:
    client = SlackClient(seed.BOT_TOKEN, post.slack.api_url, timeout_seconds=2)
    return Reopening(post.store, client, Channels(post.store), post.clock)


def close(post: Post) -> None:
    post.slack.acting_as(seed.ANA).archives(seed.DEPLOYS)
    post.push()
    post.read_back()
    post.run(15)


def test_a_channel_that_is_open_again_is_found_out(post: Post) -> None:
    close(post)
    look = reopening(post)
    look.step()
    post.run(5)
    assert post.texts() == []

    post.slack.acting_as(seed.ANA).unarchives(seed.DEPLOYS)
    look.step()
    post.run(5)
    assert post.texts() == [], "it looks hourly"
    post.clock.advance(EVERY_SECONDS)
    look.step()
    post.run(5)

    assert len(post.texts()) == 2
    assert "1.0" in post.texts()[0]


def test_nothing_is_asked_where_nothing_is_closed(post: Post) -> None:
    reopening(post).step()

    assert post.slack.calls_to(INFO) == []


def test_slack_being_away_changes_nothing(post: Post) -> None:
    close(post)
    post.slack.acting_as(seed.ANA).unarchives(seed.DEPLOYS)
    post.slack.faults.add(SlackFault("unavailable", method=INFO, times=1))
    look = reopening(post)

    look.step()
    post.run(5)
    assert post.texts() == []
    post.clock.advance(EVERY_SECONDS)
    look.step()
    post.run(5)

    assert len(post.texts()) == 2
