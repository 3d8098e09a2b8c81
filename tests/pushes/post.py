"""From a webhook to what a channel sees, on a clock that stands still; reading back is played by the test."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.clock import FrozenClock
from bot.images import RepositoryName
from bot.outbox import lanes
from bot.outbox.notes import KIND as NOTE
from bot.outbox.notes import NoteWriter
from bot.outbox.worker import LaneWorker
from bot.outbox.writers import Writers
from bot.pushes.announcements import TAGS_KIND, PushWriter, TagsWriter
from bot.pushes.channels import Channels, tell_owners
from bot.pushes.folding import KIND, lanes_of, note_readings
from bot.pushes.intake import Accepted, Intake
from bot.pushes.model import PlatformImage, Reading, ReadingProblem, ReadingState, TagImage
from bot.pushes.payload import Push
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.slack.client import SlackClient
from bot.store.base import Store
from bot.store.tables import events, members, subscriptions
from bot.store.workspaces import HOME
from tests.support.slack import acme, said


def digest(letter: str) -> str:
    """Return a digest that is easy to tell apart."""
    return f"sha256:{letter * 64}"


class Post:
    """The road of a push, without Docker Hub."""

    def __init__(self, store: Store, slack: SlackSimulator, clock: FrozenClock) -> None:
        self.store = store
        self.slack = slack
        self.clock = clock
        self.intake = Intake(store)
        self.channels = Channels(store)
        client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
        writers: Writers = {KIND: PushWriter(), TAGS_KIND: TagsWriter(), NOTE: NoteWriter()}
        self.worker = LaneWorker(store, client, writers, clock, on_suspended=tell_owners, draw=lambda: 0.0)

    def subscribe(
        self, namespace: str = "acme", name: str = "*", *, channel: str = seed.DEPLOYS, **filters: object
    ) -> None:
        """Subscribe a channel, without any words."""
        row = {
            "id": f"sub_{channel}_{namespace}_{name}",
            "workspace": HOME,
            "channel": channel,
            "number": 1,
            "namespace": namespace,
            "name": name,
            "filters": filters,
            "origin": "command",
            "created_by": seed.OMAR,
            "created_at": self.clock.now(),
        }
        self.store.write(lambda connection: connection.execute(insert(subscriptions).values(row)))

    def push(
        self, tag: str = "1.0", repository: str = "acme/api", *, at: datetime | None = None, pusher: str = "ana"
    ) -> Accepted:
        """Take in a webhook."""
        pushed_at = at or self.clock.now()
        return self.intake.take(Push(RepositoryName.parse(repository), tag, pushed_at, pusher))

    def read_back(
        self,
        tag: str = "1.0",
        letter: str = "a",
        *,
        repository: str = "acme/api",
        platforms: Sequence[tuple[str, str]] = (),
        state: ReadingState = ReadingState.CONFIRMED,
        problem: ReadingProblem | None = None,
    ) -> None:
        """Give all pushes of a tag that wait for it a reading."""
        image = TagImage(
            digest=digest(letter),
            pushed_at=self.clock.now(),
            size_bytes=10_000_000,
            platforms=tuple(
                PlatformImage(platform=name, digest=digest(its), size_bytes=10_000_000) for name, its in platforms
            ),
        )
        reading = Reading(image=image) if state is ReadingState.CONFIRMED else Reading()

        def settle(connection: Connection) -> None:
            now = self.store.now(connection)
            waiting = (
                (events.c.repository == repository) & (events.c.tag == tag) & (events.c.reading_state == "waiting")
            )
            ids = connection.execute(select(events.c.id).where(waiting)).scalars().all()
            values = {
                "reading_state": state.value,
                "reading_attempts": events.c.reading_attempts + 1,
                "reading_problem": problem.value if problem else None,
                "reading": reading.model_dump(mode="json"),
            }
            connection.execute(update(events).where(events.c.id.in_(ids)).values(values))
            lanes.wake(connection, lanes_of(connection, HOME, ids), now)
            note_readings(connection, HOME, ids, now)

        self.store.write(settle)

    def fail_reading(self, tag: str = "1.0", problem: ReadingProblem = ReadingProblem.ABSENT) -> None:
        """Let an attempt at reading fail."""
        self.read_back(tag, state=ReadingState.WAITING, problem=problem)

    def serve_due(self) -> int:
        """Look after every lane that is due, once."""
        leases = self.store.write(lambda connection: lanes.claim(connection, self.clock.now(), at_most=100, without=()))
        for lease in leases:
            self.worker.serve(lease)
        return len(leases)

    def run(self, seconds: float, *, step: float = 0.5) -> None:
        """Let time go by, and look after what is due meanwhile."""
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() <= ends_at:
            while self.serve_due():
                pass
            self.clock.advance(step)

    def seen(self, channel: str = seed.DEPLOYS) -> list[Message]:
        """Return what the channel sees of the bot."""
        return said(self.slack, channel)

    def texts(self, channel: str = seed.DEPLOYS) -> list[str]:
        """Return the texts of that."""
        return [message.text for message in self.seen(channel)]

    def member_states(self) -> list[str]:
        """Return what became of the pushes, in their order."""
        with self.store.read() as connection:
            rows = connection.execute(select(members.c.state).order_by(members.c.pushed_at, members.c.event_id))
            return list(rows.scalars())


@pytest.fixture
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


@pytest.fixture
def post(store: Store, slack: SlackSimulator, clock: FrozenClock) -> Post:
    """The road, with #deploys subscribed to everything of acme."""
    post = Post(store, slack, clock)
    post.subscribe()
    return post
