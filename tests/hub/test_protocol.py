"""What headers and links mean, with literal headers and no I/O."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub.protocol import (
    LONGEST_WAIT_SECONDS,
    SHORTEST_WAIT_SECONDS,
    Answer,
    ForeignLinkError,
    PullLimit,
    RateLimit,
    answered_at,
    is_abuse_limit,
    next_query,
    origin_of,
    path_of,
    retry_seconds,
    user_agent,
)
from tests.hub.support import unhurried

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
TEN_LATER = "Sat, 21 Nov 2026 09:00:10 GMT"


def test_header_names_of_an_answer_are_in_lower_case() -> None:
    assert Answer(200, {"X-RateLimit-Limit": "180"}).headers == {"x-ratelimit-limit": "180"}


@pytest.mark.parametrize(
    ("body", "is_json", "data"),
    [
        (b'{"count": 1}', True, {"count": 1}),
        (b"null", True, None),
        (b"\xef\xbb\xbf[]", True, []),
        (b"", False, None),
        (b"<!DOCTYPE html>", False, None),
        (b'{"count": ', False, None),
        (b"\xff\xfe\xfa", False, None),
        (b"[" * 200_000, False, None),
        (b"9" * 5000, False, None),
    ],
)
def test_body_is_json_or_not_whatever_the_header_claims(body: bytes, *, is_json: bool, data: object) -> None:
    answer = Answer(200, {"Content-Type": "text/html"}, body)

    assert (answer.is_json, answer.data) == (is_json, data)


def test_rate_limit_is_read_from_its_headers() -> None:
    headers = {"x-ratelimit-limit": "180", "x-ratelimit-remaining": "7", "x-ratelimit-reset": str(STAMP + 30)}

    limit = RateLimit.from_headers(headers, now=NOW)

    assert limit == RateLimit(180, 7, NOW + timedelta(seconds=30))
    assert limit.seconds_left(NOW) == 30
    assert limit.seconds_left(NOW + timedelta(hours=1)) == 0


def test_rate_limit_is_true_while_a_request_may_be_made() -> None:
    assert RateLimit(180, 1, None)
    assert not RateLimit(180, 0, NOW)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-ratelimit-limit": "180"}, None),
        ({"x-ratelimit-remaining": "many"}, None),
        ({"x-ratelimit-remaining": "-1"}, None),
        ({"x-ratelimit-remaining": "3"}, RateLimit(None, 3, None)),
        ({"x-ratelimit-remaining": "3, 3;w=60", "x-ratelimit-limit": "180;w=60"}, RateLimit(180, 3, None)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "soon"}, RateLimit(None, 3, None)),
    ],
)
def test_rate_limit_of_odd_headers(headers: dict[str, str], expected: RateLimit | None) -> None:
    assert RateLimit.from_headers(headers, now=NOW) == expected


def test_reset_counts_from_the_services_own_time() -> None:
    # Our clock is two hours behind; the answer was made ten seconds before the reset.
    ours = NOW - timedelta(hours=2)
    headers = {"date": DATE, "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(STAMP + 10)}

    limit = RateLimit.from_headers(headers, now=ours)

    assert limit is not None
    assert limit.resets_at == ours + timedelta(seconds=10)


def test_reset_in_a_distant_future_is_at_most_an_hour_away() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999999"}

    limit = RateLimit.from_headers(headers, now=NOW)

    assert limit is not None
    assert limit.seconds_left(NOW) == LONGEST_WAIT_SECONDS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-retry-after": str(STAMP + 42)}, 42),
        ({"x-retry-after": str(STAMP + 42), "date": TEN_LATER}, 32),
        ({"x-retry-after": f"{STAMP + 42}.5"}, 42.5),
        ({"x-retry-after": "17"}, 17),
        ({"retry-after": "17"}, 17),
        ({"retry-after": str(STAMP + 42)}, 42),
        ({"retry-after": TEN_LATER}, 10),
        ({"retry-after": TEN_LATER, "date": TEN_LATER}, SHORTEST_WAIT_SECONDS),
        ({"retry-after": "0"}, SHORTEST_WAIT_SECONDS),
        ({"retry-after": "-30"}, SHORTEST_WAIT_SECONDS),
        ({"x-retry-after": str(STAMP - 1000)}, SHORTEST_WAIT_SECONDS),
        ({"x-retry-after": str(STAMP + 10_000_000)}, LONGEST_WAIT_SECONDS),
        ({"retry-after": "86400"}, LONGEST_WAIT_SECONDS),
        ({"x-retry-after": "soon"}, None),
        ({"x-retry-after": "nan"}, None),
        ({"x-retry-after": "inf"}, None),
        ({"x-retry-after": ""}, None),
        ({"x-retry-after": "soon", "retry-after": "9"}, 9),
        ({"x-retry-after": str(STAMP + 42), "retry-after": "9"}, 42),
        ({"x-retry-after": str(STAMP + 42), "date": "yesterday"}, 42),
    ],
)
def test_retry_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_seconds(headers, now=NOW) == seconds


def test_retry_time_does_not_depend_on_our_clock_when_the_answer_is_dated() -> None:
    headers = {"x-retry-after": str(STAMP + 20), "date": DATE}

    told = {retry_seconds(headers, now=NOW + timedelta(hours=skew)) for skew in (-30, 0, 1, 10_000)}

    assert told == {20}


@unhurried
@given(value=st.text(), date=st.text())
def test_retry_seconds_is_bounded_whatever_the_headers_say(value: str, date: str) -> None:
    seconds = retry_seconds({"x-retry-after": value, "date": date}, now=NOW)

    assert seconds is None or SHORTEST_WAIT_SECONDS <= seconds <= LONGEST_WAIT_SECONDS


def test_time_of_an_answer_without_date_is_ours() -> None:
    assert answered_at({}, NOW) == NOW
    assert answered_at({"date": TEN_LATER}, NOW) == NOW + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("answer", "is_abuse"),
    [
        (Answer(429, {}, b"Too Many Requests (HAP429)"), True),
        (Answer(429, {}, b""), True),
        (Answer(429, {"Retry-After": "9"}, b"<html>"), True),
        (Answer(429, {}, b'{"detail": "Rate limit exceeded", "error": false}'), False),
        (Answer(429, {"X-RateLimit-Remaining": "0"}, b""), False),
        (Answer(503, {}, b"Too Many Requests"), False),
    ],
)
def test_abuse_limit_is_a_bare_429(answer: Answer, *, is_abuse: bool) -> None:
    assert is_abuse_limit(answer) == is_abuse


def test_pull_limit_is_read_from_its_headers() -> None:
    headers = {
        "ratelimit-limit": "100;w=3600",
        "ratelimit-remaining": "20;w=3600",
        "docker-ratelimit-source": "198.51.100.7",
    }

    assert PullLimit.from_headers(headers) == PullLimit(100, 20, 3600, "198.51.100.7")


def test_pull_limit_without_headers_is_unlimited() -> None:
    limit = PullLimit.from_headers({})

    assert limit.is_unlimited
    assert limit


def test_pull_limit_is_false_when_nothing_is_left() -> None:
    limit = PullLimit.from_headers({"ratelimit-limit": "100", "ratelimit-remaining": "0;w=60"})

    assert (limit, bool(limit), limit.is_unlimited) == (PullLimit(100, 0, 60), False, False)


@pytest.mark.parametrize("link", [None, "", 7, {}])
def test_there_is_no_next_page_without_a_link(link: object) -> None:
    assert next_query(link, origin="http://127.0.0.1:8080") is None


@pytest.mark.parametrize(
    "link",
    [
        "https://hub.docker.com/v2/namespaces/acme/repositories?page=2&page_size=100",
        "http://127.0.0.1:8080/v2/namespaces/acme/repositories?page=2&page_size=100",
        "https://registry.hub.docker.com/other/path?page=2&page_size=100",
        "/v2/namespaces/acme/repositories?page=2&page_size=100",
        "?page=2&page_size=100",
    ],
)
def test_only_the_query_of_a_next_link_is_taken(link: str) -> None:
    assert next_query(link, origin="http://127.0.0.1:8080") == (("page", "2"), ("page_size", "100"))


def test_query_of_a_next_link_is_decoded_and_keeps_empty_fields() -> None:
    link = "?name=a%2Bb+c&cursor=&page=2"

    assert next_query(link, origin="https://hub.docker.com") == (("name", "a+b c"), ("cursor", ""), ("page", "2"))


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v2/namespaces/acme/repositories?page=2",
        "https://hub.docker.com.evil.example/?page=2",
        "https://notdocker.com/?page=2",
        "https://hub.docker.com@evil.example/?page=2",
        "?page=\ud800",
        "http://127.0.0.1:9999/?page=2",
        "http://[/?page=2",
    ],
)
def test_next_link_to_another_host_is_refused(link: str) -> None:
    with pytest.raises(ForeignLinkError):
        next_query(link, origin="http://127.0.0.1:8080")


def test_parts_of_a_path_are_encoded_whole() -> None:
    assert path_of("v2", "a/b", "ü?#", "1.0_x-y") == "/v2/a%2Fb/%C3%BC%3F%23/1.0_x-y"


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_part_that_would_change_the_path_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="not parts of a path"):
        path_of("v2", part)


def test_origin_is_scheme_host_and_port() -> None:
    assert origin_of("http://127.0.0.1:8080/v2/x?y=z") == "http://127.0.0.1:8080"


def test_user_agent_names_us_and_the_library() -> None:
    assert user_agent("1.2.3", "2.34.2") == "hub-bot/1.2.3 python-requests/2.34.2"


def test_date_outside_all_calendars_is_no_date() -> None:
    text = "Fri, 31 Dec 9999 23:59:59 -2300"

    assert retry_seconds({"retry-after": text, "date": text}, now=NOW) is None
