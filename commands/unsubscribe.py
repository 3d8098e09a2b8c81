"""`/hub unsubscribe <image or number>…`: announce pushes and builds in this channel no more. For operators."""

from collections.abc import Mapping
from typing import Any

import click
from pydantic import Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import flag
from bot.chat.subscriptions import PatternType, asker_of, subscribing_of
from bot.document import Document, Inline, Line, Note, Paragraph, line, marked
from bot.errors import UsageError
from bot.governance.roles import Role
from bot.pushes.patterns import WrittenPattern
from bot.pushes.state import ChannelFacts, SubscriptionFacts, pattern_words

EXAMPLE = "/hub unsubscribe acme/api"
_MOST_DIGITS = 6


class ChoiceType(PatternType):
    """A subscription of this channel: its number, or its repositories as they were written."""

    name = "image or number"

    def convert(  # type: ignore[override]  # One more kind of word than its parent reads.
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> WrittenPattern | int:
        """Read the word; fail with the sentence that says what is wrong with it."""
        text = value.removeprefix("#").rstrip(".,") if isinstance(value, str) else ""
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            return int(text)
        return value if isinstance(value, int) else super().convert(value, param, ctx)


class UnsubscribeArguments(Arguments):
    """What to remove.

    Attributes:
        choices: Images and numbers; None is everything.
        only_builds: Only subscriptions to builds.
    """

    choices: tuple[WrittenPattern | int, ...] | None
    only_builds: bool = False


class UnsubscribeResult(Result):
    """What came of it.

    Attributes:
        removed: What is gone.
        kept: What was meant and is the configuration file's.
        unknown: What was named and is not there, as it was written.
        channel: Everything the channel hears of, afterwards.
        notes: What else there is to say.
    """

    removed: tuple[SubscriptionFacts, ...]
    kept: tuple[SubscriptionFacts, ...] = ()
    unknown: tuple[str, ...] = ()
    channel: ChannelFacts
    notes: tuple[str, ...] = Field(default=())


def parse(values: Mapping[str, Any]) -> UnsubscribeArguments:
    """Make the arguments.

    Raises:
        UsageError: Nothing is named, or too much; or a tag is.
    """
    choices: tuple[WrittenPattern | int, ...] = values["choices"]
    if bool(choices) == values["all"]:
        problem = "Name what to unsubscribe from, or say `--all`" + (", not both." if choices else ".")
        raise UsageError(problem, example=EXAMPLE)
    for choice in choices:
        if isinstance(choice, WrittenPattern) and choice.tag:
            bare = WrittenPattern(choice.name, choice.namespace)
            raise UsageError(
                f"`{choice}` names a tag, and a subscription goes by its repository or its number.",
                suggestion=f"/hub unsubscribe {bare}",
                example=EXAMPLE,
            )
    if values["builds"] and any(isinstance(choice, int) for choice in choices):
        raise UsageError("A number says by itself what it stands for: leave `--builds` out.", example=EXAMPLE)
    return UnsubscribeArguments(choices=None if values["all"] else choices, only_builds=values["builds"])


def run(arguments: UnsubscribeArguments, context: Context) -> UnsubscribeResult:
    """Unsubscribe the channel in which it was asked."""
    asker = asker_of(context, example=EXAMPLE)
    found = subscribing_of(context).unsubscribe(asker, arguments.choices, only_builds=arguments.only_builds)
    return UnsubscribeResult(
        removed=tuple(SubscriptionFacts.of(each) for each in found.removed.removed),
        kept=tuple(SubscriptionFacts.of(each) for each in found.removed.kept),
        unknown=found.unknown,
        channel=ChannelFacts.of(found.removed.state),
        notes=found.notes,
    )


def render(result: UnsubscribeResult) -> Document:
    """Say what is gone, and what is not and why. What the channel still hears of was said in it."""
    said = [Paragraph(line("Unsubscribed: ", *_names(result.removed), "."))]
    if result.unknown:
        names = ", ".join(f"`{each}`" for each in result.unknown)
        said.append(Paragraph(marked(f"This channel has no subscription {names}.")))
    if result.kept:
        said.append(Paragraph(line("Kept by the configuration file: ", *_names(result.kept), ".")))
    notes = (Note(marked(note)) for note in result.notes)
    return Document("", (*said, *notes))


def _names(several: tuple[SubscriptionFacts, ...]) -> Line:
    pieces: list[Inline] = []
    for each in several:
        pieces += [", " if pieces else "", *pattern_words(each.image, each.options)]
    return tuple(pieces)


COMMAND = Command(
    name="unsubscribe",
    group=Group.FOLLOW,
    summary="Announce pushes or builds in this channel no more",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["choices"], type=ChoiceType(), nargs=-1, required=False, metavar="image or number"),
        flag("all", "Everything but what the configuration file says."),
        flag("builds", "Only subscriptions to builds."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("unsubscribe acme/api", "by its name"),
        ("unsubscribe 1 3", "by numbers, as `subscriptions` shows them"),
        ("unsubscribe acme/api --builds", "its builds, not its pushes"),
        ("unsubscribe --all", "everything in this channel"),
    ),
    notes="A pattern removes what was asked for with it, pushes and builds, not what it would match.",
    can_share=False,
    uses_store=True,
)
