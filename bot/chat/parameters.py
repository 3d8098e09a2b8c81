"""The kinds of words that several commands take: an image, a platform, a glob, a number of rows."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click

from bot.errors import UsageError
from bot.fleet.staleness import read_limit
from bot.images import ImageReference, InvalidReferenceError, check_namespace
from bot.platforms import check_platform
from bot.words import quoted

_CHANNEL = re.compile(r"[CDGUW][A-Z0-9]{1,30}", re.ASCII)
_ROWS = re.compile(r"[0-9]{1,4}", re.ASCII)
MOST_ROWS = 1_000


class ImageType(click.ParamType[Any]):
    """An image reference, a Docker Hub address, or a short name."""

    name = "image"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ImageReference:
        """Read the word; fail with the sentence that says what is wrong with it."""
        if isinstance(value, ImageReference):
            return value
        try:
            return ImageReference.parse(value)
        except InvalidReferenceError as error:
            self.fail(str(error), param, ctx)


class NamespaceType(click.ParamType[Any]):
    """A namespace: a user or an organization."""

    name = "namespace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word in lower case."""
        try:
            return check_namespace(value)
        except InvalidReferenceError as error:
            self.fail(str(error), param, ctx)


class PlatformType(click.ParamType[Any]):
    """A platform as Docker writes it: `linux/arm64/v8`, or shorter: `arm64`, `linux/arm64`, `arm64/v8`."""

    name = "platform"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word in lower case."""
        try:
            return check_platform(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ChannelType(click.ParamType[Any]):
    """A channel, as its id; a mention of it comes in as one."""

    name = "channel"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word."""
        channel = str(value).removeprefix("#")
        if not _CHANNEL.fullmatch(channel):
            problem = f"{quoted(str(value))} is not a channel; mention it, or write its id, like `C0123ABCD`."
            self.fail(problem, param, ctx)
        return channel


class RowsType(click.ParamType[Any]):
    """How many rows to show."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a whole number within bounds."""
        text = str(value)
        if not _ROWS.fullmatch(text) or not 1 <= int(text) <= MOST_ROWS:
            self.fail(f"{quoted(text)} is not a whole number from 1 to {MOST_ROWS}.", param, ctx)
        return int(text)


class AgeType(click.ParamType[Any]):
    """A number of days, or a length of time: `30`, `12h`, `7d`, `4w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the word."""
        try:
            age = read_limit(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if age is None:
            self.fail("`never` is for rules; here an age is expected, like `30d`.", param, ctx)
        return age


def image_argument(name: str = "image", *, required: bool = True) -> click.Argument:
    """Return the argument `<image>`."""
    return click.Argument([name], type=ImageType(), required=required, metavar=name)


def limit_option(default: int) -> click.Option:
    """Return `--limit`, how many rows to show."""
    help_text = f"Show at most this many (default {default})."
    return click.Option(["--limit"], type=RowsType(), metavar="N", help=help_text)


def row_limit(values: Mapping[str, Any], default: int, *, example: str) -> int | None:
    """Return how many rows are asked for by `--limit` and `--all`; None is all of them.

    Raises:
        UsageError: Both were given.
    """
    if values["all"] and values["limit"]:
        raise UsageError("`--all` and `--limit` exclude each other.", example=example)
    return None if values["all"] else values["limit"] or default


def flag(name: str, help_text: str) -> click.Option:
    """Return an option without a value, off unless given."""
    return click.Option([f"--{name}"], is_flag=True, default=False, help=help_text)


def choice(name: str, choices: tuple[str, ...], help_text: str) -> click.Option:
    """Return an option that takes one of a few words; the first is the default."""
    return click.Option(
        [f"--{name}"],
        type=click.Choice(choices, case_sensitive=False),
        default=choices[0],
        metavar="|".join(choices),
        help=f"{help_text} (default {choices[0]}).",
    )


def text_option(name: str, metavar: str, help_text: str) -> click.Option:
    """Return an option that takes a word."""
    return click.Option([f"--{name}"], metavar=metavar, help=help_text)


def platform_option(help_text: str) -> click.Option:
    """Return `--platform`."""
    return click.Option(["--platform"], type=PlatformType(), metavar="OS/ARCH", help=help_text)
