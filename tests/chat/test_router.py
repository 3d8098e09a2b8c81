import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import click
import pytest

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.failures import describe_failure
from bot.chat.forms import Field, Form, InputNeeded
from bot.chat.help import command_table, render_overview, render_page, usage
from bot.chat.parser import LONGEST_TEXT
from bot.chat.router import Router, answer
from bot.clock import FrozenClock
from bot.document import Document, Note, Paragraph, plain_line
from bot.errors import HubBotError, RateLimitedError, UsageError
from bot.governance.roles import Role
from bot.hub.client import HubClient

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class EchoArguments(Arguments):
    words: tuple[str, ...] = ()
    loud: bool = False


class EchoResult(Result):
    said: str


def parse(values: Mapping[str, Any]) -> EchoArguments:
    return EchoArguments(**values)


def run_echo(arguments: EchoArguments, context: Context) -> EchoResult:
    del context
    return EchoResult(said=" ".join(arguments.words))


def make_command(
    name: str = "echo",
    *,
    run: Callable[[EchoArguments, Context], EchoResult] = run_echo,
    can_share: bool = True,
    can_offer: bool = False,
) -> Command[EchoArguments, EchoResult]:
    return Command(
        name=name,
        group=Group.LOOK,
        summary="Say it again",
        role=Role.MEMBER,
        parameters=(
            click.Argument(["words"], nargs=-1, metavar="words"),
            click.Option(["--loud"], is_flag=True, help="Louder."),
        ),
        parse=parse,
        run=run,
        render=lambda result: Document(result.said),
        examples=((f"{name} hello", "greets"),),
        can_share=can_share,
        can_offer=can_offer,
    )


def make_context() -> Context:
    return Context(hub=cast("HubClient", None), clock=FrozenClock(NOON))


ROUTER = Router((make_command(), make_command("quiet", can_share=False), make_command("help")))


def test_a_line_becomes_a_command_with_its_arguments() -> None:
    invocation = ROUTER.parse("echo “hello there” —loud")

    assert invocation.command.name == "echo"
    assert invocation.arguments == EchoArguments(words=("hello there",), loud=True)
    assert not invocation.share


def test_the_verb_may_be_written_in_any_case() -> None:
    assert ROUTER.parse("ECHO hi").command.name == "echo"


def test_nothing_typed_asks_for_help() -> None:
    assert ROUTER.parse("  \u200b ").command.name == "help"


@pytest.mark.parametrize("text", ["help echo", "echo help", "echo --help", "echo x -h", "--help echo", "? echo"])
def test_help_is_found_however_one_asks(text: str) -> None:
    invocation = ROUTER.parse(text)

    assert invocation.command.name == "help"
    assert invocation.arguments == EchoArguments(words=("echo",))


def test_sharing_is_asked_for_in_any_position_and_is_no_argument() -> None:
    invocation = ROUTER.parse("echo --share hello")

    assert invocation.share
    assert invocation.arguments == EchoArguments(words=("hello",))
    assert invocation.line == "echo hello"


def test_a_command_that_cannot_be_shared_knows_no_such_option() -> None:
    with pytest.raises(UsageError, match="`quiet` has no option `--share`"):
        ROUTER.parse("quiet --share")


def test_a_wrong_verb_gets_the_nearest_right_one_and_an_example() -> None:
    with pytest.raises(UsageError) as refused:
        ROUTER.parse("ehco hello")

    assert refused.value.problem == "There is no `ehco` command."
    assert (refused.value.suggestion, refused.value.example) == ("echo", "/hub echo hello")


def test_a_verb_like_no_other_gets_the_way_to_help() -> None:
    with pytest.raises(UsageError) as refused:
        ROUTER.parse("x" * 100)

    assert len(refused.value.problem) < 100
    assert (refused.value.suggestion, refused.value.example) == ("", "/hub help hello")


def test_endless_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(UsageError, match=r"2,001 characters, and at most 2,000"):
        ROUTER.parse("e" * (LONGEST_TEXT + 1))


def test_two_commands_of_one_name_are_a_mistake_at_start() -> None:
    with pytest.raises(ValueError, match="same name"):
        Router((make_command(), make_command()))


def test_an_answer_holds_the_result_and_its_document() -> None:
    outcome = answer(ROUTER.parse("echo hi"), make_context())

    assert outcome.is_good
    assert outcome.result == EchoResult(said="hi")
    assert outcome.document == Document("hi")


def test_a_negative_result_is_an_answer_but_not_a_good_one() -> None:
    router = Router([make_command(run=lambda *_: EchoResult(said="no", is_negative=True))])

    outcome = answer(router.parse("echo"), make_context())

    assert (outcome.is_good, outcome.failure) == (False, None)


def test_a_failure_is_told_in_its_own_words() -> None:
    def fail(arguments: EchoArguments, context: Context) -> EchoResult:
        raise RateLimitedError("acme/api", retry_at=NOON, credential="the PAT of ana")

    outcome = answer(Router([make_command(run=fail)]).parse("echo"), make_context())

    paragraph = outcome.document.parts[0]
    assert isinstance(paragraph, Paragraph)
    assert plain_line(paragraph.line) == (
        "Docker Hub has no requests left for the PAT of ana: rate limited until 12:00 UTC (asked for acme/api). "
        "Try again then; limits shows the budget."
    )
    assert not outcome.is_good


def test_a_bug_becomes_a_sentence_with_a_reference_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def crash(arguments: EchoArguments, context: Context) -> EchoResult:
        raise KeyError("an inner detail")

    with caplog.at_level(logging.ERROR):
        outcome = answer(Router([make_command(run=crash)]).parse("echo"), make_context())

    paragraph = outcome.document.parts[0]
    assert isinstance(paragraph, Paragraph)
    said = plain_line(paragraph.line)
    assert outcome.reference in said
    assert "inner detail" not in said
    assert [record.__dict__["reference"] for record in caplog.records] == [outcome.reference]


def test_a_usage_error_shows_the_nearest_right_thing_and_an_example() -> None:
    document = describe_failure(UsageError("There is no `ehco` command.", suggestion="echo", example="/hub echo"))

    texts = [plain_line(part.line) for part in document.parts if isinstance(part, Paragraph | Note)]
    assert texts == ["There is no ehco command.", "Did you mean echo?", "Example: /hub echo"]


def test_an_error_without_more_to_say_is_one_sentence() -> None:
    assert describe_failure(HubBotError("It broke.")).parts == (Paragraph(("It broke.",)),)


def test_the_form_of_a_command_names_every_word_it_takes() -> None:
    assert usage(make_command()) == "echo [<words>…] [--loud] [--share]"


def test_help_lists_verbs_under_their_groups() -> None:
    said = repr(render_overview(ROUTER.commands))

    assert all(name in said for name in ("Look", "/hub echo hello", "/hub quiet hello", "Say it again"))


def test_a_verbs_page_has_form_options_examples_and_who_may() -> None:
    said = repr(render_page(make_command()))

    assert all(part in said for part in ("/hub echo [<words>…]", "Louder.", "greets", "For members.", "--share"))


def test_the_table_of_commands_has_a_row_each() -> None:
    table = command_table(ROUTER.commands).splitlines()

    assert table[2] == "| `/hub echo [<words>…] [--loud] [--share]` | Say it again | members |"
    assert len(table) == 5


def test_the_word_help_inside_a_longer_line_is_a_word_like_any_other() -> None:
    assert ROUTER.parse("echo help desk").arguments == EchoArguments(words=("help", "desk"))


def test_yes_is_taken_out_where_a_command_offers_something() -> None:
    invocation = Router([make_command(can_offer=True)]).parse_words(["echo", "--yes", "hello"])

    assert (invocation.says_yes, invocation.line) == (True, "echo hello")
    assert not Router([make_command(can_offer=True)]).parse("echo hello").says_yes


def test_yes_is_unknown_to_other_commands() -> None:
    with pytest.raises(UsageError, match="has no option `--yes`"):
        Router([make_command()]).parse("echo --yes")


def test_a_command_that_asks_for_a_text_is_no_failure_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    form = Form(title="Write", fields=(Field("words", "Words"),))

    def ask(_: EchoArguments, __: Context) -> EchoResult:
        raise InputNeeded(form)

    with caplog.at_level(logging.INFO):
        outcome = answer(Router([make_command(run=ask)]).parse("echo"), make_context())

    assert isinstance(outcome.failure, InputNeeded)
    assert outcome.failure.form is form
    assert not caplog.records
