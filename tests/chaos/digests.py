"""`make chaos`: replicas are killed around the time a digest is due, for 100 days; each date is to be decided once.

python -m tests.chaos.digests

The time is played: a number that all processes share, which goes on in steps while something is due, and jumps in
between. The days are those around both changes of the clocks in three zones, with a time that is skipped, or shown
twice, on the day of the change. A replica is forked from a process that has loaded everything, so that starting one
takes milliseconds, and ended with SIGKILL. Now and then all are dead for minutes, hours, or more than a day.

What digests tell of is the hours that go by. So it is seen that nothing was lost, and nothing told twice: the hours of
all reports of a digest have no gap and no repetition.
"""

import argparse
import multiprocessing
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkProcess

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bot.digest.deciding import LATEST
from bot.digest.knowledge import Knowledge
from bot.digest.loop import PATIENCE, DigestLoop
from bot.digest.register import Register, Taken
from bot.digest.rows import LEASE, Digest, ReportState
from bot.digest.schedule import Due
from bot.fleet.model import Scope
from bot.store.engine import open_store
from bot.store.errors import StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.tables import digest_reports, digests, messages
from tests.digest.scheduled import HOUR, Hours, hours_in, wish
from tests.store.server import CannotStartError, PostgresqlServer

SEASONS = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
"""Fifty days from each hold the changes of the clocks in all three zones."""
WISHES = (
    ("Europe/Berlin", "02:30"),
    ("Europe/Berlin", "09:00"),
    ("America/New_York", "02:30"),
    ("Australia/Lord_Howe", "02:15"),
)
REPLICAS = 2
STEP = timedelta(seconds=10)
"""How far the time goes on at once while something is due."""
STEP_SECONDS = 0.006
"""How long such a step takes: a decision takes several."""
OUTAGE = 0.12
"""How often all are dead when something is due."""
SHORTEST_OUTAGE, LONGEST_OUTAGE = timedelta(minutes=1), timedelta(hours=30)
MOST_KILLS = 4
"""Around one date."""
_POLL_SECONDS = 0.002
_FRESH_AFTER = timedelta(seconds=30)
_FORK = multiprocessing.get_context("fork")


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        days: How many went by.
        dates: How many times a digest was due.
        kills, outages: How many processes were killed; how often all were dead.
        leased: After how many kills a digest was leased, by the dead or by the living.
        states: How many dates were decided how.
        late: How many were told late.
        slowest: How long the slowest decision took, from when it was due and somebody was there.
        failures: What went wrong.
    """

    days: int = 0
    dates: int = 0
    kills: int = 0
    outages: int = 0
    leased: int = 0
    states: Counter[str] = field(default_factory=Counter)
    late: int = 0
    slowest: timedelta = timedelta(0)
    failures: list[str] = field(default_factory=list)
    took_seconds: float = 0.0


class PlayedTime:
    """A time that processes share."""

    def __init__(self, at: datetime) -> None:
        self._at = _FORK.Value("d", at.timestamp())

    def now(self) -> datetime:
        """Return it, to the second."""
        return datetime.fromtimestamp(round(self._at.value), UTC)

    def set(self, at: datetime) -> None:
        """Go on to a later time."""
        self._at.value = max(self._at.value, at.timestamp())


def new_knowledge(clock: PlayedTime) -> Knowledge:
    """Return what digests are made of; what they wait for is there half a minute after a quarter of an hour."""

    def is_fresh(_scope: Scope, _since: datetime) -> bool:
        now = clock.now()
        return now - now.replace(minute=now.minute // 15 * 15, second=0) >= _FRESH_AFTER

    return Knowledge((Hours(),), is_fresh=is_fresh)


def serve(url: str, clock: PlayedTime) -> None:
    """Be a replica, until killed."""
    loop = DigestLoop(open_store(url, now=clock.now), new_knowledge(clock))
    while True:
        try:
            loop.step()
        except StoreUnavailableError:
            time.sleep(_POLL_SECONDS)
        time.sleep(_POLL_SECONDS)


class Campaign:
    """Kills replicas around each date, and knows what should have become of it.

    Args:
        url: An empty database.
        draw: All chance.
    """

    def __init__(self, url: str, draw: random.Random) -> None:
        self.outcome = Outcome()
        self._url = url
        self._draw = draw
        self._clock = PlayedTime(SEASONS[0])
        self._store = open_store(url, now=self._clock.now)
        upgrade(self._store)
        self._replicas: list[ForkProcess] = []

    def run(self, days: int) -> Outcome:
        """Go through so many days, half of them in each season."""
        began_at = time.monotonic()
        try:
            for number, began in enumerate(SEASONS):
                self._clock.set(began)
                self._season(number, began + timedelta(days=days / len(SEASONS)))
        finally:
            self._kill_all()
            self._store.close()
        self.outcome.days = days
        self.outcome.took_seconds = time.monotonic() - began_at
        return self.outcome

    def _season(self, number: int, until: datetime) -> None:
        began = self._clock.now()
        register = Register(self._store, [Hours.key])
        beginning = Taken({Hours.key: int(began.timestamp()) // HOUR}, began, is_whole=True)
        found = [
            register.put(wish(at, zone=zone, name=f"no-{number}-{each}"), by=None, taken=beginning).digest
            for each, (zone, at) in enumerate(WISHES)
        ]
        allowed: dict[tuple[str, str], set[ReportState]] = {}
        dues = sorted(
            (due.at, digest.id, due) for digest in found for due in digest.wish.schedule.all_after(began, until=until)
        )
        by_id = {digest.id: digest for digest in found}
        position = 0
        while position < len(dues):
            # What comes within some minutes, or while all are dead, is decided together.
            first = dues[position][0]
            there_at = self._bring_about(first)
            group = [(by_id[digest_id], due) for at, digest_id, due in dues[position:] if at <= self._clock.now()]
            position += len(group)
            allowed |= expected(group, there_at, self._clock.now())
        for digest in found:
            self._check(digest, {key[1]: states for key, states in allowed.items() if key[0] == digest.id})
            register.remove(digest.wish.channel, digest.wish.name, by=None)
        self.outcome.dates += len(dues)

    def _bring_about(self, due_at: datetime) -> datetime:
        """Let the time come at which something is due, and go on until it is decided; return since when one was there.

        Nobody is there for the longest time where all are dead when it is due, and start later.
        """
        self._clock.set(due_at - 2 * STEP)
        if self._draw.random() < OUTAGE:
            self.outcome.outages += 1
            self._kill_all()
            length = SHORTEST_OUTAGE * (LONGEST_OUTAGE / SHORTEST_OUTAGE) ** self._draw.random()
            self._clock.set(due_at + length)
        there_at = max(self._clock.now(), due_at)
        self._start_all()
        kills = sorted(self._draw.randrange(12) for _ in range(self._draw.randrange(MOST_KILLS + 1)))
        steps = 0
        limit = there_at + PATIENCE + (len(kills) + 2) * (LEASE + 2 * STEP) + timedelta(minutes=5)
        while self._clock.now() < due_at or self._undecided():
            if self._clock.now() > limit:
                self.outcome.failures.append(f"not decided: due at {due_at}, somebody there since {there_at}")
                break
            self._clock.set(self._clock.now() + STEP)
            while kills and kills[0] <= steps:
                kills.pop(0)
                time.sleep(self._draw.random() * STEP_SECONDS)
                self._kill_one()
            time.sleep(STEP_SECONDS)
            steps += 1
        self.outcome.slowest = max(self.outcome.slowest, self._clock.now() - there_at)
        return there_at

    def _undecided(self) -> bool:
        with self._store.read() as connection:
            first = connection.execute(select(func.min(digests.c.due_at))).scalar()
        return isinstance(first, datetime) and first <= self._clock.now()

    def _start_all(self) -> None:
        while len(self._replicas) < REPLICAS:
            replica = _FORK.Process(target=serve, args=(self._url, self._clock), daemon=True)
            replica.start()
            self._replicas.append(replica)

    def _kill_one(self) -> None:
        replica = self._replicas.pop(self._draw.randrange(len(self._replicas)))
        self._kill(replica)
        with self._store.read() as connection:
            held = select(func.count()).where(digests.c.leased_until > self._clock.now())
            self.outcome.leased += bool(connection.execute(held).scalar())
        self._start_all()

    def _kill_all(self) -> None:
        while self._replicas:
            self._kill(self._replicas.pop())

    def _kill(self, replica: ForkProcess) -> None:
        replica.kill()
        replica.join()
        assert replica.exitcode == -signal.SIGKILL, f"a replica had ended by itself: {replica.exitcode}"
        self.outcome.kills += 1

    def _check(self, digest: Digest, allowed: dict[str, set[ReportState]]) -> None:
        """Compare what was decided of a digest with what should have been."""
        with self._store.read() as connection:
            of_it = digest_reports.c.digest_id == digest.id
            query = select(digest_reports).where(of_it).order_by(digest_reports.c.due_at)
            reports = {row.date: row for row in connection.execute(query)}
            sent = connection.execute(select(messages).where(messages.c.stream == digest.id)).all()
        failures = self.outcome.failures
        if reports.keys() != allowed.keys():
            failures.append(f"{digest.wish.name}: other dates: {sorted(reports.keys() ^ allowed.keys())}")
        for day, row in reports.items():
            if row.state not in allowed.get(day, set()):
                failures.append(f"{digest.wish.name}, {day}: {row.state}, expected {allowed.get(day)}")
        told = [row for row in reports.values() if row.state == ReportState.TOLD]
        if sorted(row.id for row in sent) != sorted(row.message_id for row in told):
            failures.append(f"{digest.wish.name}: {len(told)} told, {len(sent)} messages")
        if sorted(row.content["date"] for row in sent) != sorted(row.date for row in told):
            failures.append(f"{digest.wish.name}: messages of other dates than those told")
        hours = [hour for row in told for hour in hours_in(row.report)]
        if hours != list(range(first_hour(digest), first_hour(digest) + len(hours))):
            failures.append(f"{digest.wish.name}: the hours have a gap, or repeat")
        self.outcome.states.update(row.state for row in reports.values())
        self.outcome.late += sum(row.content["late_seconds"] is not None for row in sent)


def first_hour(digest: Digest) -> int:
    """Return the first hour that a digest has to tell of."""
    return int(digest.created_at.timestamp()) // HOUR + 1


def expected(
    group: Sequence[tuple[Digest, Due]], there_at: datetime, decided_at: datetime
) -> dict[tuple[str, str], set[ReportState]]:
    """Return what may have become of dates that were decided between two times.

    Of each digest the newest is told if it was not too late: surely if it was not even at the end, and surely not if it
    was at the beginning. One that was due before another of the same digest while nobody was there is missed.
    """
    found: dict[tuple[str, str], set[ReportState]] = {}
    for digest, due in group:
        later = [other.at for same, other in group if same.id == digest.id and other.at > due.at]
        if any(at <= there_at for at in later) or there_at - due.at >= LATEST:
            states = {ReportState.MISSED}
        elif decided_at - due.at < LATEST and not later:
            states = {ReportState.TOLD}
        else:
            states = {ReportState.TOLD, ReportState.MISSED}
        found[digest.id, due.date.isoformat()] = states
    return found


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    server = PostgresqlServer()
    try:
        yield server.new_database()
    finally:
        server.remove()


def main(arguments: Sequence[str] | None = None) -> None:
    """Go through the days, print what came of it, and end with 1 if anything was lost, or told twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.digests", description=main.__doc__)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="repeats the draws, not the moments")
    parser.add_argument("--database", default=None, help="an empty one on PostgreSQL; else a server is started")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    try:
        with _database(options.database) as url:
            outcome = Campaign(url, random.Random(seed)).run(options.days)  # noqa: S311 - To be repeated.
    except CannotStartError as error:
        Console(stderr=True).print(f"Not run: {error}", markup=False)
        return
    for failure in outcome.failures:
        Console(stderr=True).print(f"seed {seed}: {failure}", markup=False)
    Console(width=150).print(_table(outcome, seed))
    sys.exit(1 if outcome.failures else 0)


def _table(outcome: Outcome, seed: int) -> Table:
    table = Table(title=f"Digests of two replicas on PostgreSQL, killed when they are due, seed {seed}")
    cells = {
        "days": outcome.days,
        "dates": outcome.dates,
        "kills": outcome.kills,
        "leased then": outcome.leased,
        "all dead": outcome.outages,
        "told": outcome.states[ReportState.TOLD],
        "of them late": outcome.late,
        "missed": outcome.states[ReportState.MISSED],
        "failures": len(outcome.failures),
        "slowest": f"{outcome.slowest.total_seconds():.0f} s",
        "took": f"{outcome.took_seconds:.0f} s",
    }
    for heading in cells:
        table.add_column(heading)
    table.add_row(*map(str, cells.values()))
    return table


if __name__ == "__main__":
    main()
