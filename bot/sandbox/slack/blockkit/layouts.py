"""The blocks that hold text, pictures and elements: section to alert.

Source: https://docs.slack.dev/reference/block-kit/blocks, each on the page of its name, such as
https://docs.slack.dev/reference/block-kit/blocks/section-block
"""

from bot.sandbox.slack.blockkit.elements import IMAGE as IMAGE_ELEMENT
from bot.sandbox.slack.blockkit.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from bot.sandbox.slack.blockkit.laws import at_least_one_of, exactly_one_of, unique
from bot.sandbox.slack.blockkit.objects import (
    BLOCK_ID,
    FLAG,
    IMAGE_URL,
    SLACK_FILE,
    any_text,
    https_link,
    mrkdwn,
    plain_text,
)
from bot.sandbox.slack.blockkit.rules import Items, Kinds, Number, Text, kind

LONGEST_MARKDOWN = 12_000

_ID = {"block_id": BLOCK_ID}
_ONE_ACTION_EACH = unique("elements", "action_id")

SECTION = kind(
    "section",
    optional={
        **_ID,
        "text": any_text(),
        "fields": Items(any_text(2_000), 1, 10),
        "accessory": IN_SECTION,
        "expand": FLAG,
    },
    laws=[at_least_one_of("text", "fields")],
)
# Level 1 to 4 since 2026. Source: slack-morphism 2.30.0.
HEADER = kind(
    "header",
    required={"text": plain_text(150)},
    optional={**_ID, "level": Number(1, 4, is_whole=True)},
)
DIVIDER = kind("divider", optional=_ID)
CONTEXT = kind(
    "context",
    required={"elements": Items(Kinds(IMAGE_ELEMENT, plain_text(), mrkdwn()), 1, 10)},
    optional=_ID,
)
ACTIONS = kind("actions", required={"elements": Items(IN_ACTIONS, 1, 25)}, optional=_ID, laws=[_ONE_ACTION_EACH])
CONTEXT_ACTIONS = kind(
    "context_actions",
    required={"elements": Items(IN_CONTEXT_ACTIONS, 1, 5)},
    optional=_ID,
    laws=[_ONE_ACTION_EACH],
)
IMAGE = kind(
    "image",
    required={"alt_text": Text(maximum=2_000)},
    optional={**_ID, "image_url": IMAGE_URL, "slack_file": SLACK_FILE, "title": plain_text(2_000)},
    laws=[exactly_one_of("image_url", "slack_file")],
)
INPUT = kind(
    "input",
    required={"label": plain_text(2_000), "element": IN_INPUT},
    optional={**_ID, "hint": plain_text(2_000), "dispatch_action": FLAG, "optional": FLAG},
)
# The page says "less than" 200 and 50 characters; blocks.validate takes so many (slackblocks, 2026-09-26), and an
# empty alternative text too.
VIDEO = kind(
    "video",
    required={
        "alt_text": Text(maximum=2_000),
        "thumbnail_url": Text(1, 3_000),
        "title": plain_text(200),
        "video_url": https_link(3_000),
    },
    optional={
        **_ID,
        "author_name": Text(maximum=50),
        "description": plain_text(200),
        "provider_icon_url": Text(maximum=2_000),
        "provider_name": Text(maximum=50),
        "title_url": https_link(2_000),
    },
)
MARKDOWN = kind("markdown", required={"text": Text(maximum=LONGEST_MARKDOWN)}, optional=_ID)
FILE = kind("file", required={"external_id": Text(1), "source": Text(values=("remote",))}, optional=_ID)
ALERT = kind(
    "alert",
    required={"text": any_text(200)},
    optional={**_ID, "level": Text(values=("default", "info", "warning", "error", "success"))},
)
