"""What is kept of scans, and what is open in images."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from bot.clock import FrozenClock
from bot.fleet.model import TagSnapshot, Unchecked
from bot.fleet.vulnerabilities import acceptances, days, leases
from bot.fleet.vulnerabilities.keeping import keep, prune
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability, count
from bot.fleet.vulnerabilities.scans import DAILY, ImageFindings, KeptScan, latest, open_findings
from bot.governance.proposals import Asker
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.fleet.vulnerabilities.played_source import CRITICAL, HIGH, LOW, NOW, tag_of
from tests.support.databases import open_database

OMAR = Asker("U0OMAR", "T0", "C0")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    with closing(open_database(clock.now)) as opened:
        yield opened


def target_of(tag: TagSnapshot) -> Target:
    found = Target.of(tag)
    assert found is not None
    return found


def tell(
    store: Store,
    tag: TagSnapshot,
    found: Sequence[Vulnerability] | None = None,
    *,
    counted: dict[Severity, int] | None = None,
    state: ScanState = ScanState.ANALYSED,
    source: str = "scout",
    why: str = "",
    listed: int | None = None,
) -> None:
    """Keep what a source says of an image: its findings, or only counts."""
    target = target_of(tag)

    def work(connection: Connection) -> None:
        now = store.now(connection)
        counts = None if state is not ScanState.ANALYSED else counted if counted is not None else count(found or ())
        scan = Scan(target.digest, state, now, counts, None if found is None else tuple(found), why, listed)
        keep(connection, HOME, source, [([target], scan)], now)

    store.write(work)


def known(store: Store, tag: TagSnapshot) -> KeptScan:
    digest = target_of(tag).digest
    with store.read() as connection:
        return latest(connection, HOME, [digest])[digest]


def found_in(store: Store, tag: TagSnapshot, *, has_findings: bool = True) -> ImageFindings:
    with store.read() as connection:
        found = open_findings(connection, HOME, [tag], store.now(connection), has_findings=has_findings)
    return found[tag.reference]


def accept(store: Store, name: str, *, image: str = "*", length: timedelta = timedelta(days=30)) -> None:
    def work(connection: Connection) -> None:
        now = store.now(connection)
        acceptances.accept(
            connection, HOME, name, image=image, reason="so", expires_at=now + length, asker=OMAR, now=now
        )

    store.write(work)


def counts_of(image: ImageFindings) -> dict[str, int]:
    return {severity.value: value for severity, value in (image.counts or {}).items() if value}


def test_what_is_kept_comes_back_as_it_was(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, [CRITICAL, HIGH])

    kept = known(store, tag)

    assert kept.findings == (CRITICAL, HIGH)
    assert (kept.source, kept.repository, kept.platform) == ("scout", "acme/api", "linux/amd64")
    assert (kept.scanned_at, kept.due_at, kept.is_detailed) == (clock.now(), clock.now() + DAILY, True)
    assert counts_of(found_in(store, tag)) == {"critical": 1, "high": 1}


@pytest.mark.parametrize("state", [ScanState.FAILED, ScanState.PENDING, ScanState.UNAVAILABLE])
def test_an_answer_that_says_nothing_takes_nothing_away(store: Store, clock: FrozenClock, state: ScanState) -> None:
    tag = tag_of()
    tell(store, tag, [CRITICAL])
    scanned_at = clock.now()
    clock.advance(86_400)

    tell(store, tag, state=state, why="it rains")

    kept = known(store, tag)
    assert (kept.state, kept.findings, kept.scanned_at) == (ScanState.ANALYSED, (CRITICAL,), scanned_at)
    assert kept.problem == "it rains"
    assert found_in(store, tag).unchecked is None
    tell(store, tag, [])
    assert (known(store, tag).problem, counts_of(found_in(store, tag))) == ("", {})


@pytest.mark.parametrize("state", [ScanState.FAILED, ScanState.PENDING, ScanState.UNAVAILABLE])
def test_what_is_not_analysed_is_never_none_found(store: Store, state: ScanState) -> None:
    tag = tag_of()
    assert found_in(store, tag).unchecked == Unchecked("acme/api:latest", "not analysed yet")

    tell(store, tag, state=state, why="it rains")

    found = found_in(store, tag)
    assert (found.counts, found.open, found.unchecked) == (None, None, Unchecked("acme/api:latest", "it rains"))


def test_what_says_nothing_is_asked_again_after_longer_and_longer_times(store: Store, clock: FrozenClock) -> None:
    tag, waits = tag_of(), []
    for _ in range(9):
        tell(store, tag, state=ScanState.PENDING)
        waits.append((known(store, tag).due_at - clock.now()).total_seconds() / 60)

    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    tell(store, tag, [])
    assert known(store, tag).due_at == clock.now() + DAILY
    tell(store, tag, state=ScanState.FAILED)
    assert known(store, tag).due_at == clock.now() + timedelta(minutes=15)


def test_findings_are_needed_only_where_counts_changed(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    one = {Severity.CRITICAL: 1}
    tell(store, tag, counted=one)
    assert known(store, tag).needs_details(clock.now())
    assert known(store, tag).due_at == clock.now()

    tell(store, tag, [CRITICAL])
    tell(store, tag, counted=one)

    assert not known(store, tag).needs_details(clock.now())
    assert known(store, tag).findings == (CRITICAL,)
    tell(store, tag, counted={Severity.CRITICAL: 1, Severity.LOW: 1})
    assert known(store, tag).needs_details(clock.now())
    assert found_in(store, tag).open is None
    assert counts_of(found_in(store, tag)) == {"critical": 1, "low": 1}


def test_a_source_that_counts_otherwise_than_it_lists_is_not_asked_for_ever(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, counted={Severity.CRITICAL: 5})
    tell(store, tag, [CRITICAL])

    tell(store, tag, counted={Severity.CRITICAL: 5})

    assert not known(store, tag).needs_details(clock.now())
    assert counts_of(found_in(store, tag)) == {"critical": 1}


def test_a_list_that_is_shorter_than_what_was_counted_is_not_believed(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, counted={Severity.CRITICAL: 2, Severity.HIGH: 1})

    tell(store, tag, [CRITICAL], listed=2)

    kept = known(store, tag)
    assert counts_of(found_in(store, tag)) == {"critical": 2, "high": 1}
    assert (kept.is_detailed, kept.problem) == (False, "fewer vulnerabilities were listed than were counted")
    assert clock.now() < kept.due_at < clock.now() + DAILY
    tell(store, tag, [CRITICAL], listed=3)
    assert counts_of(found_in(store, tag)) == {"critical": 1}, "two entries were excepted, or of the same one"


def test_a_list_that_falls_short_after_a_week_is_asked_for_less_and_less_often(
    store: Store, clock: FrozenClock
) -> None:
    tag, waits = tag_of(), []
    tell(store, tag, counted={Severity.CRITICAL: 1})
    tell(store, tag, [CRITICAL], listed=1)
    clock.advance(8 * 86_400)
    for _ in range(4):
        tell(store, tag, counted={Severity.CRITICAL: 1})
        tell(store, tag, [], listed=0)
        waits.append((known(store, tag).due_at - clock.now()).total_seconds() / 60)

    assert waits == [15, 30, 60, 120]
    assert known(store, tag).findings == (CRITICAL,)


def test_findings_are_read_again_after_a_week_although_the_counts_are_the_same(
    store: Store, clock: FrozenClock
) -> None:
    tag = tag_of()
    tell(store, tag, [CRITICAL])
    clock.advance(7 * 86_400)
    tell(store, tag, counted=count([CRITICAL]))

    assert known(store, tag).needs_details(clock.now())


def test_nothing_counted_needs_no_findings(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, counted={})

    assert not known(store, tag).needs_details(clock.now())
    assert found_in(store, tag).open == ()


def test_of_several_sources_the_last_that_knew_something_is_told(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, [CRITICAL], source="osv")
    clock.advance(60)
    tell(store, tag, state=ScanState.PENDING, source="scout")
    assert known(store, tag).source == "osv"

    clock.advance(60)
    tell(store, tag, [HIGH], source="scout")

    assert (known(store, tag).source, known(store, tag).findings) == ("scout", (HIGH,))


def test_when_a_vulnerability_came_is_remembered_over_pushes_and_renaming(store: Store, clock: FrozenClock) -> None:
    before = clock.now()
    tell(store, tag_of(version="1"), [CRITICAL])
    assert known(store, tag_of(version="1")).since == {}

    clock.advance(86_400)
    tell(store, tag_of(version="1"), [CRITICAL, HIGH])
    assert known(store, tag_of(version="1")).since == {HIGH.id: before + DAILY}

    clock.advance(86_400)
    renamed = Vulnerability("GHSA-aaaa-bbbb-cccc", Severity.CRITICAL, "openssl")
    tell(store, tag_of(version="2"), [renamed, HIGH, LOW])
    assert known(store, tag_of(version="2")).since == {HIGH.id: before + DAILY, LOW.id: before + 2 * DAILY}


def test_a_thousand_images_are_three_statements(store: Store, clock: FrozenClock) -> None:
    statements: list[str] = []
    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        open_findings(connection, HOME, [tag_of(f"acme/r{number}") for number in range(1_000)], clock.now())

    assert len(statements) == 3


def test_hostile_words_are_kept_as_words(store: Store) -> None:
    tag = tag_of()
    hostile = Vulnerability(
        "<!channel>\x00\ud800", Severity.HIGH, "`rm -rf`\x00", "=1+1", "*2*", float("nan"), ("\x00",)
    )
    tell(store, tag, [hostile])
    tell(store, tag, state=ScanState.FAILED, why="<!here>\x00\ud800")

    kept = known(store, tag)

    assert kept.findings is not None
    assert (kept.findings[0].id, kept.findings[0].score) == ("<!channel>\ufffd\ufffd", None)
    assert kept.problem == "<!here>\ufffd\ufffd"


def test_what_nobody_asks_about_any_more_is_forgotten(store: Store, clock: FrozenClock) -> None:
    tag = tag_of()
    tell(store, tag, [CRITICAL])
    clock.advance(91 * 86_400)
    assert store.write(lambda connection: prune(connection, HOME, store.now(connection))) == 0
    clock.advance(86_400)

    assert store.write(lambda connection: prune(connection, HOME, store.now(connection))) == 1
    assert found_in(store, tag).scan is None


def test_of_two_who_claim_the_same_images_each_gets_others(store: Store, clock: FrozenClock) -> None:
    targets = [target_of(tag_of(f"acme/r{number}")) for number in range(4)]

    def claim(some: Sequence[Target]) -> set[str]:
        def work(connection: Connection) -> set[str]:
            now = store.now(connection)
            taken = leases.claim(connection, HOME, "scout", some, now=now, lease=timedelta(minutes=10))
            return {str(each.repository) for each in taken}

        return store.write(work)

    assert claim(targets[:2]) == {"acme/r0", "acme/r1"}
    assert claim(targets) == {"acme/r2", "acme/r3"}
    assert claim(targets) == set()
    clock.advance(601)
    assert claim(targets) == {"acme/r0", "acme/r1", "acme/r2", "acme/r3"}


def test_the_trend_is_against_a_week_ago_or_the_first_day(store: Store, clock: FrozenClock) -> None:
    old, young, new = tag_of("acme/old"), tag_of("acme/young"), tag_of("acme/new")

    def before(now: datetime) -> dict[str, tuple[str, int]]:
        with store.read() as connection:
            found = days.before(connection, HOME, [old, young, new], now)
        return {name: (day, sum(counts.values())) for name, (day, counts) in found.items()}

    tell(store, old, [CRITICAL, HIGH])
    clock.advance(4 * 86_400)
    tell(store, old, [CRITICAL])
    tell(store, young, [LOW])
    clock.advance(4 * 86_400)
    tell(store, old, [])
    tell(store, new, [LOW])

    assert before(clock.now()) == {"acme/old:latest": ("2026-11-21", 2), "acme/young:latest": ("2026-11-25", 1)}


def test_what_is_accepted_is_left_out_of_a_day(store: Store, clock: FrozenClock) -> None:
    accept(store, "CVE-2026-0001", image="acme/*")
    tell(store, tag_of(), [CRITICAL, HIGH])
    clock.advance(86_400)

    with store.read() as connection:
        found = days.before(connection, HOME, [tag_of()], clock.now())

    assert sum(found["acme/api:latest"][1].values()) == 1


severities = st.sampled_from(list(Severity))
names = st.sampled_from(["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0004", "GHSA-aaaa-bbbb-0001"])
findings = st.lists(
    st.builds(
        Vulnerability,
        id=names,
        severity=severities,
        package=st.sampled_from(["openssl", "zlib"]),
        aliases=st.lists(names, max_size=2, unique=True).map(tuple),
    ),
    max_size=8,
)
accepted = st.lists(
    st.tuples(names, st.sampled_from(["*", "acme/*", "acme/api", "acme/web", "ac?e/api"]), st.integers(1, 40)),
    max_size=4,
)


@settings(max_examples=30, deadline=None)
@given(findings=findings, accepted=accepted, later=st.integers(0, 45))
def test_the_counts_are_those_of_a_naive_recount(
    findings: list[Vulnerability], accepted: list[tuple[str, str, int]], later: int
) -> None:
    clock = FrozenClock(NOW)
    with closing(open_database(clock.now)) as store:
        last: dict[tuple[str, str], int] = {}
        for name, image, length in accepted:
            accept(store, name, image=image, length=timedelta(days=length))
            last[name, image] = length
        tell(store, tag_of(), findings)
        clock.advance(later * 86_400)

        for has_findings in (True, False):
            found = found_in(store, tag_of(), has_findings=has_findings)

            holds = {name for (name, image), length in last.items() if length > later and image != "acme/web"}
            expected, left_out = recounted(findings, holds)
            assert counts_of(found) == expected
            assert found.accepted_count == left_out


def recounted(findings: Sequence[Vulnerability], accepted: set[str]) -> tuple[dict[str, int], int]:
    """Count the open ones by severity, and the accepted ones, one vulnerability after the other."""
    counts: dict[str, int] = {}
    left_out = 0
    for name in {each.id for each in findings}:
        same = [each for each in findings if each.id == name]
        if any(known in accepted for each in same for known in (each.id, *each.aliases)):
            left_out += 1
        else:
            worst = next(severity for severity in Severity if any(each.severity is severity for each in same))
            counts[worst.value] = counts.get(worst.value, 0) + 1
    return counts, left_out
