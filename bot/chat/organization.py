"""Which organization a command is about."""

import click

from bot.chat.command import Context
from bot.chat.parameters import NamespaceType
from bot.errors import UsageError

WHICH_ORGANIZATION = "Which organization? Name it with `--org`, or set DOCKERHUB_NAMESPACES for a default."


def organization_option() -> click.Option:
    """Return `--org`, the organization."""
    help_text = "The organization (default: your default namespace)."
    return click.Option(["--org"], type=NamespaceType(), metavar="NAME", help=help_text)


def organization_of(named: str | None, context: Context, *, example: str) -> str:
    """Return the organization that was named, else the default namespace.

    Raises:
        UsageError: There is neither.
    """
    organization = named or context.default_namespace
    if organization is None:
        raise UsageError(WHICH_ORGANIZATION, example=example)
    return organization
