from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.chat.place import Place
from bot.chat.router import answer
from bot.errors import AccessDeniedError, UsageError
from bot.governance.roles import Role
from bot.store.tables import mutes
from tests.support.desk import spoken
from tests.support.following import CHANNEL, FollowingDesk, open_following_desk

TEXT = '[[subscriptions]]\nchannel = "C0RELEASES"\nimage = "acme/api"\ntag = ["v*"]\n'


@pytest.fixture
def desk() -> Iterator[FollowingDesk]:
    with open_following_desk() as opened:
        yield opened


def ask_in_terminal(desk: FollowingDesk, *words: str) -> list[str]:
    """Return the answer to words as a shell gives them, whose line ends nobody has touched."""
    desk.place, desk.role = None, Role.ADMIN
    return spoken(answer(desk.router.parse_words(words), desk.context()).document)


def test_every_member_sees_what_the_channel_hears_of(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")
    desk.role = Role.MEMBER

    assert desk.says("subscriptions") == [
        "Subscriptions of this channel",
        "- 1. acme/api --tag 'v*', since 2026-11-21 09:00 UTC by U0OPERATOR",
    ]


def test_muted_ones_are_marked(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/*")
    row = {
        "workspace": "home",
        "channel": CHANNEL,
        "repository": "acme/api",
        "until_at": desk.clock.now() + timedelta(hours=3),
        "muted_by": "U0MUTER",
    }
    desk.store.write(lambda connection: connection.execute(insert(mutes).values(row)).rowcount)

    assert desk.says("subscriptions")[1].endswith("; muted acme/api until 2026-11-21 12:00 UTC by U0MUTER")


def test_operators_see_every_channel(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    desk.place = Place("C0OTHER", "U0OTHER")
    desk.ask("subscribe acme/empty")

    assert desk.says("subscriptions --all") == [
        "Subscriptions",
        "In C0OTHER",
        "- 1. acme/empty, every push, since 2026-11-21 09:00 UTC by U0OTHER",
        "In C0RELEASES",
        "- 1. acme/api, every push, since 2026-11-21 09:00 UTC by U0OPERATOR",
    ]
    desk.role = Role.MEMBER
    for typed in ("subscriptions --all", "subscriptions --import x"):
        assert isinstance(desk.ask(typed).failure, AccessDeniedError)


def test_an_export_can_be_imported(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")

    assert desk.says("subscriptions --export") == ["Subscriptions", TEXT]
    assert ask_in_terminal(desk, "subscriptions", "--import", TEXT) == [
        "Subscriptions",
        "= 1 unchanged",
        "Everything is as the text says.",
    ]


def test_an_import_says_first_and_does_then(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")

    said = ask_in_terminal(desk, "subscriptions", "--import", TEXT, "--remove")
    assert said == [
        "Subscriptions",
        "+ C0RELEASES acme/api --tag 'v*'\n- C0RELEASES acme/empty",
        "Nothing was changed. To do this, say the same with --apply.",
    ]
    assert ask_in_terminal(desk, "subscriptions", "--import", TEXT, "--remove", "--apply")[-1] == "Done."
    assert [str(each) for each in desk.subscribing.subscriptions.all()] == ["acme/api --tag 'v*'"]


def test_an_import_removes_nothing_unless_asked_and_nothing_elsewhere(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")
    desk.place = Place("C0OTHER", "U0OTHER")
    desk.ask("subscribe acme/empty")

    ask_in_terminal(desk, "subscriptions", "--import", TEXT, "--apply")
    assert len(desk.subscribing.subscriptions.all()) == 3
    ask_in_terminal(desk, "subscriptions", "--import", TEXT, "--apply", "--remove")
    assert [(each.channel, str(each.pattern)) for each in desk.subscribing.subscriptions.all()] == [
        ("C0OTHER", "acme/empty"),
        ("C0RELEASES", "acme/api"),
    ]


def test_a_text_with_problems_changes_nothing(desk: FollowingDesk) -> None:
    outcome = desk.ask("subscriptions --import '[[subscriptions]]' --apply")

    assert str(outcome.failure) == (
        "[[subscriptions]] no. 1, `channel`: this is missing.\n[[subscriptions]] no. 1, `image`: this is missing."
    )


@pytest.mark.parametrize("typed", ["subscriptions --apply", "subscriptions --remove", "subscriptions --import x --all"])
def test_options_that_contradict_each_other_are_refused(desk: FollowingDesk, typed: str) -> None:
    with pytest.raises(UsageError):
        desk.ask(typed)


def test_without_a_database_the_setting_to_fill_is_named(desk: FollowingDesk) -> None:
    context = replace(desk.context(), pushes=None)

    outcome = answer(desk.router.parse("subscriptions"), context)

    assert "set `HUB_BOT_WEBHOOK_SECRET`" in str(outcome.failure)
