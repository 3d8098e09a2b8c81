"""Leases on digests, and their reports, on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.clock import FrozenClock
from bot.digest import rows
from bot.digest.rows import LEASE, Coming, Decided, Digest, Listed, ReportState, Wanted, read_image
from bot.digest.schedule import Due
from bot.fleet.model import ImageName, Scope
from bot.images import RepositoryName
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.pushes.subscriptions import Origin
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.digest.scheduled import wish
from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import clock, store

__all__ = ["clock", "opening", "postgresql_url", "server", "sqlite_url", "store", "url"]


@pytest.fixture
def digest(store: Store, clock: FrozenClock) -> Digest:
    """A digest that is kept, due in an hour."""
    now = clock.now()
    due = Due(now + timedelta(hours=1), now.date())
    found = Digest(
        "dig_1", HOME, wish(), Origin.COMMAND, "U0OPERATOR", now, due, baseline={"hours": 1}, baseline_at=now
    )
    assert store.write(lambda connection: rows.add(connection, found))
    return found


def claim(store: Store, digest: Digest) -> int | None:
    return store.write(lambda connection: rows.claim(connection, digest, store.now(connection)))


def seen(store: Store) -> Digest:
    with store.read() as connection:
        (found,) = rows.every(connection, HOME)
    return found


def test_a_digest_is_kept_as_it_is(store: Store, digest: Digest) -> None:
    images = (ImageName(RepositoryName("library", "python"), "3.12"), ImageName(RepositoryName("acme", "api")))
    other = wish("23:30", zone="Asia/Tokyo", days="mon,fri", scope=Scope(("acme", "ana"), images), name="other")
    more = replace(digest, id="dig_2", wish=other, paused_until=digest.created_at, baseline=None, baseline_at=None)
    store.write(lambda connection: rows.add(connection, more))

    with store.read() as connection:
        assert rows.every(connection, HOME) == (digest, more)
        assert rows.every(connection, "W0OTHER") == ()
        assert rows.get(connection, HOME, "dig_2") == more
        assert rows.find(connection, HOME, digest.wish.channel, "morning") == digest
        assert rows.find(connection, HOME, digest.wish.channel, "evening") is None


def test_a_channel_has_one_of_a_name(store: Store, digest: Digest) -> None:
    assert not store.write(lambda connection: rows.add(connection, replace(digest, id="dig_2")))


def test_one_has_the_lease_until_it_ends(store: Store, clock: FrozenClock, digest: Digest) -> None:
    assert claim(store, digest) == 1
    assert claim(store, digest) is None
    assert claim(store, seen(store)) is None

    clock.advance(LEASE.total_seconds())

    assert claim(store, digest) is None  # It is not as it was seen.
    assert claim(store, seen(store)) == 2
    assert not store.write(lambda connection: rows.hold(connection, digest, 1))
    assert store.write(lambda connection: rows.hold(connection, digest, 2))


def test_a_change_ends_the_lease(store: Store, digest: Digest) -> None:
    fence = claim(store, digest)
    assert fence is not None

    store.write(lambda connection: rows.change(connection, digest))

    assert not store.write(lambda connection: rows.hold(connection, digest, fence))
    assert claim(store, seen(store)) == 3


def test_what_comes_is_what_is_due_and_what_has_not_begun(store: Store, digest: Digest) -> None:
    later = Due(digest.due.at + timedelta(days=1), digest.due.date)
    fresh = replace(digest, id="dig_2", wish=wish(name="fresh"), due=later, baseline=None, baseline_at=None)
    far = replace(digest, id="dig_3", wish=wish(name="far"), due=later)
    store.write(lambda connection: [rows.add(connection, each) for each in (fresh, far)])

    with store.read() as connection:
        first, second = Coming("dig_1", digest.due, is_begun=True), Coming("dig_2", later, is_begun=False)
        assert rows.coming(connection, HOME, until=digest.due.at) == (first, second)
        assert rows.coming(connection, HOME, until=digest.created_at) == (second,)


def decided(digest: Digest, day: int, *, report_id: str = "rep_1") -> Decided:
    at = digest.created_at
    return Decided(
        report_id,
        digest.id,
        digest.wish.channel,
        date(2026, 11, day),
        ReportState.TOLD,
        due_at=at,
        decided_at=at,
        report={"a": 1},
    )


def test_a_date_is_decided_once(store: Store, digest: Digest) -> None:
    first, second = decided(digest, 21), decided(digest, 21, report_id="rep_2")

    assert store.write(lambda connection: rows.decide(connection, HOME, first))
    assert not store.write(lambda connection: rows.decide(connection, HOME, second))

    with store.read() as connection:
        assert rows.find_report(connection, HOME, "rep_1") == first
        assert rows.find_report(connection, HOME, "rep_2") is None
        assert rows.find_report(connection, "W0OTHER", "rep_1") is None


def test_the_last_that_was_decided_of_each(store: Store, digest: Digest) -> None:
    other = replace(digest, id="dig_2")
    reports = [decided(digest, 20), decided(digest, 21, report_id="rep_2"), decided(other, 19, report_id="rep_3")]
    store.write(lambda connection: [rows.decide(connection, HOME, each) for each in reports])

    with store.read() as connection:
        last = rows.last_decided(connection, HOME, ["dig_1", "dig_2", "dig_3"])
        dates = rows.dates_decided(connection, HOME, "dig_1", since=date(2026, 11, 21))
    assert {name: each.id for name, each in last.items()} == {"dig_1": "rep_2", "dig_2": "rep_3"}
    assert dates == {date(2026, 11, 21)}


def test_of_the_last_it_is_known_what_became_of_its_message(store: Store, digest: Digest) -> None:
    lane = Lane(HOME, digest.wish.channel)
    message_id = store.write(
        lambda connection: messages.add(connection, lane, kind="digest", stream="s", now=digest.created_at)
    )
    last = replace(decided(digest, 21), message_id=message_id)
    store.write(lambda connection: rows.decide(connection, HOME, last))

    with store.read() as connection:
        assert rows.last_decided(connection, HOME, [digest.id])[digest.id].delivery == messages.WAITING


def test_digests_are_listed_as_they_are(store: Store, digest: Digest) -> None:
    with store.read() as connection:
        (listed,) = rows.listed(connection, HOME)
        assert rows.listed(connection, HOME, "C0OTHER") == rows.listed(connection, "W0OTHER") == ()

    assert listed == Listed(digest.wish, digest.created_by, digest.due, digest.paused_until)


def test_what_is_old_is_forgotten_piece_by_piece(store: Store, digest: Digest) -> None:
    reports = [decided(digest, day, report_id=f"rep_{day}") for day in range(1, 6)]
    store.write(lambda connection: [rows.decide(connection, HOME, each) for each in reports])
    then = digest.created_at + rows.KEPT

    assert store.write(lambda connection: rows.prune(connection, then, most=3)) == 0
    later = then + timedelta(seconds=1)
    assert store.write(lambda connection: rows.prune(connection, later, most=3)) == 3
    assert store.write(lambda connection: rows.prune(connection, later, most=3)) == 2


@pytest.mark.parametrize("text", ["acme/api", "acme/api:prod", "python:3.12", "python"])
def test_an_image_is_kept_as_it_is_written(text: str) -> None:
    wanted = Wanted(Scope((), (read_image(text),)))

    assert wanted.to_json()["images"] == [text]
    assert Wanted.from_json(wanted.to_json()) == wanted
