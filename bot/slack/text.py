"""Text within Slack's markup: escaping, cutting, and making text from the outside inert.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from datetime import datetime
from urllib.parse import quote, urlsplit

from bot.document import format_time

ELLIPSIS = "…"
NOTHING = "–"
"""What stands where a text is empty: Slack refuses empty texts."""

DATE_AND_TIME = "{date_short_pretty} at {time}"
AGO = "{ago}"

_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
# Controls, zero-width marks and everything that turns the direction of writing: a name that holds one of them is
# not the name that it looks like.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# There is no escape for Slack's styling marks, so text that is not ours gets their look-alikes.
_LOOK_ALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_UNDERSCORE_AT_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_SLACK_ID = re.compile(r"[CDGUW][A-Z0-9]{1,63}")
_USER_GROUP_ID = re.compile(r"S[A-Z0-9]{1,63}")
_QUOTE_MARK = re.compile(r"^(\s*)>", re.MULTILINE)


def clean(text: str) -> str:
    """Return the text without invisible characters; line ends are newlines, tabs are blanks."""
    if text.isascii() and text.isprintable():  # Nearly everything; a table has hundreds of cells.
        return text
    lines = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", lines))


def one_line(text: str) -> str:
    """Return the clean text on one line, without blanks around it."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """Return the text, at most `limit` code points long; the last one is `…` where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def escape(text: str) -> str:
    """Return the text with Slack's three control characters escaped: no mention, link or date can start in it."""
    return text.translate(_ENTITIES)


def inert(text: str) -> str:
    """Return text from the outside for use in mrkdwn: readable, and nothing in it does or styles anything."""
    unquoted = _QUOTE_MARK.sub(r"\1›", clean(text).translate(_LOOK_ALIKES))
    return escape(_UNDERSCORE_AT_EDGE.sub("ˍ", unquoted))


def code(text: str) -> str:
    """Return the text as inline code. Only a backtick could end it early, so there is none left."""
    return f"`{escape(one_line(text).replace('`', 'ˋ')) or NOTHING}`"


def is_slack_id(text: str) -> bool:
    """Tell whether this can be the id of a person or a channel; nothing else may be put where Slack reads one."""
    return _SLACK_ID.fullmatch(text) is not None


def is_user_group_id(text: str) -> bool:
    """Return whether a text has the form of a user group's id, and so may stand in a mention."""
    return _USER_GROUP_ID.fullmatch(text) is not None


def bold(text: str) -> str:
    """Return the text in bold."""
    return f"*{inert(one_line(text)) or NOTHING}*"


def link(label: str, url: str) -> str:
    """Return a link; only the label where the address is not one of the web."""
    shown = inert(one_line(label)) or NOTHING
    address = web_address(url)
    return f"<{escape(address)}|{shown}>" if address else shown


def web_address(url: str) -> str:
    """Return the address with everything quoted that could end it early; empty when it is not of the web."""
    quoted = quote(one_line(url), safe="%/:?#@!$&'()*+,;=~")
    parts = urlsplit(quoted)
    return quoted if parts.scheme in {"http", "https"} and parts.netloc else ""


def date(at: datetime, form: str = DATE_AND_TIME) -> str:
    """Return a time that each reader sees in their own zone; in UTC where dates are not understood."""
    return f"<!date^{int(at.timestamp())}^{form}|{format_time(at)}>"
