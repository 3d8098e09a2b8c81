"""Every documented request and answer of the simulator is valid against Docker's own OpenAPI document.

The document has errors, and reality differs from it in places. `CORRECTIONS` lists each, with its evidence, as the
change to the document that it amounts to; a test holds that not one of them is needless.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests
import yaml
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from tests.support.shared import shared_file

Spec = dict[str, Any]

NAMESPACE = "/v2/namespaces/{namespace}/repositories"
REPOSITORY = f"{NAMESPACE}/{{repository}}"
TAGS = f"{REPOSITORY}/tags"
TAG = f"{TAGS}/{{tag}}"
MEMBERS = "/v2/orgs/{org_name}/members"
TEAMS = "/v2/orgs/{org_name}/groups"
TEAM = f"{TEAMS}/{{group_name}}"
INVITES = "/v2/orgs/{org_name}/invites"
NULLABLE_IMAGE_FIELDS = {"variant": "string", "os": "string", "os_version": "string", "size": "integer"}


def images_are_an_array(spec: Spec) -> None:
    schemas = spec["components"]["schemas"]
    image = {"$ref": "#/components/schemas/image"}
    schemas["tag"]["properties"]["images"] = {"type": "array", "nullable": True, "items": image}


def v2_is_a_boolean(spec: Spec) -> None:
    spec["components"]["schemas"]["tag"]["properties"]["v2"] = {"type": "boolean"}


def image_fields_are_nullable(spec: Spec) -> None:
    properties = spec["components"]["schemas"]["image"]["properties"]
    for name in NULLABLE_IMAGE_FIELDS:
        properties[name]["nullable"] = True


def full_size_is_nullable(spec: Spec) -> None:
    spec["components"]["schemas"]["tag"]["properties"]["full_size"]["nullable"] = True


def last_updated_is_nullable(spec: Spec) -> None:
    spec["components"]["schemas"]["repository_info"]["properties"]["last_updated"]["nullable"] = True


def any_operation_can_be_limited(spec: Spec) -> None:
    limited = {"description": "Rate limited", "content": {"application/json": {"schema": {"type": "object"}}}}
    for operation in operations(spec):
        operation["responses"].setdefault("429", limited)


def tags_are_refused_to_bad_bearers(spec: Spec) -> None:
    for path in (TAGS, TAG):
        for method in ("get", "head"):
            responses = spec["paths"][path][method]["responses"]
            responses["401"] = {"$ref": "#/components/responses/Unauthorized"}


def public_tags_need_no_login(spec: Spec) -> None:
    for path in (TAGS, TAG):
        for method in ("get", "head"):
            spec["paths"][path][method]["security"].append({})


def head_has_no_body(spec: Spec) -> None:
    for item in spec["paths"].values():
        for response in item.get("head", {}).get("responses", {}).values():
            response.pop("content", None)
            if "$ref" in response:
                response.clear()
                response["description"] = "As for GET, without the body"


def members_are_one_page(spec: Spec) -> None:
    page = {"$ref": "#/components/schemas/org_member_paginated"}
    spec["paths"][MEMBERS]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = page


def bulk_invites_are_a_list(spec: Spec) -> None:
    listed = spec["components"]["schemas"]["bulk_invite"]["properties"]["invitees"]
    accepted = spec["paths"]["/v2/invites/bulk"]["post"]["responses"]["202"]["content"]["application/json"]
    accepted["schema"]["properties"]["invitees"] = listed


def bulk_invites_are_refused_to_others(spec: Spec) -> None:
    responses = spec["paths"]["/v2/invites/bulk"]["post"]["responses"]
    responses |= {
        "401": {"$ref": "#/components/responses/unauthorized"},
        "403": {"$ref": "#/components/responses/forbidden"},
    }


def links_of_pages_are_nullable(spec: Spec) -> None:
    lists = (spec["paths"][path]["get"]["responses"]["200"]["content"] for path in (TEAMS, f"{TEAM}/members"))
    for page in (
        spec["components"]["schemas"]["org_member_paginated"],
        *(each["application/json"]["schema"] for each in lists),
    ):
        for name in ("next", "previous"):
            page["properties"][name]["nullable"] = True


def operations(spec: Spec) -> Iterator[dict[str, Any]]:
    for item in spec["paths"].values():
        yield from (operation for operation in item.values() if "responses" in operation)


# Each with what it rests on. W-numbers are those of the document's own header.
CORRECTIONS: dict[Callable[[Spec], None], str] = {
    images_are_an_array: "W1; a page recorded on 2026-01-01 and docs.docker.com's current schema have an array",
    v2_is_a_boolean: "W1; the recorded page and the official example have `true`",
    image_fields_are_nullable: "the recorded page has null in variant and os_version; clients allow it in os and size",
    full_size_is_nullable: "a tag without any known image has no size; facts that are unknown are null, not zero",
    last_updated_is_nullable: "null for a repository never pushed, recorded; the list's schema has it nullable",
    any_operation_can_be_limited: "W4; the limit is API-wide, 429 is declared for audit logs only",
    tags_are_refused_to_bad_bearers: "observed: a bad bearer turns the 200 of a public repository into 401",
    public_tags_need_no_login: "observed 2026-09-11: public tags need no login, though the document lists one",
    members_are_one_page: "W2; docker/hub-tool decodes one page object",
    bulk_invites_are_a_list: "W3; docker/terraform-provider-docker decodes the list right under `invitees`",
    bulk_invites_are_refused_to_others: "the text says that only owners may invite; no such answer is declared",
    links_of_pages_are_nullable: "the document's own examples of pages have null",
    head_has_no_body: "HTTP; the document declares a JSON body for HEAD",
}


@dataclass(frozen=True)
class Ask:
    """One request to make, and the status that it must get; `{invite}` in a path is the pending invite."""

    method: str
    path: str
    status: int
    who: tuple[str, str] | None = None
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, object] | None = None
    bearer: str | None = None
    fault: Fault | None = None


ANA = ("ana", seed.ANA_PAT)
ACME = "/v2/namespaces/acme/repositories"
NGINX = "/v2/namespaces/library/repositories/nginx"
NEW = {"name": "brand-new", "namespace": "acme", "description": "x", "registry": "docker.io", "is_private": True}
OWNER, OAT = ("ana", seed.ANA_PASSWORD), ("acme", seed.ACME_OAT)
MEMBER, STRANGER = ("bo", seed.BO_PASSWORD), ("zoe", seed.ZOE_PASSWORD)
ORG = "/v2/orgs/acme"
WEB = f"{ORG}/groups/web"
WISH = {"org": "acme", "invitees": ["zoe", "new@acme.example", "bo", "no such"], "team": "web", "role": "member"}
RATE_LIMITED = Fault(kind="rate_limited", times=1)

ASKS = (
    Ask("POST", "/v2/auth/token", 200, body={"identifier": "ana", "secret": seed.ANA_PAT}),
    Ask("POST", "/v2/auth/token", 401, body={"identifier": "ana", "secret": "wrong"}),
    Ask("POST", "/v2/users/login", 200, body={"username": "ana", "password": seed.ANA_PASSWORD}),
    Ask("POST", "/v2/users/login", 401, body={"username": "ana", "password": "wrong"}),
    Ask("GET", ACME, 200, ANA, {"page_size": "100"}),
    Ask("GET", ACME, 200, ANA, {"page": "2", "name": "a", "ordering": "-pull_count"}),
    Ask("GET", ACME, 200),
    Ask("GET", ACME, 404, ANA, {"page": "99"}),
    Ask("GET", ACME, 401, bearer="expired"),
    Ask("GET", "/v2/namespaces/library/repositories", 200, query={"page_size": "100"}),
    *(Ask(method, f"{ACME}/api", 200, ANA) for method in ("GET", "HEAD")),
    *(Ask(method, f"{ACME}/api", 404) for method in ("GET", "HEAD")),
    *(Ask(method, f"{ACME}/api", 401, bearer="expired") for method in ("GET", "HEAD")),
    Ask("GET", f"{ACME}/empty", 200, ANA),
    Ask("GET", f"{ACME}/legacy-import", 200, ANA),
    Ask("GET", f"{ACME}/hostile", 200, ANA),
    Ask("GET", f"{ACME}/gateway", 429, ANA, fault=RATE_LIMITED),
    Ask("POST", ACME, 201, ANA, body=dict(NEW)),
    Ask("POST", ACME, 400, ANA, body=dict(NEW)),
    Ask("POST", ACME, 403, ("zoe", seed.ZOE_PAT), body=dict(NEW)),
    Ask("POST", ACME, 401, bearer="expired", body=dict(NEW)),
    *(Ask(method, f"{ACME}/api/tags", 200, ANA, {"page_size": "100"}) for method in ("GET", "HEAD")),
    Ask("GET", f"{ACME}/label-printer/tags", 200, ANA),
    Ask("GET", f"{ACME}/legacy-import/tags", 200, ANA),
    Ask("GET", f"{ACME}/helm-charts/tags", 200, ANA),
    Ask("GET", f"{ACME}/api/tags", 404, ("zoe", seed.ZOE_PAT)),
    Ask("HEAD", f"{ACME}/empty/tags", 404, ANA),
    Ask("GET", f"{NGINX}/tags", 200, query={"page": "10", "page_size": "100"}),
    Ask("GET", f"{NGINX}/tags", 404, query={"page": "11", "page_size": "100"}),
    Ask("GET", f"{NGINX}/tags", 401, bearer="expired"),
    Ask("GET", f"{NGINX}/tags", 429, fault=RATE_LIMITED),
    *(Ask(method, f"{ACME}/api/tags/latest", 200, ("acme", seed.ACME_OAT)) for method in ("GET", "HEAD")),
    *(Ask(method, f"{ACME}/api/tags/none", 404, ANA) for method in ("GET", "HEAD")),
    Ask("GET", f"{NGINX}/tags/1.29-alpine", 200),
    Ask("GET", f"{NGINX}/tags/1.29-alpine", 401, bearer="expired"),
    Ask("GET", f"{ORG}/members", 200, OAT, {"page_size": "2", "page": "2", "search": "a"}),
    Ask("GET", f"{ORG}/members", 200, OWNER, {"type": "all", "role": "member", "invites": "true"}),
    Ask("GET", f"{ORG}/members", 200, MEMBER),
    Ask("GET", f"{ORG}/members", 403, STRANGER),
    Ask("GET", f"{ORG}/members", 401, bearer="expired"),
    Ask("GET", "/v2/orgs/nobody/members", 404, OAT),
    Ask("PUT", f"{ORG}/members/kai", 200, OAT, body={"role": "editor"}),
    Ask("PUT", f"{ORG}/members/kai", 400, OAT, body={"role": "king"}),
    Ask("PUT", f"{ORG}/members/kai", 403, MEMBER, body={"role": "owner"}),
    Ask("PUT", f"{ORG}/members/kai", 401, bearer="expired", body={"role": "owner"}),
    Ask("PUT", f"{ORG}/members/zoe", 404, OAT, body={"role": "owner"}),
    Ask("DELETE", f"{ORG}/members/kai", 204, OAT),
    Ask("DELETE", f"{ORG}/members/kai", 404, OAT),
    Ask("DELETE", f"{ORG}/members/ines", 403, MEMBER),
    Ask("DELETE", f"{ORG}/members/ines", 401, bearer="expired"),
    Ask("DELETE", f"{ORG}/members/ines", 204, OWNER),
    Ask("DELETE", f"{ORG}/members/ana", 400, OWNER),
    Ask("GET", f"{ORG}/invites", 200, OAT),
    Ask("GET", f"{ORG}/invites", 403, MEMBER),
    Ask("GET", f"{ORG}/invites", 401, bearer="expired"),
    Ask("GET", "/v2/orgs/nobody/invites", 404, OAT),
    Ask("GET", f"{ORG}/groups", 200, OAT, {"page": "1", "page_size": "1", "username": "bo", "search": "w"}),
    Ask("GET", f"{ORG}/groups", 200, MEMBER),
    Ask("GET", f"{ORG}/groups", 403, STRANGER),
    Ask("GET", f"{ORG}/groups", 401, bearer="expired"),
    Ask("GET", "/v2/orgs/nobody/groups", 404, OAT),
    Ask("GET", WEB, 200, OAT),
    Ask("GET", WEB, 403, STRANGER),
    Ask("GET", WEB, 401, bearer="expired"),
    Ask("GET", f"{ORG}/groups/none", 404, OAT),
    Ask("GET", f"{WEB}/members", 200, OAT, {"page_size": "1", "search": "acme"}),
    Ask("GET", f"{WEB}/members", 403, STRANGER),
    Ask("GET", f"{WEB}/members", 401, bearer="expired"),
    Ask("GET", f"{ORG}/groups/none/members", 404, OAT),
    Ask("POST", f"{WEB}/members", 200, OAT, body={"member": "omar"}),
    Ask("POST", f"{WEB}/members", 403, MEMBER, body={"member": "omar"}),
    Ask("POST", f"{WEB}/members", 401, bearer="expired", body={"member": "omar"}),
    Ask("POST", f"{WEB}/members", 404, OAT, body={"member": "zoe"}),
    Ask("DELETE", f"{WEB}/members/omar", 204, OAT),
    Ask("DELETE", f"{WEB}/members/omar", 404, OAT),
    Ask("DELETE", f"{WEB}/members/bo", 403, MEMBER),
    Ask("DELETE", f"{WEB}/members/bo", 401, bearer="expired"),
    Ask("PATCH", "/v2/invites/{invite}/resend", 204, OAT),
    Ask("PATCH", "/v2/invites/{invite}/resend", 403, MEMBER),
    Ask("PATCH", "/v2/invites/{invite}/resend", 401, bearer="expired"),
    Ask("PATCH", "/v2/invites/none/resend", 404, OAT),
    Ask("DELETE", "/v2/invites/{invite}", 403, MEMBER),
    Ask("DELETE", "/v2/invites/{invite}", 401, bearer="expired"),
    Ask("DELETE", "/v2/invites/{invite}", 204, OAT),
    Ask("DELETE", "/v2/invites/none", 404, OAT),
    Ask("POST", "/v2/invites/bulk", 202, OAT, body={**WISH, "dry_run": True}),
    Ask("POST", "/v2/invites/bulk", 202, OAT, body=dict(WISH)),
    Ask("POST", "/v2/invites/bulk", 400, OAT, body={**WISH, "role": "king"}),
    Ask("POST", "/v2/invites/bulk", 403, MEMBER, body=dict(WISH)),
    Ask("POST", "/v2/invites/bulk", 401, bearer="expired", body=dict(WISH)),
    Ask("POST", "/v2/invites/bulk", 429, OAT, body=dict(WISH), fault=RATE_LIMITED),
    Ask("GET", f"{ORG}/members", 200, OAT, {"type": "invitee"}),
)


@dataclass(frozen=True)
class Exchange:
    """A request as made and the answer as received, in the validator's own terms."""

    ask: Ask
    request: MockRequest
    response: MockResponse


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    with HubSimulator(rate_limit=10_000, authenticated_rate_limit=10_000) as hub:
        return [exchange(hub, ask) for ask in ASKS]


def exchange(hub: HubSimulator, ask: Ask) -> Exchange:
    if "{invite}" in ask.path:
        ask = replace(ask, path=ask.path.format(invite=next(iter(hub.organization("acme").invites))))
    headers = {"Authorization": f"Bearer {ask.bearer}"} if ask.bearer else {}
    if ask.who:
        login = {"identifier": ask.who[0], "secret": ask.who[1]}
        token = requests.post(f"{hub.url}/v2/auth/token", json=login, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
    if ask.fault:
        hub.faults.add(ask.fault)
    answer = requests.request(
        ask.method, f"{hub.url}{ask.path}", params=ask.query, json=ask.body, headers=headers, timeout=5
    )
    assert answer.status_code == ask.status, ask
    sent = json.dumps(ask.body).encode() if ask.body else None
    request = MockRequest("https://hub.docker.com", ask.method, ask.path, args=ask.query, headers=headers, data=sent)
    content_type = answer.headers.get("Content-Type", "")
    return Exchange(ask, request, MockResponse(answer.content, ask.status, dict(answer.headers), content_type))


@pytest.fixture(scope="module")
def spec() -> Spec:
    loaded: Spec = yaml.safe_load(shared_file("hub-openapi.yaml").read_text())
    return loaded


def corrected(spec: Spec, *, leave_out: Callable[[Spec], None] | None = None) -> OpenAPI:
    spec = copy.deepcopy(spec)
    for correction in CORRECTIONS:
        if correction is not leave_out:
            correction(spec)
    return OpenAPI.from_dict(spec)


def complaints(api: OpenAPI, exchanges: list[Exchange]) -> Iterator[str]:
    for made in exchanges:
        try:
            api.validate_request(made.request)
            api.validate_response(made.request, made.response)
        except OpenAPIError as error:
            yield f"{made.ask}: {error!r} {error.__cause__ or ''}"


def test_every_documented_exchange_is_valid(spec: Spec, exchanges: list[Exchange]) -> None:
    assert list(complaints(corrected(spec), exchanges)) == []


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda correction: correction.__name__)
def test_each_correction_of_the_document_is_needed(
    spec: Spec, exchanges: list[Exchange], correction: Callable[[Spec], None]
) -> None:
    assert next(complaints(corrected(spec, leave_out=correction), exchanges), None)


def test_validation_would_see_a_wrong_answer(spec: Spec, exchanges: list[Exchange]) -> None:
    made = next(made for made in exchanges if made.ask.path == f"{ACME}/api")
    wrong = Exchange(made.ask, made.request, MockResponse(b'{"user": "acme"}', 200))

    assert next(complaints(corrected(spec), [wrong]), None)


def test_every_documented_operation_that_is_played_is_exercised(spec: Spec) -> None:
    played = {
        "POST /v2/auth/token",
        "POST /v2/users/login",
        *(f"{method} {path}" for path in (TAGS, TAG, REPOSITORY) for method in ("GET", "HEAD")),
        f"GET {NAMESPACE}",
        f"POST {NAMESPACE}",
        f"GET {MEMBERS}",
        *(f"{method} {MEMBERS}/{{username}}" for method in ("PUT", "DELETE")),
        *(f"GET {path}" for path in (TEAMS, TEAM, INVITES)),
        *(f"{method} {TEAM}/members" for method in ("GET", "POST")),
        f"DELETE {TEAM}/members/{{username}}",
        "POST /v2/invites/bulk",
        "DELETE /v2/invites/{id}",
        "PATCH /v2/invites/{id}/resend",
    }

    documented = {f"{method.upper()} {path}" for path, item in spec["paths"].items() for method in item}
    assert played <= documented
    assert {f"{ask.method} {template(spec, ask.path)}" for ask in ASKS} == played


def template(spec: Spec, path: str) -> str:
    """Return the document's path for a concrete one: of those that match, the one with the fewest gaps."""
    paths: list[str] = list(spec["paths"])
    matching = [each for each in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), path)]
    return min(matching, key=lambda each: each.count("{"))
