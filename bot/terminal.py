"""How documents look in a terminal, and one command run there."""

import getpass
import io
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NoReturn, TextIO, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bot.chat.command import Arguments, Context, Offer
from bot.chat.failures import describe_failure
from bot.chat.forms import Field, FieldKind, Form, FormProblemsError, InputNeeded
from bot.chat.router import Answer, Invocation, Router, answer
from bot.document import (
    Chart,
    Code,
    CodeBlock,
    Document,
    Facts,
    Inline,
    Line,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Strong,
    Table,
    chart_lines,
    format_age,
    plain,
)
from bot.errors import HubBotError, UsageError
from bot.status_line import StatusLine

DONE = 0
NO_OR_FAILED = 1
USAGE = 2

HOW_TO_END = "End it with Ctrl-D on a line of its own."
NOT_DONE = "Nothing was done, because nobody can be asked here. To have it done, add --yes."
_YES = frozenset({"y", "yes"})

A = TypeVar("A", bound=Arguments)

# Wide enough that nothing wraps when the output goes into a file or a pipe.
WIDTH_WITHOUT_TERMINAL = 240
# Below this, times in tables are shown as ages.
NARROW = 120
_GAP = 2


def show(document: Document, console: Console, *, now: datetime) -> None:
    """Print the document. Text from outside is shown inert: no markup, no escapes.

    What can be copied is never broken over lines by us: a terminal that is too narrow wraps it softly.
    """
    with console.capture() as captured:
        if document.title:
            console.print(Text(_clean(document.title), style="bold"))
        for part in document.parts:
            _show_part(part, console, now)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), file=console.file, color=True)


def _show_part(part: Part, console: Console, now: datetime) -> None:
    match part:
        case Paragraph(line):
            console.print(_line(line, now))
        case Note(line):
            console.print(Text.assemble(_line(line, now), style="dim"))
        case Facts(pairs):
            _show_facts(pairs, console, now)
        case Listing(lines):
            for each in lines:
                console.print(Text.assemble("• ", _line(each, now)), soft_wrap=True)
        case CodeBlock(text):
            console.print(Text(_clean(text), style="cyan"), soft_wrap=True)
        case Table():
            _show_table(part, console, now)
        case Chart():
            for each in chart_lines(part):
                console.print(_line(each, now), soft_wrap=True)


def _show_facts(pairs: Sequence[tuple[str, Line]], console: Console, now: datetime) -> None:
    width = max(len(label) for label, _ in pairs)
    for label, value in pairs:
        heading = Text(_clean(label).ljust(width + 2), style="bold")
        console.print(Text.assemble(heading, _line(value, now)), soft_wrap=True)


def _show_table(table: Table, console: Console, now: datetime) -> None:
    is_narrow = console.width < NARROW
    rows = [[_cell(cell, now, is_narrow=is_narrow) for cell in row] for row in table.rows]
    shown = RichTable(box=None, pad_edge=False, header_style="bold underline")
    least = _GAP * (len(table.columns) - 1)
    for number, column in enumerate(table.columns):
        title = Text(_clean(column.title))
        # Only prose may be folded: half a digest or half a time is none.
        is_whole = not any(isinstance(row[number], str) for row in table.rows)
        least += max(_least_width(cell, is_whole=is_whole) for cell in (title, *(row[number] for row in rows)))
        justify: Literal["left", "right"] = "right" if column.numeric else "left"
        shown.add_column(title, justify=justify, overflow="fold", no_wrap=is_whole)
    for cells in rows:
        shown.add_row(*cells)
    # Rich would cut what cannot be folded to the terminal's width. A wider page keeps it whole.
    page = console if least <= console.width else _wider(console, least)
    with page.capture() as captured:
        page.print(shown)
    console.out(captured.get(), end="", highlight=False)


def _least_width(cell: Text, *, is_whole: bool) -> int:
    pieces = cell.plain.splitlines() if is_whole else cell.plain.split()
    return max((cell_len(piece) for piece in pieces), default=0)


def _wider(console: Console, width: int) -> Console:
    return Console(file=console.file, width=width, force_terminal=console.is_terminal)


def _cell(cell: Inline, now: datetime, *, is_narrow: bool) -> Text:
    """Write a cell; where there is little room, a time as its age and each item of a list on a line of its own."""
    if is_narrow and isinstance(cell, Moment) and cell.at is not None:
        return Text(format_age(cell.at, now=now))
    if is_narrow and isinstance(cell, str):
        return Text(_clean(cell.replace(", ", "\n")))
    return _inline(cell, now)


def _line(line: Line, now: datetime) -> Text:
    return Text.assemble(*(_inline(piece, now) for piece in line))


def _inline(piece: Inline, now: datetime) -> Text:
    match piece:
        case Code(text):
            return Text(_clean(text), style="cyan")
        case Strong(text):
            return Text(_clean(text), style="bold")
        case Link(label, url):
            return Text(_clean(label), style=f"link {url}")
        case Moment(at) if at is not None:
            age = "" if at > now else f" ({format_age(at, now=now)})"
            return Text(plain(piece) + age)
        case _:
            return Text(_clean(plain(piece)))


def _clean(text: str) -> str:
    """Take out what a terminal would obey: control characters, escapes, marks that turn the writing direction."""
    return "".join(each if unicodedata.category(each) not in {"Cc", "Cf"} or each == "\n" else " " for each in text)


class Terminal:
    """Runs commands for the person at this machine.

    Args:
        router: Knows the commands.
        output: Where answers go; nothing else is written there.
        errors: Where progress, failures and questions go.
        source: Where texts and the answers to questions come from; None: standard input.
        read_secret: Asks for a secret, with the words given, and does not show what is typed.
    """

    def __init__(
        self,
        router: Router,
        *,
        output: Console,
        errors: Console,
        source: TextIO | None = None,
        read_secret: Callable[[str], str] = getpass.getpass,
    ) -> None:
        self._router = router
        self._output = output
        self._errors = errors
        # There is none at all when it was closed before the program started.
        self._source = source or sys.stdin or io.StringIO()
        self._prompt = _Prompt(self._source, errors, read_secret)

    def run(self, words: Sequence[str] | str, context: Context, *, as_json: bool = False) -> int:
        """Run one command and show its answer; ask whether to do what that offers, or do it if `--yes` was said.

        Args:
            words: As a shell has split them, or a line as it would be typed in Slack.
            context: What the command may use.
            as_json: Print the result as one JSON document instead, and ask nothing.

        Returns:
            The exit status: 0 done, 1 the answer is no or it failed, 2 not understood.
        """
        try:
            parse = self._router.parse if isinstance(words, str) else self._router.parse_words
            invocation = parse(words)  # type: ignore[arg-type]  # The one that fits was just chosen.
            outcome = self._answer(invocation, context)
            offers = outcome.result.offers if outcome.result else ()
            is_all = not offers or (as_json and not invocation.says_yes)
            if is_all or not as_json:
                self._show(outcome, as_json=as_json, now=context.clock.now())
            accepted = None if is_all else self._accepted(offers, says_yes=invocation.says_yes)
            if accepted:
                outcome = self._answer(replace(invocation, arguments=accepted.arguments), context)
                self._show(outcome, as_json=as_json, now=context.clock.now())
        except UsageError as error:
            self._show_failure(error, as_json=as_json, now=context.clock.now())
            return USAGE
        return _exit_status(outcome)

    def _answer(self, invocation: Invocation, context: Context) -> Answer:
        """Run the command; give it what it asks for.

        Raises:
            UsageError: There is nothing to be had.
        """
        while True:
            with StatusLine(self._errors) as status:
                outcome = answer(invocation, replace(context, progress=status.tell))
            if not isinstance(outcome.failure, InputNeeded):
                return outcome
            arguments = self._prompt.filled(outcome.failure, invocation.arguments, line=invocation.line)
            invocation = replace(invocation, arguments=arguments)

    def _accepted(self, offers: Sequence[Offer], *, says_yes: bool) -> Offer | None:
        """Return what is wanted of what is offered; None: nothing. To `--yes` it is the first, and that only once."""
        if says_yes:
            return offers[0]
        if not self._source.isatty():
            click.echo(NOT_DONE, file=self._errors.file)
            return None
        return next((offer for offer in offers if self._is_wanted(offer)), None)

    def _is_wanted(self, offer: Offer) -> bool:
        if offer.confirm:
            click.echo(_clean(offer.confirm.question), file=self._errors.file)
        click.echo(f"{_clean(offer.label)}? [y/N] ", nl=False, file=self._errors.file)
        return self._source.readline().strip().lower() in _YES

    def _show(self, outcome: Answer, *, as_json: bool, now: datetime) -> None:
        if outcome.failure is not None:
            self._show_failure(outcome.failure, as_json=as_json, now=now)
        elif as_json and outcome.result is not None:
            click.echo(outcome.result.model_dump_json(indent=2), file=self._output.file)
        else:
            show(outcome.document, self._output, now=now)

    def _show_failure(self, error: HubBotError, *, as_json: bool, now: datetime) -> None:
        if as_json:
            told = {"reason": error.reason, "message": str(error)}
            if isinstance(error, UsageError):
                told |= {"suggestion": error.suggestion, "example": error.example}
            click.echo(json.dumps({"error": told}, indent=2, ensure_ascii=False), file=self._output.file)
        else:
            show(describe_failure(error), self._errors, now=now)


class _Prompt:
    """Asks for what a form asks for: field by field where somebody sits, else from standard input.

    Args:
        source: Where what is typed comes from.
        errors: Where questions go.
        read_secret: Asks for a secret.
    """

    def __init__(self, source: TextIO, errors: Console, read_secret: Callable[[str], str]) -> None:
        self._source = source
        self._errors = errors
        self._read_secret = read_secret

    def filled(self, question: InputNeeded, arguments: A, *, line: str) -> A:
        """Return the arguments with what was put in.

        Raises:
            UsageError: Nothing was, or nothing that can be taken, and nobody can be asked again.
        """
        form = question.form
        if self._source.isatty():
            return self._asked(form, question.problems, arguments, line=line)
        if question.problems:
            raise FormProblemsError(question.problems)
        return form.filled(arguments, self._piped(form, line=line))

    def _asked(self, form: Form, problems: Mapping[str, str], arguments: A, *, line: str) -> A:
        values = {field.name: field.initial for field in form.fields}
        wanted = list(form.fields)
        while True:
            for sentence in form.sentences(problems):
                self._say(sentence)
            for field in wanted:
                values[field.name] = self._ask(field, line=line) or values[field.name]
            try:
                return form.filled(arguments, values)
            except FormProblemsError as error:
                problems = error.problems
                wanted = [field for field in form.fields if field.name in problems]

    def _ask(self, field: Field, *, line: str) -> str:
        """Return what somebody types; empty: what stands there already is right."""
        for choice in field.choices:
            self._say(f"{choice.value}: {choice.label}")
        if field.kind is FieldKind.TEXT:
            self._say(" ".join(filter(None, [f"{field.label}.", field.hint, HOW_TO_END])))
            text = self._source_text(self._source.read, line=line)
            return text if text.strip() or _has_answer(field) else _nothing(line)
        if field.hint:
            self._say(field.hint)
        optional = " (optional)" if field.is_optional else ""
        initial = f" [{field.initial}]" if field.initial else ""
        words = _clean(f"{field.label}{optional}{initial}: ")
        if field.kind is FieldKind.SECRET:
            return self._secret(words, line=line)
        click.echo(words, nl=False, file=self._errors.file)
        typed = self._source_text(self._source.readline, line=line)
        return typed.strip() if typed else _nothing(line)  # Even an empty line has an end.

    def _secret(self, words: str, *, line: str) -> str:
        try:
            return self._read_secret(words)
        except EOFError:
            return _nothing(line)

    def _piped(self, form: Form, *, line: str) -> Mapping[str, str]:
        """Return what is known, with the one thing that is missing read from standard input."""
        values = {field.name: field.initial for field in form.fields}
        # No secret may stand on the command line, so there is no option for one: it comes first, needed or not.
        secrets = [field for field in form.fields if field.kind is FieldKind.SECRET]
        missing = [field for field in form.fields if not _has_answer(field) and field not in secrets]
        if not secrets and not missing:
            return values
        first, *others = [*secrets, *missing]
        if others:
            options = [f"--{field.name.replace('_', '-')}" for field in others]
            raise UsageError(
                f"Nobody can be asked here, and standard input is read for one thing only: {first.label}. "
                f"Give {', '.join(f'`{option}`' for option in options)} too.",
                example=f"hub-bot exec {line} {' '.join(f'{option} …' for option in options)} < file",
            )
        is_text = first.kind is FieldKind.TEXT
        text = self._source_text(self._source.read if is_text else self._source.readline, line=line)
        return {**values, first.name: text if text.strip() or _has_answer(first) else _nothing(line)}

    def _source_text(self, read: Callable[[], str], *, line: str) -> str:
        try:
            return read()
        except UnicodeDecodeError as error:
            raise UsageError("Standard input is not UTF-8.", example=_piping(line)) from error

    def _say(self, sentence: str) -> None:
        click.echo(_clean(sentence), file=self._errors.file)


def _has_answer(field: Field) -> bool:
    return field.is_optional or bool(field.initial)


def _nothing(line: str) -> NoReturn:
    raise UsageError(f"`{line}` reads its text from standard input, and there was none.", example=_piping(line))


def _piping(line: str) -> str:
    return f"hub-bot exec {line} < file"


def _exit_status(outcome: Answer) -> int:
    if isinstance(outcome.failure, UsageError):
        return USAGE
    return DONE if outcome.is_good else NO_OR_FAILED


def make_console(*, to_errors: bool = False) -> Console:
    """Return a console on standard output, or on standard error; without a terminal, wide and without colour."""
    console = Console(stderr=to_errors, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console
