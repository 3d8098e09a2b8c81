import pytest

from bot.governance.roles import Person
from bot.web.tickets import KEPT_SECONDS, Claim, Holder, Refusals, TicketRefusedError, Tickets

MIA = Holder(Person("U0MIA", "T0ACME"), "C1")
REFUSALS = Refusals(gone="gone", taken="taken", foreign="foreign")


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def refusal(tickets: Tickets[str], ticket_id: str, holder: Holder = MIA) -> str:
    with pytest.raises(TicketRefusedError) as caught:
        tickets.find(ticket_id, holder)
    return str(caught.value)


def test_a_ticket_is_good_for_half_an_hour() -> None:
    watch = Watch()
    tickets: Tickets[str] = Tickets(REFUSALS, monotonic=watch)
    ticket_id = tickets.issue("it", MIA)

    watch.now = KEPT_SECONDS - 1
    assert tickets.find(ticket_id, MIA) == "it"
    watch.now = KEPT_SECONDS
    assert refusal(tickets, ticket_id) == "gone"
    with pytest.raises(TicketRefusedError, match="gone"):
        tickets.take(ticket_id)


def test_only_so_many_are_kept() -> None:
    tickets: Tickets[str] = Tickets(REFUSALS, monotonic=Watch(), most=2)
    ids = [tickets.issue(str(number), MIA) for number in range(3)]

    assert refusal(tickets, ids[0]) == "gone"
    assert tickets.find(ids[2], MIA) == "2"


@pytest.mark.parametrize(
    "other",
    [
        Holder(Person("U0OMAR", "T0ACME"), "C1"),
        Holder(Person("U0MIA", "T0OTHER"), "C1"),
        Holder(Person("U0MIA", "T0ACME"), "C2"),
        Holder(Person("U0MIA", "T0ACME")),
    ],
)
def test_a_ticket_is_bound_to_the_person_the_workspace_and_the_channel(other: Holder) -> None:
    tickets: Tickets[str] = Tickets(REFUSALS, monotonic=Watch())

    assert refusal(tickets, tickets.issue("it", MIA), other) == "foreign"


def test_a_ticket_is_taken_once_and_can_be_given_back() -> None:
    tickets: Tickets[str] = Tickets(REFUSALS, monotonic=Watch())
    ticket_id = tickets.issue("it", MIA)
    claim = Claim(tickets, ticket_id)

    claim.take()
    assert refusal(tickets, ticket_id) == "taken"
    with pytest.raises(TicketRefusedError, match="taken"):
        claim.take()
    claim.give_back()
    assert tickets.find(ticket_id, MIA) == "it"


def test_ids_cannot_be_guessed_from_each_other() -> None:
    tickets: Tickets[str] = Tickets(REFUSALS, monotonic=Watch())

    ids = {tickets.issue("it", MIA) for _ in range(100)}

    assert len(ids) == 100
    assert min(map(len, ids)) >= 32
