"""Which tags are picked, which are spared, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.model import PlatformSnapshot, TagSnapshot
from bot.fleet.picking import (
    IMAGE_UNKNOWN,
    KEPT_LATEST,
    NOT_THERE,
    PULL_UNKNOWN,
    PULLS_UNTOLD,
    PUSH_UNKNOWN,
    Rule,
    Spared,
    select_by_rule,
    select_named,
)
from bot.fleet.protection import Protection
from bot.fleet.staleness import Limits
from bot.fleet.staleness import Rule as StaleRule
from bot.images import RepositoryName

NOW = datetime(2026, 11, 21, tzinfo=UTC)
API = RepositoryName("acme", "api")
NOTHING = Protection()


def tag(
    name: str, *, pushed: float | None = 100, pulled: float | None = 80, digest: str = "", size: int | None = 10
) -> TagSnapshot:
    """Return a tag that was pushed and pulled so many days ago."""
    return TagSnapshot(
        repository=API,
        name=name,
        digest=digest or f"sha256:{name}",
        pushed_at=None if pushed is None else NOW - timedelta(days=pushed),
        pulled_at=None if pulled is None else NOW - timedelta(days=pulled),
        size_bytes=size,
        platforms=(PlatformSnapshot("linux/amd64", digest or f"sha256:{name}", size),),
        content_type="image",
        read_at=NOW,
    )


def picked(*tags: TagSnapshot, protection: Protection = NOTHING, **conditions: object) -> list[str]:
    """Return what a rule picks."""
    found = select_by_rule(tags, Rule(**conditions), protection, NOW)  # type: ignore[arg-type]
    return [each.name for each in found.doomed]


def test_all_conditions_hold_together() -> None:
    tags = [
        tag("pr-1", pushed=40, pulled=100),
        tag("pr-2", pushed=20, pulled=100),
        tag("pr-3", pushed=40, pulled=10),
        tag("other", pushed=40, pulled=100),
    ]

    assert picked(*tags, match="pr-*", older=timedelta(days=30), not_pulled=timedelta(days=90)) == ["pr-1"]


def test_the_oldest_come_first() -> None:
    assert picked(tag("a", pushed=1), tag("b", pushed=3), tag("c", pushed=2)) == ["b", "c", "a"]


def test_the_newest_of_those_that_match_are_spared() -> None:
    tags = [tag("v9", pushed=1), *(tag(f"pr-{number}", pushed=number) for number in range(1, 6))]

    found = select_by_rule(tags, Rule(match="pr-*", keep=2), NOTHING, NOW)

    assert [each.name for each in found.doomed] == ["pr-5", "pr-4", "pr-3"]
    assert found.spared == tuple(Spared(name, "it is one of the 2 pushed last") for name in ("pr-1", "pr-2"))


def test_latest_has_to_be_named() -> None:
    tags = [tag("latest"), tag("a")]

    assert select_by_rule(tags, Rule(), NOTHING, NOW).spared == (Spared("latest", KEPT_LATEST),)
    assert [each.name for each in select_named(tags, ["latest"], NOTHING).doomed] == ["latest"]


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ({}, PUSH_UNKNOWN),
        ({"older": timedelta(days=1)}, PUSH_UNKNOWN),
        ({"limits": Limits()}, PUSH_UNKNOWN),
    ],
)
def test_what_nobody_knows_the_push_of_is_spared_and_said(conditions: dict[str, object], why: str) -> None:
    found = select_by_rule([tag("a", pushed=None)], Rule(**conditions), NOTHING, NOW)  # type: ignore[arg-type]

    assert (found.doomed, found.spared) == ((), (Spared("a", why),))
    assert select_named([tag("a", pushed=None)], ["a"], NOTHING).spared == (Spared("a", PUSH_UNKNOWN),)


def test_what_nobody_knows_the_pull_of_goes_only_where_that_was_not_asked_and_pulls_of_others_are_told() -> None:
    tags = [tag("a", pulled=None), tag("b")]

    assert select_by_rule(tags, Rule(not_pulled=timedelta(days=1)), NOTHING, NOW).spared == (Spared("a", PULL_UNKNOWN),)
    assert picked(*tags) == ["a", "b"]
    assert select_by_rule(tags[:1], Rule(), NOTHING, NOW).spared == (Spared("a", PULLS_UNTOLD),)
    assert select_named(tags[:1], ["a"], NOTHING).spared == (Spared("a", PULLS_UNTOLD),)


def test_what_has_no_image_that_could_be_told_from_others_stays() -> None:
    unknown = replace(tag("a"), digest=None, platforms=())

    assert select_named([unknown], ["a"], NOTHING).spared == (Spared("a", IMAGE_UNKNOWN),)
    assert picked(unknown) == []


def test_what_is_never_stale_is_not_even_meant() -> None:
    limits = Limits((StaleRule("v*", None), StaleRule("pr-*", timedelta(days=200))))
    found = select_by_rule([tag("v1"), tag("pr-1"), tag("x")], Rule(limits=limits), NOTHING, NOW)

    assert [each.name for each in found.doomed] == ["x"]
    assert found.spared == ()


def test_names_that_are_not_there_are_said() -> None:
    assert select_named([tag("a")], ["b", "a", "b"], NOTHING).spared == (Spared("b", NOT_THERE),)


def test_what_is_protected_is_spared_however_it_was_meant() -> None:
    protection = Protection(("v*",))
    why = "protected by the configuration file (`v*`)"

    assert select_named([tag("v1")], ["v1"], protection).spared == (Spared("v1", why),)
    assert select_by_rule([tag("v1")], Rule(match="v*"), protection, NOW).spared == (Spared("v1", why),)


def test_images_that_another_tag_points_to_free_nothing() -> None:
    tags = [tag("a", digest="sha256:1"), tag("b", digest="sha256:2", size=30), tag("c", digest="sha256:1")]

    found = select_named(tags, ["a", "b"], NOTHING)

    assert found.shared == {"a": "c"}
    assert found.size_bytes == 30
    assert select_named(tags, ["a", "c"], NOTHING).size_bytes == 10
    assert select_named([tag("a", size=None)], ["a"], NOTHING).size_bytes is None


names = st.sampled_from(["latest", "v1", "v2", "pr-1", "pr-2", "pr-3", "x"])
days = st.none() | st.floats(0, 400)
tags_there = st.lists(st.builds(tag, names, pushed=days, pulled=days), unique_by=lambda each: each.name)
ages = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))
rules = st.builds(
    Rule,
    match=st.none() | st.sampled_from(["*", "pr-*", "v?"]),
    older=ages,
    not_pulled=ages,
    keep=st.none() | st.integers(1, 4),
    limits=st.none() | st.just(Limits()),
)


@given(tags_there, rules)
def test_whatever_is_asked_for_nothing_goes_that_must_stay(tags: list[TagSnapshot], rule: Rule) -> None:
    found = select_by_rule(tags, rule, Protection(("v*",)), NOW)

    gone = {each.name for each in found.doomed}
    assert not {"latest", "v1", "v2"} & gone
    assert all(each.pushed_at is not None for each in found.doomed)
    assert not gone & {each.name for each in found.spared}
    assert {each.name for each in found.staying} | gone == {each.name for each in tags}
    if rule.keep is not None:
        matching = [each.name for each in tags if each.pushed_at and fnmatchcase(each.name, rule.match or "*")]
        assert len(set(matching) - gone) >= min(rule.keep, len(matching))
