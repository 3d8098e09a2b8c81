"""Assignments as JSON and back; for every command there is."""

import json
from typing import cast

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.chat.command import AnyCommand, Arguments, Command, Context, Group, Result
from bot.chat.router import Router
from bot.document import Document
from bot.governance.roles import Person, Role
from bot.web.assignment import Assignment
from bot.web.keeping import Keeping, UnreadableAssignmentError, arguments_type
from bot.web.tickets import Claim, Kind
from commands import COMMANDS

MIA = Person("U0MIA", "T0ACME")
ROUTER = Router(COMMANDS)
EXAMPLES = [example for command in COMMANDS for example, _ in command.examples]


class Letter(Arguments):
    to: str = ""
    lines: tuple[str, ...] = ()
    weight: float = 0.0
    is_agreed: bool = False
    stamp: SecretStr | None = None


class Other(Arguments):
    pass


def send(_: Letter, __: Context) -> Result:
    return Result()


def command(name: str = "send", run: object = send) -> AnyCommand:
    return Command(
        name=name,
        group=Group.ACT,
        summary="Send",
        role=Role.MEMBER,
        parameters=(click.Argument(["to"]),),
        parse=lambda values: Letter(to=values["to"]),
        run=cast("type", run),
        render=lambda _: Document(""),
        examples=((f"{name} ana", "sends"),),
    )


LETTERS = Router([command(), command("help")])


def assigned(arguments: Arguments, *, line: str = "send ana") -> Assignment:
    invocation = LETTERS.parse("send ana")
    kept = Assignment(invocation, MIA, "C1", received_at=1.0, is_public=True, claims=(Claim(Kind.OFFER, "abc"),))
    return kept.with_arguments(arguments)


def test_every_command_says_what_its_arguments_are_and_they_can_be_kept() -> None:
    for each in COMMANDS:
        model = arguments_type(each)
        for name, field in model.model_fields.items():
            assert not field.exclude, f"{each.name}: {name} would be lost"
            if "SecretStr" in str(field.annotation):
                assert field.annotation == SecretStr | None, f"{each.name}: {name} would be masked"
                assert field.default is None, f"{each.name}: without {name} nothing can be read back"


@pytest.mark.parametrize("example", EXAMPLES)
def test_whatever_can_be_typed_survives(example: str) -> None:
    invocation = ROUTER.parse(example)
    assignment = Assignment(invocation, MIA, "C1", received_at=0.0, is_public=False)
    keeping = Keeping(ROUTER)

    read = keeping.read(json.loads(json.dumps(keeping.written(assignment))), MIA)

    assert read.invocation.arguments == invocation.arguments
    assert type(read.invocation.arguments) is type(invocation.arguments)
    assert (read.invocation.command.name, read.invocation.line) == (invocation.command.name, invocation.line)


@given(
    st.builds(
        Letter,
        to=st.text(),
        lines=st.lists(st.text()).map(tuple),
        weight=st.floats(allow_nan=False, allow_infinity=False),
        is_agreed=st.booleans(),
        stamp=st.none(),
    )
)
def test_all_of_an_assignment_survives_but_for_the_moment(letter: Letter) -> None:
    assignment, keeping = assigned(letter), Keeping(LETTERS)

    read = keeping.read(json.loads(json.dumps(keeping.written(assignment))), MIA)

    assert read.invocation.arguments == letter
    assert (read.person, read.channel_id, read.is_public, read.can_share) == (MIA, "C1", True, True)
    assert (read.claims, read.trigger_id) == (assignment.claims, "")


def test_a_secret_is_left_out() -> None:
    keeping = Keeping(LETTERS)
    letter = Letter(to="ana", stamp=SecretStr("hush-hush"))

    written = keeping.written(assigned(letter, line="send ana"))

    assert "hush" not in json.dumps(written)
    assert "*" not in json.dumps(written)
    assert keeping.read(written, MIA).invocation.arguments == Letter(to="ana")


def test_a_secret_that_was_typed_on_the_line_is_masked() -> None:
    router = Router([command(), command("help")])
    invocation = router.parse("send dckr_pat_0123456789abcdef")
    written = Keeping(router).written(Assignment(invocation, MIA, "C1", received_at=0.0, is_public=False))

    assert written["line"] == "send [redacted]"


@pytest.mark.parametrize(
    "damage",
    [
        {"verb": "gone"},
        {"arguments": {"unknown": 1}},
        {"arguments": None},
        {"claims": [["letter", "abc"]]},
        {"claims": [["offer"]]},
    ],
)
def test_what_another_version_wrote_is_said_to_be_unreadable(damage: dict[str, object]) -> None:
    keeping = Keeping(LETTERS)
    written = keeping.written(assigned(Letter(to="ana")))

    with pytest.raises(UnreadableAssignmentError):
        keeping.read({**written, **damage}, MIA)
    with pytest.raises(UnreadableAssignmentError):
        keeping.read({name: written[name] for name in written if name not in damage}, MIA)


def test_arguments_of_another_command_are_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="send takes Letter, and not Other"):
        Keeping(LETTERS).written(assigned(Other()))


@pytest.mark.parametrize("run", [lambda arguments, context: None, lambda: None])
def test_a_command_that_does_not_say_what_its_arguments_are_is_a_mistake_of_ours(run: object) -> None:
    with pytest.raises(TypeError, match="`run` of send does not say"):
        Keeping(Router([command(run=run), command("help")]))
