"""The subcommands of `/hub`: one module each, listed here by hand, in the order of help."""

from bot.chat.command import AnyCommand
from commands import (
    access,
    approvals,
    builds,
    cves,
    delete_tags,
    deliveries,
    diff,
    digest,
    doctor,
    help,  # noqa: A004 - The module is named as its verb.
    history,
    inspect,
    invite,
    invites,
    limits,
    repos,
    search,
    stale,
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
    stale.COMMAND,
    cves.COMMAND,
    builds.COMMAND,
    limits.COMMAND,
    trigger.COMMAND,
    delete_tags.COMMAND,
    subscribe.COMMAND,
    unsubscribe.COMMAND,
    subscriptions.COMMAND,
    deliveries.COMMAND,
    digest.COMMAND,
    invite.COMMAND,
    invites.COMMAND,
    doctor.COMMAND,
    access.COMMAND,
    approvals.COMMAND,
    history.COMMAND,
)

COMMANDS: tuple[AnyCommand, ...] = (*_VERBS, help.make_command(_VERBS))
"""Every subcommand there is."""
