"""Cool-downs, on both databases."""

import threading
from datetime import timedelta

from bot.clock import FrozenClock
from bot.governance import cooldowns
from bot.governance.cooldowns import Cooldown
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.store.played import NOON

MINUTE = timedelta(minutes=1)


def claim(
    store: Store, by: str = "U0ANA", *, topic: str = "build/acme/api", length: timedelta = MINUTE, workspace: str = HOME
) -> Cooldown | None:
    return store.write(
        lambda connection: cooldowns.claim(
            connection, workspace, topic, by=by, length=length, now=store.now(connection)
        )
    )


def test_what_was_just_done_is_not_done_again(store: Store, clock: FrozenClock) -> None:
    assert claim(store) is None
    clock.advance(59.9)

    assert claim(store, "U0BEA") == Cooldown("U0ANA", NOON, NOON + MINUTE)


def test_when_it_is_over_the_next_may(store: Store, clock: FrozenClock) -> None:
    claim(store)
    clock.advance(60.0)

    assert claim(store, "U0BEA") is None
    assert claim(store) == Cooldown("U0BEA", NOON + MINUTE, NOON + 2 * MINUTE)


def test_each_topic_and_each_workspace_has_its_own(store: Store) -> None:
    claim(store)

    assert claim(store, topic="build/acme/web") is None
    assert claim(store, workspace="T0OTHER") is None


def test_one_of_no_length_holds_nobody_up(store: Store) -> None:
    assert [claim(store, length=timedelta(0)) for _ in range(2)] == [None, None]


def test_of_several_at_once_one_gets_through(store: Store) -> None:
    found: list[Cooldown | None] = []
    barrier = threading.Barrier(4)

    def try_it(by: str) -> None:
        barrier.wait(10)
        found.append(claim(store, by))

    threads = [threading.Thread(target=try_it, args=(f"U{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 4
    assert found.count(None) == 1
    assert len({each.set_by for each in found if each}) == 1


def test_ended_early_it_holds_no_more(store: Store) -> None:
    claim(store)
    store.write(lambda connection: cooldowns.end(connection, HOME, "build/acme/api", begun_at=NOON))

    assert claim(store, "U0BEA") is None


def test_who_ends_theirs_late_ends_nobody_elses(store: Store, clock: FrozenClock) -> None:
    claim(store)
    clock.advance(90)
    claim(store, "U0BEA")
    store.write(lambda connection: cooldowns.end(connection, HOME, "build/acme/api", begun_at=NOON))

    found = claim(store)
    assert found is not None
    assert found.set_by == "U0BEA"


def test_one_from_the_future_is_of_a_clock_that_was_set_back(store: Store, clock: FrozenClock) -> None:
    claim(store)
    clock.step(-3_600)

    assert claim(store, "U0BEA") is None
