import pytest

from bot.governance.roles import Person
from bot.web.remembered import Remembered
from bot.web.tickets import KEPT, Holder, Refusals, TicketRefusedError

MIA = Holder(Person("U0MIA", "T0ACME"), "C1")
REFUSALS = Refusals(gone="gone", taken="taken", foreign="foreign")


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def refusal(tickets: Remembered[str], ticket_id: str, holder: Holder = MIA) -> str:
    with pytest.raises(TicketRefusedError) as caught:
        tickets.find(ticket_id, holder)
    return str(caught.value)


def test_a_ticket_is_good_for_half_an_hour() -> None:
    watch = Watch()
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=watch)
    ticket_id = tickets.issue("it", MIA)

    watch.now = KEPT.total_seconds() - 1
    assert tickets.find(ticket_id, MIA) == "it"
    watch.now = KEPT.total_seconds()
    assert refusal(tickets, ticket_id) == "gone"
    with pytest.raises(TicketRefusedError, match="gone"):
        tickets.take(ticket_id)


def test_only_so_many_are_kept() -> None:
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=Watch(), most=2)
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
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=Watch())

    assert refusal(tickets, tickets.issue("it", MIA), other) == "foreign"


def test_a_ticket_is_taken_once() -> None:
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=Watch())
    ticket_id = tickets.issue("it", MIA)

    tickets.take(ticket_id)

    assert refusal(tickets, ticket_id) == "taken"
    with pytest.raises(TicketRefusedError, match="taken"):
        tickets.take(ticket_id)


def test_what_is_forgotten_is_known_no_more() -> None:
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=Watch())
    tickets.keep("made elsewhere", "it", MIA)

    assert tickets.find("made elsewhere", MIA) == "it"
    assert tickets.forget("made elsewhere") == "it"
    assert refusal(tickets, "made elsewhere") == "gone"
    assert tickets.forget("made elsewhere") is None


def test_ids_cannot_be_guessed_from_each_other() -> None:
    tickets: Remembered[str] = Remembered(REFUSALS, monotonic=Watch())

    ids = {tickets.issue("it", MIA) for _ in range(100)}

    assert len(ids) == 100
    assert min(map(len, ids)) >= 32
