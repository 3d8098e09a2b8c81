"""Following builds, on both databases, with a small Docker Hub for the tags."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from typing import Literal

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import select, update

from bot.builds import build_rows
from bot.builds.following import CRASHED, LONGEST, MISTAKEN, WAITS_SECONDS, Follower
from bot.builds.model import Accepted, Build, BuildState, Order, ProviderKind, Ref, Setup
from bot.builds.progress import MAY_BE_QUEUED, Progress, Verdict
from bot.builds.providers import all_providers
from bot.builds.providers.provider import BuildError, Provider, Refusal
from bot.builds.watching import Watcher
from bot.clock import FrozenClock
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.errors import RateLimitedError, UserError
from bot.governance.proposals import Asker
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.builders.gitlab import TRIGGER_TOKEN, GitLabSimulator
from bot.sandbox.hub.builds import LATEST as MAIN_RULE
from bot.sandbox.hub.builds import BuildRule
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image
from bot.store.base import Store
from bot.store.migrations import upgrade
from bot.store.tables import builds, lanes, messages
from bot.store.workspaces import HOME
from tests.builds.scene import API, CHANNEL, GITHUB, LATEST, Source, ask, the
from tests.store.conftest import OpenStore
from tests.store.played import NOON

MINUTE = 60.0
DOCKER_HUB = Setup(repository=API, provider=ProviderKind.DOCKER_HUB)
CLASSIC = Setup(repository=API, provider=ProviderKind.CLASSIC)
OLD = NOON - timedelta(days=3)


class Scene:
    """A follower between a database, a provider and a small Docker Hub."""

    def __init__(self, store: Store, clock: FrozenClock, hub: HubSimulator, client: HubClient) -> None:
        self.store = store
        self.clock = clock
        self.hub = hub
        self.source = Source()
        self.client = client
        self.follower = Follower(store, self.source, client)

    def push(self, tag: str, at: datetime) -> None:
        """Have a tag pushed."""
        self.hub.state.push_tag(API, tag, at=at, images=[Image("linux", "amd64", pushed_at=at)])

    def look(self) -> None:
        """Look at what is due now."""
        for _ in range(20):
            if self.follower.step():
                return
        raise AssertionError("there is always something due")

    def run(self, seconds: float, step: float = 5.0) -> None:
        """Let time go by, and look at what is due meanwhile."""
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < ends_at:
            self.clock.advance(step)
            self.look()

    def told(self, channel: str = CHANNEL) -> list[tuple[str, int]]:
        """Return the kinds of messages for a channel, in order, each with how often it was changed."""
        with self.store.read() as connection:
            found = select(messages).where(messages.c.channel == channel).order_by(messages.c.created_at)
            return [(row.kind, row.version) for row in connection.execute(found)]

    def words(self, build_id: str) -> list[str]:
        """Return what the steps of a build say."""
        return [step.words for step in the(self.store, build_id).run.steps]


@contextmanager
def open_scene(store: Store, clock: FrozenClock) -> Iterator[Scene]:
    state = HubState()
    state.add_organization("acme", joined_at=OLD)
    state.create_repository("acme", "api", at=OLD)
    state.push_tag(API, "latest", at=OLD, images=[Image("linux", "amd64", pushed_at=OLD)])
    with HubSimulator(state, now=clock.now) as hub:
        client = HubClient(HubUrls(hub.url, hub.url, hub.url), Credentials.from_values(), clock, draw=lambda: 0.0)
        yield Scene(store, clock, hub, client)
        client.close()


@pytest.fixture
def scene(opening: OpenStore, clock: FrozenClock) -> Iterator[Scene]:
    """A scene with a database in memory."""
    store = opening("sqlite://", now=clock.now)
    upgrade(store)
    with open_scene(store, clock) as scene:
        yield scene


@pytest.fixture
def on_both(store: Store, clock: FrozenClock) -> Iterator[Scene]:
    """A scene with a database of each kind."""
    with open_scene(store, clock) as scene:
        yield scene


def build(state: BuildState, **facts: object) -> Build:
    return Build.model_validate({"id": "42", "state": state, **facts})


def test_a_build_is_followed_from_its_queue_to_its_end(on_both: Scene) -> None:
    build_id = ask(on_both.store, on_both.clock)
    for state in (BuildState.QUEUED, BuildState.BUILDING, BuildState.SUCCESS):
        on_both.source.provider.found = build(state, commit="c0ffee", log_url="https://github.com/acme/api/runs/42")
        on_both.run(20)

    followed = the(on_both.store, build_id)
    assert on_both.words(build_id) == ["Queued", "Building", "Built"]
    assert (followed.run.state, followed.run.commit, followed.run.build_id) == (Progress.SUCCESS, "c0ffee", "42")
    assert [kind for kind, _ in on_both.told()] == ["build", "build_step", "build_step", "build_step"]
    assert on_both.told()[0] == ("build", 5)
    assert [asked.build_id for asked in on_both.source.provider.asked][:2] == [None, "42"]
    assert set(on_both.source.provider.secrets) == {"a-secret-of-the-test"}


def test_it_is_looked_at_more_and_more_seldom_until_something_is_heard(scene: Scene) -> None:
    ask(scene.store, scene.clock)
    scene.source.provider.found = build(BuildState.QUEUED)
    times: list[float] = []
    scene.source.provider.on_find = lambda: times.append(scene.clock.monotonic())

    scene.run(5 * MINUTE, step=1.0)

    waits = [round(later - earlier) for earlier, later in pairwise(times)]
    assert times[0] == build_rows.FIRST_LOOK.total_seconds()
    assert waits[:4] == [5, 15, 30, 60]
    assert set(waits[4:]) == {60}


def test_nothing_is_looked_at_while_the_asking_is_under_way(scene: Scene) -> None:
    ask(scene.store, scene.clock, accepted=None)

    scene.run(GITHUB.timeout_seconds)
    assert scene.source.provider.asked == []

    scene.run(30)
    assert scene.source.provider.asked != []


def test_of_two_processes_one_looks(on_both: Scene) -> None:
    other = Follower(on_both.store, on_both.source, on_both.client)
    ask(on_both.store, on_both.clock)
    on_both.clock.advance(6)
    on_both.source.provider.on_find = lambda: looked.append(other.step())
    looked: list[float] = []

    on_both.look()

    assert looked == [1.0]
    assert len(on_both.source.provider.asked) == 1


def test_a_look_that_dies_is_done_again(on_both: Scene) -> None:
    build_id = ask(on_both.store, on_both.clock)
    on_both.clock.advance(6)
    followed = the(on_both.store, build_id)
    until = on_both.clock.now() + timedelta(minutes=3)

    assert on_both.store.write(lambda connection: build_rows.take(connection, followed, until=until))
    assert not on_both.store.write(lambda connection: build_rows.take(connection, followed, until=until))
    on_both.run(4 * MINUTE, step=30.0)

    assert on_both.source.provider.asked != []


def test_a_build_due_far_ahead_by_a_clock_that_was_set_back_is_looked_at(on_both: Scene) -> None:
    build_id = ask(on_both.store, on_both.clock)
    later = on_both.clock.now() + timedelta(days=2)
    on_both.store.write(lambda connection: connection.execute(update(builds).values(due_at=later)).rowcount)

    on_both.look()

    assert len(on_both.source.provider.asked) == 1
    assert the(on_both.store, build_id).due_at < later  # type: ignore[operator]


def test_where_the_provider_shows_no_builds_the_tag_tells(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.run(MINUTE)
    assert the(scene.store, build_id).run.state is Progress.REQUESTED

    scene.push("latest", NOON + timedelta(minutes=4))
    scene.clock.advance(4 * MINUTE)
    scene.run(2 * MINUTE)

    followed = the(scene.store, build_id).run
    assert (followed.state, followed.tag, followed.is_seen_by_tag) == (Progress.SUCCESS, "latest", True)
    assert scene.words(build_id) == ["`latest` was updated 4 min later, so it was probably built"]
    assert followed.seconds(NOON) is None


@pytest.mark.parametrize("order", [Order(repository=API), Order(repository=API, ref=Ref.BRANCH, name="main")])
def test_for_anything_but_a_tag_the_newest_tag_tells(scene: Scene, order: Order) -> None:
    build_id = ask(scene.store, scene.clock, order=order)
    scene.push("edge", NOON + timedelta(seconds=30))
    scene.clock.advance(MINUTE)

    scene.look()

    assert the(scene.store, build_id).run.tag == "edge"


def test_a_tag_that_was_not_pushed_since_tells_nothing(scene: Scene) -> None:
    scene.push("latest", NOON - timedelta(seconds=1))
    with_baseline = ask(scene.store, scene.clock, baseline=NOON - timedelta(seconds=1))
    missing = ask(scene.store, scene.clock, order=LATEST.model_copy(update={"name": "new"}), change_id="chg_2")

    scene.run(2 * MINUTE)

    for each in (with_baseline, missing):
        followed = the(scene.store, each).run
        assert (followed.state, followed.problem) == (Progress.REQUESTED, "")


def test_a_provider_that_shows_builds_is_not_second_guessed_by_tags(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.provider.shown = [Build(id="41", state=BuildState.SUCCESS)]
    scene.push("latest", NOON + timedelta(seconds=3))

    scene.run(3 * MINUTE)

    assert the(scene.store, build_id).run.state is Progress.REQUESTED


def test_a_build_that_never_comes_up_among_those_shown_was_dropped(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.provider.shown = [Build(id="41", state=BuildState.SUCCESS)]

    scene.run(40 * MINUTE, step=30.0)

    followed = the(scene.store, build_id).run
    assert followed.verdict is Verdict.DROPPED
    assert scene.words(build_id) == [
        "Dropped, it seems: GitHub Actions shows its builds, and after 30 min this is not among them"
    ]


def test_an_ok_that_built_nothing_is_said_to_be_dropped(scene: Scene) -> None:
    scene.source.setup = CLASSIC
    build_id = ask(scene.store, scene.clock, setup=CLASSIC, accepted=Accepted(said="OK"))

    scene.run(40 * MINUTE, step=30.0)

    assert scene.words(build_id) == [
        "Dropped, it seems: Docker Hub says `OK` also when it builds nothing, and no tag came in 30 min"
    ]


def test_a_build_of_which_nothing_is_heard_is_stuck_and_ends_after_a_day(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.run(31 * MINUTE, step=30.0)
    looks = len(scene.source.provider.asked)

    scene.run(MINUTE * 60, step=60.0)
    assert 11 <= len(scene.source.provider.asked) - looks <= 13
    assert the(scene.store, build_id).run.verdict is Verdict.STUCK

    scene.clock.advance(LONGEST.total_seconds())
    scene.look()
    assert scene.words(build_id) == [
        "Stuck: nothing was heard for 30 min",
        "Nothing was found out in a day, and nobody looks any more",
    ]
    assert the(scene.store, build_id).run.state is Progress.UNKNOWN


def test_a_stuck_build_that_goes_on_is_stuck_no_more(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.provider.found = build(BuildState.BUILDING)
    scene.run(40 * MINUTE, step=30.0)
    assert scene.words(build_id)[-1] == "Still building: nothing new was heard for 30 min"

    scene.source.provider.found = build(BuildState.FAILED, detail="timed_out")
    scene.run(6 * MINUTE, step=30.0)

    followed = the(scene.store, build_id).run
    assert (followed.state, followed.verdict, followed.detail) == (Progress.FAILED, None, "timed_out")


def test_a_refused_trigger_ends_the_build_with_its_reason(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock, accepted=None)
    sentence = "The same is waiting to be built already; this was ignored."

    scene.store.write(
        lambda connection: build_rows.note_not_taken(
            connection, "chg_1", sentence, may_be_queued=False, now=scene.clock.now()
        )
    )
    scene.run(MINUTE)

    assert the(scene.store, build_id).run.state is Progress.REFUSED
    assert scene.words(build_id) == [f"Not taken: {sentence}"]
    assert scene.source.provider.asked == []


def test_what_may_have_been_queued_is_followed(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock, accepted=None)
    scene.store.write(
        lambda connection: build_rows.note_not_taken(
            connection, build_id, "GitHub did not answer in 10 s.", may_be_queued=True, now=scene.clock.now()
        )
    )
    scene.source.provider.found = build(BuildState.QUEUED)

    scene.run(10)

    assert scene.words(build_id) == [f"GitHub did not answer in 10 s. {MAY_BE_QUEUED}", "Queued"]


def test_what_cannot_be_read_is_said_and_tried_again(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.provider.error = BuildError(Refusal.FORBIDDEN, "GitHub refuses the token.")
    scene.run(10)
    assert the(scene.store, build_id).run.problem == "GitHub refuses the token."

    scene.source.provider.error = None
    scene.source.provider.found = build(BuildState.BUILDING)
    scene.run(MINUTE)
    assert (the(scene.store, build_id).run.problem, scene.words(build_id)[-1]) == ("", "Building")


def test_a_secret_that_cannot_be_read_does_not_stop_the_look(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.error = UserError("There is no key for it.")
    scene.source.provider.found = build(BuildState.BUILDING)

    scene.run(10)

    assert set(scene.source.provider.secrets) == {None}
    assert the(scene.store, build_id).run.state is Progress.BUILDING


@pytest.mark.parametrize(
    ("changes", "is_given"),
    [
        ({"provider": ProviderKind.CLASSIC}, False),
        ({"url": "https://ghe.example.com/api/v3"}, False),
        ({"project": "acme/other"}, False),
        ({"branch": "develop", "workflow": "other.yml"}, True),
    ],
)
def test_a_secret_that_was_kept_for_another_place_is_not_given_away(
    scene: Scene, changes: dict[str, str], *, is_given: bool
) -> None:
    ask(scene.store, scene.clock)
    scene.source.setup = GITHUB.model_copy(update=changes)

    scene.run(10)

    secret = "a-secret-of-the-test" if is_given else None
    assert scene.source.providers[ProviderKind.GITHUB].secrets == [secret]


def test_a_rate_limit_is_waited_for(scene: Scene) -> None:
    ask(scene.store, scene.clock)
    retry_at = NOON + timedelta(seconds=100)
    scene.source.provider.error = RateLimitedError("the builds of acme/api", retry_at=retry_at)

    scene.run(90)

    assert len(scene.source.provider.asked) == 1


def test_docker_hub_away_is_no_reason_to_stop(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.hub.faults.add(Fault(kind="unavailable"))

    scene.run(20)

    assert the(scene.store, build_id).run.problem.startswith("Docker Hub is not available")
    assert the(scene.store, build_id).due_at is not None


def test_a_crash_of_one_look_is_said_and_the_next_comes(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    build_id = ask(scene.store, scene.clock)

    def crash() -> None:
        raise ZeroDivisionError

    scene.source.provider.on_find = crash
    with caplog.at_level(logging.ERROR):
        scene.run(10)

    assert the(scene.store, build_id).run.problem == CRASHED
    assert "build_look_crashed" in caplog.text
    assert the(scene.store, build_id).due_at is not None


def test_one_build_of_a_provider_is_not_taken_for_two(scene: Scene) -> None:
    scene.source.provider.found = build(BuildState.BUILDING)
    first = ask(scene.store, scene.clock)
    scene.run(20)

    second = ask(scene.store, scene.clock, change_id="chg_2")
    scene.run(20)

    assert the(scene.store, first).run.state is Progress.BUILDING
    assert the(scene.store, second).run.state is Progress.REQUESTED


EVERYTHING = Order(repository=API)
MAIN = Order(repository=API, ref=Ref.BRANCH, name="main")
OTHER = Order(repository=API, ref=Ref.BRANCH, name="other")


def states(scene: Scene, *build_ids: str) -> list[Progress]:
    return [the(scene.store, each).run.state for each in build_ids]


@pytest.mark.parametrize("orders", [(MAIN, OTHER), (EVERYTHING, MAIN), (LATEST, LATEST)])
def test_one_push_of_a_tag_ends_one_build_the_one_that_waited_longest(
    on_both: Scene, orders: tuple[Order, ...]
) -> None:
    first = ask(on_both.store, on_both.clock, order=orders[0])
    on_both.run(40)
    second = ask(on_both.store, on_both.clock, order=orders[1], change_id="chg_2")
    on_both.push("latest", NOON + timedelta(seconds=42))
    on_both.run(5)
    assert states(on_both, first, second) == [Progress.REQUESTED, Progress.REQUESTED]  # The second one looks first.

    on_both.run(2 * MINUTE)
    assert states(on_both, first, second) == [Progress.SUCCESS, Progress.REQUESTED]

    on_both.push("latest", NOON + timedelta(minutes=3))
    on_both.run(2 * MINUTE)
    assert states(on_both, first, second) == [Progress.SUCCESS, Progress.SUCCESS]


def test_the_push_of_a_tag_is_of_who_asked_for_that_tag(scene: Scene) -> None:
    branch = ask(scene.store, scene.clock, order=MAIN)
    scene.clock.advance(1)
    tag = ask(scene.store, scene.clock, order=LATEST, change_id="chg_2")
    other = ask(scene.store, scene.clock, order=LATEST.model_copy(update={"name": "9"}), change_id="chg_3")
    scene.push("latest", NOON + timedelta(seconds=3))

    scene.run(2 * MINUTE)

    assert states(scene, branch, tag, other) == [Progress.REQUESTED, Progress.SUCCESS, Progress.REQUESTED]


def test_what_counts_as_lost_takes_no_push_from_who_waits(scene: Scene) -> None:
    lost = ask(scene.store, scene.clock, order=MAIN)
    scene.run(31 * MINUTE, step=30.0)
    waiting = ask(scene.store, scene.clock, order=OTHER, change_id="chg_2")
    scene.push("edge", scene.clock.now() + timedelta(seconds=1))

    scene.run(10 * MINUTE)

    assert states(scene, lost, waiting) == [Progress.REQUESTED, Progress.SUCCESS]


def test_what_turns_out_to_be_another_build_is_let_go(scene: Scene) -> None:
    scene.source.setup = DOCKER_HUB
    build_id = ask(scene.store, scene.clock, setup=DOCKER_HUB, order=MAIN)
    scene.source.provider.found = build(BuildState.BUILDING, tag="edge", log_url="https://hub.docker.com/r/acme/api/1")
    scene.run(10)
    assert the(scene.store, build_id).run.build_id == "42"

    scene.source.provider.found = build(BuildState.SUCCESS, tag="edge", ref="develop")
    scene.run(30)

    followed = the(scene.store, build_id).run
    assert (followed.state, followed.build_id, followed.tag, followed.log_url) == (Progress.REQUESTED, None, None, None)
    assert scene.words(build_id) == ["Building", MISTAKEN]


def test_what_a_provider_itself_calls_ours_is(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock, order=MAIN, accepted=Accepted(build_id="42"))
    scene.source.provider.found = build(BuildState.SUCCESS, ref="refs/heads/main")

    scene.run(10)

    assert the(scene.store, build_id).run.state is Progress.SUCCESS


def suspend(scene: Scene) -> None:
    values = {"suspended_at": scene.clock.now(), "suspension": "not_in_channel"}
    scene.store.write(lambda connection: connection.execute(update(lanes).values(values)).rowcount)


def test_where_the_channel_is_closed_who_asked_is_told_the_outcome_once(on_both: Scene) -> None:
    ask(on_both.store, on_both.clock)
    suspend(on_both)
    on_both.source.provider.found = build(BuildState.FAILED)

    on_both.run(5 * MINUTE)

    assert on_both.told("U0ANA") == [("note", 1)]


def test_while_the_message_may_still_arrive_nobody_is_told_directly(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock)
    scene.source.provider.found = build(BuildState.FAILED)
    scene.run(5 * MINUTE)
    assert scene.told("U0ANA") == []
    assert the(scene.store, build_id).due_at is not None

    sent = update(messages).values(state="sent")
    scene.store.write(lambda connection: connection.execute(sent).rowcount)
    scene.run(MINUTE)

    assert scene.told("U0ANA") == []
    assert the(scene.store, build_id).due_at is None


def test_in_a_terminal_nobody_is_written_to(scene: Scene) -> None:
    build_id = ask(scene.store, scene.clock, channel=None, asker=Asker("terminal:ana"))
    scene.source.provider.found = build(BuildState.FAILED)

    scene.run(MINUTE)

    with scene.store.read() as connection:
        assert connection.execute(select(messages)).all() == []
    assert (the(scene.store, build_id).run.state, the(scene.store, build_id).due_at) == (Progress.FAILED, None)


def test_what_is_over_for_long_is_forgotten(on_both: Scene) -> None:
    old = ask(on_both.store, on_both.clock, channel=None)
    on_both.source.provider.found = build(BuildState.SUCCESS)
    on_both.run(MINUTE)
    on_both.clock.advance(timedelta(days=91).total_seconds())
    ask(on_both.store, on_both.clock, channel=None, change_id="chg_2")
    on_both.source.provider.found = build(BuildState.SUCCESS).model_copy(update={"id": "43"})

    on_both.run(MINUTE)

    with on_both.store.read() as connection:
        left = build_rows.recent(connection, HOME, API, 10)
    assert [each.run.build_id for each in left] == ["43"]
    assert old not in {each.id for each in left}


def test_the_waits_never_shrink() -> None:
    assert list(WAITS_SECONDS) == sorted(WAITS_SECONDS)


class RealSource(Source):
    """The real providers, of simulated services: Docker Hub unless another set-up is given."""

    def __init__(
        self, hub: HubClient, clock: FrozenClock, setup: Setup = DOCKER_HUB, named: Sequence[str] = ()
    ) -> None:
        super().__init__(setup)
        self._real = all_providers(EgressClient(AllowedHosts(named=named)), hub, clock)

    def provider_of(self, setup: Setup) -> Provider:
        """Return the real one."""
        return self._real[setup.provider]


def test_a_build_of_docker_hub_is_followed_to_its_end(scene: Scene) -> None:
    scene.follower = Follower(scene.store, RealSource(scene.client.once(), scene.clock), scene.client)
    trigger_url = scene.hub.add_builds(API)
    build_id = ask(scene.store, scene.clock, setup=DOCKER_HUB, accepted=Accepted())

    assert requests.post(trigger_url, json={"docker_tag": "latest"}, timeout=5).status_code == HTTPStatus.ACCEPTED
    scene.run(20 * MINUTE, step=10.0)

    followed = the(scene.store, build_id).run
    assert (followed.state, followed.problem, followed.is_seen_by_tag) == (Progress.SUCCESS, "", False)
    assert scene.words(build_id) == ["Building", "Built"]
    assert followed.seconds(NOON) is not None


def test_a_build_of_another_order_is_not_taken_for_that_of_a_branch(scene: Scene) -> None:
    scene.follower = Follower(scene.store, RealSource(scene.client.once(), scene.clock), scene.client)
    trigger_url = scene.hub.add_builds(API, rules=(MAIN_RULE, BuildRule("Branch", "develop", "edge")))
    lost = ask(scene.store, scene.clock, setup=DOCKER_HUB, order=OTHER, accepted=Accepted())
    scene.run(MINUTE)
    edge = Order(repository=API, ref=Ref.DOCKER_TAG, name="edge")
    built = ask(scene.store, scene.clock, setup=DOCKER_HUB, order=edge, change_id="chg_2", accepted=Accepted())

    assert requests.post(trigger_url, json={"docker_tag": "edge"}, timeout=5).status_code == HTTPStatus.ACCEPTED
    scene.run(20 * MINUTE, step=10.0)

    assert states(scene, lost, built) == [Progress.REQUESTED, Progress.SUCCESS]
    assert scene.words(built) == ["Building", "Built"]
    assert scene.words(lost) == []

    scene.run(30 * MINUTE, step=60.0)
    assert the(scene.store, lost).run.verdict is Verdict.DROPPED


@pytest.mark.parametrize(("comes_to", "state"), [("success", Progress.SUCCESS), ("failed", Progress.FAILED)])
def test_a_pipeline_of_gitlab_is_followed_to_its_end(
    scene: Scene, comes_to: Literal["success", "failed"], state: Progress
) -> None:
    with GitLabSimulator(now=scene.clock.now) as gitlab:
        gitlab.add_project("acme/images", is_public=True, branches=("main",))
        gitlab.add_trigger("acme/images", TRIGGER_TOKEN)
        setup = Setup(
            repository=API, provider=ProviderKind.GITLAB, url=gitlab.url, project="acme/images", branch="main"
        )
        source = RealSource(scene.client.once(), scene.clock, setup, (gitlab.url.removeprefix("http://"),))
        scene.follower = Follower(scene.store, source, scene.client)
        gitlab_provider, token = source.provider_of(setup), SecretStr(TRIGGER_TOKEN)
        accepted = gitlab_provider.trigger(setup, gitlab_provider.prepare(setup, LATEST, token), token)
        build_id = ask(scene.store, scene.clock, setup=setup, accepted=accepted)

        scene.run(20)
        gitlab.pipelines[-1].start()
        scene.run(MINUTE)
        gitlab.pipelines[-1].finish(comes_to)
        scene.run(2 * MINUTE)

    followed = the(scene.store, build_id).run
    assert (followed.state, followed.problem, followed.tag) == (state, "", "latest")
    assert scene.words(build_id) == ["Queued", "Building", "Built" if state is Progress.SUCCESS else "Failed"]
    assert (followed.build_id, followed.seconds(NOON)) == (accepted.build_id, MINUTE)
    assert accepted.url is not None
    assert followed.log_url == accepted.url


def test_a_failure_at_docker_hub_is_told_to_who_subscribed(scene: Scene) -> None:
    class Everybody:
        channel = CHANNEL

        def wants(self, tag: str, *, has_failed: bool) -> bool:
            return has_failed and tag == "latest"

    source = RealSource(scene.client.once(), scene.clock)
    trigger_url = scene.hub.add_builds(API)
    scene.hub.builds.outcomes.append("error")
    watcher = Watcher(scene.store, source, lambda: {API: [Everybody()]})
    watcher.step()

    assert requests.post(trigger_url, timeout=5).status_code == HTTPStatus.ACCEPTED
    for _ in range(6):
        scene.clock.advance(5 * MINUTE)
        watcher.step()

    assert scene.told() == [("note", 1)]


def test_what_was_never_kept_is_no_matter(on_both: Scene) -> None:
    ask(on_both.store, on_both.clock)

    on_both.store.write(
        lambda connection: build_rows.note_accepted(connection, "chg_0", Accepted(), on_both.clock.now())
    )

    with on_both.store.read() as connection:
        assert build_rows.find_any(connection, "chg_0") is None
        assert len(build_rows.recent(connection, HOME, API, 9)) == 1
