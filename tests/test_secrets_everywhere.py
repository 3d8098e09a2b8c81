"""The watch over all tests finds what it should, wherever it is, and fails the run for it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.redaction import redact
from tests.support.secret_watch import FORMS, SecretWatch, known_secrets

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = """
from tests.support import secret_watch

def pytest_configure(config):
    secret_watch.install(config)
"""
CLEAN = """
import logging, sqlite3
import pytest
from bot.sandbox.hub.seed import ANA_PAT, ANA_PASSWORD

def test_what_redaction_masks_is_no_leak():
    logging.getLogger("bot.hub").warning("asked", extra={"token": ANA_PAT})

@pytest.mark.shows_secrets("to see that this can be said")
def test_that_shows_one_on_purpose():
    logging.getLogger("bot.hub").warning("asked", extra={"password": ANA_PASSWORD})

def test_a_database_without_secrets(tmp_path):
    with sqlite3.connect(tmp_path / "bot.db") as database:
        database.execute("CREATE TABLE a (b TEXT)")
"""
LEAKS = {
    "log": """
import logging
from bot.sandbox.hub.seed import ANA_PASSWORD

def test_log():
    logging.getLogger("bot.hub").info("asked", extra={"fact": {"password": ANA_PASSWORD}})
""",
    "print": """
def test_print():
    print("glptt-" + "0a1b" * 10)
""",
    "database": """
import sqlite3
from bot.sandbox.hub.seed import ANA_PAT

def test_database(tmp_path):
    with sqlite3.connect(tmp_path / "bot.db") as database:
        database.execute("CREATE TABLE a (b TEXT)")
        database.execute("INSERT INTO a VALUES (?)", [f"before {ANA_PAT} after"])
    database.close()

def test_log_of_a_database(tmp_path):
    database = sqlite3.connect(tmp_path / "log.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE a (b TEXT)")
    database.execute("INSERT INTO a VALUES ('/trigger/0f0e0d0c-1111-2222-3333-444455556666/')")
    database.commit()
    globals()["kept"] = database  # Open to the end, so that the row stays in the log.
""",
    "message": """
from bot.sandbox.slack import seed
from bot.slack.client import SlackClient
from bot.slack.message import Message
from tests.support.slack import acme

def test_message():
    with acme() as slack:
        client = SlackClient(seed.BOT_TOKEN, slack.api_url)
        client.post_message(seed.GENERAL, Message(text="It is ghp_" + "aB3" * 12, blocks=()))
""",
}


def run(folder: Path, *options: str, **modules: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST)
    for name, content in modules.items():
        (folder / f"test_{name}.py").write_text(content)
    left = folder / "left"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"),
            *("--rootdir", str(folder), f"--basetemp={left}", *options, str(folder)),
        ],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    shutil.rmtree(left)  # The watch over this very test would look through it too.
    return finished


def found(output: str) -> list[str]:
    return [line for line in output.splitlines() if " in " in line and line.count(": ") == 1]


def test_a_clean_run_stays_one(tmp_path: Path) -> None:
    finished = run(tmp_path, clean=CLEAN)

    assert finished.returncode == 0, finished.stdout
    assert "secrets in the open" not in finished.stdout


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_every_kind_of_leak_fails_the_run_and_is_named_but_not_shown(tmp_path: Path, options: tuple[str, ...]) -> None:
    finished = run(tmp_path, *options, clean=CLEAN, **LEAKS)

    assert finished.returncode == 1, finished.stdout
    assert sorted(line.partition(": ")[2].replace(str(tmp_path), "") for line in found(finished.stdout)) == [
        "a token of GitHub in `chat.postMessage`",
        "a token of GitLab in captured stdout call",
        "a trigger URL in test_log_of_a_database0/log.db-wal",
        "bot.sandbox.hub.seed.ANA_PASSWORD in a log record of bot.hub",
        "bot.sandbox.hub.seed.ANA_PAT in test_database0/bot.db",
    ]
    assert "glptt-" not in finished.stdout.partition("secrets in the open")[2]
    assert "8 passed" in finished.stdout


def test_the_secrets_of_every_simulator_are_known() -> None:
    places = set(known_secrets().values())

    assert {
        "bot.sandbox.hub.seed.ANA_PAT",
        "bot.sandbox.hub.seed.ANA_PASSWORD",
        "bot.sandbox.hub.seed.ACME_OAT",
        "bot.sandbox.slack.seed.BOT_TOKEN",
        "bot.sandbox.slack.seed.SIGNING_SECRET",
        "bot.sandbox.builders.github.TOKEN",
        "bot.sandbox.builders.gitlab.TRIGGER_TOKEN",
    } <= places


EXAMPLES = {
    "a token of Slack": "xoxb-" + "0a1b-" * 4,
    "a token of Docker Hub": "dckr_pat_" + "aB3_" * 6,
    "a token of GitHub": "github_pat_" + "aB3_" * 6,
    "a token of GitLab": "glpat-" + "aB3_" * 6,
    "a trigger URL": "/trigger/0f0e0d0c-1111-2222-3333-444455556666/call/",
    "a bearer": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl",
    "the signature of a request": "v0=" + "ab" * 32,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_and_masked_by_the_bot_itself(form: str) -> None:
    watch = SecretWatch()

    watch.look_through(json.dumps({"said": [EXAMPLES[form]]}), "a message")
    watch.look_through(redact(EXAMPLES[form]), "a log")

    assert [leak.partition(": ")[2] for leak in watch.leaks] == [f"{form} in a message"]
