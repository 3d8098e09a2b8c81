"""The bot's parts in this process and thread, on a clock that stands still unless it is moved: hours in seconds."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import func, select

from bot.clock import FrozenClock
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.outbox import lanes
from bot.outbox.notes import KIND as NOTE
from bot.outbox.notes import NoteWriter
from bot.outbox.throttle import EVERYWHERE
from bot.outbox.worker import LaneWorker
from bot.pushes.channels import tell_owners
from bot.pushes.engine import WRITERS, PushEngine
from bot.pushes.filters import Filters
from bot.pushes.growth import Thresholds
from bot.pushes.intake import Intake
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Subscriptions, Wish
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.slack.client import SlackClient
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.tables import members, messages
from bot.store.workspaces import HOME
from bot.web.webhooks import DockerHubWebhooks, WebhookReply
from tests.chaos.accounting import is_at_rest, is_shown
from tests.support.slack import said

SECRET = "a-path-secret-of-the-chaos-tests"


class InsideBot:
    """Everything from the webhook to Slack, wired as the engine wires it, driven by `run`.

    Attributes:
        client: The way to Slack.
        accepted: What was answered with 202, in that order: repository and tag.
    """

    def __init__(self, store: Store, slack: SlackSimulator, hub: HubSimulator, clock: FrozenClock) -> None:
        upgrade(store)
        self.store = store
        self.slack = slack
        self.hub = hub
        self.clock = clock
        self.accepted: list[tuple[str, str]] = []
        urls = HubUrls(hub=hub.url, registry=hub.url, auth=hub.url, scout=hub.url)
        credentials = Credentials.from_values(username=None, token=None, organization_tokens={})
        self.client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
        intake = Intake(store)
        writers = {**WRITERS, NOTE: NoteWriter()}
        self._worker = LaneWorker(store, self.client, writers, clock, on_suspended=tell_owners)
        self._engine = PushEngine(
            store,
            HubClient(urls, credentials, clock, draw=lambda: 0.0),
            self.client,
            clock,
            intake=intake,
            after_commit=lambda: None,
            namespaces=("acme",),
            has_webhooks=True,
            thresholds=lambda _: Thresholds(),
        )
        self._webhooks = DockerHubWebhooks(intake, [SECRET], on_lost=self._engine.lookout.look_now)

    def push(self, repository: str, tag: str, *, is_told: bool = True) -> None:
        """Push at Docker Hub, where the repository is made if it has to be; its webhook has to be accepted."""
        self.push_at_hub(repository, tag)
        if is_told:
            assert self.webhook(repository, tag).status == 202

    def push_at_hub(self, repository: str, tag: str) -> None:
        """Push at Docker Hub, which tells nobody."""
        namespace, _, name = repository.partition("/")
        if self.hub.state.find_repository(repository) is None:
            self.hub.state.create_repository(namespace, name, at=self.clock.now())
        self.hub.push(repository, tag)

    def webhook(self, repository: str, tag: str) -> WebhookReply:
        """Take in the webhook of a push that happens now; once."""
        body = {
            "push_data": {"pushed_at": int(self.clock.now().timestamp()), "pusher": "ana", "tag": tag},
            "repository": {"repo_name": repository},
        }
        reply = self._webhooks.take(json.dumps(body).encode())
        if reply.status == 202:
            self.accepted.append((repository, tag))
        return reply

    def run(self, seconds: float, *, step: float = 0.5) -> None:
        """Let time go by, with everything done that is due meanwhile."""
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() <= ends_at:
            self.turn()
            self.clock.advance(step)

    def recover(self, seconds: float, channels: Sequence[str] = (seed.DEPLOYS,), *, step: float = 0.5) -> None:
        """Let time go by until all is told, at most so long.

        Raises:
            AssertionError: It was not, or there is still something to do.
        """
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while not self._all_is_told(channels):
            assert self.clock.now() <= ends_at, f"still untold: {self.untold(channels)}, {self.states()}"
            self.run(step, step=step)

    def _all_is_told(self, channels: Sequence[str]) -> bool:
        with self.store.read() as connection:
            if not is_at_rest(connection):
                return False
        return not self.untold(channels)

    def turn(self) -> None:
        """Do what is due, as far as the database is there."""
        self._engine.lookout.guarded_step()
        self.read_back()
        with suppress(StoreUnavailableError):
            self.serve()

    def read_back(self) -> None:
        """Ask Docker Hub for what is due."""
        while self._engine._readings.guarded_step() == 0:
            pass

    def serve(self) -> None:
        """Look after every lane that is due."""
        while self._serve_due():
            pass

    def _serve_due(self) -> int:
        worker = self._worker
        if worker.throttle.seconds_left(EVERYWHERE):
            return 0
        leases = self.store.write(
            lambda connection: lanes.claim(connection, self.store.now(connection), at_most=16, without=())
        )
        for lease in leases:
            worker.serve(lease)
        return len(leases)

    def subscribe(self, *channels: str, image: str = "acme/*") -> None:
        """Subscribe channels, without a word; those that are not there are made."""
        for channel in channels:
            if channel not in self.slack.state.conversations:
                people = (seed.ANA, seed.BOT_USER)
                self.slack.state.add_conversation(channel.lower(), members=people, conversation_id=channel)
            wish = Wish(channel, Pattern.parse(image), Filters())
            Subscriptions(self.store, HOME).add(wish, by=seed.OMAR)

    def seen(self, channel: str = seed.DEPLOYS) -> list[Message]:
        """Return what a channel sees of the bot."""
        return said(self.slack, channel)

    def untold(self, channels: Sequence[str] = (seed.DEPLOYS,)) -> list[tuple[str, str]]:
        """Return what was accepted and is not told, by channel and tag; tags have to be found again in any text."""
        return [
            (channel, tag)
            for channel in channels
            for _, tag in self.accepted
            if not any(is_shown(tag, message) for message in self.seen(channel))
        ]

    def states(self) -> dict[str, int]:
        """Return how many pushes, by what became of them in a channel, and how many messages in each state."""
        found: dict[str, int] = {}
        with self.store.read() as connection:
            for column in (members.c.state, messages.c.state):
                rows = connection.execute(select(column, func.count()).group_by(column))
                found |= {f"{column.table.name} {row[0]}": row[1] for row in rows}
        return found


def started(store: Store, slack: SlackSimulator, hub: HubSimulator, clock: FrozenClock) -> InsideBot:
    """Return a bot that has looked at Docker Hub once, with one channel that hears of everything."""
    bot = InsideBot(store, slack, hub, clock)
    bot.subscribe(seed.DEPLOYS)
    bot.run(1)
    return bot
