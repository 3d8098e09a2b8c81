"""Ranges of versions, with the examples of npm's own documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pushes.semver import parse_range


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=2", ["2", "2.0.0", "v3", "10.0"], ["1.9", "2.0.0-rc.1", "latest", "sha-1f3c", ""]),
        (">=1.2 <2", ["1.2", "1.27.3", "v1.9"], ["1.1.9", "2", "2.0.0-rc.1", "1.27-alpine"]),
        (">=1.2,<2", ["1.2", "1.27.3"], ["2"]),
        (">= 1.2 , < 2", ["1.2", "1.27.3"], ["2"]),
        ("1.2.7 || >=1.2.9 <2.0.0", ["1.2.7", "1.2.9", "1.4.6"], ["1.2.8", "2.0.0"]),
        ("^1.4", ["1.4", "1.4.0", "1.99"], ["1.3.9", "2", "2.0.0-0", "1.5.0-beta"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4", "0.1"]),
        ("^0.x", ["0.0.1", "0.9"], ["1.0"]),
        ("^0.0", ["0.0.9"], ["0.1"]),
        ("~1.4", ["1.4", "1.4.9"], ["1.5", "1.3"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]),
        ("~1", ["1.0", "1.9"], ["2.0"]),
        ("1.x", ["1", "1.9.9"], ["2", "0.9"]),
        ("1.2.*", ["1.2", "1.2.9"], ["1.3"]),
        ("1", ["1.5"], ["2"]),
        ("1.27.0", ["1.27", "v1.27.0"], ["1.27.1"]),
        ("=1.2.3", ["1.2.3"], ["1.2.4"]),
        ("*", ["0.1", "99"], ["latest", "1.0.0-rc.1"]),
        (">1.2", ["1.3"], ["1.2.9"]),
        ("<=1.2", ["1.2.9"], ["1.3"]),
        (">*", [], ["0", "1"]),
        ("1.2 - 2.3", ["1.2", "2.3.9"], ["2.4", "1.1"]),
        (">=2.0.0-rc.1", ["2.0.0-rc.1", "2.0.0-rc.2", "2.0.0", "2.1"], ["2.0.0-beta.9", "2.1.0-rc.1"]),
        (">1.2.3-alpha.3", ["1.2.3-alpha.7", "3.4.5"], ["3.4.5-alpha.9"]),
        ("^1.2.3-beta.2", ["1.2.3-beta.4", "1.9"], ["1.2.4-beta.2", "2.0"]),
    ],
)
def test_a_range_holds_what_npm_says_it_does(text: str, inside: list[str], outside: list[str]) -> None:
    found = parse_range(text)

    assert [tag for tag in inside if not found.admits(tag)] == []
    assert [tag for tag in outside if found.admits(tag)] == []


@pytest.mark.parametrize(
    "text", ["", " ", "||", ">=1 ||", "latest", ">=", "1.x-rc.1", "1..2", ">>1", "^^1", "1.2.3.4.5"]
)
def test_what_is_no_range_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of versions; write it like"):
        parse_range(text)


def test_a_range_of_any_length_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 200 characters"):
        parse_range("1 || " * 100 + "1")


NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
CONDITIONS = st.tuples(st.sampled_from(["", "=", ">", ">=", "<", "<=", "^", "~", ">= "]), NUMBERS).map("".join)
RANGES = st.lists(
    st.lists(CONDITIONS, min_size=1, max_size=3).flatmap(
        lambda conditions: st.sampled_from([" ", ", ", ","]).map(lambda between: between.join(conditions))
    ),
    min_size=1,
    max_size=3,
).map("||".join)


@given(RANGES, NUMBERS)
def test_the_canonical_text_of_a_range_means_the_same(text: str, tag: str) -> None:
    once = parse_range(text)
    again = parse_range(once.text)

    assert again == once
    assert again.admits(tag) == once.admits(f"v{tag}")


@given(NUMBERS, NUMBERS)
def test_a_version_is_below_at_or_above_another(tag: str, other: str) -> None:
    whole = ".".join([*other.split("."), "0", "0"][:3])

    assert [parse_range(f"{sign}{whole}").admits(tag) for sign in ("<", "=", ">")].count(True) == 1
