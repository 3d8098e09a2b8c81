"""What waits for a second person, and deciding on it."""

from collections.abc import Iterator

import pytest

from bot.errors import AccessDeniedError, UsageError
from bot.governance.governance import GONE, OWN, TOO_LATE
from bot.governance.proposals import State
from tests.support.governing import ANA, BEA, MAX, OLA, GovernedDesk, lines, open_governed_desk


@pytest.fixture
def desk() -> Iterator[GovernedDesk]:
    """ANA and BEA are admins, OLA and MAX are operators."""
    with open_governed_desk(admins=frozenset({ANA, BEA}), operators=frozenset({OLA, MAX})) as opened:
        yield opened


def state(desk: GovernedDesk, change_id: str) -> State:
    return desk.governance.find(change_id).state


def test_what_waits_is_listed_with_its_reason_and_its_deadline(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)

    assert desk.says("approvals") == [
        "Waiting for approval",
        "What | By | Asked | Until | Id | Why",
        (
            "Invite bob to acme as owner | U0OLA | 2026-11-21 09:00 UTC | 2026-11-22 09:00 UTC | "
            f"{change.id} | invite.owner needs a second person"
        ),
        "/hub approvals show ID to see and decide on one. --all shows what was decided, too.",
    ]


def test_where_nothing_waits_that_is_said(desk: GovernedDesk) -> None:
    desk.invite(OLA, role="member")

    assert desk.says("approvals") == ["Nothing waits for approval."]
    assert desk.says("approvals --all") == ["Nothing ever needed a second person."]


def test_what_was_decided_is_listed_with_all(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    desk.press(desk.ask(f"approvals show {change.id}"), "Reject")

    assert desk.says("approvals")[0] == "Nothing waits for approval."
    assert " | rejected | U0ANA | " in desk.says("approvals --all")[2]


def test_an_operator_sees_what_they_asked_for_and_nothing_else(desk: GovernedDesk) -> None:
    own, other = desk.invite(OLA), desk.invite(MAX)
    desk.as_(OLA)

    said = desk.ask("approvals")

    assert own.id in "".join(lines(said))
    assert other.id not in "".join(lines(said))
    assert str(desk.ask(f"approvals show {other.id}").failure) == GONE
    assert str(desk.ask(f"approvals withdraw {other.id}").failure) == GONE
    assert [each.label for each in desk.ask(f"approvals show {own.id}").result.offers] == ["Withdraw"]  # type: ignore[union-attr]


def test_an_admin_sees_exactly_what_will_be_sent_and_approves_it(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)

    shown = desk.ask(f"approvals show {change.id}")

    assert "\n".join(change.proposal.shown) in lines(shown)
    assert state(desk, change.id) is State.REQUESTED
    said = desk.press(shown, "Approve")
    assert "Who asked for it hears what came of it." in lines(said)
    assert state(desk, change.id) is State.APPROVED
    desk.look_after()
    assert state(desk, change.id) is State.DONE
    assert desk.invites.sent == [change.id]
    assert desk.governance.find(change.id).decided_by == ANA


def test_approving_asks_first_and_rejecting_does_not(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)

    result = desk.ask(f"approvals show {change.id}").result

    assert result is not None
    assert [(each.label, each.confirm is not None) for each in result.offers] == [("Approve", True), ("Reject", False)]


def test_nobody_decides_on_what_they_asked_for_themselves(desk: GovernedDesk) -> None:
    change = desk.invite(ANA)
    desk.as_(BEA)
    shown = desk.ask(f"approvals show {change.id}")
    desk.as_(ANA)

    assert [each.label for each in desk.ask(f"approvals show {change.id}").result.offers] == ["Withdraw"]  # type: ignore[union-attr]
    assert str(desk.press(shown, "Approve").failure) == OWN
    assert state(desk, change.id) is State.REQUESTED


def test_who_is_no_admin_any_more_decides_on_nothing(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    shown = desk.ask(f"approvals show {change.id}")
    desk.as_(MAX)

    assert isinstance(desk.press(shown, "Approve").failure, AccessDeniedError)
    assert state(desk, change.id) is State.REQUESTED


def test_what_is_decided_is_decided(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    shown = desk.ask(f"approvals show {change.id}")
    desk.press(shown, "Reject")

    assert str(desk.press(shown, "Approve").failure) == TOO_LATE
    assert desk.ask(f"approvals show {change.id}").result.offers == ()  # type: ignore[union-attr]
    assert desk.invites.sent == []


def test_who_asked_takes_it_back(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    desk.as_(OLA)

    said = desk.ask(f"approvals withdraw {change.id}")

    assert lines(said)[0] == "Withdrawn"
    assert state(desk, change.id) is State.WITHDRAWN


def test_in_a_terminal_one_looks_and_decides_on_nothing(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    shown = desk.ask(f"approvals show {change.id}")
    desk.as_(None)

    assert desk.ask(f"approvals show {change.id}").result.offers == ()  # type: ignore[union-attr]
    assert "in Slack" in str(desk.press(shown, "Approve").failure)
    assert state(desk, change.id) is State.REQUESTED


def test_only_so_many_are_listed(desk: GovernedDesk) -> None:
    for _ in range(3):
        desk.invite(OLA)

    said = desk.says("approvals --limit 2")

    assert len(said) == 5
    assert said[-1].endswith("There are more: --limit 8.")


def test_the_value_of_the_buttons_is_not_printed(desk: GovernedDesk) -> None:
    change = desk.invite(OLA)
    result = desk.ask(f"approvals show {change.id}").result

    assert result is not None
    assert change.button not in result.model_dump_json()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("approvals approve chg_00", "Deciding takes its button: `/hub approvals show chg_00`"),
        ("approvals reject", "Deciding takes its button"),
        ("approvals chg_00", "`approvals` does not know `chg_00`"),
        ("approvals show", "`approvals show` needs one id"),
        ("approvals show me", "`approvals show` needs one id"),
        ("approvals show chg_00 --all", "`--all` and `--limit` are for the list"),
    ],
)
def test_what_cannot_be_understood_is_said(desk: GovernedDesk, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        desk.ask(typed)
    assert str(caught.value).startswith(said)
