"""`make chaos`: the bot is killed again and again while it delivers; in the end nothing may be missing.

python -m tests.chaos.kills --kills 50
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.accounting import Account, all_is_told, states, take_account
from tests.chaos.sender import Sender
from tests.chaos.world import LEASE_SECONDS, World, world
from tests.store.server import CannotStartError, PostgresqlServer

SLACK_LATENCY_SECONDS = 0.4
"""So that there is nearly always a message on its way."""
SHORTEST_LIFE_SECONDS, LONGEST_LIFE_SECONDS = 1.0, 5.0
"""Of a process, from when it serves."""
FOLD_SECONDS = 8.0
"""The quiet time of a fold, and what it waits for its reading."""
RECOVERY_SECONDS = 90.0
"""Within which all is delivered once all is well again, beside the pace of a message a second in each channel."""
LONGEST_RECOVERY_SECONDS = 240.0


@dataclass
class Outcome:
    """What came of a campaign.

    Attributes:
        kills: How many.
        in_flight: How many requests to Slack were on their way at the kills, all taken together.
        recovery_seconds: How long it took, after the last kill and the last push, until all was told.
        account: What Slack has.
    """

    seed: int
    kills: int = 0
    in_flight: int = 0
    recovery_seconds: float = 0.0
    took_seconds: float = 0.0
    account: Account = field(default_factory=Account)

    def failures(self, database_url: str) -> dict[str, object]:
        """Return where the guarantee was not kept, by what is wrong; empty: it was."""
        account = self.account
        of_members, of_messages = states(database_url)
        found = {
            "lost": account.lost,
            "told by two messages": account.doubled,
            "out of order": account.disordered,
            "never confirmed": account.confirming,
            "duplicates of which no sender died": account.unexplained,
            "members that are in no message": of_members - Counter(placed=of_members["placed"]),
            "messages that are not sent": of_messages - Counter(sent=of_messages["sent"]),
        }
        return {name: value for name, value in found.items() if value}


def interests(channels: int, repositories: int, each: int) -> dict[str, list[str]]:
    """Return which channels hear of which repositories: every repository is heard of in several channels."""
    names = [f"acme/chaos{number:02d}" for number in range(repositories)]
    return {
        f"C0CHAOS{number:02d}": [names[(number * each // 2 + other) % repositories] for other in range(each)]
        for number in range(channels)
    }


def campaign(
    folder: Path,
    database_url: str,
    *,
    kills: int,
    seed: int,
    replicas: int = 1,
    channels: Mapping[str, Sequence[str]] | None = None,
    longest_pause_seconds: float = 9.0,
    lives: tuple[float, float] = (SHORTEST_LIFE_SECONDS, LONGEST_LIFE_SECONDS),
) -> Outcome:
    """Kill the bot so many times while pushes come in, let it recover, and take account.

    A single process has a played clock: after each kill the time is moved by the length of a lease, because nobody is
    there to go on meanwhile. Of two replicas one goes on, by the database's own time; what the dead one held waits.

    Args:
        folder: For logs.
        database_url: An empty database.
        kills: How many.
        seed: Of all chance.
        replicas: How many processes share the database.
        channels: Who hears of what.
        longest_pause_seconds: Between two pushes of a repository.
        lives: How long a process lives, at least and at most, from when it serves.
    """
    draw, began_at = random.Random(seed), time.monotonic()  # noqa: S311 - Chance that can be repeated.
    outcome = Outcome(seed)
    with world(
        folder,
        database_url,
        channels=channels or interests(12, 24, 8),
        replicas=replicas,
        is_played=replicas == 1,
        slack_latency_seconds=SLACK_LATENCY_SECONDS,
    ) as around:
        # A burst of channels is more than Slack lets one app say in a minute, and that is another test.
        around.slack.quota.is_enabled = False
        for port in around.ports:
            around.start_bot(port).wait_until_ready()
        sender = Sender(around, around.repositories, seed, longest_pause_seconds=longest_pause_seconds)
        sender.start()
        time.sleep(1.5)
        if around.is_played:
            around.skip(FOLD_SECONDS)  # Else the first processes are killed before there is anything to deliver.
        for _ in range(kills):
            time.sleep(draw.uniform(*lives))
            outcome.in_flight += _kill_one(around, draw)
            outcome.kills += 1
        for each in around.alive:
            each.wait_until_ready()
        accepted = sender.stop()
        outcome.recovery_seconds = recover(around, lambda: all_is_told(around, accepted))
        for each in around.alive:
            assert each.stop() == 0, each.log.read_text()[-2_000:]
        outcome.account = take_account(around, accepted)
    outcome.took_seconds = time.monotonic() - began_at
    return outcome


def _kill_one(around: World, draw: random.Random) -> int:
    """Kill one process and start another in its place; return how many requests to Slack it had under way."""
    process = draw.choice(around.alive)
    in_flight = process.door.under_way
    process.kill()
    if around.is_played:
        around.clock.advance(seconds=LEASE_SECONDS)  # Whoever starts finds it so.
    again = around.start_bot(process.port)
    if draw.random() < 0.8:
        again.wait_until_ready()
    else:  # The next kill may come while it starts.
        time.sleep(draw.uniform(0, 1))
    return in_flight


def recover(around: World, is_so: Callable[[], bool]) -> float:
    """Wait until all is well, and return how long that took by the clock, which is moved on where it is played."""
    began_at = around.clock()
    while not is_so():
        passed = (around.clock() - began_at).total_seconds()
        if passed > LONGEST_RECOVERY_SECONDS:
            break  # What is missing will be seen in the account.
        if around.is_played:
            around.skip(1.0)
        time.sleep(0.2)
    return (around.clock() - began_at).total_seconds()


@contextmanager
def _databases() -> Iterator[tuple[Path, PostgresqlServer | None]]:
    with tempfile.TemporaryDirectory(prefix="hub-bot-chaos-") as folder:
        try:
            server: PostgresqlServer | None = PostgresqlServer()
        except CannotStartError:
            server = None
        try:
            yield Path(folder), server
        finally:
            if server:
                server.remove()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the campaigns, print what came of them, and end with 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.kills", description=main.__doc__)
    parser.add_argument("--kills", type=int, default=51, help="in all, over both stores and two replicas")
    parser.add_argument("--seed", type=int, default=None, help="repeats the moments of a run, as far as they can be")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    third = -(-options.kills // 3)
    outcomes: dict[str, Outcome] = {}
    is_good = True
    with _databases() as (folder, server):
        plan: list[tuple[str, str, int]] = [("SQLite", f"sqlite:///{folder}/chaos.db", 1)]
        if server:
            plan += [("PostgreSQL", server.new_database(), 1), ("PostgreSQL, two replicas", server.new_database(), 2)]
        for number, (name, url, replicas) in enumerate(plan):
            place = folder / str(number)
            place.mkdir()
            outcomes[name] = campaign(place, url, kills=third, seed=seed + number, replicas=replicas)
            # Where the kills met nothing on its way to Slack, nothing was put to the test.
            failures = outcomes[name].failures(url) or ({} if outcomes[name].in_flight else {"met on their way": 0})
            if failures:
                is_good = False
                Console(stderr=True).print(f"{name}, seed {seed + number}: {failures}", markup=False)
    Console(width=150).print(_table(outcomes, seed))
    sys.exit(0 if is_good else 1)


def _table(outcomes: Mapping[str, Outcome], seed: int) -> Table:
    table = Table(title=f"kill -9 during delivery, seed {seed}")
    headings = ("store", "kills", "on their way then", "pushes", "owed", "lost", "told by two", "out of order")
    for heading in (*headings, "messages", "duplicates", "unexplained", "recovered in", "took"):
        table.add_column(heading)
    for name, outcome in outcomes.items():
        account = outcome.account
        numbers = (
            outcome.kills,
            outcome.in_flight,
            account.pushes,
            account.owed,
            len(account.lost),
            len(account.doubled),
            len(account.disordered),
            account.messages,
            sum(account.duplicates.values()),
            len(account.unexplained),
        )
        times = (f"{outcome.recovery_seconds:.0f} s", f"{outcome.took_seconds:.0f} s")
        table.add_row(name, *map(str, numbers), *times)
    return table


if __name__ == "__main__":
    main()
