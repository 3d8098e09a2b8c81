"""OSV: which known vulnerabilities a version of a package has. Open to everybody: no account, no key.

Packages are asked for by ecosystem, name and version, never by package URL: OSV leaves a package URL's qualifiers out,
and the release of a distribution is one of them.

Source: https://google.github.io/osv.dev/post-v1-querybatch/, https://google.github.io/osv.dev/get-v1-vulns/ and
https://github.com/google/osv.dev/issues/3126
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bot.errors import InvalidError, NotFoundError, UnexpectedResponseError
from bot.hub.advisory import Advisory, OsvPackage, read_advisory
from bot.hub.api import Api
from bot.hub.auth import ANONYMOUS
from bot.hub.decoding import read_text
from bot.hub.protocol import Answer, path_of
from bot.hub.wire import Request

logger = logging.getLogger(__name__)

MOST_QUERIES = 1000
"""In one call."""
MOST_PAGES = 50
MOST_REFUSED = 40
"""So many batches may be refused before what is left of the packages is taken as refused, too."""
SIDE_BY_SIDE = 8
ADVISORIES_KEPT = 4000
_LARGEST_ADVISORY_BYTES = 20_000_000
_RESOURCE = "vulnerabilities"


@dataclass(frozen=True)
class Match:
    """A vulnerability that a package has.

    Attributes:
        id: What its advisory is called.
        modified: When that was last changed, as OSV writes it; what is the same is known already.
    """

    id: str
    modified: str = ""


@dataclass
class _Asked:
    """A package, with what was found so far."""

    package: OsvPackage
    found: dict[str, Match] = field(default_factory=dict)
    page: str | None = None

    def query(self) -> dict[str, Any]:
        package = {"ecosystem": self.package.ecosystem, "name": self.package.name}
        query = {"package": package, "version": self.package.version}
        return {**query, "page_token": self.page} if self.page else query


class Advisories:
    """The advisories that were read last. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[str, Advisory]] = OrderedDict()

    def get(self, match: Match) -> Advisory | None:
        """Return an advisory as of its last change; None: it is not known so."""
        with self._lock:
            modified, advisory = self._known.get(match.id, ("", None))
            if advisory is None or modified != match.modified:
                return None
            self._known.move_to_end(match.id)
            return advisory

    def put(self, match: Match, advisory: Advisory) -> None:
        """Remember an advisory; the one that was not used for longest is forgotten."""
        with self._lock:
            self._known[match.id] = (match.modified, advisory)
            self._known.move_to_end(match.id)
            while len(self._known) > ADVISORIES_KEPT:
                self._known.popitem(last=False)


class Osv:
    """The OSV database. Safe to use from several threads.

    Args:
        api: What sends; its credentials are not used.
        origin: Where OSV is.
        advisories: What was read before.
    """

    def __init__(self, api: Api, origin: str, advisories: Advisories | None = None) -> None:
        self._api = api
        self._origin = origin
        self._advisories = advisories or Advisories()

    def find(self, packages: Collection[OsvPackage]) -> dict[OsvPackage, tuple[Match, ...]]:
        """Return what is known of packages, as few calls as will do.

        Returns:
            An entry for each package, perhaps an empty one. What OSV does not take, because it does not know the
            ecosystem or cannot read the version, has none.

        Raises:
            HubError: OSV did not answer.
        """
        # Those of one ecosystem next to each other: should OSV refuse it, there is less to look through for the reason.
        asked = [_Asked(package) for package in sorted(set(packages))]
        answered: list[_Asked] = []
        refusals: list[OsvPackage] = []
        for start in range(0, len(asked), MOST_QUERIES):
            answered += self._find(asked[start : start + MOST_QUERIES], refusals)
        return {each.package: tuple(each.found.values()) for each in answered}

    def advisories(self, matches: Collection[Match]) -> dict[str, Advisory]:
        """Return advisories by their ids, read side by side; those that there are not are left out.

        Raises:
            HubError: OSV did not answer.
        """
        known = {match: self._advisories.get(match) for match in matches}
        missing = [match for match, advisory in known.items() if advisory is None]
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="osv") as pool:
            known.update(zip(missing, pool.map(self._read, missing), strict=True))
        return {match.id: advisory for match, advisory in known.items() if advisory is not None}

    def _find(self, batch: Sequence[_Asked], refusals: list[OsvPackage]) -> Sequence[_Asked]:
        """Ask for a batch; one that is refused is halved until what it is refused for is found."""
        if len(refusals) >= MOST_REFUSED or not batch:
            return ()
        try:
            self._read_pages(batch)
        except InvalidError as error:
            refusals.append(batch[0].package)
            if len(batch) > 1:
                middle = len(batch) // 2
                return [*self._find(batch[:middle], refusals), *self._find(batch[middle:], refusals)]
            package = batch[0].package
            logger.warning("osv_refused", extra={"ecosystem": package.ecosystem, "detail": error.detail})
            return ()
        return batch

    def _read_pages(self, batch: Sequence[_Asked]) -> None:
        pending = list(batch)
        for _ in range(MOST_PAGES):
            results = self._batch([each.query() for each in pending])
            for asked, result in zip(pending, results, strict=True):
                asked.found.update((match.id, match) for match in _matches(result))
                asked.page = read_text(result.get("next_page_token"))
            pending = [each for each in pending if each.page]
            if not pending:
                return
        raise UnexpectedResponseError(_RESOURCE, detail="pages without an end")

    def _batch(self, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        request = Request("POST", self._origin, "/v1/querybatch", body={"queries": list(queries)}, changes_nothing=True)
        answer = self._send(request, _RESOURCE)
        results = answer.data.get("results") if isinstance(answer.data, dict) else None
        if not isinstance(results, list) or len(results) != len(queries):
            raise UnexpectedResponseError(_RESOURCE, detail="another number of results than of queries")
        # Nothing found is an empty object; so is null, to be liberal.
        return [each if isinstance(each, dict) else {} for each in results]

    def _read(self, match: Match) -> Advisory | None:
        path = f"/v1/vulns{path_of(match.id)}"
        try:
            answer = self._send(
                Request("GET", self._origin, path, most_bytes=_LARGEST_ADVISORY_BYTES), f"the advisory {match.id}"
            )
        except NotFoundError:
            return None
        advisory = read_advisory(answer.data)
        if advisory is None:
            raise UnexpectedResponseError(f"the advisory {match.id}", detail="data of another shape")
        self._advisories.put(match, advisory)
        return advisory

    def _send(self, request: Request, resource: str) -> Answer:
        answer = self._api.transport.send(
            request,
            resource=resource,
            credential=ANONYMOUS.label,
            payer=ANONYMOUS.label,
            patience=self._api.patience(),
        )
        if not answer.is_success:
            raise self._api.error(answer, resource, ANONYMOUS.label)
        return answer


def _matches(result: Mapping[str, Any]) -> Iterator[Match]:
    found = result.get("vulns")
    for each in found if isinstance(found, list) else ():
        name = read_text(each.get("id")) if isinstance(each, dict) else None
        if name is not None and name.strip("."):
            yield Match(name, read_text(each.get("modified")) or "")
