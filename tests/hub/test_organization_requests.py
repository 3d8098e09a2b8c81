"""Every request about an organization is valid against Docker's own OpenAPI document."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.templating.paths.exceptions import PathNotFound

from bot.hub.api import Api
from bot.hub.invites import Invites
from bot.hub.members import Members
from bot.hub.plans import Plans
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.hub.teams import Teams
from tests.hub.support import OAT_OF_ACME, FakeWire, Sent, json_answer, jwt, make_api
from tests.hub.test_openapi import DOCUMENT, Seen
from tests.support.shared import shared_file

NOT_DOCUMENTED = {
    "/v2/orgs/acme": "Docker's own client reads the organization's id there.",
    "/api/billing/v4/accounts/5f3c/hub-plan": "Docker's own client reads the number of seats there.",
}


ANSWERS: dict[str, Outcome] = {
    "POST /v2/auth/token": json_answer({"access_token": jwt()}),
    "GET /v2/orgs/acme": json_answer({"id": "5f3c"}),
    "GET /v2/orgs/acme/members": json_answer({"count": 0, "next": "?page=2&page_size=100", "results": []}),
    "GET /v2/orgs/acme/groups": json_answer({"count": 0, "next": "?page=2&page_size=100", "results": []}),
    "GET /v2/orgs/acme/invites": json_answer({"data": []}),
    "GET /api/billing/v4/accounts/5f3c/hub-plan": json_answer({"seats": 10}),
    "POST /v2/invites/bulk": json_answer({"invitees": []}, 202),
}


def respond(sent: Sent) -> Outcome:
    is_past_the_end = dict(sent.request.query).get("page") == "2"
    return Answer(404) if is_past_the_end else ANSWERS.get(str(sent), Answer(204))


def use_everything(api: Api) -> None:
    for role in (None, "owner", "editor", "member"):
        list(Members(api).list("acme", search="ana", role=role))
    list(Teams(api).list("acme"))
    invites = Invites(api)
    list(invites.list("acme"))
    invites.create("acme", ["ana@acme.com", "bo"], role="member")
    invites.create("acme", ["ana@acme.com"], role="owner", team="web", is_dry_run=True)
    invites.delete("acme", "e36eca69-4cc8-4f17-9845-ae8c2b832691")
    invites.resend("acme", "e36eca69-4cc8-4f17-9845-ae8c2b832691")
    Plans(api).get("acme")


def known_fields(raw: Mapping[str, Any], sent: Sent) -> set[str]:
    """Return the fields of the query that the document knows for a request."""
    item = raw["paths"][sent.request.path.replace("/acme/", "/{org_name}/")]
    parameters = [*item.get("parameters", []), *item[sent.request.method.lower()].get("parameters", [])]
    shared = raw["components"]["parameters"]
    return {shared[each["$ref"].rpartition("/")[2]]["name"] if "$ref" in each else each["name"] for each in parameters}


@pytest.fixture(scope="module")
def requests() -> list[Sent]:
    wire = FakeWire(respond)
    use_everything(make_api(wire, OAT_OF_ACME))
    return wire.sent


def test_they_are_documented_and_valid_but_for_those_with_a_reason(requests: list[Sent]) -> None:
    raw = yaml.safe_load(shared_file(DOCUMENT).read_text())
    document = OpenAPI.from_dict(raw)
    valid, unknown = set(), set()
    for sent in requests:
        try:
            document.validate_request(Seen(sent))
        except PathNotFound:
            unknown.add(sent.request.path)
        else:
            valid.add(str(sent))
            assert not sent.request.query or {name for name, _ in sent.request.query} <= known_fields(raw, sent)

    assert unknown == set(NOT_DOCUMENTED)
    assert valid == {
        "POST /v2/auth/token",
        "GET /v2/orgs/acme/members",
        "GET /v2/orgs/acme/groups",
        "GET /v2/orgs/acme/invites",
        "POST /v2/invites/bulk",
        "DELETE /v2/invites/e36eca69-4cc8-4f17-9845-ae8c2b832691",
        "PATCH /v2/invites/e36eca69-4cc8-4f17-9845-ae8c2b832691/resend",
    }
