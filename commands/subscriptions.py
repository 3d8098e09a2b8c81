"""`/hub subscriptions`: what this channel hears of; as text to keep, and back from it.

Everybody in the workspace may look; operators see every channel, and change them from a text.
"""

from collections.abc import Mapping
from typing import Any

import click
from pydantic import Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import flag
from bot.chat.subscriptions import subscribing_of
from bot.document import Channel, CodeBlock, Document, Note, Paragraph, Part, Strong, line, marked
from bot.errors import AccessDeniedError, UsageError
from bot.governance.roles import Role
from bot.pushes import as_code
from bot.pushes.state import NONE_HERE, ChannelFacts, state_parts
from bot.pushes.subscribing import Subscribing
from bot.pushes.subscriptions import ChannelState

TITLE = "Subscriptions"
NONE_ANYWHERE = "No channel hears of any pushes."
NOT_APPLIED = "Nothing was changed. To do this, say the same with `--apply`."
APPLIED = "Done."
NOTHING_TO_DO = "Everything is as the text says."
EXAMPLE = "/hub subscriptions --export"


class SubscriptionsArguments(Arguments):
    """What to show or do.

    Attributes:
        everywhere: Every channel's.
        export: As TOML.
        text: TOML to read in; None: just look.
        apply: Do what the text takes, rather than say it.
        remove: Also remove what the text does not name, in its channels.
    """

    everywhere: bool = False
    export: bool = False
    text: str | None = None
    apply: bool = False
    remove: bool = False


class SubscriptionsResult(Result):
    """What there is, or what a text takes.

    Attributes:
        channels: What each hears of.
        toml: The same as a text; None when it was not asked for.
        plan: What a text takes, one thing a line; None when none was given.
        is_applied: Whether it was done.
        arguments: The question.
    """

    channels: tuple[ChannelFacts, ...] = ()
    toml: str | None = None
    plan: tuple[str, ...] | None = None
    is_applied: bool = False
    arguments: SubscriptionsArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> SubscriptionsArguments:
    """Make the arguments.

    Raises:
        UsageError: Options contradict each other.
    """
    text = values["import"]
    if (values["apply"] or values["remove"]) and text is None:
        raise UsageError("`--apply` and `--remove` belong to `--import`.", example=EXAMPLE)
    if text is not None and (values["export"] or values["all"]):
        raise UsageError("`--import` goes with neither `--export` nor `--all`.", example=EXAMPLE)
    return SubscriptionsArguments(
        everywhere=values["all"],
        export=values["export"],
        text=text,
        apply=values["apply"],
        remove=values["remove"],
    )


def run(arguments: SubscriptionsArguments, context: Context) -> SubscriptionsResult:
    """Look, or read a text in. In a terminal, which is no channel, all channels are shown."""
    subscribing = subscribing_of(context)
    if arguments.text is not None:
        _check(context, "--import")
        return _import(arguments.text, arguments, context, subscribing)
    is_everywhere = arguments.everywhere or context.place is None
    if context.place is None or arguments.everywhere:
        _check(context, "--all")
        states = subscribing.subscriptions.everywhere()
    else:
        states = (subscribing.subscriptions.of_channel(context.place.channel),)
    return SubscriptionsResult(
        channels=tuple(ChannelFacts.of(state) for state in states),
        toml=_exported(states) if arguments.export else None,
        arguments=arguments.model_copy(update={"everywhere": is_everywhere}),
    )


def _check(context: Context, option: str) -> None:
    if context.role < Role.OPERATOR:
        raise AccessDeniedError(f"`{option}` concerns every channel, and needs an operator.")


def _exported(states: tuple[ChannelState, ...]) -> str:
    return as_code.export(each for state in states for each in state.subscriptions)


def _import(
    text: str, arguments: SubscriptionsArguments, context: Context, subscribing: Subscribing
) -> SubscriptionsResult:
    plan = subscribing.import_(text, remove_others=arguments.remove)
    if arguments.apply:
        subscribing.apply(plan, by=context.place.user_id if context.place else None)
    return SubscriptionsResult(plan=tuple(plan.lines()), is_applied=arguments.apply, arguments=arguments)


def render(result: SubscriptionsResult) -> Document:
    """Say what there is, or what was done."""
    if result.plan is not None:
        return _render_plan(result.plan, is_applied=result.is_applied)
    if not any(channel.subscriptions for channel in result.channels):
        return Document(TITLE, (Paragraph(line(NONE_ANYWHERE if result.arguments.everywhere else NONE_HERE)),))
    if result.toml is not None:
        return Document(TITLE, (CodeBlock(result.toml),))
    if not result.arguments.everywhere:
        return Document(f"{TITLE} of this channel", tuple(state_parts(result.channels[0])))
    parts: list[Part] = []
    for channel in result.channels:
        parts += [Paragraph(line(Strong("In "), Channel(channel.channel))), *state_parts(channel)]
    return Document(TITLE, tuple(parts))


def _render_plan(lines: tuple[str, ...], *, is_applied: bool) -> Document:
    changes = [each for each in lines if not each.startswith("=")]
    said = NOTHING_TO_DO if not changes else APPLIED if is_applied else NOT_APPLIED
    block = (CodeBlock("\n".join(lines)),) if lines else ()
    return Document(TITLE, (*block, Note(marked(said))))


COMMAND = Command(
    name="subscriptions",
    group=Group.FOLLOW,
    summary="List what this channel hears of; export and import it",
    role=Role.MEMBER,
    parameters=(
        flag("all", "Every channel's (operators)."),
        flag("export", "As TOML, for the configuration file or another workspace."),
        click.Option(["--import"], metavar="TOML", help="Say what it takes to have what this TOML says (operators)."),
        flag("apply", "With --import: do it."),
        flag("remove", "With --import: remove what the TOML does not name, in its channels."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("subscriptions", "what this channel hears of"),
        ("subscriptions --all --export", "every channel's, as TOML"),
    ),
    notes="What the configuration file says is marked, and changed in the file.",
    role_of=lambda arguments: Role.OPERATOR if arguments.everywhere or arguments.text is not None else Role.MEMBER,
)
