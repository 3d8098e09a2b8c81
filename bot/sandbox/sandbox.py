"""A whole world on this machine: Docker Hub, a Slack workspace and its page, on one clock that can be moved."""

from collections.abc import Callable, Mapping
from typing import Any, Self

from bot.sandbox.clock import MovableClock
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.osv import OsvSimulator
from bot.sandbox.page.guide import Guide
from bot.sandbox.page.server import BotState, PageServer
from bot.sandbox.service import Service
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Person, WorkspaceState

# It may run for weeks, and an answer with a table is a hundred kilobytes.
RECORDS_KEPT = 500
# The organization whose token the bot has; it tells the bot of its pushes.
NAMESPACE = "acme"
WEBHOOK_SECRET = "sandbox0webhook0secret0of0hub0bot"
WEBHOOK_NAME = "Hub Bot"
# What the bot encrypts with; a Fernet key that everybody may know, as all secrets of a sandbox.
SECRET_KEY = "YSBrZXkgb2YgdGhlIHNhbmRib3gsIGEgc2VjcmV0IDA="
# Built by Docker Hub beside acme/api, which is seeded so.
PROTECTED, TO_SET_UP = "acme/billing", "acme/web"
# Nobody approves what they asked for themselves, so that there is a second admin beside Ana.
INES = "U0INES"

# Docker Scout takes about a minute for what was just pushed.
INDEXING_SECONDS = 60.0

_BUILDS = """\
[[builds]]
repository = "{repository}"
provider = "docker-hub"
branch = "main"
secret = "{url}"
"""
# What runs of the public ones is of interest too. Releases stay as they are; nobody misses an old pull request.
_MORNING = """\
[protected]
repositories = ["{protected}"]

[stale]
days = 30
rules = [
    {{ tag = "pr-*", age = "7d" }},
    {{ tag = "v*", age = "never" }},
]
bases = [{{ image = "acme/python-base", base = "python:3.12" }}]

[[digests]]
channel = "{channel}"
at = "09:00"
zone = "Europe/Berlin"
namespaces = ["{namespace}"]
images = ["python:3.12"]
"""


class Sandbox(Service):
    """The simulators and the page, not yet the bot.

    Args:
        manifest: Returns the manifest of the app under test.
        guide: What the page knows of it beyond that.
        bot_state: Tells whether the bot runs.
        port: The page's TCP port on loopback; 0 lets the system choose.

    Raises:
        OSError: The port is in use.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        *,
        guide: Guide = Guide(),  # noqa: B008 - frozen, so sharing it is safe.
        bot_state: Callable[[], BotState] = lambda: "up",
        port: int = 0,
    ) -> None:
        self.clock = MovableClock()
        self.hub = HubSimulator(now=self.clock)
        self.hub.scout.indexing_seconds = INDEXING_SECONDS
        for repository in (PROTECTED, TO_SET_UP):
            self.hub.add_builds(repository)
        state, app = seed.acme_workspace(self.clock, manifest)
        _add_second_admin(state)
        self.slack = SlackSimulator(state, app, now=self.clock)
        self.osv = OsvSimulator(now=self.clock)
        self.hub.keep_records(RECORDS_KEPT)
        self.slack.keep_records(RECORDS_KEPT)
        self._bot_url: str | None = None
        try:
            self.page = PageServer(self.hub, self.slack, self.clock, guide=guide, bot_state=bot_state, port=port)
        except OSError:
            self.osv.stop()
            self.slack.stop()
            self.hub.stop()
            raise

    def environment(self) -> dict[str, str]:
        """Return the settings with which a bot lives in this world: its Slack, its Docker Hub, its time.

        Also where Docker Hub reaches it, once `announce_pushes_to` was told.
        """
        return {
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": seed.BOT_TOKEN,
            "DOCKERHUB_URL": self.hub.url,
            "DOCKER_REGISTRY_URL": self.hub.url,
            "DOCKER_AUTH_URL": self.hub.url,
            "DOCKER_SCOUT_URL": self.hub.url,
            "OSV_URL": self.osv.url,
            "DOCKERHUB_USERNAME": "ana",
            "DOCKERHUB_TOKEN": ANA_PAT,
            # Ana's token is for repositories; who belongs to the organization is for the organization's own.
            "DOCKERHUB_ORG_TOKENS": f"{NAMESPACE}={ACME_OAT}",
            "DOCKERHUB_NAMESPACES": NAMESPACE,
            "HUB_BOT_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "HUB_BOT_SECRET_KEY": SECRET_KEY,
            "HUB_BOT_ADMINS": f"{seed.ANA},{INES}",
            "HUB_BOT_OPERATORS": seed.PLATFORM,
            "HUB_BOT_CLOCK": self.page.clock_url,
            **({"HUB_BOT_PUBLIC_URL": self._bot_url} if self._bot_url else {}),
            **(
                {"SLACK_APP_TOKEN": seed.APP_TOKEN}
                if self.slack.app.uses_socket_mode
                else {"SLACK_SIGNING_SECRET": seed.SIGNING_SECRET}
            ),
        }

    def configuration(self) -> str:
        """Return the configuration file of such a bot: who builds what, what takes two people, and what is told when.

        `acme/web` is built by Docker Hub, too, and left for people to set up.
        """
        builds = "\n".join(
            _BUILDS.format(repository=repository, url=self.hub.build_trigger(repository))
            for repository in ("acme/api", PROTECTED)
        )
        morning = _MORNING.format(protected=PROTECTED, channel=seed.DEPLOYS, namespace=NAMESPACE)
        return f"{builds}\n{morning}"

    def announce_pushes_to(self, bot_url: str) -> None:
        """Register the bot's webhook in every repository of the organization, as its owner does in the web form.

        Args:
            bot_url: Where the bot listens, an origin on this machine; also a bot in Socket Mode does.
        """
        self._bot_url = bot_url
        for repository in self.hub.state.repositories[NAMESPACE].values():
            url = f"{bot_url}/webhooks/dockerhub/{WEBHOOK_SECRET}"
            self.hub.add_webhook(repository.path, url, name=WEBHOOK_NAME)

    def start(self) -> Self:
        """Begin to serve, in background threads."""
        self.hub.start()
        self.osv.start()
        self.slack.start()
        self.page.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for all threads."""
        self.slack.stop()  # First, for it breaks off what the page may be waiting for.
        self.page.stop()
        self.osv.stop()
        self.hub.stop()


def _add_second_admin(state: WorkspaceState) -> None:
    """Let Ines be where Ana is."""
    title = "Owns the Docker Hub organization too: approves what Ana asks for"
    email = "ines@acme.example"
    state.add_person(Person(INES, "ines", "Ines Ito", "admin", seed.TEAM_ID, title, email, "Asia/Tokyo"))
    for conversation in state.conversations.values():
        if seed.ANA in conversation.members and not conversation.is_shared:
            conversation.members.add(INES)
