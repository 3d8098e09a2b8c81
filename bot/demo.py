"""The demo: the real commands against a simulated Docker Hub, in this terminal, without any account."""

import re
import sys
from collections.abc import Iterator

import click

from bot.app import Run, terminal_session
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.settings import Settings

PROMPT = "/hub "
JSON = "--json"
# People type what they would type in Slack.
_ADDRESS = re.compile(r"^\s*(?:/hub\b|@hub bot\b)", re.IGNORECASE)
LEAVE = frozenset({"exit", "quit", "q"})
WELCOME = """\
Hub Bot, on a simulated Docker Hub at {url}. You are ana, an owner of the organization acme.

Three things to try:
  tags acme/api                 the newest tags of a repository
  diff acme/api:latest edge     what changed between two of them
  repos                         everything acme has

`help` lists the rest, `quit` or Ctrl-D ends.
"""


def run_demo() -> int:
    """Start the simulator, read commands until the end of input, and stop both.

    Returns:
        The exit status: 0, whatever the commands answered.
    """
    with HubSimulator() as hub:
        settings = Settings.from_environment(
            {
                "DOCKERHUB_URL": hub.url,
                "DOCKER_REGISTRY_URL": hub.url,
                "DOCKER_AUTH_URL": hub.url,
                "DOCKERHUB_USERNAME": "ana",
                "DOCKERHUB_TOKEN": ANA_PAT,
                "DOCKERHUB_NAMESPACES": "acme",
            }
        )
        click.echo(WELCOME.format(url=hub.url))
        with terminal_session(settings) as run:
            for typed in _lines():
                _try(run, typed)
    return 0


def _try(run: Run, typed: str) -> None:
    words = [word for word in typed.split() if word != JSON]
    try:
        run(" ".join(words), as_json=JSON in typed.split())
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    click.echo()


def _lines() -> Iterator[str]:
    """Yield what is typed, with history and editing where there is a terminal, until the person leaves."""
    if sys.stdin.isatty():
        import readline  # noqa: F401, PLC0415 - Importing it is what gives input() its history; pipes have no use for it.
    while True:
        try:
            typed = _ADDRESS.sub("", input(PROMPT)).strip()
        except KeyboardInterrupt:
            click.echo()
            continue
        except EOFError:
            click.echo()
            return
        if typed.lower() in LEAVE:
            return
        if typed:
            yield typed
