"""`/hub subscriptions`: what this channel hears of; as text to keep, and back from it.

Everybody in the workspace may look; operators see every channel, and change them from a text.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.chat.command import Arguments, Command, Context, Group, Offer, Result
from bot.chat.forms import Field as FormField
from bot.chat.forms import FieldKind, Form, InputNeeded, straightened
from bot.chat.parameters import flag
from bot.chat.subscriptions import subscribing_of
from bot.document import Channel, CodeBlock, Document, Listing, Note, Paragraph, Part, Strong, line, marked
from bot.errors import AccessDeniedError, UsageError
from bot.governance.roles import Role
from bot.pushes import as_code
from bot.pushes.state import NONE_HERE, ChannelFacts, state_parts
from bot.pushes.subscribing import Subscribing
from bot.pushes.subscriptions import ChannelState

TITLE = "Subscriptions"
NONE_ANYWHERE = "No channel hears of any pushes."
NOT_APPLIED = "Nothing was changed yet."
CHANGED_MEANWHILE = "Nothing was changed, because things are no longer as they were: this is what it takes now."
APPLIED = "Done."
NOTHING_TO_DO = "Everything is as the text says."
NOTHING_NAMED = "The text names no subscriptions."
UNTOLD = "It is done, but I could not say so in these channels:"
EXAMPLE = "/hub subscriptions --export"
FORM = Form(
    title="Import subscriptions",
    fields=(
        FormField(
            name="text",
            label="Subscriptions as TOML",
            hint="As --export writes them. You see first what it takes.",
            kind=FieldKind.TEXT,
        ),
    ),
    submit="See what it takes",
)
# A block of code is cut where it is longer than Slack takes.
_LONGEST_BLOCK = 2_500


class SubscriptionsArguments(Arguments):
    """What to show or do.

    Attributes:
        everywhere: Every channel's.
        export: As TOML.
        imports: Read TOML in.
        remove: Also remove what the text does not name, in its channels.
        text: The TOML; None: it is still to be asked for.
        agreed: What it takes, as it was shown and agreed to: that is done, and nothing else. None: just say.
    """

    everywhere: bool = False
    export: bool = False
    imports: bool = False
    remove: bool = False
    text: str | None = None
    agreed: tuple[str, ...] | None = None


class UntoldChannel(BaseModel):
    """A channel whose subscriptions were changed, and which could not be told."""

    model_config = ConfigDict(frozen=True)

    channel: str
    reason: str


class SubscriptionsResult(Result):
    """What there is, or what a text takes.

    Attributes:
        channels: What each hears of.
        toml: The same as a text; None when it was not asked for.
        plan: What a text takes, one thing a line; None when none was given.
        is_applied: Whether it was done.
        untold: The channels that could not be told of it.
        arguments: The question.
    """

    channels: tuple[ChannelFacts, ...] = ()
    toml: str | None = None
    plan: tuple[str, ...] | None = None
    is_applied: bool = False
    untold: tuple[UntoldChannel, ...] = ()
    arguments: SubscriptionsArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> SubscriptionsArguments:
    """Make the arguments.

    Raises:
        UsageError: Options contradict each other.
    """
    if values["remove"] and not values["import"]:
        raise UsageError("`--remove` belongs to `--import`.", example=EXAMPLE)
    if values["import"] and (values["export"] or values["all"]):
        raise UsageError("`--import` goes with neither `--export` nor `--all`.", example=EXAMPLE)
    return SubscriptionsArguments(
        everywhere=values["all"],
        export=values["export"],
        imports=values["import"],
        remove=values["remove"],
    )


def run(arguments: SubscriptionsArguments, context: Context) -> SubscriptionsResult:
    """Look, or read a text in. In a terminal, which is no channel, all channels are shown.

    Raises:
        InputNeeded: There is no text yet.
    """
    subscribing = subscribing_of(context)
    if arguments.imports:
        _check(context, "--import")
        return _import(arguments, context, subscribing)
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


def _import(arguments: SubscriptionsArguments, context: Context, subscribing: Subscribing) -> SubscriptionsResult:
    if arguments.text is None:
        raise InputNeeded(FORM)
    plan = subscribing.import_(_as_toml(arguments.text), remove_others=arguments.remove)
    lines = tuple(plan.lines())
    if lines == arguments.agreed:
        untold = subscribing.apply(plan, by=context.place.user_id if context.place else None)
        told = tuple(UntoldChannel(channel=each.channel, reason=each.reason) for each in untold)
        return SubscriptionsResult(plan=lines, is_applied=True, untold=told, arguments=arguments)
    apply = Offer(label="Apply", arguments=arguments.model_copy(update={"agreed": lines}))
    return SubscriptionsResult(plan=lines, offers=() if plan.is_empty else (apply,), arguments=arguments)


def _as_toml(text: str) -> str:
    """Undo typographic quotes where they keep the text from being TOML; inside of values they may be meant."""
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return straightened(text)
    return text


def render(result: SubscriptionsResult) -> Document:
    """Say what there is, or what was done."""
    if result.plan is not None:
        return Document(TITLE, tuple(_plan_parts(result.plan, result)))
    if not any(channel.subscriptions for channel in result.channels):
        return Document(TITLE, (Paragraph(line(NONE_ANYWHERE if result.arguments.everywhere else NONE_HERE)),))
    if result.toml is not None:
        return Document(TITLE, tuple(_code_blocks(result.toml.split("\n"))))
    if not result.arguments.everywhere:
        return Document(f"{TITLE} of this channel", tuple(state_parts(result.channels[0], names_people=True)))
    parts: list[Part] = []
    for channel in result.channels:
        heading = Paragraph(line(Strong("In "), Channel(channel.channel)))
        parts += [heading, *state_parts(channel, names_people=True)]
    return Document(TITLE, tuple(parts))


def _plan_parts(lines: tuple[str, ...], result: SubscriptionsResult) -> Iterator[Part]:
    yield from _code_blocks(lines)
    yield Note(marked(_outcome(lines, result)))
    if result.untold:
        yield Paragraph(line(UNTOLD))
        yield Listing(tuple(line(Channel(each.channel), ": ", *marked(each.reason)) for each in result.untold))


def _outcome(lines: tuple[str, ...], result: SubscriptionsResult) -> str:
    if result.is_applied:
        return APPLIED
    if not lines:
        return NOTHING_NAMED
    if all(each.startswith("=") for each in lines):
        return NOTHING_TO_DO
    return NOT_APPLIED if result.arguments.agreed is None else CHANGED_MEANWHILE


def _code_blocks(lines: Iterable[str]) -> Iterator[CodeBlock]:
    """Yield the lines in blocks of which none is too long."""
    block: list[str] = []
    for each in lines:
        if block and sum(map(len, block)) + len(block) + len(each) > _LONGEST_BLOCK:
            yield CodeBlock("\n".join(block))
            block = []
        block.append(each)
    if block:
        yield CodeBlock("\n".join(block))


COMMAND = Command(
    name="subscriptions",
    group=Group.FOLLOW,
    summary="List what this channel hears of; export and import it",
    role=Role.MEMBER,
    parameters=(
        flag("all", "Every channel's (operators)."),
        flag("export", "As TOML, for the configuration file or another workspace."),
        flag("import", "Take TOML, say what it takes to have what that says, and do it if you agree (operators)."),
        flag("remove", "With --import: remove what the TOML does not name, in its channels."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("subscriptions", "what this channel hears of"),
        ("subscriptions --all --export", "every channel's, as TOML"),
        ("subscriptions --import", "give TOML in a form, and see what it changes before it does"),
    ),
    notes="What the configuration file says is marked, and changed in the file.",
    can_offer=True,
    role_of=lambda arguments: Role.OPERATOR if arguments.everywhere or arguments.imports else Role.MEMBER,
    uses_store=True,
)
