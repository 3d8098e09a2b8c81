"""What buttons and forms stand for, on both databases."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.clock import FrozenClock
from bot.governance.roles import Person
from bot.store.base import Store
from bot.store.tables import tickets as rows
from bot.web.tickets import KEPT, Claim, Holder, Kind, Refusals, TicketRefusedError, Tickets, claim_of
from tests.store.conftest import opening, postgresql_url, server, sqlite_url, url
from tests.store.played import clock, store

__all__ = ["clock", "opening", "postgresql_url", "server", "sqlite_url", "store", "url"]

MIA = Holder(Person("U0MIA", "T0ACME"), "C1")
OMAR = Holder(Person("U0OMAR", "T0ACME"), "C1")
REFUSALS = {
    Kind.OFFER: Refusals(gone="gone", taken="taken", foreign="foreign"),
    Kind.FORM: Refusals(gone="form gone", taken="form taken", foreign="form foreign"),
}
OTHERS = [
    OMAR,
    Holder(Person("U0MIA", "T0OTHER"), "C1"),
    Holder(Person("U0MIA", "T0ACME"), "C2"),
    Holder(Person("U0MIA", "T0ACME")),
]
FORGED = ["", "forged", "\x00", "x" * 3_000, "\ud83d", "0" * 64]


def issued(tickets: Tickets, holder: Holder = MIA, *, kind: Kind = Kind.OFFER, **content: Any) -> str:
    (ticket_id,) = tickets.issue(kind, [content], holder)
    return ticket_id


def assert_good(tickets: Tickets, ticket_id: str, holder: Holder = MIA, *, kind: Kind = Kind.OFFER) -> None:
    assert tickets.find(kind, ticket_id, holder).claim == claim_of(kind, ticket_id)


def refusal(tickets: Tickets, ticket_id: str, holder: Holder = MIA, *, kind: Kind = Kind.OFFER) -> str:
    with pytest.raises(TicketRefusedError) as caught:
        tickets.find(kind, ticket_id, holder)
    return str(caught.value)


def refusal_to_take(tickets: Tickets, *claims: Claim) -> str:
    with pytest.raises(TicketRefusedError) as caught:
        tickets.take(claims)
    return str(caught.value)


def count(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def test_what_an_id_stands_for_is_found_by_whoever_uses_the_same_database(store: Store) -> None:
    content: Mapping[str, Any] = {"verb": "plan", "arguments": {"words": ["ü", "🐋"], "n": 1}}
    ticket_id = issued(Tickets(store, REFUSALS), **content)

    ticket = Tickets(store, REFUSALS).find(Kind.OFFER, ticket_id, MIA)

    assert ticket.content == content
    assert ticket.claim == claim_of(Kind.OFFER, ticket_id)
    assert ticket_id not in ticket.claim.row_id


def test_several_ids_come_in_the_order_of_what_they_stand_for(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)

    ids = tickets.issue(Kind.OFFER, [{"n": number} for number in range(5)], MIA)

    assert [tickets.find(Kind.OFFER, each, MIA).content["n"] for each in ids] == [0, 1, 2, 3, 4]
    assert min(map(len, ids)) >= 32


def test_an_id_is_good_for_half_an_hour(store: Store, clock: FrozenClock) -> None:
    tickets = Tickets(store, REFUSALS)
    ticket_id = issued(tickets)

    clock.advance((KEPT - timedelta(seconds=1)).total_seconds())
    assert_good(tickets, ticket_id)
    clock.advance(1)

    assert refusal(tickets, ticket_id) == "gone"
    assert refusal_to_take(tickets, claim_of(Kind.OFFER, ticket_id)) == "gone"


def test_an_id_is_bound_to_the_person_the_workspace_and_the_channel(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    used = issued(tickets)
    tickets.take([claim_of(Kind.OFFER, used)])

    for other in OTHERS:
        assert refusal(tickets, issued(tickets), other) == "foreign"
        assert refusal(tickets, used, other) == "foreign", "nor does it tell others that it was used"


def test_a_forged_id_stands_for_nothing(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    issued(tickets)

    for forged in FORGED:
        assert refusal(tickets, forged) == "gone"
        assert refusal_to_take(tickets, claim_of(Kind.OFFER, forged)) == "gone"


def test_the_id_of_a_row_is_no_id_and_that_of_a_form_no_button(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    ticket_id = issued(tickets)

    assert refusal(tickets, claim_of(Kind.OFFER, ticket_id).row_id) == "gone"
    assert refusal(tickets, ticket_id, kind=Kind.FORM) == "form gone"


def test_rows_of_another_workspace_are_not_ours(store: Store) -> None:
    ticket_id = issued(Tickets(store, REFUSALS, workspace="T0OTHER"))

    assert refusal(Tickets(store, REFUSALS), ticket_id) == "gone"


def test_an_id_is_taken_once_and_can_be_given_back(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    ticket_id = issued(tickets)
    claim = claim_of(Kind.OFFER, ticket_id)

    tickets.take([claim])
    assert refusal(tickets, ticket_id) == "taken"
    assert refusal_to_take(tickets, claim) == "taken"
    tickets.issue(Kind.FORM, [{}], Holder(MIA.person), give_back=[claim])

    assert_good(tickets, ticket_id)
    tickets.take([claim])


def test_several_are_taken_together_or_none(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    offer, form = issued(tickets), issued(tickets, kind=Kind.FORM)
    claims = [claim_of(Kind.FORM, form), claim_of(Kind.OFFER, offer)]
    tickets.take([claims[1]])

    assert refusal_to_take(tickets, *claims) == "taken"

    assert_good(tickets, form, MIA, kind=Kind.FORM)
    tickets.take([])


def test_of_many_that_take_it_at_once_one_gets_through(store: Store) -> None:
    tickets = Tickets(store, REFUSALS)
    claims = [claim_of(Kind.FORM, issued(tickets, kind=Kind.FORM)), claim_of(Kind.OFFER, issued(tickets))]
    together = Barrier(8)

    def take(_: int) -> bool:
        together.wait(10)
        try:
            Tickets(store, REFUSALS).take(claims)
        except TicketRefusedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_rows_go_when_they_are_over(store: Store, clock: FrozenClock) -> None:
    tickets = Tickets(store, REFUSALS)
    tickets.issue(Kind.OFFER, [{}] * 5, MIA)
    clock.advance(KEPT.total_seconds())

    issued(tickets, OMAR)

    assert count(store) == 1


def test_the_oldest_of_somebody_go_when_they_have_too_many(store: Store, clock: FrozenClock) -> None:
    tickets = Tickets(store, REFUSALS, most_each=3)
    others = issued(tickets, OMAR)
    ids: list[str] = []
    for _ in range(5):
        ids.append(issued(tickets))
        clock.advance(1)

    assert [refusal(tickets, each) for each in ids[:2]] == ["gone", "gone"]
    for each in ids[2:]:
        assert_good(tickets, each)
    assert_good(tickets, others, OMAR)
    assert count(store) == 4


def test_people_who_get_buttons_at_the_same_time_do_not_stand_in_each_others_way(
    store: Store, clock: FrozenClock
) -> None:
    tickets = Tickets(store, REFUSALS, most_each=5)
    tickets.issue(Kind.OFFER, [{}] * 20, OMAR)
    clock.advance(KEPT.total_seconds())

    def ask(_: int) -> Sequence[str]:
        return tickets.issue(Kind.OFFER, [{}, {}], MIA)

    with ThreadPoolExecutor(8) as pool:
        assert all(len(ids) == 2 for ids in pool.map(ask, range(16)))
    issued(tickets)
    assert count(store) == 5, "what was passed over meanwhile goes with the next"


def test_a_time_that_was_written_by_hand_counts(store: Store, clock: FrozenClock) -> None:
    """The database's own time decides, not that of whoever asks."""
    tickets = Tickets(store, REFUSALS)
    ticket_id = issued(tickets)
    past = clock.now() - timedelta(seconds=1)
    store.write(lambda connection: connection.execute(update(rows).values(expires_at=past)).rowcount)

    assert refusal(tickets, ticket_id) == "gone"
