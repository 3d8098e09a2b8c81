"""A believable workspace to play in: the company Acme, its people, its channels, and an app with a bot.

The secrets below are invented and open nothing but a sandbox.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.sandbox.slack.apps import App
from bot.sandbox.slack.escaping import escaped_line
from bot.sandbox.slack.state import Message, Person, Role, UserGroup, WorkspaceState

TEAM_ID = "T0ACME"
PARTNER_TEAM_ID = "T0PARTNER"
ANA, OMAR, MIA, GUS, STEF, LEO = "U0ANA", "U0OMAR", "U0MIA", "U0GUS", "U0STEF", "U0LEO"
BOT_USER, BOT_ID, APP_ID = "U0HUBBOT", "B0HUBBOT", "A0HUBBOT"
PLATFORM = "S0PLATFORM"
GENERAL, DEPLOYS, RANDOM = "C0GENERAL", "C0DEPLOYS", "C0RANDOM"
CREW, PARTNER, ATTIC = "C0CREW", "C0PARTNER", "C0ATTIC"

BOT_TOKEN = "xoxb-sandbox-0000000000-hub-bot"
APP_TOKEN = "xapp-sandbox-0000000000-hub-bot"
SIGNING_SECRET = "sandbox0signing0secret0of0hub0bot"
CLIENT_ID = "0000000000.1111111111"
CLIENT_SECRET = "sandbox0client0secret0of0hub0bot"

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_left",
    "channel_unarchive",
    "group_archive",
    "group_left",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)


def manifest_for(url: str | None) -> dict[str, Any]:
    """Return a plain manifest: a command, two shortcuts, App Home, interactivity and events.

    Args:
        url: Where all requests go; None for Socket Mode.
    """
    command = {
        "command": "/hub",
        "description": "Look after images on Docker Hub",
        "usage_hint": "help",
        "should_escape": True,
    }
    shortcuts = [
        {"name": "Look up an image", "type": "global", "callback_id": "look_up", "description": "Find an image"},
        {"name": "Find images here", "type": "message", "callback_id": "find_here", "description": "Read a message"},
    ]
    place = {"request_url": url} if url else {}
    return {
        "_metadata": {"major_version": 2},
        "display_information": {"name": "Hub Bot"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": "Hub Bot", "always_online": True},
            "slash_commands": [command | ({"url": url} if url else {})],
            "shortcuts": shortcuts,
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)} | place,
            "interactivity": {"is_enabled": True} | place,
            "socket_mode_enabled": url is None,
        },
    }


def acme_workspace(
    now: Callable[[], datetime], manifest: Mapping[str, Any] | None = None
) -> tuple[WorkspaceState, App]:
    """Return the workspace, with the app of a manifest installed in it.

    Args:
        now: Returns the time, aware and UTC.
        manifest: None for the plain one in Socket Mode.
    """
    state = WorkspaceState(team_id=TEAM_ID, name="Acme", domain="acme", now=now)
    app = hub_bot(manifest if manifest is not None else manifest_for(None))
    for person in (*_people(), _bot(app)):
        state.add_person(person)
    state.usergroups[PLATFORM] = UserGroup(PLATFORM, "platform", "Platform", users=[OMAR])
    _add_channels(state)
    _add_chat(state)
    return state, app


def hub_bot(manifest: Mapping[str, Any]) -> App:
    """Return the app of a manifest with the secrets above; its bot has all the scopes that the manifest asks for."""
    app = App(
        id=APP_ID,
        name=manifest.get("display_information", {}).get("name", "Hub Bot"),
        manifest=manifest,
        bot_user_id=BOT_USER,
        bot_id=BOT_ID,
        signing_secret=SIGNING_SECRET,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    app.add_token(BOT_TOKEN, "bot", app.scopes)
    app.add_token(APP_TOKEN, "app", frozenset({"connections:write"}))
    return app


def _people() -> Sequence[Person]:
    """Return everybody: one for each kind of account that a bot has to tell apart."""
    return (
        _member(ANA, "Ana Alvarez", "admin", "Owns the Docker Hub organization", "Europe/Berlin"),
        _member(OMAR, "Omar Okafor", "operator", "Platform on call: may change and delete", "Africa/Lagos"),
        _member(MIA, "Mia Meyer", "member", "Developer: may look, asks for the rest", "America/New_York"),
        _member(GUS, "Gus Grant", "guest", "Contractor: sees #deploys only", "Asia/Kolkata"),
        Person(STEF, "stef", "Stef Stone", "stranger", PARTNER_TEAM_ID, "Works at a partner", None, "Europe/London"),
        replace(_member(LEO, "Leo Lindqvist", "member", "Left the company", "Europe/Stockholm"), is_deleted=True),
    )


def _member(user_id: str, real_name: str, role: Role, title: str, timezone: str) -> Person:
    name = real_name.partition(" ")[0].lower()
    return Person(user_id, name, real_name, role, TEAM_ID, title, f"{name}@acme.example", timezone)


def _bot(app: App) -> Person:
    return Person(
        BOT_USER, "hub", app.name, "bot", TEAM_ID, "Docker Hub in Slack", timezone="UTC", app_id=app.id, bot_id=BOT_ID
    )


def _add_channels(state: WorkspaceState) -> None:
    members = (ANA, OMAR, MIA)
    rooms: Sequence[tuple[str, str, Sequence[str], str]] = (
        (GENERAL, "general", (*members, BOT_USER), "Company-wide news"),
        (DEPLOYS, "deploys", (*members, GUS, BOT_USER), "What goes out, when, and who watches it"),
        (RANDOM, "random", members, "Everything else. The bot is not here until somebody invites it"),
        (ATTIC, "attic", (ANA, OMAR, BOT_USER), "The old release channel"),
    )
    for channel_id, name, people, topic in rooms:
        state.add_conversation(name, members=people, conversation_id=channel_id, topic=topic)
    state.conversations[ATTIC].is_archived = True
    crew = (ANA, OMAR, BOT_USER)
    state.add_conversation("release-crew", members=crew, kind="private", conversation_id=CREW, topic="Release day")
    partner = (ANA, MIA, STEF, BOT_USER)
    state.add_conversation(
        "acme-partner", members=partner, conversation_id=PARTNER, topic="With our partner", is_shared=True
    )


def _add_chat(state: WorkspaceState) -> None:
    lines = (
        (GENERAL, ANA, "Welcome! Type `/hub help` in any channel to see what our new bot can do."),
        (DEPLOYS, OMAR, "acme/api 2.40.0 goes out today. I watch it until five."),
        (DEPLOYS, MIA, "Thanks @omar, the release notes are in #general"),
        (RANDOM, MIA, "Who left a coffee in the meeting room?"),
        (CREW, OMAR, "Who signs off 2.41?"),
        (PARTNER, STEF, "Hello from our side. Which tag shall we test?"),
    )
    for channel, user, typed in lines:
        text = escaped_line(typed, state, viewer=user)
        state.add_message(Message(channel=channel, ts=state.new_ts(), user=user, text=text))
