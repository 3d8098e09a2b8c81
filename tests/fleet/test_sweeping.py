"""What is read of a namespace, and what is made of what is not there."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.clock import FrozenClock
from bot.errors import NotFoundError
from bot.fleet.crew import StoppedError
from bot.fleet.model import Scope
from bot.images import RepositoryName
from bot.progress import Progress
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.unknowns import Unknowns
from bot.store.base import Store
from bot.store.tables import sweeps
from tests.fleet.scene import LONG_AGO, Scene, make_hub
from tests.support.databases import open_database
from tests.support.unknowns import positions_of_reading

WEB = RepositoryName("acme", "web")
OAT = "dckr_oat_of_acme_for_the_tests"
PAT = "dckr_pat_of_ana_for_the_tests"


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    with make_hub(clock) as simulator:
        yield simulator


@pytest.fixture
def both(hub: HubSimulator, store: Store, clock: FrozenClock) -> Iterator[Scene]:
    """On both databases."""
    scene = Scene(hub, store, clock)
    yield scene
    scene.close()


@pytest.fixture
def scene(hub: HubSimulator, clock: FrozenClock) -> Iterator[Scene]:
    """On a database in memory, where rows are not what is tested."""
    store = open_database(clock.now)
    scene = Scene(hub, store, clock)
    yield scene
    scene.close()
    store.close()


def test_a_first_sweep_reads_everything_with_a_request_for_each_repository(both: Scene) -> None:
    for number in range(30):
        both.repository(f"acme/r{number:02}", "1.0", "1.1")

    report = both.fleet.sweep("acme")

    assert (report.repositories, report.changed, report.read, report.requests) == (30, 30, 30, 31)
    assert (report.is_partial, report.unchecked, report.is_listed) == (False, (), True)
    assert len(both.requests()) == 31
    assert both.representatives() == [f"acme/r{number:02}:1.1" for number in range(30)]
    assert both.unchecked() == {}


def test_an_unchanged_namespace_costs_its_listing_alone(scene: Scene) -> None:
    for number in range(130):
        scene.repository(f"acme/r{number:03}", "1.0")
    scene.fleet.sweep("acme")
    scene.requests()
    scene.pass_time(hours=1)

    report = scene.fleet.sweep("acme")

    assert (report.changed, report.read, report.requests) == (0, 0, 2)
    assert scene.requests() == ["acme/repositories"] * 2


def test_only_what_was_pushed_to_is_read_again(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("acme/web", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(hours=1)
    pushed_at = scene.push("acme/web", "1.1")
    scene.requests()

    report = scene.fleet.sweep("acme")

    assert (report.changed, report.read) == (1, 1)
    assert scene.requests() == ["acme/repositories", "acme/repositories/web/tags"]
    newest = scene.snapshots_of(WEB)[0]
    assert (newest.name, newest.pushed_at) == ("1.1", pushed_at)


def test_what_is_kept_of_a_tag(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api")
    hub.push("acme/api", "1.0", platforms=["linux/amd64", "linux/arm64/v8"], sizes=[10, 30], at=LONG_AGO)
    hub.state.pull_tag("acme/api", "1.0", at=LONG_AGO + timedelta(days=1))
    scene.pass_time(minutes=5)

    scene.fleet.sweep("acme")

    (tag,) = scene.snapshots_of()
    pushed_at = hub.state.repository("acme/api").tags["1.0"].pushed_at
    assert (tag.pushed_at, tag.pulled_at) == (pushed_at, LONG_AGO + timedelta(days=1))
    assert (tag.size_bytes, [each.platform for each in tag.platforms]) == (30, ["linux/amd64", "linux/arm64/v8"])
    assert (tag.content_type, tag.read_at) == ("image", scene.clock.now())
    assert (scene.one().is_private, scene.one().pushed_at, scene.one().was_never_pushed) == (False, pushed_at, False)


def test_a_repository_without_pushes_is_read_once(scene: Scene) -> None:
    scene.repository("acme/api")

    reports = [scene.fleet.sweep("acme") for _ in range(2)]

    assert [report.read for report in reports] == [1, 0]
    assert scene.one().was_never_pushed
    assert scene.representatives() == []


def test_a_deleted_tag_goes_with_the_next_push(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0", "1.1", "1.2")
    scene.fleet.sweep("acme")
    scene.pass_time(hours=2)
    hub.state.delete_tag("acme/api", "1.1")
    scene.push("acme/api", "1.3")

    scene.fleet.sweep("acme")

    assert scene.tags() == ["1.3", "1.2", "1.0"]


def test_a_full_sweep_finds_deleted_tags_and_pulls_that_no_listing_tells_of(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0", "1.1")
    scene.fleet.sweep("acme")
    scene.pass_time(hours=2)
    hub.state.delete_tag("acme/api", "1.1")
    hub.state.pull_tag("acme/api", "1.0", at=scene.clock.now())
    assert scene.fleet.sweep("acme").read == 0

    report = scene.fleet.sweep("acme", is_full=True)

    assert (report.read, report.is_full) == (1, True)
    (tag,) = scene.snapshots_of()
    assert (tag.name, tag.pulled_at) == ("1.0", scene.clock.now())


def test_a_deleted_repository_goes_after_its_own_404(both: Scene, hub: HubSimulator) -> None:
    both.repository("acme/api", "1.0")
    both.repository("acme/web", "1.0")
    both.fleet.sweep("acme")
    both.pass_time(hours=1)
    hub.state.delete_repository("acme/web")
    both.requests()

    report = both.fleet.sweep("acme")

    assert report.gone == ("acme/web",)
    assert both.requests() == ["acme/repositories", "acme/repositories/web"]
    assert (both.names(), both.tags(WEB)) == (["acme/api"], [])


def test_a_repository_that_only_the_listing_lacks_stays(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("acme/web", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(hours=1)
    hidden = hub.state.repository("acme/web")
    hidden.is_private = True
    scene.hub.unknowns = Unknowns(private_repository="403")

    report = scene.fleet.sweep("acme")

    assert report.gone == ()
    assert scene.names() == ["acme/api", "acme/web"]
    assert scene.unchecked() == {"acme/web": "Docker Hub does not allow it with no credential"}


def test_a_private_repository_that_nobody_shows_us_any_more_stays(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock) as hub:
        hub.state.add_personal_token("ana", PAT)
        scene = Scene(hub, store, clock, token=PAT)
        scene.repository("acme/api", "1.0", is_private=True)
        scene.fleet.sweep("acme")
        scene.pass_time(hours=1)
        hub.set_tokens_active(is_active=False)

        report = scene.fleet.sweep("acme")

        assert (report.gone, scene.names(), scene.tags()) == ((), ["acme/api"], ["1.0"])
        unchecked = scene.unchecked()
        assert unchecked["acme/api"].startswith("Docker Hub does not show it (asked with no credential")
        assert "the PAT of ana" in unchecked["private repositories of acme"]
        scene.close()


def test_private_repositories_that_the_list_leaves_out_are_asked_for_once_a_day(
    store: Store, clock: FrozenClock
) -> None:
    with make_hub(clock) as hub:
        hub.state.add_organization_token("acme", OAT, ("scope-repository-read", "scope-tag-read"))
        scene = Scene(hub, store, clock, token=OAT, user="acme")
        for number in range(3):
            scene.repository(f"acme/p{number}", "1.0", is_private=True)
            scene.fleet.read([RepositoryName("acme", f"p{number}")])
        scene.fleet.sweep("acme")
        for hours in (1, 1, 23):
            scene.pass_time(hours=hours)
            scene.requests()
            assert scene.fleet.sweep("acme").requests == (1 if hours == 1 else 4)
        assert len(scene.names()) == 3
        scene.close()


def test_a_private_repository_without_any_credential_is_not_known(scene: Scene) -> None:
    scene.repository("acme/api", "1.0", is_private=True)

    assert (scene.fleet.sweep("acme").repositories, scene.names()) == (0, [])


def test_a_push_that_the_tags_do_not_show_yet_is_looked_for_again(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(minutes=10)
    hub.state.repository("acme/api").pushed_at = scene.clock.now()

    reads = []
    for _ in range(8):
        reads.append(scene.fleet.sweep("acme").read)
        scene.pass_time(minutes=15)

    # Four times within the hour, once more when it is over, and not for ever.
    assert reads == [1, 1, 1, 1, 1, 1, 0, 0]


def test_a_push_that_shows_up_later_is_found(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(minutes=10)
    hub.state.repository("acme/api").pushed_at = scene.clock.now()
    scene.fleet.sweep("acme")
    scene.push("acme/api", "1.1")
    scene.pass_time(minutes=2)

    assert [scene.fleet.sweep("acme").read for _ in range(2)] == [1, 0]
    assert scene.tags() == ["1.1", "1.0"]


def test_a_page_that_lags_takes_nothing_away(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.fleet.sweep("acme")
    scene.pass_time(minutes=10)
    scene.push("acme/api", "1.0")
    scene.push("acme/api", "1.1")
    scene.fleet.sweep("acme")
    known = scene.snapshots_of()
    scene.pass_time(minutes=10)
    # Another server of Docker Hub's, which has not heard of it yet.
    stale = hub.state.repository("acme/api")
    stale.tags = {"1.0": stale.former["1.0"][-1]}

    scene.fleet.sweep("acme", is_full=True)

    assert [(tag.name, tag.digest) for tag in scene.snapshots_of()] == [(tag.name, tag.digest) for tag in known]


def test_a_large_repository_is_read_as_far_back_as_needed(scene: Scene, hub: HubSimulator) -> None:
    scene.fill("acme/api", 350)
    scene.push("acme/api", "latest", at=LONG_AGO - timedelta(days=1))
    assert scene.fleet.sweep("acme").requests == 1 + 4
    scene.requests()
    scene.pass_time(hours=2)
    scene.push("acme/api", "new")

    scene.fleet.sweep("acme")

    # One page, and the tag that stands for the repository.
    assert scene.requests() == [
        "acme/repositories",
        "acme/repositories/api/tags",
        "acme/repositories/api/tags/latest",
    ]
    assert (len(scene.tags()), scene.tags()[0], scene.one().has_all_tags) == (352, "new", True)


def test_tags_deleted_on_later_pages_are_asked_for_one_by_one(both: Scene, hub: HubSimulator) -> None:
    both.fill("acme/api", 350)
    both.fleet.sweep("acme")
    both.pass_time(hours=2)
    for tag in ("t0003", "t0120", "t0349"):
        hub.state.delete_tag("acme/api", tag)
    both.requests()

    both.fleet.sweep("acme", is_full=True)

    assert {"t0003", "t0120", "t0349"}.isdisjoint(both.tags())
    assert len(both.tags()) == 347
    asked = [path.rpartition("/")[2] for path in both.requests() if "/tags/t" in path]
    assert sorted(asked) == ["t0003", "t0120"]


def test_latest_that_was_deleted_stands_for_nothing_any_more(scene: Scene, hub: HubSimulator) -> None:
    scene.fill("acme/api", 150)
    scene.push("acme/api", "latest", at=LONG_AGO - timedelta(days=1))
    scene.fleet.sweep("acme")
    scene.pass_time(hours=2)
    hub.state.delete_tag("acme/api", "latest")
    scene.push("acme/api", "new")

    scene.fleet.sweep("acme")

    assert scene.representatives() == ["acme/api:new"]


def test_a_giant_is_read_up_to_a_number_of_pages(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real number would be five thousand tags.
    monkeypatch.setattr("bot.fleet.reading.MOST_PAGES", 2)
    monkeypatch.setattr("bot.hub.paging.MOST_PAGES", 2)
    monkeypatch.setattr("bot.hub.paging.list_pages.__kwdefaults__", {"limit": None, "page_size": 100, "most_pages": 2})
    scene.fill("acme/api", 350)

    reports = [scene.fleet.sweep("acme") for _ in range(2)]

    assert [report.read for report in reports] == [1, 0]
    assert (len(scene.tags()), scene.one().has_all_tags, scene.one().problem) == (200, False, "")
    assert [each.subject for each in reports[0].unchecked] == ["acme/api"]


@pytest.mark.parametrize("name", positions_of_reading())
def test_whatever_docker_hub_turns_out_to_do(scene: Scene, name: str) -> None:
    scene.hub.unknowns = positions_of_reading()[name]
    scene.fill("acme/api", 130)
    scene.repository("acme/web", "1.0", "latest")
    scene.repository("acme/empty")
    scene.fleet.sweep("acme")
    scene.pass_time(hours=2)
    scene.push("acme/api", "new")
    scene.push("acme/web", "latest")
    scene.hub.state.delete_tag("acme/web", "1.0")
    scene.hub.state.delete_tag("acme/api", "t0129")
    scene.hub.state.delete_repository("acme/empty")

    report = scene.fleet.sweep("acme")

    assert not report.is_partial
    assert (len(scene.tags()), scene.tags(WEB), scene.names()) == (130, ["latest"], ["acme/api", "acme/web"])
    assert scene.representatives() == ["acme/api:new", "acme/web:latest"]
    scene.pass_time(hours=2)
    scene.fleet.sweep("acme")
    assert scene.fleet.sweep("acme").read == 0


def test_a_repository_that_cannot_be_read_is_kept_and_said_and_tried_again(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    scene.repository("acme/web", "1.0")
    hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/web/tags"))

    report = scene.fleet.sweep("acme")

    assert (report.read, report.is_partial) == (1, False)
    assert [(each.subject, each.why) for each in report.unchecked] == [("acme/web", "Docker Hub did not answer")]
    assert scene.unchecked() == {"acme/web": "Docker Hub did not answer"}
    hub.faults.clear()
    assert scene.fleet.sweep("acme").read == 1
    assert scene.unchecked() == {}


def test_where_docker_hub_is_away_the_sweep_ends_early(scene: Scene, hub: HubSimulator) -> None:
    for number in range(80):
        scene.repository(f"acme/r{number:02}", "1.0")
    hub.faults.add(Fault("unavailable", path=".*/tags"))

    report = scene.fleet.sweep("acme")

    assert (report.is_partial, report.retry_at, report.read) == (True, None, 0)
    assert 5 <= len(report.unchecked) < 80


def test_a_namespace_that_cannot_be_listed_is_said(scene: Scene) -> None:
    report = scene.fleet.sweep("nobody")

    assert (report.is_partial, report.is_listed) == (True, False)
    assert [each.subject for each in report.unchecked] == ["nobody"]
    assert "does not show it" in scene.unchecked(Scope(("nobody",)))["nobody"]
    assert isinstance(scene.fleet.listing("nobody").error, NotFoundError)


def test_a_limit_ends_a_sweep_that_somebody_waits_for(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock, rate_limit=20) as hub:
        scene = Scene(hub, store, clock)
        for number in range(50):
            scene.repository(f"acme/r{number:02}", "1.0")

        first = scene.fleet.sweep("acme")

        assert first.is_partial
        assert first.retry_at is not None
        assert clock.now() < first.retry_at <= clock.now() + timedelta(minutes=1, seconds=1)
        assert 0 < first.read <= 19
        assert scene.unchecked()["acme"] == "it was not looked through yet"
        scene.pass_time(minutes=2)
        second = scene.fleet.sweep("acme")
        assert second.changed == 50 - first.read
        scene.pass_time(minutes=2)
        third = scene.fleet.sweep("acme")
        assert (first.read + second.read + third.read, third.is_partial) == (50, False)
        scene.close()


def test_the_background_waits_for_limits_and_leaves_some_to_people(clock: FrozenClock) -> None:
    with closing(open_database(clock.now)) as store, make_hub(clock, rate_limit=40) as hub:
        scene = Scene(hub, store, clock)
        for number in range(100):
            scene.repository(f"acme/r{number:02}", "1.0")

        report = scene.fleet.sweep("acme", hub=scene.client.background())

        assert (report.read, report.is_partial) == (100, False)
        statuses = [request.status for request in hub.requests]
        assert statuses.count(429) == 0
        windows = {(request.when - hub.requests[0].when) // timedelta(minutes=1) for request in hub.requests}
        assert len(windows) == 3
        scene.close()


def test_a_429_in_the_middle_is_waited_out(scene: Scene, hub: HubSimulator) -> None:
    for number in range(40):
        scene.repository(f"acme/r{number:02}", "1.0")
    hub.faults.add(Fault("rate_limited", path=".*/r2.*/tags", times=3, retry_after_seconds=30))

    report = scene.fleet.sweep("acme", hub=scene.client.background())

    assert (report.read, report.is_partial) == (40, False)


def test_what_was_read_before_the_process_ended_stays_read(scene: Scene) -> None:
    for number in range(70):
        scene.repository(f"acme/r{number:03}", "1.0")
    looks = iter(range(10_000))

    with pytest.raises(StoppedError):
        scene.fleet.sweep_due("acme", hub=scene.client.background(), is_stopping=lambda: next(looks) > 30)

    known = sum(each.read_at is not None for each in scene.known())
    assert 0 < known < 70
    scene.requests()
    # Another process goes on at once.
    report = scene.another().sweep_due("acme", hub=scene.client.background(), is_stopping=lambda: False)
    assert report is not None
    assert (report.read, report.is_partial) == (70 - known, False)
    assert len(scene.requests()) == 1 + 70 - known


def test_a_full_sweep_that_was_cut_short_goes_on_where_it_was(scene: Scene) -> None:
    for number in range(70):
        scene.repository(f"acme/r{number:03}", "1.0")
    background = scene.client.background()
    scene.fleet.sweep_due("acme", hub=background, is_stopping=lambda: False)
    scene.pass_time(days=8)
    looks = iter(range(10_000))
    with pytest.raises(StoppedError):
        scene.fleet.sweep_due("acme", hub=background, is_stopping=lambda: next(looks) > 30)
    scene.pass_time(minutes=10)
    began = scene.clock.now() - timedelta(minutes=10)
    known = sum(each.read_at == began for each in scene.known())
    assert 0 < known < 70

    report = scene.fleet.sweep_due("acme", hub=background, is_stopping=lambda: False)

    assert report is not None
    assert (report.is_full, report.read) == (True, 70 - known)
    scene.pass_time(hours=2)
    following = scene.fleet.sweep_due("acme", hub=background, is_stopping=lambda: False)
    assert following is not None
    assert (following.is_full, following.read) == (False, 0)


def test_two_who_sweep_at_once_share_the_work(both: Scene, hub: HubSimulator) -> None:
    for number in range(240):
        both.repository(f"acme/r{number:03}", "1.0")
    hub.latency_seconds = 0.002
    reports = []

    def sweep() -> None:
        reports.append(both.another().sweep("acme"))

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reports) == 2
    assert not any(report.is_partial for report in reports)
    # What is on its way, and what is not written down yet, may be read twice.
    assert sum(report.read for report in reports) < 240 + 200
    assert len(both.representatives()) == 240
    assert both.unchecked() == {}


def test_the_background_leaves_a_namespace_alone_that_somebody_is_at(scene: Scene) -> None:
    scene.repository("acme/api", "1.0")
    lease = scene.fleet.sweeps.take("acme/", at_once=True)
    assert lease is not None

    assert scene.another().sweep_due("acme", hub=scene.client, is_stopping=lambda: False) is None
    # A person is not kept waiting.
    assert scene.another().sweep("acme").read == 1
    scene.pass_time(minutes=6)
    assert scene.another().sweep_due("acme", hub=scene.client, is_stopping=lambda: False) is not None


def test_progress_is_told_from_the_first_to_the_last(scene: Scene) -> None:
    for number in range(5):
        scene.repository(f"acme/r{number}", "1.0")
    told: list[Progress] = []

    scene.fleet.sweep("acme", progress=told.append)

    assert str(told[-1]) == "5 of 5 repositories read"


def test_entries_that_can_be_no_repository_are_left_out(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    hub.state.create_repository("acme", "..", at=LONG_AGO)

    assert (scene.fleet.sweep("acme").repositories, scene.names()) == (1, ["acme/api"])


def test_hostile_text_is_kept_harmless(scene: Scene, hub: HubSimulator) -> None:
    scene.repository("acme/api", "1.0")
    tag = hub.state.repository("acme/api").tags["1.0"]
    tag.digest, tag.content_type = "sha256:\0", "x" * 5_000

    scene.fleet.sweep("acme")

    (kept,) = scene.snapshots_of()
    assert (kept.digest, kept.content_type) == ("sha256:\ufffd", None)


def test_the_report_is_kept(both: Scene) -> None:
    both.repository("acme/api", "1.0")
    report = both.fleet.sweep("acme")

    with both.store.read() as connection:
        row = connection.execute(select(sweeps)).one()
        assert both.fleet.sweeps.known(connection, ["acme/"])["acme/"].report == report
    assert (row.ended_at, row.due_at) == (both.clock.now(), both.clock.now() + timedelta(hours=1))
    assert both.fleet.is_fresh(Scope(("acme",)), both.clock.now())
    assert not both.fleet.is_fresh(Scope(("acme", "other")), both.clock.now())
