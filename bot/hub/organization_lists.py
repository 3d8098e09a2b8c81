"""The lists of an organization, which come in more shapes than other lists do.

One page (`count`, `next`, `results`), as Docker's own client reads it; a list of such pages, as Docker's documentation
has it for members; an object with `data` and no pages, as it has it for invites; or the bare entries.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/orgs and
https://github.com/docker/hub-tool, `pkg/hub/members.go`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bot.errors import UnexpectedResponseError
from bot.hub.api import Api, Call, Reply
from bot.hub.decoding import HubModel, decode_many, read_int
from bot.hub.paging import LARGEST_PAGE, Listing, Page, PagedListing, following_page
from bot.hub.protocol import Query

M = TypeVar("M", bound=HubModel)


def list_entries(
    api: Api, call: Call, model: type[M], *, key: Callable[[M], Hashable], has_pages: bool = True
) -> Listing[M]:
    """Return a listing of what belongs to an organization.

    Args:
        api: Where to ask.
        call: What to ask, without the page size.
        model: What an entry is.
        key: What makes an entry the same as another one.
        has_pages: Whether a page size may be asked for.
    """
    patience = api.patience()

    def fetch(query: Query) -> Page[M]:
        reply = api.send(replace(call, query=query), patience)
        return _page_of(reply, model, origin=api.origin, resource=call.resource)

    first = (*call.query, ("page_size", str(LARGEST_PAGE))) if has_pages else call.query
    return PagedListing(fetch, first, key=key)


def _page_of(reply: Reply, model: type[M], *, origin: str, resource: str) -> Page[M]:
    pages = _pages(reply.answer.data)
    entries = [page.get("results", page.get("data")) for page in pages]
    if not pages or not all(isinstance(each, list | dict | None) for each in entries):
        raise UnexpectedResponseError(
            resource, credential=reply.credential, detail="no list of entries", status=reply.answer.status
        )
    following, dead_end = following_page(pages[-1].get("next"), origin=origin)
    return Page(
        items=tuple(item for each in entries for item in decode_many(model, each)),
        total=read_int(pages[0].get("count")),
        next_query=following,
        credential=reply.credential,
        dead_end=dead_end,
    )


def _pages(data: Any) -> Sequence[Mapping[str, Any]]:
    """Return the pages in an answer, whatever its shape; none when it has none of them."""
    match data:
        case {"results": _} | {"data": _}:
            return [data]
        case [{"results": _}, *_] if all(isinstance(each, dict) for each in data):
            return [*data]
        case list():
            return [{"results": data}]
    return []
