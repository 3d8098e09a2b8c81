"""Lines as JSON, and back: a text is itself, and whatever means more is an object of one kind of name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import JsonValue, PlainSerializer, PlainValidator

from bot.document import Channel, Code, Count, Inline, Line, Link, Moment, Person, Size, Strong, UserGroup

_TEXTS: Mapping[str, type[Code | Strong | Person | Channel | UserGroup]] = {
    "code": Code,
    "strong": Strong,
    "person": Person,
    "channel": Channel,
    "group": UserGroup,
}
_NUMBERS: Mapping[str, type[Size | Count]] = {"bytes": Size, "count": Count}
_NAMES: Mapping[type, str] = {kind: name for name, kind in (*_TEXTS.items(), *_NUMBERS.items())}


def write_line(line: Line) -> list[JsonValue]:
    """Return a line as JSON."""
    return [_write(piece) for piece in line]


def read_line(written: Any) -> Line:
    """Return a line that was written; one that was not, but is one, is returned as it is.

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(written, list | tuple):
        raise ValueError("a line is a list")  # noqa: TRY004 - pydantic wants this one.
    return tuple(piece if isinstance(piece, Inline) else _read(piece) for piece in written)


def _write(piece: Inline) -> JsonValue:
    match piece:
        case str():
            return piece
        case Link(label, url, is_strong):
            return {"link": label, "url": url, "is_strong": is_strong}
        case Moment(at):
            return {"at": at.isoformat() if at else None}
        case _:
            (value,) = vars(piece).values()
            return {_NAMES[type(piece)]: value}


def _read(written: Any) -> Inline:
    match written:
        case {"link": str(label), "url": str(url)}:
            return Link(label, url, bool(written.get("is_strong")))
        case {"at": str(at)}:
            return Moment(datetime.fromisoformat(at))
        case {"at": None}:
            return Moment(None)
    name, value = next(iter(written.items()), ("", None)) if isinstance(written, dict) else ("", None)
    if name in _TEXTS and isinstance(value, str):
        return _TEXTS[name](value)
    if name in _NUMBERS and (value is None or isinstance(value, int)):
        return _NUMBERS[name](value)
    raise ValueError("a piece of a line is expected")


WrittenLine = Annotated[Line, PlainValidator(read_line), PlainSerializer(write_line)]
"""A line in a pydantic model; its JSON is `write_line`'s."""
