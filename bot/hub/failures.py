"""Which error an answer is, and what it says, for every shape of error body seen.

Pure. The shapes: `{"detail"}` of the Django-era endpoints (with `"error": false` on a 429), `{"message", "errinfo"}`
of the newer Go ones, `{"fields", "text"}` of validation, `{"name": ["…"]}` field errors, `{"error": "…"}` of the
build service, `{"code", "message", "details"}` of the gRPC gateway, SCIM's, the registry's `{"errors": [{"code",
"message"}]}`, a web page, a bare line of text, and nothing at all.

Source: https://docs.docker.com/reference/api/hub/latest/ (the schemas `error`, `rpcStatus`, `scim_error`); the others
observed.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from bot.errors import (
    ConflictError,
    ForbiddenError,
    HubError,
    InvalidError,
    NotFoundError,
    PlanError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.hub.protocol import Answer, RateLimit, retry_seconds
from bot.redaction import redact

LONGEST_DETAIL = 200
"""Characters of a service's own words that are passed on."""
UNTOLD_WAIT_SECONDS = 60.0
"""How long a 429 lasts that does not say: every known limit of the API is counted by the minute."""

_LONGEST_READ = 4096
_REDACTED = "[redacted]"
_SHORTEST_KNOWN_SECRET = 4
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_NO_FIELDS = frozenset(
    {"message", "detail", "text", "error", "errinfo", "errors", "fields", "code", "details", "status", "schemas"}
)

_ERRORS: Mapping[int, type[HubError]] = {
    HTTPStatus.BAD_REQUEST: InvalidError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidError,
    HTTPStatus.UNAUTHORIZED: UnauthorizedError,
    HTTPStatus.PAYMENT_REQUIRED: PlanError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.GONE: NotFoundError,
    HTTPStatus.REQUEST_TIMEOUT: UnavailableError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.PRECONDITION_FAILED: ConflictError,
    HTTPStatus.LOCKED: ConflictError,
}


def error_of(
    answer: Answer, resource: str, *, credential: str, now: datetime, secrets: Collection[str] = ()
) -> HubError:
    """Return the error that an answer is; not to be asked about a success.

    Args:
        answer: What came back.
        resource: What was asked for, in words.
        credential: What it was asked with, in words.
        now: The time by our own clock.
        secrets: Values that must not appear in the error, should the service repeat them.
    """
    detail = detail_of(answer, secrets)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        retry_at = now + timedelta(seconds=limit_seconds(answer, now))
        return RateLimitedError(resource, retry_at=retry_at, credential=credential, detail=detail, status=answer.status)
    kind = _kind_of(answer.status)
    if kind is InvalidError:
        fields = {name: clean(text, secrets) for name, text in _fields(answer.data).items()}
        return InvalidError(resource, credential=credential, detail=detail, status=answer.status, fields=fields)
    return kind(resource, credential=credential, detail=detail, status=answer.status)


def limit_seconds(answer: Answer, now: datetime) -> float:
    """Return how long a 429 forbids to ask again: as told, else until the budget's reset, else a minute."""
    told = retry_seconds(answer.headers, now=now)
    if told is not None:
        return told
    limit = RateLimit.from_headers(answer.headers, now=now)
    return (limit.seconds_left(now) if limit is not None else 0.0) or UNTOLD_WAIT_SECONDS


def detail_of(answer: Answer, secrets: Collection[str] = ()) -> str:
    """Return what the service itself says, in one short line fit for a person; never empty for an error."""
    said = _said(answer.data) if answer.is_json else _said_without_json(answer)
    return clean(said, secrets) or _reason(answer.status)


def clean(text: str, secrets: Collection[str] = ()) -> str:
    """Return the text as one line without secrets, control or direction characters, at most `LONGEST_DETAIL` long."""
    # Redact before cutting: half a secret would not be recognised.
    for secret in secrets:
        if len(secret) >= _SHORTEST_KNOWN_SECRET:
            text = text.replace(secret, _REDACTED)
    text = redact(text[:_LONGEST_READ])
    printable = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def _kind_of(status: int) -> type[HubError]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnavailableError
    return _ERRORS.get(status, UnexpectedResponseError)


def _said(data: Any) -> str:
    """Extract in the order in which the shapes are to be trusted: message, detail, text, error, fields, errors."""
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        return ""
    for key in ("message", "detail", "text", "error"):
        # `error` is a bool in some answers, and `message` may be null.
        if isinstance(data.get(key), str) and data[key].strip():
            return str(data[key])
    fields = _fields(data)
    if fields:
        return "; ".join(f"{name}: {complaint}" for name, complaint in fields.items())
    return _registry_said(data.get("errors"))


def _registry_said(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    said = first.get("message") or first.get("code")
    return said if isinstance(said, str) else ""


def _fields(data: Any) -> dict[str, str]:
    """Return the complaints by field, of either form: under `fields`, or with the fields on top."""
    if not isinstance(data, dict):
        return {}
    nested = data.get("fields")
    named = nested if isinstance(nested, dict) else {k: v for k, v in data.items() if k not in _NO_FIELDS}
    complaints = {str(name): _complaint(value) for name, value in named.items()}
    return {name: complaint for name, complaint in complaints.items() if complaint}


def _complaint(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""


def _said_without_json(answer: Answer) -> str:
    text = answer.body[:_LONGEST_READ].decode("utf-8", errors="replace").strip()
    if not text.startswith("<"):
        return text
    title = _TITLE.search(text)
    return f"a web page instead of data: {title[1]}" if title else "a web page instead of data"


def _reason(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
