"""`/hub help [verb]`: what the bot can do, and how one verb is used. For everybody, guests too."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from pydantic import Field

from bot.chat import help as pages
from bot.chat.command import AnyCommand, Arguments, Command, Context, Group, Result
from bot.document import Document
from bot.errors import UsageError
from bot.governance.roles import Role
from bot.words import nearest, quoted

NAME = "help"


class HelpArguments(Arguments):
    """Which verb to explain; None is the list of all."""

    verb: str | None = None


class HelpResult(Result):
    """The verbs asked about: name and form. The page itself is made from the declarations."""

    usage: dict[str, str]
    document: Document = Field(exclude=True)


def make_command(others: Sequence[AnyCommand]) -> AnyCommand:
    """Return the help command for these commands and itself."""

    def parse(values: Mapping[str, Any]) -> HelpArguments:
        verb = values["verb"]
        if verb is not None and verb.lower() not in by_name:
            suggestion = nearest(verb, by_name)
            raise UsageError(
                f"There is no {quoted(verb)} command.",
                suggestion=f"/hub help {suggestion}" if suggestion else "",
                example="/hub help",
            )
        return HelpArguments(verb=verb.lower() if verb else None)

    def run(arguments: HelpArguments, context: Context) -> HelpResult:  # noqa: ARG001 - One form for every command.
        if arguments.verb is None:
            usage = {name: pages.usage(each) for name, each in by_name.items()}
            return HelpResult(usage=usage, document=pages.render_overview(everything))
        one = by_name[arguments.verb]
        return HelpResult(usage={one.name: pages.usage(one)}, document=pages.render_page(one))

    command = Command(
        name=NAME,
        group=Group.BOT,
        summary="Show what the bot can do, or how one verb is used",
        role=Role.STRANGER,
        parameters=(click.Argument(["verb"], required=False, metavar="verb"),),
        parse=parse,
        run=run,
        render=lambda result: result.document,
        examples=(("help", "every verb"), ("help tags", "one verb, with its options")),
    )
    everything = (*others, command)
    by_name = {each.name: each for each in everything}
    return command
