"""What the commands about subscriptions share: their words for patterns and filters, and where they may be used."""

from collections.abc import Mapping
from typing import Any

import click
from pydantic import ValidationError

from bot.builds.model import ProviderKind
from bot.chat.command import Context
from bot.errors import UsageError, UserError
from bot.images import InvalidReferenceError
from bot.pushes.filters import Filters
from bot.pushes.model import BuildEnds, Threads
from bot.pushes.patterns import Pattern, WrittenPattern
from bot.pushes.subscribing import Asker, Subscribing
from bot.store.errors import StoreUnavailableError

NO_DATABASE = (
    "There is no database, so nothing can be subscribed to: set `HUB_BOT_WEBHOOK_SECRET`, and `HUB_BOT_DATABASE_URL` "
    "unless it is to be a file."
)
ONLY_IN_SLACK = (
    "A terminal is no channel: type this in Slack, in the channel that it is for, or put `[[subscriptions]]` into the "
    "file of `HUB_BOT_CONFIG`."
)

NOT_SET_UP = (
    "Nobody said how `{repository}` is built, so I look at Docker Hub's own builds: an operator can, "
    "`/hub trigger setup {repository}`."
)
TELLS_NOTHING = (
    "It is built through a webhook, which tells of no builds: I hear of those that are asked for here alone."
)

_Word = click.ParamType[Any]


class PatternType(_Word):
    """A repository, or a pattern for some of one namespace; perhaps with a tag."""

    name = "image"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WrittenPattern:
        """Read the word; fail with the sentence that says what is wrong with it."""
        if isinstance(value, WrittenPattern):
            return value
        try:
            return WrittenPattern.parse(value)
        except InvalidReferenceError as error:
            self.fail(str(error), param, ctx)


def _several(name: str, metavar: str, help_text: str) -> click.Option:
    return click.Option([f"--{name}"], multiple=True, metavar=metavar, help=help_text)


def filter_options() -> tuple[click.Option, ...]:
    """Return the options that say what is wanted. Those for globs and platforms may be repeated, or hold a list."""
    return (
        click.Option(
            ["--builds"],
            type=click.Choice([each.value for each in BuildEnds], case_sensitive=False),
            metavar="|".join(BuildEnds),
            help="Builds that failed, or all that end, instead of pushes.",
        ),
        _several("tag", "GLOB", "Only tags that match, like 'v*'; several, or with commas between, are a choice."),
        _several("not-tag", "GLOB", "No tags that match, like '*-rc*'."),
        _several("pusher", "GLOB", "Only what this Docker Hub user pushed."),
        _several("not-pusher", "GLOB", "Nothing that this Docker Hub user pushed."),
        click.Option(["--semver"], metavar="RANGE", help="Only versions in a range, like '>=1.2 <2' or '^1.4'."),
        _several("platform", "OS/ARCH", "Only images for this platform."),
        click.Option(
            ["--threads"],
            type=click.Choice([each.value for each in Threads], case_sensitive=False),
            metavar="|".join(Threads),
            help="Put messages of one repository into one thread, or one a day (default never).",
        ),
    )


def read_filters(values: Mapping[str, Any], *, tag: str | None, example: str) -> Filters:
    """Make the filters out of the options' values.

    Args:
        values: By parameter name.
        tag: A tag that was named with the image; one more to choose from.
        example: A command that works.

    Raises:
        UsageError: One of them cannot be understood.
    """
    lists = {name: _listed(values[name]) for name in ("tag", "not_tag", "pusher", "not_pusher", "platform")}
    lists["tag"] += (tag,) if tag else ()
    single = {name: values[name] for name in ("builds", "semver", "threads") if values[name] is not None}
    try:
        return Filters.model_validate({**lists, **single})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        option = f"`--{first['loc'][0]}`: ".replace("_", "-") if first["loc"] else ""
        raise UsageError(f"{option}{said}.", example=example) from error


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def build_notes(context: Context, pattern: Pattern) -> tuple[str, ...]:
    """Return what there is to say of who is asked about the builds of a repository; nothing of a pattern's."""
    if context.builds is None or not pattern.is_exact:
        return ()
    try:
        kept = context.builds.setups.find(str(pattern))
    except StoreUnavailableError:
        return ()  # The subscription is saved, which is what was asked for.
    if kept is None:
        return (NOT_SET_UP.format(repository=pattern),)
    return (TELLS_NOTHING,) if kept.setup.provider is ProviderKind.WEBHOOK else ()


def subscribing_of(context: Context) -> Subscribing:
    """Return what subscribes channels.

    Raises:
        UserError: There is no database.
    """
    if context.pushes is None:
        raise UserError(NO_DATABASE)
    return context.pushes.subscribing


def asker_of(context: Context, *, example: str) -> Asker:
    """Return who asks, and for which channel.

    Raises:
        UsageError: It was asked in a terminal.
    """
    if context.place is None:
        raise UsageError(ONLY_IN_SLACK, example=example)
    return Asker(context.place.channel, context.place.user_id, context.role)
