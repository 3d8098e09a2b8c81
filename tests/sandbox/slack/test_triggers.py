"""Source: https://docs.slack.dev/interactivity/handling-user-interaction, modal responses."""

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.unknowns import SlackUnknowns

OTHER_WORDS = SlackUnknowns(trigger_refusal="trigger_expired")


@pytest.fixture
def triggers(clock: SettableClock) -> Triggers:
    return Triggers(clock)


def test_trigger_names_its_user(triggers: Triggers) -> None:
    assert triggers.redeem(triggers.issue("U0ANA")) == "U0ANA"


def test_trigger_looks_like_those_of_slack(triggers: Triggers) -> None:
    first, second, third = triggers.issue("U0ANA").split(".")

    assert first.isdecimal()
    assert second.isdecimal()
    assert len(third) == 32


def test_each_trigger_is_another(triggers: Triggers) -> None:
    assert len({triggers.issue("U0ANA") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("unknowns", "word"), [(SlackUnknowns(), "exchanged_trigger_id"), (OTHER_WORDS, "trigger_exchanged")]
)
def test_trigger_is_good_once(clock: SettableClock, unknowns: SlackUnknowns, word: str) -> None:
    triggers = Triggers(clock, lambda: unknowns)
    trigger_id = triggers.issue("U0ANA")
    triggers.redeem(trigger_id)

    with pytest.raises(Refusal) as refusal:
        triggers.redeem(trigger_id)

    assert refusal.value.error == word


@pytest.mark.parametrize(
    ("unknowns", "word"), [(SlackUnknowns(), "expired_trigger_id"), (OTHER_WORDS, "trigger_expired")]
)
def test_trigger_expires_after_three_seconds(clock: SettableClock, unknowns: SlackUnknowns, word: str) -> None:
    triggers = Triggers(clock, lambda: unknowns)
    trigger_id = triggers.issue("U0ANA")
    clock.advance(seconds=3)

    with pytest.raises(Refusal) as refusal:
        triggers.redeem(trigger_id)

    assert refusal.value.error == word


def test_trigger_is_good_for_almost_three_seconds(triggers: Triggers, clock: SettableClock) -> None:
    trigger_id = triggers.issue("U0ANA")
    clock.advance(seconds=2.9)

    assert triggers.redeem(trigger_id) == "U0ANA"


def test_made_up_trigger_is_invalid(triggers: Triggers) -> None:
    with pytest.raises(Refusal) as refusal:
        triggers.redeem("12345.98765.abcd2358fdea")

    assert refusal.value.error == "invalid_trigger_id"
