import pytest

from bot.errors import UsageError
from commands import COMMANDS
from tests.support.desk import Desk


def test_help_lists_every_command(desk: Desk) -> None:
    said = "\n".join(desk.says("help"))

    assert not [
        command.name for command in COMMANDS if f"/hub {command.examples[0][0]} – {command.summary}" not in said
    ]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_a_page(desk: Desk, name: str) -> None:
    assert desk.says(f"help {name}")[0] == f"/hub {name}"


def test_help_for_a_wrong_verb_names_the_nearest(desk: Desk) -> None:
    with pytest.raises(UsageError) as refused:
        desk.ask("help tgas")

    assert (refused.value.problem, refused.value.suggestion) == ("There is no `tgas` command.", "/hub help tags")


def test_help_asks_nobody(desk: Desk) -> None:
    desk.ask("help")

    assert desk.paths() == []
