"""Plans, from literal answers."""

from typing import Any

import pytest

from bot.errors import ForbiddenError, NotFoundError, UnexpectedResponseError
from bot.hub.plans import Plan, Plans
from bot.hub.retrying import Outcome
from tests.hub.support import OAT_OF_ACME, FakeWire, Sent, json_answer, jwt, make_api

PLAN = {"name": "team", "legacy": False, "seats": 10, "private_repos": 9999, "duration": "annual"}
BY_ID = "/api/billing/v4/accounts/5f3c/hub-plan"
BY_NAME = "/api/billing/v4/accounts/acme/hub-plan"
MISSING = json_answer({"detail": "Not found"}, 404)
ACME = json_answer({"id": "5f3c", "orgname": "acme"})


def ask(organization: Outcome, **plans: Outcome) -> tuple[Plan, list[str]]:
    """Return the plan, and what was asked for it."""

    def respond(sent: Sent) -> Outcome:
        answers: dict[str, Outcome] = {
            "/v2/auth/token": json_answer({"access_token": jwt()}),
            "/v2/orgs/acme": organization,
            BY_ID: plans.get("by_id", MISSING),
            BY_NAME: plans.get("by_name", MISSING),
        }
        return answers[sent.request.path]

    wire = FakeWire(respond)
    plan = Plans(make_api(wire, OAT_OF_ACME)).get("Acme")
    return plan, [sent.request.path for sent in wire.sent[1:]]


def test_the_plan_is_asked_for_by_the_id() -> None:
    assert ask(ACME, by_id=json_answer(PLAN)) == (Plan(name="team", seats=10), ["/v2/orgs/acme", BY_ID])


@pytest.mark.parametrize(
    "organization", [MISSING, json_answer({"detail": "no"}, 403), json_answer({"orgname": "acme"})]
)
def test_where_the_id_is_not_known_the_name_is_tried(organization: Outcome) -> None:
    assert ask(organization, by_name=json_answer(PLAN)) == (Plan(name="team", seats=10), ["/v2/orgs/acme", BY_NAME])


def test_where_the_id_leads_nowhere_the_name_is_tried() -> None:
    assert ask(ACME, by_name=json_answer(PLAN))[1] == ["/v2/orgs/acme", BY_ID, BY_NAME]


@pytest.mark.parametrize("seats", [None, "many", {}])
def test_a_number_that_cannot_be_read_is_unknown(seats: Any) -> None:
    assert ask(ACME, by_id=json_answer(PLAN | {"seats": seats}))[0].seats is None


def test_refusals_are_told() -> None:
    with pytest.raises(ForbiddenError, match="the plan of acme"):
        ask(ACME, by_id=json_answer({"message": "no"}, 403))
    with pytest.raises(NotFoundError, match="the plan of acme"):
        ask(ACME)
    with pytest.raises(NotFoundError, match="the plan of acme"):
        ask(MISSING)
    with pytest.raises(UnexpectedResponseError):
        ask(ACME, by_id=json_answer([]))
