"""What is never deleted: by the configuration file, and by Docker Hub's own rules."""

import time

import pytest

from bot.fleet.protection import Protection
from bot.hub.repositories import ImmutableTags


def reason(tag: str, *rules: str, enabled: bool | None = True) -> str:
    return Protection((), ImmutableTags(enabled=enabled, rules=rules)).reason(tag)


def test_a_pattern_protects() -> None:
    protection = Protection(("prod-*", "v[0-9]"))

    assert protection.reason("prod-1") == "protected by the configuration file (`prod-*`)"
    assert protection.reason("v1") == "protected by the configuration file (`v[0-9]`)"
    assert protection.reason("pr-1") == ""


@pytest.mark.parametrize(
    ("tag", "rule", "protects"),
    [
        ("v1.2", r"v.*", True),
        ("dev", r"v.*", False),
        ("1.2.3", r"\d+\.\d+\.\d+", True),
        ("1.2.3-rc", r"\d+\.\d+\.\d+", False),
        ("stable", r"stable|lts", True),
        ("anything", r".*", True),
    ],
)
def test_a_rule_is_about_the_whole_tag(tag: str, rule: str, *, protects: bool) -> None:
    assert bool(reason(tag, rule)) is protects


def test_where_it_is_switched_off_or_not_told_nothing_is_immutable() -> None:
    assert reason("v1", "v.*", enabled=False) == ""
    assert reason("v1", enabled=None) == ""
    assert Protection().reason("v1") == ""
    assert reason("v1", "v.*", enabled=None) == "immutable at Docker Hub (`v.*`)"


def test_where_it_is_on_without_rules_everything_is() -> None:
    assert reason("v1") == "the tags of this repository are immutable"


@pytest.mark.parametrize("rule", ["(a+)+$", "(a|aa){1,}b", ".*.*.*.*x", "(", "a" * 300, r"\pN", "[z-a]"])
def test_a_rule_that_cannot_be_judged_without_risk_protects_everything(rule: str) -> None:
    started = time.perf_counter()

    assert "perhaps immutable" in reason("a" * 128, rule)
    assert time.perf_counter() - started < 1
