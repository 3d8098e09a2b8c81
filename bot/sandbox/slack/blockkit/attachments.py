"""Secondary attachments, the form of messages before blocks; they may hold blocks themselves.

Source: https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments and, for the fields,
`MessageAttachment` of @slack/types 3.2.0. An unknown field is refused. Observed 2019: slackapi/node-slack-sdk.
"""

from bot.sandbox.slack.blockkit.objects import ANYTHING_WRITTEN, FLAG, plain_text
from bot.sandbox.slack.blockkit.rules import Inspection, Items, Number, Place, Rule, Shape, Text, shape

_WRITTEN = (
    "app_id",
    "app_unfurl_url",
    "author_icon",
    "author_link",
    "author_name",
    "author_subname",
    "bot_id",
    "callback_id",
    "color",
    "fallback",
    "footer",
    "footer_icon",
    "image_url",
    "pretext",
    "text",
    "thumb_url",
    "title",
    "title_link",
)

_FIELD = shape(required={"title": ANYTHING_WRITTEN, "value": ANYTHING_WRITTEN}, optional={"short": FLAG})
_PREVIEW = shape(
    optional={
        "type": ANYTHING_WRITTEN,
        "can_remove": FLAG,
        "iconUrl": ANYTHING_WRITTEN,
        "title": plain_text(),
        "subtitle": plain_text(),
    }
)
_OPTION = shape(
    required={"text": ANYTHING_WRITTEN, "value": ANYTHING_WRITTEN}, optional={"description": ANYTHING_WRITTEN}
)
_ACTION = shape(
    required={"type": Text(values=("button", "select")), "text": ANYTHING_WRITTEN},
    optional={
        "confirm": shape(
            required={"text": ANYTHING_WRITTEN},
            optional={"title": ANYTHING_WRITTEN, "ok_text": ANYTHING_WRITTEN, "dismiss_text": ANYTHING_WRITTEN},
        ),
        "data_source": Text(values=("static", "channels", "conversations", "users", "external")),
        "id": ANYTHING_WRITTEN,
        "min_query_length": Number(),
        "name": ANYTHING_WRITTEN,
        "option_groups": Items(shape(required={"text": ANYTHING_WRITTEN, "options": Items(_OPTION)})),
        "options": Items(_OPTION),
        "selected_options": Items(_OPTION),
        "style": Text(values=("default", "primary", "danger")),
        "url": ANYTHING_WRITTEN,
        "value": ANYTHING_WRITTEN,
    },
)


class _Time:
    """Seconds since 1970, as a text or as a number: types say the one, examples show the other."""

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, str):
            Number().check(value, at, inspection)


def attachment(blocks: Rule) -> Shape:
    """Return the rule for one attachment.

    Args:
        blocks: The rule for the blocks that it may hold.
    """
    return shape(
        optional={
            **dict.fromkeys(_WRITTEN, ANYTHING_WRITTEN),
            "actions": Items(_ACTION),
            "blocks": blocks,
            "fields": Items(_FIELD),
            "is_app_unfurl": FLAG,
            "mrkdwn_in": Items(Text(values=("pretext", "text", "fields"))),
            "preview": _PREVIEW,
            "ts": _Time(),
        }
    )
