"""`make bench`: every figure of one run in one table. Ratios hold on other machines; seconds are this machine's."""

import statistics
import sys
from collections.abc import Iterator

import click

from bot.sandbox.httpd import free_port
from tests.bench import acting, sweeping
from tests.bench.acks import BURST_SIZE, BURSTS, measure_bursts, measure_ratio
from tests.bench.outside import NAMESPACE, Outside, Plan, outside
from tests.bench.sending import CONNECTIONS
from tests.bench.serving import bare_listener, environment, program, serving, with_webhooks
from tests.bench.starts import STARTS, measure_starts
from tests.bench.table import Row, show
from tests.bench.webhooks import CHANNEL, REPOSITORIES, STEADY_PER_SECOND, TAGS, measure_webhooks

RATIO_BAR, BURST_ACK_BAR, BURST_ANSWER_BAR, START_BAR, MEMORY_BAR = 0.2, 0.150, 10.0, 2.0, 150e6
WEBHOOK_BAR, WEBHOOK_P99_BAR = 0.25, 0.050


def main() -> None:
    """Measure, print the table, and end with 1 if a bar was missed."""
    with outside(Plan(repositories=REPOSITORIES, tags=TAGS)) as world:
        rows = [*_ack_rows(world), *_webhook_rows(world), *_start_rows(world), *acting.rows()]
    rows += sweeping.rows()
    sys.exit(0 if show("Hub Bot", rows) else 1)


def _ack_rows(world: Outside) -> Iterator[Row]:
    with serving(world) as ours, bare_listener(world) as bare:
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
    with (
        with_webhooks(world, {f"{NAMESPACE}/*": CHANNEL}) as (ours, books),
        program("tests.bench.webhooks") as bare,
    ):
        found = measure_webhooks(world, ours, books, bare)
    figure = f"{found.ratio:.2f} x ({found.ours:.0f}/s against {found.bare:.0f}/s)"
    what = f"webhooks committed before the answer, {CONNECTIONS} connections, SQLite, one matching subscription"
    yield f"{what}, against not storing", figure, "0.25 x", found.ratio >= WEBHOOK_BAR
    p99 = found.steady_p99
    what = f"their p99 at a steady {STEADY_PER_SECOND}/s, while {found.posts} messages are sent"
    yield what, f"{p99 * 1e3:.1f} ms", "50 ms", p99 <= WEBHOOK_P99_BAR and found.posts > 0


def _start_rows(world: Outside) -> Iterator[Row]:
    port = free_port()
    found = measure_starts(environment(world, port), port)
    yield f"start to ready, median of {STARTS}", f"{found.seconds:.2f} s", "2 s", found.seconds <= START_BAR
    memory = found.resident_bytes
    yield "memory at rest", f"{memory / 1e6:.0f} MB", "150 MB", memory <= MEMORY_BAR


if __name__ == "__main__":
    click.echo("Measuring; this takes about four minutes.", err=True)
    main()
