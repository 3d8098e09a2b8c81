"""Every request to a documented endpoint is valid against Docker's own OpenAPI document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathNotFound
from werkzeug.datastructures import Headers, ImmutableMultiDict

from bot.clock import FrozenClock
from bot.hub.api import Api
from bot.hub.names import Names
from bot.hub.protocol import Answer
from bot.hub.rate_limits import RateLimits
from bot.hub.repositories import Repositories
from bot.hub.retrying import Outcome
from bot.hub.search import Search
from bot.hub.tags import Tags
from bot.hub.wire import Request
from bot.images import ImageReference, RepositoryName
from tests.hub.support import NOW, PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api
from tests.support.shared import shared_file

DOCUMENT = "hub-openapi.yaml"

NOT_DOCUMENTED = {
    "/v2/search/repositories/": "Docker Hub's search has no page in the document; observed 2026-10.",
}
UNDOCUMENTED_QUERY = {
    ("/tags", "ordering"): "The site and three clients order tags; the document knows only page and page_size.",
    ("/tags", "name"): "The site's own filter; without it a repository with a million tags cannot be searched.",
}

API = RepositoryName("acme", "api")
PAGE = {"count": 0, "next": "?page=2&page_size=100", "results": []}


@pytest.fixture(scope="module")
def document() -> OpenAPI:
    return OpenAPI.from_dict(yaml.safe_load(shared_file(DOCUMENT).read_text()))


class Seen:
    """One request of ours in the form that openapi-core reads."""

    def __init__(self, sent: Sent) -> None:
        request = sent.request
        self.host_url = request.origin
        self.path = request.path
        self.full_url_pattern = f"{request.origin}{request.path}"
        self.method = request.method.lower()
        self.content_type = "application/json"
        self.body = None if request.body is None else self._encoded(request)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)),
            header=Headers(dict(sent.headers)),
        )

    @staticmethod
    def _encoded(request: Request) -> bytes:
        return json_answer(request.body).body


def respond(sent: Sent) -> Outcome:
    """Give every request enough to go on with."""
    match sent.request.path.split("/"):
        case [*_, "auth", "token"]:
            return json_answer({"access_token": jwt()})
        case [*_, "tags" | "repositories" | ""]:
            return json_answer(PAGE)
        case [*_, name]:
            return json_answer({"namespace": "acme", "name": name})
    return Answer(500)


def use_everything(api: Api) -> None:
    repositories, tags = Repositories(api), Tags(api)
    repositories.get(API)
    list(repositories.list("acme"))
    for ordering in ("name", "-name", "last_updated", "-last_updated", "pull_count", "-pull_count"):
        list(repositories.list("acme", name="ap", ordering=ordering, limit=30))
    tags.get(API, "v1.0_x-Y")
    list(tags.list(API))
    list(tags.list(API, tag_name="rc", ordering="name", page_size=30))
    list(tags.newest(API, 25))
    list(Search(api).list("nginx"))
    RateLimits(api).get("acme")
    Names(api.clock).find(ImageReference.parse("api"), "acme", repositories)


@pytest.fixture(scope="module")
def requests() -> list[Sent]:
    wire = FakeWire(respond, FrozenClock(NOW))
    use_everything(make_api(wire, PAT_OF_ANA))
    return wire.sent


def is_documented(sent: Sent) -> bool:
    return sent.request.path not in NOT_DOCUMENTED


def undocumented_query(document: Mapping[str, Any], sent: Sent) -> set[tuple[str, str]]:
    """Return the fields of a request's query that the document does not know, with the end of its path."""
    parts = sent.request.path.split("/")
    for template, item in document["paths"].items():
        pattern = template.split("/")
        is_same = len(pattern) == len(parts) and all(
            p.startswith("{") or p == q for p, q in zip(pattern, parts, strict=True)
        )
        if is_same and sent.request.method.lower() in item:
            known = {
                parameter.get("name")
                for parameter in [*item.get("parameters", []), *item[sent.request.method.lower()].get("parameters", [])]
            }
            return {(f"/{parts[-1]}", name) for name, _ in sent.request.query if name not in known}
    raise AssertionError(f"{sent} is not in the document")


def test_documented_requests_are_valid(document: OpenAPI, requests: list[Sent]) -> None:
    for sent in filter(is_documented, requests):
        document.validate_request(Seen(sent))


def test_several_documented_endpoints_were_used(requests: list[Sent]) -> None:
    assert {str(sent) for sent in requests if is_documented(sent)} == {
        "POST /v2/auth/token",
        "GET /v2/namespaces/acme/repositories",
        "GET /v2/namespaces/acme/repositories/api",
        "GET /v2/namespaces/acme/repositories/api/tags",
        "GET /v2/namespaces/acme/repositories/api/tags/v1.0_x-Y",
    }


def test_undocumented_query_fields_are_those_with_a_reason(document: OpenAPI, requests: list[Sent]) -> None:
    raw = yaml.safe_load(shared_file(DOCUMENT).read_text())

    used = set().union(*(undocumented_query(raw, sent) for sent in requests if is_documented(sent)))

    assert used == set(UNDOCUMENTED_QUERY)


def test_undocumented_endpoints_are_those_with_a_reason(document: OpenAPI, requests: list[Sent]) -> None:
    unknown = set()
    for sent in requests:
        try:
            document.validate_request(Seen(sent))
        except PathNotFound:
            unknown.add(sent.request.path)

    assert unknown == set(NOT_DOCUMENTED)
