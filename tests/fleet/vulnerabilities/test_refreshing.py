"""The daily look at what is watched."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest

from bot.clock import FrozenClock
from bot.fleet.contents import Contents, LearnReport
from bot.fleet.model import ImageName, Scope, TagSnapshot
from bot.fleet.vulnerabilities import days
from bot.fleet.vulnerabilities.choosing import Choosing, Mode
from bot.fleet.vulnerabilities.model import Scan, ScanState, Target
from bot.fleet.vulnerabilities.refreshing import LOOK_SECONDS, VulnerabilityLoop
from bot.fleet.vulnerabilities.scans import ImageFindings, open_findings
from bot.fleet.vulnerabilities.service import Vulnerabilities
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.workspaces import HOME
from tests.fleet.vulnerabilities.played_source import CRITICAL, HIGH, LOW, NOW, PlayedSource, show, tag_of
from tests.support.databases import open_database

ACME = Scope(namespaces=("acme",))
DAY = 86_400


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    with closing(open_database(clock.now)) as opened:
        yield opened


@pytest.fixture
def source(clock: FrozenClock) -> PlayedSource:
    return PlayedSource(clock)


@pytest.fixture
def loop(store: Store, source: PlayedSource, clock: FrozenClock) -> VulnerabilityLoop:
    return watching(store, source, clock)


def watching(store: Store, source: PlayedSource, clock: FrozenClock, scope: Scope = ACME) -> VulnerabilityLoop:
    return VulnerabilityLoop(store, Choosing(Mode.AUTO, [source], clock), clock, scopes=lambda: scope)


def run(loop: VulnerabilityLoop) -> None:
    while not loop.step():
        pass


def look(store: Store, tag: TagSnapshot) -> ImageFindings:
    with store.read() as connection:
        return open_findings(connection, HOME, [tag], store.now(connection))[tag.reference]


def test_a_thousand_images_whose_counts_stay_cost_batches_only(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    images = [tag_of(f"acme/r{number}") for number in range(1_000)]
    show(store, *images)
    source.knows = {f"acme/r{number}": [HIGH] for number in range(0, 1_000, 20)}
    run(loop)
    assert (sum(source.asked), len(source.asked), len(source.detailed)) == (1_000, 5, 50)

    source.asked, source.detailed = [], []
    run(loop)
    assert source.asked == []
    clock.advance(DAY)
    source.knows["acme/r1"] = [CRITICAL]
    run(loop)

    assert (source.asked, source.detailed) == ([200] * 5, ["acme/r1"])


def test_before_a_digest_what_was_not_asked_about_lately_is_asked_about_again(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    show(store, tag_of("acme/api"), tag_of("acme/web"))
    source.states = {"acme/web": ScanState.PENDING}
    choosing = Choosing(Mode.AUTO, [source], clock)
    loop = VulnerabilityLoop(store, choosing, clock, scopes=lambda: ACME)
    vulnerabilities = Vulnerabilities(store, choosing, clock)
    run(loop)
    source.asked, source.states = [], {}

    clock.advance(5 * 3_600)
    vulnerabilities.hasten(ACME)
    run(loop)
    assert source.asked == [1], "what was not analysed then, and that would have been asked about anyway"

    source.knows = {"acme/api": [HIGH]}
    clock.advance(1.5 * 3_600)
    vulnerabilities.hasten(ACME)
    with store.read() as connection:
        assert not vulnerabilities.is_fresh(connection, ACME, clock.now())
    run(loop)

    assert source.asked == [1, 1]
    assert look(store, tag_of("acme/api")).open == (HIGH,)
    with store.read() as connection:
        assert vulnerabilities.is_fresh(connection, ACME, clock.now())


def test_a_new_digest_is_asked_about_at_once_and_nothing_else(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop
) -> None:
    show(store, tag_of("acme/api"), tag_of("acme/web"))
    run(loop)
    source.asked = []

    show(store, tag_of("acme/api", version="2"))
    source.knows = {"acme/api": [LOW]}

    run(loop)
    assert (source.asked, source.detailed) == ([1], ["acme/api"])
    assert look(store, tag_of("acme/api", version="2")).open == (LOW,)


def test_images_of_others_that_somebody_wants_to_hear_of_are_asked_about(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    python = tag_of("library/python", "3.12")
    show(store, tag_of("acme/api"), python, tag_of("library/node"))
    scope = Scope(("acme",), (ImageName(RepositoryName("library", "python"), "3.12"),))
    source.knows = {"library/python": [HIGH]}

    run(watching(store, source, clock, scope))

    assert (source.asked, source.probed) == ([2], ["acme", "library"])
    assert look(store, python).open == (HIGH,)


def test_what_is_not_analysed_is_asked_about_again_soon(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    show(store, tag_of())
    source.states = {"acme/api": ScanState.PENDING}
    run(loop)
    assert look(store, tag_of()).counts is None

    source.states = {}
    clock.advance(14 * 60)
    run(loop)
    assert source.asked == [1]
    clock.advance(60)
    run(loop)

    assert source.asked == [1, 1]
    assert look(store, tag_of()).open == ()


def test_what_was_known_outlives_days_of_outage(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    show(store, tag_of())
    source.knows = {"acme/api": [CRITICAL]}
    run(loop)
    source.states = {"acme/api": ScanState.FAILED}
    for _ in range(3 * 24 * 4):
        clock.advance(15 * 60)
        run(loop)

    found = look(store, tag_of())

    assert found.scan is not None
    assert (found.open, found.scan.scanned_at, found.scan.problem) == ((CRITICAL,), NOW, "Docker Scout says failed")
    assert len(source.asked) <= 10


def test_findings_that_cannot_be_read_are_tried_again_with_longer_waits(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    show(store, tag_of())
    source.knows, source.fails_details = {"acme/api": [CRITICAL]}, True
    run(loop)
    for _ in range(24 * 4):
        clock.advance(15 * 60)
        run(loop)
    found = look(store, tag_of())
    assert (found.open, sum((found.counts or {}).values())) == (None, 1)
    assert 4 <= len(source.detailed) <= 8

    source.fails_details = False
    clock.advance(DAY)
    run(loop)

    assert look(store, tag_of()).open == (CRITICAL,)


def test_a_source_that_breaks_is_not_asked_in_circles(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    show(store, tag_of())
    source.crashes = True

    run(loop)

    assert source.asked == [1]
    why = look(store, tag_of()).unchecked
    assert why is not None
    assert why.why == "asking Docker Scout went wrong; the operator finds it in the log"
    source.crashes = False
    clock.advance(15 * 60)
    run(loop)
    assert look(store, tag_of()).open == ()


def test_two_replicas_share_the_work(store: Store, source: PlayedSource, clock: FrozenClock) -> None:
    show(store, *(tag_of(f"acme/r{number}") for number in range(300)))
    other_source = PlayedSource(clock)
    other = watching(store, other_source, clock)
    first = watching(store, source, clock)
    summarize = source.summarize

    def interrupted(targets: object) -> object:
        other.step()  # The other one comes while this one is asking.
        return summarize(targets)  # type: ignore[arg-type]

    source.summarize = interrupted  # type: ignore[assignment, method-assign]
    run(first)
    run(other)

    assert (source.asked, other_source.asked) == ([200], [100])


def test_what_a_dead_replica_was_busy_with_is_asked_about_when_its_lease_is_over(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    show(store, tag_of())
    dying = PlayedSource(clock)
    dying.summarize = partial(_die, store)  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardInterrupt):
        watching(store, dying, clock).step()

    living = watching(store, source, clock)
    run(living)
    assert look(store, tag_of()).open == ()


def test_a_slow_scanner_keeps_what_it_found_and_its_images(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    images = [tag_of(f"acme/r{number}") for number in range(8)]
    show(store, *images)
    source.counts_only, source.seconds = False, 290.0
    other = PlayedSource(clock)
    replica = watching(store, other, clock)
    known: list[int] = []
    answer = source._scan

    def watched(target: Target, *, is_detailed: bool) -> Scan:
        replica.step()
        known.append(sum(look(store, each).scan is not None for each in images))
        return answer(target, is_detailed=is_detailed)

    source._scan = watched  # type: ignore[method-assign]
    run(watching(store, source, clock))

    assert (source.asked, other.asked) == ([8], []), "nobody else asks about what is being asked about"
    assert known == list(range(8)), "each is kept when it comes"


class PlayedContents(Contents):
    """Learns nothing, and writes down what it should."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.learned: list[list[str]] = []

    def due(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        return tuple(each for each in targets if each.digest not in self.known)

    def learn(self, targets: Sequence[Target], *, most_pulls: int) -> LearnReport:
        self.known |= {each.digest for each in targets}
        self.learned.append([str(each.repository) for each in targets])
        return LearnReport(len(targets), most_pulls, ())


def test_what_our_own_images_are_built_on_is_learned_a_few_an_hour(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    python = ImageName(RepositoryName("library", "python"), "3.12")
    show(store, *(tag_of(f"acme/r{number}") for number in range(7)), tag_of("library/python", "3.12"))
    contents = PlayedContents()
    loop = VulnerabilityLoop(
        store,
        Choosing(Mode.AUTO, [source], clock),
        clock,
        scopes=lambda: Scope(("acme",), (python,)),
        contents=contents,
    )
    run(loop)
    assert contents.learned == [[f"acme/r{number}" for number in range(5)]]

    run(loop)
    assert len(contents.learned) == 1
    for _ in range(3):
        clock.advance(3_600)
        run(loop)

    assert contents.learned[1:] == [["acme/r5", "acme/r6"]]


def _die(_store: Store, _targets: object) -> object:
    raise KeyboardInterrupt


def test_days_and_totals_are_noted_and_forgotten_after_400_days(
    store: Store, source: PlayedSource, loop: VulnerabilityLoop, clock: FrozenClock
) -> None:
    show(store, tag_of("acme/api"), tag_of("acme/web"))
    source.knows = {"acme/api": [CRITICAL, HIGH], "acme/web": [HIGH]}
    run(loop)
    clock.advance(DAY)
    source.knows = {"acme/web": [HIGH]}
    run(loop)

    with store.read() as connection:
        found = days.totals(connection, HOME, "acme", since=NOW - timedelta(days=30))
    assert [(day, sum(counts.values())) for day, counts in found] == [("2026-11-21", 3), ("2026-11-22", 1)]

    clock.advance(400 * DAY)
    run(loop)
    with store.read() as connection:
        found = days.totals(connection, HOME, "acme", since=NOW - timedelta(days=30))
    assert [day for day, _ in found] == ["2026-11-22", "2027-12-27"]


def test_a_total_is_of_all_images_or_not_noted(store: Store, source: PlayedSource, clock: FrozenClock) -> None:
    show(store, tag_of())
    loop = watching(store, source, clock)
    source.trouble = "no"

    run(loop)

    with store.read() as connection:
        assert days.totals(connection, HOME, "acme", since=NOW - timedelta(days=30)) == ()


def test_it_says_whether_everything_was_asked_about(store: Store, source: PlayedSource, clock: FrozenClock) -> None:
    choosing = Choosing(Mode.AUTO, [source], clock)
    vulnerabilities = Vulnerabilities(store, choosing, clock)
    loop = VulnerabilityLoop(store, choosing, clock, scopes=lambda: ACME)

    def is_fresh() -> bool:
        with store.read() as connection:
            return vulnerabilities.is_fresh(connection, ACME, clock.now())

    assert is_fresh()  # There is nothing.
    show(store, tag_of())
    assert not is_fresh()
    run(loop)
    assert is_fresh()
    clock.advance(3_000)
    show(store, tag_of(version="2"))
    assert not is_fresh()
    source.states = {"acme/api": ScanState.UNAVAILABLE}
    run(loop)
    assert is_fresh()


def test_new_is_what_came_since_the_last_digest_of_a_channel_else_in_a_week(
    store: Store, source: PlayedSource, clock: FrozenClock
) -> None:
    told_at = {"C0DIGEST": NOW - timedelta(hours=20)}
    choosing = Choosing(Mode.AUTO, [source], clock)
    vulnerabilities = Vulnerabilities(store, choosing, clock, last_digest=told_at.get)

    found = [vulnerabilities.new_since(channel) for channel in ("C0DIGEST", "C0OTHER", None)]

    assert found == [NOW - timedelta(hours=20), NOW - timedelta(days=7), NOW - timedelta(days=7)]


def test_nobody_is_asked_where_that_is_off(store: Store, source: PlayedSource, clock: FrozenClock) -> None:
    show(store, tag_of())
    loop = VulnerabilityLoop(store, Choosing(Mode.OFF, [source], clock), clock, scopes=lambda: ACME)

    assert loop.step() == LOOK_SECONDS
    assert source.asked == []


def test_it_survives_that_everything_is_away(store: Store, source: PlayedSource, clock: FrozenClock) -> None:
    is_away = True

    def scopes() -> Scope:
        if is_away:
            raise StoreUnavailableError("The database is away.", cause="away")
        return ACME

    loop = VulnerabilityLoop(store, Choosing(Mode.AUTO, [source], clock), clock, scopes=scopes)
    show(store, tag_of())
    source.trouble = RuntimeError("a bug")
    assert loop.guarded_step() > 0
    is_away = False
    assert loop.guarded_step() > 0
    source.trouble = ""
    run(loop)

    assert source.asked == [1]
