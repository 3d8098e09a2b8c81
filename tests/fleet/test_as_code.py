"""Rules for stale images in the configuration file."""

from datetime import timedelta

import pytest

from bot.configuration import parse
from bot.errors import ConfigError
from bot.fleet.model import ImageName
from bot.fleet.rules import BaseRule, Configured, KeptRule
from bot.fleet.staleness import Rule
from bot.images import RepositoryName

WEEK = timedelta(days=7)


def read(text: str) -> Configured:
    return parse(f"[stale]\n{text}").stale.configured()


def test_the_table_says_from_when_on_what_is_stale() -> None:
    found = read(
        'days = 60\nrules = [{ tag = "pr-*", age = "7d", namespace = "Acme" }, { tag = "v*", age = "never" }]\n'
        'bases = [{ image = "acme/Api-*", base = "python:3.12" }]'
    )

    assert found == Configured(
        default=timedelta(days=60),
        rules=[KeptRule(Rule("pr-*", WEEK), "acme"), KeptRule(Rule("v*", None), None)],
        bases=[BaseRule("acme/api-*", ImageName(RepositoryName("library", "python"), "3.12"))],
    )


def test_what_is_not_said_is_left_to_people_and_none_is_not_the_same_as_nothing() -> None:
    assert parse("").stale.configured() == Configured()
    assert read("rules = []\nbases = []") == Configured(rules=[], bases=[])


def test_the_default_may_be_a_length() -> None:
    assert read('days = "4w"').default == timedelta(weeks=4)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("days = true", '[stale], `days`: a number of days is expected, like 30, or an age, like "4w".'),
        ('days = "never"', '[stale], `days`: a number of days is expected, like 30, or an age, like "4w".'),
        ("days = 0", "[stale], `days`: `0` is not an age from `1h` to `3650d`."),
        ('rules = [{ tag = "a b", age = "7d" }]', "[[stale.rules]] no. 1, `tag`: `a b` is not a tag, nor a pattern"),
        (
            'rules = [{ tag = "a", age = 7 }]',
            '[[stale.rules]] no. 1, `age`: an age is expected, like "7d", or "never".',
        ),
        ('rules = [{ tag = "a" }]', "[[stale.rules]] no. 1, `age`: this is missing."),
        ('rules = [{ tag = "a", age = "7d", namespace = "a/b" }]', "[[stale.rules]] no. 1, `namespace`: `a/b` is not"),
        (
            'rules = [{ tag = "a", age = "7d" }, { tag = "a", age = "8d" }]',
            "[stale.rules]: `a` is there twice: keep one",
        ),
        ('[[stale.rules]]\ntag = "a"\nages = "7d"', "[[stale.rules]] no. 1: `ages` is not known here."),
        (
            'bases = [{ image = "api", base = "node" }]',
            "[[stale.bases]] no. 1, `image`: `api` is not a repository with",
        ),
        ('bases = [{ image = "acme/*", base = 3 }]', "[[stale.bases]] no. 1, `base`: an image is expected"),
        ('bases = [{ image = "acme/*", base = "ghcr.io/a/b" }]', "only images of Docker Hub can be used"),
        ("rule = []", "[stale]: `rule` is not known here. Did you mean `rules`?"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text)

    assert problem in "\n".join(raised.value.problems)


def test_the_same_pattern_may_stand_for_two_namespaces() -> None:
    rules = 'rules = [{ tag = "a", age = "7d", namespace = "x" }, { tag = "a", age = "8d" }]'

    assert [kept.namespace for kept in read(rules).rules or ()] == ["x", None]
