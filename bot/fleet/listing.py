"""The list of a namespace's repositories, and what becomes of those that it lacks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import HubError, NotFoundError, RateLimitedError
from bot.fleet import keeping
from bot.fleet.crew import StoppedError
from bot.fleet.reading import clause
from bot.fleet.rows import listed_name
from bot.fleet.tally import Tally, Tell
from bot.hub.client import HubClient
from bot.hub.repositories import Repository
from bot.images import RepositoryName
from bot.progress import Progress
from bot.store.base import Store

MOST_PAGES = 1_000
MOST_MISSING = 100
"""How many repositories that a list lacks are asked for at a time."""
HIDDEN_ASKED_EVERY = timedelta(days=1)
"""How often each private repository is asked for that a list leaves out because of the credential."""
_WRITTEN_AT_ONCE = 500
_BY_NAME = "name"
"""Pushes move nothing in this order, so that nothing slips from one page to another while they are read.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/listNamespaceRepositories
"""


@dataclass
class Listed:
    """A list.

    Attributes:
        names: What it showed.
        listed_at: When it began (UTC).
        is_complete: Whether it was read to its end.
        requests: How many it took.
        problem: Why it was not, as a clause; empty: it was.
        error: What ended it; None: nothing did.
        shows_private: Whether it showed a private one: so it leaves none out that the credential may see.
        unreadable: How many entries could not be read.
    """

    names: list[RepositoryName]
    listed_at: datetime
    is_complete: bool = False
    requests: int = 0
    problem: str = ""
    error: HubError | None = None
    shows_private: bool = False
    unreadable: int = 0


class Lister:
    """Lists and keeps. Safe to use from several threads.

    Args:
        store: Where snapshots are kept.
        workspace: Whose.
        clock: The time.
    """

    def __init__(self, store: Store, workspace: str, clock: Clock) -> None:
        self._store = store
        self._workspace = workspace
        self._clock = clock

    def read(
        self,
        hub: HubClient,
        namespace: str,
        *,
        tell: Tell = lambda _: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Listed:
        """Read the list, and keep it; what was read before an error, too.

        Raises:
            StoppedError: The process ends.
        """
        listed = Listed([], self._clock.now())
        listing = hub.repositories.list(namespace, ordering=_BY_NAME, most_pages=MOST_PAGES)
        found: list[tuple[RepositoryName, Repository]] = []
        try:
            for page in listing.pages():
                listed.requests += 1
                shown = [(name, entry) for entry in page if (name := listed_name(namespace, entry)) is not None]
                listed.unreadable += len(page) - len(shown)
                listed.shows_private = listed.shows_private or any(entry.is_private for _, entry in shown)
                listed.names += [name for name, _ in shown]
                found += shown
                if len(found) >= _WRITTEN_AT_ONCE:
                    self._keep(found, listed.listed_at)
                    found = []
                    tell(Progress(len(listed.names), listing.total, "repositories listed"))
                if is_stopping():
                    raise StoppedError
        except HubError as error:
            listed.requests += 1
            listed.error, listed.problem = error, keeping.clause_of(error)
        else:
            listed.is_complete = listing.is_complete
            listed.problem = clause(listing.shortfall)
        listed.unreadable += listing.unreadable
        self._keep(found, listed.listed_at)
        return listed

    def settle_missing(self, hub: HubClient, namespace: str, listed: Listed, tally: Tally) -> list[RepositoryName]:
        """Ask for each repository that a complete list lacks, and forget those that are no more.

        A private one that nobody logged in asks for looks the same as one that was deleted; it stays. Where the list
        seems to leave out private ones, each of them is asked for once a day: our credential may see it all the same.

        Returns:
            What is no more.
        """
        if not listed.is_complete:
            return []
        status = hub.credential_status(namespace)
        is_blind = bool(status.hidden) and not status.refusal and not listed.shows_private
        private_since = listed.listed_at - (HIDDEN_ASKED_EVERY if is_blind else timedelta())
        missing = self._store.write(
            lambda connection: keeping.missing(
                connection,
                self._workspace,
                namespace,
                since=listed.listed_at,
                private_since=private_since,
                most=MOST_MISSING,
            )
        )
        gone = []
        for name, was_private in missing:
            tally.requests += 1
            try:
                entry = hub.repositories.get(name)
            except NotFoundError as error:
                is_hidden = was_private and error.credential.startswith("no credential")
                if is_hidden or hub.credential_status(namespace).refusal:
                    self._note_problem(name, keeping.clause_of(error), tally)
                else:
                    gone.append(name)
                    self._forget(name)
            except RateLimitedError as error:
                tally.cut_short(error)
                break
            except HubError as error:
                self._note_problem(name, keeping.clause_of(error), tally)
            else:
                self._keep([(name, entry)], self._clock.now())
        return gone

    def _keep(self, found: list[tuple[RepositoryName, Repository]], listed_at: datetime) -> None:
        self._store.write(lambda connection: keeping.keep_listed(connection, self._workspace, found, listed_at))

    def _note_problem(self, name: RepositoryName, why: str, tally: Tally) -> None:
        tally.miss(name, why)
        self._store.write(lambda connection: keeping.keep_problems(connection, self._workspace, {name: why}))

    def _forget(self, name: RepositoryName) -> None:
        self._store.write(lambda connection: keeping.forget_repository(connection, self._workspace, name))
