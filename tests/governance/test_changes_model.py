"""The state machine of changes, played at random: two processes, people who click, and everything that can go wrong.

Each process has its own `Governance` on one database. At any of its reads and writes it may die, find the database
away, or lose the answer to what was committed; Slack comes and goes; people gain and lose rights. Whatever happens,
what leaves is sent once at most, and only with the rights of that moment; and in the end every change has ended.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise, product

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete

from bot.clock import FrozenClock
from bot.errors import AccessDeniedError, DeliveryError, UnavailableError, UserError
from bot.governance import changes
from bot.governance.governance import Governance
from bot.governance.loop import ChangeLoop
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Person, Role
from bot.governance.trail import Search, Trail
from bot.store.base import Store, T
from bot.store.engine import open_store
from bot.store.errors import StoreUnavailableError
from bot.store.tables import audit, cards, lanes, messages, metadata
from bot.store.tables import changes as change_rows
from bot.store.workspaces import HOME
from tests.store.conftest import OpenStore

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEADLINE = timedelta(hours=24)
ANA, BEA, OLA = "U0ANA", "U0BEA", "U0OLA"
ROLES = {ANA: Role.ADMIN, BEA: Role.ADMIN, OLA: Role.OPERATOR}
NEXT: dict[State | None, frozenset[State]] = {
    None: frozenset({State.REQUESTED}),
    State.REQUESTED: frozenset({State.APPROVED, State.REJECTED, State.EXPIRED, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.STARTED, State.FAILED}),
    State.STARTED: frozenset({State.DONE, State.FAILED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.DONE, State.FAILED}),
}
"""The arrows of `bot.governance.proposals`."""


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """What happens to a process when it turns to the database for the nth time from now."""

    def __init__(self) -> None:
        self.left = 0
        self.kind = ""

    def strike(self) -> str:
        """Return what happens at this turn; empty: nothing."""
        self.left -= 1
        return self.kind if self.left == 0 else ""


class MortalStore(Store):
    """The database, as a process that may die sees it."""

    is_shared = True

    def __init__(self, inner: Store, fate: Fate) -> None:
        super().__init__("mortal", None)
        self._inner = inner
        self._fate = fate

    def read(self) -> AbstractContextManager[Connection]:
        self._before(self._fate.strike())
        return self._inner.read()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        struck = self._fate.strike()
        self._before(struck)
        done = self._inner.write(work, is_urgent=is_urgent)
        if struck == "dies after":
            raise Killed
        if struck == "answer lost":
            raise StoreUnavailableError("The connection is gone.", cause="away")
        return done

    def reshape(self, work: Callable[[Connection], T]) -> T:
        return self._inner.reshape(work)

    def check(self) -> None:
        self._inner.check()

    def close(self) -> None:
        """Leave it to others."""

    def now(self, connection: Connection) -> datetime:
        return self._inner.now(connection)

    def _database_time(self, connection: Connection) -> datetime:
        return self._inner.now(connection)

    def _before(self, struck: str) -> None:
        if struck == "dies before":
            raise Killed
        if struck == "away":
            raise StoreUnavailableError("The database is away.", cause="away")


class Outside:
    """The other side of changes. Implements `Executor`, and knows what must be true whenever something is sent.

    Attributes:
        sent: How often each change was.
        how: What becomes of the next that is sent.
        is_readable: Whether it can be told afterwards what became of something; None: it is away.
    """

    def __init__(self, world: "World") -> None:
        self.world = world
        self.sent: Counter[str] = Counter()
        self.how = "done"
        self.is_readable: bool | None = True
        self.is_guarded = False

    def channels(self, _change: Change) -> Sequence[str]:
        return ()

    def begin(self, _connection: Connection, _change: Change, _now: datetime) -> None:
        if self.how == "crash before":
            raise RuntimeError
        if self.is_guarded:
            raise UserError("A guard says no.")

    def send(self, change: Change) -> Outcome:
        self.world.check_rights(change)
        if self.how == "dies before":
            raise Killed
        if self.how == "refused":
            raise UserError("It cannot be sent.")
        self.sent[change.id] += 1
        match self.how:
            case "dies after":
                raise Killed
            case "unanswered":
                raise UnavailableError("acme")
            case "crash":
                raise RuntimeError
        return Outcome(State.DONE, "It is done.")

    def read_back(self, change: Change) -> Outcome | None:
        if self.is_readable is None:
            raise UnavailableError("acme")
        if not self.is_readable:
            return None
        is_there = self.sent[change.id] > 0
        return Outcome(State.DONE if is_there else State.FAILED, "It is there." if is_there else "It is not there.")

    def settled(self, _connection: Connection, change: Change, outcome: Outcome, _now: datetime) -> None:
        if outcome.state is State.DONE and self.sent[change.id] != 1:
            self.world.problems.append("done without being sent")


class World:
    """Everything that is true at a moment.

    Attributes:
        roles: What each person is now.
        is_slack_up: Whether Slack says so.
        awaited: Who is just asking, and so was let in.
        approvals: Who approved what.
        problems: What went wrong in a place where nothing can be raised.
    """

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        self.store = store
        self.clock = clock
        self.roles = dict(ROLES)
        self.is_slack_up = True
        self.awaited: str | None = None
        self.outside = Outside(self)
        self.fates = [Fate(), Fate()]
        self.processes = [self.born(fate) for fate in self.fates]
        self.approvals: dict[str, str] = {}
        self.problems: list[str] = []

    def born(self, fate: Fate) -> Governance:
        """Return a process that remembers nothing."""
        fate.left, fate.kind = 0, ""
        policy = ApprovalPolicy(required=("invite.owner",), deadline=DEADLINE)
        return Governance(
            MortalStore(self.store, fate),
            {"invite": self.outside},
            policy,
            role_of=self._role_of,
            admins=lambda: frozenset(each for each, role in self.roles.items() if role is Role.ADMIN),
        )

    def _role_of(self, person: Person) -> Role:
        if not self.is_slack_up:
            raise DeliveryError("Slack is away.", permanent=False)
        return self.roles[person.user_id]

    def lives(self, process: int, act: Callable[[Governance], object]) -> bool:
        """Have a process do something; whether it did it. If it dies of it, another takes its place."""
        try:
            return self._lives(process, act)
        finally:
            assert self.problems == []

    def _lives(self, process: int, act: Callable[[Governance], object]) -> bool:
        try:
            act(self.processes[process])
        except Killed:
            self.processes[process] = self.born(self.fates[process])
            return False
        except (AccessDeniedError, DeliveryError, StoreUnavailableError):
            return False
        except RuntimeError:
            assert self.outside.how == "crash before"
            return False
        return True

    def step(self, process: int) -> None:
        """Let the loop of a process go round once."""
        self.lives(process, lambda governance: ChangeLoop(governance).step())

    def check_rights(self, change: Change) -> None:
        """Note what is wrong with what is about to be sent. An assertion would be taken for a crash of the executor."""
        asker, approver = change.asker.user_id, self.approvals.get(change.id)
        problems = {
            "sent before": self.outside.sent[change.id] > 0,
            "unchecked": asker != self.awaited and not self.is_slack_up,
            "without right": asker != self.awaited and self.roles[asker] < change.proposal.role,
        }
        if change.approval_reason is not None:
            problems |= {
                "not approved": approver is None or change.decided_by != approver,
                "approved by oneself": approver == asker,
                "approved without right": approver is not None and self.roles[approver] is not Role.ADMIN,
            }
        self.problems += [problem for problem, is_so in problems.items() if is_so]

    def all(self) -> list[Change]:
        """Return every change there is."""
        with self.store.read() as connection:
            return list(changes.in_states(connection, HOME, tuple(State), most=1_000))


def proposal(role: str) -> Proposal:
    return Proposal(
        kind="invite",
        action=f"invite.{role}",
        subject="acme",
        summary=f"Invite bob to acme as {role}",
        shown=("POST /v2/invites/bulk",),
        request={"org": "acme"},
        role=Role.OPERATOR,
    )


processes = st.sampled_from((0, 1))
people = st.sampled_from((ANA, BEA, OLA))
FATES = ("dies before", "dies after", "away", "answer lost")
HOWS = ("done", "dies before", "dies after", "refused", "unanswered", "crash", "crash before")
MEANWHILE = ("", "asker falls", "approver falls", "slack is away", "slow rounds", "unanswered")
TOO_LATE = "too late"
recent = st.sampled_from((0, 0, 1, 1, 2, 3))
"""Which change, counted from the newest: old ones have ended."""


class Changes(RuleBasedStateMachine):
    """People and processes at work on changes."""

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock
        self.store = store
        self.store.write(_emptied)
        self.world = World(self.store, self.clock)
        self.asked: list[str] = []
        self.late: list[Change] = []
        # Most of what is of interest begins with somebody's wish.
        for asker in (OLA, ANA, OLA):
            self.ask(0, asker, "owner")

    @rule(process=processes, asker=people, role=st.sampled_from(("member", "owner", "owner")))
    def ask(self, process: int, asker: str, role: str) -> None:
        world = self.world
        if world.roles[asker] < Role.OPERATOR:
            return  # The router lets nobody in who may not.
        world.awaited = asker
        world.lives(process, lambda governance: governance.submit(proposal(role), Asker(asker, "T0HOME", "C0HERE")))
        world.awaited = None
        self.asked += [each.id for each in world.all() if each.id not in self.asked]

    @rule(process=processes, which=recent, by=people, approve=st.booleans())
    def click(self, process: int, which: int, by: str, *, approve: bool) -> None:
        world, before = self.world, self._recent(which)
        may = world.is_slack_up and world.roles[by] is Role.ADMIN and by != before.asker.user_id
        is_open = before.state is State.REQUESTED and self.clock.now() < (before.expires_at or NOON)
        did = world.lives(
            process, lambda governance: governance.decide(before.button, Person(by, "T0HOME"), approve=approve)
        )
        assert not did or (may and is_open)
        if (before.state, self._find(before.id).state) == (State.REQUESTED, State.APPROVED):
            assert may
            assert is_open
            assert approve
            world.approvals[before.id] = by

    @rule(process=processes, which=recent, meanwhile=st.sampled_from((*MEANWHILE, TOO_LATE)))
    def have_approved(self, process: int, which: int, meanwhile: str) -> None:
        """Have somebody approve it who may; and then something happens before it is carried out."""
        change, roles = self._recent(which), self.world.roles
        admins = [each for each, role in roles.items() if role is Role.ADMIN and each != change.asker.user_id]
        if admins:
            self.wait(90_000 if meanwhile == TOO_LATE else 0)
            self.click(process, which, admins[0], approve=True)
            self._meanwhile(meanwhile, change, admins[0])
            self.go_round(process)
            self.end_a_slow_round(1 - process)

    @rule(process=processes, turns=st.integers(1, 4), kind=st.sampled_from(FATES), meanwhile=st.sampled_from(MEANWHILE))
    def ask_in_vain(self, process: int, turns: int, kind: str, meanwhile: str) -> None:
        """Have an asking process die, or lose the database; and then something happens before the loop finds out."""
        self.fate(process, turns, kind)
        self.ask(process, OLA, "member")
        self.wait(200)
        self._meanwhile(meanwhile, self._recent(0), BEA)
        self.go_round(process)
        self.end_a_slow_round(1 - process)

    def _meanwhile(self, what: str, change: Change, approver: str) -> None:
        match what:
            case "asker falls":
                self.world.roles[change.asker.user_id] = Role.MEMBER
            case "approver falls":
                self.world.roles[approver] = Role.OPERATOR
            case "slack is away":
                self.world.is_slack_up = False
            case "slow rounds":
                self.begin_a_slow_round(0)
                self.begin_a_slow_round(1)
            case "unanswered":
                self.world.outside.how = "unanswered"
                self.begin_a_slow_round(1)

    @rule(process=processes, which=recent, by=people)
    def withdraw(self, process: int, which: int, by: str) -> None:
        before = self._recent(which)
        did = self.world.lives(process, lambda governance: governance.withdraw(before.id, by))
        assert not did or (by == before.asker.user_id and before.state is State.REQUESTED)

    @rule(process=processes)
    def go_round(self, process: int) -> None:
        self.world.step(process)

    @rule(process=processes)
    def begin_a_slow_round(self, process: int) -> None:
        self.world.lives(process, lambda governance: self.late.extend(governance.due(most=10)))

    @precondition(lambda self: self.late)
    @rule(process=processes)
    def end_a_slow_round(self, process: int) -> None:
        """Look after changes as they were a while ago."""
        late, self.late = self.late, []
        for change in late:
            self.world.lives(process, partial(Governance.look_after, change=change))

    @rule(seconds=st.sampled_from((1, 25, 25, 200, 3_700, 90_000)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(person=people, role=st.sampled_from((Role.MEMBER, Role.OPERATOR, Role.ADMIN, Role.ADMIN)))
    def rights_change(self, person: str, role: Role) -> None:
        self.world.roles[person] = role

    @rule(is_up=st.sampled_from((True, True, False)))
    def slack(self, *, is_up: bool) -> None:
        self.world.is_slack_up = is_up

    @rule(process=processes, turns=st.integers(1, 6), kind=st.sampled_from(FATES))
    def fate(self, process: int, turns: int, kind: str) -> None:
        self.world.fates[process].left, self.world.fates[process].kind = turns, kind

    @rule(
        how=st.sampled_from(("done", "done", *HOWS)),
        is_readable=st.sampled_from((True, False, None)),
        is_guarded=st.sampled_from((False, False, True)),
    )
    def outside(self, how: str, *, is_readable: bool | None, is_guarded: bool) -> None:
        outside = self.world.outside
        outside.how, outside.is_readable, outside.is_guarded = how, is_readable, is_guarded

    @rule(process=processes)
    def restart(self, process: int) -> None:
        self.world.processes[process] = self.world.born(self.world.fates[process])

    def _check_arrows(self) -> None:
        """Check that each transition has its line in the trail, in its order, and that there are no others."""
        told = self._trail()
        for change in self.world.all():
            events = told.pop(change.id)
            path = [None, *events]
            if change.approval_reason is None:  # It is approved by being asked for.
                path.insert(2, State.APPROVED)
                assert State.APPROVED not in events
            assert all(after in NEXT.get(before, frozenset()) for before, after in pairwise(path)), path
            assert path[-1] is change.state
        assert not told

    def _check_sent(self) -> None:
        for change in self.world.all():
            if change.state in {State.REQUESTED, State.REJECTED, State.EXPIRED, State.WITHDRAWN, State.APPROVED}:
                assert self.world.outside.sent[change.id] == 0
            if change.state is State.DONE:
                assert self.world.outside.sent[change.id] == 1

    def teardown(self) -> None:
        """Let everything be well again: then every change comes to its end."""
        world = self.world
        world.is_slack_up, world.outside.how, world.outside.is_readable = True, "done", True
        world.outside.is_guarded = False
        for fate in world.fates:
            fate.left = 0
        for seconds in (0, 30, 300, 3_600, 90_000, 30):
            self.clock.advance(seconds)
            for process in (0, 1):
                world.step(process)
        self._check_arrows()
        self._check_sent()
        assert [each.state for each in world.all() if not each.state.is_final] == []

    def _recent(self, which: int) -> Change:
        return self._find(self.asked[-1 - which % len(self.asked)])

    def _find(self, change_id: str) -> Change:
        with self.store.read() as connection:
            found = changes.find(connection, change_id)
        assert found is not None
        return found

    def _trail(self) -> dict[str, list[State]]:
        told: dict[str, list[State]] = {}
        lines = Trail(self.store).lines(Search(every_event=True)).lines
        for each in reversed(lines):
            assert each.change_id is not None
            told.setdefault(each.change_id, []).append(State(each.event))
        return told


def _emptied(connection: Connection) -> None:
    for table in (cards, change_rows, audit, messages, lanes):
        connection.execute(delete(table))


def _play(store: Store, clock: FrozenClock, *, examples: int, steps: int) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(lambda: Changes(store, clock), settings=chosen)  # type: ignore[arg-type]  # It makes one.


def test_whatever_a_process_dies_of_at_whichever_step(clock: FrozenClock) -> None:
    store = open_store("sqlite://", now=clock.now)
    store.reshape(metadata.create_all)

    for turns, kind in product(range(1, 8), FATES):
        approved = Changes(store, clock)
        approved.fate(0, turns, kind)
        approved.have_approved(0, 0, "")
        approved.teardown()
        asked = Changes(store, clock)
        asked.ask_in_vain(0, turns, kind, "")
        asked.teardown()
    store.close()


def test_whatever_happens_between_approval_and_sending(clock: FrozenClock) -> None:
    store = open_store("sqlite://", now=clock.now)
    store.reshape(metadata.create_all)

    for how, is_readable, meanwhile in product(HOWS, (True, None), (*MEANWHILE, TOO_LATE)):
        machine = Changes(store, clock)
        machine.outside(how, is_readable=is_readable, is_guarded=False)
        machine.have_approved(0, 0, meanwhile)
        machine.teardown()
    store.close()


def test_changes_are_sent_once_at_most_never_without_right_and_never_lost(clock: FrozenClock) -> None:
    store = open_store("sqlite://", now=clock.now)
    store.reshape(metadata.create_all)
    _play(store, clock, examples=40, steps=15)
    store.close()


def test_the_same_holds_on_postgresql(clock: FrozenClock, opening: OpenStore, postgresql_url: str) -> None:
    store = opening(postgresql_url, now=clock.now)
    store.reshape(metadata.create_all)
    _play(store, clock, examples=4, steps=15)
