"""What answers mean, and which links may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.providers.calling import Party, own_link, trigger_error
from bot.builds.providers.provider import Refusal
from bot.hub.protocol import Answer

SECRET = "glptt-the-secret"
PARTY = Party("GitHub", "acme/api", credential="the token", unknown="GitHub knows no such workflow", secrets=(SECRET,))
AGAIN = "Check the set-up: `/hub trigger setup acme/api`."


def error_of(status: int, body: bytes = b"", **headers: str) -> tuple[Refusal, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = trigger_error(Answer(status, named, body), PARTY)
    assert error.status == status
    return error.refusal, str(error)


@pytest.mark.parametrize(
    ("status", "body", "headers", "refusal", "sentence"),
    [
        (
            301,
            b"",
            {"location": "https://new.example.com/hooks/very-secret"},
            Refusal.WRONG,
            (
                "GitHub points to another address at `new.example.com` (HTTP 301), which is not called. "
                "Nothing is built. If the new address is right, set it up with `/hub trigger setup acme/api`."
            ),
        ),
        (
            400,
            b'{"error": "Value None for field"}',
            {},
            Refusal.WRONG,
            "GitHub does not accept the request (HTTP 400: Value None for field). Nothing is built.",
        ),
        (
            401,
            b'{"message": "Bad credentials"}',
            {},
            Refusal.FORBIDDEN,
            f"GitHub does not take the token for this (HTTP 401: Bad credentials). Nothing is built. {AGAIN}",
        ),
        (
            403,
            b'{"message": "API rate limit exceeded for user ID 1."}',
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1795253400"},
            Refusal.THROTTLED,
            (
                "GitHub is asked too often (HTTP 403: API rate limit exceeded for user ID 1): "
                "try again after 09:30 UTC. This request was ignored."
            ),
        ),
        (
            403,
            b'{"message": "Resource not accessible by personal access token"}',
            {"x_ratelimit_remaining": "4999"},
            Refusal.FORBIDDEN,
            (
                "GitHub does not take the token for this (HTTP 403: Resource not accessible by personal access token). "
                f"Nothing is built. {AGAIN}"
            ),
        ),
        (
            404,
            b'{"message": "Not Found"}',
            {},
            Refusal.WRONG,
            f"GitHub knows no such workflow (HTTP 404: Not Found). Nothing is built. {AGAIN}",
        ),
        (
            409,
            b"",
            {},
            Refusal.PENDING,
            (
                "GitHub says that the same is waiting to be built already (HTTP 409: 409 Conflict). This request was "
                "ignored."
            ),
        ),
        (
            429,
            b"Retry later",
            {"retry_after": "60"},
            Refusal.THROTTLED,
            "GitHub is asked too often (HTTP 429: Retry later): try again in 60 s. This request was ignored.",
        ),
        (
            429,
            b'{"error": "A build for tag latest is already pending. Ignoring request."}',
            {},
            Refusal.PENDING,
            (
                "GitHub says that the same is waiting to be built already (HTTP 429: A build for tag latest is already "
                "pending. Ignoring request). This request was ignored."
            ),
        ),
        (
            503,
            b"<html><title>We'll be back</title></html>",
            {},
            Refusal.UNHEARD,
            (
                "GitHub is in trouble (HTTP 503: a web page instead of data: We'll be back). The build may have been "
                "queued; it is not asked for again."
            ),
        ),
    ],
)
def test_each_answer_is_said_with_what_it_means(
    status: int, body: bytes, headers: dict[str, str], refusal: Refusal, sentence: str
) -> None:
    assert error_of(status, body, **headers) == (refusal, sentence)


@given(status=st.integers(100, 999).filter(lambda status: not 200 <= status < 300), body=st.binary(max_size=300))
def test_every_answer_that_is_no_success_says_whether_something_is_built(status: int, body: bytes) -> None:
    refusal, sentence = error_of(status, body)

    endings = ("Nothing is built.", "This request was ignored.", "it is not asked for again.")
    assert any(ending in sentence for ending in endings)
    assert (refusal is Refusal.UNHEARD) == (status == 408 or not 300 <= status < 500)


@given(
    status=st.sampled_from([302, 400, 401, 403, 404, 409, 422, 429, 500, 503]),
    before=st.text(max_size=300),
    told=st.text(max_size=20),
)
def test_a_secret_that_is_repeated_is_not_passed_on(status: int, before: str, told: str) -> None:
    body = f"{before}{SECRET}".encode(errors="replace")

    _, sentence = error_of(status, body, location=f"https://x.example/{SECRET}", retry_after=told)

    assert SECRET not in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize("told", ["0", "-1", "1e9", "999999999999", "soon", "", "²"])
def test_a_time_to_wait_that_is_nonsense_is_left_out(told: str) -> None:
    assert "try again" not in error_of(429, b"x", retry_after=told)[1]


def test_a_time_to_wait_may_be_a_point_in_time() -> None:
    assert "try again after 09:00 UTC" in error_of(429, b"x", retry_after="1795251600")[1]


BASE = "https://git.example.com/gitlab"


@pytest.mark.parametrize("url", ["https://git.example.com/acme/api/-/pipelines/1", "https://GIT.example.com/x?y=1#z"])
def test_links_to_the_other_side_are_shown(url: str) -> None:
    assert own_link(url, BASE) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        17,
        "",
        "/relative",
        "http://git.example.com/plain",
        "javascript:alert(1)",
        "https://evil.example/",
        "https://git.example.com.evil.example/",
        "https://git.example.com@evil.example/",
        "https://evil@git.example.com/",
        "https://git.example.com:8443/",
        "https://git.example.com/<!channel>|x",
        "https://git.example.com/a b",
        "https://git.example.com/\u202e",
        "https://[bad",
        f"https://git.example.com/{'x' * 2_000}",
    ],
)
def test_other_links_are_not(url: object) -> None:
    assert own_link(url, BASE) is None


def test_on_this_machine_links_may_be_plain() -> None:
    assert own_link("http://127.0.0.1:8080/x", "http://127.0.0.1:8080") == "http://127.0.0.1:8080/x"
    assert own_link("http://127.0.0.1:8081/x", "http://127.0.0.1:8080") is None
    assert own_link("http://127.0.0.1:8080/x", "https://127.0.0.1:8080") is None


def test_further_hosts_are_taken_as_told() -> None:
    assert own_link("https://github.com/x", "https://api.github.com", {"github.com"}) == "https://github.com/x"
    assert own_link("https://api.github.com/x", "https://api.github.com", {"github.com"})
