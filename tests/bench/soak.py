"""`python -m tests.bench.soak --minutes 20`: a steady load, bad weather now and then, and what the bot comes to hold.

The world's clock jumps ahead by days again and again, so that what is old is forgotten: with the usual fifty days a
minute a month is over in less than one, and the history of tags is as long as it gets after eight. It only jumps while
nothing is failing: a message that had failed for a day would be given up, and rightly so.
"""

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from bot.sandbox.httpd import free_port
from bot.sandbox.hub.faults import Fault
from bot.sandbox.sandbox import WEBHOOK_SECRET, Sandbox
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Typed
from bot.sandbox.slack.faults import SlackFault
from bot.slack.manifest import manifest
from tests.bench.books import TABLES, Books
from tests.bench.outside import NAMESPACE
from tests.bench.process import holdings
from tests.bench.serving import pushes_settings, running
from tests.bench.table import Row, show
from tests.bench.telling import look, tag_name
from tests.support.running import RunningBot, environment_for
from tests.support.slack import is_answered

CHANNELS, REPOSITORIES = 8, 40
PUSHES_PER_SECOND = 3.0
COMMAND_EVERY_SECONDS = 5.0
SAMPLE_EVERY_SECONDS = 10.0
DAYS_PER_MINUTE = 50.0
WEATHER_SECONDS = (3.0, 10.0)
CALM_SECONDS = (8.0, 20.0)
JUMP_EVERY_SECONDS = 6.0
LONGEST_JUMP_DAYS = 10.0
"""What is told now must not be a month old, and forgotten, in a moment: its words may still have to change."""
RECORDS_KEPT = 5_000_000
_TICK_SECONDS = 0.05
_DRAIN_SECONDS = 180.0
_ANSWER_SECONDS = 10.0
_PLATFORMS = (("linux/amd64",), ("linux/amd64", "linux/arm64"))
_COMMANDS = ("help", "tags acme/soak-00", "subscriptions", "deliveries", "tags acme/soak-01 --limit 5", "whoops")

GROWTH_BARS: Mapping[str, float] = {"resident_mb": 10.0, "threads": 2.0, "handles": 5.0, "file_mb": 10.0}
"""By how much each may grow over the second half, as a straight line through it says."""
ROWS_BAR = 0.25
"""The same for the rows of a table, as a part of their mean; and some tens in any case."""
FEW_ROWS = 50


@dataclass(frozen=True)
class Weather:
    """Something that goes wrong for a while."""

    name: str
    slack: Sequence[SlackFault] = ()
    hub: Sequence[Fault] = ()
    hub_lag_seconds: float = 0.0


WEATHERS = (
    Weather("Slack asks to wait", slack=[SlackFault("rate_limited", method="chat.postMessage", retry_after_seconds=3)]),
    Weather("Slack is away", slack=[SlackFault("unavailable")]),
    Weather("Slack resets", slack=[SlackFault("reset", path="/api/chat")]),
    Weather(
        "Slack's answers are lost", slack=[SlackFault("reset", path="/api/chat", after="after_accepting", times=3)]
    ),
    Weather("Slack is slow", slack=[SlackFault("slow", seconds=2)]),
    Weather("Docker Hub is away", hub=[Fault("unavailable")]),
    Weather("Docker Hub asks to wait", hub=[Fault("rate_limited", retry_after_seconds=5)]),
    Weather("Docker Hub lags", hub_lag_seconds=6),
    Weather("all is slow", slack=[SlackFault("slow", seconds=1)], hub=[Fault("slow", seconds=1)]),
)


@dataclass(frozen=True)
class Sample:
    """What there was at a moment, by name; the time in minutes."""

    minute: float
    values: Mapping[str, float]


@dataclass
class Account:
    """What was done to the bot.

    Attributes:
        told_of: By channel, the tags that it was told of.
        weathers: How often each came.
        days: How far the clock went.
        commands, answered: How many were typed, and answered in time.
        samples: What was seen.
    """

    told_of: dict[str, set[str]] = field(default_factory=dict)
    weathers: Counter[str] = field(default_factory=Counter)
    days: float = 0.0
    commands: int = 0
    answered: int = 0
    samples: list[Sample] = field(default_factory=list)


class Soak:
    """Loads the bot.

    Args:
        sandbox: The world.
        bot: What is loaded.
        books: A look into its file.
        days_per_minute: How fast the world's clock goes.
        chance: Where chance comes from.
    """

    def __init__(
        self, sandbox: Sandbox, bot: RunningBot, books: Books, *, days_per_minute: float, chance: random.Random
    ) -> None:
        self._sandbox = sandbox
        self._bot = bot
        self._books = books
        self._days_per_jump = days_per_minute * JUMP_EVERY_SECONDS / 60
        self._chance = chance
        self._is_calm = True
        self._pushed = 0
        self._days_due = 0.0
        self._waiting: list[tuple[float, Typed]] = []
        self._began = time.monotonic()
        self.account = Account()

    def run(self, minutes: float) -> None:
        """Load it for so long, and let it come to rest."""
        self._began = time.monotonic()
        routines = [
            self._paced(lambda: 1 / PUSHES_PER_SECOND, self._push),
            self._paced(lambda: COMMAND_EVERY_SECONDS, self._type),
            self._paced(lambda: JUMP_EVERY_SECONDS, self._jump),
            self._paced(lambda: SAMPLE_EVERY_SECONDS, self._sample),
            self._paced(self._weather_seconds, self._change_weather),
        ]
        while (now := time.monotonic()) < self._began + minutes * 60:
            for routine in routines:
                routine(now)
            self._collect_answers(now)
            time.sleep(_TICK_SECONDS)
        self._clear_weather()
        self._drain()

    def _paced(self, seconds: Callable[[], float], work: Callable[[], None]) -> Callable[[float], None]:
        """Return what does the work as often as that, when called often enough."""
        due = self._began + seconds()

        def do_if_due(now: float) -> None:
            nonlocal due
            if now >= due:
                work()
                due = max(due + seconds(), now)

        return do_if_due

    def _push(self) -> None:
        number = self._chance.randrange(REPOSITORIES)
        repository = repository_name(number)
        # Mostly a version of its own and `latest`, which moves; now and then many at once.
        for _ in range(self._chance.choice((1, 1, 1, 1, 1, 1, 1, 30))):
            tag = tag_name(self._pushed)
            self._pushed += 1
            self.account.told_of.setdefault(channel_of(number), set()).add(tag)
            self._sandbox.hub.push(repository, tag, platforms=self._chance.choice(_PLATFORMS))
        self._sandbox.hub.push(repository, "latest", platforms=_PLATFORMS[1])

    def _type(self) -> None:
        ana = self._sandbox.slack.acting_as(seed.ANA)
        typed = ana.types(seed.GENERAL, f"/hub {self._chance.choice(_COMMANDS)}")
        if self._is_calm and typed.payload is not None:
            self.account.commands += 1
            self._waiting.append((time.monotonic() + _ANSWER_SECONDS, typed))

    def _collect_answers(self, now: float) -> None:
        still = []
        for until, typed in self._waiting:
            if typed.answer or is_answered(self._sandbox.slack, typed):
                self.account.answered += 1
            elif now < until:
                still.append((until, typed))
        self._waiting = still

    def _jump(self) -> None:
        self._days_due += self._days_per_jump
        if not self._is_calm or self._waiting or self._books.waiting().failing:
            return
        clock = self._sandbox.clock
        followers = clock.followers
        days = min(self._days_due, LONGEST_JUMP_DAYS)
        clock.advance(days=days)
        clock.wait_for_followers(followers, 2)
        self.account.days += days
        self._days_due -= days

    def _weather_seconds(self) -> float:
        return self._chance.uniform(*(CALM_SECONDS if self._is_calm else WEATHER_SECONDS))

    def _change_weather(self) -> None:
        if not self._is_calm:
            self._clear_weather()
            return
        if self._waiting:  # Commands are to be answered in calm weather.
            return
        self._is_calm = False
        weather = self._chance.choice(WEATHERS)
        self.account.weathers[weather.name] += 1
        self._sandbox.hub.lag_seconds = weather.hub_lag_seconds
        for of_slack in weather.slack:
            self._sandbox.slack.faults.add(of_slack)
        for of_hub in weather.hub:
            self._sandbox.hub.faults.add(of_hub)

    def _clear_weather(self) -> None:
        self._sandbox.slack.faults.clear()
        self._sandbox.hub.faults.clear()
        self._sandbox.hub.lag_seconds = 0.0
        self._is_calm = True

    def _sample(self) -> None:
        held = holdings(self._bot.process.pid)
        values = {
            "resident_mb": held.resident_bytes / 1e6,
            "threads": held.threads,
            "handles": held.handles,
            "file_mb": self._books.size_bytes / 1e6,
            **self._books.rows(),
        }
        sample = Sample((time.monotonic() - self._began) / 60, values)
        self.account.samples.append(sample)
        told = " ".join(f"{name}={value:.0f}" for name, value in values.items())
        click.echo(f"{sample.minute:5.1f} min, {self.account.days:5.0f} days: {told}", err=True)

    def _drain(self) -> None:
        deadline = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < deadline:
            self._collect_answers(time.monotonic())
            is_sent = not self._sandbox.hub.webhooks.waiting
            if is_sent and self._books.waiting().is_all_done and not self._waiting:
                return
            time.sleep(_TICK_SECONDS * 10)


def repository_name(number: int) -> str:
    """Return a repository's name, with its namespace."""
    return f"{NAMESPACE}/soak-{number:02d}"


def channel_of(number: int) -> str:
    """Return the id of the channel that hears of a repository."""
    return f"C0SOAK{number % CHANNELS:02d}"


def rows_of(account: Account, sandbox: Sandbox, books: Books) -> Iterator[Row]:
    """Yield the verdicts."""
    later = account.samples[len(account.samples) // 2 :]
    span = f"over the last {later[-1].minute - later[0].minute:.0f} min"
    for name in (*GROWTH_BARS, *TABLES):
        values = [sample.values[name] for sample in later]
        growth = fitted_growth([sample.minute for sample in later], values)
        bar = GROWTH_BARS.get(name, max(FEW_ROWS, ROWS_BAR * statistics.mean(values)))
        what = name if name in GROWTH_BARS else f"rows of {name}"
        figure = f"{growth:+.1f} (from {min(values):.0f} to {max(values):.0f})"
        yield f"{what}: growth {span}", figure, f"{bar:.0f}", growth <= bar
    told = look(sandbox.slack)
    everything = sum(map(len, account.told_of.values()))
    missing = sum(len(tags - told.tags[channel].keys()) for channel, tags in account.told_of.items())
    yield "tags told of, by name", f"{everything - missing:,} of {everything:,}", "all", not missing
    waiting = books.waiting()
    yield (
        "left to be done in the end",
        "nothing" if waiting.is_all_done else str(waiting),
        "nothing",
        waiting.is_all_done,
    )
    states = books.states("messages")
    yield "messages given up", f"{states.get('dead', 0)}", "0", not states.get("dead")
    lost_answers = account.weathers["Slack's answers are lost"] * 3
    yield (
        "sent twice",
        f"{told.twice} ({lost_answers} answers were lost)",
        f"{lost_answers}",
        told.twice <= lost_answers,
    )
    yield "commands answered", f"{account.answered} of {account.commands}", "all", account.answered == account.commands
    weathers = sum(account.weathers.values())
    yield "bad weather", f"{weathers} times", "", True
    posted = f"{sum(told.messages.values())} messages, {told.changes} changes, {told.files} files"
    yield "days that went by, and what was sent", f"{account.days:.0f} days, {posted}", "", True


def fitted_growth(times: Sequence[float], values: Sequence[float]) -> float:
    """Return how much a straight line through the values rises from the first to the last of the times."""
    return statistics.linear_regression(times, values).slope * (times[-1] - times[0])


def _prepare(sandbox: Sandbox, bot_url: str) -> None:
    sandbox.slack.keep_records(RECORDS_KEPT)
    for number in range(REPOSITORIES):
        namespace, _, name = repository_name(number).partition("/")
        sandbox.hub.state.create_repository(namespace, name, at=sandbox.clock())
    for number in range(CHANNELS):
        channel = channel_of(number)
        members = (seed.ANA, seed.BOT_USER)
        sandbox.slack.state.add_conversation(channel.lower(), members=members, conversation_id=channel)
    sandbox.announce_pushes_to(bot_url)


def _settings(sandbox: Sandbox, folder: Path, port: int) -> dict[str, str]:
    subscriptions = {repository_name(number): channel_of(number) for number in range(REPOSITORIES)}
    return {
        **environment_for(slack_api_url=sandbox.slack.api_url, hub_url=sandbox.hub.url, port=port),
        **pushes_settings(folder, subscriptions),
        **sandbox.environment(),
        "HUB_BOT_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "HUB_BOT_LOG_LEVEL": "error",
    }


@click.command()
@click.option("--minutes", default=20.0, show_default=True)
@click.option("--days-per-minute", default=DAYS_PER_MINUTE, show_default=True, help="How fast the world's clock goes.")
@click.option("--seed", "seed_of_chance", default=1, show_default=True, help="Of what happens by chance.")
def main(minutes: float, days_per_minute: float, seed_of_chance: int) -> None:
    """Load the bot, print the table, and end with 1 if a bar was missed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, Sandbox(manifest(public_url=url)) as sandbox:
        _prepare(sandbox, url)
        books = Books(Path(folder, "bench.db"))
        with running(_settings(sandbox, Path(folder), port), port) as bot:
            soak = Soak(
                sandbox,
                bot,
                books,
                days_per_minute=days_per_minute,
                chance=random.Random(seed_of_chance),  # noqa: S311
            )
            soak.run(minutes)
            rows = list(rows_of(soak.account, sandbox, books))
    if bot.log:
        click.echo(f"The bot's errors:\n{bot.log}", err=True)
    sys.exit(0 if show(f"Hub Bot, {minutes:.0f} minutes", rows) else 1)


if __name__ == "__main__":
    main()
