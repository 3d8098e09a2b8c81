"""Build providers in the configuration file."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.builds.model import ProviderKind, Setup
from bot.configuration import parse
from bot.errors import ConfigError
from tests.support.whole import open_whole_desk

GITHUB = '[[builds]]\nrepository = "acme/api"\nprovider = "github"\nproject = "acme/api"\nworkflow = "build.yml"\n'
HOOK = '[[builds]]\nrepository = "acme/api"\nprovider = "webhook"\n'


def read(text: str) -> tuple[Setup, SecretStr]:
    (table,) = parse(text).builds
    return table.read()


def test_a_table_says_how_a_repository_is_built() -> None:
    setup, secret = read(
        f'{GITHUB}branch = "main"\nsecret = "a-token"\ntimeout = "20s"\nstuck_after = "45m"\ncooldown = "0s"\n'
        '[builds.inputs]\nplatforms = "linux/arm64"'
    )

    assert setup == Setup(
        repository="acme/api",
        provider=ProviderKind.GITHUB,
        project="acme/api",
        workflow="build.yml",
        branch="main",
        timeout_seconds=20.0,
        stuck_after_seconds=2_700.0,
        cooldown_seconds=0.0,
        inputs={"platforms": "linux/arm64"},
    )
    assert secret.get_secret_value() == "a-token"


def test_what_is_not_said_is_as_it_is_there_by_itself() -> None:
    setup, _ = read(f'{HOOK}secret = "x"')

    assert setup == Setup(repository="acme/api", provider=ProviderKind.WEBHOOK)


def test_a_secret_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" a-token\n")

    assert read(f'{HOOK}secret_file = "{tmp_path}/secret"')[1].get_secret_value() == "a-token"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "the file of its secret cannot be read (FileNotFoundError)."),
        (b"\xff\xfe", "the file of its secret cannot be read (UnicodeDecodeError)."),
        (b" \n", "the file of its secret is empty."),
    ],
)
def test_a_file_without_a_secret_is_named_by_its_repository(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        read(f'{HOOK}secret_file = "{tmp_path}/secret"')

    assert caught.value.problems == (f"HUB_BOT_CONFIG: builds of `acme/api`: {problem}",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[builds]]\nrepository = "api"\nprovider = "jenkins"',
            [
                "[[builds]] no. 1, `repository`: `api` lacks the namespace, like `acme/api`.",
                (
                    "[[builds]] no. 1, `provider`: `docker-hub`, `docker-hub-classic`, `github`, `gitlab` or "
                    "`webhook` is expected."
                ),
            ],
        ),
        (HOOK, ["[[builds]] no. 1: `secret_file`, or `secret`, is expected, and not both."]),
        (
            f'{HOOK}secret = "x"\nsecret_file = "y"',
            ["[[builds]] no. 1: `secret_file`, or `secret`, is expected, and not both."],
        ),
        (f'{HOOK}secret = " "', ["[[builds]] no. 1: its secret is empty."]),
        (
            f'{HOOK}secret = "x"\ntimeout = "soon"\nstuck_after = true\ncooldown = "2h"',
            [
                "[[builds]] no. 1, `timeout`: `soon` is not a length of time, like `30s`, `12h` or `7d`.",
                '[[builds]] no. 1, `stuck_after`: a length of time is expected, like "30s".',
                '[[builds]] no. 1, `cooldown`: a length of time from "0s" to "1h" is expected.',
            ],
        ),
        (
            f'{HOOK}secret = "x"\ntimeout_seconds = 3',
            ["[[builds]] no. 1: `timeout_seconds` is not known here. Did you mean `timeout`?"],
        ),
        (
            f'{HOOK}secret = "x"\n{HOOK.replace("acme", "ACME")}secret = "y"',
            ["[builds]: `acme/api` is there twice: make it one table."],
        ),
        ('[builds]\nrepository = "acme/api"', ["[builds]: write it with two brackets, `[[builds]]`."]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert list(caught.value.problems) == said


def test_no_complaint_repeats_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f'{HOOK}secret = "hunter2-hunter2"\nsecret_file = "y"\nworkflwo = 3')

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(parse(f'{HOOK}secret = "hunter2-hunter2"'))


def test_what_a_provider_cannot_use_is_said_at_the_start() -> None:
    text = f'{GITHUB.replace("acme/api", "acme/web")}secret = "a-token"\n{GITHUB}branch = "main"\nsecret = "a-token"'

    with pytest.raises(ConfigError) as caught, open_whole_desk(file=text):
        pass

    web, api = caught.value.problems
    assert web == (
        "HUB_BOT_CONFIG: builds of `acme/web`: A branch is expected: the one that the workflow runs on, like `main`."
    )
    assert api.startswith("HUB_BOT_CONFIG: builds of `acme/api`: ")
    assert "HUB_BOT_ALLOWED_HOSTS" in api
