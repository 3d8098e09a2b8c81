"""`hub-bot serve` with a database: webhooks in, kept over kill -9, and one process to a SQLite file."""

import os
import signal
from pathlib import Path

import pytest
import requests

from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.running import RunningBot, environment_for, running_bot, start_bot

TODAY = (Path(__file__).parents[1] / "pushes" / "payloads" / "push__2022_today.json").read_bytes()
SECRET = "a-path-secret-of-the-tests-1"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"HUB_BOT_WEBHOOK_SECRET": SECRET, "HUB_BOT_DATABASE_URL": f"sqlite:///{tmp_path}/hub-bot.db"}


def push(bot: RunningBot) -> requests.Response:
    return requests.post(f"http://127.0.0.1:{bot.port}/webhooks/dockerhub/{SECRET}", data=TODAY, timeout=10)


def test_what_was_accepted_is_kept_when_the_process_is_killed(
    slack: SlackSimulator, hub: HubSimulator, settings: dict[str, str]
) -> None:
    with running_bot(slack, hub, settings) as bot:
        event = push(bot).json()["event"]
        os.kill(bot.process.pid, signal.SIGKILL)
        bot.process.communicate()

    with running_bot(slack, hub, settings) as bot:
        assert push(bot).json() == {"status": "duplicate", "event": event}
        assert '"database": {"status": "ok"' in bot.get("/readyz")[1]


def test_a_second_process_on_the_same_file_is_refused(
    slack: SlackSimulator, hub: HubSimulator, settings: dict[str, str]
) -> None:
    with running_bot(slack, hub, settings):
        second = start_bot({**environment_for(slack_api_url=slack.api_url, hub_url=hub.url, port=0), **settings})
        _, log = second.communicate(timeout=20)

    assert second.returncode == 2
    assert "bot_not_started" in log


def test_a_database_that_is_away_at_the_start_is_said(slack: SlackSimulator, hub: HubSimulator) -> None:
    away = {
        "HUB_BOT_WEBHOOK_SECRET": SECRET,
        "HUB_BOT_DATABASE_URL": "postgresql+psycopg://hub:hunter2@127.0.0.1:9/hub",
    }
    environment = {**environment_for(slack_api_url=slack.api_url, hub_url=hub.url, port=0), **away}

    bot = start_bot(environment)
    _, log = bot.communicate(timeout=40)

    assert bot.returncode == 1
    assert "bot_not_started" in log
    assert "hunter2" not in log


def test_without_a_secret_the_route_does_not_exist(slack: SlackSimulator, hub: HubSimulator) -> None:
    with running_bot(slack, hub) as bot:
        assert push(bot).status_code == 404


def test_the_log_tells_of_the_new_schema_in_one_line(
    slack: SlackSimulator, hub: HubSimulator, settings: dict[str, str]
) -> None:
    with running_bot(slack, hub, settings) as bot:
        bot.stop()

    assert bot.log.count("schema_upgraded") == 1
    assert not [word for word in ("alembic", "SQLiteImpl", "Running upgrade") if word in bot.log]
