"""The demo: a simulated Docker Hub and Slack workspace, the real bot between them, and a page to use it all.

The simulators run in this process, the bot in one of its own, exactly as `hub-bot serve` starts it.
"""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import click
import requests

from bot.chat.command import AnyCommand
from bot.chat.help import usage
from bot.sandbox.httpd import free_port
from bot.sandbox.page.guide import Guide, Option, Verb
from bot.sandbox.page.server import BotState
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.state import Message
from bot.settings import FILE_SUFFIX, PREFIX, setting_names
from bot.slack.manifest import COMMAND, manifest
from commands import COMMANDS

# The first of them that is free is taken.
PORTS = range(8420, 8430)
EXIT_FAILED, EXIT_USAGE = 1, 2
POLL_SECONDS = 0.02
PACKAGES = Path(__file__).parent.parent
STOP_SECONDS = 10.0
LOG_LINES = 20

TIPS = (
    ("/hub tags acme/api", "the newest tags of a repository, to page and to share"),
    ("/hub subscribe acme/api", "then push a tag of acme/api on the right: it is announced here"),
    ("/hub diff acme/api:latest edge", "what changed between two images"),
    ("/hub trigger acme/api", "have it built, and watch the build go on"),
    ("/hub stale", "which images are older than they should be"),
    ("/hub cves", "which have known vulnerabilities, the worst first"),
    ("/hub digest now", "in #deploys: what would be said there at nine in the morning"),
    ("/hub delete-tags acme/api --match 'pr-12*'", "what that would delete; it takes two people to do it"),
)
WELCOME = """\
Hub Bot is ready: open {url}

A Slack workspace and a Docker Hub, both simulated on this machine; the bot is the real one. Things to try:
{tips}

Ctrl-C ends everything.
"""
POSTED_WELCOME = """\
*Welcome to the sandbox.* I am the real Hub Bot; Slack and Docker Hub are simulated here. Some things to try:
{tips}
Answers are for your eyes only until you press _Share_; an announcement is for the whole channel, and comes about ten \
seconds after the push.
`/hub trigger acme/billing` and `/hub invite olga@acme.example --role owner` wait for a second person: become \
_Ines Ito_, at the top left, and look at what Hub Bot wrote to her. On the right you can also break the network, let \
builds fail and move the time: publish a vulnerability there, go to _Tomorrow 09:00_, and look at the digest in \
<#C0DEPLOYS>."""


def run_demo(*, port: int | None, uses_socket_mode: bool, is_verbose: bool) -> int:
    """Run everything until Ctrl-C.

    Args:
        port: The page's port; None takes the first that is free.
        uses_socket_mode: Let the bot reach Slack over a WebSocket instead of being called over HTTP.
        is_verbose: Show the bot's log here.

    Returns:
        The exit status: 0 after Ctrl-C, 1 when the bot ended by itself or did not start, 2 for a port in use.
    """
    stopping = threading.Event()
    with _signals(stopping), _folder() as folder, _log_file(folder, is_verbose=is_verbose) as log:
        bot_port = free_port()
        bot = _Bot(bot_port, folder, log)
        try:
            sandbox = _sandbox(port, bot_port, uses_socket_mode=uses_socket_mode, bot_state=bot.state)
        except OSError as error:
            click.echo(_why_not(error, port), err=True)
            return EXIT_USAGE
        sandbox.announce_pushes_to(f"http://127.0.0.1:{bot_port}")
        with sandbox:
            return _run(sandbox, bot, stopping)


def _run(sandbox: Sandbox, bot: "_Bot", stopping: threading.Event) -> int:
    _greet(sandbox)
    bot.start(sandbox.environment(), sandbox.configuration())
    try:
        if bot.is_ready(stopping) and _is_reachable(sandbox, bot, stopping):
            width = max(len(line) for line, _ in TIPS) + 2
            tips = "\n".join(f"  {line:{width}}{what}" for line, what in TIPS)
            click.echo(WELCOME.format(url=sandbox.page.url, tips=tips))
        while bot.is_running and not stopping.wait(0.2):
            pass
        if stopping.is_set():
            return 0
        click.echo(f"The bot ended by itself. The end of its log:\n{bot.last_words()}", err=True)
        return EXIT_FAILED
    finally:
        bot.stop()


def _is_reachable(sandbox: Sandbox, bot: "_Bot", stopping: threading.Event) -> bool:
    """Wait until Slack can call the bot: in Socket Mode it must have opened a connection. False: it never will."""
    if not sandbox.slack.app.uses_socket_mode:
        return True
    while not sandbox.slack.sockets and bot.is_running and not stopping.is_set():
        stopping.wait(POLL_SECONDS)
    return sandbox.slack.sockets > 0


class _Bot:
    """The bot's process.

    Args:
        port: Where it is to listen.
        folder: Its working directory.
        log: Where its log goes; None leaves it on standard error.
    """

    def __init__(self, port: int, folder: Path, log: IO[bytes] | None) -> None:
        self._port = port
        self._folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def state(self) -> BotState:
        return "up" if self.is_running else "down"

    def start(self, settings: Mapping[str, str], configuration: str) -> None:
        file = self._folder / "hub-bot.toml"
        file.touch(mode=0o600)  # There are secrets in it, though none that matter.
        file.write_text(configuration, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            env={**_inherited(), **settings, "HUB_BOT_CONFIG": str(file), "HUB_BOT_PORT": str(self._port)},
            # A folder of its own: what it writes goes with it, and no file there can stand in for a module of Python's.
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def is_ready(self, stopping: threading.Event) -> bool:
        """Wait until it serves. False: it never will, because it ended or everything is to end."""
        with requests.Session() as session:
            session.trust_env = False
            while self.is_running and not stopping.is_set():
                try:
                    if session.get(f"http://127.0.0.1:{self._port}/healthz", timeout=1).ok:
                        return True
                except requests.RequestException:
                    stopping.wait(POLL_SECONDS)
        return False

    def stop(self) -> None:
        """Ask it to end, and insist if it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        if self._log is None:
            return "(above)"
        self._log.seek(0)
        return b"\n".join(self._log.read().splitlines()[-LOG_LINES:]).decode(errors="replace")


def _sandbox(port: int | None, bot_port: int, *, uses_socket_mode: bool, bot_state: Callable[[], BotState]) -> Sandbox:
    url = None if uses_socket_mode else f"http://127.0.0.1:{bot_port}"
    guide = Guide(verbs=[_verb(command) for command in COMMANDS], tips=[line for line, _ in TIPS])
    # Tried by listening, not by looking first: two demos may start at the same moment.
    for candidate in PORTS if port is None else (port,):
        try:
            return Sandbox(manifest(public_url=url), guide=guide, bot_state=bot_state, port=candidate)
        except OSError as error:
            if port is not None or error.errno != errno.EADDRINUSE:
                raise
    return Sandbox(manifest(public_url=url), guide=guide, bot_state=bot_state)


def _verb(command: AnyCommand) -> Verb:
    options = [
        Option(parameter.opts[0], parameter.help or "")
        for parameter in command.parameters
        if isinstance(parameter, click.Option)
    ]
    shared = [Option("--share", "Show the answer to the whole channel.")] if command.can_share else []
    return Verb(
        name=command.name,
        group=command.group.value,
        usage=usage(command),
        summary=command.summary,
        options=[*options, *shared],
        examples=[f"{COMMAND} {words}" for words, _ in command.examples],
    )


def _greet(sandbox: Sandbox) -> None:
    """Let the bot say hello in #general. It is put there directly: nobody asked the bot for it."""
    state, app = sandbox.slack.state, sandbox.slack.app
    channel = state.conversation_named("general")
    if channel is None:
        return
    tips = "\n".join(f"•  `{line}` – {what}" for line, what in TIPS)
    text = POSTED_WELCOME.format(tips=tips)
    state.add_message(Message(channel.id, state.new_ts(), app.bot_user_id, text, app_id=app.id))


def _inherited() -> dict[str, str]:
    """Return this process's environment without what leads elsewhere: the bot's settings, and proxies.

    A proxy cannot reach the simulators on this machine, and slack_sdk asks it also for those.
    """
    ours = {"PORT", *setting_names()}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.removesuffix(FILE_SUFFIX) not in ours
        and not name.startswith(PREFIX)
        and not name.lower().endswith("_proxy")
    }
    # Found also from another folder, and where the package is not installed.
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGES), kept.get("PYTHONPATH"))))}


@contextmanager
def _signals(stopping: threading.Event) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What is ignored stays so: `nohup` means it.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hub-bot-demo-") as name:
        yield Path(name)


@contextmanager
def _log_file(folder: Path, *, is_verbose: bool) -> Iterator[IO[bytes] | None]:
    if is_verbose:
        yield None
        return
    with (folder / "bot.log").open("w+b") as file:
        yield file


def _why_not(error: OSError, port: int | None) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Leave --port out, and a free one is found."
    return f"Cannot listen on port {port}: {error.strerror or error}."
