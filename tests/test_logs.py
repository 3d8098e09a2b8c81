import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import bind_request_id, configure_logging, current_request_id, new_request_id
from bot.redaction import redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl"

SECRETS = [
    "xoxb-" + "1234-abcd",
    "xoxe.xoxb-" + "1-abcd",
    "xapp-" + "1-A0-abc",
    "dckr_pat_abcDEF-123",
    "dckr_oat_abcDEF-123",
    JWT,
    "https://hooks.slack.com/commands/T1/2/abcdef",
    "https://hooks.slack-gov.com/commands/T1/2/abcdef",
    "v0=" + "ab" * 32,
    "v1=" + "ab" * 32,
    "sha256=" + "ab" * 32,
    "ghp_" + "aB3" * 12,
    "gho_" + "aB3" * 12,
    "ghs_" + "aB3" * 12,
    "ghu_" + "aB3" * 12,
    "ghr_" + "aB3" * 12,
    "github_pat_" + "11ABCDEFG0aBcDeFgHiJkL_" + "aB3" * 19,
    "glpat-" + "aB3_-xyzXYZ012345678",
    "glpat-" + "aB3_-xyzXYZ01234567890.01.0a1b2c3d4",
    "glptt-" + "0a1b" * 10,
    "gAAAA" + "ABm-_" * 20 + "==",
]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:], root.level = kept


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_masked_wherever_they_stand(secret: str) -> None:
    assert redact(f"before {secret} after") == "before [redacted] after"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abcdefgh1234", "Authorization: Bearer [redacted]"),
        ("Basic YW5hOnNlY3JldA==", "Basic [redacted]"),
        ("POST /webhooks/dockerhub/averyverylongsecret HTTP/1.1", "POST /webhooks/dockerhub/[redacted] HTTP/1.1"),
        (
            "/api/build/v1/source/1/trigger/0f0e0d0c-1111-2222-3333-444455556666/call/",
            "/api/build/v1/source/1/trigger/[redacted]/call/",
        ),
        ("GET /slack/oauth_redirect?code=123.456&state=x", "GET /slack/oauth_redirect?code=[redacted]&state=x"),
        (
            "/u/acme/api/trigger/0f0e0d0c-1111-2222-3333-444455556666/",
            "/u/acme/api/trigger/[redacted]/",
        ),
        (
            "/api/v4/projects/1/trigger/pipeline?token=a1b2c3&ref=main",
            "/api/v4/projects/1/trigger/pipeline?token=[redacted]&ref=main",
        ),
        ("postgresql+psycopg://bot:p%40ss@db/bot", "postgresql+psycopg://[redacted]@db/bot"),
        ("https://:secret@ci.example.com/", "https://[redacted]@ci.example.com/"),
        ("acme/api:1.2 was read", "acme/api:1.2 was read"),
        (
            "https://hub.docker.com/r/acme/api:1@sha256:" + "ab" * 32,
            "https://hub.docker.com/r/acme/api:1@sha256:" + "ab" * 32,
        ),
        ("http://127.0.0.1:8080/@a and ana@acme.com", "http://127.0.0.1:8080/@a and ana@acme.com"),
        (
            "the trigger/pipeline of global-configuration-settings",
            "the trigger/pipeline of global-configuration-settings",
        ),
        ("/builds?page=2&next_token=3", "/builds?page=2&next_token=3"),
    ],
)
def test_secrets_inside_longer_text_are_masked_and_the_rest_is_kept(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_a_line_by_message_field_or_traceback(form: str, lines: io.StringIO) -> None:
    configure_logging(form=form, stream=lines)

    for secret in SECRETS:
        try:
            raise ValueError(f'failed with "{secret}"\\')
        except ValueError:
            logging.getLogger("anything").exception("it_failed", extra={"fact": f'"{secret}"', "object": [secret]})

    written = lines.getvalue()
    assert not [secret for secret in SECRETS if secret in written]
    if form == "json":
        assert all(json.loads(line)["event"] == "it_failed" for line in written.splitlines())


def test_a_line_for_people_has_the_event_then_its_facts(lines: io.StringIO) -> None:
    configure_logging(form="text", stream=lines)

    with bind_request_id("abc"):
        logging.getLogger("bot").info("tag_read", extra={"image": "acme/api", "seconds": 0.25, "said": "two words"})

    assert lines.getvalue().endswith('info    tag_read image=acme/api seconds=0.25 said="two words" request_id=abc\n')


def test_a_line_for_machines_is_one_json_object(lines: io.StringIO) -> None:
    configure_logging(form="json", stream=lines)

    with bind_request_id("abc"):
        logging.getLogger("bot").warning("tag_read", extra={"seconds": 0.25, "found": None})

    entry = json.loads(lines.getvalue())
    assert (entry["event"], entry["level"], entry["seconds"], entry["found"]) == ("tag_read", "warning", 0.25, None)
    assert (entry["request_id"], entry["logger"]) == ("abc", "bot")


def test_other_libraries_speak_up_only_from_a_warning_on(lines: io.StringIO) -> None:
    configure_logging(stream=lines)

    logging.getLogger("slack_bolt.middleware").info("a body with secrets")
    logging.getLogger("urllib3").warning("connection_dropped")

    assert "secrets" not in lines.getvalue()
    assert "connection_dropped" in lines.getvalue()


def test_a_request_id_is_bound_for_the_block_only() -> None:
    with bind_request_id(new_request_id()) as request_id:
        assert current_request_id() == request_id
    assert current_request_id() == ""
