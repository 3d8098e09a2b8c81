"""The subcommands of `/hub`: one module each, listed here by hand, in the order of help."""

from bot.chat.command import AnyCommand
from commands import (
    deliveries,
    diff,
    help,  # noqa: A004 - The module is named as its verb.
    inspect,
    limits,
    repos,
    search,
    subscribe,
    subscriptions,
    tags,
    unsubscribe,
)

_VERBS: tuple[AnyCommand, ...] = (
    tags.COMMAND,
    inspect.COMMAND,
    diff.COMMAND,
    repos.COMMAND,
    search.COMMAND,
    limits.COMMAND,
    subscribe.COMMAND,
    unsubscribe.COMMAND,
    subscriptions.COMMAND,
    deliveries.COMMAND,
)

COMMANDS: tuple[AnyCommand, ...] = (*_VERBS, help.make_command(_VERBS))
"""Every subcommand there is."""
