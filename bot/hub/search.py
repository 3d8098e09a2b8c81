"""Search over all public repositories.

The older of the two routes, because its counts are exact. Neither is documented; observed 2026-10.
"""

from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalBool, OptionalInt, OptionalText
from bot.hub.failures import clean
from bot.hub.paging import Listing, list_pages
from bot.images import OFFICIAL_NAMESPACE, RepositoryName

_PATH = "/v2/search/repositories/"


class SearchResult(HubModel):
    """A repository that was found. Whatever Docker Hub does not say is None.

    Attributes:
        repo_name: `namespace/name`; official images without namespace.
    """

    repo_name: str
    short_description: OptionalText = None
    repo_owner: OptionalText = None
    star_count: OptionalInt = None
    pull_count: OptionalInt = None
    is_official: OptionalBool = None
    is_automated: OptionalBool = None

    @property
    def repository_name(self) -> RepositoryName:
        """Its exact name."""
        namespace, _, name = self.repo_name.rpartition("/")
        return RepositoryName(namespace or OFFICIAL_NAMESPACE, name)


class Search:
    """The search of Docker Hub."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, query: str, limit: int | None = 25) -> Listing[SearchResult]:
        """Return public repositories that match, best first.

        Args:
            query: What to look for.
            limit: At most so many; None is all, up to the listing's own limit of pages.
        """
        call = Call(Operation.SEARCH, None, f"a search for “{clean(query)}”", _PATH, (("query", query),))
        return list_pages(self._api, call, SearchResult, key=lambda found: found.repo_name, limit=limit)
