"""Every error body that Docker Hub has been seen to send, by the name of its shape.

Docker Hub is several generations of services behind one host, so the same meaning comes in many forms. Where no other
source is named, the shape was recorded from a public report or from the code of a published client.
"""

import json
from collections.abc import Callable, Mapping
from typing import Literal

from bot.sandbox.httpd import Answer

ErrorShape = Literal[
    "detail",
    "detail_and_false",
    "message",
    "leaked_internal",
    "fields_and_text",
    "field_errors",
    "error_text",
    "grpc",
    "scim",
    "registry",
]

# Source: docs.docker.com, Docker Hub API, 401 of the login.
INCORRECT_CREDENTIALS = "Incorrect authentication credentials"
# Source: docs.docker.com, organization access tokens.
ORGANIZATION_TOKEN_REFUSED = "token issued from organization access token is not allowed"
NOT_FOUND_HTML = (
    "<!DOCTYPE html><html><head><title>404 | Docker Hub</title></head>"
    "<body><h1>404</h1><p>This page could not be found.</p></body></html>"
)


def json_answer(status: int, body: object) -> Answer:
    """Build an answer of JSON as Docker Hub writes it: no blanks, UTF-8."""
    return Answer(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def html_answer(status: int, page: str = NOT_FOUND_HTML) -> Answer:
    """Build a page of the front end, which answers for unknown paths, maintenance and blocked addresses."""
    return Answer(status, page.encode(), content_type="text/html; charset=utf-8")


def error_answer(shape: ErrorShape, status: int, text: str) -> Answer:
    """Build an error whose body has the given shape and says the text."""
    return json_answer(status, SHAPES[shape](status, text))


def field_errors(fields: Mapping[str, str], text: str) -> Answer:
    """Build the 400 of the newer services. Source: docs.docker.com, 400 of the repository list."""
    return json_answer(400, {"fields": {name: [reason] for name, reason in fields.items()}, "text": text})


def leaked_registry_error(tag_url: str) -> Answer:
    """Build the 500 that wraps a 401 of the internal registry, as reported of tag deletions that had worked."""
    leak = f'Delete "{tag_url}": http: non-successful response (status=401 body="")'
    return json_answer(500, {"message": leak, "errinfo": {}})


def _leaked_internal(status: int, text: str) -> object:
    url = "https://accounts-api.internal/v1/lookup"
    return {
        "errinfo": {"detail": text, "http_status": status, "method": "GET", "url": url},
        "message": f"GET {url}",
    }


def _scim(status: int, text: str) -> object:
    # Source: docs.docker.com, SCIM errors. The status is text there.
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": text}


SHAPES: dict[ErrorShape, Callable[[int, str], object]] = {
    # The Django generation: legacy routes, login, accounts.
    "detail": lambda _, text: {"detail": text},
    # Source: docs.docker.com, audit logs. `error` is false on an error.
    "detail_and_false": lambda _, text: {"detail": text, "error": False},
    # The newer services: namespaced routes.
    "message": lambda _, text: {"message": text, "errinfo": {}},
    "leaked_internal": _leaked_internal,
    # Source: docs.docker.com, 400 of the repository list.
    "fields_and_text": lambda _, text: {"fields": {"ordering": [text]}, "text": text},
    "field_errors": lambda _, text: {"name": [text]},
    # The build service, /api/build/v1.
    "error_text": lambda _, text: {"error": text},
    # Source: docs.docker.com, audit logs, default answer (rpcStatus). 5 is gRPC's "not found".
    "grpc": lambda _, text: {"code": 5, "message": text, "details": []},
    "scim": _scim,
    # The registry, not Docker Hub.
    "registry": lambda _, text: {"errors": [{"code": "UNKNOWN", "message": text, "detail": None}]},
}
