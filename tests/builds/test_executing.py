"""Asking a provider for a build, once. Its rows have tests of their own, on both databases."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, select

from bot.builds import build_rows
from bot.builds.executing import CHANGED, KIND, BuildExecutor, propose
from bot.builds.model import Accepted, Build, BuildState, Order, Prepared, ProviderKind, Ref, Setup
from bot.builds.progress import Progress
from bot.builds.providers.provider import Asked, BuildError, Refusal
from bot.builds.setups import Setups
from bot.clock import FrozenClock
from bot.errors import HubError, UnavailableError, UserError
from bot.governance import changes
from bot.governance.governance import Governance
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.governance.vault import Vault
from bot.store.base import Store
from bot.store.tables import builds, messages
from bot.store.workspaces import HOME
from tests.builds.scene import ANA, API, CHANNEL, GITHUB, LATEST, ScriptedProvider, the
from tests.store.played import NOON
from tests.support.databases import open_database

BEA = Asker("U0BEA", "T0ACME", CHANNEL)
SECRET = SecretStr("a-secret-of-the-executor")
PREPARED = Prepared(method="POST", address="https://api.github.com/x", headers={"Authorization": "Bearer …"}, body={})
LONG = GITHUB.model_copy(update={"cooldown_seconds": 10.0, "timeout_seconds": 60.0})


class Builder(ScriptedProvider):
    """Takes triggers too.

    Attributes:
        triggers: What it was sent.
        refusal: What it answers instead of taking one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.triggers: list[tuple[Setup, Prepared, SecretStr]] = []
        self.refusal: BuildError | None = None

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        self.triggers.append((setup, prepared, secret))
        if self.refusal:
            raise self.refusal
        return Accepted(build_id="42", url="https://github.com/acme/api/actions/runs/42")


class Scene:
    """An executor, under the rules."""

    def __init__(self, store: Store, clock: FrozenClock, setup: Setup = GITHUB) -> None:
        self.store = store
        self.clock = clock
        self.from_file = {API: (setup, SECRET)}
        self.builder = Builder()
        self.executor = self.make_executor()

    def make_executor(self) -> BuildExecutor:
        setups = Setups(self.store, Vault(self.store, []), self.from_file)
        self.setups = setups
        return BuildExecutor(setups, dict.fromkeys(ProviderKind, self.builder))

    def proposal(self, order: Order = LATEST, channel: str | None = CHANNEL) -> Proposal:
        kept = self.setups.find(API)
        assert kept is not None
        return propose(kept, order, PREPARED, role=Role.OPERATOR, channel=channel)

    def submit(self, by: Asker = ANA, *, channel: str | None = CHANNEL) -> Change:
        governance = Governance(
            self.store,
            {KIND: self.executor},
            ApprovalPolicy(),
            role_of=lambda _: Role.OPERATOR,
            admins=frozenset,
        )
        return governance.submit(self.proposal(channel=channel), by)

    def begun(self, by: Asker = ANA) -> Change:
        """Return a change of which nothing is known but that it was begun."""

        def begin(connection: Connection) -> Change:
            now = self.store.now(connection)
            change = changes.add(connection, HOME, self.proposal(), by, now=now)
            changes.start(connection, change, now=now)
            self.executor.begin(connection, change, now)
            found = changes.find(connection, change.id)
            assert found is not None
            return found

        return self.store.write(begin)

    def settle(self, change: Change, outcome: Outcome) -> None:
        self.store.write(
            lambda connection: self.executor.settled(connection, change, outcome, self.store.now(connection))
        )

    def rows(self) -> int:
        with self.store.read() as connection:
            return len(connection.execute(select(builds.c.id)).all())

    def messages(self) -> list[str]:
        with self.store.read() as connection:
            return [row.channel for row in connection.execute(select(messages)).all()]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    with closing(open_database(clock.now)) as opened:
        yield opened


@pytest.fixture
def scene(store: Store, clock: FrozenClock) -> Scene:
    return Scene(store, clock)


def state_of(scene: Scene, change: Change) -> Progress:
    return the_build(scene, change).run.state


def the_build(scene: Scene, change: Change) -> build_rows.FollowedBuild:
    with scene.store.read() as connection:
        found = build_rows.find_any(connection, change.id)
    assert found is not None
    return the(scene.store, found.id)


def test_a_change_shows_exactly_what_is_sent_and_no_secret(scene: Scene) -> None:
    proposal = scene.proposal()

    assert proposal.summary == "Ask GitHub Actions to build acme/api:latest"
    assert proposal.shown == ("POST https://api.github.com/x", "Authorization: Bearer …", "{}")
    assert (proposal.subject, proposal.repository, proposal.tags) == (API, API, ("latest",))
    assert SECRET.get_secret_value() not in proposal.model_dump_json()


@pytest.mark.parametrize("ref", [Ref.DOCKER_TAG, Ref.BRANCH, Ref.GIT_TAG])
def test_whatever_is_built_by_the_name_of_a_protected_tag_needs_approval(scene: Scene, ref: Ref) -> None:
    policy = ApprovalPolicy(tags=("v*",))

    meant, other = (scene.proposal(Order(repository=API, ref=ref, name=name)) for name in ("v1.4", "edge"))

    assert policy.reason(meant) == "the tag `v1.4` is protected"
    assert policy.reason(other) is None


def test_to_build_everything_needs_approval_where_any_tag_is_protected(scene: Scene) -> None:
    everything = scene.proposal(Order(repository=API, ref=Ref.ALL))

    assert ApprovalPolicy(tags=("v*", "latest")).reason(everything) == "it may concern protected tags (`v*`)"
    assert ApprovalPolicy().reason(everything) is None


def test_it_is_asked_for_once_and_followed(scene: Scene) -> None:
    change = scene.submit()

    assert change.state is State.DONE
    assert scene.builder.triggers == [(GITHUB, PREPARED, SECRET)]
    assert the_build(scene, change).run.build_id == "42"
    assert scene.messages()[0] == CHANNEL


def test_where_nobody_follows_it_nothing_is_posted(scene: Scene) -> None:
    scene.submit(channel=None)

    assert (scene.rows(), scene.messages()) == (1, [])


def test_a_second_one_within_the_cool_down_is_neither_sent_nor_kept(scene: Scene, clock: FrozenClock) -> None:
    scene.submit()
    clock.advance(15)
    second = scene.submit()

    assert second.state is State.FAILED
    assert second.outcome is not None
    assert second.outcome.sentence == ("`acme/api` was triggered a moment ago. Nothing was sent; try again in 45 s.")
    assert (len(scene.builder.triggers), scene.rows()) == (1, 1)


@pytest.mark.parametrize(
    ("by", "who"), [(ANA, ""), (BEA, " by somebody else"), (Asker("terminal:ops"), " by somebody else")]
)
def test_nobody_is_called_by_name_for_having_been_faster(scene: Scene, by: Asker, who: str) -> None:
    scene.submit(ANA)
    outcome = scene.submit(by).outcome

    assert outcome is not None
    assert outcome.sentence.startswith(f"`acme/api` was triggered{who} a moment ago.")


def test_longer_ago_is_said_in_minutes(store: Store, clock: FrozenClock) -> None:
    scene = Scene(store, clock, GITHUB.model_copy(update={"cooldown_seconds": 3_600.0}))
    scene.submit()
    clock.advance(600)
    outcome = scene.submit().outcome

    assert outcome is not None
    assert outcome.sentence == "`acme/api` was triggered 10 min ago. Nothing was sent; try again in 50 min."


@pytest.mark.parametrize(
    ("refusal", "state", "may_again"),
    [
        (Refusal.WRONG, State.FAILED, True),
        (Refusal.FORBIDDEN, State.FAILED, True),
        (Refusal.DOWN, State.FAILED, True),
        (Refusal.PENDING, State.FAILED, False),
        (Refusal.THROTTLED, State.FAILED, False),
        (Refusal.UNHEARD, State.UNKNOWN, False),
    ],
)
def test_what_was_not_taken_says_so_and_cools_down_where_that_makes_sense(
    scene: Scene,
    refusal: Refusal,
    state: State,
    may_again: bool,  # noqa: FBT001
) -> None:
    scene.builder.refusal = BuildError(refusal, "A sentence.", status=400)
    change = scene.submit()
    scene.builder.refusal = None
    again = scene.submit()

    assert change.state is state
    assert change.outcome == Outcome(state, "A sentence.", {"refusal": refusal.value, "status": 400})
    assert (again.state is State.DONE) == may_again
    assert state_of(scene, change) is (Progress.REQUESTED if state is State.UNKNOWN else Progress.REFUSED)


@pytest.mark.parametrize(
    "now_there",
    [
        {},
        {API: (GITHUB.model_copy(update={"branch": "develop"}), SECRET)},
        {API: (Setup(repository=API, provider=ProviderKind.WEBHOOK), SECRET)},
    ],
    ids=["gone", "another branch", "another provider"],
)
def test_a_set_up_that_is_another_now_sends_nothing(
    scene: Scene, now_there: dict[str, tuple[Setup, SecretStr]]
) -> None:
    change = scene.begun()
    scene.from_file = now_there

    with pytest.raises(UserError, match=CHANGED):
        scene.make_executor().send(change)

    assert scene.builder.triggers == []


def test_who_is_refused_late_ends_nobody_elses_cool_down(store: Store, clock: FrozenClock) -> None:
    scene = Scene(store, clock, LONG)
    slow = scene.begun()
    clock.advance(11)
    assert scene.submit(BEA).state is State.DONE
    clock.advance(5)
    scene.settle(slow, Outcome(State.FAILED, "No.", {"refusal": Refusal.WRONG, "status": 404}))

    assert scene.submit().state is State.FAILED


def test_a_build_that_nobody_heard_of_is_found_at_the_provider(scene: Scene) -> None:
    change = scene.begun()
    assert scene.executor.read_back(change) is None

    scene.builder.found = Build(id="43", state=BuildState.QUEUED)
    outcome = scene.executor.read_back(change)

    assert scene.builder.asked[-1] == Asked(LATEST, change.started_at or change.requested_at)
    assert scene.builder.triggers == []
    assert outcome is not None
    assert (outcome.state, outcome.answer) == (
        State.DONE,
        {"said": "The provider shows the build.", "build_id": "43", "url": None, "status": None},
    )
    scene.settle(change, outcome)
    assert the_build(scene, change).run.build_id == "43"


@pytest.mark.parametrize("error", [BuildError(Refusal.DOWN, "Away."), UserError("No key.")])
def test_a_provider_that_cannot_be_asked_tells_nothing(scene: Scene, error: BuildError | UserError) -> None:
    scene.builder.error = error

    assert scene.executor.read_back(scene.begun()) is None


def test_docker_hub_that_cannot_be_asked_is_asked_later(scene: Scene) -> None:
    scene.builder.error = UnavailableError("away")

    with pytest.raises(HubError):
        scene.executor.read_back(scene.begun())


def test_what_may_be_queued_is_followed_until_something_is_heard(scene: Scene) -> None:
    change = scene.begun()
    scene.settle(change, Outcome(State.UNKNOWN, "Nobody knows.", {"refusal": Refusal.UNHEARD, "status": None}))

    followed = the_build(scene, change)
    assert followed.run.state is Progress.REQUESTED
    assert followed.due_at == scene.clock.now() + build_rows.FIRST_LOOK
    assert followed.due_at - followed.asked_at < timedelta(minutes=1)
