"""Which right each thing we use of Slack needs. The manifest asks for these and for no others.

Source: https://docs.slack.dev/reference/scopes
"""

from collections.abc import Mapping

COMMANDS = frozenset({"commands"})
"""For slash commands, and for the buttons of their answers."""

METHODS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    # One for public and one for private channels: is a channel shared with another organization?
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "conversations.open": frozenset({"im:write"}),
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
}
"""By Web API method. `apps.connections.open` is not here: it takes the app-level token, not the bot's."""

EVENTS: Mapping[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "channel_unarchive": frozenset({"channels:read"}),
    "group_unarchive": frozenset({"groups:read"}),
    "member_joined_channel": frozenset({"channels:read", "groups:read"}),
}
"""By event of the Events API."""
