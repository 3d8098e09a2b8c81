"""`python -m tests.bench.sweeping`: what it costs to look through an organization, in requests, time and memory.

Against what people wrote by hand before: a script with one keep-alive session that asks for one page after the other.
Docker Hub takes 50 ms for everything. The bot's part runs in a process of its own for each measurement, with a SQLite
file that is new; the script's part is done in pieces between them, so that both meet the same weather.
"""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import requests
from pydantic import SecretStr

from bot.clock import SystemClock
from bot.fleet.service import Fleet
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import ANONYMOUS_RATE_LIMIT
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from tests.bench.outside import NAMESPACE, Outside, Plan, outside
from tests.bench.process import holdings
from tests.bench.table import Row, show

REPOSITORIES, TAGS = 1_000, 20
HUB_SECONDS = 0.05
ROUNDS = 3
LARGE = (1_000, 4_000, 10_000)
TIME_BAR, COLD_BAR, UNCHANGED_BAR = 0.1, 1.05, 12
GROWTH_BAR = 2e6
"""Bytes for each thousand repositories."""
SLOPE_BAR = 1.3
"""How much more each thousand of the largest organization may take than each of the smallest one."""
_PAGE = 100
_OUR_PART_OF_HUB = 0.95


@dataclass(frozen=True)
class Swept:
    """What two sweeps took, the first one cold, the second one with nothing changed.

    Attributes:
        repositories: How many there were.
        seconds, cpu_seconds: The first one, and the processor time that the process used for it.
        requests: How many requests it took by its own account.
        unchanged_seconds, unchanged_requests: The second one.
        growth_bytes: By how much the process grew, at most.
        is_complete: Whether everything was read, and nothing twice.
    """

    repositories: int
    seconds: float
    cpu_seconds: float
    requests: int
    unchanged_seconds: float
    unchanged_requests: int
    growth_bytes: int
    is_complete: bool


def sweep(hub_url: str, database: str) -> Swept:
    """Sweep twice, and measure."""
    store, clock = open_store(database), SystemClock()
    credentials = Credentials.from_values(username="ana", token=SecretStr(ANA_PAT))
    with closing(store), HubClient(HubUrls(hub_url, hub_url, hub_url), credentials, clock) as hub:
        upgrade(store)
        fleet, background = Fleet(store, hub, clock), hub.background()
        fleet.listing("library")  # What is imported and connected only once is no matter of size.
        gc.freeze()  # As the bot does after its start.
        resident = holdings(os.getpid()).resident_bytes
        began, used = time.perf_counter(), time.process_time()
        cold = fleet.sweep(NAMESPACE, hub=background)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
        began = time.perf_counter()
        unchanged = fleet.sweep(NAMESPACE, hub=background)
        return Swept(
            repositories=cold.repositories,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            requests=cold.requests,
            unchanged_seconds=time.perf_counter() - began,
            unchanged_requests=unchanged.requests,
            growth_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - resident,
            is_complete=cold.read == cold.repositories and not (cold.is_partial or unchanged.read or cold.unchecked),
        )


def measure(world: Outside) -> Swept:
    """Have a process of its own sweep."""
    with TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'bench.db'}"
        command = [sys.executable, "-m", "tests.bench.sweeping", "--hub", world.hub_url, "--database", database]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Swept(**json.loads(told))


class Script:
    """What people wrote by hand: every tag of every repository, one page after the other."""

    def __init__(self, world: Outside) -> None:
        self._url = f"{world.hub_url}/v2/namespaces/{NAMESPACE}/repositories"
        self._session = requests.Session()
        self.seconds = 0.0
        self.requests = 0

    def names(self) -> list[str]:
        """Return the repositories."""
        return [str(each["name"]) for each in self._pages(self._url)]

    def read(self, names: list[str]) -> int:
        """Read the tags of repositories; return how many there are."""
        return sum(len(self._pages(f"{self._url}/{name}/tags")) for name in names)

    def _pages(self, url: str) -> list[dict[str, object]]:
        began = time.perf_counter()
        found: list[dict[str, object]] = []
        following: str | None = f"{url}?page_size={_PAGE}"
        while following:
            page = self._session.get(following, timeout=30).json()
            found += page["results"]
            following = page["next"]
            self.requests += 1
        self.seconds += time.perf_counter() - began
        return found


def rows() -> Iterator[Row]:
    """Measure against the script, and return the rows for the table."""
    plan = Plan(repositories=REPOSITORIES, tags=TAGS)
    with outside(plan) as world:
        world.push_everything()
        world.slow_hub(HUB_SECONDS)
        script, found, tags, asked = Script(world), [], 0, 0
        names = script.names()
        for number in range(ROUNDS):
            before = world.hub_traffic().requests.total()
            found.append(measure(world))
            asked = world.hub_traffic().requests.total() - before
            tags += script.read(names[number::ROUNDS])
    seconds = statistics.median(each.seconds for each in found)
    ratio = seconds / script.seconds
    is_complete = all(each.is_complete for each in found) and tags >= REPOSITORIES * TAGS
    what = f"cold sweep of {REPOSITORIES:,} repositories x {TAGS} tags, Hub at {HUB_SECONDS * 1e3:.0f} ms"
    figure = f"{ratio:.3f} x ({seconds:.1f} s against {script.seconds:.1f} s)"
    yield f"{what}, against a script, one request at a time", figure, f"{TIME_BAR} x", is_complete and ratio <= TIME_BAR
    each = found[-1].requests / found[-1].repositories
    cpu = statistics.median(each.cpu_seconds for each in found)
    figure = f"{each:.3f} ({found[-1].requests} requests, {cpu:.1f} s of processor time)"
    yield "  requests for each repository", figure, f"{COLD_BAR}", each <= COLD_BAR
    unchanged = max(each.unchanged_requests for each in found)
    figure = f"{unchanged} ({statistics.median(each.unchanged_seconds for each in found):.2f} s)"
    yield "  requests when nothing has changed", figure, f"{UNCHANGED_BAR}", unchanged <= UNCHANGED_BAR
    told = found[-1].requests + found[-1].unchanged_requests
    # What warms up lists something else, and there is a login.
    yield "  requests as Docker Hub counts them", f"{asked}", f"{told} + 3", asked <= told + 3


def limited_rows() -> Iterator[Row]:
    """Sweep under Docker Hub's limit for everybody, in real time."""
    limit = ANONYMOUS_RATE_LIMIT
    plan = Plan(repositories=REPOSITORIES, tags=TAGS, hub_per_minute=limit)
    with outside(plan) as world:
        world.push_everything()
        world.slow_hub(HUB_SECONDS)
        found, refused = measure(world), world.hub_traffic().refused
    demanded = found.requests // int(limit * _OUR_PART_OF_HUB) * 60
    figure = f"{found.seconds:.0f} s, {found.requests} requests"
    bar = f"{demanded + 70} s ({demanded} s are demanded)"
    what = f"the same with Docker Hub at {limit} requests a minute, a twentieth of it left to people"
    yield what, figure, bar, found.is_complete and found.seconds <= demanded + 70
    yield "  refused by Docker Hub as too early", f"{refused}", "0", refused == 0


def large_rows() -> Iterator[Row]:
    """Sweep larger and larger organizations."""
    found = []
    for count in LARGE:
        with outside(Plan(repositories=count, tags=TAGS)) as world:
            world.push_everything()
            world.slow_hub(HUB_SECONDS)
            swept = measure(world)
        found.append(swept)
        each = swept.seconds / swept.repositories * 1e3
        figure = f"{swept.seconds:.1f} s ({each:.2f} s for each 1,000), unchanged {swept.unchanged_seconds:.1f} s"
        memory = f"{swept.growth_bytes / 1e6:.1f} MB"
        what = f"cold sweep of {count:,} repositories x {TAGS} tags"
        yield what, f"{figure}, {memory} more memory", "", swept.is_complete
    first, last = found[0], found[-1]
    slope = (last.cpu_seconds / last.repositories) / (first.cpu_seconds / first.repositories)
    figure = f"{slope:.2f} x ({last.cpu_seconds:.1f} s against {first.cpu_seconds:.1f} s)"
    what = f"  processor time for each of {LARGE[-1]:,} against each of {LARGE[0]:,}"
    yield what, figure, f"{SLOPE_BAR} x", slope <= SLOPE_BAR
    growth = (last.growth_bytes - first.growth_bytes) / (last.repositories - first.repositories) * 1_000
    figure = f"{growth / 1e6:.2f} MB"
    yield "  memory for each further 1,000 repositories", figure, f"{GROWTH_BAR / 1e6:.0f} MB", growth <= GROWTH_BAR


@click.command()
@click.option("--only", type=click.Choice(["script", "limited", "large"]), help="One of the three instead of all.")
@click.option("--hub", help="Sweep this Docker Hub, and tell of it as JSON.", hidden=True)
@click.option("--database", help="Into this database.", hidden=True)
def main(only: str | None, hub: str | None, database: str | None) -> None:
    """Measure, print the table, and end with 1 if a bar was missed."""
    if hub and database:
        click.echo(json.dumps(asdict(sweep(hub, database))))
        return
    kinds = {"script": rows, "large": large_rows, "limited": limited_rows}
    found = [row for name, measured in kinds.items() if only in {None, name} for row in measured()]
    sys.exit(0 if show("Hub Bot, sweeps", found) else 1)


if __name__ == "__main__":
    main()
