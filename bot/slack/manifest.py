"""The app's manifest, made from what the code listens to and calls; `hub-bot manifest` prints it.

Source: https://docs.slack.dev/reference/app-manifest
"""

from typing import Any

import yaml

from bot.slack import scopes

COMMAND = "/hub"
EVENTS_PATH = "/slack/events"

_NAME = "Hub Bot"
_DESCRIPTION = "Docker Hub, run from Slack."
_LONG_DESCRIPTION = (
    "Ask Docker Hub without leaving Slack: which tags are there, how big and how old are they, which digest to pin, "
    "what changed between two images. Answers are for your eyes only until you share them. Type `/hub help` to see "
    "everything, or mention @Hub Bot in a thread."
)
_USAGE_HINT = "help | tags <image> | inspect <image> | diff <image> <image> | search <words>"
_COLOR = "#1d63ed"


def manifest(*, public_url: str | None = None) -> dict[str, Any]:
    """Return the manifest.

    Args:
        public_url: Where Slack reaches the bot over HTTPS, for the HTTP variant; None for Socket Mode.
    """
    request_url = f"{public_url.rstrip('/')}{EVENTS_PATH}" if public_url else None
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": _NAME,
            "description": _DESCRIPTION,
            "long_description": _LONG_DESCRIPTION,
            "background_color": _COLOR,
        },
        "features": {
            # Without the messages tab nobody can get a direct message of the bot.
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": _NAME, "always_online": True},
            "slash_commands": [
                {
                    "command": COMMAND,
                    **_if_set("url", request_url),
                    "description": _DESCRIPTION,
                    "usage_hint": _USAGE_HINT,
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": bot_scopes()}},
        "settings": {
            "event_subscriptions": {**_if_set("request_url", request_url), "bot_events": sorted(scopes.EVENTS)},
            "interactivity": {"is_enabled": True, **_if_set("request_url", request_url)},
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }


def manifest_yaml(public_url: str | None) -> str:
    """Return the manifest as YAML, to paste into Slack's page; `public_url` as for `manifest`."""
    return yaml.safe_dump(manifest(public_url=public_url), sort_keys=False, allow_unicode=True, width=100)


def bot_scopes() -> list[str]:
    """Return the scopes that the code needs, in alphabetical order."""
    return sorted(scopes.COMMANDS.union(*scopes.METHODS.values(), *scopes.EVENTS.values()))


def _if_set(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value is not None else {}
