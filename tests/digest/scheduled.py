"""Digests on a played clock, about something of which every change is known: the hours that go by."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import JsonValue
from sqlalchemy import Connection, select

from bot.clock import FrozenClock
from bot.digest.knowledge import Knowledge
from bot.digest.loop import DigestLoop
from bot.digest.part import Found, News, Weight
from bot.digest.register import Put, Register, Taken
from bot.digest.rows import Wanted, Wish
from bot.digest.schedule import Days, Schedule, read_time
from bot.fleet.model import Scope
from bot.store.base import Store
from bot.store.tables import digest_reports, messages

CHANNEL = "C0MORNING"
HOUR = 3_600
SCOPE = Scope(("acme",))
T = TypeVar("T")


class Hours:
    """A part that tells of every hour that went by: told once and only once, the hours of all digests have no gap."""

    key = "hours"
    title = "Hours"

    def find(self, _connection: Connection, _scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Tell of the hours since the baseline."""
        current = int(now.timestamp()) // HOUR
        before = baseline if isinstance(baseline, int) else current
        news = tuple(News((f"hour {each}",), Weight.NOTABLE) for each in range(before + 1, current + 1))
        return Found(news, current)


class KilledError(BaseException):
    """The process was killed; nothing of it may catch that."""


class WatchedStore(Store):
    """A store in whose use something happens at chosen points: before each use, and after it, before its caller knows.

    Args:
        store: What it stands for.
        happens: Called at each point with its number.
    """

    def __init__(self, store: Store, happens: Callable[[int], None]) -> None:
        super().__init__(store.label, None)
        self._store = store
        self._happens = happens
        self.points = 0

    def read(self) -> AbstractContextManager[Connection]:
        self._point()
        return self._store.read()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        self._point()
        found = self._store.write(work, is_urgent=is_urgent)
        self._point()
        return found

    def now(self, connection: Connection) -> datetime:
        return self._store.now(connection)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        return self._store.reshape(work)

    def check(self) -> None:
        self._store.check()

    def close(self) -> None:
        self._store.close()

    def _database_time(self, connection: Connection) -> datetime:
        return self._store.now(connection)

    def _point(self) -> None:
        self.points += 1
        self._happens(self.points)


@dataclass
class Mornings:
    """Digests, and whoever sees to them.

    Attributes:
        store: The database.
        clock: The time.
        knowledge: What digests are made of.
        asked: What was asked to be looked at soon, with when.
        is_fresh: Whether all was looked at.
    """

    store: Store
    clock: FrozenClock
    asked: list[tuple[Scope, datetime]] = field(default_factory=list)
    is_fresh: bool = True

    def __post_init__(self) -> None:
        self.knowledge = Knowledge((Hours(),), is_fresh=lambda _scope, _since: self.is_fresh, ask=self._ask)
        self.register = Register(self.store, self.knowledge.keys)
        self.loop = self.new_loop()

    def _ask(self, scope: Scope) -> None:
        self.asked.append((scope, self.clock.now()))

    def new_loop(self, store: Store | None = None) -> DigestLoop:
        """Return what a process that has just started remembers: nothing."""
        return DigestLoop(store or self.store, self.knowledge)

    def at(self, text: str) -> None:
        """Move the clock forward to a time, in UTC: `2026-11-21 09:00`."""
        seconds = (datetime.fromisoformat(text).replace(tzinfo=UTC) - self.clock.now()).total_seconds()
        assert seconds >= 0
        self.clock.advance(seconds)

    def step_at(self, text: str) -> None:
        """Move the clock, and do what is due then."""
        self.at(text)
        self.loop.step()

    def set(self, at: str = "09:00", *, name: str = "morning", **options: Any) -> Put:
        """Set a digest, as of now."""
        taken = Taken({"hours": int(self.clock.now().timestamp()) // HOUR}, self.clock.now(), is_whole=True)
        return self.register.put(wish(at, name=name, **options), by="U0OPERATOR", taken=taken)

    def decided(self, digest_id: str | None = None) -> dict[str, str]:
        """Return what was decided, by local date; of the only digest, or of one."""
        with self.store.read() as connection:
            found = connection.execute(select(digest_reports).order_by(digest_reports.c.date)).all()
        chosen = [row for row in found if digest_id in {None, row.digest_id}]
        assert len({row.digest_id for row in chosen}) <= 1
        return {row.date: row.state for row in chosen}

    def told(self) -> list[dict[str, Any]]:
        """Return what the messages in the outbox are written from, oldest first."""
        with self.store.read() as connection:
            found = connection.execute(select(messages).order_by(messages.c.created_at, messages.c.id)).all()
        assert {row.kind for row in found} <= {"digest"}
        return [row.content for row in found]

    def said(self) -> list[tuple[str, float | None]]:
        """Return of which date each message is, and how late it says it comes in seconds."""
        return [(each["date"], each["late_seconds"]) for each in self.told()]

    def due(self, name: str = "morning") -> str:
        """Return when a digest is due next, in UTC."""
        digest = self.register.find(CHANNEL, name)
        assert digest is not None
        return f"{digest.due.at:%Y-%m-%d %H:%M}"

    def hours_told(self, digest_id: str | None = None) -> list[int]:
        """Return the hours that the reports tell of, in the order of their dates; of all digests, or of one."""
        with self.store.read() as connection:
            query = select(digest_reports.c.digest_id, digest_reports.c.report).order_by(digest_reports.c.date)
            rows = connection.execute(query).all()
        reports = [row.report for row in rows if row.report and digest_id in {None, row.digest_id}]
        return [hour for report in reports for hour in hours_in(report)]


def hours_in(report: Mapping[str, Any]) -> Iterator[int]:
    """Yield the hours that a report, as it is kept, tells of."""
    for section in report["sections"]:
        for news in section["news"]:
            yield int(str(news["line"][0]).removeprefix("hour "))


def wish(
    at: str = "09:00",
    *,
    days: str = "mon-sun",
    zone: str = "UTC",
    name: str = "morning",
    channel: str = CHANNEL,
    scope: Scope = SCOPE,
    only: frozenset[str] = frozenset(),
) -> Wish:
    """Return a wish for a digest."""
    return Wish(channel, name, Schedule(read_time(at), Days.parse(days), zone), Wanted(scope, only))
