"""A request to the Web API as it came in: which method, what arguments, whose token.

Source: https://docs.slack.dev/apis/web-api, "POST bodies": forms, multipart forms and JSON. A token travels in the
header, or as an argument of a form; with JSON only in the header.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from bot.sandbox.httpd import Request
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.faults import API_PREFIX
from bot.sandbox.slack.multipart import multipart_parts

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call before anybody has looked at what it wants.

    Attributes:
        method: Such as `chat.postMessage`, whether there is one of that name or not.
        arguments: All but the token.
        token: As sent; None when there is none.
        is_bearer: Whether the token came in the header.
        warnings: What Slack has to say about the form of the request.
        refusal: Set when the body could not be read; there are no arguments then.
    """

    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    token: str | None = None
    is_bearer: bool = False
    warnings: tuple[str, ...] = ()
    refusal: Refusal | None = None


def read_call(request: Request) -> IncomingCall:
    """Read a request; what is wrong with its form is told in the result."""
    call = IncomingCall(request.path.removeprefix(API_PREFIX))
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    try:
        body = _body_arguments(media_type, request)
    except Refusal as refusal:
        call = replace(call, refusal=refusal)
        body = {}
    arguments = {**request.query, **body}
    token = None if media_type == JSON else arguments.get("token")
    arguments.pop("token", None)
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    if is_bearer:
        token = credentials.strip()
    elif scheme.lower() == "basic":
        arguments |= _client_credentials(credentials)
    warnings = _warnings(media_type, parameters)
    return replace(call, arguments=arguments, token=token or None, is_bearer=is_bearer, warnings=warnings)


def _body_arguments(media_type: str, request: Request) -> Mapping[str, Any]:
    if request.method != "POST" or not request.body:
        return {}
    if media_type == JSON:
        return _json_object(request.body)
    if media_type == MULTIPART:
        parts = multipart_parts(request.headers["content-type"], request.body)
        return {each.name: each.content.decode(errors="replace") for each in parts}
    if media_type in {FORM, "text/plain"}:
        return _form(request.body)
    raise Refusal("invalid_post_type" if media_type else "missing_post_type")


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("invalid_json") from None
    if not isinstance(found, dict):
        raise Refusal("json_not_object")
    return found


def _form(body: bytes) -> Mapping[str, str]:
    try:
        found = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refusal("invalid_form_data") from None
    if any("[" in name for name in found):
        raise Refusal("invalid_array_arg")
    return found


def _client_credentials(encoded: str) -> Mapping[str, str]:
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client_id, "client_secret": secret}


def _warnings(media_type: str, parameters: str) -> tuple[str, ...]:
    has_charset = "charset" in parameters.lower()
    if media_type == JSON and not has_charset:
        return ("missing_charset",)
    return ("superfluous_charset",) if media_type == FORM and has_charset else ()
