"""`/hub subscribe <image>`: have the pushes to a repository, or to several, or their builds, announced in this channel.

The channel sees what it will hear of, and that list is also the answer. Operators may do this; admins learn beside it
how to set the webhook at Docker Hub.
"""

from collections.abc import Mapping
from typing import Any

import click
from pydantic import Field, SecretStr

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import flag
from bot.chat.subscriptions import PatternType, asker_of, build_notes, filter_options, read_filters, subscribing_of
from bot.document import Code, CodeBlock, Document, Line, Note, Paragraph, line, marked
from bot.governance.roles import Role
from bot.pushes.filters import Filters
from bot.pushes.patterns import WrittenPattern
from bot.pushes.state import ChannelFacts, pattern_words, state_parts
from bot.pushes.subscribing import Order
from bot.pushes.subscriptions import Change

EXAMPLE = "/hub subscribe acme/api --tag 'v*'"


class SubscribeArguments(Arguments):
    """What to subscribe to.

    Attributes:
        image: The repositories, as they were written, without a tag.
        filters: Which of their pushes, or of their builds.
        test: Have a sample push told.
        create_webhook: Set up the webhook at Docker Hub.
    """

    image: WrittenPattern
    filters: Filters = Filters()
    test: bool = False
    create_webhook: bool = False


class SubscribeResult(Result):
    """What came of it.

    Attributes:
        image: What was meant.
        filters: Which pushes, or which builds.
        before: The filters it had; None when it was not subscribed to.
        change: `added`, `replaced` or `unchanged`.
        channel: Everything the channel hears of, afterwards.
        notes: What else there is to say.
        webhook_url: The address to be set at Docker Hub, a secret; None when there is nothing to be done.
    """

    image: str
    filters: Filters
    before: Filters | None
    change: Change
    channel: ChannelFacts
    notes: tuple[str, ...]
    webhook_url: SecretStr | None = Field(default=None, exclude=True)


def parse(values: Mapping[str, Any]) -> SubscribeArguments:
    """Make the arguments; `acme/api:1.27` means the tag.

    Raises:
        UsageError: A filter cannot be understood.
    """
    written: WrittenPattern = values["image"]
    return SubscribeArguments(
        image=WrittenPattern(written.name, written.namespace),
        filters=read_filters(values, tag=written.tag, example=EXAMPLE),
        test=values["test"],
        create_webhook=values["create_webhook"],
    )


def run(arguments: SubscribeArguments, context: Context) -> SubscribeResult:
    """Subscribe the channel in which it was asked."""
    order = Order(
        arguments.image, arguments.filters, with_test=arguments.test, creates_webhook=arguments.create_webhook
    )
    found = subscribing_of(context).subscribe(asker_of(context, example=EXAMPLE), order, context.hub)
    about_builds = build_notes(context, found.pattern) if arguments.filters.builds else ()
    return SubscribeResult(
        image=str(found.pattern),
        filters=arguments.filters,
        before=found.added.before,
        change=found.added.change,
        channel=ChannelFacts.of(found.added.state),
        notes=(*found.notes, *about_builds),
        webhook_url=found.webhook_url,
    )


def render(result: SubscribeResult) -> Document:
    """Say what changed. All that the channel hears of was said in the channel, unless nothing changed."""
    notes = [Note(marked(note)) for note in result.notes]
    url = [CodeBlock(result.webhook_url.get_secret_value())] if result.webhook_url else []
    state = state_parts(result.channel, names_people=True) if result.change is Change.UNCHANGED else ()
    return Document("", (Paragraph(_what_changed(result)), *state, *notes, *url))


def _what_changed(result: SubscribeResult) -> Line:
    what = pattern_words(result.image, result.filters.words())
    match result.change:
        case Change.ADDED:
            return line("Subscribed: ", *what, ".")
        case Change.REPLACED:
            before = result.before.words() if result.before else ""
            had = ("it had ", Code(before)) if before else ("it had none",)
            return line("Other filters: ", *what, " (", *had, ").")
        case Change.UNCHANGED:
            return line("Subscribed already: ", *what, ". This channel hears of:")


COMMAND = Command(
    name="subscribe",
    group=Group.FOLLOW,
    summary="Announce pushes to a repository, or its builds, in this channel",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["image"], type=PatternType(), metavar="image"),
        *filter_options(),
        flag("test", "Show a sample push here."),
        flag("create-webhook", "Set up the webhook at Docker Hub (admins)."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("subscribe acme/api", "every push to acme/api"),
        ("subscribe acme/api --tag 'v*' --not-tag '*-rc*'", "releases only"),
        ("subscribe 'acme/*' --semver '>=2' --threads repository", "a whole namespace, a thread for each repository"),
        ("subscribe library/nginx:1.27", "one tag of somebody else's"),
        ("subscribe acme/api --builds failed", "builds that failed; its pushes are a subscription of their own"),
    ),
    notes=(
        "Different options must all fit. Asked again for the same image, the new filters replace the old ones; pushes "
        "and builds are kept apart."
    ),
    can_share=False,
    uses_store=True,
)
