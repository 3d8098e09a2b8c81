"""What the tests of reading back share: pushes that were heard of, a simulated Docker Hub, a reader between them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.clock import FrozenClock
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.pushes.model import Reading
from bot.pushes.readings import Readings
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import Image, Tag
from bot.store.base import Store
from bot.store.tables import events
from bot.store.workspaces import HOME

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
API = "acme/api"
LONG_AGO = NOW - timedelta(days=30)


class ReadingDesk:
    """One store, one Docker Hub, one clock for both.

    Attributes:
        told: The events that were said to have something new, in the order of the commits.
    """

    def __init__(self, store: Store, hub: HubSimulator, clock: FrozenClock) -> None:
        self.store = store
        self.hub = hub
        self.clock = clock
        self.client = HubClient(
            HubUrls(hub.url, hub.url, hub.url),
            Credentials.from_values(username=None, token=None, organization_tokens={}),
            clock,
            draw=lambda: 0.0,
        )
        self.told: list[str] = []
        self.readings = self.reader()
        self._serial = 0

    def reader(self, **options: Any) -> Readings:
        """Return another reader."""
        given = {"on_settled": self.note, "draw": lambda: 0.0, **options}
        return Readings(self.store, self.client, self.clock, **given)

    def note(self, _connection: Connection, workspace: str, event_ids: Sequence[str]) -> None:
        """Remember what was told."""
        assert workspace == HOME
        self.told.extend(event_ids)

    def repository(self, path: str = API, *, is_private: bool = False) -> None:
        """Make a repository, if it is not there."""
        namespace, _, name = path.partition("/")
        if self.hub.state.find_repository(path) is None:
            self.hub.state.create_repository(namespace, name, at=LONG_AGO, is_private=is_private)

    def push(
        self, tag: str = "1.0", *, path: str = API, at: datetime | None = None, images: Sequence[Image] | None = None
    ) -> Tag:
        """Push, now or at another time."""
        self.repository(path)
        return self.hub.state.push_tag(path, tag, at=at or self.clock.now(), images=images)

    def hear(self, tag: str = "1.0", *, path: str = API, pushed_at: datetime | None = None, **columns: Any) -> str:
        """Take a webhook in, as the intake does; return the event's id."""
        self._serial += 1
        now = self.clock.now()
        row = {
            "id": f"ev_{self._serial:05}",
            "workspace": HOME,
            "repository": path,
            "tag": tag,
            "pushed_at": pushed_at or now,
            "received_at": now,
            "pusher": "ci-bot",
            "content_kind": "image",
            "source": "webhook",
            "payload": {},
            "reading_state": "waiting",
            "reading_due_at": columns.get("received_at", now) + timedelta(seconds=5),
            **columns,
        }
        self.store.write(lambda connection: connection.execute(insert(events), row))
        return str(row["id"])

    def change(self, event_id: str, **columns: Any) -> None:
        """Change an event's row."""
        self.store.write(
            lambda connection: connection.execute(update(events).where(events.c.id == event_id).values(columns))
        )

    def row(self, event_id: str) -> Any:
        """Return an event's row."""
        with self.store.read() as connection:
            return connection.execute(select(events).where(events.c.id == event_id)).one()

    def state(self, event_id: str) -> tuple[str, str | None]:
        """Return how far an event is, and its problem."""
        row = self.row(event_id)
        return row.reading_state, row.reading_problem

    def reading(self, event_id: str) -> Reading:
        """Return what reading an event gave."""
        return Reading.model_validate(self.row(event_id).reading)

    def work(self, readings: Readings | None = None) -> float:
        """Do everything that is due; return in how many seconds there may be more."""
        while (seconds := (readings or self.readings).step()) == 0:
            pass
        return seconds

    def play(self, seconds: float) -> None:
        """Let time pass, with the reader at work."""
        ends_at = self.clock.monotonic() + seconds
        while (left := ends_at - self.clock.monotonic()) > 0:
            self.clock.advance(min(self.work(), left))
        self.work()

    def paths(self) -> list[str]:
        """Return what Docker Hub was asked for, without the common beginning."""
        return [request.path.removeprefix("/v2/namespaces/") for request in self.hub.requests]
