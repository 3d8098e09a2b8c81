"""Telling how far a long listing has come."""

from collections.abc import Iterator
from typing import TypeVar

from bot.chat.command import Context
from bot.hub.paging import Listing
from bot.progress import Progress

EVERY = 100

T = TypeVar("T")


def telling_progress(listing: Listing[T], what: str, context: Context) -> Iterator[T]:
    """Yield the listing's entries; tell the person after every hundredth how many there were.

    Args:
        listing: What is read.
        what: What the entries are, in the plural: `tags`.
        context: Knows how to tell.
    """
    for count, entry in enumerate(listing, start=1):
        yield entry
        if count % EVERY == 0:
            context.progress(Progress(count, listing.total, f"{what} read"))
