"""Keeping what is known up to date in the background."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from bot.clock import FrozenClock, SystemClock
from bot.fleet.loop import START_SECONDS, FleetLoop
from bot.fleet.model import ImageName, Scope
from bot.fleet.service import Fleet
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.sandbox.hub.simulator import HubSimulator
from tests.fleet.scene import API, Scene, make_hub
from tests.support.databases import open_database

PYTHON = RepositoryName("library", "python")
SCOPE = Scope(("acme",), (ImageName(PYTHON, "3.12"), ImageName(API, "1.0")))


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    with make_hub(clock) as simulator:
        yield simulator


@pytest.fixture
def scene(hub: HubSimulator, clock: FrozenClock) -> Iterator[Scene]:
    with closing(open_database(clock.now)) as store:
        scene = Scene(hub, store, clock)
        scene.repository("acme/api", "1.0")
        scene.repository("library/python", "3.12")
        yield scene
        scene.close()


def loop_of(scene: Scene, scope: Scope = SCOPE) -> FleetLoop:
    """Return a loop that begins at once; each one is as good as another process."""
    return FleetLoop(scene.another(), scene.client, scene.clock, lambda: scope, start_seconds=0)


def test_it_looks_at_namespaces_and_at_images_of_others(scene: Scene) -> None:
    loop_of(scene).step()

    assert scene.requests() == [
        "acme/repositories",
        "acme/repositories/api/tags",
        "library/repositories/python/tags/3.12",
    ]
    assert scene.unchecked(SCOPE) == {}


def test_it_does_so_once_an_hour_whichever_process_does(scene: Scene) -> None:
    loop_of(scene).step()
    scene.requests()
    loop_of(scene).step()
    assert scene.requests() == []

    scene.pass_time(hours=1)
    loop_of(scene).step()

    assert scene.requests() == ["acme/repositories", "library/repositories/python/tags/3.12"]


def test_it_says_when_it_has_looked_and_only_then(scene: Scene) -> None:
    said: list[int] = []
    loop = FleetLoop(
        scene.fleet, scene.client, scene.clock, lambda: SCOPE, start_seconds=0, after_look=lambda: said.append(1)
    )

    loop.step()
    loop.step()

    assert said == [1]


def test_once_a_week_everything_is_read_again(scene: Scene, hub: HubSimulator) -> None:
    loop_of(scene).step()
    hub.state.pull_tag("acme/api", "1.0", at=scene.clock.now())
    scene.pass_time(days=7)

    loop_of(scene).step()

    assert scene.snapshots_of()[0].pulled_at == scene.clock.now() - timedelta(days=7)


def test_a_name_that_can_be_no_namespace_does_not_hold_up_the_others(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    loop_of(scene, Scope(("Not a namespace", "acme"))).step()

    assert scene.representatives() == ["acme/api:1.0"]
    assert "fleet_sweep_crashed" in caplog.messages


def test_what_is_wanted_now_is_looked_at_now(scene: Scene) -> None:
    loop = loop_of(scene)
    loop.step()
    scene.pass_time(minutes=5)
    scene.push("acme/api", "1.1")

    loop.sweep_now(SCOPE)
    loop.step()

    assert scene.tags() == ["1.1", "1.0"]


def test_it_lets_people_ask_first_after_a_start(scene: Scene) -> None:
    loop = FleetLoop(scene.fleet, scene.client, scene.clock, lambda: SCOPE)
    loop.step()
    assert scene.requests() == []

    scene.pass_time(seconds=START_SECONDS)
    loop.step()

    assert "acme/repositories" in scene.requests()


def test_it_ends_in_the_middle_when_it_is_told_to(scene: Scene, hub: HubSimulator) -> None:
    for number in range(60):
        scene.repository(f"acme/r{number:02}", "1.0")
    hub.latency_seconds = 0.05
    loop = loop_of(scene)
    loop.start()
    while len(hub.requests) < 3:
        loop.pause(0.01)

    assert loop.stop(5)

    assert sum(each.read_at is not None for each in scene.known()) < 61
    hub.latency_seconds = 0
    scene.requests()
    loop_of(scene).step()
    assert scene.unchecked(SCOPE) == {}


def test_a_limit_does_not_keep_a_process_from_ending() -> None:
    # By the machine's own clock: whoever waits for Docker Hub really waits, for a minute.
    clock = SystemClock()
    with (
        closing(open_database(clock.now)) as store,
        HubSimulator(rate_limit=3) as hub,
        closing(HubClient(HubUrls(hub.url, hub.url, hub.url), Credentials(()), clock)) as client,
    ):
        fleet = Fleet(store, client, clock)
        loop = FleetLoop(fleet, client, clock, lambda: Scope(("acme",)), start_seconds=0)
        loop.start()
        while client.rate_limits.in_use("acme").seen is None or len(hub.requests) < 3:
            loop.pause(0.01)

        assert loop.stop(5)
