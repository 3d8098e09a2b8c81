"""Composition objects: texts, identifiers, confirmations, options, files and the other small parts of elements.

Source: https://docs.slack.dev/reference/block-kit/composition-objects
"""

import re

from bot.sandbox.slack.blockkit.laws import at_least_one_of, exactly_one_of
from bot.sandbox.slack.blockkit.rules import Flag, Form, Items, Kinds, Shape, Text, kind, pattern, shape

LONGEST_TEXT = 3_000

FLAG = Flag()
ANYTHING_WRITTEN = Text()
BLOCK_ID = Text(maximum=255)
ACTION_ID = Text(maximum=255)
IMAGE_URL = Text(1, 3_000)
STYLE = Text(values=("primary", "danger"))

_URL = Form("invalid url", "format", "uri", re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+"))
_HTTPS_URL = Form("invalid url", "format", "uri", re.compile(r"https://\S+"))


def link(maximum: int) -> Text:
    """Return the rule for a URL that a click opens: recorded refusals show that Slack looks at its form."""
    return Text(1, maximum, form=_URL)


def https_link(maximum: int) -> Text:
    """Return the rule for a URL that must be HTTPS."""
    return Text(1, maximum, form=_HTTPS_URL)


def plain_text(maximum: int = LONGEST_TEXT) -> Shape:
    """Return the rule for a text without markup."""
    return kind("plain_text", required={"text": Text(1, maximum)}, optional={"emoji": FLAG})


def mrkdwn(maximum: int = LONGEST_TEXT) -> Shape:
    """Return the rule for a text with markup."""
    return kind("mrkdwn", required={"text": Text(1, maximum)}, optional={"verbatim": FLAG})


def any_text(maximum: int = LONGEST_TEXT) -> Kinds:
    """Return the rule for a text with markup or without."""
    return Kinds(plain_text(maximum), mrkdwn(maximum))


PLACEHOLDER = plain_text(150)
ACCESSIBILITY_LABEL = Text(maximum=75)

CONFIRM = shape(
    required={"text": any_text(300)},
    optional={"title": plain_text(100), "confirm": plain_text(30), "deny": plain_text(30), "style": STYLE},
)

_OPTION_VALUE = Text(maximum=150)
# For select menus.
OPTION = shape(
    required={"text": plain_text(75), "value": _OPTION_VALUE},
    optional={"description": plain_text(75)},
)
# For checkboxes and radio buttons.
CHOICE = shape(
    required={"text": any_text(75), "value": _OPTION_VALUE},
    optional={"description": plain_text(75)},
)
# For overflow menus, the only ones whose options may open a URL.
OVERFLOW_OPTION = shape(
    required={"text": plain_text(75), "value": _OPTION_VALUE},
    optional={"description": plain_text(75), "url": link(3_000)},
)
OPTION_GROUP = shape(required={"label": plain_text(75), "options": Items(OPTION, 1, 100)})

# Slack wants `trigger_actions_on` although its page calls it optional.
# Observed 2026-09-26 with blocks.validate, told in the change log of slackblocks' specification.
DISPATCH_ACTION_CONFIG = shape(
    required={"trigger_actions_on": Items(Text(values=("on_enter_pressed", "on_character_entered")), 1, 2)}
)

CONVERSATION_FILTER = shape(
    optional={
        "include": Items(Text(values=("im", "mpim", "private", "public")), 1),
        "exclude_external_shared_channels": FLAG,
        "exclude_bot_users": FLAG,
    },
    laws=[at_least_one_of("include", "exclude_external_shared_channels", "exclude_bot_users")],
)

SLACK_FILE = shape(
    optional={"id": Text(form=pattern("^F[A-Z0-9]{8,}$")), "url": Text(1)},
    laws=[exactly_one_of("id", "url")],
)

WORKFLOW = shape(
    required={
        "trigger": shape(
            required={"url": Text(1)},
            optional={
                "customizable_input_parameters": Items(
                    shape(required={"name": ANYTHING_WRITTEN, "value": ANYTHING_WRITTEN})
                )
            },
        )
    }
)

URL_SOURCE = kind("url", required={"url": Text(1), "text": ANYTHING_WRITTEN})
