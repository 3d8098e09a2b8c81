"""When an image is stale."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.model import TagSnapshot
from bot.fleet.staleness import (
    DEFAULT_AGE,
    Freshness,
    Limits,
    Rule,
    Verdict,
    check_pattern,
    judge,
    judge_repository,
    limit_words,
    read_limit,
)
from bot.images import RepositoryName

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
NEVER = Rule("v*", None)


def tag(name: str, pushed_at: datetime | None) -> TagSnapshot:
    return TagSnapshot(RepositoryName("acme", "api"), name, None, pushed_at, None, None, (), "image", NOW)


def ago(**lengths: float) -> datetime:
    return NOW - timedelta(**lengths)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30", timedelta(days=30)),
        ("30d", timedelta(days=30)),
        (" 4W ", timedelta(days=28)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("Never", None),
    ],
)
def test_an_age_is_a_number_of_days_a_length_or_never(text: str, age: timedelta | None) -> None:
    assert read_limit(text) == age


@pytest.mark.parametrize(
    "text", ["", "0", "0d", "10s", "3601s", "3651d", "99999", "999999w", "-3d", "1.5d", "soon", "d", "٣٠"]
)
def test_what_is_no_age_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age"):
        read_limit(text)


@given(
    st.one_of(
        st.just("never"),
        st.integers(60, 999_999).map(lambda count: f"{count}m"),
        st.integers(1, 87_600).map(lambda count: f"{count}h"),
        st.integers(1, 3_650).map(lambda count: f"{count}d"),
        st.integers(1, 521).map(lambda count: f"{count}w"),
    )
)
def test_an_age_is_written_so_that_it_is_read_as_the_same(text: str) -> None:
    age = read_limit(text)

    assert read_limit(limit_words(age)) == age


@pytest.mark.parametrize("text", ["", "a b", "v[12]", "a/b", "ü", "x" * 129, "a\n"])
def test_what_no_tag_can_match_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="nor a pattern for tags"):
        check_pattern(text)


def test_without_rules_a_tag_is_stale_after_thirty_days_to_the_moment() -> None:
    pushed_at = ago(days=30)
    moment = timedelta(microseconds=1)

    assert judge(tag("latest", pushed_at), Limits(), NOW) == Verdict(Freshness.STALE, DEFAULT_AGE, stale_at=NOW)
    assert judge(tag("latest", pushed_at + moment), Limits(), NOW) == Verdict(
        Freshness.FRESH, DEFAULT_AGE, stale_at=NOW + moment
    )


def test_a_tag_of_unknown_age_is_neither_stale_nor_fresh() -> None:
    verdict = judge(tag("latest", None), Limits([Rule("latest", WEEK)]), NOW)

    assert (verdict.freshness, verdict.stale_at, verdict.is_stale) == (Freshness.UNKNOWN, None, False)


def test_a_tag_that_never_is_stale_is_exempt_whatever_its_age() -> None:
    limits = Limits([NEVER])

    assert judge(tag("v1", ago(days=3_000)), limits, NOW) == Verdict(Freshness.EXEMPT, rule=NEVER)
    assert judge(tag("v1", None), limits, NOW).freshness is Freshness.EXEMPT


def test_a_time_at_the_end_of_the_calendar_is_no_crash() -> None:
    assert judge(tag("latest", datetime.max.replace(tzinfo=UTC)), Limits(), NOW).freshness is Freshness.FRESH


def test_the_most_specific_rule_holds_in_whatever_order_they_were_written() -> None:
    rules = [Rule("*", WEEK), Rule("v*", WEEK), Rule("v1.*", WEEK), Rule("v1.?", WEEK), Rule("v1.2", WEEK)]

    for order in permutations(rules):
        limits = Limits(order)

        assert [rule.pattern for rule in limits.rules] == ["v1.2", "v1.?", "v1.*", "v*", "*"]
        assert [getattr(limits.rule_of(name), "pattern", None) for name in ("v1.2", "v1.3", "v1.30", "v2", "edge")] == [
            "v1.2",
            "v1.?",
            "v1.*",
            "v*",
            "*",
        ]


patterns = st.text("ab*?", min_size=1, max_size=5)
rules_of = st.dictionaries(patterns, st.none() | st.integers(1, 60).map(lambda days: timedelta(days=days)), max_size=6)


@given(rules_of, st.text("ab", min_size=1, max_size=5))
def test_no_rule_hides_a_more_specific_one_and_a_name_comes_before_all(
    ages: dict[str, timedelta | None], name: str
) -> None:
    limits = Limits([Rule(pattern, age) for pattern, age in ages.items()])
    fitting = [Rule(pattern, age) for pattern, age in ages.items() if Rule(pattern, age).fits(name)]
    chosen = limits.rule_of(name)

    assert (chosen is None) == (not fitting)
    assert limits == Limits([Rule(pattern, age) for pattern, age in reversed(ages.items())])
    if chosen:
        assert chosen in fitting
        assert chosen.rank == min(rule.rank for rule in fitting)
        assert limits.age_of(name) == chosen.age
    if name in ages:
        assert chosen == Rule(name, ages[name])


@given(rules_of, st.text("ab", min_size=1, max_size=5), st.integers(0, 80), st.integers(0, 80))
def test_a_repository_is_stale_as_a_whole_only_if_each_of_its_tags_is(
    ages: dict[str, timedelta | None], name: str, days: int, older: int
) -> None:
    limits = Limits([Rule(pattern, age) for pattern, age in ages.items()])

    whole = judge_repository(ago(days=days), limits, NOW)

    if whole:
        assert judge(tag(name, ago(days=days + older)), limits, NOW).is_stale


def test_a_repository_decides_for_its_tags_where_no_rule_can_say_otherwise() -> None:
    old, limits = ago(days=31), Limits([Rule("pr-*", WEEK)])

    assert judge_repository(old, limits, NOW) == Verdict(Freshness.STALE, DEFAULT_AGE, stale_at=ago(days=1))
    assert judge_repository(ago(days=29), limits, NOW) is None
    assert judge_repository(None, limits, NOW) is None
    assert judge_repository(old, Limits([NEVER]), NOW) is None
    assert judge_repository(old, Limits([Rule("v*", timedelta(days=60))]), NOW) is None
    assert judge_repository(ago(days=8), Limits([Rule("*", WEEK)]), NOW) is not None


def test_an_age_that_somebody_asks_for_holds_for_all_but_what_never_is_stale() -> None:
    limits = Limits([Rule("latest", timedelta(days=90)), NEVER]).asked(WEEK)

    assert [limits.age_of(name) for name in ("latest", "edge", "v1")] == [WEEK, WEEK, None]
