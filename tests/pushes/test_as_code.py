"""Subscriptions as TOML: there and back, compared, put into force."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import configuration
from bot.errors import ConfigError
from bot.pushes.as_code import SubscriptionTable, apply, export, follow_file, parse, plan
from bot.pushes.filters import Filters
from bot.pushes.model import BuildEnds
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Origin, Subscription, Subscriptions, Wish
from bot.store.base import Store
from tests.pushes.test_filters import FILTERS

HOME = "home"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def all_of_them(store: Store) -> Subscriptions:
    return Subscriptions(store, HOME)


def wish(pattern: str = "acme/api", channel: str = "C0000001", *tags: str) -> Wish:
    return Wish(channel, Pattern.parse(pattern), Filters(tag=tags))


def subscription(wanted: Wish, origin: Origin = Origin.COMMAND, number: int = 1) -> Subscription:
    return Subscription(
        f"sub_{number}", HOME, wanted.channel, number, wanted.pattern, wanted.filters, origin, "U1", NOW
    )


def test_an_export_is_what_one_would_write_by_hand() -> None:
    releases = Wish("C0000001", Pattern.parse("acme/api"), Filters(tag=("v*",), not_tag=("*-rc*",), semver=">=2"))

    assert export([subscription(releases), subscription(wish("acme/*", "C0000002"))]) == (
        "[[subscriptions]]\n"
        'channel = "C0000001"\n'
        'image = "acme/api"\n'
        'tag = ["v*"]\n'
        'not_tag = ["*-rc*"]\n'
        'semver = ">=2"\n'
        "\n"
        "[[subscriptions]]\n"
        'channel = "C0000002"\n'
        'image = "acme/*"\n'
    )


WISHES = st.lists(
    st.builds(
        Wish,
        channel=st.sampled_from(["C0000001", "C0000002", "G0000003", "D0000004"]),
        pattern=st.builds(Pattern, st.sampled_from(["acme", "library"]), st.sampled_from(["api", "*", "a?i", "api-*"])),
        filters=FILTERS,
    ),
    max_size=6,
    unique_by=lambda each: (each.channel, each.topic),
)


@given(WISHES)
def test_an_export_is_read_back_to_the_same(wishes: list[Wish]) -> None:
    text = export([subscription(each, number=number) for number, each in enumerate(wishes, start=1)])

    assert list(parse(text)) == wishes
    assert [table.wish for table in configuration.parse(text).subscriptions] == wishes


def test_pushes_and_builds_of_the_same_are_two_subscriptions() -> None:
    pushes = wish()
    builds = Wish(pushes.channel, pushes.pattern, Filters(builds=BuildEnds.FAILED))
    text = export([subscription(pushes), subscription(builds, number=2)])

    assert text.endswith('image = "acme/api"\nbuilds = "failed"\n')
    assert parse(text) == (pushes, builds)
    todo = plan([subscription(pushes)], [builds], origin=Origin.COMMAND, remove_others=True)
    assert list(todo.lines()) == ["+ C0000001 acme/api --builds failed", "- C0000001 acme/api"]


def test_of_the_same_from_file_and_command_the_commands_is_exported() -> None:
    of_file = subscription(wish(), Origin.FILE)
    of_command = subscription(wish("acme/api", "C0000001", "v*"), number=2)

    assert (
        parse(export([of_file, of_command]))
        == parse(export([of_command, of_file]))
        == (wish("acme/api", "C0000001", "v*"),)
    )


def test_a_plan_says_what_would_be_done() -> None:
    current = [
        subscription(wish()),
        subscription(wish("acme/web", "C0000001", "v1"), number=2),
        subscription(wish("acme/old"), number=3),
        subscription(wish("acme/filed"), Origin.FILE, number=4),
    ]
    wanted = [wish(), wish("acme/web", "C0000001", "v2"), wish("acme/new", "C0000002")]

    without = plan(current, wanted, origin=Origin.COMMAND)
    whole = plan(current, wanted, origin=Origin.COMMAND, remove_others=True)

    assert list(without.lines()) == [
        "+ C0000002 acme/new",
        "~ C0000001 acme/web: --tag v1 → --tag v2",
        "= 1 unchanged",
    ]
    assert list(whole.lines())[2] == "- C0000001 acme/old"
    assert not without.is_empty
    assert plan(current, [wish()], origin=Origin.COMMAND).is_empty


def test_what_a_plan_says_is_done_and_then_there_is_nothing_left_to_do(all_of_them: Subscriptions) -> None:
    all_of_them.add(wish("acme/web", "C0000001", "v1"), by="U1")
    all_of_them.add(wish("acme/old"), by="U1")
    wanted = [wish("acme/web", "C0000001", "v2"), wish("acme/new", "C0000002")]

    todo = plan(all_of_them.all(), wanted, origin=Origin.COMMAND, remove_others=True)
    apply(all_of_them, todo, origin=Origin.COMMAND, by="U2")

    assert [(each.channel, str(each)) for each in all_of_them.all()] == [
        ("C0000001", "acme/web --tag v2"),
        ("C0000002", "acme/new"),
    ]
    assert plan(all_of_them.all(), wanted, origin=Origin.COMMAND, remove_others=True).is_empty


def test_the_file_is_followed_and_commands_are_left_alone(all_of_them: Subscriptions) -> None:
    def table(image: str, *tags: str) -> SubscriptionTable:
        return SubscriptionTable(channel="C0000001", image=image, tag=tags)

    all_of_them.add(wish("acme/own"), by="U1")
    follow_file(all_of_them, [table("acme/api"), table("acme/gone")])

    todo = follow_file(all_of_them, [table("acme/api", "v*"), table("acme/own")])

    assert list(todo.lines()) == [
        "+ C0000001 acme/own",
        "~ C0000001 acme/api: everything → --tag 'v*'",
        "- C0000001 acme/gone",
    ]
    assert {(str(each), each.origin) for each in all_of_them.all()} == {
        ("acme/own", Origin.COMMAND),
        ("acme/own", Origin.FILE),
        ("acme/api --tag 'v*'", Origin.FILE),
    }
    assert follow_file(all_of_them, [table("acme/api", "v*"), table("acme/own")]).is_empty


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[subscriptions]]\nchannel = "#general"\nimage = "acme/api"', "is not a channel's id"),
        ('[[subscriptions]]\nchannel = "C0000001"', "`image`: this is missing"),
        (
            '[[subscriptions]]\nchannel = "C0000001"\nimage = "acme/api"\nbuilds = "failed"\npusher = "ana"',
            "`builds` goes with tags and versions: pusher, platform and threads are about pushes",
        ),
        (
            '[[subscriptions]]\nchannel = "C0000001"\nimage = "acme/api"\nbuilds = "some"',
            "`failed` or `all` is expected",
        ),
        ("[thresholds]\n", "At the top: `thresholds` is not known here."),
        ("nonsense", "The text is not TOML"),
    ],
)
def test_a_text_that_says_something_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(text)
