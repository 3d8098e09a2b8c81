"""The subcommands of `/hub`: one module each, listed here by hand, in the order of help."""

from bot.chat.command import AnyCommand
from commands import (
    access,
    approvals,
    builds,
    deliveries,
    diff,
    doctor,
    help,  # noqa: A004 - The module is named as its verb.
    history,
    inspect,
    invite,
    invites,
    limits,
    repos,
    search,
    subscribe,
    subscriptions,
    tags,
    trigger,
    unsubscribe,
)

_VERBS: tuple[AnyCommand, ...] = (
    tags.COMMAND,
    inspect.COMMAND,
    diff.COMMAND,
    repos.COMMAND,
    search.COMMAND,
    builds.COMMAND,
    limits.COMMAND,
    trigger.COMMAND,
    subscribe.COMMAND,
    unsubscribe.COMMAND,
    subscriptions.COMMAND,
    deliveries.COMMAND,
    invite.COMMAND,
    invites.COMMAND,
    doctor.COMMAND,
    access.COMMAND,
    approvals.COMMAND,
    history.COMMAND,
)

COMMANDS: tuple[AnyCommand, ...] = (*_VERBS, help.make_command(_VERBS))
"""Every subcommand there is."""
