"""Which error an answer is, for every shape of error body."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from bot.hub.failures import LONGEST_DETAIL, clean, detail_of, error_of, limit_seconds
from bot.hub.protocol import Answer
from tests.hub.support import unhurried

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def error(answer: Answer, secrets: tuple[str, ...] = ()) -> HubError:
    return error_of(answer, "acme/api", credential="the PAT of ana", now=NOW, secrets=secrets)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidError),
        (401, UnauthorizedError),
        (402, PlanError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, UnexpectedResponseError),
        (408, UnavailableError),
        (409, ConflictError),
        (410, NotFoundError),
        (412, ConflictError),
        (418, UnexpectedResponseError),
        (422, InvalidError),
        (423, ConflictError),
        (429, RateLimitedError),
        (500, UnavailableError),
        (502, UnavailableError),
        (503, UnavailableError),
        (504, UnavailableError),
        (599, UnavailableError),
        (302, UnexpectedResponseError),
    ],
)
def test_error_class_follows_the_meaning_of_the_status(status: int, kind: type[HubError]) -> None:
    found = error(Answer(status))

    assert type(found) is kind
    assert (found.resource, found.credential, found.status) == ("acme/api", "the PAT of ana", status)


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (401, b'{"detail": "Incorrect authentication credentials"}', "Incorrect authentication credentials"),
        (429, b'{"detail": "Rate limit exceeded", "error": false}', "Rate limit exceeded"),
        (404, b'{"detail": "Object not found"}', "Object not found"),
        (403, b'{"message": "access denied", "errinfo": {"a": "b"}}', "access denied"),
        (
            403,
            b'{"errinfo": {"detail": "", "http_status": 403}, "message": "GET https://accounts-api.example/x"}',
            "GET https://accounts-api.example/x",
        ),
        (
            400,
            b'{"fields": {"ordering": ["Must be one of"]}, "text": "Invalid ordering value"}',
            "Invalid ordering value",
        ),
        (
            400,
            b'{"name": ["A pipeline with this name already exists"]}',
            "name: A pipeline with this name already exists",
        ),
        (404, b'{"error": "Selected Source does not exist"}', "Selected Source does not exist"),
        (403, b'{"code": 7, "message": "permission denied", "details": []}', "permission denied"),
        (404, b'{"status": "404", "schemas": ["urn:x"], "detail": "User not found"}', "User not found"),
        (
            401,
            b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required", "detail": null}]}',
            "authentication required",
        ),
        (404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', "MANIFEST_UNKNOWN"),
        (403, b'{"message": null, "detail": "second choice"}', "second choice"),
        (403, b'{"message": "", "detail": "second choice"}', "second choice"),
        (400, b'"just a text"', "just a text"),
        (
            503,
            b"<!DOCTYPE html><html><head><title>Down\n for  repair</title></head></html>",
            "a web page instead of data: Down for repair",
        ),
        (404, b"<html>", "a web page instead of data"),
        (429, b"Too Many Requests (HAP429)\n", "Too Many Requests (HAP429)"),
        (502, b"", "502 Bad Gateway"),
        (404, b"{}", "404 Not Found"),
        (404, b"[]", "404 Not Found"),
        (404, b"null", "404 Not Found"),
        (599, b"", "599"),
        (500, b'{"errors": "text"}', "500 Internal Server Error"),
        (400, b'{"name": [], "other": [7], "more": {"deep": "x"}}', "400 Bad Request"),
    ],
)
def test_detail_is_what_the_service_said(status: int, body: bytes, detail: str) -> None:
    assert error(Answer(status, {}, body)).detail == detail


def test_invalid_error_names_the_fields_of_either_form() -> None:
    nested = error(Answer(400, {}, b'{"fields": {"ordering": ["Must be one of"], "page": "Too large"}, "text": "Bad"}'))
    flat = error(Answer(400, {}, b'{"name": ["Exists already", "Too short"], "message": "Bad"}'))

    assert isinstance(nested, InvalidError)
    assert nested.fields == {"ordering": "Must be one of", "page": "Too large"}
    assert isinstance(flat, InvalidError)
    assert flat.fields == {"name": "Exists already"}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, {"X-Retry-After": str(int(NOW.timestamp()) + 25)}), 25),
        (Answer(429, {"Retry-After": "25"}), 25),
        (Answer(429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 12)}), 12),
        (Answer(429, {"X-RateLimit-Remaining": "0"}), 60),
        (Answer(429), 60),
    ],
)
def test_rate_limit_lasts_as_told_else_until_the_reset_else_a_minute(answer: Answer, seconds: float) -> None:
    found = error(answer)

    assert limit_seconds(answer, NOW) == seconds
    assert isinstance(found, RateLimitedError)
    assert found.retry_at == NOW + timedelta(seconds=seconds)


def test_error_reads_as_a_sentence_with_resource_credential_and_advice() -> None:
    assert str(error(Answer(403, {}, b'{"detail": "insufficient scope"}'))) == (
        "Docker Hub does not allow the use of acme/api with the PAT of ana. It said: insufficient scope. "
        "Give its account the right (or the token the scope), or set another credential."
    )
    assert str(error(Answer(429, {"Retry-After": "300"}))).startswith(
        "Docker Hub has no requests left for the PAT of ana: rate limited until 09:05 UTC (asked for acme/api)."
    )


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("bad token dckr_pat_AbC-123_x here", "bad token [redacted] here"),
        ("DCKR_OAT_secret", "[redacted]"),
        ("sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln to us", "sent [redacted] to us"),
        ("cut eyJhbGciOiJIUzI1NiJ9.eyJzd", "cut [redacted]"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [redacted]"),
        ("Basic YW5hOnBhc3N3b3Jk", "Basic [redacted]"),
        ("my hunter22 is wrong", "my [redacted] is wrong"),
        ("line\nbreak\ttab\x00nul\x1b[31m", "line break tab nul [31m"),
        ("left\u202eright\u200b", "left right"),
        ("", ""),
    ],
)
def test_texts_of_the_service_are_made_fit_for_a_person(text: str, cleaned: str) -> None:
    assert clean(text, ["hunter22", ""]) == cleaned


def test_long_texts_are_cut_after_redaction() -> None:
    text = "x" * (LONGEST_DETAIL - 5) + " dckr_pat_0123456789"

    assert clean(text) == "x" * (LONGEST_DETAIL - 5) + " [re…"
    assert len(clean("y" * 100_000)) == LONGEST_DETAIL


def test_secret_that_the_service_repeats_is_in_neither_text_nor_repr() -> None:
    found = error(Answer(400, {}, b'{"password": ["hunter22 is too common"], "detail": "no hunter22"}'), ("hunter22",))

    assert "hunter22" not in f"{found} {found!r} {vars(found)}"


@unhurried
@given(st.binary(max_size=300), st.sampled_from([400, 401, 403, 404, 409, 429, 500]))
def test_any_body_gives_an_error_with_a_short_line(body: bytes, status: int) -> None:
    detail = error(Answer(status, {}, body)).detail

    assert 0 < len(detail) <= LONGEST_DETAIL
    assert detail == " ".join(detail.split())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "detail", "text", "error", "errors", "fields", "name"]), inner)
    ),
)


@unhurried
@given(JSON)
def test_any_json_gives_an_error(data: object) -> None:
    assert str(error(Answer(400, {}, json.dumps(data).encode())))


def test_detail_is_never_empty() -> None:
    assert detail_of(Answer(404, {}, b'{"detail": "\\u0000"}')) == "404 Not Found"
