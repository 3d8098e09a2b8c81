"""The configuration file."""

from pathlib import Path

import pytest

from bot.configuration import Configuration, load, parse
from bot.errors import ConfigError
from bot.images import RepositoryName
from bot.pushes.growth import BASELINE_LIMIT, Limit, Thresholds

API = RepositoryName("acme", "api")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    return list(raised.value.problems)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "hub-bot.toml"
    file.write_text(
        '[thresholds]\ngrowth = "10%"\n[[subscriptions]]\nchannel = "C0123456789"\nimage = "acme/*"\ntag = "v*"\n',
        encoding="utf-8",
    )

    found = load(file)

    assert found.thresholds.growth_percent == 10.0
    assert [str(table.wish.pattern) for table in found.subscriptions] == ["acme/*"]
    assert found.subscriptions[0].tag == ("v*",)


def test_an_empty_file_is_a_good_one() -> None:
    assert parse("") == Configuration()
    assert parse("").thresholds.of(API) == Thresholds()


def test_a_file_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"HUB_BOT_CONFIG: the file cannot be read \(FileNotFoundError\)"):
        load(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ('growth = "10%"', Limit(10.0, 0)),
        ('growth = "12.5 %"', Limit(12.5, 0)),
        ('growth = "50 MB"', Limit(0.0, 50_000_000)),
        ("growth_percent = 10\ngrowth_bytes = 1000", Limit(10.0, 1000)),
        ('growth_percent = "10%"\ngrowth_bytes = "1.5 kB"', Limit(10.0, 1500)),
        ('growth = "10%"\ngrowth_bytes = "1 GB"', Limit(10.0, 1_000_000_000)),
    ],
)
def test_growth_is_a_percentage_a_size_or_both(text: str, limit: Limit) -> None:
    assert parse(f"[thresholds]\n{text}").thresholds.of(API) == Thresholds(limit, BASELINE_LIMIT, None)


@pytest.mark.parametrize(("written", "baseline"), [('"1.0"', "1.0"), ('"80 MB"', 80_000_000), ("80000000", 80_000_000)])
def test_a_baseline_is_a_tag_or_a_size(written: str, baseline: str | int) -> None:
    assert parse(f"[thresholds]\nbaseline = {written}").thresholds.of(API).baseline == baseline


def test_a_repository_has_its_own_and_for_the_rest_what_all_have() -> None:
    thresholds = parse(
        '[thresholds]\ngrowth_percent = 10\nbaseline = "1.0"\n[thresholds."ACME/api"]\ngrowth_percent = 20'
    ).thresholds

    assert thresholds.of(API) == Thresholds(Limit(20.0, 0), Limit(20.0, 0), "1.0")
    assert thresholds.of(RepositoryName("acme", "web")) == Thresholds(Limit(10.0, 0), Limit(10.0, 0), "1.0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("thresold = 1", ["At the top: `thresold` is not known here. Did you mean `thresholds`?"]),
        ('[thresholds]\ngrowht = "10%"', ["[thresholds]: `growht` is not known here. Did you mean `growth`?"]),
        (
            '[thresholds."acme/api"]\ngrowht = 3',
            ['[thresholds."acme/api"]: `growht` is not known here. Did you mean `growth`?'],
        ),
        ('[thresholds]\ngrowth = "3"', ['[thresholds]: `growth` is expected to be like "10%" or "50 MB".']),
        (
            '[thresholds]\ngrowth = "3%"\ngrowth_percent = 3',
            ["[thresholds]: `growth` and `growth_percent` say the same; keep one."],
        ),
        ("[thresholds.api]\nbaseline = 1", ["[thresholds]: `api` lacks the namespace, like `acme/api`."]),
        (
            '[thresholds."acme/api"]\nbaseline = "a b"\ngrowth_bytes = true',
            [
                '[thresholds."acme/api"], `growth_bytes`: a size is expected, like `50 MB`, or a number of bytes.',
                '[thresholds."acme/api"], `baseline`: a tag is expected, like "1.0", or a size, like "80 MB".',
            ],
        ),
        (
            '[[subscriptions]]\nchannel = "x"\nimage = "nginx"\ntag = ["v*", 3]\nnot_tga = 3\nthreads = "daily"',
            [
                (
                    "[[subscriptions]] no. 1, `channel`: `x` is not a channel's id, like `C0123456789`: see its "
                    "details in Slack."
                ),
                (
                    "[[subscriptions]] no. 1, `image`: `nginx` lacks the namespace: write `acme/nginx`, or `library/…` "
                    "for an official image."
                ),
                "[[subscriptions]] no. 1, `tag`, entry 2: a text in quotes is expected.",
                "[[subscriptions]] no. 1, `threads`: `never`, `repository` or `day` is expected.",
                "[[subscriptions]] no. 1: `not_tga` is not known here. Did you mean `not_tag`?",
            ],
        ),
        (
            '[subscriptions]\nchannel = "C0123456789"',
            ["[subscriptions]: write it with two brackets, `[[subscriptions]]`."],
        ),
        (
            '[[subscriptions]]\nchannel = "C0123456789"\nimage = "acme/x"\n' * 2,
            ["[subscriptions]: channel `C0123456789` has image `acme/x` twice: make it one table."],
        ),
        (
            "a b",
            [
                (
                    "The configuration file is not TOML: Expected '=' after a key in a key/value pair (at line "
                    "1, column 3)."
                ),
            ],
        ),
    ],
)
def test_every_problem_is_a_sentence_that_names_table_and_key(text: str, said: list[str]) -> None:
    assert problems(text) == said


@pytest.mark.parametrize(
    "text", ["subscriptions = [1, []]", "thresholds = [1]", "thresholds.a.b.c = 1", "a = {b = {}}"]
)
def test_whatever_is_written_the_problem_has_words(text: str) -> None:
    assert all(problem.endswith(".") and len(problem) > 10 for problem in problems(text))
