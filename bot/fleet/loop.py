"""Keeps what is known of images up to date in the background, so that people and digests find it there.

Namespaces are looked through every hour, and once a week all of it again: that finds what no listing tells of, such as
deleted tags and pulls. Images of others, which somebody wants to hear of, are looked at every hour, one request each.
What there is to look at says whoever put the bot together.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock
from bot.fleet.crew import StoppedError
from bot.fleet.model import Scope
from bot.fleet.service import Fleet
from bot.hub.client import HubClient
from bot.loops import POLL_SECONDS, Loop
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

START_SECONDS = 30.0
"""A process that has just been started has people to answer first."""
PRUNED_EVERY_SECONDS = timedelta(hours=1).total_seconds()

Scopes = Callable[[], Scope]


class FleetLoop(Loop):
    """Looks at images in a thread of its own. Several processes may do so on one database.

    Args:
        fleet: Reads and keeps.
        hub: Docker Hub; asked in the background, so that people find some requests left.
        clock: The time.
        scopes: Returns all that anybody wants to hear of.
        start_seconds: When to begin, counted from now.
        after_look: Called when something was looked at: there may be images that nobody knew. Should be quick.
    """

    def __init__(
        self,
        fleet: Fleet,
        hub: HubClient,
        clock: Clock,
        scopes: Scopes,
        *,
        start_seconds: float = START_SECONDS,
        after_look: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("fleet")
        self._fleet = fleet
        self._hub = hub.background()
        self._clock = clock
        self._scopes = scopes
        self._after_look = after_look
        self._pruned_at = clock.monotonic()
        self._starts_at = clock.monotonic() + start_seconds

    def sweep_now(self, scope: Scope) -> None:
        """Have all of this looked at as soon as possible.

        Raises:
            StoreUnavailableError: The database is away.
        """
        self._fleet.hasten(scope)
        self._starts_at = self._clock.monotonic()
        self.wake()

    def step(self) -> float:
        """Look at all that is due."""
        if self._clock.monotonic() < self._starts_at:
            return POLL_SECONDS
        scope = self._scopes()
        try:
            namespaces = self._fleet.namespaces_due(scope)
            for namespace in namespaces:
                self._attend_to(namespace)
            images = self._fleet.images_due(scope)
            if images and not self.is_stopping:
                self._fleet.images(images, hub=self._hub, is_stopping=lambda: self.is_stopping)
            if namespaces or images:
                self._after_look()
        except StoppedError:
            logger.debug("fleet_stopped")
        if self._clock.monotonic() - self._pruned_at >= PRUNED_EVERY_SECONDS:
            self._pruned_at = self._clock.monotonic()
            self._fleet.prune()
        return POLL_SECONDS

    def _attend_to(self, namespace: str) -> None:
        """Sweep a namespace, if nobody else does; whatever goes wrong with it, the others have their turn."""
        try:
            self._fleet.sweep_due(namespace, hub=self._hub, is_stopping=lambda: self.is_stopping)
        except (StoppedError, StoreUnavailableError):
            raise
        except Exception:
            logger.exception("fleet_sweep_crashed", extra={"namespace": namespace})
