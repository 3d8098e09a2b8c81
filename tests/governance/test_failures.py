"""What an error says of a change that was sent."""

import pytest

from bot.errors import (
    DeliveryError,
    ForbiddenError,
    HubBotError,
    NotFoundError,
    UnavailableError,
    UnexpectedResponseError,
    UserError,
)
from bot.governance.failures import PERHAPS, outcome_of
from bot.governance.proposals import State


@pytest.mark.parametrize(
    "error",
    [
        UserError("The set-up is gone. Nothing was sent."),
        ForbiddenError("acme", credential="the PAT of ana", status=403),
        NotFoundError("acme", credential="the PAT of ana", status=404),
    ],
)
def test_what_was_refused_did_not_happen_and_says_what_to_do(error: HubBotError) -> None:
    outcome = outcome_of(error)

    assert (outcome.state, outcome.sentence) == (State.FAILED, str(error))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            UnavailableError(
                "the invites of acme", credential="the PAT of ana", status=503, detail="upstream is away."
            ),
            (
                "Docker Hub is not available (HTTP 503): asked for the invites of acme with the PAT of ana. "
                "It said: upstream is away."
            ),
        ),
        (
            UnavailableError("the invites of acme"),
            "Docker Hub is not available: asked for the invites of acme with no credential.",
        ),
        (
            UnexpectedResponseError("the invites of acme", status=202, detail="not JSON"),
            (
                "Docker Hub answered something unexpected (HTTP 202) for the invites of acme (with no credential). "
                "It said: not JSON."
            ),
        ),
        (DeliveryError("Slack is away.", permanent=False), "Slack is away."),
    ],
)
def test_what_nobody_heard_the_answer_to_may_have_happened_and_is_not_to_be_tried_again(
    error: HubBotError, said: str
) -> None:
    outcome = outcome_of(error)

    assert (outcome.state, outcome.sentence) == (State.UNKNOWN, f"{said} {PERHAPS}")
