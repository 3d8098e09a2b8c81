"""Short image names: which repository somebody means who leaves the namespace out."""

import threading

from bot.clock import Clock
from bot.errors import ForbiddenError, NotFoundError, UnauthorizedError
from bot.hub.repositories import Repositories
from bot.images import OFFICIAL_NAMESPACE, ImageReference, RepositoryName

REMEMBERED_SECONDS = 60.0
"""Long enough for a conversation about one image, short enough to see a repository soon after it was made."""
MOST_REMEMBERED = 1000


class Names:
    """What short names were found to mean. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[RepositoryName, tuple[bool, float]] = {}

    def find(
        self, reference: ImageReference, default_namespace: str | None, repositories: Repositories
    ) -> RepositoryName:
        """Return the repository meant: a short name is the default namespace's, else the official image.

        Raises:
            HubError: Docker Hub could not say whether the repository exists.
        """
        own = reference.in_namespace((default_namespace or OFFICIAL_NAMESPACE).lower())
        if not reference.is_short or own.is_official:
            return own
        exists = self._remembered(own)
        if exists is None:
            exists = _exists(own, repositories)
            self._remember(own, exists=exists)
        return own if exists else reference.in_namespace(OFFICIAL_NAMESPACE)

    def _remembered(self, name: RepositoryName) -> bool | None:
        with self._lock:
            exists, until = self._known.get(name, (None, 0.0))
            return exists if self._clock.monotonic() < until else None

    def _remember(self, name: RepositoryName, *, exists: bool) -> None:
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[name] = (exists, self._clock.monotonic() + REMEMBERED_SECONDS)


def _exists(name: RepositoryName, repositories: Repositories) -> bool:
    try:
        repositories.get(name)
    except NotFoundError:
        return False
    except (ForbiddenError, UnauthorizedError):
        return True  # Nobody is kept away from what is not there.
    return True
