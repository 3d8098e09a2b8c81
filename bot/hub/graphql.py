"""What an answer of GraphQL really is: its errors come with status 200, and with the status meant inside.

Pure. An answer that brings nothing but errors is given the status that its first error names, and from then on is
treated as any other answer: repeated, waited for, or made an error. An answer that brings something is a success, even
if errors stand beside it; `complaint` tells them.

Source: https://docs.docker.com/dhi/tools/api/ (`data` with a null, `errors` with `extensions.status`). That the status
may also be a word is known from https://github.com/docker/hub-mcp, that validation errors have none from the
specification, https://spec.graphql.org/October2021/#sec-Errors.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from bot.hub.protocol import Answer

_NUMBER = re.compile(r"\D*([1-5]\d\d)(?!\d)")
_NOT_UNDERSTOOD = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"})
_WORDS: Mapping[str, HTTPStatus] = {
    **{status.name: status for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST},
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
}


def unmasked(answer: Answer) -> Answer:
    """Return the answer with the status that it means; the same when it brings what was asked for, or says nothing."""
    if not answer.is_success or not isinstance(answer.data, dict):
        return answer
    errors = _errors(answer.data)
    if not errors or _brings_something(answer.data.get("data")):
        return answer
    status = next(filter(None, (_status_of(error) for error in errors)), None)
    return replace(answer, status=status) if status is not None else answer


def complaint(data: Any) -> str:
    """Return what an answer's first error says, as the service wrote it; empty when there is none."""
    for error in _errors(data):
        said = error.get("message")
        if isinstance(said, str) and said.strip():
            return said
    return "an error without words" if _errors(data) else ""


def _errors(data: Any) -> list[dict[str, Any]]:
    errors = data.get("errors") if isinstance(data, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _brings_something(data: Any) -> bool:
    return isinstance(data, dict) and any(value is not None for value in data.values())


def _status_of(error: dict[str, Any]) -> int | None:
    extensions = error.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    told = _read_status(extensions.get("status")) or _read_status(extensions.get("code"))
    if told is not None:
        return told
    # What is wrong with the query itself is told by its place in the query, and not by that of a field in the data.
    is_about_query = "locations" in error and "path" not in error
    return HTTPStatus.BAD_REQUEST if is_about_query or extensions.get("code") in _NOT_UNDERSTOOD else None


def _read_status(value: Any) -> int | None:
    """Read a status: a number, a number in a text, or the name of one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if HTTPStatus.BAD_REQUEST <= value < 600 else None  # noqa: PLR2004 - The end of HTTP's errors.
    if not isinstance(value, str):
        return None
    number = _NUMBER.match(value)
    if number is not None:
        return _read_status(int(number[1]))
    word = re.sub(r"\W+", "_", value.strip().upper())
    return next((int(status) for name, status in _WORDS.items() if name in word), None)
