"""What people do to the bot itself is in the audit trail."""

from collections.abc import Iterator

import pytest

from bot.governance.trail import Search, Trail
from bot.pushes.as_code import SubscriptionTable, follow_file
from tests.support.following import CHANNEL, OPERATOR, FollowingDesk, open_following_desk


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
