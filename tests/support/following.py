"""A desk in a Slack channel, with a database: for the commands that say what a channel hears of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from bot.chat.command import Context
from bot.chat.place import Place
from bot.document import Document
from bot.errors import DeliveryError
from bot.governance.roles import Role
from bot.hub.auth import Credentials
from bot.images import RepositoryName
from bot.pushes.ledger import Ledger
from bot.pushes.service import Pushes
from bot.pushes.subscribing import Subscribing
from bot.pushes.webhook_setup import Receiver
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.slack.client import Posted
from bot.store.workspaces import HOME
from tests.support.databases import open_database
from tests.support.desk import NOW, Desk, small_hub, spoken

CHANNEL = "C0RELEASES"
OPERATOR = "U0OPERATOR"
SECRET = "a-webhook-secret-of-the-desk-0001"
RECEIVER = Receiver("https://bot.example.com", SecretStr(SECRET))


@dataclass
class Channel:
    """What the bot says in Slack, in its own name.

    Attributes:
        said: Each message, as plain lines; one that was rewritten stands there as it is now.
        samples: The sample pushes asked for.
        tries: How many messages were posted, taken or not.
        refusal: What Slack answers instead of taking a message.
        after_post: What happens once it has taken one.
    """

    said: list[list[str]] = field(default_factory=list)
    samples: list[tuple[str, str, str]] = field(default_factory=list)
    tries: int = 0
    refusal: DeliveryError | None = None
    after_post: Callable[[], None] = field(default=lambda: None)

    def post(self, channel: str, document: Document) -> Posted:
        """Take a message."""
        self.tries += 1
        if self.refusal:
            raise self.refusal
        self.said.append(spoken(document))
        self.after_post()
        return Posted(channel, str(len(self.said)))

    def update(self, posted: Posted, document: Document) -> None:
        """Take what it is to say instead."""
        self.said[int(posted.ts) - 1] = spoken(document)

    def send_test(self, channel: str, repository: RepositoryName, tag: str) -> None:
        """Take the wish for a sample."""
        self.samples.append((channel, str(repository), tag))


class FollowingDesk(Desk):
    """Asks in a channel.

    Attributes:
        channel: What is said there.
        store: The database.
        subscribing: Subscribes channels.
        role: Of who asks.
        place: Where they ask; None: in a terminal.
    """

    def __init__(self, hub: HubSimulator, credentials: Credentials, receiver: Receiver) -> None:
        super().__init__(hub, credentials, "acme")
        self.channel = Channel()
        self.store = open_database(self.clock.now)
        self.subscribing = Subscribing(
            self.store,
            HOME,
            namespaces=("acme",),
            receiver=receiver,
            post=self.channel.post,
            update=self.channel.update,
            send_test=self.channel.send_test,
        )
        self.role = Role.OPERATOR
        self.place: Place | None = Place(CHANNEL, OPERATOR)

    def context(self) -> Context:
        """Return what a command may use."""
        pushes = Pushes(ledger=Ledger(self.store), subscribing=self.subscribing)
        return replace(super().context(), role=self.role, place=self.place, pushes=pushes)


@contextmanager
def open_following_desk(
    *,
    receiver: Receiver = RECEIVER,
    username: str | None = None,
    token: str | None = None,
    state: HubState | None = None,
) -> Iterator[FollowingDesk]:
    """Yield a desk in a channel that hears of nothing; anonymous at Docker Hub unless a token is given."""
    credentials = Credentials.from_values(username=username, token=SecretStr(token) if token else None)
    with HubSimulator(state or small_hub(), now=lambda: NOW) as hub:
        desk = FollowingDesk(hub, credentials, receiver)
        try:
            yield desk
        finally:
            desk.client.close()
            desk.store.close()
