"""The pieces of a line, in Slack's two languages: elements of a rich text, and mrkdwn."""

from dataclasses import replace

from bot.document import Channel, Code, Inline, Line, Link, Moment, Person, Strong, UserGroup, plain
from bot.slack import blocks, text
from bot.slack.message import Element


def cut_line(line: Line, limit: int) -> Line:
    """Return the line, at most `limit` characters long as a person reads it; `…` says where it was cut."""
    kept: list[Inline] = []
    left = limit
    for piece in line:
        length = len(plain(piece))
        if length > left:
            return (*kept, _cut_piece(piece, left))
        kept.append(piece)
        left -= length
    return tuple(kept)


def elements(line: Line) -> list[Element]:
    """Return the line as elements of a rich text; a piece without any words is left out."""
    return [_element(piece) for piece in line if text.clean(plain(piece))]


def mrkdwn(line: Line) -> str:
    """Return the line as mrkdwn, in which only what we put there has a meaning."""
    return "".join(_mrkdwn(piece) for piece in line)


def is_mention(piece: Person | Channel | UserGroup) -> bool:
    """Return whether Slack can show the name of who or what this is."""
    return _mention(piece) is not None


def _cut_piece(piece: Inline, left: int) -> Inline:
    match piece:
        case str():
            return text.cut(piece, left) if left else text.ELLIPSIS
        case Code() | Strong() if left:
            return replace(piece, text=text.cut(piece.text, left))
        case Link() if left:
            return replace(piece, label=text.cut(piece.label, left))
        case _:
            return text.ELLIPSIS


def _element(piece: Inline) -> Element:
    match piece:
        case Code(content) | Strong(content):
            return blocks.words(text.clean(content), **({"code": True} if isinstance(piece, Code) else {"bold": True}))
        case Link(label, url, is_strong) if address := text.web_address(url):
            return blocks.hyperlink(text.clean(label), address, **({"bold": True} if is_strong else {}))
        case Moment(at) if at is not None:
            return blocks.date(at, text.DATE_AND_TIME)
        case Person() | Channel() | UserGroup():
            return _mention(piece) or blocks.words(text.clean(plain(piece)))
        case _:
            return blocks.words(text.clean(plain(piece)))


def _mention(piece: Person | Channel | UserGroup) -> Element | None:
    match piece:
        case Person(user_id) if text.is_slack_id(user_id):
            return blocks.user(user_id)
        case Channel(channel_id) if text.is_slack_id(channel_id):
            return blocks.channel(channel_id)
        case UserGroup(group_id) if text.is_user_group_id(group_id):
            return blocks.user_group(group_id)
        case _:
            return None


def _mrkdwn(piece: Inline) -> str:
    match piece:
        case Code():
            return text.code(piece.text)
        case Strong():
            return text.bold(piece.text)
        case Link(label, url, is_strong):
            shown = text.link(label, url)
            return f"*{shown}*" if is_strong else shown
        case Moment(at) if at is not None:
            return text.date(at)
        case Person() | Channel() | UserGroup():
            return _mentioned(piece)
        case _:
            return text.inert(plain(piece))


def _mentioned(piece: Person | Channel | UserGroup) -> str:
    match piece:
        case Person(slack_id) | Channel(slack_id) if text.is_slack_id(slack_id):
            return f"<{'@' if isinstance(piece, Person) else '#'}{slack_id}>"
        case UserGroup(group_id) if text.is_user_group_id(group_id):
            return f"<!subteam^{group_id}>"
        case _:
            return text.inert(plain(piece))
