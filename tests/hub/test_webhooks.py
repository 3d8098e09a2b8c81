"""Webhooks, from literal answers."""

import logging
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.errors import ForbiddenError, HubError, InvalidError, NoCredentialError, NotFoundError, UnavailableError
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.hub.webhooks import Hook, Webhook, Webhooks
from bot.images import RepositoryName
from tests.hub.support import OAT_OF_ACME, PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api

API = RepositoryName("acme", "api")
SECRET = "s3cret-s3cret-s3cret-s3cret"
URL = SecretStr(f"https://bot.example.com/webhooks/dockerhub/{SECRET}")
PIPELINE = {
    "name": "hub-bot",
    "slug": "hub-bot",
    "expect_final_callback": False,
    "webhooks": [{"name": "hub-bot", "hook_url": URL.get_secret_value(), "created": "2026-11-21T09:00:00Z"}],
    "created": "2026-11-21T09:00:00Z",
    "last_updated": None,
}
NEW_PATH = "/v2/namespaces/acme/repositories/api/webhook_pipeline"
OLD_PATH = "/v2/repositories/acme/api/webhook_pipeline/"
WEB_PAGE = Answer(404, {"Content-Type": "text/html"}, b"<html><title>404</title></html>")


def hub(**answers: Outcome) -> FakeWire:
    """Return a Docker Hub that answers the `new` and the `old` path; logins are good."""

    def respond(sent: Sent) -> Outcome:
        if sent.request.path == "/v2/auth/token":
            return json_answer({"access_token": jwt()})
        return answers["new" if sent.request.path == NEW_PATH else "old"]

    return FakeWire(respond)


def asked(wire: FakeWire) -> list[str]:
    return [str(sent) for sent in wire.sent if sent.request.path != "/v2/auth/token"]


def test_list_reads_name_address_and_time() -> None:
    wire = hub(new=json_answer({"count": 1, "next": None, "results": [PIPELINE]}))

    (webhook,) = Webhooks(make_api(wire, PAT_OF_ANA)).list(API)

    assert webhook == Webhook(
        name="hub-bot",
        slug="hub-bot",
        webhooks=(Hook(hook_url=URL),),
        created=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    )
    assert webhook.calls(URL)
    assert not webhook.calls(SecretStr("https://other.example.com/"))
    assert asked(wire) == [f"GET {NEW_PATH}"]


def test_create_sends_one_name_and_one_address() -> None:
    wire = hub(new=json_answer(PIPELINE, 201))

    made = Webhooks(make_api(wire, PAT_OF_ANA)).create(API, "hub-bot", URL)

    assert made.calls(URL)
    assert asked(wire) == [f"POST {NEW_PATH}"]
    assert wire.sent[-1].request.body == {
        "name": "hub-bot",
        "expect_final_callback": False,
        "webhooks": [{"name": "hub-bot", "hook_url": URL.get_secret_value()}],
    }


def test_what_was_made_is_made_whatever_the_answer_looks_like() -> None:
    wire = hub(new=Answer(201, {}, b"ok"))

    assert Webhooks(make_api(wire, PAT_OF_ANA)).create(API, "hub-bot", URL) == Webhook(name="hub-bot")


@pytest.mark.parametrize("unknown", [WEB_PAGE, json_answer({"message": "object not found"}, 404), Answer(405)])
def test_where_the_new_path_is_not_known_the_old_one_is_asked(unknown: Answer) -> None:
    listing = json_answer({"count": 1, "results": [PIPELINE]})
    reading, writing = hub(new=unknown, old=listing), hub(new=unknown, old=json_answer(PIPELINE, 201))

    assert [each.name for each in Webhooks(make_api(reading, PAT_OF_ANA)).list(API)] == ["hub-bot"]
    assert Webhooks(make_api(writing, PAT_OF_ANA)).create(API, "hub-bot", URL).slug == "hub-bot"

    assert asked(reading) == [f"GET {NEW_PATH}", f"GET {OLD_PATH}"]
    assert asked(writing) == [f"POST {NEW_PATH}", f"POST {OLD_PATH}"]


def test_an_organization_token_is_not_sent_to_the_old_path() -> None:
    wire = hub(new=json_answer({"message": "object not found"}, 404))

    with pytest.raises(NotFoundError):
        Webhooks(make_api(wire, OAT_OF_ACME)).create(API, "hub-bot", URL)
    assert asked(wire) == [f"POST {NEW_PATH}"]


@pytest.mark.parametrize(("status", "error"), [(403, ForbiddenError), (503, UnavailableError)])
def test_any_other_refusal_is_final(status: int, error: type[HubError]) -> None:
    wire = hub(new=json_answer({"message": "no"}, status))

    with pytest.raises(error):
        Webhooks(make_api(wire, PAT_OF_ANA)).create(API, "hub-bot", URL)
    assert asked(wire) == [f"POST {NEW_PATH}"]


def test_without_a_credential_nothing_is_sent() -> None:
    wire = hub()

    with pytest.raises(NoCredentialError):
        Webhooks(make_api(wire)).create(API, "hub-bot", URL)
    with pytest.raises(NoCredentialError):
        Webhooks(make_api(wire)).list(API)
    assert wire.sent == []


def test_the_address_is_in_no_error_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    said = f"Hook {URL.get_secret_value()} is taken"
    wire = hub(new=json_answer({"name": [said], "detail": said}, 400))

    with caplog.at_level(logging.DEBUG), pytest.raises(InvalidError) as raised:
        Webhooks(make_api(wire, PAT_OF_ANA)).create(API, "hub-bot", URL)

    made = Webhook.model_validate(PIPELINE)
    everything = f"{raised.value} {raised.value.fields} {raised.value!r} {made!r} {made} {wire.sent!r}"
    assert "name" in raised.value.fields
    assert SECRET not in everything
    assert SECRET not in caplog.text
    assert not any(SECRET in str(record.__dict__) for record in caplog.records)
