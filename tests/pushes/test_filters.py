"""The filter grammar, on its own and as it is typed."""

import shlex
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.chat.router import Router
from bot.pushes.filters import Filters, glob_matches
from bot.pushes.model import BuildEnds, Threads
from commands import COMMANDS
from commands.subscribe import SubscribeArguments

ROUTER = Router(COMMANDS)


def test_without_filters_everything_is_wanted() -> None:
    everything = Filters()

    assert everything.admits("latest", "ana")
    assert everything.admits("", "")
    assert everything.admits_platforms(["linux/amd64"])
    assert (everything.words(), everything.to_json()) == ("", {})


def test_one_of_several_tags_is_enough() -> None:
    releases = Filters(tag=("v*", "1.?"))

    assert releases.admits("v2.0", "ana")
    assert releases.admits("1.2", "ana")
    assert not releases.admits("1.27", "ana")
    assert not releases.admits("V2.0", "ana")


def test_what_leaves_out_wins() -> None:
    releases = Filters(tag=("v*",), not_tag=("*-rc*", "*-beta*"), not_pusher=("bot",))

    assert releases.admits("v2.0", "ana")
    assert not releases.admits("v2.0-rc1", "ana")
    assert not releases.admits("v2.0", "bot")


def test_different_kinds_must_all_fit() -> None:
    both = Filters(tag=("v*",), pusher=("ci-*",), semver=">=2")

    assert both.admits("v2.1", "ci-main")
    assert not both.admits("v2.1", "ana")
    assert not both.admits("v1.9", "ci-main")
    assert not both.admits("2.1", "ci-main")


def test_names_of_people_are_compared_without_case() -> None:
    assert Filters(pusher=("Ana*",)).admits("latest", "ANABELLE")
    assert not Filters(not_pusher=("ana",)).admits("latest", "Ana")


@pytest.mark.parametrize(
    ("filters", "is_wanted"),
    [
        (Filters(), True),
        (Filters(not_tag=("*",)), True),
        (Filters(tag=("*",)), False),
        (Filters(semver="*"), False),
    ],
)
def test_a_push_without_a_tag_is_wanted_unless_tags_are_asked_for(filters: Filters, *, is_wanted: bool) -> None:
    assert filters.admits("", "ana") is is_wanted


def test_a_push_by_nobody_knows_whom_is_wanted_unless_people_are_asked_for() -> None:
    assert Filters(not_pusher=("*",)).admits("latest", "")
    assert not Filters(pusher=("*",)).admits("latest", "")


def test_an_image_of_unknown_platform_may_be_the_one_asked_for() -> None:
    arm = Filters(platform=("arm64", "linux/s390x"))

    assert arm.admits_platforms(["linux/amd64", "linux/arm64/v8"])
    assert arm.admits_platforms(["linux/s390x"])
    assert not arm.admits_platforms(["linux/amd64", "windows/amd64"])
    assert arm.admits_platforms(None)
    assert arm.admits_platforms([])
    assert arm.admits_platforms(["linux/amd64", None])


@pytest.mark.parametrize(
    "values",
    [
        {"tag": ["v{1,2}"]},
        {"tag": [""]},
        {"tag": ["a b"]},
        {"tag": ["[ab]"]},
        {"pusher": ["a,b"]},
        {"pusher": ["`<!channel>`"]},
        {"platform": ["linux arm"]},
        {"semver": "soon"},
        {"threads": "weekly"},
        {"tag": ["v*"] * 51},
        {"tag": ["v" * 201]},
        {"builds": "some"},
        {"builds": "all", "pusher": ["ana"]},
        {"builds": "all", "not_pusher": ["ana"]},
        {"builds": "failed", "platform": ["arm64"]},
        {"builds": "failed", "threads": "day"},
    ],
)
def test_what_is_no_filter_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate(values)


@pytest.mark.parametrize(
    ("filters", "tag", "has_failed", "is_wanted"),
    [
        (Filters(builds=BuildEnds.FAILED), "latest", True, True),
        (Filters(builds=BuildEnds.FAILED), "latest", False, False),
        (Filters(builds=BuildEnds.ALL), "latest", False, True),
        (Filters(builds=BuildEnds.FAILED), "", True, True),
        (Filters(builds=BuildEnds.FAILED, tag=("v*",)), "", True, False),
        (Filters(builds=BuildEnds.FAILED, tag=("v*",)), "v1", True, True),
        (Filters(builds=BuildEnds.ALL, semver=">=2"), "1.9", True, False),
        (Filters(builds=BuildEnds.ALL, not_tag=("v*",)), "v1", True, False),
    ],
)
def test_which_ends_of_builds_are_wanted(filters: Filters, tag: str, *, has_failed: bool, is_wanted: bool) -> None:
    assert filters.admits_build(tag, has_failed=has_failed) is is_wanted


def test_what_a_later_version_adds_is_ignored() -> None:
    assert Filters.model_validate({"tag": ["v*"], "weekday": "monday"}) == Filters(tag=("v*",))


def test_order_and_repetition_make_no_difference() -> None:
    assert Filters(tag=("b", "a", "b")) == Filters(tag=("a", "b"))


TAG_GLOBS = st.text("ab1v._-*?", min_size=1, max_size=6)
PUSHER_GLOBS = st.text("abAB1._-@+/:*?", min_size=1, max_size=6)
SEMVERS = st.sampled_from([">=2", ">=1.2 <2", "^1.4 || ~2.1", "1.x", "*", "<2||>=3", "> 1,<3"])
PLATFORMS = st.sampled_from(["arm64", "linux/amd64", "linux/arm64/v8", "arm/v7"])
several = st.builds(tuple, st.lists(TAG_GLOBS, max_size=3))
OF_BUILDS = st.builds(
    Filters,
    builds=st.sampled_from(BuildEnds),
    tag=several,
    not_tag=several,
    semver=st.none() | SEMVERS,
)
OF_PUSHES = st.builds(
    Filters,
    tag=several,
    not_tag=several,
    pusher=st.builds(tuple, st.lists(PUSHER_GLOBS, max_size=2)),
    not_pusher=st.builds(tuple, st.lists(PUSHER_GLOBS, max_size=2)),
    semver=st.none() | SEMVERS,
    platform=st.builds(tuple, st.lists(PLATFORMS, max_size=2)),
    threads=st.sampled_from(Threads),
)
FILTERS = OF_PUSHES | OF_BUILDS


def as_slack_sends_it(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(FILTERS)
def test_the_words_of_filters_are_read_back_to_the_same(filters: Filters) -> None:
    read = ROUTER.parse(as_slack_sends_it(f"subscribe acme/api {filters.words()}")).arguments

    assert isinstance(read, SubscribeArguments)
    assert read.filters == filters
    assert ROUTER.parse_words(shlex.split(f"subscribe acme/api {filters.words()}")).arguments == read


@given(OF_BUILDS)
def test_what_is_about_builds_admits_no_push(filters: Filters) -> None:
    assert not filters.admits("v2.0", "ana")
    assert not filters.admits("", "")


@given(OF_PUSHES)
def test_what_is_about_pushes_admits_no_build(filters: Filters) -> None:
    assert not filters.admits_build("v2.0", has_failed=True)
    assert not filters.admits_build("", has_failed=True)


@given(FILTERS)
def test_filters_survive_being_stored(filters: Filters) -> None:
    assert Filters.model_validate(filters.to_json()) == filters


@given(st.text("ab.*?", max_size=8), st.text("ab.", max_size=10))
def test_globs_match_as_those_of_a_shell(glob: str, text: str) -> None:
    assert glob_matches(glob, text) == fnmatchcase(text, glob)


def test_a_bracket_in_a_glob_is_a_bracket() -> None:
    assert glob_matches("a[b]", "a[b]")
    assert not glob_matches("a[b]", "ab")


def test_no_glob_is_slow() -> None:
    assert not glob_matches("*a" * 60 + "b", "a" * 128)


@pytest.mark.parametrize("typed", ["--tag v1,v2", "--tag v1 --tag v2", "--tag 'v1, v2'", "–tag v2 —tag v1"])
def test_a_list_may_be_typed_in_several_ways(typed: str) -> None:
    read = ROUTER.parse(f"subscribe acme/api {typed}").arguments

    assert isinstance(read, SubscribeArguments)
    assert read.filters == Filters(tag=("v1", "v2"))
