"""Pages of collections, each with a cursor to the next.

Source: https://docs.slack.dev/apis/web-api/pagination
"""

import base64
from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.sandbox.slack.call import ArgumentsOfCall, Payload, Refusal

Item = TypeVar("Item")

LARGEST_PAGE = 1_000


def page_of(
    arguments: ArgumentsOfCall,
    items: Sequence[Item],
    *,
    kind: str,
    id_of: Callable[[Item], str],
    default_limit: int | None = 100,
) -> tuple[Sequence[Item], Payload]:
    """Return the page that a call asks for, and the part of the answer that leads to the next.

    Args:
        arguments: Its `limit` and `cursor` choose the page.
        items: The whole collection, in an order that does not change between calls.
        kind: What cursors name, such as `user`.
        id_of: Returns an item's id.
        default_limit: Where `limit` is missing or 0; None for everything at once.

    Raises:
        Refusal: `invalid_limit`, `invalid_cursor`.
    """
    start = _start(arguments.text("cursor"), [f"{kind}:{id_of(item)}" for item in items])
    limit = _limit(arguments.text("limit")) or default_limit or len(items)
    end = start + limit
    cursor = _cursor(f"{kind}:{id_of(items[end])}") if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": cursor}}


def _limit(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > LARGEST_PAGE:
        raise Refusal("invalid_limit")
    return int(text)


def _cursor(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


def _start(cursor: str, names: Sequence[str]) -> int:
    if not cursor:
        return 0
    try:
        return names.index(base64.b64decode(cursor, validate=True).decode())
    except ValueError:
        raise Refusal("invalid_cursor") from None
