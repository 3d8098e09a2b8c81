"""The blocks that hold blocks, or tell several things as one: card, carousel, container, task card, plan, layout.

Source: https://docs.slack.dev/reference/block-kit/blocks, each on the page of its name, and
https://docs.slack.dev/reference/block-kit/composition-objects/slack-icon-object
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit import layouts
from bot.sandbox.slack.blockkit.charts import DATA_VISUALIZATION
from bot.sandbox.slack.blockkit.elements import BUTTON, IMAGE
from bot.sandbox.slack.blockkit.laws import at_least_one_of, not_together, unique
from bot.sandbox.slack.blockkit.objects import BLOCK_ID, FLAG, URL_SOURCE, any_text, mrkdwn, plain_text
from bot.sandbox.slack.blockkit.rich_text import RICH_TEXT
from bot.sandbox.slack.blockkit.rules import Inspection, Items, Kinds, Place, Rule, Text, kind
from bot.sandbox.slack.blockkit.tables import DATA_TABLE, TABLE

_ID = {"block_id": BLOCK_ID}

# fmt: off
_ICONS = (
    "archive", "book", "bookmark", "bot", "bug", "calendar", "call", "caret-left", "caret-right", "check", "clipboard",
    "code", "comment", "compass", "copy", "cube", "download", "edit", "email", "eye-closed", "eye-open", "file",
    "flag", "folder", "gear", "globe", "heart", "help", "image", "info", "key", "lightbulb", "link", "map", "mobile",
    "new-window", "pin", "plus", "refine", "refresh", "rocket", "save", "screen", "share", "sparkle", "star",
    "star-filled", "tag", "thumbs-down", "thumbs-up", "trash", "upload", "user", "warning",
)
# fmt: on

_STATES = ("pending", "in_progress", "complete", "error")


def _divider_or_collapsing(container: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    is_collapsible = container.get("is_collapsible", False)
    if container.get("has_header_divider", False) and is_collapsible:
        inspection.failed(at / "has_header_divider", "failed because matched disallowed schema", type="not")
    if container.get("default_collapsed", False) and not is_collapsible:
        inspection.failed(at / "default_collapsed", "must set `is_collapsible` to use `default_collapsed`")


CARD = kind(
    "card",
    optional={
        **_ID,
        "hero_image": IMAGE,
        "icon": IMAGE,
        "slack_icon": kind("icon", required={"name": Text(values=_ICONS)}),
        "title": mrkdwn(150),
        "subtitle": mrkdwn(150),
        "body": mrkdwn(200),
        "subtext": mrkdwn(200),
        "actions": Items(BUTTON, maximum=3),
    },
    laws=[
        at_least_one_of("hero_image", "title", "actions", "body"),
        not_together("icon", "slack_icon"),
        unique("actions", "action_id"),
    ],
)

CAROUSEL = kind("carousel", required={"elements": Items(CARD, 1, 10)}, optional=_ID)

_IN_CONTAINER = Kinds(
    layouts.ACTIONS,
    layouts.CONTEXT,
    layouts.DIVIDER,
    layouts.FILE,
    layouts.HEADER,
    layouts.IMAGE,
    layouts.INPUT,
    RICH_TEXT,
    layouts.SECTION,
    TABLE,
    layouts.VIDEO,
)
CONTAINER = kind(
    "container",
    required={"child_blocks": Items(_IN_CONTAINER, 1, 10)},
    optional={
        **_ID,
        "title": plain_text(150),
        "rich_text_title": RICH_TEXT,
        "subtitle": any_text(150),
        "icon": IMAGE,
        "width": Text(values=("narrow", "standard", "wide", "full")),
        "is_collapsible": FLAG,
        "default_collapsed": FLAG,
        "has_header_divider": FLAG,
    },
    laws=[at_least_one_of("title", "rich_text_title"), _divider_or_collapsing],
)


def _not_pending_alone(card: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    if card["status"] == "pending":
        message = "must be a valid enum value"
        inspection.failed(at / "status", message, type="enum", expected=list(_STATES[1:]), got="pending")


_TASK_REQUIRED: Mapping[str, Rule] = {"task_id": Text(1), "title": Text(1), "status": Text(values=_STATES)}
_TASK_OPTIONAL: Mapping[str, Rule] = {**_ID, "details": RICH_TEXT, "output": RICH_TEXT, "sources": Items(URL_SOURCE)}
# What follows on both is observed with blocks.validate on 2026-09-26 and told by slackblocks: only the tasks of a plan
# may be pending, and a plan must have tasks of different ids.
TASK_CARD = kind("task_card", required=_TASK_REQUIRED, optional=_TASK_OPTIONAL, laws=[_not_pending_alone])
PLAN = kind(
    "plan",
    required={
        "title": Text(1),
        "tasks": Items(kind("task_card", required=_TASK_REQUIRED, optional=_TASK_OPTIONAL), maximum=50),
    },
    optional=_ID,
    laws=[unique("tasks", "task_id")],
)


class _Unexplored:
    """An object of which we know only that it is one: no package models the rows of a layout, and no page is stored."""

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, dict):
            inspection.wrong_type(at, "must provide an object")


WITHOUT_LAYOUT = (
    layouts.ACTIONS,
    layouts.ALERT,
    CARD,
    CAROUSEL,
    CONTAINER,
    layouts.CONTEXT,
    layouts.CONTEXT_ACTIONS,
    DATA_TABLE,
    DATA_VISUALIZATION,
    layouts.DIVIDER,
    layouts.FILE,
    layouts.HEADER,
    layouts.IMAGE,
    layouts.INPUT,
    layouts.MARKDOWN,
    PLAN,
    RICH_TEXT,
    layouts.SECTION,
    TABLE,
    TASK_CARD,
    layouts.VIDEO,
)
LAYOUT = kind(
    "layout",
    required={"label": Text(1, 150), "rows": Items(_Unexplored(), 1, 5)},
    optional={
        **_ID,
        "is_label_visible": FLAG,
        "grid_lines": Text(values=("none", "rows", "outer")),
        "fallback": Items(Kinds(*WITHOUT_LAYOUT)),
    },
)
