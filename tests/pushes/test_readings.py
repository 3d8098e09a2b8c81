"""Reading pushes back, against the simulated Docker Hub and on both databases."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, func, select

from bot.clock import FrozenClock
from bot.images import RepositoryName
from bot.pushes import claims
from bot.pushes.growth import LAST_PUSH, Limit, Thresholds
from bot.pushes.model import ReadingState, TagImage
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image, digest_of
from bot.sandbox.hub.unknowns import Unknowns
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.errors import StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.tables import events, images
from tests.pushes.reading import API, LONG_AGO, NOW, ReadingDesk
from tests.store.conftest import OpenStore
from tests.support.unknowns import positions_of_reading
from tests.support.waiting import wait_until

T = TypeVar("T")
CONFIRMED = ("confirmed", None)
SECOND = timedelta(seconds=1)


class WallClock(FrozenClock):
    """A clock of which somebody can set the wall time, and nobody the other one."""

    def set_back(self, seconds: float) -> None:
        self._at -= seconds


@pytest.fixture
def clock() -> WallClock:
    return WallClock(NOW)


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    with HubSimulator(HubState(), now=clock.now) as simulator:
        yield simulator


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    """SQLite: most of what is said here does not depend on the database. What does is said on both."""
    store = open_store("sqlite://", now=clock.now)
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def desk(store: Store, hub: HubSimulator, clock: FrozenClock) -> Iterator[ReadingDesk]:
    desk = ReadingDesk(store, hub, clock)
    yield desk
    desk.client.close()


@pytest.fixture
def shared(opening: OpenStore, url: str, hub: HubSimulator, clock: FrozenClock) -> Iterator[ReadingDesk]:
    """The same on each database."""
    store = opening(url, now=clock.now)
    upgrade(store)
    desk = ReadingDesk(store, hub, clock)
    yield desk
    desk.client.close()


def image(number: int, platform: str = "amd64", size_bytes: int = 30_000_000) -> Image:
    return Image("linux", platform, digest=digest_of(f"{platform} {number}"), size_bytes=size_bytes)


def test_a_push_is_confirmed_with_its_image_by_one_request(shared: ReadingDesk) -> None:
    pushed = shared.push(images=[image(1), image(1, "arm64", 20_000_000)])
    event = shared.hear()

    shared.play(6)

    assert shared.state(event) == CONFIRMED
    assert shared.row(event).reading_due_at is None
    reading = shared.reading(event)
    assert reading.image is not None
    assert (reading.image.digest, reading.image.pushed_at) == (pushed.digest, NOW)
    assert [(each.platform, each.size_bytes) for each in reading.image.platforms] == [
        ("linux/amd64", 30_000_000),
        ("linux/arm64", 20_000_000),
    ]
    assert (reading.previous, reading.growths, reading.is_overtaken) == (None, (), False)
    assert shared.told == [event]
    assert shared.paths() == ["acme/repositories/api/tags/1.0"]


def test_nothing_is_asked_before_five_quiet_seconds(desk: ReadingDesk) -> None:
    desk.push()
    desk.hear()

    desk.play(4.9)
    assert desk.paths() == []

    desk.play(0.2)
    assert len(desk.paths()) == 1


def test_an_unwanted_push_is_not_read(desk: ReadingDesk) -> None:
    desk.push()
    event = desk.hear(reading_state=ReadingState.UNWANTED.value, reading_due_at=None)

    desk.play(30)

    assert desk.paths() == []
    assert desk.state(event) == ("unwanted", None)


def test_six_webhooks_of_one_push_of_several_platforms_are_one_request(desk: ReadingDesk) -> None:
    heard = []
    for number in range(6):
        desk.push(images=[image(1), image(1, "arm64")])
        heard.append(desk.hear())
        desk.play(0.9 + number * 0.01)

    desk.play(10)

    assert len(desk.paths()) == 1
    assert [desk.state(event) for event in heard] == [CONFIRMED] * 6
    assert not any(desk.reading(event).is_overtaken for event in heard)
    assert sorted(desk.told) == heard


def test_webhooks_that_never_cease_are_read_after_twenty_seconds(desk: ReadingDesk) -> None:
    for _ in range(12):
        desk.push()
        desk.hear()
        desk.play(2)

    assert len(desk.paths()) == 1


def test_twenty_tags_of_one_repository_are_one_request(desk: ReadingDesk) -> None:
    heard = []
    for number in range(20):
        desk.push(f"1.{number}")
        heard.append(desk.hear(f"1.{number}"))
        desk.play(0.4)

    desk.play(10)

    assert desk.paths() == ["acme/repositories/api/tags"]
    assert {desk.state(event) for event in heard} == {CONFIRMED}
    assert len({desk.reading(event).image for event in heard}) == 20


def test_two_tags_are_asked_for_one_by_one(desk: ReadingDesk) -> None:
    for tag in ("1.0", "latest"):
        desk.push(tag)
        desk.hear(tag)

    desk.play(6)

    assert desk.paths() == ["acme/repositories/api/tags/1.0", "acme/repositories/api/tags/latest"]


def test_tags_far_down_the_listing_are_found(desk: ReadingDesk) -> None:
    heard = []
    for number in range(150):
        desk.push(f"1.{number}")
        heard.append(desk.hear(f"1.{number}"))
    for number in range(300):
        desk.push(f"old-{number}", at=LONG_AGO)

    desk.play(6)

    assert {desk.state(event) for event in heard} == {CONFIRMED}
    assert len(desk.paths()) == 6  # One page, which was not enough, and those of the longer listing that there are.


def test_what_a_long_listing_does_not_show_is_asked_for_in_part(desk: ReadingDesk) -> None:
    for number in range(150):
        desk.push(f"old-{number}", at=LONG_AGO + timedelta(minutes=number))
    heard = [desk.hear(f"1.{number}") for number in range(8)]

    desk.play(6)

    assert len(desk.paths()) == 1 + 5
    assert [desk.state(event) for event in heard] == [("waiting", "absent")] * 5 + [("waiting", "older")] * 3


def test_what_a_short_listing_does_not_show_is_absent(desk: ReadingDesk) -> None:
    desk.push("old", at=LONG_AGO)
    heard = [desk.hear(f"1.{number}") for number in range(8)]

    desk.play(6)

    assert desk.paths() == ["acme/repositories/api/tags"]
    assert {desk.state(event) for event in heard} == {("waiting", "absent")}


def test_tags_that_lag_together_are_read_together_again(desk: ReadingDesk) -> None:
    desk.readings = desk.reader(draw=itertools.cycle([0.0, 0.3, 1.0]).__next__)
    heard = []
    for number in range(20):
        desk.push(f"1.{number}", at=LONG_AGO)
        heard.append(desk.hear(f"1.{number}"))

    desk.play(20)
    for number in range(20):
        desk.push(f"1.{number}", at=NOW)
    desk.play(31)

    assert {desk.state(event) for event in heard} == {CONFIRMED}
    assert set(desk.paths()) == {"acme/repositories/api/tags"}
    assert len(desk.paths()) <= 5


def test_a_push_that_docker_hub_shows_late_is_told_at_first_and_when_it_is_confirmed(desk: ReadingDesk) -> None:
    old = desk.push(at=LONG_AGO)
    event = desk.hear()

    desk.play(60)
    assert desk.state(event) == ("waiting", "older")
    assert desk.told == [event]

    new = desk.push(at=NOW)
    desk.play(31)

    assert desk.state(event) == CONFIRMED
    assert desk.told == [event, event]
    reading = desk.reading(event)
    assert reading.image is not None
    assert reading.previous is not None
    assert (reading.image.digest, reading.previous.digest) == (new.digest, old.digest)


def test_the_pauses_between_attempts_double_up_to_half_a_minute(desk: ReadingDesk) -> None:
    desk.push(at=LONG_AGO)
    desk.hear()

    desk.play(120)

    asked = [(request.when - NOW).total_seconds() for request in desk.hub.requests]
    assert asked == pytest.approx([5, 7, 11, 19, 35, 65, 95], abs=0.5)


def test_a_tag_that_never_comes_is_given_up_after_a_quarter_of_an_hour(desk: ReadingDesk) -> None:
    desk.repository()
    event = desk.hear()

    desk.play(15 * 60 - 31)
    assert desk.state(event) == ("waiting", "absent")

    desk.play(62)
    assert desk.state(event) == ("unconfirmed", "absent")
    assert desk.told == [event, event]

    asked = len(desk.paths())
    desk.play(120)
    assert len(desk.paths()) == asked


@pytest.mark.parametrize("tags", [1, 5])
@pytest.mark.parametrize("position", ["404", "403", "401"])
def test_a_repository_that_is_not_for_our_eyes_refuses(desk: ReadingDesk, position: Any, tags: int) -> None:
    desk.hub.unknowns = Unknowns(private_repository=position)
    desk.repository("acme/vault", is_private=True)
    heard = [desk.hear(f"1.{number}", path="acme/vault") for number in range(tags)]

    desk.play(16 * 60)

    assert {desk.state(event) for event in heard} == {("unconfirmed", "refused")}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="unavailable"),
        Fault(kind="html", status=200),
        Fault(kind="reset"),
        Fault(kind="truncated"),
        Fault(kind="not_json"),
        Fault(kind="empty", status=200),
        Fault(kind="redirect", location="https://elsewhere.example/"),
        Fault(kind="abuse_limited"),
    ],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("tags", [1, 5])
def test_a_docker_hub_that_was_down_for_minutes_confirms_within_half_a_minute_of_being_back(
    desk: ReadingDesk, fault: Fault, tags: int
) -> None:
    heard = []
    for number in range(tags):
        desk.push(f"1.{number}")
        heard.append(desk.hear(f"1.{number}"))
    desk.hub.faults.add(fault)

    desk.play(240)
    assert {desk.state(event) for event in heard} == {("waiting", "away")}
    assert sorted(desk.told) == heard

    desk.hub.faults.clear()
    desk.play(61 if fault.kind == "abuse_limited" else 31)
    assert {desk.state(event) for event in heard} == {CONFIRMED}


def test_a_docker_hub_that_stays_away_is_given_up(desk: ReadingDesk) -> None:
    desk.push()
    event = desk.hear()
    desk.hub.faults.add(Fault(kind="unavailable"))

    desk.play(16 * 60)

    assert desk.state(event) == ("unconfirmed", "away")


def test_docker_hub_is_asked_once_an_attempt_and_nobody_sleeps(desk: ReadingDesk, clock: FrozenClock) -> None:
    desk.push()
    desk.hear()
    desk.hub.faults.add(Fault(kind="unavailable"))
    clock.advance(5)

    desk.work()

    assert len(desk.paths()) == 1
    assert clock.now() == NOW + 5 * SECOND


@pytest.mark.parametrize("form", ["x_retry_after_unix", "retry_after_seconds", "both"])
def test_a_limit_is_obeyed_by_everybody_until_it_ends(desk: ReadingDesk, form: Any) -> None:
    heard = []
    for number in range(12):
        path = f"acme/api-{number}"
        desk.push(path=path)
        heard.append(desk.hear(path=path))
    desk.hub.faults.add(Fault(kind="rate_limited", times=1, retry_after=form, retry_after_seconds=100))

    desk.play(104)
    assert len(desk.paths()) == 1
    assert {desk.state(event) for event in heard} == {("waiting", "away")}
    assert all(desk.row(event).reading_due_at <= desk.clock.now() + 60 * SECOND for event in heard)

    desk.play(10)
    assert {desk.state(event) for event in heard} == {CONFIRMED}
    assert len(desk.paths()) == 1 + 12


def test_a_burst_beyond_the_budget_is_read_as_the_budget_allows_and_leaves_some_to_people(desk: ReadingDesk) -> None:
    heard = []
    for number in range(400):
        path = f"acme/api-{number}"
        desk.push(path=path)
        heard.append(desk.hear(path=path))

    desk.play(10)
    first_minute = len(desk.paths())
    assert first_minute <= 180 - 9 + 1
    assert [desk.state(event) for event in heard].count(CONFIRMED) == first_minute
    assert desk.client.tags.get(RepositoryName("acme", "api-0"), "1.0").name == "1.0"  # A person asks.

    desk.play(150)
    assert {desk.state(event) for event in heard} == {CONFIRMED}
    assert len(desk.paths()) == 400 + 1
    assert all(request.status == 200 for request in desk.hub.requests)


def test_a_rollback_is_told_with_what_was_there_before(desk: ReadingDesk) -> None:
    found = []
    for number in (1, 2, 1):
        desk.push(images=[image(number)])
        event = desk.hear()
        desk.play(6)
        desk.clock.advance(3600)
        found.append(desk.reading(event))

    digests = [(each.image and each.image.digest, each.previous and each.previous.digest) for each in found]
    first, second = image(1).digest, image(2).digest
    assert digests == [(first, None), (second, first), (first, second)]
    assert not any(each.is_overtaken for each in found)


def test_a_push_that_another_followed_before_it_was_read_is_overtaken(desk: ReadingDesk) -> None:
    desk.hub.faults.add(Fault(kind="unavailable"))
    desk.push()
    first = desk.hear()
    desk.play(180)
    last = desk.push()
    second = desk.hear()

    desk.hub.faults.clear()
    desk.play(31)

    assert (desk.reading(first).is_overtaken, desk.reading(second).is_overtaken) == (True, False)
    shown = desk.reading(first).image
    assert shown is not None
    assert shown.digest == last.digest


def test_an_image_that_grew_is_said_to(desk: ReadingDesk) -> None:
    desk.readings = desk.reader(thresholds=lambda _: Thresholds(push=Limit(10, 1_000)))
    heard = []
    for size in (30_000_000, 33_000_000):
        desk.push(images=[image(size, size_bytes=size)])
        heard.append(desk.hear())
        desk.play(6)

    first, (growth,) = (desk.reading(event).growths for event in heard)
    assert first == ()
    assert (growth.platform, growth.against, growth.before_bytes, growth.after_bytes) == (
        "linux/amd64",
        LAST_PUSH,
        30_000_000,
        33_000_000,
    )


def test_a_baseline_from_before_our_time_is_read_once(desk: ReadingDesk) -> None:
    desk.readings = desk.reader(thresholds=lambda _: Thresholds(baseline="1.0"))
    desk.push("1.0", at=LONG_AGO, images=[image(1)])
    found = []
    for number in (2, 3):
        desk.push("2.0", images=[image(number, size_bytes=60_000_000)])
        event = desk.hear("2.0")
        desk.play(60)
        found.append(desk.reading(event).growths)

    assert [[growth.against for growth in each] for each in found] == [["the baseline 1.0"]] * 2
    assert desk.paths() == [f"acme/repositories/api/tags/{tag}" for tag in ("2.0", "1.0", "2.0")]


def test_a_push_without_a_tag_has_nothing_to_be_read(desk: ReadingDesk) -> None:
    desk.repository()
    event = desk.hear("")

    desk.play(6)

    assert desk.state(event) == ("unconfirmed", None)
    assert desk.told == [event]
    assert desk.paths() == []


def test_a_test_takes_what_is_there(desk: ReadingDesk) -> None:
    pushed = desk.push(at=LONG_AGO)
    event = desk.hear(source="test")

    desk.play(6)

    assert desk.state(event) == CONFIRMED
    shown = desk.reading(event).image
    assert shown is not None
    assert (shown.digest, desk.reading(event).is_overtaken) == (pushed.digest, False)


def test_a_test_is_tried_once(desk: ReadingDesk) -> None:
    desk.repository()
    event = desk.hear(source="test")

    desk.play(6)

    assert desk.state(event) == ("unconfirmed", "absent")
    assert desk.told == [event]


def test_two_pushes_are_confirmed_by_the_reading_of_the_later_one(desk: ReadingDesk, clock: FrozenClock) -> None:
    desk.push()
    first = desk.hear()
    clock.advance(1)
    desk.push()
    second = desk.hear()
    clock.advance(1)
    third = desk.hear(pushed_at=clock.now() + 30 * SECOND)

    desk.play(6)

    assert [desk.state(event) for event in (first, second, third)] == [CONFIRMED, CONFIRMED, ("waiting", "older")]


@pytest.mark.parametrize("position", list(positions_of_reading()))
def test_pushes_are_confirmed_whatever_docker_hub_turns_out_to_be_like(desk: ReadingDesk, position: str) -> None:
    desk.hub.unknowns = positions_of_reading()[position]
    heard = []
    for number in range(4):
        desk.push(f"1.{number}")
        heard.append(desk.hear(f"1.{number}"))
        desk.push(path="acme/web")
    heard.append(desk.hear(path="acme/web"))

    desk.play(6)

    assert {desk.state(event) for event in heard} == {CONFIRMED}


def test_hostile_data_is_kept_as_data(shared: ReadingDesk) -> None:
    odd = [
        Image("<!channel>\0", "`", "*" * 3_000, digest="sha256:\0", size_bytes=-5),
        Image(None, "unknown", digest=None, size_bytes=None),
        Image("linux", "amd64", digest=digest_of("a"), size_bytes=2**62),
    ]
    shared.push(images=odd * 60, at=NOW + timedelta(days=70_000))
    event = shared.hear()

    shared.play(6)

    assert shared.state(event) == CONFIRMED
    shown = shared.reading(event).image
    assert shown is not None
    assert len(shown.platforms) == 100
    assert (shown.platforms[0].platform, shown.platforms[0].digest, shown.platforms[0].size_bytes) == (
        None,
        "sha256:\N{REPLACEMENT CHARACTER}",
        None,
    )


def test_a_bug_in_one_repository_stops_no_other_and_loses_nothing(
    desk: ReadingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    is_broken = True

    def note(connection: Connection, workspace: str, event_ids: Any) -> None:
        if is_broken and any(desk.row(each).repository == "acme/odd" for each in event_ids):
            raise KeyError("a bug")
        desk.note(connection, workspace, event_ids)

    desk.readings = desk.reader(on_settled=note, threads=1)
    desk.push(path="acme/odd")
    odd = desk.hear(path="acme/odd")
    desk.push()
    event = desk.hear()
    desk.clock.advance(5)

    desk.readings.start()
    wait_until(lambda: desk.state(event) == CONFIRMED)
    assert desk.state(odd) == ("waiting", None)
    assert {record.message for record in caplog.records if record.levelno >= logging.ERROR} == {
        "reading_failed",
        "loop_crashed",
    }
    assert [getattr(record, "repository", "acme/odd") for record in caplog.records if record.levelno >= logging.ERROR]

    is_broken = False
    desk.clock.advance(61)
    desk.readings.wake()
    wait_until(lambda: desk.state(odd) == CONFIRMED)
    assert desk.readings.stop(5)


def test_an_answer_that_nobody_expected_counts_as_no_answer(
    desk: ReadingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    event = desk.hear(path="not a repository")

    desk.play(6)

    assert desk.state(event) == ("waiting", "away")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (record.message, record.repository) == ("reading_failed", "not a repository")  # type: ignore[attr-defined]  # From `extra`.


class FlakyStore(Store):
    """A store that is away while told so."""

    is_shared = False

    def __init__(self, store: Store) -> None:
        super().__init__(store.label, None)
        self._store = store
        self.is_away = False
        self.refused = 0

    def read(self) -> AbstractContextManager[Connection]:
        self._check()
        return self._store.read()

    def write(self, work: Callable[[Connection], T], *, is_urgent: bool = False) -> T:
        self._check()
        return self._store.write(work, is_urgent=is_urgent)

    def reshape(self, work: Callable[[Connection], T]) -> T:
        return self._store.reshape(work)

    def check(self) -> None:
        self._check()

    def close(self) -> None:
        self._store.close()

    def _check(self) -> None:
        if self.is_away:
            self.refused += 1
            raise StoreUnavailableError("The database is not available.", cause="away")

    def _database_time(self, connection: Connection) -> Any:
        return self._store.now(connection)


def test_a_database_that_is_away_is_logged_once_and_tried_again(
    store: Store, hub: HubSimulator, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = FlakyStore(store)
    desk = ReadingDesk(flaky, hub, clock)
    desk.push()
    event = desk.hear()
    clock.advance(5)
    flaky.is_away = True
    readings = desk.reader()

    readings.start()
    wait_until(lambda: flaky.refused >= 4)
    readings.wake()
    wait_until(lambda: flaky.refused >= 8)
    assert [record.message for record in caplog.records if record.name == "bot.loops"] == ["loop_waits_for_database"]

    flaky.is_away = False
    readings.wake()
    wait_until(lambda: desk.state(event) == CONFIRMED)
    was_alive = readings.is_alive
    assert readings.stop(5)
    assert (was_alive, readings.is_alive) == (True, False)
    desk.client.close()


def test_a_result_that_could_not_be_kept_is_read_again(store: Store, hub: HubSimulator, clock: FrozenClock) -> None:
    flaky = FlakyStore(store)
    desk = ReadingDesk(flaky, hub, clock)
    desk.push()
    event = desk.hear()
    clock.advance(5)
    is_first = True

    def note(connection: Connection, workspace: str, event_ids: Any) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            raise StoreUnavailableError("The database is not available.", cause="away")
        desk.note(connection, workspace, event_ids)

    readings = desk.reader(on_settled=note)
    with pytest.raises(StoreUnavailableError):
        desk.work(readings)
    assert desk.state(event) == ("waiting", None)

    clock.advance(60)
    desk.work(readings)

    assert desk.state(event) == CONFIRMED
    desk.client.close()


def test_two_readers_read_no_tag_twice(shared: ReadingDesk) -> None:
    heard = []
    for number in range(40):
        path = f"acme/api-{number % 20}"
        shared.push(f"1.{number}", path=path)
        heard.append(shared.hear(f"1.{number}", path=path))
    shared.clock.advance(5)
    others = [shared.reader(threads=3), shared.reader(threads=3)]

    for readings in others:
        readings.start()
    wait_until(lambda: _count(shared.store, "waiting") == 0)
    for readings in others:
        assert readings.stop(5)

    assert {shared.state(event) for event in heard} == {CONFIRMED}
    assert len(shared.paths()) == len(set(shared.paths())) == 40
    assert sorted(shared.told) == sorted(heard)


def test_what_a_dead_reader_had_is_read_when_its_lease_ends(shared: ReadingDesk) -> None:
    shared.push()
    event = shared.hear()
    shared.clock.advance(5)
    taken = shared.store.write(lambda connection: claims.take(connection, shared.clock.now()))
    assert taken is not None
    assert taken.event_ids == {event}

    shared.play(59)
    assert shared.paths() == []

    shared.play(1.1)
    assert shared.state(event) == CONFIRMED
    assert shared.row(event).reading_attempts == 2


def test_a_clock_that_was_set_back_an_hour_stops_nothing(shared: ReadingDesk, clock: WallClock) -> None:
    waiting = shared.hear()  # Is due five seconds from now, by a clock that is about to be set back.
    shared.push("2.0", at=LONG_AGO)
    tried = shared.hear("2.0")
    shared.play(30)
    shared.push()
    shared.push("2.0", at=NOW)
    fresh = shared.hear("3.0")
    shared.push("3.0")
    clock.set_back(3600)

    shared.play(61)

    assert {shared.state(event) for event in (waiting, tried, fresh)} == {CONFIRMED}


def test_what_waited_while_we_were_down_is_tried_several_times(desk: ReadingDesk) -> None:
    desk.push()
    event = desk.hear()
    desk.clock.advance(3 * 3600)
    desk.hub.faults.add(Fault(kind="unavailable", times=2))

    desk.play(10)

    assert desk.state(event) == CONFIRMED


def test_history_keeps_each_image_once(desk: ReadingDesk) -> None:
    for number in (1, 2):
        pushed = desk.push(images=[image(number)])
        for _ in range(2):
            desk.hear(pushed_at=desk.clock.now())
            desk.play(60)
            desk.hub.state.pull_tag(API, "1.0", at=desk.clock.now())
            assert pushed.digest
            desk.push(images=[image(number)], at=pushed.pushed_at)

    with desk.store.read() as connection:
        kept = [TagImage.model_validate(row.image) for row in connection.execute(select(images.c.image))]
    assert sorted(each.digest for each in kept) == sorted([str(image(1).digest), str(image(2).digest)])


def test_the_outbox_is_woken_after_the_commit(desk: ReadingDesk) -> None:
    seen: list[tuple[str, str | None]] = []
    desk.push()
    event = desk.hear()
    desk.readings = desk.reader(after_commit=lambda: seen.append(desk.state(event)))

    desk.play(6)

    assert seen == [CONFIRMED]


def test_readers_that_were_never_started_can_be_stopped(desk: ReadingDesk) -> None:
    assert not desk.readings.is_alive
    assert desk.readings.stop(0)


def test_a_reader_that_is_asked_to_stop_ends_what_it_reads(desk: ReadingDesk) -> None:
    desk.push()
    event = desk.hear()
    desk.clock.advance(5)
    desk.hub.latency_seconds = 0.3
    desk.readings.start()
    wait_until(lambda: desk.row(event).reading_attempts == 1)

    assert desk.readings.stop(5)

    assert desk.state(event) == CONFIRMED
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("readings-")]


def _count(store: Store, state: str) -> int:
    with store.read() as connection:
        found = connection.execute(select(func.count()).where(events.c.reading_state == state)).scalar_one()
    return int(found)
