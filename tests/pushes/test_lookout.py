"""The lookout against the simulated Docker Hub, over HTTP, and a real database."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.pushes.lookout import Lookout
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import events, images, sightings, subscriptions
from tests.pushes.scene import LONG_AGO, START, Scene, SettableClock, make_hub
from tests.store.conftest import OpenStore
from tests.support.waiting import wait_until

REPOSITORIES = "/v2/namespaces/acme/repositories"
API_TAGS = f"{REPOSITORIES}/api/tags"
PYTHON_TAGS = "/v2/namespaces/library/repositories/python/tags"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(START)


@pytest.fixture
def hub(clock: SettableClock) -> Iterator[HubSimulator]:
    with make_hub(clock) as hub:
        yield hub


@pytest.fixture
def store(opening: OpenStore, clock: SettableClock) -> Store:
    store = opening("sqlite://", now=clock.now)
    upgrade(store)
    return store


@pytest.fixture
def scene(hub: HubSimulator, store: Store, clock: SettableClock) -> Iterator[Scene]:
    scene = Scene(hub, store, clock)
    scene.repository("acme/api", "1.0", "1.1")
    scene.repository("acme/web", "1.0")
    scene.repository("library/python", "3.11", "3.12")
    yield scene
    scene.close()


@pytest.fixture
def either(hub: HubSimulator, opening: OpenStore, url: str, clock: SettableClock) -> Iterator[Scene]:
    """The same on each kind of database."""
    store = opening(url, now=clock.now)
    upgrade(store)
    scene = Scene(hub, store, clock)
    scene.repository("acme/api", "1.0")
    scene.repository("library/python", "3.12")
    yield scene
    scene.close()


def watching(scene: Scene, image: str = "acme/*", *tags: str, has_webhooks: bool = True) -> Lookout:
    """Subscribe, and have the first look over and forgotten."""
    scene.subscribe(image, *tags)
    lookout = scene.lookout(has_webhooks=has_webhooks)
    lookout.step()
    scene.asked()
    scene.advance(minutes=1)
    return lookout


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


class TestOwnNamespaces:
    def test_the_first_look_tells_nothing_of_the_past_and_asks_for_nothing(self, scene: Scene) -> None:
        scene.push("acme/api", "1.2", at=START - timedelta(minutes=1))
        scene.subscribe("acme/*")

        scene.lookout().step()

        assert (scene.events(), scene.asked()) == ([], [])
        assert scene.sighting("acme/")["seen_until"] == START

    def test_nor_does_the_second(self, scene: Scene) -> None:
        scene.push("acme/api", "1.2", at=START - timedelta(minutes=1))
        lookout = watching(scene)

        lookout.look_now()
        lookout.step()

        assert scene.events() == []

    def test_a_push_without_webhook_is_found_after_a_start(self, either: Scene) -> None:
        watching(either)
        pushed_at = either.push("acme/api", "1.2")
        either.advance(hours=3)

        either.lookout().step()

        assert either.events() == [("acme/api:1.2", pushed_at, "listing")]
        with either.store.read() as connection:
            assert connection.execute(select(events.c.pusher)).scalar() == "ci-bot"

    def test_it_is_found_once(self, either: Scene) -> None:
        lookout = watching(either)
        either.push("acme/api", "1.2")

        for _ in range(3):
            lookout.look_now()
            lookout.step()
            either.advance(minutes=1)

        assert either.images() == ["acme/api:1.2"]

    def test_a_push_that_a_webhook_told_of_is_no_second_event(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.webhook("acme/api", "1.2", scene.push("acme/api", "1.2"))
        lost_at = scene.push("acme/api", "1.3")

        lookout.look_now()
        lookout.step()

        assert [(image, source) for image, _, source in scene.events()] == [
            ("acme/api:1.2", "webhook"),
            ("acme/api:1.3", "listing"),
        ]
        assert scene.events()[1][1] == lost_at

    def test_with_webhooks_it_looks_hourly(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.push("acme/api", "1.2")

        scene.advance(minutes=58)
        lookout.step()
        early = scene.images()
        scene.advance(minutes=1)
        lookout.step()

        assert (early, scene.images()) == ([], ["acme/api:1.2"])

    def test_without_webhooks_it_looks_every_ten_minutes(self, scene: Scene) -> None:
        lookout = watching(scene, has_webhooks=False)
        scene.push("acme/api", "1.2")

        scene.advance(minutes=9)
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]

    def test_nothing_is_asked_while_nothing_is_due(self, scene: Scene) -> None:
        lookout = watching(scene)

        for _ in range(100):
            lookout.step()

        assert scene.asked() == []

    def test_only_repositories_that_were_pushed_to_and_are_wanted_are_read(self, scene: Scene) -> None:
        scene.repository("acme/docs", "1.0")
        lookout = watching(scene, "acme/a*")
        scene.push("acme/api", "1.2")
        scene.push("acme/docs", "1.1")

        lookout.look_now()
        lookout.step()

        assert scene.asked() == [REPOSITORIES, API_TAGS]
        assert scene.images() == ["acme/api:1.2"]

    def test_pushes_that_no_subscription_wants_are_left_alone(self, scene: Scene) -> None:
        lookout = watching(scene, "acme/api", "v*")
        scene.push("acme/api", "nightly")
        scene.push("acme/api", "v2")

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:v2"]

    def test_namespaces_that_nobody_subscribes_to_are_left_alone(self, scene: Scene) -> None:
        scene.lookout("acme", "other").step()

        assert scene.asked() == []

    def test_an_unchanged_namespace_of_a_thousand_repositories_is_one_request(self, scene: Scene) -> None:
        for number in range(1_000):
            scene.repository(f"acme/app-{number:04}", "1.0", at=LONG_AGO + timedelta(hours=number))
        lookout = watching(scene)

        lookout.look_now()
        lookout.step()

        assert scene.asked() == [REPOSITORIES]

    def test_more_pushes_to_one_repository_than_a_page_holds_are_all_found(self, scene: Scene) -> None:
        lookout = watching(scene)
        for number in range(250):
            scene.push("acme/api", f"build-{number}", at=START + timedelta(seconds=number))
        scene.advance(minutes=10)

        lookout.look_now()
        lookout.step()

        assert len(scene.events()) == 250
        assert len(scene.asked()) == 1 + 1 + 3

    def test_events_are_made_in_the_order_of_the_pushes(self, scene: Scene) -> None:
        lookout = watching(scene)
        for tag in ("b", "c", "a"):
            scene.push("acme/api", tag)
            scene.advance(seconds=1)

        lookout.look_now()
        lookout.step()

        with scene.store.read() as connection:
            tags = connection.execute(select(events.c.tag).order_by(events.c.received_at, events.c.pushed_at)).scalars()
            assert list(tags) == ["b", "c", "a"]

    def test_a_push_that_is_shown_minutes_late_is_found(self, scene: Scene) -> None:
        lookout = watching(scene)
        late = scene.clock.now()
        scene.advance(minutes=4)
        scene.push("acme/web", "2.0")
        lookout.look_now()
        lookout.step()

        scene.push("acme/api", "1.2", at=late)
        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:1.2", "acme/web:2.0"]

    def test_what_is_older_than_a_day_is_counted_and_not_told(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        lookout = watching(scene)
        scene.push("acme/api", "old")
        scene.advance(hours=25)
        scene.push("acme/api", "new")

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:new"]
        (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert (record.message, record.__dict__["too_old"]) == ("lookout_looked", 1)

    def test_a_subscription_hears_nothing_of_before_its_time(self, scene: Scene) -> None:
        lookout = watching(scene, "acme/api")
        scene.unsubscribe()
        scene.push("acme/api", "1.2")
        scene.advance(hours=2)
        lookout.step()
        asked_meanwhile = scene.asked()
        scene.subscribe("acme/api")
        scene.advance(seconds=1)
        scene.push("acme/api", "1.3")

        lookout.look_now()
        lookout.step()

        assert (asked_meanwhile, scene.images()) == ([], ["acme/api:1.3"])

    def test_a_repository_that_is_gone_is_no_news(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.hub.state.delete_repository("acme/web")

        lookout.look_now()
        lookout.step()

        assert scene.events() == []
        assert scene.sighting("acme/")["problem"] is None

    def test_seen_until_is_the_newest_push_seen(self, scene: Scene) -> None:
        lookout = watching(scene)
        pushed_at = scene.push("acme/api", "1.2")
        scene.advance(minutes=30)

        lookout.look_now()
        lookout.step()

        assert scene.sighting("acme/")["seen_until"] == pushed_at


class TestPolling:
    def test_a_single_tag_is_one_request(self, either: Scene) -> None:
        lookout = watching(either, "library/python", "3.12")
        pushed_at = either.push("library/python", "3.12")

        either.advance(minutes=9)
        lookout.step()

        assert either.asked() == [f"{PYTHON_TAGS}/3.12"]
        assert either.events() == [("library/python:3.12", pushed_at, "poll")]

    def test_all_tags_are_one_request(self, scene: Scene) -> None:
        lookout = watching(scene, "library/python")
        scene.push("library/python", "3.13")
        scene.push("library/python", "3.12")

        scene.advance(minutes=9)
        lookout.step()

        assert scene.asked() == [PYTHON_TAGS]
        assert sorted(scene.images()) == ["library/python:3.12", "library/python:3.13"]

    def test_it_is_asked_every_ten_minutes(self, scene: Scene) -> None:
        lookout = watching(scene, "library/python", "3.12")

        for _ in range(120):
            scene.advance(seconds=30)
            lookout.step()

        assert scene.asked() == [f"{PYTHON_TAGS}/3.12"] * 6

    def test_looks_come_a_little_early_by_chance(self, scene: Scene) -> None:
        scene.subscribe("library/python", "3.12")
        lookout = Lookout(
            scene.store,
            scene.client,
            scene.intake,
            scene.clock,
            namespaces=["acme"],
            has_webhooks=True,
            draw=lambda: 0.5,
        )

        lookout.step()

        due_in = scene.sighting("library/python")["due_at"] - scene.clock.now()
        assert due_in == timedelta(minutes=9.5)

    def test_look_now_is_for_our_own(self, scene: Scene) -> None:
        lookout = watching(scene, "library/python", "3.12")

        lookout.look_now()
        lookout.step()

        assert scene.asked() == []

    def test_the_first_look_remembers_what_the_next_push_will_be_compared_with(self, scene: Scene) -> None:
        watching(scene, "library/python")

        with scene.store.read() as connection:
            seen = connection.execute(select(images.c.repository, images.c.tag, images.c.digest)).all()
        tags = scene.hub.state.repository("library/python").tags
        assert {(row.tag, row.digest) for row in seen} == {(name, tag.digest) for name, tag in tags.items()}
        assert {row.repository for row in seen} == {"library/python"}

    def test_the_same_image_pushed_again_is_no_news(self, scene: Scene) -> None:
        scene.push("library/python", "3.12", at=LONG_AGO, image="rebuilt")
        lookout = watching(scene, "library/python", "3.12")
        scene.push("library/python", "3.12", image="rebuilt")

        scene.advance(minutes=9)
        lookout.step()

        assert scene.events() == []

    @pytest.mark.parametrize(("pattern", "pushed"), [("library/python", "library/python"), ("acme/*", "acme/api")])
    def test_what_was_pushed_before_the_first_look_and_after_subscribing_is_told(
        self, scene: Scene, pattern: str, pushed: str
    ) -> None:
        scene.subscribe(pattern)
        scene.advance(minutes=5)  # We were down.
        scene.push(pushed, "3.12")
        scene.advance(minutes=1)
        lookout = scene.lookout()

        lookout.step()
        scene.advance(minutes=10)
        lookout.step()

        assert scene.images() == [f"{pushed}:3.12"]

    def test_what_was_there_at_the_first_look_is_no_news_at_the_second(self, scene: Scene) -> None:
        scene.push("library/python", "3.12")
        scene.advance(minutes=1)
        scene.subscribe("library/python", "3.12")
        lookout = scene.lookout()
        lookout.step()

        scene.advance(minutes=10)
        lookout.step()

        assert scene.events() == []

    def test_after_a_webhook_was_refused_it_looks_several_times(self, scene: Scene) -> None:
        lookout = watching(scene)
        asked = len(scene.asked())
        lookout.look_now()
        for _ in range(20):
            lookout.step()
            scene.advance(minutes=1)

        assert len(scene.asked()) == asked + 5

    def test_a_push_between_a_failed_first_look_and_the_next_is_told(self, scene: Scene) -> None:
        scene.hub.faults.add(Fault("not_json", path=PYTHON_TAGS, times=1))
        lookout = watching(scene, "library/python", "3.12")
        scene.push("library/python", "3.12")

        scene.advance(minutes=5)
        lookout.step()
        scene.advance(minutes=10)
        lookout.step()

        assert scene.images() == ["library/python:3.12"]

    def test_a_tag_that_does_not_exist_yet_is_told_when_it_comes(self, scene: Scene) -> None:
        lookout = watching(scene, "library/python", "3.12", "3.99")
        scene.push("library/python", "3.99")

        scene.advance(minutes=9)
        lookout.step()

        assert scene.images() == ["library/python:3.99"]

    def test_a_glob_of_a_foreign_namespace_is_a_listing(self, scene: Scene) -> None:
        scene.repository("bitnami/redis", "7")
        scene.repository("bitnami/kafka", "3")
        scene.subscribe("bitnami/kafka")
        lookout = watching(scene, "bitnami/r*")
        scene.push("bitnami/redis", "8")
        scene.push("bitnami/kafka", "4")

        scene.advance(minutes=9)
        lookout.step()

        listing = "/v2/namespaces/bitnami/repositories"
        assert sorted(scene.asked()) == [listing, f"{listing}/kafka/tags", f"{listing}/redis/tags"]
        assert sorted(scene.images()) == ["bitnami/kafka:4", "bitnami/redis:8"]
        assert {source for _, _, source in scene.events()} == {"poll"}


class TestTrouble:
    def test_a_look_that_fails_starts_over_where_it_was(self, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
        lookout = watching(scene)
        pushed_at = scene.push("acme/api", "1.2")
        scene.hub.faults.add(Fault("unavailable", path=REPOSITORIES))

        lookout.look_now()
        lookout.step()
        failed = scene.sighting("acme/")
        scene.advance(minutes=5)
        lookout.step()
        scene.hub.faults.clear()
        scene.advance(minutes=5)
        lookout.step()

        assert (failed["seen_until"], failed["problem"]) == (START, "unavailable")
        assert warnings(caplog).count("lookout_looked") == 1
        assert scene.events() == [("acme/api:1.2", pushed_at, "listing")]
        assert scene.sighting("acme/")["problem"] is None

    def test_an_error_of_one_subject_does_not_stop_the_others(self, scene: Scene) -> None:
        scene.repository("other/app", "1")
        scene.subscribe("acme/*")
        scene.subscribe("other/*")
        lookout = scene.lookout("acme", "other")
        lookout.step()
        scene.advance(minutes=1)
        scene.push("acme/api", "1.2")
        scene.push("other/app", "2")
        scene.hub.faults.add(Fault("unavailable", path=REPOSITORIES))

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["other/app:2"]
        assert scene.sighting("acme/")["problem"] == "unavailable"

    def test_a_subject_that_makes_us_crash_does_not_stop_the_others(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        scene.subscribe("not a namespace/*")
        lookout = watching(scene)
        scene.push("acme/api", "1.2")

        lookout.look_now()
        scene.advance(hours=1)
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]
        assert scene.sighting("not a namespace/")["problem"] == "crashed"
        assert "lookout_look_crashed" in warnings(caplog)

    @pytest.mark.parametrize(
        ("fault", "problem", "moves_on"),
        [
            (Fault("redirect", path=f"{REPOSITORIES}/web/tags"), "unexpected_response", False),
            (Fault("unavailable", path=f"{REPOSITORIES}/web/tags"), "unavailable", False),
            (Fault("unavailable", path=f"{REPOSITORIES}/web/tags", status=404), "not_found", True),
            (Fault("unavailable", path=f"{REPOSITORIES}/web/tags", status=403), "forbidden", True),
        ],
    )
    def test_a_repository_that_is_not_shown_does_not_stop_the_others(
        self, scene: Scene, fault: Fault, problem: str, *, moves_on: bool
    ) -> None:
        lookout = watching(scene)
        scene.push("acme/web", "2.0")
        scene.advance(seconds=1)
        pushed_at = scene.push("acme/api", "1.2")
        scene.hub.faults.add(fault)

        lookout.look_now()
        lookout.step()

        sighting = scene.sighting("acme/")
        assert scene.images() == ["acme/api:1.2"]
        assert (sighting["problem"], sighting["seen_until"]) == (problem, pushed_at if moves_on else START)

    def test_an_outage_is_not_tried_for_every_repository(self, scene: Scene) -> None:
        for number in range(20):
            scene.repository(f"acme/app-{number}", "1.0")
        lookout = watching(scene)
        for number in range(20):
            scene.push(f"acme/app-{number}", "2.0")
        scene.hub.faults.add(Fault("unavailable", path=f"{REPOSITORIES}/"))

        lookout.look_now()
        lookout.step()

        assert len({path for path in scene.asked() if path != REPOSITORIES}) == 3
        assert scene.sighting("acme/")["problem"] == "unavailable"

    def test_repositories_that_are_out_of_order_here_and_there_are_no_outage(self, scene: Scene) -> None:
        for number in range(10):
            scene.repository(f"acme/app-{number}", "1.0")
        lookout = watching(scene)
        for number in range(10):
            scene.push(f"acme/app-{number}", "2.0")
            scene.advance(seconds=1)
        scene.hub.faults.add(Fault("unavailable", path=f"{REPOSITORIES}/app-[02468]/tags"))

        lookout.look_now()
        lookout.step()

        assert scene.images() == [f"acme/app-{number}:2.0" for number in (1, 3, 5, 7, 9)]

    def test_what_a_partial_listing_shows_is_told_and_the_rest_looked_for_again(self, scene: Scene) -> None:
        for number in range(150):
            scene.repository(f"acme/app-{number:03}", "1.0")
        lookout = watching(scene)
        for number in range(150):
            scene.push(f"acme/app-{number:03}", "2.0")
        scene.hub.faults.add(Fault("bad_next", path=f"{REPOSITORIES}$", times=1))

        lookout.look_now()
        lookout.step()
        partial, found = scene.sighting("acme/"), len(scene.events())
        scene.advance(minutes=5)
        lookout.step()

        assert (partial["problem"], partial["seen_until"], found) == ("partial", START, 100)
        assert len(scene.events()) == 150

    def test_with_a_refused_credential_public_pushes_are_told_and_private_ones_later(
        self, hub: HubSimulator, store: Store, clock: SettableClock
    ) -> None:
        hub.state.add_personal_token("ana", "dckr_pat_of_the_tests")
        hub.state.create_repository("acme", "secret", at=LONG_AGO, is_private=True)
        scene = Scene(hub, store, clock, token="dckr_pat_of_the_tests")
        scene.repository("acme/api", "1.0")
        lookout = watching(scene)
        scene.push("acme/secret", "1.0")
        scene.advance(minutes=20)
        scene.push("acme/api", "1.2")
        hub.set_tokens_active(is_active=False)

        lookout.look_now()
        lookout.step()
        without, problem = scene.images(), scene.sighting("acme/")["problem"]
        hub.set_tokens_active(is_active=True)
        scene.advance(hours=2)
        lookout.step()
        scene.close()

        assert (without, problem) == (["acme/api:1.2"], "credential_refused")
        assert scene.images() == ["acme/secret:1.0", "acme/api:1.2"]

    def test_a_clock_that_is_set_back_does_not_stall_it(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.push("acme/api", "1.2")
        lookout.look_now()
        lookout.step()

        scene.clock.set_back(hours=3)
        lookout.step()
        scene.push("acme/api", "1.3")
        scene.advance(hours=1)
        lookout.step()

        assert scene.images() == ["acme/api:1.3", "acme/api:1.2"]

    @pytest.mark.parametrize("hours", [-1, 1])
    def test_docker_hubs_clock_may_be_another(self, scene: Scene, hours: int) -> None:
        lookout = watching(scene)
        scene.advance(hours=2)
        lookout.step()

        scene.push("acme/api", "1.2", at=scene.clock.now() + timedelta(hours=hours))
        scene.advance(hours=1)
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]

    def test_a_database_that_is_away_is_logged_once_and_waited_for(
        self,
        hub: HubSimulator,
        tmp_path: Path,
        opening: OpenStore,
        clock: SettableClock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        store = opening(f"sqlite:///{tmp_path}/test.db", now=clock.now, wait_seconds=0.01)
        upgrade(store)
        scene = Scene(hub, store, clock)
        scene.repository("acme/api", "1.0")
        lookout = watching(scene)
        scene.push("acme/api", "1.2")
        locked = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")

        lookout.look_now()
        for _ in range(3):
            lookout.guarded_step()
        while_away = scene.events()
        locked.close()
        lookout.step()
        scene.close()

        assert (while_away, scene.images()) == ([], ["acme/api:1.2"])
        assert warnings(caplog) == ["loop_waits_for_database"]


class TestSeveralProcesses:
    def test_of_two_one_looks(self, either: Scene) -> None:
        either.subscribe("library/python", "3.12")
        first, second = either.lookout(), either.lookout()

        first.step()
        second.step()
        either.advance(minutes=10)
        second.step()
        first.step()

        assert either.asked() == [f"{PYTHON_TAGS}/3.12"] * 2

    def test_what_both_find_is_told_once(self, either: Scene) -> None:
        first = watching(either)
        second = either.lookout()
        either.push("acme/api", "1.2")

        first.look_now()
        first.step()
        second.step()

        assert either.images() == ["acme/api:1.2"]


class TestThread:
    def test_it_looks_when_it_is_asked_to_and_ends_when_it_is_told_to(self, scene: Scene) -> None:
        scene.subscribe("acme/*")
        lookout = scene.lookout()

        lookout.start()
        wait_until(lambda: _is_seen(scene, "acme/"))
        scene.advance(minutes=1)
        scene.push("acme/api", "1.2")
        lookout.look_now()
        wait_until(scene.events)

        was_alive = lookout.is_alive
        assert lookout.stop(5.0)
        assert (was_alive, lookout.is_alive) == (True, False)

    def test_it_survives_what_should_never_happen(self, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
        scene.subscribe("acme/*")
        scene.store.write(subscriptions.drop)
        lookout = scene.lookout()

        lookout.guarded_step()
        lookout.guarded_step()

        assert len(warnings(caplog)) == 1

    def test_one_that_never_started_can_be_stopped(self, scene: Scene) -> None:
        assert scene.lookout().stop(0.0)


def _is_seen(scene: Scene, subject: str) -> bool:
    with scene.store.read() as connection:
        found = connection.execute(select(sightings.c.looked_at).where(sightings.c.subject == subject)).scalar()
    return found is not None


class TestHostileData:
    @pytest.mark.parametrize("pusher", ["<!channel>", "x" * 100_000, "a\0b", "\u202eevil", "line\nbreak"])
    def test_any_pusher_can_be_stored(self, scene: Scene, pusher: str) -> None:
        lookout = watching(scene)
        scene.push("acme/api", "1.2", pusher=pusher)

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]

    @pytest.mark.parametrize("tag", ["../../x", "<!channel>", "x" * 129, "a b", "a\0"])
    def test_what_can_be_no_tag_is_left_out(self, scene: Scene, tag: str) -> None:
        lookout = watching(scene)
        scene.push("acme/api", tag)
        scene.push("acme/api", "1.2")

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]

    def test_a_push_of_the_next_century_silences_nothing(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.push("acme/api", "1.2", at=datetime(2099, 1, 1, tzinfo=UTC))
        scene.push("acme/web", "2.0")
        lookout.look_now()
        lookout.step()
        scene.advance(hours=2)
        scene.push("acme/api", "1.2")
        scene.push("acme/web", "2.1")

        lookout.step()

        assert scene.images() == ["acme/web:2.0", "acme/api:1.2", "acme/web:2.1"]
        assert scene.sighting("acme/")["seen_until"] <= scene.clock.now() + timedelta(minutes=2)

    def test_names_that_are_none_are_left_out(self, scene: Scene) -> None:
        lookout = watching(scene)
        scene.repository("acme/bad name", "1")
        scene.hub.state.repositories["acme"]["bad name"].pushed_at = scene.clock.now()
        scene.push("acme/api", "1.2")

        lookout.look_now()
        lookout.step()

        assert scene.images() == ["acme/api:1.2"]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["acme/api", "acme/web"]),
            st.sampled_from(["1", "2", "3"]),
            st.sampled_from(["told", "lost"]),
            st.sampled_from([0, 1, 3]),
            st.floats(3, 2_000),
        ),
        max_size=12,
    )
)
def test_every_push_that_is_still_there_is_told_and_none_twice(
    history: list[tuple[str, str, str, int, float]],
) -> None:
    """Webhooks come or do not, looks happen or do not: in the end all that Docker Hub shows was told, once."""
    clock = SettableClock(START)
    with make_hub(clock) as hub:
        store = open_store("sqlite://", now=clock.now)
        upgrade(store)
        scene = Scene(hub, store, clock)
        scene.repository("acme/api")
        scene.repository("acme/web")
        lookout = watching(scene)
        pushed: dict[tuple[str, str], datetime] = {}
        for path, tag, fate, looks, seconds in history:
            pushed[path, tag] = scene.push(path, tag)
            if fate == "told":
                scene.webhook(path, tag, pushed[path, tag])
            for _ in range(looks):
                lookout.look_now()
                lookout.step()
            scene.advance(seconds=seconds)

        lookout.look_now()
        lookout.step()

        told = scene.events()
        scene.close()
        store.close()
    for (path, tag), pushed_at in pushed.items():
        near = [
            moment
            for image, moment, _ in told
            if image == f"{path}:{tag}" and abs(moment - pushed_at) <= timedelta(seconds=1)
        ]
        assert len(near) == 1
