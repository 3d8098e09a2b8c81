"""`make bench`: every figure of one run in one table. Ratios hold on other machines; seconds are this machine's."""

import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import click
from rich.console import Console
from rich.table import Table

from bot.sandbox.httpd import free_port
from bot.sandbox.hub.seed import ANA_PAT
from tests.bench.acks import BURST_SIZE, BURSTS, measure_bursts, measure_ratio
from tests.bench.outside import Outside, outside
from tests.bench.starts import STARTS, measure_starts
from tests.bench.webhooks import CONNECTIONS, SECRET, STEADY_PER_SECOND, measure_webhooks
from tests.support.running import RunningBot, environment_for, start_bot, wait_until_it_serves

RATIO_BAR, BURST_ACK_BAR, BURST_ANSWER_BAR, START_BAR, MEMORY_BAR = 0.2, 0.150, 10.0, 2.0, 150e6
WEBHOOK_BAR, WEBHOOK_P99_BAR = 0.25, 0.050

Row = tuple[str, str, str, bool]
"""What was measured, the figure, the bar, whether it was reached."""


def main() -> None:
    """Measure, print the table, and end with 1 if a bar was missed."""
    with outside() as world:
        rows = [*_ack_rows(world), *_webhook_rows(world), *_start_rows(world)]
    table = Table(title=f"Hub Bot, {_machine()}")
    for heading in ("what", "measured", "bar", ""):
        table.add_column(heading)
    for what, figure, bar, is_reached in rows:
        table.add_row(what, figure, bar, "ok" if is_reached else "missed")
    Console(width=140).print(table)
    sys.exit(0 if all(row[3] for row in rows) else 1)


def _ack_rows(world: Outside) -> Iterator[Row]:
    with _serving(world) as ours, _bare(world) as bare:
        for text in ("help", "tags acme/api"):
            found = measure_ratio(world, ours.port, bare.port, text)
            figure = f"{found.ratio:.2f} x ({found.ours * 1e3:.2f} ms against {found.bare * 1e3:.2f} ms)"
            yield f"ack of `/hub {text}`, against a bare Bolt listener", figure, "0.20 x", found.ratio <= RATIO_BAR
        bursts = measure_bursts(world, ours.port, "tags acme/api")
    ack = statistics.median(burst.slowest_ack for burst in bursts)
    yield f"slowest ack of {BURST_SIZE} commands at once", f"{ack * 1e3:.0f} ms", "150 ms", ack <= BURST_ACK_BAR
    once = sum(burst.answered_once for burst in bursts)
    everything = BURST_SIZE * BURSTS
    yield "of them answered exactly once", f"{once} of {everything}", "all", once == everything
    answer = max(burst.slowest_answer for burst in bursts)
    yield "their slowest answer, at 1 s of Docker Hub each", f"{answer:.1f} s", "10 s", answer <= BURST_ANSWER_BAR


def _webhook_rows(world: Outside) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        more = {"HUB_BOT_WEBHOOK_SECRET": SECRET, "HUB_BOT_DATABASE_URL": f"sqlite:///{folder}/bench.db"}
        with _serving(world, more) as ours, _running("tests.bench.webhooks") as bare:
            found = measure_webhooks(ours.port, bare.port)
    figure = f"{found.ratio:.2f} x ({found.ours:.0f}/s against {found.bare:.0f}/s)"
    what = f"webhooks committed before the answer, {CONNECTIONS} connections, SQLite, against not storing"
    yield what, figure, "0.25 x", found.ratio >= WEBHOOK_BAR
    p99 = found.steady_p99
    yield f"their p99 at a steady {STEADY_PER_SECOND}/s", f"{p99 * 1e3:.1f} ms", "50 ms", p99 <= WEBHOOK_P99_BAR


def _start_rows(world: Outside) -> Iterator[Row]:
    port = free_port()
    found = measure_starts(_environment(world, port), port)
    yield f"start to ready, median of {STARTS}", f"{found.seconds:.2f} s", "2 s", found.seconds <= START_BAR
    memory = found.resident_bytes
    yield "memory at rest", f"{memory / 1e6:.0f} MB", "150 MB", memory <= MEMORY_BAR


def _environment(world: Outside, port: int) -> dict[str, str]:
    return {
        **environment_for(slack_api_url=world.slack_api_url, hub_url=world.hub_url, port=port),
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": ANA_PAT,
        "HUB_BOT_LOG_LEVEL": "warning",
    }


@contextmanager
def _serving(world: Outside, more: Mapping[str, str] | None = None) -> Iterator[RunningBot]:
    port = free_port()
    bot = RunningBot(start_bot({**_environment(world, port), **(more or {})}), port)
    try:
        wait_until_it_serves(bot)
        yield bot
    finally:
        bot.stop()


def _bare(world: Outside) -> AbstractContextManager[RunningBot]:
    return _running("tests.bench.bare", world.slack_api_url)


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[RunningBot]:
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


def _machine() -> str:
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"Python {platform.python_version()}, {cores} cores, {platform.machine()}"


if __name__ == "__main__":
    click.echo("Measuring; this takes about two minutes.", err=True)
    main()
