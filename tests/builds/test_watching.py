"""Telling channels how builds end, on both databases."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bot.builds import build_rows
from bot.builds.model import Build, BuildState, ProviderKind, Setup
from bot.builds.progress import Progress
from bot.builds.providers.provider import BuildError, Refusal
from bot.builds.watching import Known, Listener, Watcher, news
from bot.clock import FrozenClock
from bot.store.base import Store
from bot.store.migrations import upgrade
from bot.store.tables import build_watches, messages
from tests.builds.scene import API, CHANNEL, Source, ask, the
from tests.store.conftest import OpenStore
from tests.store.played import NOON

FIVE_MINUTES = 300.0


class Wants:
    """A listener. Implements `bot.builds.watching.Listener`."""

    def __init__(self, channel: str = CHANNEL, *, every_end: bool = False, tag: str | None = None) -> None:
        self.channel = channel
        self._every_end = every_end
        self._tag = tag

    def wants(self, tag: str, *, has_failed: bool) -> bool:
        """Tell whether an end is wanted."""
        return (has_failed or self._every_end) and self._tag in {None, tag}


class Scene:
    """A watcher between a database and a provider."""

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        self.store = store
        self.clock = clock
        self.source = Source()
        self.wanted: Mapping[str, Sequence[Listener]] = {API: [Wants()]}
        self.watcher = self.another()

    def another(self) -> Watcher:
        """Return a watcher; each is as good as another process."""
        return Watcher(self.store, self.source, lambda: self.wanted)

    def show(self, *shown: Build) -> None:
        """Have the provider show these builds, the newest last."""
        self.source.provider.shown = list(reversed(shown))

    def look(self) -> None:
        """Let five minutes go by, and look."""
        self.clock.advance(FIVE_MINUTES)
        self.watcher.step()

    def told(self, channel: str = CHANNEL) -> list[str]:
        """Return what was said in a channel, in order."""
        with self.store.read() as connection:
            of_it = (messages.c.channel == channel) & (messages.c.kind == "note")
            found = select(messages.c.content).where(of_it).order_by(messages.c.created_at, messages.c.id)
            return [content["text"].split("\n")[0] for content in connection.execute(found).scalars()]

    def problem(self) -> str | None:
        """Return why the last look gave nothing."""
        with self.store.read() as connection:
            return connection.execute(select(build_watches.c.problem)).scalar()


@pytest.fixture
def scene(opening: OpenStore, clock: FrozenClock) -> Scene:
    """A scene with a database in memory."""
    store = opening("sqlite://", now=clock.now)
    upgrade(store)
    return Scene(store, clock)


@pytest.fixture
def on_both(store: Store, clock: FrozenClock) -> Scene:
    """A scene with a database of each kind."""
    return Scene(store, clock)


def build(
    number: int, state: BuildState = BuildState.FAILED, *, ended_at: datetime | None = None, tag: str = "1"
) -> Build:
    return Build(id=str(number), state=state, tag=tag, ended_at=ended_at)


def test_what_failed_before_the_first_look_is_no_news_and_what_fails_later_is_told_once(on_both: Scene) -> None:
    on_both.show(build(1), build(2, BuildState.BUILDING))
    on_both.look()
    assert on_both.told() == []

    on_both.show(build(1), build(2, tag="2.0"), build(3, BuildState.SUCCESS), build(4, tag="4.0"))
    for _ in range(3):
        on_both.look()

    assert on_both.told() == ["*acme/api:2.0* failed to build.", "*acme/api:4.0* failed to build."]


def test_whoever_wants_all_hears_of_every_end(scene: Scene) -> None:
    scene.wanted = {API: [Wants(), Wants("C0ALL", every_end=True), Wants("C0TAG", tag="9")]}
    scene.show()
    scene.look()
    ended = NOON + timedelta(minutes=6)
    scene.show(build(1, BuildState.SUCCESS, ended_at=ended), build(2, BuildState.CANCELED), build(3, BuildState.QUEUED))
    scene.look()

    assert scene.told("C0ALL") == ["*acme/api:1* was built.", "*acme/api:1* was canceled."]
    assert scene.told() == scene.told("C0TAG") == []


def test_of_two_processes_one_tells(on_both: Scene) -> None:
    on_both.show()
    on_both.look()
    on_both.show(build(1))
    on_both.clock.advance(FIVE_MINUTES)

    on_both.another().step()
    on_both.watcher.step()

    assert len(on_both.told()) == 1


def test_it_looks_every_five_minutes_and_not_more_often(scene: Scene) -> None:
    scene.show()
    scene.look()
    scene.show(build(1))
    scene.clock.advance(FIVE_MINUTES - 1)
    scene.watcher.step()
    assert scene.told() == []

    scene.clock.advance(1)
    scene.watcher.step()
    assert len(scene.told()) == 1


def test_what_nobody_wants_is_not_looked_at_and_begins_anew_later(on_both: Scene) -> None:
    on_both.show()
    on_both.look()
    on_both.wanted = {}
    on_both.show(build(1))
    on_both.look()
    with on_both.store.read() as connection:
        assert connection.execute(select(build_watches)).all() == []

    on_both.wanted = {API: [Wants()]}
    on_both.look()
    on_both.look()

    assert on_both.told() == []


def test_a_look_that_failed_loses_nothing_and_says_why(scene: Scene) -> None:
    scene.show()
    scene.look()
    scene.source.provider.error = BuildError(Refusal.DOWN, "GitHub could not be reached.")
    scene.look()
    assert scene.problem() == "GitHub could not be reached."

    scene.source.provider.error = None
    scene.show(build(1))
    scene.look()
    assert (scene.problem(), len(scene.told())) == (None, 1)


def test_what_failed_while_the_first_looks_could_not_see_is_told_if_its_time_is_known(scene: Scene) -> None:
    scene.source.provider.error = BuildError(Refusal.DOWN, "GitHub could not be reached.")
    scene.look()
    scene.source.provider.error = None
    scene.show(build(1), build(2, ended_at=NOON), build(3, ended_at=scene.clock.now() + timedelta(seconds=9), tag="3"))

    scene.look()

    assert scene.told() == ["*acme/api:3* failed to build."]


def test_another_provider_begins_anew(scene: Scene) -> None:
    scene.show(build(1))
    scene.look()
    scene.source.setup = Setup(repository=API, provider=ProviderKind.GITLAB, project="acme/api")
    scene.show(build(77), build(78, ended_at=NOON + timedelta(days=9)))
    scene.look()
    assert scene.told() == []

    scene.show(build(77), build(79, tag="79"))
    scene.look()
    assert scene.told() == ["*acme/api:79* failed to build."]


def test_where_the_provider_shows_none_docker_hubs_own_are_looked_at(scene: Scene) -> None:
    own = scene.source.providers[ProviderKind.DOCKER_HUB]
    own.shown = [build(1)]
    scene.look()
    own.shown = [build(2, tag="2"), build(1)]
    scene.look()

    assert scene.told() == ["*acme/api:2* failed to build."]


def test_a_build_that_we_follow_is_told_where_it_is_not_followed(scene: Scene) -> None:
    scene.wanted = {API: [Wants(), Wants("C0OTHER")]}
    scene.look()
    build_id = ask(scene.store, scene.clock)
    fail(scene, build_id)

    scene.look()
    scene.show(build(42))  # Now its provider shows it, too.
    scene.look()

    assert scene.told() == []
    assert scene.told("C0OTHER") == ["*acme/api:latest* failed to build."]


def test_what_is_known_by_its_tag_alone_is_told_with_a_doubt(scene: Scene) -> None:
    scene.wanted = {API: [Wants("C0OTHER", every_end=True)]}
    scene.look()
    build_id = ask(scene.store, scene.clock)
    end(scene, build_id, state=Progress.SUCCESS, is_seen_by_tag=True)

    scene.look()

    assert scene.told("C0OTHER") == ["*acme/api:latest* was built (probably: known by its tag alone)."]


def fail(scene: Scene, build_id: str) -> None:
    end(scene, build_id, state=Progress.FAILED, build_id="42")


def end(scene: Scene, followed_id: str, **told: object) -> None:
    facts = {"tag": "latest", "ended_at": scene.clock.now(), **told}

    def work(connection: Connection) -> None:
        followed = build_rows.find(connection, followed_id)
        now = scene.clock.now()
        build_rows.move(connection, followed, lambda run: run.model_copy(update=facts), now, due_at=lambda _: None)

    scene.store.write(work)
    assert the(scene.store, followed_id).run.state is told["state"]


def test_a_trigger_that_was_refused_is_no_build_that_failed(scene: Scene) -> None:
    scene.look()
    ask(scene.store, scene.clock, accepted=None)
    scene.store.write(
        lambda connection: build_rows.note_not_taken(
            connection, "chg_1", "Not found.", may_be_queued=False, now=scene.clock.now()
        )
    )
    scene.wanted = {API: [Wants("C0OTHER", every_end=True)]}

    scene.look()

    assert scene.told("C0OTHER") == []


STATES = st.sampled_from([BuildState.QUEUED, BuildState.BUILDING, BuildState.SUCCESS, BuildState.FAILED])
LISTS = st.lists(st.dictionaries(st.integers(1, 9), STATES, max_size=9), min_size=1, max_size=8)


@given(LISTS)
def test_whatever_is_shown_no_end_is_told_twice_and_none_of_the_first_look(lists: list[dict[int, BuildState]]) -> None:
    known, told = Known(), list[str]()
    ended: set[int] = set()
    for number, some in enumerate(lists):
        # What has ended stays as it ended.
        states = {each: BuildState.FAILED if each in ended else state for each, state in some.items()}
        ended |= {each for each, state in states.items() if state.is_final}
        shown = [build(each, state) for each, state in sorted(states.items(), reverse=True)]
        found = news(known, "github", shown, (), NOON + timedelta(minutes=number))
        if number == 0:
            assert found.ended == ()
        told += [each.name for each in found.ended]
        known = found.known

    assert len(told) == len(set(told))
    first = {str(each) for each, state in lists[0].items() if state.is_final}
    assert set(told) == {str(each) for each in ended} - first
