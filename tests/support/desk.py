"""A desk to ask from: the real commands and client, before a small simulated Docker Hub whose every fact is known."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from bot.chat.command import Context
from bot.chat.router import Answer, Router, answer
from bot.clock import FrozenClock
from bot.document import Code, CodeBlock, Document, Facts, Listing, Note, Paragraph, Table, plain, plain_line
from bot.hub.client import Credentials, HubClient, HubUrls
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image
from commands import COMMANDS

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PAT = "dckr_pat_of_the_desk_00000000"
OAT = "dckr_oat_of_the_desk_00000000"


def ago(**kwargs: float) -> datetime:
    """Return the time so long before the desk's now."""
    return NOW - timedelta(**kwargs)


def digest(letter: str) -> str:
    """Return a digest that can be recognised."""
    return "sha256:" + letter * 64


def image(platform: str, letter: str, size_bytes: int | None) -> Image:
    """Return one platform's image, pushed yesterday and never pulled."""
    system, architecture, *variant = platform.split("/")
    return Image(
        system,
        architecture,
        variant[0] if variant else None,
        digest=digest(letter),
        size_bytes=size_bytes,
        pushed_at=ago(days=1),
    )


def small_hub() -> HubState:
    """Return acme with two repositories, one of them private, and the official nginx."""
    state = HubState()
    state.add_user("ana", password="a long password", joined_at=ago(days=900))
    state.add_organization("acme", joined_at=ago(days=800), members={"ana": "owner"})
    state.add_personal_token("ana", PAT)
    state.add_organization_token("acme", OAT, ("scope-repository-read", "scope-tag-read"))
    api = state.create_repository("acme", "api", at=ago(days=700), description="The API <!channel>")
    api.pull_count, api.star_count, api.storage_bytes = 1_204, 3, 5_000_000_000
    state.create_repository("acme", "vault", at=ago(days=600), is_private=True)
    state.create_repository("acme", "empty", at=ago(days=500))
    state.create_repository("library", "nginx", at=ago(days=3000)).pull_count = 12_884_901_889
    old = [image("linux/amd64", "a", 84_200_000)]
    new = [image("linux/amd64", "b", 85_200_000), image("linux/arm64/v8", "c", 80_000_000)]
    state.push_tag("acme/api", "1.0.0", at=ago(days=40), images=old, pusher="ana", digest=digest("1"))
    state.push_tag("acme/api", "1.1.0", at=ago(days=2), images=new, pusher="bo", digest=digest("2"))
    state.push_tag("acme/api", "latest", at=ago(days=2, minutes=-5), images=new, pusher="bo", digest=digest("2"))
    state.push_tag("acme/vault", "1", at=ago(days=5), images=old)
    state.push_tag("library/nginx", "latest", at=ago(hours=5), images=new)
    state.pull_tag("acme/api", "1.1.0", at=ago(hours=3))
    return state


class Desk:
    """Asks questions as somebody in Slack would.

    Attributes:
        hub: The simulated Docker Hub.
        clock: The bot's time.
        client: The bot's Docker Hub client.
        router: The bot's commands.
        progress: What the person was told while a command ran.
    """

    def __init__(
        self,
        hub: HubSimulator,
        credentials: Credentials,
        default_namespace: str | None,
        clock: FrozenClock | None = None,
    ) -> None:
        self.hub = hub
        self.clock = clock or FrozenClock(NOW)
        self.client = HubClient(HubUrls(hub.url, hub.url, hub.url, scout=hub.url), credentials, self.clock)
        self.router = Router(COMMANDS)
        self.progress: list[str] = []
        self._default_namespace = default_namespace

    def ask(self, text: str) -> Answer:
        """Return the answer to a line typed after `/hub`."""
        return answer(self.router.parse(text), self.context())

    def context(self) -> Context:
        """Return what a command may use."""
        return Context(
            hub=self.client,
            clock=self.clock,
            default_namespace=self._default_namespace,
            progress=lambda told: self.progress.append(str(told)),
        )

    def says(self, text: str) -> list[str]:
        """Return the answer as plain lines; the cells of a table are parted by ` | `."""
        return spoken(self.ask(text).document)

    def paths(self) -> list[str]:
        """Return what the simulated Docker Hub was asked, as `GET /path`."""
        return [f"{each.method} {each.path}" for each in self.hub.requests]


@contextmanager
def open_desk(
    *,
    state: HubState | None = None,
    username: str | None = None,
    token: str | None = None,
    default_namespace: str | None = "acme",
) -> Iterator[Desk]:
    """Yield a desk; anonymous unless a token is given."""
    credentials = Credentials.from_values(username=username, token=SecretStr(token) if token else None)
    with HubSimulator(state if state is not None else small_hub(), now=lambda: NOW) as hub:
        desk = Desk(hub, credentials, default_namespace)
        try:
            yield desk
        finally:
            desk.client.close()


def spoken(document: Document) -> list[str]:
    """Return a document as plain lines."""
    lines = [document.title] if document.title else []
    for part in document.parts:
        match part:
            case Paragraph(line) | Note(line):
                lines.append(plain_line(line))
            case Facts(pairs):
                lines += [f"{label}: {plain_line(value)}" for label, value in pairs]
            case Listing(entries):
                lines += [f"- {plain_line(entry)}" for entry in entries]
            case CodeBlock(text):
                lines.append(text)
            case Table():
                lines.append(" | ".join(column.title for column in part.columns))
                lines += [" | ".join(plain(cell) for cell in row) for row in part.rows]
    return lines


def codes(document: Document) -> Sequence[str]:
    """Return everything the document marks as code in its tables, in order."""
    return [cell.text for table in document.tables() for row in table.rows for cell in row if isinstance(cell, Code)]
