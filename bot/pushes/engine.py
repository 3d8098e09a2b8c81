"""Everything that is done with pushes while nobody asks: read back, sent, looked for, forgotten when old."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from bot.clock import Clock
from bot.hub.client import HubClient
from bot.images import RepositoryName
from bot.loops import Loop
from bot.outbox import lanes
from bot.outbox.writers import Writers
from bot.pushes import folding
from bot.pushes.announcements import TAGS_KIND, PushWriter, TagsWriter
from bot.pushes.channels import Channels
from bot.pushes.growth import Thresholds
from bot.pushes.intake import Intake
from bot.pushes.lookout import Lookout
from bot.pushes.pruning import Pruner
from bot.pushes.readings import Readings
from bot.pushes.reopening import Reopening
from bot.slack.client import SlackClient
from bot.store.base import Store

WRITERS: Writers = {folding.KIND: PushWriter(), TAGS_KIND: TagsWriter()}
"""Who writes the messages of pushes."""


class PushEngine:
    """The loops that look after pushes, in one process.

    Args:
        store: Where everything is kept.
        hub: Docker Hub.
        slack: Where channels are looked at.
        clock: The time.
        intake: Makes events.
        after_commit: Called when there may be something to be said.
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
        after_commit: Callable[[], None],
        namespaces: Sequence[str],
        has_webhooks: bool,
        thresholds: Callable[[RepositoryName], Thresholds],
    ) -> None:
        self._store = store
        self.lookout = Lookout(store, hub, intake, clock, namespaces=namespaces, has_webhooks=has_webhooks)
        self._readings = Readings(
            store,
            hub,
            clock,
            on_settled=self._note_readings,
            after_commit=after_commit,
            thresholds=thresholds,
        )
        self.loops: dict[str, Loop] = {
            "lookout": self.lookout,
            "readings": self._readings,
            "pruning": Pruner(store, clock),
            "reopening": Reopening(store, slack, Channels(store), clock),
        }

    def _note_readings(self, connection: Connection, workspace: str, event_ids: Sequence[str]) -> None:
        now = self._store.now(connection)
        # First the lanes, as everybody does: nobody freezes what is read here before it is changed.
        lanes.wake(connection, folding.lanes_of(connection, workspace, event_ids), now)
        folding.note_readings(connection, workspace, event_ids, now)
