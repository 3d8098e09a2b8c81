"""The composition root: settings in, a wired application out. The only module that sees everything."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.chat.command import Context
from bot.chat.router import Router
from bot.clock import Clock, SystemClock
from bot.governance.roles import Role
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.settings import Settings
from bot.terminal import Terminal, make_console
from commands import COMMANDS


def build_hub(settings: Settings, clock: Clock) -> HubClient:
    """Return the Docker Hub client, with every credential that the settings hold."""
    urls = HubUrls(hub=settings.dockerhub_url, registry=settings.docker_registry_url, auth=settings.docker_auth_url)
    credentials = Credentials.from_values(
        username=settings.dockerhub_username,
        token=settings.dockerhub_token,
        password=settings.dockerhub_password,
        organization_tokens=settings.dockerhub_org_tokens,
    )
    return HubClient(urls, credentials, clock)


@contextmanager
def terminal_session(settings: Settings, *, as_json: bool = False) -> Iterator[Callable[[Sequence[str] | str], int]]:
    """Yield a function that runs one command in this terminal and returns its exit status.

    Whoever can start the program with these settings owns them, and so has every right.
    """
    clock = SystemClock()
    hub = build_hub(settings, clock)
    terminal = Terminal(Router(COMMANDS), output=make_console(), errors=make_console(to_errors=True))
    default = settings.namespaces[0] if settings.namespaces else None
    context = Context(hub=hub, clock=clock, default_namespace=default, role=Role.ADMIN)
    try:
        yield lambda words: terminal.run(words, context, as_json=as_json)
    finally:
        hub.close()


def run_in_terminal(settings: Settings, words: Sequence[str], *, as_json: bool) -> int:
    """Run one command in this terminal and return its exit status."""
    with terminal_session(settings, as_json=as_json) as run:
        return run(words)
