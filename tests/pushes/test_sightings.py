"""Claims on both databases."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.clock import FrozenClock
from bot.pushes.sightings import CLOCK_TOLERANCE, LEASE, Claim, Sightings
from bot.store.base import Store
from bot.store.tables import sightings
from tests.store.played import NOON, clock, store

__all__ = ["clock", "store"]
HOUR = timedelta(hours=1)
ACME = "acme/"


@pytest.fixture
def rows(store: Store) -> Sightings:
    return Sightings(store, "home")


def row(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        return dict(connection.execute(select(sightings)).mappings().one())


def first_look(rows: Sightings) -> None:
    claim = rows.claim(ACME, HOUR)
    assert claim
    rows.succeed(claim, newest=None, next_in=HOUR)


def is_due(store: Store, rows: Sightings) -> bool:
    with store.read() as connection:
        return rows.due(connection, {ACME: HOUR}) == (ACME,)


def test_the_first_claim_begins_now(store: Store, rows: Sightings) -> None:
    assert is_due(store, rows)

    assert rows.claim(ACME, HOUR) == Claim(ACME, NOON, is_first=True)
    assert not is_due(store, rows)


def test_a_claim_is_a_lease(store: Store, rows: Sightings, clock: FrozenClock) -> None:
    rows.claim(ACME, HOUR)

    clock.advance(LEASE.total_seconds() - 1)
    assert rows.claim(ACME, HOUR) is None
    clock.advance(1)
    assert rows.claim(ACME, HOUR) == Claim(ACME, NOON, is_first=True)


def test_a_look_that_succeeded_is_due_again_when_it_was_said(store: Store, rows: Sightings, clock: FrozenClock) -> None:
    first_look(rows)

    clock.advance(3_599)
    assert rows.claim(ACME, HOUR) is None
    clock.advance(1)
    assert rows.claim(ACME, HOUR) == Claim(ACME, NOON)


def test_at_once_does_not_wait(rows: Sightings) -> None:
    first_look(rows)

    assert rows.claim(ACME, HOUR, at_once=True) == Claim(ACME, NOON)


def test_a_failure_is_kept_until_it_is_over(store: Store, rows: Sightings, clock: FrozenClock) -> None:
    first_look(rows)
    claim = rows.claim(ACME, HOUR, at_once=True)
    assert claim
    rows.fail(claim, "unavailable")
    clock.advance(LEASE.total_seconds())

    again = rows.claim(ACME, HOUR)

    assert again == Claim(ACME, NOON, problem="unavailable")
    rows.succeed(again, newest=None, next_in=HOUR)
    assert row(store)["problem"] is None


@pytest.mark.parametrize(
    ("newest", "seen_until"),
    [
        (NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)),
        (NOON - timedelta(days=1), NOON),
        (None, NOON),
        (datetime(2099, 1, 1, tzinfo=UTC), NOON + CLOCK_TOLERANCE),
    ],
)
def test_seen_until_moves_neither_back_nor_into_the_future(
    store: Store, rows: Sightings, newest: datetime | None, seen_until: datetime
) -> None:
    claim = rows.claim(ACME, HOUR)
    assert claim
    rows.succeed(claim, newest=newest, next_in=HOUR)

    assert row(store)["seen_until"] == seen_until


def test_a_clock_that_was_set_back_makes_it_due_and_start_over(
    store: Store, rows: Sightings, clock: FrozenClock
) -> None:
    first_look(rows)

    clock.advance(-2 * 3_600)

    assert is_due(store, rows)
    assert rows.claim(ACME, HOUR) == Claim(ACME, NOON - 2 * HOUR)
    assert row(store)["seen_until"] == NOON - 2 * HOUR


def test_workspaces_look_for_themselves(store: Store, rows: Sightings) -> None:
    rows.claim(ACME, HOUR)

    assert Sightings(store, "T2").claim(ACME, HOUR) == Claim(ACME, NOON, is_first=True)


@pytest.mark.parametrize("is_new", [True, False])
def test_of_many_at_once_one_gets_it(rows: Sightings, clock: FrozenClock, *, is_new: bool) -> None:
    subjects = [f"acme/{number}" for number in range(25)]
    if not is_new:
        for subject in subjects:
            rows.claim(subject, HOUR)
        clock.advance(3_600)
    claims: list[Claim | None] = []
    start = threading.Barrier(8)

    def claim() -> None:
        for subject in subjects:
            start.wait()
            claims.append(rows.claim(subject, HOUR))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.subject for each in claims if each) == sorted(subjects)
