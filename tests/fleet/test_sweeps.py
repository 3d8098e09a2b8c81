"""Who looks at what, and when next."""

from datetime import timedelta

from bot.clock import FrozenClock
from bot.fleet.model import ImageName, Unchecked
from bot.fleet.sweeps import EVERY, FULL_EVERY, MOST_KEPT, Lease, SweepReport, Sweeps, subject_of
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.fleet.scene import API, NOON

ACME = "acme/"


def report(*, is_partial: bool = False, is_full: bool = False, unchecked: int = 0) -> SweepReport:
    return SweepReport(
        namespace="acme",
        started_at=NOON,
        ended_at=NOON,
        is_partial=is_partial,
        is_full=is_full,
        unchecked=tuple(Unchecked(f"acme/r{number}", "why") for number in range(unchecked)),
    )


def due(sweeps: Sweeps, store: Store, *subjects: str) -> tuple[str, ...]:
    with store.read() as connection:
        return sweeps.due(connection, subjects)


def taken(sweeps: Sweeps, *, at_once: bool = False) -> Lease:
    lease = sweeps.take(ACME, at_once=at_once)
    assert lease is not None
    return lease


def test_what_was_never_looked_at_is_due(store: Store) -> None:
    assert due(Sweeps(store, HOME), store, ACME, "library/python:3.12") == (ACME, "library/python:3.12")


def test_of_several_one_looks(store: Store, clock: FrozenClock) -> None:
    ours, theirs = Sweeps(store, HOME), Sweeps(store, HOME)
    taken(ours)

    assert theirs.take(ACME) is None
    assert theirs.take(ACME, at_once=True) is None
    assert due(theirs, store, ACME) == ()
    clock.advance(301)
    assert due(theirs, store, ACME) == (ACME,)
    assert taken(theirs).fence == 2


def test_who_slept_through_their_lease_notices(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    old = taken(sweeps)
    clock.advance(301)
    new = taken(sweeps)

    assert not store.write(lambda connection: sweeps.renew(connection, old))
    sweeps.end(old, report())
    assert sweeps.take(ACME) is None
    assert store.write(lambda connection: sweeps.renew(connection, new))
    sweeps.end(new, report())
    assert due(sweeps, store, ACME) == ()


def test_a_sweep_is_due_again_after_an_hour_and_a_full_one_after_a_week(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report())
    assert sweeps.take(ACME) is None

    clock.advance(EVERY.total_seconds())
    assert not taken(sweeps).is_full
    clock.advance(FULL_EVERY.total_seconds())
    lease = taken(sweeps)
    assert lease.is_full
    sweeps.end(lease, report(is_full=True))
    clock.advance(EVERY.total_seconds())
    assert not taken(sweeps).is_full


def test_a_full_one_that_was_cut_short_keeps_its_beginning(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report())
    clock.advance(FULL_EVERY.total_seconds())
    first = taken(sweeps)
    sweeps.end(first, report(is_partial=True, is_full=True))
    clock.advance(3_600)

    # Somebody who asks meanwhile has nothing to do with it.
    person = taken(sweeps, at_once=True)
    assert not person.is_full
    sweeps.end(person, report())
    clock.advance(3_600)
    again = taken(sweeps)

    assert (again.is_full, again.started_at) == (True, first.started_at)


def test_what_was_cut_short_is_due_when_it_makes_sense(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    retry_at = clock.now() + timedelta(seconds=40)
    sweeps.end(taken(sweeps), report(is_partial=True).model_copy(update={"retry_at": retry_at}))

    assert due(sweeps, store, ACME) == ()
    clock.advance(41)
    assert due(sweeps, store, ACME) == (ACME,)
    with store.read() as connection:
        assert sweeps.known(connection, [ACME])[ACME].ended_at is None


def test_what_is_given_back_can_be_taken_at_once(store: Store) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.give_back(taken(sweeps))

    assert taken(sweeps).fence == 2


def test_what_is_hastened_is_due(store: Store) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report())

    sweeps.hasten([ACME, "other/"])

    assert due(sweeps, store, ACME, "other/") == (ACME, "other/")
    with store.read() as connection:
        assert sweeps.known(connection, [ACME])[ACME].report == report()


def test_images_are_claimed_by_one_and_noted(store: Store, clock: FrozenClock) -> None:
    sweeps, python = Sweeps(store, HOME), subject_of(ImageName(RepositoryName("library", "python"), "3.12"))

    assert Sweeps(store, HOME).claim([python]) == [python]
    assert sweeps.claim([python]) == []
    store.write(lambda connection: sweeps.note(connection, {python: "gone"}))
    with store.read() as connection:
        known = sweeps.known(connection, [python])[python]
    assert (known.ended_at, known.problem) == (clock.now(), "gone")
    assert sweeps.claim([python]) == []
    clock.advance(EVERY.total_seconds())
    assert sweeps.claim([python]) == [python]


def test_a_clock_that_was_set_back_keeps_nothing_from_being_due(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    taken(sweeps)
    clock.step(-86_400)

    assert due(sweeps, store, ACME) == (ACME,)
    taken(sweeps)


def test_a_row_names_no_endless_list(store: Store) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report(unchecked=MOST_KEPT * 3))

    with store.read() as connection:
        kept = sweeps.known(connection, [ACME])[ACME].report
    assert kept is not None
    assert len(kept.unchecked) == MOST_KEPT


def test_a_namespace_is_no_image() -> None:
    names = {subject_of("acme"), subject_of(ImageName(API)), subject_of(ImageName(API, "1.0"))}

    assert names == {"acme/", "acme/api", "acme/api:1.0"}


def test_who_looks_at_once_does_not_put_off_a_full_one(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report())
    was_full = []
    for _ in range(9 * 24):
        clock.advance(1_800)
        sweeps.end(taken(sweeps, at_once=True), report())
        clock.advance(1_800)
        lease = sweeps.take(ACME)
        if lease is not None:
            was_full.append(lease.is_full)
            sweeps.end(lease, report(is_full=lease.is_full))

    assert was_full == [True]


def test_a_full_one_that_was_cut_short_goes_on_when_it_was_to(store: Store, clock: FrozenClock) -> None:
    sweeps = Sweeps(store, HOME)
    sweeps.end(taken(sweeps), report())
    clock.advance(FULL_EVERY.total_seconds())
    sweeps.end(taken(sweeps), report(is_partial=True, is_full=True))
    clock.advance(600)

    sweeps.end(taken(sweeps, at_once=True), report())

    clock.advance(301)
    assert taken(sweeps).is_full


def test_what_a_dead_process_held_is_free_at_once_where_there_is_only_one(store: Store) -> None:
    sweeps = Sweeps(store, HOME)
    dead = taken(sweeps)
    assert sweeps.take(ACME) is None

    sweeps.orphan()

    assert not store.write(lambda connection: sweeps.renew(connection, dead))
    assert sweeps.take(ACME) is not None


def test_what_is_said_of_the_whole_namespace_is_kept_first() -> None:
    many = report(unchecked=MOST_KEPT)
    hidden = Unchecked("private repositories of acme", "why")

    kept = SweepReport.model_validate(many.model_copy(update={"unchecked": (*many.unchecked, hidden)}).kept())

    assert len(kept.unchecked) == MOST_KEPT
    assert kept.unchecked[0] == hidden
