"""The subcommands of `/hub`: one module each, listed here by hand, in the order of help."""

from bot.chat.command import AnyCommand
from commands import diff, help, inspect, limits, repos, search, tags  # noqa: A004 - The module is named as its verb.

_VERBS: tuple[AnyCommand, ...] = (
    tags.COMMAND,
    inspect.COMMAND,
    diff.COMMAND,
    repos.COMMAND,
    search.COMMAND,
    limits.COMMAND,
)

COMMANDS: tuple[AnyCommand, ...] = (*_VERBS, help.make_command(_VERBS))
"""Every subcommand there is."""
