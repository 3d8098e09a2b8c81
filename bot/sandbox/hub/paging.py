"""Pages of lists: `page`, `page_size`, links, and the ways in which pages go wrong.

Source: docs.docker.com, Docker Hub API, list repositories: 10 items by default, at most 100, 404 past the end.
Larger sizes are clamped without an error (reported); links are absolute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import field_errors, json_answer

Item = TypeVar("Item")

DEFAULT_PAGE_SIZE = 10
MAX_PAGE_SIZE = 100
FIXED_PAGE_SIZE = 25
STALE_BY = 2
FOREIGN_ORIGIN = "https://elsewhere.example"


@dataclass(frozen=True, slots=True)
class _Window:
    """Which part of a list a page shows: items from `start` to `end`, and whether more follow."""

    start: int
    end: int
    has_next: bool


def page_answer(call: Call, items: Sequence[Item], render: Callable[[Item], object]) -> Answer:
    """Answer with the page that the query asks for; only its own items are rendered.

    Args:
        call: The request; its `page` and `page_size` choose the page.
        items: The whole list, in order.
        render: Writes one item as the answer has it.
    """
    page, size = _number(call, "page", 1), _number(call, "page_size", DEFAULT_PAGE_SIZE)
    if page is None or size is None:
        name = "page" if page is None else "page_size"
        return field_errors({name: "A positive integer is required."}, f"Invalid {name} value")
    window = _window(call, page, _page_size(call, size), len(items))
    if page > 1 and window.start >= window.end and not window.has_next:
        return call.error(404, "page not found")
    body = {
        "count": _count(call, len(items)),
        "next": _link(call, page + 1) if window.has_next else None,
        "previous": _link(call, page - 1) if page > 1 else None,
        "results": [render(item) for item in items[window.start : window.end]],
    }
    if call.unknowns.page_count == "absent":
        del body["count"]
    return json_answer(200, body)


def _number(call: Call, name: str, default: int) -> int | None:
    text = call.query.get(name, str(default))
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _page_size(call: Call, asked: int) -> int:
    size = FIXED_PAGE_SIZE if call.unknowns.page_size == "ignored" else min(asked, MAX_PAGE_SIZE)
    return max(1, size // 2) if _suffers(call, "short_page") else size


def _window(call: Call, page: int, size: int, total: int) -> _Window:
    start = (page - 1) * size
    if _suffers(call, "shifting"):
        # As if one item had been inserted before everything since each earlier page.
        start -= page - 1
    if _suffers(call, "endless"):
        start = start % total if total else 0
        return _Window(start, min(start + size, total), has_next=True)
    end = min(start + size, total)
    return _Window(start, end, has_next=end < total)


def _count(call: Call, total: int) -> int:
    return max(0, total - STALE_BY) if call.unknowns.page_count == "stale" else total


def _link(call: Call, page: int) -> str:
    origin = call.public_origin
    if call.page_fault is not None and call.page_fault.kind == "bad_next":
        origin = call.page_fault.location or FOREIGN_ORIGIN
    return f"{origin}{call.request.path}?{urlencode({**call.query, 'page': page})}"


def _suffers(call: Call, kind: str) -> bool:
    return call.page_fault is not None and call.page_fault.kind == kind
