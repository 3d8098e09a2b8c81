"""What an answer of GraphQL really is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub.graphql import complaint, unmasked
from bot.hub.protocol import Answer
from tests.hub.support import json_answer, unhurried


def refused(status: Any = None, data: Any = None, **error: Any) -> Answer:
    extensions = {"code": "DOWNSTREAM_SERVICE_ERROR", **({} if status is None else {"status": status})}
    return json_answer({"data": data, "errors": [{"message": "No", "path": ["q"], "extensions": extensions, **error}]})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (402, 402),
        (403, 403),
        (503, 503),
        ("403", 403),
        ("403 FORBIDDEN", 403),
        ("HTTP 429 Too Many Requests", 429),
        ("FORBIDDEN", 403),
        ("forbidden", 403),
        ("PERMISSION FORBIDDEN", 403),
        ("Payment Required", 402),
        ("UNAUTHENTICATED", 401),
        ("SERVICE_UNAVAILABLE", 503),
        # Nothing that could be the status of an error.
        (200, 200),
        (99, 200),
        (600, 200),
        (True, 200),
        (4.03, 200),
        ("", 200),
        ("1403", 200),
        ("DOWNSTREAM", 200),
        ([], 200),
        (None, 200),
    ],
)
@pytest.mark.parametrize("data", [None, {}, {"q": None}, [], "x"])
def test_an_answer_of_errors_alone_has_the_status_that_it_names(status: Any, expected: int, data: Any) -> None:
    assert unmasked(refused(status, data)).status == expected


def test_the_code_will_do_where_there_is_no_status() -> None:
    assert unmasked(refused(extensions={"code": "FORBIDDEN"})).status == 403


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Cannot query field", "locations": [{"line": 1, "column": 1}]},
        {"message": "Cannot query field", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}},
        {"message": "Syntax Error", "extensions": {"code": "GRAPHQL_PARSE_FAILED"}},
    ],
)
def test_what_is_wrong_with_the_query_is_a_bad_request(error: dict[str, Any]) -> None:
    assert unmasked(json_answer({"errors": [error]})).status == 400


def test_the_first_error_with_a_status_decides() -> None:
    errors = [{"message": "No"}, "junk", {"message": "No", "extensions": {"status": 402}}]

    assert unmasked(json_answer({"data": None, "errors": errors})).status == 402


@pytest.mark.parametrize("data", [{"q": []}, {"q": [None]}, {"q": 0}, {"q": None, "other": {}}])
def test_an_answer_that_brings_something_is_a_success(data: dict[str, Any]) -> None:
    assert unmasked(refused(403, data)).status == 200


@pytest.mark.parametrize("data", [{"data": {"q": None}}, {"data": None, "errors": []}, {"errors": None}, [], None, 7])
def test_without_errors_nothing_changes(data: Any) -> None:
    answer = json_answer(data)

    assert unmasked(answer) is answer


def test_an_honest_status_stays() -> None:
    assert unmasked(json_answer({"errors": [{"extensions": {"status": 402}}]}, 500)).status == 500


def test_what_is_no_json_stays() -> None:
    assert unmasked(Answer(200, {}, b"<html>")).status == 200


def test_headers_and_body_stay() -> None:
    answer = refused(429)

    assert unmasked(answer).body == answer.body
    assert unmasked(answer).headers == answer.headers


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([{"message": "No"}], "No"),
        ([{"message": None}, {"message": "So"}], "So"),
        ([{"message": " "}], "an error without words"),
        ([{}], "an error without words"),
        (["No"], ""),
        ({"message": "No"}, ""),
        (None, ""),
    ],
)
def test_complaint_is_the_first_message(errors: Any, said: str) -> None:
    assert complaint({"errors": errors}) == said


@unhurried
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "errors", "message", "extensions", "status", "code", "path", "locations"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_answer_is_a_success_or_an_error(data: Any) -> None:
    assert unmasked(json_answer(data)).status in {200, *range(400, 600)}
    assert isinstance(complaint(data), str)
