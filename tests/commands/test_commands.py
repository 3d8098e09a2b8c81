"""What holds for every command there is."""

import json
from importlib import resources
from pathlib import Path

import pytest

import commands
from bot.chat.command import AnyCommand
from bot.chat.router import Router
from bot.governance.roles import Role
from commands import COMMANDS
from tests.support.whole import BY_DOCKER_HUB, open_whole_desk

every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


def test_every_module_is_listed_once() -> None:
    folder = Path(str(resources.files(commands)))
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert modules == {command.name.replace("-", "_") for command in COMMANDS}


@every_command
def test_its_words_fit_one_line(command: AnyCommand) -> None:
    assert command.summary[0].isupper()
    assert not command.summary.endswith(".")
    assert len(command.summary) <= 75


@every_command
def test_its_examples_are_understood(command: AnyCommand) -> None:
    router = Router(COMMANDS)

    assert command.examples
    assert {router.parse(line).command.name for line, _ in command.examples} == {command.name}


@every_command
def test_every_option_says_what_it_does(command: AnyCommand) -> None:
    options = [parameter for parameter in command.parameters if parameter.param_type_name == "option"]

    assert not [option.name for option in options if not getattr(option, "help", "")]


@every_command
def test_only_help_is_for_strangers(command: AnyCommand) -> None:
    assert (command.role is Role.STRANGER) == (command.name == "help")


@every_command
def test_its_result_is_one_json_document_without_its_question(command: AnyCommand) -> None:
    with open_whole_desk(file=BY_DOCKER_HUB) as desk:
        desk.ask("subscribe acme/api")
        outcome = desk.ask(command.examples[0][0].replace("1.4.1", "1.0.0").replace("1.4.2", "1.1.0"))

    assert outcome.result is not None, outcome.failure
    assert "arguments" not in json.loads(outcome.result.model_dump_json())
