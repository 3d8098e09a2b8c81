"""The program as a person starts it: a process of its own, an environment of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import yaml

from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def hub() -> Iterator[HubSimulator]:
    with HubSimulator() as simulator:
        yield simulator


def hub_bot(*words: str, environment: Mapping[str, str] | None = None) -> Finished:
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env={"PATH": os.environ["PATH"], **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def against(hub: HubSimulator, **more: str) -> dict[str, str]:
    return {"DOCKERHUB_URL": hub.url, "DOCKER_REGISTRY_URL": hub.url, "DOCKER_AUTH_URL": hub.url, **more}


def test_exec_answers_without_any_credential(hub: HubSimulator) -> None:
    finished = hub_bot("exec", "tags", "library/nginx", environment=against(hub))

    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith("Tags of library/nginx\n")
    assert "25 of 957 tags, newest first." in finished.stdout


@pytest.mark.parametrize(
    "words", [["--json", "tags", "nginx"], ["tags", "--json", "nginx"], ["tags", "nginx", "--json"]]
)
def test_json_in_any_position_is_one_document_and_nothing_else(hub: HubSimulator, words: list[str]) -> None:
    finished = hub_bot("exec", *words, environment=against(hub))

    assert json.loads(finished.stdout)["repository"] == "library/nginx"
    assert finished.stderr == ""


def test_json_stays_clean_with_all_logging_on(hub: HubSimulator) -> None:
    environment = against(hub, HUB_BOT_LOG_LEVEL="debug", DOCKERHUB_USERNAME="ana", DOCKERHUB_TOKEN=ANA_PAT)

    finished = hub_bot("exec", "inspect", "acme/api", "--json", environment=environment)

    assert json.loads(finished.stdout)["image"] == "acme/api:latest"
    assert finished.stderr
    assert ANA_PAT not in finished.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["tags", "acme/gateway"], 0),
        (["inspect", "acme/gateway:no-such-tag"], 1),
        (["tags", "acme/no-such-repository"], 1),
        (["tgas"], 2),
        (["tags", "--no-such-option", "nginx"], 2),
        (["tags"], 2),
        ([], 0),
    ],
)
def test_the_exit_status_tells_done_no_and_misunderstood_apart(
    hub: HubSimulator, words: list[str], status: int
) -> None:
    assert hub_bot("exec", *words, environment=against(hub)).returncode == status


def test_a_hub_that_is_away_is_a_failure_with_a_sentence() -> None:
    finished = hub_bot("exec", "tags", "nginx", environment={"DOCKERHUB_URL": "http://127.0.0.1:9"})

    assert finished.returncode == 1
    assert finished.stderr.startswith("Docker Hub is not available")
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("command", [["serve"], ["exec", "tags", "nginx"]])
def test_wrong_settings_are_listed_and_end_with_two(command: list[str]) -> None:
    environment = {"HUB_BOT_PROT": "1", "DOCKERHUB_TOKEN": ANA_PAT, "SLACK_APP_TOKEN": "xapp-1-invented"}

    finished = hub_bot(*command, environment=environment)

    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.splitlines() == [
        "The settings cannot be used:",
        "  - HUB_BOT_PROT is not a setting. Did you mean HUB_BOT_PORT?",
        "  - DOCKERHUB_TOKEN is set without DOCKERHUB_USERNAME: say whose token it is.",
        "  - SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN: Socket Mode needs both.",
    ]


def test_serving_without_slack_says_what_is_missing() -> None:
    finished = hub_bot("serve")

    assert finished.returncode == 2
    assert "SLACK_BOT_TOKEN is missing" in finished.stderr


def test_the_manifest_is_printed_in_both_variants() -> None:
    socket = yaml.safe_load(hub_bot("manifest").stdout)
    http = yaml.safe_load(hub_bot("manifest", "--http", "https://bot.example.com").stdout)

    assert socket["settings"]["socket_mode_enabled"] is True
    assert http["settings"]["socket_mode_enabled"] is False
    assert http["features"]["slash_commands"][0]["url"] == "https://bot.example.com/slack/events"
    assert hub_bot("manifest", "--socket", "--http", "https://bot.example.com").returncode == 2


@pytest.mark.parametrize("address", ["bot.example.com", "http://bot.example.com", "https://"])
def test_a_manifest_for_an_address_that_slack_cannot_call_is_refused(address: str) -> None:
    finished = hub_bot("manifest", "--http", address)

    assert finished.returncode == 2
    assert "https://" in finished.stderr


def test_help_of_the_program_names_its_commands() -> None:
    finished = hub_bot("--help")

    assert all(word in finished.stdout for word in ("serve", "exec", "demo", "manifest"))


def test_wrong_settings_are_json_too_when_json_is_asked_for() -> None:
    finished = hub_bot("exec", "tags", "nginx", "--json", environment={"HUB_BOT_PROT": "1"})

    assert finished.returncode == 2
    assert json.loads(finished.stdout)["error"]["reason"] == "config"


def test_what_is_copied_from_slack_runs_too(hub: HubSimulator) -> None:
    assert hub_bot("exec", "/hub", "tags", "library/nginx", environment=against(hub)).returncode == 0


def test_an_encoding_that_lacks_characters_is_no_crash(hub: HubSimulator) -> None:
    environment = against(hub, PYTHONIOENCODING="ascii")

    finished = hub_bot("exec", "diff", "library/nginx:latest", "1", environment=environment)

    assert (finished.returncode, finished.stderr) == (0, "")
