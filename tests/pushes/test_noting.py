"""What people do to the bot itself is in the audit trail."""

from collections.abc import Iterator

import pytest

from bot.governance.trail import Search, Trail
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.pushes import folding
from bot.pushes.as_code import SubscriptionTable, follow_file
from bot.pushes.channels import Channels
from bot.pushes.ledger import Ledger
from bot.store.workspaces import HOME
from tests.support.desk import NOW
from tests.support.following import CHANNEL, OPERATOR, FollowingDesk, open_following_desk
from tests.support.ledger import Past


@pytest.fixture
def desk() -> Iterator[FollowingDesk]:
    with open_following_desk() as opened:
        yield opened


def noted(desk: FollowingDesk) -> list[tuple[str, str, str, str, str | None]]:
    found = Trail(desk.store).lines(Search()).lines
    return sorted((each.verb, each.subject, each.summary, each.actor, each.channel) for each in found)


def test_subscribing_and_unsubscribing_is_noted_with_what_was_there_before(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")
    desk.ask("subscribe acme/api --tag v*")
    desk.ask("subscribe acme/api")
    desk.ask("unsubscribe acme/api")

    assert noted(desk) == [
        ("subscribe", "acme/api", "Subscribe to acme/api --tag 'v*'", OPERATOR, CHANNEL),
        ("subscribe", "acme/api", "Subscribe to acme/api, before --tag 'v*'", OPERATOR, CHANNEL),
        ("unsubscribe", "acme/api", "Unsubscribe from acme/api", OPERATOR, CHANNEL),
    ]


def test_what_is_refused_or_only_looked_at_is_not_noted(desk: FollowingDesk) -> None:
    desk.ask("unsubscribe acme/nothing")
    desk.ask("subscriptions")
    desk.ask("deliveries")

    assert noted(desk) == []


def test_what_the_configuration_file_says_is_noted_once(desk: FollowingDesk) -> None:
    tables = [SubscriptionTable(channel=CHANNEL, image="acme/filed")]
    follow_file(desk.subscribing.subscriptions, tables)
    follow_file(desk.subscribing.subscriptions, tables)
    follow_file(desk.subscribing.subscriptions, [])

    assert noted(desk) == [
        ("subscriptions", "acme/filed", "Subscribe to acme/filed", "configuration file", CHANNEL),
        ("subscriptions", "acme/filed", "Unsubscribe from acme/filed", "configuration file", CHANNEL),
    ]


def test_an_import_is_noted_line_by_line_with_who_did_it(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    text = f'[[subscriptions]]\nchannel = "{CHANNEL}"\nimage = "acme/web"\n'

    desk.subscribing.apply(desk.subscribing.import_(text, remove_others=True), by="U0ANA")

    assert noted(desk)[1:] == [
        ("subscriptions", "acme/api", "Unsubscribe from acme/api", "U0ANA", CHANNEL),
        ("subscriptions", "acme/web", "Subscribe to acme/web", "U0ANA", CHANNEL),
    ]


def announcement(desk: FollowingDesk) -> str:
    """Return the id of a message that tells of pushes to acme/api."""
    lane = Lane(HOME, CHANNEL)
    return desk.store.write(
        lambda connection: messages.add(
            connection, lane, kind=folding.KIND, stream="acme/api", now=desk.clock.now(), content={}
        )
    )


def test_muting_is_noted_and_ending_it_once(desk: FollowingDesk) -> None:
    message_id, channels = announcement(desk), Channels(desk.store)
    channels.mute(message_id, channel=CHANNEL, by="U0ANA")
    channels.unmute(message_id, channel=CHANNEL, by="U0BEA")
    channels.unmute(message_id, channel=CHANNEL, by="U0BEA")

    assert noted(desk) == [
        ("mute", "acme/api", "Announce no pushes to acme/api for a day", "U0ANA", CHANNEL),
        ("unmute", "acme/api", "Announce pushes to acme/api again", "U0BEA", CHANNEL),
    ]


def test_a_mute_that_subscribing_ends_is_noted_too(desk: FollowingDesk) -> None:
    Channels(desk.store).mute(announcement(desk), channel=CHANNEL, by="U0ANA")
    desk.ask("subscribe acme/api")

    assert ("unmute", "acme/api", "Announce pushes to acme/api again", OPERATOR, CHANNEL) in noted(desk)


def test_retrying_and_dropping_deliveries_is_noted_where_it_did_something(desk: FollowingDesk) -> None:
    past, ledger = Past(desk.store, NOW), Ledger(desk.store)
    one, other, sent = past.dead("C1"), past.dead("C1"), past.sent("C1")
    for message in (one, other, sent):
        past.tell(past.push(), message)

    ledger.retry(one, "U0OPS")
    ledger.drop(other, "U0OPS")
    ledger.retry(sent, "U0OPS")
    ledger.retry("msg_none", "U0OPS")

    assert noted(desk) == [
        ("deliveries", "acme/api", f"Drop {other}", "U0OPS", "C1"),
        ("deliveries", "acme/api", f"Retry {one}", "U0OPS", "C1"),
    ]


def test_retrying_everything_is_noted_once_a_channel(desk: FollowingDesk) -> None:
    past, ledger = Past(desk.store, NOW), Ledger(desk.store)
    for channel in ("C1", "C1", "C2"):
        past.tell(past.push(), past.dead(channel))

    ledger.retry_failed("U0OPS", channel=None)

    assert noted(desk) == [
        ("deliveries", "C1", "Retry everything that failed: 2 messages", "U0OPS", "C1"),
        ("deliveries", "C2", "Retry everything that failed: 1 message", "U0OPS", "C2"),
    ]
