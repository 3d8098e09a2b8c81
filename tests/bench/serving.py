"""The programs that are measured, each a process of its own."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.fleet.sweeps import SweepReport, Sweeps, subject_of
from bot.sandbox.httpd import free_port
from bot.sandbox.hub.seed import ANA_PAT
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.workspaces import HOME
from tests.bench.books import Books
from tests.bench.outside import NAMESPACE, Outside
from tests.bench.sending import SECRET
from tests.support.running import RunningBot, environment_for, wait_until_it_serves


def environment(world: Outside, port: int) -> dict[str, str]:
    """Return the settings of a bot that says little and may see what Ana may."""
    return {
        **environment_for(slack_api_url=world.slack_api_url, hub_url=world.hub_url, port=port),
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": ANA_PAT,
        "HUB_BOT_LOG_LEVEL": "warning",
    }


@contextmanager
def serving(world: Outside, more: Mapping[str, str] | None = None) -> Iterator[RunningBot]:
    """Yield a bot that serves; it is stopped in the end."""
    port = free_port()
    with running({**environment(world, port), **(more or {})}, port) as bot:
        yield bot


@contextmanager
def running(settings: Mapping[str, str], port: int) -> Iterator[RunningBot]:
    """Yield a bot of these settings. Its log goes to a file: a pipe that nobody reads would stop it when full."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], env=dict(settings), stdout=log, stderr=log, text=True
        )
        bot = RunningBot(process, port)
        try:
            wait_until_it_serves(bot)
            yield bot
        finally:
            bot.stop()
            log.seek(0)
            bot.log = log.read()


@contextmanager
def with_webhooks(
    world: Outside, subscriptions: Mapping[str, str], more: Mapping[str, str] | None = None
) -> Iterator[tuple[RunningBot, Books]]:
    """Yield a bot that takes webhooks, keeps them in a SQLite file, and tells channels of them; and a look into it.

    Args:
        world: Its outside.
        subscriptions: The channel that hears of each repository, or of what a pattern names.
        more: Further settings.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = pushes_settings(Path(folder), subscriptions)
        _put_sweep_off(settings["HUB_BOT_DATABASE_URL"])
        with serving(world, {**settings, **(more or {})}) as bot:
            yield bot, Books(Path(folder, "bench.db"))


def _put_sweep_off(database: str) -> None:
    """Have the fleet be swept an hour later: what that costs is measured by itself, in `tests.bench.sweeping`."""
    with closing(open_store(database)) as store:
        upgrade(store)
        sweeps = Sweeps(store, HOME)
        lease = sweeps.take(subject_of(NAMESPACE))
        assert lease is not None
        now = datetime.now(UTC)
        sweeps.end(lease, SweepReport(namespace=NAMESPACE, started_at=now, ended_at=now))


def pushes_settings(folder: Path, subscriptions: Mapping[str, str]) -> dict[str, str]:
    """Return the settings for webhooks, a SQLite file named `bench.db`, and subscriptions that a file keeps."""
    tables = [
        f'[[subscriptions]]\nchannel = "{channel}"\nimage = "{image}"\n' for image, channel in subscriptions.items()
    ]
    configuration = folder / "bench.toml"
    configuration.write_text("\n".join(tables))
    return {
        "HUB_BOT_WEBHOOK_SECRET": SECRET,
        "HUB_BOT_DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "HUB_BOT_CONFIG": str(configuration),
        "DOCKERHUB_NAMESPACES": "acme",
    }


def bare_listener(world: Outside) -> AbstractContextManager[RunningBot]:
    """Serve the bare Bolt listener."""
    return program("tests.bench.bare", world.slack_api_url)


@contextmanager
def program(module: str, *arguments: str) -> Iterator[RunningBot]:
    """Yield a program of the benchmark, which takes its port as the first argument."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments], text=True)
    bot = RunningBot(process, port)
    try:
        wait_until_it_serves(bot, path="/", status=404)
        yield bot
    finally:
        process.kill()
        process.wait()
