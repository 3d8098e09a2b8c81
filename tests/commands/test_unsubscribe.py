from collections.abc import Iterator

import pytest

from bot.errors import DeliveryError, UsageError
from bot.pushes.as_code import SubscriptionTable, follow_file
from tests.support.following import CHANNEL, FollowingDesk, open_following_desk


@pytest.fixture
def desk() -> Iterator[FollowingDesk]:
    """A channel that hears of four, of which the last is the configuration file's."""
    with open_following_desk() as opened:
        for image in ("acme/api", "library/nginx", "acme/*"):
            opened.ask(f"subscribe {image}")
        follow_file(opened.subscribing.subscriptions, [SubscriptionTable(channel=CHANNEL, image="acme/filed")])
        opened.channel.said.clear()
        yield opened


def left(desk: FollowingDesk) -> list[str]:
    return [str(each.pattern) for each in desk.subscribing.subscriptions.of_channel(CHANNEL).subscriptions]


def test_names_and_numbers_are_removed_and_the_channel_sees_it(desk: FollowingDesk) -> None:
    assert desk.says("unsubscribe api 2") == ["Unsubscribed: acme/api, library/nginx."]
    assert desk.channel.said == [
        [
            "U0OPERATOR unsubscribed this channel from acme/api, library/nginx.",
            "3.: acme/*, every push, since 2026-11-21 09:00 UTC",
            "4.: acme/filed, every push, from the configuration file since 2026-11-21 09:00 UTC",
        ]
    ]


def test_the_channel_is_told_when_it_hears_of_nothing_any_more() -> None:
    with open_following_desk() as desk:
        desk.ask("subscribe acme/api")
        desk.ask("unsubscribe acme/api")

        assert desk.channel.said[-1] == [
            "U0OPERATOR unsubscribed this channel from acme/api.",
            "No pushes are announced here now.",
        ]


def test_a_short_name_is_what_is_subscribed_to_and_asks_nobody(desk: FollowingDesk) -> None:
    asked = len(desk.paths())

    assert desk.says("unsubscribe nginx")[0] == "Unsubscribed: library/nginx."
    assert len(desk.paths()) == asked


def test_a_pattern_removes_itself_only(desk: FollowingDesk) -> None:
    desk.ask("unsubscribe 'acme/*'")

    assert left(desk) == ["acme/api", "library/nginx", "acme/filed"]


def test_what_is_valid_is_done_and_the_rest_is_named(desk: FollowingDesk) -> None:
    assert desk.says("unsubscribe acme/api acme/nothing 17 4")[:3] == [
        "Unsubscribed: acme/api.",
        "This channel has no subscription acme/nothing, 17.",
        "Kept by the configuration file: acme/filed.",
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "unsubscribe acme/nothing 17",
            (
                "Nothing was removed. This channel has no subscription `acme/nothing`, `17`; "
                "`/hub subscriptions` lists what it has."
            ),
        ),
        (
            "unsubscribe acme/filed",
            "Nothing was removed. `acme/filed`: kept by the configuration file, and changed there.",
        ),
    ],
)
def test_where_nothing_can_be_removed_nothing_is_and_only_the_asker_hears(
    desk: FollowingDesk, typed: str, said: str
) -> None:
    assert str(desk.ask(typed).failure) == said
    assert len(left(desk)) == 4
    assert desk.channel.said == []


def test_all_is_all_but_what_the_file_says(desk: FollowingDesk) -> None:
    assert desk.says("unsubscribe --all")[:2] == [
        "Unsubscribed: acme/api, library/nginx, acme/*.",
        "Kept by the configuration file: acme/filed.",
    ]
    assert left(desk) == ["acme/filed"]


def test_it_is_done_even_where_the_channel_cannot_be_told(desk: FollowingDesk) -> None:
    desk.channel.refusal = DeliveryError("Slack refused it: is_archived.", permanent=True, code="is_archived")

    assert desk.says("unsubscribe acme/api")[-1] == "I could not say so in the channel: Slack refused it: is_archived."
    assert "acme/api" not in left(desk)


@pytest.mark.parametrize(
    "typed", ["unsubscribe", "unsubscribe acme/api --all", "unsubscribe acme/api:1.27", "unsubscribe '*/x'"]
)
def test_what_cannot_be_understood_removes_nothing(desk: FollowingDesk, typed: str) -> None:
    with pytest.raises(UsageError):
        desk.ask(typed)
    assert len(left(desk)) == 4


def test_builds_are_unsubscribed_from_alone_or_with_the_pushes(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --builds failed")

    assert desk.says("unsubscribe acme/api --builds") == ["Unsubscribed: acme/api --builds failed."]
    assert "acme/api" in left(desk)

    desk.ask("subscribe acme/api --builds failed")
    assert desk.says("unsubscribe acme/api") == ["Unsubscribed: acme/api, acme/api --builds failed."]
    desk.ask("subscribe acme/web --builds all")
    assert desk.says("unsubscribe --all --builds") == ["Unsubscribed: acme/web --builds all."]


def test_a_number_needs_no_word_on_builds(desk: FollowingDesk) -> None:
    with pytest.raises(UsageError, match="leave `--builds` out"):
        desk.ask("unsubscribe 2 --builds")
