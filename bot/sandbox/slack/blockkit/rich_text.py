"""The rich_text block with everything that may stand in it.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from bot.sandbox.slack.blockkit.objects import ANYTHING_WRITTEN, BLOCK_ID, FLAG
from bot.sandbox.slack.blockkit.rules import Items, Kinds, Number, Text, kind, shape

_WORD = Text(1)
_BORDER = Number(0, 1, is_whole=True)

_STYLES = {"bold": FLAG, "italic": FLAG, "strike": FLAG, "code": FLAG, "underline": FLAG}
_STYLE = {"style": shape(optional=_STYLES)}
_MENTION_STYLE = {"style": shape(optional={**_STYLES, "highlight": FLAG, "client_highlight": FLAG, "unlink": FLAG})}

# Slack refuses empty words, those of links too. Reported: NousResearch/hermes-agent and slack-go/slack.
_TEXT = kind("text", required={"text": _WORD}, optional=_STYLE)
_LINK = kind("link", required={"url": _WORD}, optional={"text": _WORD, "unsafe": FLAG, **_STYLE})
_INLINE = Kinds(
    _TEXT,
    _LINK,
    kind("broadcast", required={"range": Text(values=("here", "channel", "everyone"))}, optional=_STYLE),
    kind("color", required={"value": _WORD}, optional=_STYLE),
    kind("channel", required={"channel_id": _WORD}, optional=_MENTION_STYLE),
    kind(
        "date",
        required={"timestamp": Number(), "format": _WORD},
        optional={"fallback": ANYTHING_WRITTEN, "url": _WORD, **_STYLE},
    ),
    kind("emoji", required={"name": _WORD}, optional={"unicode": _WORD, "url": _WORD, **_STYLE}),
    kind("team", required={"team_id": _WORD}, optional=_STYLE),
    kind("user", required={"user_id": _WORD}, optional=_MENTION_STYLE),
    kind("usergroup", required={"usergroup_id": _WORD}, optional=_MENTION_STYLE),
)

# Unlike most lists of Block Kit these may be empty. Source: slackapi/python-slack-sdk, its change of October 2024.
_SECTION = kind("rich_text_section", required={"elements": Items(_INLINE)})
_PARTS = Kinds(
    _SECTION,
    kind(
        "rich_text_list",
        required={"style": Text(values=("bullet", "ordered")), "elements": Items(_SECTION)},
        optional={
            "indent": Number(0, 8, is_whole=True),
            "offset": Number(0, is_whole=True),
            "border": _BORDER,
        },
    ),
    kind("rich_text_preformatted", required={"elements": Items(Kinds(_TEXT, _LINK))}, optional={"border": _BORDER}),
    kind("rich_text_quote", required={"elements": Items(_INLINE)}, optional={"border": _BORDER}),
)

RICH_TEXT = kind("rich_text", required={"elements": Items(_PARTS, 1)}, optional={"block_id": BLOCK_ID})
