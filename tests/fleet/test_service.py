"""Reading some repositories, and some images, for somebody who waits."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from bot.clock import FrozenClock
from bot.errors import RateLimitedError
from bot.fleet.model import ImageName, Scope
from bot.images import RepositoryName
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from tests.fleet.scene import API, LONG_AGO, Scene, make_hub
from tests.support.databases import open_database

WEB = RepositoryName("acme", "web")
PYTHON = RepositoryName("library", "python")


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    with make_hub(clock) as simulator:
        yield simulator


@pytest.fixture
def scene(hub: HubSimulator, clock: FrozenClock) -> Iterator[Scene]:
    with closing(open_database(clock.now)) as store:
        scene = Scene(hub, store, clock)
        yield scene
        scene.close()


def test_a_listing_reads_no_tags(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("acme/web")

    listed = scene.fleet.listing("acme").repositories

    assert [(each.name, each.pushed_at, each.read_at) for each in listed] == [(API, LONG_AGO, None), (WEB, None, None)]
    assert scene.requests() == ["acme/repositories"]
    assert scene.unchecked()["acme/api"] == "its tags were not read yet"


def test_a_listing_that_a_limit_cuts_short_says_so(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock, rate_limit=1) as hub:
        scene = Scene(hub, store, clock)
        for number in range(150):
            scene.repository(f"acme/r{number:03}")

        listed = scene.fleet.listing("acme")

        assert isinstance(listed.error, RateLimitedError)
        assert len(listed.repositories) == len(scene.names()) == 100
        scene.close()


def test_after_a_listing_only_what_was_pushed_to_is_read(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("acme/web", "1.0")
    scene.fleet.listing("acme")
    scene.fleet.read([API, WEB])
    scene.pass_time(minutes=30)
    scene.push("acme/web", "1.1")
    scene.fleet.listing("acme")
    scene.requests()

    report = scene.fleet.read([API, WEB])

    assert (report.read, report.requests, report.failed) == (1, 1, ())
    assert scene.requests() == ["acme/repositories/web/tags"]


def test_what_was_not_listed_lately_is_asked_itself(scene: Scene) -> None:
    scene.repository("library/python", "3.11", "3.12")

    for _ in range(2):
        assert scene.fleet.read([PYTHON]).read == 1
        scene.pass_time(minutes=1)

    assert scene.tags(PYTHON) == ["3.12", "3.11"]
    assert scene.one(PYTHON).pushed_at == LONG_AGO + timedelta(hours=1)


def test_fresh_pull_times_are_read_although_nothing_was_pushed(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(minutes=5)
    hub.state.pull_tag("acme/api", "1.0", at=scene.clock.now())
    scene.pass_time(minutes=1)
    scene.fleet.listing("acme")

    assert scene.fleet.read([API]).read == 0
    assert scene.fleet.read([API], is_fresh=True).read == 1
    assert scene.snapshots_of()[0].pulled_at == scene.clock.now() - timedelta(minutes=1)


def test_the_newest_page_is_enough_unless_all_tags_are_wanted(scene: Scene) -> None:
    scene.fill("acme/api", 250)
    scene.push("acme/api", "latest", at=LONG_AGO - timedelta(days=1))
    scene.fleet.listing("acme")

    assert scene.fleet.read([API]).requests == 2
    assert (len(scene.tags()), scene.representatives()) == (101, ["acme/api:latest"])
    assert not scene.one().has_all_tags
    assert scene.fleet.read([API]).requests == 0
    assert scene.fleet.read([API], all_tags=True).requests == 3
    assert (len(scene.tags()), scene.one().has_all_tags) == (251, True)
    assert scene.fleet.read([API], all_tags=True).requests == 0


def test_repositories_that_cannot_be_read_are_named(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")

    report = scene.fleet.read([API, WEB])

    assert (report.read, report.failed, report.is_partial) == (1, (WEB,), False)
    assert [each.subject for each in report.unchecked] == ["acme/web"]


def test_what_a_limit_kept_from_being_read_is_named_too(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock, rate_limit=3) as hub:
        scene = Scene(hub, store, clock)
        names = [RepositoryName("acme", f"r{number}") for number in range(8)]
        for name in names:
            scene.repository(str(name), "1.0")

        report = scene.fleet.read(names)

        assert (report.is_partial, report.read, len(report.failed)) == (True, 3, 5)
        assert report.retry_at is not None
        scene.close()


def test_images_take_one_request_each(scene: Scene) -> None:
    scene.repository("library/python", "3.11", "3.12")
    scene.repository("acme/api", "1.0", "1.1")
    wanted = [ImageName(PYTHON, "3.11"), ImageName(API), ImageName(API, "9")]

    found, unchecked = scene.fleet.images(wanted)

    assert {str(image): tag.name for image, tag in found.items()} == {"python:3.11": "3.11", "acme/api": "1.1"}
    assert [each.subject for each in unchecked] == ["acme/api:9"]
    assert sorted(scene.requests()) == [
        "acme/repositories/api/tags",
        "acme/repositories/api/tags/9",
        "library/repositories/python/tags/3.11",
    ]
    scope = Scope(images=tuple(wanted))
    assert scene.representatives(scope) == ["python:3.11", "acme/api:1.1"]
    assert list(scene.unchecked(scope)) == ["acme/api:9"]


def test_an_image_that_is_no_more_is_forgotten(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("library/python", "3.11")
    image = ImageName(PYTHON, "3.11")
    scene.fleet.images([image])
    scene.pass_time(hours=2)
    hub.state.delete_tag("library/python", "3.11")

    found, unchecked = scene.fleet.images([image])

    assert (found, [each.subject for each in unchecked], scene.tags(PYTHON)) == ({}, ["python:3.11"], [])


def test_images_that_a_limit_kept_from_being_read_are_said(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock, rate_limit=2) as hub:
        scene = Scene(hub, store, clock)
        scene.repository("library/python", *(f"3.{number}" for number in range(6)))

        found, unchecked = scene.fleet.images([ImageName(PYTHON, f"3.{number}") for number in range(6)])

        assert (len(found), len(unchecked)) == (2, 4)
        assert all(each.why.startswith("Docker Hub has no requests left until") for each in unchecked)
        scene.close()


def test_an_outage_keeps_what_is_known_of_an_image(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("library/python", "3.11")
    scope = Scope(images=(ImageName(PYTHON, "3.11"),))
    scene.fleet.look(scope)
    scene.pass_time(hours=2)
    hub.faults.add(Fault("unavailable"))

    assert not scene.fleet.look(scope)

    assert scene.representatives(scope) == ["python:3.11"]
    assert scene.unchecked(scope) == {"python:3.11": "Docker Hub did not answer"}


def test_knowledge_that_is_old_is_said(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("library/python", "3.11")
    scope = Scope(("acme",), (ImageName(PYTHON, "3.11"),))
    assert scene.unchecked(scope) == {
        "acme": "it was not looked through yet",
        "python:3.11": "it was not looked at yet",
    }
    assert scene.fleet.look(scope)
    assert scene.unchecked(scope) == {}
    scene.pass_time(hours=4)

    assert scene.unchecked(scope) == {
        "acme": "it was last looked through at 12:00 UTC on 2026-11-21",
        "python:3.11": "it was last looked at on 2026-11-21 at 12:00 UTC",
    }
    assert not scene.fleet.is_fresh(scope, scene.clock.now())
    scene.fleet.look(scope)
    assert scene.fleet.is_fresh(scope, scene.clock.now())


def test_a_push_that_was_listed_and_not_read_is_said(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(minutes=30)
    scene.push("acme/api", "1.1")
    scene.fleet.listing("acme")

    assert scene.unchecked() == {"acme/api": "its last push was not read yet"}


def test_an_image_is_as_fresh_as_the_sweep_of_its_namespace(scene: Scene) -> None:
    scene.repository("acme/api", "prod")
    own = Scope(images=(ImageName(API, "prod"), ImageName(API, "soon")))
    scene.fleet.look(own)
    assert scene.unchecked(own) == {"acme/api:soon": "Docker Hub does not show it (asked with no credential)"}
    scene.pass_time(hours=5)
    scene.push("acme/api", "soon")
    assert not scene.fleet.is_fresh(own, scene.clock.now())

    scene.fleet.sweep("acme")

    assert scene.fleet.is_fresh(own, scene.clock.now())
    assert scene.unchecked(own) == {}
    scene.pass_time(hours=4)
    assert scene.unchecked(own) == dict.fromkeys(
        ("acme/api:prod", "acme/api:soon"), "it was last looked at on 2026-11-21 at 17:00 UTC"
    )


def test_a_sweep_tells_of_a_named_tag_that_it_is_not_there_or_could_not_be_read(
    scene: Scene, hub: HubSimulator
) -> None:
    scene.repository("acme/api", "prod")
    scene.repository("acme/web", "prod")
    hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/web/tags"))

    scene.fleet.sweep("acme")

    assert scene.unchecked(Scope(images=(ImageName(API, "1"), ImageName(WEB, "prod")))) == {
        "acme/api:1": "there is no such tag",
        "acme/web:prod": "Docker Hub did not answer",
    }


def test_to_hasten_an_image_hastens_the_sweep_that_looks_at_it(scene: Scene) -> None:
    scene.repository("acme/api", "prod")
    scene.fleet.sweep("acme")
    everything = Scope(("acme",), (ImageName(API, "prod"),))
    assert scene.fleet.namespaces_due(everything) == []

    scene.fleet.hasten(Scope(images=(ImageName(API, "prod"),)))

    assert scene.fleet.namespaces_due(everything) == ["acme"]
    assert scene.fleet.images_due(everything) == []


def test_what_was_read_after_a_look_that_failed_is_known(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("library/python", "3.11")
    named = Scope(images=(ImageName(PYTHON, "3.11"),))
    hub.faults.add(Fault("unavailable", path=".*/tags/3.11"))
    scene.fleet.images(named.images)
    assert scene.unchecked(named) == {"python:3.11": "Docker Hub did not answer"}
    scene.pass_time(minutes=1)

    scene.fleet.read([PYTHON])

    assert scene.unchecked(named) == {}
