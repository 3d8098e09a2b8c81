"""Everything that is done with pushes while nobody asks: read back, sent, looked for, forgotten when old."""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from bot.clock import Clock
from bot.hub.client import HubClient
from bot.images import RepositoryName
from bot.loops import Loop
from bot.outbox import lanes
from bot.outbox.dispatcher import Dispatcher
from bot.outbox.notes import KIND as NOTE
from bot.outbox.notes import NoteWriter
from bot.outbox.worker import LaneWorker
from bot.outbox.writers import Writers
from bot.pushes import folding
from bot.pushes.announcements import TAGS_KIND, PushWriter, TagsWriter
from bot.pushes.channels import Channels, tell_owners
from bot.pushes.growth import Thresholds
from bot.pushes.intake import Intake
from bot.pushes.lookout import Lookout
from bot.pushes.pruning import Pruner
from bot.pushes.readings import Readings
from bot.pushes.reopening import Reopening
from bot.slack.client import SlackClient
from bot.store.base import Store


class PushEngine:
    """Runs the loops of one process.

    Args:
        store: Where everything is kept.
        hub: Docker Hub.
        slack: Where messages go.
        clock: The time.
        intake: Makes events.
        namespaces: Our own.
        has_webhooks: Whether Docker Hub can tell us of pushes to them.
        thresholds: Returns when an image of a repository counts as grown too large.
    """

    def __init__(
        self,
        store: Store,
        hub: HubClient,
        slack: SlackClient,
        clock: Clock,
        *,
        intake: Intake,
        namespaces: Sequence[str],
        has_webhooks: bool,
        thresholds: Callable[[RepositoryName], Thresholds],
    ) -> None:
        writers: Writers = {folding.KIND: PushWriter(), TAGS_KIND: TagsWriter(), NOTE: NoteWriter()}
        worker = LaneWorker(store, slack, writers, clock, on_suspended=tell_owners)
        self._store = store
        self.dispatcher = Dispatcher(store, worker, clock)
        self.lookout = Lookout(store, hub, intake, clock, namespaces=namespaces, has_webhooks=has_webhooks)
        self._readings = Readings(
            store,
            hub,
            clock,
            on_settled=self._note_readings,
            after_commit=self.dispatcher.wake,
            thresholds=thresholds,
        )
        # In the order in which they are stopped: first what makes work for those after it.
        self.loops: dict[str, Loop] = {
            "lookout": self.lookout,
            "readings": self._readings,
            "deliveries": self.dispatcher,
            "pruning": Pruner(store, clock),
            "reopening": Reopening(store, slack, Channels(store), clock),
        }

    def start(self) -> None:
        """Begin.

        Raises:
            StoreUnavailableError: The database is away.
        """
        if not self._store.is_shared:
            self._store.write(lambda connection: lanes.end_leases(connection, self._store.now(connection)))
        for loop in self.loops.values():
            loop.start()

    def stop(self, timeout_seconds: float) -> bool:
        """End within the time, and a moment; False when something did not."""
        ends_at = time.monotonic() + timeout_seconds
        ended = [loop.stop(max(0.0, ends_at - time.monotonic())) for loop in self.loops.values()]
        return all(ended)

    def _note_readings(self, connection: Connection, workspace: str, event_ids: Sequence[str]) -> None:
        now = self._store.now(connection)
        # First the lanes, as everybody does: nobody freezes what is read here before it is changed.
        lanes.wake(connection, folding.lanes_of(connection, workspace, event_ids), now)
        folding.note_readings(connection, workspace, event_ids, now)
