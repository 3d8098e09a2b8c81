"""`python -m tests.bench.bursts`: 10,000 pushes at once to 50 channels, and what becomes of them.

Once with a Docker Hub that only takes its time, and once with one that answers 180 requests a minute. A repository is
pushed to as by a build of all its tags: one webhook for each, one after the other.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from bot.sandbox.hub.simulator import ANONYMOUS_RATE_LIMIT
from tests.bench.books import Books
from tests.bench.outside import PLENTY, HubTraffic, Outside, Plan, outside
from tests.bench.process import Holdings, Watch, cpu_seconds, holdings
from tests.bench.sending import CONNECTIONS, send, webhook
from tests.bench.serving import with_webhooks
from tests.bench.table import Row, show
from tests.bench.telling import CHANGE, POST, Told
from tests.support.running import RunningBot

CHANNELS, REPOSITORIES, TAGS = 50, 500, 20
HUB_SECONDS = 0.05
FIRST = 1_000
MEMORY_BAR = 20e6
LISTINGS_BAR = 1.2
"""Listings of tags for each repository."""
PACE_BAR = 1.5
"""How much longer than the limits of Slack and Docker Hub demand it may take; the time of a fold comes on top."""
FOLD_SECONDS = 8.0
"""A fold is over after five quiet seconds, and waits for three more to be read back."""
_PATIENCE_SECONDS = 1_500.0
_LOOK_EVERY_SECONDS = 0.5
_POSTS_A_MINUTE, _CHANGES_A_MINUTE = 305, 55
"""What Slack's simulator takes of each in a minute, where it counts."""
_OUR_PART_OF_HUB = 0.95
"""The rest is left to people."""


@dataclass(frozen=True)
class Burst:
    """What came of a burst.

    Attributes:
        accepted_per_second: Webhooks.
        told_seconds: From the last webhook until every push was in a message; infinite when that never came.
        settled_seconds: Until nothing was left to be done, also no change of a message.
        missing: How many tags are in no message of their channel.
        strangers: How many are in a message of another channel.
        repeated: How many are in more than one message.
        told: What there is in Slack.
        traffic: What Docker Hub was asked.
        first: What the process held after the first of the pushes.
        most: The most that it held.
        cpu_seconds: What the process used, all in all.
        left: What was left to be done when the patience was over.
    """

    accepted_per_second: float
    told_seconds: float
    settled_seconds: float
    missing: int
    strangers: int
    repeated: int
    told: Told
    traffic: HubTraffic
    first: Holdings
    most: Holdings
    cpu_seconds: float
    left: str

    def telling_seconds(self, plan: Plan) -> float:
        """Return how long Slack's limits demand for these messages at least."""
        of_channel = float(max(self.told.messages.values(), default=0))
        return max(of_channel, _windows(sum(self.told.messages.values()), _POSTS_A_MINUTE) if plan.has_quotas else 0)

    def settling_seconds(self, plan: Plan) -> float:
        """Return how long Slack's limits and Docker Hub's demand for everything at least."""
        changing = _windows(self.told.changes, _CHANGES_A_MINUTE) if plan.has_quotas else 0
        reading = _windows(plan.repositories, int(plan.hub_per_minute * _OUR_PART_OF_HUB))
        return max(self.telling_seconds(plan), changing, reading)


def _windows(calls: int, per_minute: int) -> float:
    """Return the seconds for calls that are counted in windows of a minute: the first so many go at once."""
    return calls // per_minute * 60.0


def measure_burst(world: Outside, plan: Plan) -> Burst:
    """Push everything, tell the bot of it, and wait until it has told everybody."""
    channels = {plan.repository(number): plan.channel(number % plan.channels) for number in range(plan.repositories)}
    with with_webhooks(world, channels) as (bot, books), Watch(bot.process.pid) as watch:
        world.slow_hub(HUB_SECONDS)
        requests = _webhooks(world, plan)
        seconds = send(bot.port, requests[:FIRST])
        first = holdings(bot.process.pid)
        seconds += send(bot.port, requests[FIRST:])
        told_seconds, settled_seconds = _wait(bot, books)
        left = "" if settled_seconds < _PATIENCE_SECONDS else str(books.waiting())
        used = cpu_seconds(bot.process.pid)
        told = world.told()
    expected = {
        plan.channel(number): {
            plan.tag(repository, tag)
            for repository in range(number, plan.repositories, plan.channels)
            for tag in range(plan.tags)
        }
        for number in range(plan.channels)
    }
    found = {channel: told.tags.get(channel, Counter[str]()) for channel in expected}
    return Burst(
        accepted_per_second=len(requests) / seconds,
        told_seconds=told_seconds,
        settled_seconds=settled_seconds,
        missing=sum(len(tags - found[channel].keys()) for channel, tags in expected.items()),
        strangers=sum(len(found[channel].keys() - tags) for channel, tags in expected.items()),
        repeated=sum(1 for tags in found.values() for count in tags.values() if count > 1),
        told=told,
        traffic=world.hub_traffic(),
        first=first,
        most=watch.most,
        cpu_seconds=used,
        left=left,
    )


def _webhooks(world: Outside, plan: Plan) -> Sequence[bytes]:
    """Return the webhooks of everything, in an order in which each connection has repositories of its own."""
    pushed_at = world.push_everything()
    of_repositories = [
        [webhook(plan.repository(repository), plan.tag(repository, tag), pushed_at) for tag in range(plan.tags)]
        for repository in range(plan.repositories)
    ]
    return [
        request
        for start in range(0, plan.repositories, CONNECTIONS)
        for of_tag in zip(*of_repositories[start : start + CONNECTIONS], strict=True)
        for request in of_tag
    ]


def _wait(bot: RunningBot, books: Books) -> tuple[float, float]:
    """Return after how many seconds everything was told, and after how many nothing was left to be done."""
    began = time.monotonic()
    told_seconds = float("inf")
    while (passed := time.monotonic() - began) < _PATIENCE_SECONDS and bot.process.poll() is None:
        waiting = books.waiting()
        if waiting.is_all_told and told_seconds > passed:
            told_seconds = passed
        if waiting.is_all_done:
            return told_seconds, passed
        time.sleep(_LOOK_EVERY_SECONDS)
    return told_seconds, float("inf")


def rows_of(found: Burst, plan: Plan) -> Iterator[Row]:
    """Yield what there is to say of a burst."""
    pushes = plan.repositories * plan.tags
    hub = "" if plan.hub_per_minute == PLENTY else f", Docker Hub at {plan.hub_per_minute} requests a minute"
    rate = f"all, {found.accepted_per_second:.0f}/s"
    yield f"{pushes:,} pushes to {plan.channels} channels{hub}: accepted", rate, "all", True
    in_messages = f"{pushes - found.missing:,} of {pushes:,}"
    is_complete = not found.missing and not found.strangers
    yield "  in messages of their channels, by name", in_messages, "all", is_complete
    yield (
        "  in more than one message, or sent twice",
        f"{found.repeated + found.told.twice}",
        "0",
        not (found.repeated + found.told.twice),
    )
    messages, changes = sum(found.told.messages.values()), found.told.changes
    telling, settling = found.telling_seconds(plan), found.settling_seconds(plan)
    yield f"  until all were told, {messages} messages", *_against(found.told_seconds, telling)
    yield f"  until nothing was left, {changes} changes", *_against(found.settled_seconds, settling, found.left)
    refused = found.told.refused
    early = f"{refused[POST]} posts, {refused[CHANGE]} changes"
    yield "  refused by Slack as too early", early, "few", sum(refused.values()) <= messages + changes
    listings = found.traffic.requests["listings of tags"]
    each = listings / plan.repositories
    asked = f"{listings} ({each:.2f} each); {found.traffic.requests['single tags']} for single tags"
    yield "  listings of tags", asked, f"{LISTINGS_BAR} each", each <= LISTINGS_BAR
    yield "  refused by Docker Hub as too early", f"{found.traffic.refused}", "few", found.traffic.refused <= 5
    growth = found.most.resident_bytes - found.first.resident_bytes
    memory = f"{growth / 1e6:.1f} MB (to {found.most.resident_bytes / 1e6:.0f} MB)"
    yield f"  growth of memory after the first {FIRST:,}", memory, "20 MB", growth <= MEMORY_BAR
    held = f"{found.most.threads} threads, {found.most.handles} handles, {found.cpu_seconds:.0f} s"
    yield "  threads, open handles, processor time", held, "", True


def _against(seconds: float, demanded: float, left: str = "") -> tuple[str, str, bool]:
    bar = demanded * PACE_BAR + FOLD_SECONDS
    return f"{seconds:.1f} s {left}".rstrip(), f"{bar:.0f} s ({demanded:.0f} s are demanded)", seconds <= bar


@click.command()
@click.option("--repositories", default=REPOSITORIES, show_default=True, help=f"With {TAGS} tags each.")
@click.option("--channels", default=CHANNELS, show_default=True)
@click.option("--only", type=click.Choice(["fast", "limited"]), help="One of the two instead of both.")
@click.option("--quotas/--no-quotas", default=True, help="Whether Slack counts calls by the minute, too.")
def main(repositories: int, channels: int, only: str | None, *, quotas: bool) -> None:
    """Measure, print the table, and end with 1 if a bar was missed."""
    rows: list[Row] = []
    for name, hub_per_minute in (("fast", PLENTY), ("limited", ANONYMOUS_RATE_LIMIT)):
        if only in {None, name}:
            plan = Plan(channels, repositories, TAGS, hub_per_minute=hub_per_minute, has_quotas=quotas)
            with outside(plan) as world:
                rows += rows_of(measure_burst(world, plan), plan)
    sys.exit(0 if show("Hub Bot, bursts", rows) else 1)


if __name__ == "__main__":
    main()
