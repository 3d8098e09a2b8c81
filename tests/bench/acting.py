"""What it costs to change something: beside the bare commits that it takes, and in requests to others."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from bot.governance.executors import Executor, SendOnly
from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.sandbox.slack import seed
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.rows import put
from bot.store.tables import cooldowns
from bot.store.workspaces import HOME
from tests.bench.table import Row
from tests.support.whole import BY_DOCKER_HUB, WholeDesk, open_whole_desk

CHANGES, ROUNDS = 100, 5
INVITEES = 25
RATIO_BAR = 6.0
COMMITS = 3
"""A change is asked for, started and settled: each must be on the disk before the next thing happens."""


class _Nothing(SendOnly):
    """Sends nothing, which takes no time."""

    def send(self, _change: Change) -> Outcome:
        return Outcome(State.DONE, "Done.")

    def read_back(self, _change: Change) -> None:
        return None


@dataclass(frozen=True)
class Cost:
    """Seconds for each of `CHANGES`, medians of the rounds."""

    ours: float
    bare: float


def measure_cost() -> Cost:
    """Measure changes that send nothing, against as many bare commits of a row, round by round on one SQLite file."""
    executor: Executor = _Nothing()
    with TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{Path(folder) / 'bench.db'}")) as store:
        upgrade(store)
        governance = Governance(
            store, {"nothing": executor}, ApprovalPolicy(), role_of=lambda _: Role.ADMIN, admins=frozenset
        )
        asker = Asker("U0BENCH", "T0BENCH", "C0BENCH")
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(_timed(lambda: governance.submit(_PROPOSAL, asker)))
            bare.append(_timed(lambda: _commit(store)))
    return Cost(statistics.median(ours), statistics.median(bare))


_PROPOSAL = Proposal(
    kind="nothing",
    action="nothing",
    subject="acme/api",
    summary="Do nothing",
    shown=("GET /",),
    request={},
    role=Role.MEMBER,
)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(CHANGES):
        act()
    return (time.perf_counter() - began) / CHANGES


def _commit(store: Store) -> None:
    for _ in range(COMMITS):
        store.write(_put)


def _put(connection: Connection) -> None:
    now = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
    put(connection, cooldowns, {"workspace": HOME, "topic": "x", "until_at": now, "set_by": "x", "set_at": now})


def rows() -> Iterator[Row]:
    """Measure, and return the rows for the table."""
    cost = measure_cost()
    ratio = cost.ours / cost.bare
    figure = f"{ratio:.1f} x ({cost.ours * 1e3:.1f} ms against {cost.bare * 1e3:.1f} ms)"
    yield (
        f"a change on record, against {COMMITS} bare commits, SQLite",
        figure,
        f"{RATIO_BAR:.0f} x",
        ratio <= RATIO_BAR,
    )
    with open_whole_desk(
        file=f'{BY_DOCKER_HUB}[approvals]\nrequire = ["trigger"]\n', admins=(seed.ANA, seed.OMAR)
    ) as desk:
        yield from _requests_of_a_build(desk)
    with open_whole_desk() as desk:
        yield from _requests_of_invitations(desk)


def _requests_of_a_build(desk: WholeDesk) -> Iterator[Row]:
    before = len(desk.hub.requests)
    desk.ask("trigger acme/api latest", by=seed.OMAR)
    desk.run(2)
    desk.slack.clear_calls()
    desk.decide(by=seed.ANA)
    desk.run(90)
    asked = Counter(call.method for call in desk.slack.calls)
    people = asked["users.info"]
    yield "questions to Slack about people, from a click on Approve to the build's end", f"{people}", "3", people <= 3
    said = asked["chat.postMessage"] + asked["chat.update"]
    figure = f"{said} ({asked['chat.postMessage']} posts, {asked['chat.update']} changes)"
    yield "messages and changes of messages of that", figure, "12", said <= 12
    asked_of_hub = desk.hub.requests[before:]
    sent = sum("/trigger/" in each.path for each in asked_of_hub)
    looked = len(asked_of_hub) - sent
    yield (
        "requests to Docker Hub of that",
        f"{sent} trigger, {looked} looks",
        "1 and 20",
        (sent, looked <= 20) == (1, True),
    )


def _requests_of_invitations(desk: WholeDesk) -> Iterator[Row]:
    before = len(desk.hub.requests)
    names = " ".join(f"somebody{number}@example.com" for number in range(INVITEES))
    desk.take(desk.ask(f"invite {names}"))
    count = sum("/auth/" not in each.path for each in desk.hub.requests[before:])
    yield f"requests to Docker Hub for {INVITEES} invitations, looked up, shown and sent", f"{count}", "6", count <= 6
