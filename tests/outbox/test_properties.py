"""Laws of the outbox: whatever the order of things, nothing is lost, and a duplicate has its reason and its id."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import select

from bot.clock import FrozenClock
from bot.outbox import lanes
from bot.outbox.backoff import LONGEST_SECONDS, backoff_seconds
from bot.outbox.lanes import Lane, Lease
from bot.outbox.notes import KIND, NoteWriter, add_note
from bot.outbox.worker import LaneWorker
from bot.slack.client import Posted, SlackClient
from bot.slack.failures import Kind, SlackCallError
from bot.slack.message import Message
from bot.store.engine import open_store
from bot.store.tables import messages, metadata
from bot.store.workspaces import HOME

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CHANNELS = ("C1", "C2")
STREAMS = ("acme/api", "acme/web")
LEASE_SECONDS = lanes.LEASE.total_seconds()
SECONDS_TO_REST = 900
"""More than the last messages of the longest schedule can take, at one a second."""

Fate = Literal[
    "taken", "lost", "unwell", "limited", "broken", "refused", "closed", "dies_before", "dies_after", "pauses"
]
FATES: tuple[Fate, ...] = (
    "taken",
    "lost",
    "unwell",
    "limited",
    "broken",
    "refused",
    "closed",
    "dies_before",
    "dies_after",
    "pauses",
)
REFUSALS: Mapping[Fate, tuple[Kind, str]] = {
    "unwell": (Kind.RETRY, "internal_error"),
    "limited": (Kind.WAIT, "ratelimited"),
    "broken": (Kind.INSTALL_BROKEN, "token_revoked"),
    "refused": (Kind.OUR_BUG, "invalid_blocks"),
    "closed": (Kind.CHANNEL, "is_archived"),
}


class DeathError(BaseException):
    """The process ends here, with all that it knew."""


class FickleSlack(SlackClient):
    """A Slack of which each post meets the fate that is next.

    Attributes:
        fates: Of the next posts; when there are no more, all are taken.
        taken: What it took: channel and id, in that order.
        excuses: By id, how often its answer did not come back, or came to somebody who had been away for too long.
        meanwhile: What happens while the process of a post is paused.
    """

    def __init__(self, clock: FrozenClock, meanwhile: Callable[[], None]) -> None:
        super().__init__("xoxb-none", "http://127.0.0.1:9/api/")
        self.fates: deque[Fate] = deque()
        self.taken: list[tuple[str, str]] = []
        self.excuses: Counter[str] = Counter()
        self._clock = clock
        self._meanwhile = meanwhile

    def post_message(
        self,
        channel: str,
        message: Message,
        *,
        thread_ts: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """Let a message meet its fate."""
        assert metadata is not None
        message_id = str(metadata["event_payload"]["message_id"])
        fate = self.fates.popleft() if self.fates else "taken"
        if fate in REFUSALS:
            kind, code = REFUSALS[fate]
            seconds = 7.0 if kind is Kind.WAIT else None
            raise SlackCallError("chat.postMessage", kind=kind, code=code, retry_after_seconds=seconds)
        if fate == "dies_before":
            raise DeathError
        if fate == "pauses":
            self.excuses[message_id] += 1
            self._meanwhile()
        self.taken.append((channel, message_id))
        if fate in {"lost", "dies_after"}:
            self.excuses[message_id] += 1
            raise DeathError if fate == "dies_after" else SlackCallError("chat.postMessage", kind=Kind.RETRY)
        return Posted(channel, f"{len(self.taken)}.000000")


class Process:
    """A process that looks after lanes: what it holds in its memory alone."""

    def __init__(self, worker: LaneWorker) -> None:
        self.worker = worker
        self.leases: list[Lease] = []


class OutboxMachine(RuleBasedStateMachine):
    """Two processes on one database, which die, pause and start again, and a Slack that is often not well."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock(START)
        self.store = open_store("sqlite://", now=self.clock.now)
        self.store.reshape(metadata.create_all)
        self.slack = FickleSlack(self.clock, self._others_go_on)
        self.processes = [self._process(), self._process()]
        self.said: dict[tuple[str, str, int], list[str]] = {}
        self.times_set_back = 0
        self._is_paused = False

    def _process(self) -> Process:
        writers = {KIND: NoteWriter()}
        return Process(
            LaneWorker(self.store, self.slack, writers, self.clock, on_suspended=lambda *_: None, draw=lambda: 0.0)
        )

    @initialize(first=st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(STREAMS)), min_size=4, max_size=8))
    def begin(self, first: list[tuple[str, str]]) -> None:
        for channel, stream in first:
            self.say(channel, stream)

    @rule(channel=st.sampled_from(CHANNELS), stream=st.sampled_from(STREAMS))
    def say(self, channel: str, stream: str) -> None:
        known = self.said.setdefault((channel, stream, self.times_set_back), [])
        words = Message(f"{channel} {stream} {len(known)}")
        known.append(
            self.store.write(
                lambda connection: add_note(connection, Lane(HOME, channel), words, stream=stream, now=self.clock.now())
            )
        )
        self.clock.advance(0.001)

    @rule(which=st.integers(0, 1), fates=st.lists(st.sampled_from(FATES), max_size=4))
    def take_a_turn(self, which: int, fates: list[Fate]) -> None:
        self.slack.fates.extend(fates)
        self.claim(which, 2)
        self._serve(which)

    @rule(which=st.integers(0, 1), at_most=st.integers(1, 2))
    def claim(self, which: int, at_most: int) -> None:
        process = self.processes[which]
        held = [lease.lane for lease in process.leases]
        process.leases += self.store.write(
            lambda connection: lanes.claim(connection, self.clock.now(), at_most=at_most, without=held)
        )

    @rule(which=st.integers(0, 1))
    def serve(self, which: int) -> None:
        self._serve(which)

    @rule(which=st.integers(0, 1))
    def die(self, which: int) -> None:
        self.processes[which] = self._process()

    @rule(seconds=st.sampled_from((0.5, 1.0, 3.0, 20.0, LEASE_SECONDS + 1)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from((-3_600.0, -5.0, 5.0, 3_600.0)))
    def set_the_clock(self, seconds: float) -> None:
        if not any(process.leases for process in self.processes):  # A lease may end early then, as after a pause.
            self.clock.step(seconds)
            # Notes are sent in the order of their times. Of pushes, no two wait in one stream.
            self.times_set_back += seconds < 0

    @rule()
    def resume(self) -> None:
        for channel in CHANNELS:
            self.store.write(lambda connection: lanes.resume(connection, Lane(HOME, channel), self.clock.now()))  # noqa: B023 - run at once.

    def _serve(self, which: int) -> None:
        process = self.processes[which]
        if not process.leases:
            return
        try:
            process.worker.serve(process.leases.pop(0))
        except DeathError:
            self.processes[which] = self._process()

    def _others_go_on(self) -> None:
        """Let the lease of a process that is paused run out, and everybody else go on."""
        if self._is_paused:  # Of two that pause, the second only takes long.
            return
        self._is_paused = True
        self.clock.advance(LEASE_SECONDS + 1)
        for which in (0, 1):
            self.claim(which, 2)
            self._serve(which)
        self._is_paused = False

    def teardown(self) -> None:
        """Have everything well again: then all is delivered, once or with a reason, and in order."""
        self.slack.fates.clear()
        self.resume()
        for _ in range(SECONDS_TO_REST):
            if not self._waiting():
                break
            self.claim(0, 2)
            while self.processes[0].leases:
                self._serve(0)
            self.clock.advance(1)
        self.store.close()

        assert self._waiting_at_rest == []
        counts = Counter(message_id for _, message_id in self.slack.taken)
        for (channel, stream, _), known in self.said.items():
            assert all((channel, message_id) in self.slack.taken for message_id in known), "nothing is lost"
            firsts = [self.slack.taken.index((channel, message_id)) for message_id in known]
            assert firsts == sorted(firsts), f"{stream} is told in its order"
        doubled = {message_id: count - 1 for message_id, count in counts.items() if count > 1}
        assert all(extra <= self.slack.excuses[message_id] for message_id, extra in doubled.items())

    def _waiting(self) -> list[str]:
        with self.store.read() as connection:
            waiting = select(messages.c.id).where(messages.c.state != "sent")
            self._waiting_at_rest = list(connection.execute(waiting).scalars())
        return self._waiting_at_rest


TestOutbox = pytest.mark.timeout(300)(OutboxMachine.TestCase)  # Making a failure small takes its time.
TestOutbox.settings = settings(max_examples=25, stateful_step_count=40)


@given(st.integers(-5, 10**9), st.floats(0, 1))
def test_a_pause_is_between_half_a_second_and_half_a_minute(attempts: int, draw: float) -> None:
    assert 0.5 <= backoff_seconds(attempts, draw) <= LONGEST_SECONDS


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_same_draw_never_makes_a_later_pause_shorter(attempts: int, draw: float) -> None:
    assert backoff_seconds(attempts, draw) <= backoff_seconds(attempts + 1, draw)
