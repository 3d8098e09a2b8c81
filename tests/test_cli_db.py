"""`hub-bot db` and `hub-bot doctor`, as a person starts them."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from bot.cli import program
from bot.governance.vault import Vault
from bot.settings import Settings
from bot.store.engine import open_store
from bot.store.migrations import heads, upgrade

OLD = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEW = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
SECRET = "a-secret-of-the-cli-tests"

HubBot = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/bot.db"


@pytest.fixture
def hub_bot(url: str) -> HubBot:
    """`hub-bot` in this process, which is quicker than one of its own; the exit status is the same."""

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(program, words, env={"HUB_BOT_DATABASE_URL": url, **environment})

    return run


def keep(url: str, key: str, *names: str) -> None:
    store = open_store(url)
    upgrade(store)
    vault = Vault(store, [SecretStr(key)])
    for name in names:
        secret = SecretStr(f"{SECRET} {name}")
        store.write(lambda c, name=name, secret=secret: vault.put(c, name, secret, by="U0ANA", now=store.now(c)))  # type: ignore[misc]
    store.close()


def test_the_database_is_upgraded_once(hub_bot: HubBot) -> None:
    (newest,) = heads()

    first, second, told = hub_bot("db", "upgrade"), hub_bot("db", "upgrade"), hub_bot("db", "current")

    assert (first.exit_code, first.stdout) == (0, f"The database is now at revision {newest}.\n")
    assert (second.exit_code, second.stdout) == (0, f"It is at revision {newest} already.\n")
    assert (told.exit_code, told.stdout) == (0, f"{newest}\n")


def test_a_database_of_another_version_is_a_no(hub_bot: HubBot) -> None:
    told = hub_bot("db", "current")

    assert (told.exit_code, told.stdout) == (1, "none\n")
    assert "run `hub-bot db upgrade`" in told.stderr


def test_a_new_key_is_one_that_the_settings_take(hub_bot: HubBot) -> None:
    key = hub_bot("db", "new-key").stdout.strip()

    assert Settings.from_environment({"HUB_BOT_SECRET_KEY": key}).secret_key == (SecretStr(key),)
    assert hub_bot("db", "new-key").stdout.strip() != key


def test_keys_are_rotated(hub_bot: HubBot, url: str) -> None:
    keep(url, OLD, "build:acme/api", "build:acme/web")

    first = hub_bot("db", "rotate-keys", HUB_BOT_SECRET_KEY=f"{NEW},{OLD}")
    second = hub_bot("db", "rotate-keys", HUB_BOT_SECRET_KEY=NEW)

    assert (first.exit_code, first.stdout) == (0, "2 secrets were encrypted with the newest key.\n")
    assert (second.exit_code, second.stdout) == (0, "0 secrets were encrypted with the newest key.\n")


def test_secrets_that_no_key_reads_are_named(hub_bot: HubBot, url: str) -> None:
    keep(url, OLD, "build:acme/api")

    rotated = hub_bot("db", "rotate-keys", HUB_BOT_SECRET_KEY=NEW)

    assert rotated.exit_code == 1
    assert "  - build:acme/api\n" in rotated.stderr


def test_rotating_without_a_key_says_how(hub_bot: HubBot) -> None:
    hub_bot("db", "upgrade")

    rotated = hub_bot("db", "rotate-keys")

    assert rotated.exit_code == 1
    assert "hub-bot db new-key" in rotated.stderr


def test_a_backup_is_made_and_used(hub_bot: HubBot, url: str, tmp_path: Path) -> None:
    keep(url, OLD, "build:acme/api")
    copy = str(tmp_path / "copy.db")

    made = hub_bot("db", "backup", copy)
    again = hub_bot("db", "backup", copy)
    back = hub_bot("db", "restore", copy, "--overwrite")

    assert (made.exit_code, again.exit_code, back.exit_code) == (0, 1, 0)
    assert "is there already" in again.stderr
    with sqlite3.connect(tmp_path / "bot.db") as database:
        assert database.execute("SELECT name FROM secrets").fetchall() == [("build:acme/api",)]
    database.close()


@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("db", "current"), ("db", "rotate-keys"), ("db", "backup", "x"), ("doctor",)]
)
def test_wrong_settings_end_with_two(hub_bot: HubBot, words: tuple[str, ...]) -> None:
    finished = hub_bot(*words, HUB_BOT_SECRET_KEY="no key")

    assert finished.exit_code == 2
    assert "  - HUB_BOT_SECRET_KEY: each key is what `hub-bot db new-key` prints" in finished.stderr


def test_a_database_url_that_is_none_ends_with_two(hub_bot: HubBot) -> None:
    assert hub_bot("db", "current", HUB_BOT_DATABASE_URL="sqlite://host/x").exit_code == 2


def test_a_database_that_is_away_ends_with_one(hub_bot: HubBot) -> None:
    away = f"postgresql+psycopg://bot:{SECRET}@127.0.0.1:9/bot"

    finished = hub_bot("db", "current", HUB_BOT_DATABASE_URL=away)

    assert finished.exit_code == 1
    assert SECRET not in finished.output


def test_everything_about_the_database_says_what_it_does() -> None:
    group = program.commands["db"]

    assert isinstance(group, click.Group)
    assert set(group.commands) == {"upgrade", "current", "new-key", "rotate-keys", "backup", "restore"}
    assert all(command.help for command in group.commands.values())


def test_the_doctor_ends_with_one_if_something_is_broken(hub_bot: HubBot, tmp_path: Path) -> None:
    away = {"DOCKERHUB_URL": "http://127.0.0.1:9", "SLACK_API_URL": "http://127.0.0.1:9/api/"}

    finished = hub_bot("doctor", "--json", **away)

    told = json.loads(finished.stdout)
    assert finished.exit_code == 1
    assert {"Settings", "Docker Hub", "Database"} <= {finding["name"] for finding in told["findings"]}
    assert not (tmp_path / "bot.db").exists()
