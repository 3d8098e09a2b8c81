"""Digests in the configuration file."""

from datetime import time

import pytest

from bot.configuration import parse
from bot.digest.as_code import check_tables
from bot.digest.rows import Wanted, Wish
from bot.digest.schedule import EVERY_DAY, Days, Schedule
from bot.errors import ConfigError
from bot.fleet.model import ImageName, Scope
from bot.images import RepositoryName

KEYS = ("stale", "cves")
SHORT = '[[digests]]\nchannel = "C0123456789"\nat = "9am"\n'


def wishes(text: str, default: str | None = "acme") -> tuple[Wish, ...]:
    return check_tables(parse(text).digests, KEYS, default)


def test_a_table_says_when_and_of_what() -> None:
    (wish,) = wishes(
        '[[digests]]\nchannel = "C0123456789"\nat = "08:30"\ndays = "weekdays"\nzone = "europe/berlin"\n'
        'namespaces = ["acme", "Other"]\nimages = ["acme/api:prod", "python:3.12"]\nonly = ["cves"]\n'
        'name = "Security"\n'
    )

    images = (ImageName(RepositoryName("acme", "api"), "prod"), ImageName(RepositoryName("library", "python"), "3.12"))
    assert wish == Wish(
        "C0123456789",
        "security",
        Schedule(time(8, 30), Days(frozenset(range(5))), "Europe/Berlin"),
        Wanted(Scope(("acme", "other"), images), frozenset({"cves"})),
    )


def test_what_is_not_said_is_as_it_is_there_by_itself() -> None:
    (wish,) = wishes(SHORT)

    assert wish == Wish(
        "C0123456789", "morning", Schedule(time(9), EVERY_DAY, "UTC"), Wanted(Scope(("acme",)), frozenset())
    )


def test_images_alone_are_without_the_default_namespace() -> None:
    (wish,) = wishes(f'{SHORT}images = "nginx"')

    assert wish.wanted.scope == Scope((), (ImageName(RepositoryName("library", "nginx")),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[digests]]\nchannel = "general"\nat = "25:00"\ndays = "someday"\nzone = "Berlin"',
            [
                (
                    "[[digests]] no. 1, `channel`: `general` is not a channel's id, like `C0123456789`: see its "
                    "details in Slack."
                ),
                "[[digests]] no. 1, `at`: `25:00` is not a time of day, like `09:00`, `21:30` or `9am`.",
                (
                    "[[digests]] no. 1, `days`: `someday` are no days of the week, like `mon-fri`, `mon,wed` or "
                    "`weekdays`."
                ),
                "[[digests]] no. 1, `zone`: `Berlin` is not a time zone. Did you mean `Europe/Berlin`?",
            ],
        ),
        (
            '[[digests]]\nchannel = "C0123456789"\nat = 9\nname = "a b"',
            [
                "[[digests]] no. 1, `at`: a text in quotes is expected.",
                (
                    "[[digests]] no. 1, `name`: `a b` is not a name for a digest: letters, digits, `-` and `_`, like "
                    "`morning`."
                ),
            ],
        ),
        (
            SHORT + SHORT,
            ["[digests]: channel `C0123456789` has a digest `morning` twice: give each a `name`."],
        ),
        (
            f'{SHORT}images = ["acme/api@sha256:{"0" * 64}"]',
            [
                (
                    f"[[digests]] no. 1, `images`, entry 1: `acme/api@sha256:{'0' * 43}…` names a digest, which never "
                    "changes; name a tag."
                )
            ],
        ),
        (f'{SHORT}tz = "UTC"', ["[[digests]] no. 1: `tz` is not known here."]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert list(caught.value.problems) == said


def test_a_part_that_there_is_not_is_said_at_the_start() -> None:
    with pytest.raises(ConfigError) as caught:
        wishes(f'{SHORT}only = ["stalle"]\n{SHORT}name = "other"\nonly = "sizes"')

    assert list(caught.value.problems) == [
        "HUB_BOT_CONFIG: [[digests]] no. 1: `stalle` is no part of a digest. Did you mean `stale`?",
        "HUB_BOT_CONFIG: [[digests]] no. 2: `sizes` is no part of a digest. There are `stale`, `cves`.",
    ]


def test_without_a_default_namespace_it_has_to_be_said_of_what() -> None:
    with pytest.raises(ConfigError, match="`namespaces` or `images` is expected, for there is no default namespace"):
        wishes(SHORT, default=None)
