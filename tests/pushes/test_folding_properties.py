"""Laws of folds: whatever comes in whatever order, every push ends in one place, and its message tells of it."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.clock import FrozenClock
from bot.outbox.lanes import Lane
from bot.pushes.card import CONFIRMING
from bot.pushes.model import ReadingState
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.store.engine import open_store
from bot.store.rows import put
from bot.store.tables import events, members, messages, metadata, mutes
from bot.store.workspaces import HOME
from tests.pushes.post import Post
from tests.support.slack import acme

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REPOSITORIES = ("acme/api", "acme/web")
TAGS = ("tag-1", "tag-2", "tag-3", "tag-4")
ARM, AMD = "linux/arm64", "linux/amd64"
ALL, ARM_ONLY = seed.DEPLOYS, seed.GENERAL
"""The channels: one hears of everything, the other of one platform."""

repositories = st.sampled_from(REPOSITORIES)
some_tags = st.lists(st.sampled_from(TAGS), min_size=1, max_size=4)
steps = st.one_of(
    st.tuples(st.just("push"), repositories, some_tags),
    st.tuples(st.just("push"), repositories, some_tags),
    st.tuples(st.just("confirm"), repositories, some_tags, st.sampled_from("abc"), st.sampled_from((ARM, AMD))),
    st.tuples(st.just("fail"), repositories, some_tags),
    st.tuples(st.just("give up"), repositories, some_tags),
    st.tuples(st.just("mute"), repositories, st.sampled_from((10.0, 60.0))),
    st.tuples(st.just("slack"), st.sampled_from(("unavailable", "reset", "lost", "rate_limited"))),
    st.tuples(st.just("wait"), st.sampled_from((0.5, 3.0, 6.0, 25.0))),
)
schedules = st.lists(steps, min_size=10, max_size=30)


class Schedule:
    """One run of everything that can happen between a webhook and a channel.

    Attributes:
        accepted: How many pushes came in.
        muted: Repositories that were muted at some time.
    """

    def __init__(self, slack: SlackSimulator, clock: FrozenClock) -> None:
        store = open_store("sqlite://", now=clock.now)
        store.reshape(metadata.create_all)
        self.post = Post(store, slack, clock)
        self.clock = clock
        self.accepted = 0
        self.muted: set[str] = set()
        self.post.subscribe(channel=ALL)
        self.post.subscribe(channel=ARM_ONLY, platform=["arm64"])

    def do(self, step: tuple[object, ...]) -> None:
        """Let one thing happen."""
        match step:
            case ("push", str(repository), list(names)):
                self._push(repository, names)
            case ("confirm", str(repository), list(names), str(letter), str(platform)):
                self._confirm(repository, names, letter, platform)
            case ("fail", str(repository), list(names)):
                self._find_nothing(repository, names, ReadingState.WAITING)
            case ("give up", str(repository), list(names)):
                self._find_nothing(repository, names, ReadingState.UNCONFIRMED)
            case ("mute", str(repository), float(seconds)):
                self._mute(repository, seconds)
            case ("slack", str(kind)):
                self.post.slack.faults.add(_fault(kind))
            case ("wait", float(seconds)):
                self.post.run(seconds)
            case _:
                raise AssertionError(step)

    def end(self) -> None:
        """Have everything well, read back and told."""
        self.post.slack.faults.clear()
        for repository in REPOSITORIES:
            self._confirm(repository, TAGS, "f", ARM)
        self.post.run(150)

    def _push(self, repository: str, names: Iterable[str]) -> None:
        for tag in names:
            self.clock.advance(0.001)
            self.accepted += self.post.push(tag, repository).is_new

    def _confirm(self, repository: str, names: Iterable[str], letter: str, platform: str) -> None:
        for tag in names:
            self.post.read_back(tag, letter, repository=repository, platforms=[(platform, letter)])

    def _find_nothing(self, repository: str, names: Iterable[str], state: ReadingState) -> None:
        for tag in names:
            self.post.read_back(tag, repository=repository, state=state)

    def _mute(self, repository: str, seconds: float) -> None:
        row = {
            "workspace": HOME,
            "channel": ALL,
            "repository": repository,
            "until_at": self.clock.now() + timedelta(seconds=seconds),
            "muted_by": seed.ANA,
        }
        self.post.store.write(lambda connection: put(connection, mutes, row))
        self.muted.add(repository)


def _fault(kind: str) -> SlackFault:
    if kind == "lost":
        return SlackFault("reset", method="chat.postMessage", times=1, after="after_accepting")
    if kind == "rate_limited":
        return SlackFault("rate_limited", method="chat.postMessage", times=1, retry_after_seconds=3)
    return SlackFault("reset" if kind == "reset" else "unavailable", times=2)


@pytest.fixture(scope="module")
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture(scope="module")
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


@pytest.mark.timeout(300)  # Making a failure small takes its time.
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(schedule=schedules)
def test_every_push_ends_in_one_place_and_is_told_there(
    slack: SlackSimulator, clock: FrozenClock, schedule: list[tuple[object, ...]]
) -> None:
    run = Schedule(slack, clock)
    since = slack.state.new_ts()

    for step in schedule:
        run.do(step)
    run.end()

    for channel in (ALL, ARM_ONLY):
        check(run, channel, since)
    run.post.store.close()


def check(run: Schedule, channel: str, since: str) -> None:
    """Hold what a channel sees against the rows."""
    lane = Lane(HOME, channel)
    with run.post.store.read() as connection:
        rows = connection.execute(
            select(members, messages.c.state.label("message_state"), messages.c.stream, events.c.reading)
            .join(events, events.c.id == members.c.event_id)
            .outerjoin(messages, messages.c.id == members.c.message_id)
            .where(members.c.workspace == lane.workspace, members.c.channel == channel)
            .order_by(members.c.pushed_at, members.c.event_id)
        ).all()
    assert len(rows) == run.accepted, "no push is lost, none is there twice"

    told: dict[str, set[str]] = {}
    for row in rows:
        assert row.state in {"placed", "muted", "filtered"}
        assert (row.state == "placed") == (row.message_id is not None)
        if row.state == "placed":
            assert (row.message_state, row.stream) == ("sent", row.repository)
            told.setdefault(row.message_id, set()).add(row.tag)
        elif row.state == "muted":
            assert channel == ALL
            assert row.repository in run.muted
        else:
            assert channel == ARM_ONLY
            assert ARM not in json.dumps(row.reading)

    seen: dict[str, str] = {}
    for message in run.post.seen(channel):
        if message.ts > since and message.metadata:
            # Of the twins of a message the last one is the one that the bot knows.
            message_id = str(message.metadata["event_payload"]["message_id"])
            seen[message_id] = message.text
    assert {message_id: set(re.findall(r"tag-\d", words)) for message_id, words in seen.items()} == told
    assert not any(CONFIRMING in words for words in seen.values())
