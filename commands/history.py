"""`/hub history`: who did what with the bot, who allowed it, and what came of it. Operators see what they did."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import click
from pydantic import Field

from bot.ages import read_age
from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import RowsType, flag
from bot.chat.people import PersonType, named
from bot.chat.trail import trail_of
from bot.document import (
    Channel,
    Code,
    CodeBlock,
    Column,
    Document,
    Inline,
    Moment,
    Note,
    Paragraph,
    Table,
    line,
    marked,
)
from bot.errors import AccessDeniedError, UsageError
from bot.governance.roles import Role
from bot.governance.trail import Search, TrailLine, as_csv
from bot.words import in_words, quoted

TITLE = "History"
DEFAULT_LIMIT = 25
NOTHING = "–"
EXAMPLE = "/hub history --verb trigger --since 7d"
OTHERS = "Looking at what others did needs an admin; `history` alone shows what you did."

_Cell = Callable[[TrailLine], Inline]


class HistoryArguments(Arguments):
    """What to look for.

    Attributes:
        person: Who asked for it or decided on it, by user id; None: anybody.
        verb: The subcommand; None: any.
        subject: What it was done to; None: anything.
        since: How far back; None: as far as it goes.
        events: Every event; else the last of each change.
        limit: How many lines; None: all there are.
        csv: As a CSV file.
    """

    person: str | None = None
    verb: str | None = None
    subject: str | None = None
    since: timedelta | None = None
    events: bool = False
    limit: int | None = DEFAULT_LIMIT
    csv: bool = False


class HistoryResult(Result):
    """What was done.

    Attributes:
        lines: Newest first.
        has_more: Whether there are older ones.
        is_own: Whether only what they did themselves was looked for.
        is_text: Whether a CSV is wanted as text, because this is a terminal.
        arguments: The question.
    """

    lines: tuple[TrailLine, ...]
    has_more: bool = False
    is_own: bool = Field(default=False, exclude=True)
    is_text: bool = Field(default=False, exclude=True)
    arguments: HistoryArguments = Field(exclude=True)


class _AgeType(click.ParamType[Any]):
    """A length of time: `12h`, `7d`, `4w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the word."""
        try:
            return read_age(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def parse(values: Mapping[str, Any]) -> HistoryArguments:
    """Make the arguments.

    Raises:
        UsageError: Options contradict each other.
    """
    if values["csv"] and values["limit"]:
        raise UsageError("`--csv` gives everything; `--since` makes it less.", example=EXAMPLE)
    return HistoryArguments(
        person=values["user"],
        verb=values["verb"].lower() if values["verb"] else None,
        subject=values["subject"],
        since=values["since"],
        events=values["events"],
        limit=None if values["csv"] else values["limit"] or DEFAULT_LIMIT,
        csv=values["csv"],
    )


def run(arguments: HistoryArguments, context: Context) -> HistoryResult:
    """Read the trail.

    Raises:
        AccessDeniedError: An operator asked for what others did.
        UserError: There is no database.
    """
    trail = trail_of(context)
    is_own = context.role < Role.ADMIN
    own = context.asker.user_id if is_own else None
    if is_own and arguments.person not in {None, own}:
        raise AccessDeniedError(OTHERS)
    search = Search(
        person=arguments.person,
        asker=own,
        verb=arguments.verb,
        subject=arguments.subject,
        since=arguments.since,
        every_event=arguments.events,
    )
    found = trail.lines(search, most=arguments.limit)
    return HistoryResult(
        lines=found.lines,
        has_more=found.has_more,
        is_own=is_own,
        is_text=arguments.csv and context.place is None,
        arguments=arguments,
    )


def render(result: HistoryResult) -> Document:
    """List it, or give it as a file."""
    if result.is_text:
        return Document("", (CodeBlock(as_csv(_whole_table(result.lines))),))
    title = _title(result)
    if not result.lines:
        return Document(title, (Paragraph(line("Nothing of that kind was done.")),))
    if result.arguments.csv:
        return Document(title, (_whole_table(result.lines), Note(marked(_count(result)))))
    return Document(title, (_table(title, result), Note(marked(_footer(result)))))


def _title(result: HistoryResult) -> str:
    arguments = result.arguments
    about = f"{TITLE} of {arguments.verb or 'changes'}"
    about += f" to {quoted(arguments.subject).strip('`')}" if arguments.subject else ""
    about += " by you" if result.is_own else ""
    return f"{about} in the last {in_words(arguments.since)}" if arguments.since else about


def _table(title: str, result: HistoryResult) -> Table:
    """Return what people look for first; a column in which nothing would stand is left out."""
    lines = result.lines
    columns: tuple[tuple[str, _Cell, bool], ...] = (
        ("When", lambda each: Moment(each.happened_at), True),
        ("Who", lambda each: named(each.actor), not result.is_own),
        ("What", lambda each: each.summary, True),
        ("Came of it", lambda each: each.event, True),
        ("Said", lambda each: _plain(each.sentence) or NOTHING, any(each.sentence for each in lines)),
        ("Decided by", _decided_by, any(each.decided_by for each in lines)),
        ("Where", _where, any(each.channel for each in lines)),
        ("Id", lambda each: Code(each.change_id or NOTHING), any(each.change_id for each in lines)),
    )
    shown = [(name, cell) for name, cell, is_shown in columns if is_shown]
    rows = tuple(tuple(cell(each) for _, cell in shown) for each in lines)
    return Table(title, tuple(Column(name) for name, _ in shown), rows)


def _whole_table(lines: tuple[TrailLine, ...]) -> Table:
    """Return everything that is known, for a file."""
    columns: tuple[tuple[str, _Cell], ...] = (
        ("When", lambda each: Moment(each.happened_at)),
        ("Event", lambda each: each.event),
        ("Verb", lambda each: each.verb),
        ("Subject", lambda each: each.subject),
        ("What", lambda each: each.summary),
        ("Who", lambda each: named(each.actor)),
        ("Where", _where),
        ("Decided by", _decided_by),
        ("Said", lambda each: _plain(each.sentence)),
        ("Answer", lambda each: _json(each.details.get("answer"))),
        ("Sent", lambda each: "; ".join(each.sent)),
        ("Id", lambda each: Code(each.change_id or "")),
    )
    rows = tuple(tuple(cell(each) for _, cell in columns) for each in lines)
    return Table(TITLE, tuple(Column(name) for name, _ in columns), rows, is_file=True)


def _decided_by(each: TrailLine) -> Inline:
    return named(each.decided_by) if each.decided_by else NOTHING


def _where(each: TrailLine) -> Inline:
    return Channel(each.channel) if each.channel else NOTHING


def _plain(sentence: str) -> str:
    return sentence.replace("`", "")


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _count(result: HistoryResult) -> str:
    shown, unit = len(result.lines), "event" if result.arguments.events else "change"
    return f"{shown:,} {unit if shown == 1 else f'{unit}s'}, newest first."


def _footer(result: HistoryResult) -> str:
    more = f" There are more: `--limit {min(4 * len(result.lines), 1_000)}`, or `--csv`." if result.has_more else ""
    events = "" if result.arguments.events else " `--events` shows each step of a change."
    return f"{_count(result)}{events}{more}"


COMMAND = Command(
    name="history",
    group=Group.BOT,
    summary="Show who did what, who allowed it, and what came of it",
    role=Role.OPERATOR,
    parameters=(
        click.Option(["--user"], type=PersonType(), metavar="@PERSON", help="Only what they asked for or decided on."),
        click.Option(["--verb"], metavar="VERB", help="Only this subcommand, like `trigger`."),
        click.Option(["--subject"], metavar="NAME", help="Only what was done to this, like `acme` or `acme/api`."),
        click.Option(["--since"], type=_AgeType(), metavar="AGE", help="Only the last `12h`, `7d`, `4w`."),
        click.Option(
            ["--limit"], type=RowsType(), metavar="N", help=f"Show at most this many (default {DEFAULT_LIMIT})."
        ),
        flag("events", "Each step of a change, not just the last."),
        flag("csv", "Everything there is, as a CSV file."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("history", "the latest changes"),
        ("history --user @U0BOB --since 7d", "what one person did this week"),
        ("history --verb trigger --subject acme/api", "who had it built, and what came of it"),
        ("history --since 4w --csv", "everything of four weeks, as a file"),
    ),
    notes="Admins see everything; operators see what they did themselves. Lines are added to it, and never changed.",
    can_share=False,
    uses_store=True,
)
