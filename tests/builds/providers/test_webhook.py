"""The generic webhook: what is sent, how it is signed, and what is believed of its answer."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import SecretStr

from bot.builds.model import Accepted, Order, ProviderKind
from bot.builds.providers.calling import Caller
from bot.builds.providers.provider import Asked, BuildError, Refusal, SetupError
from bot.builds.providers.webhook import Webhook
from bot.clock import FrozenClock
from bot.egress.client import EgressAnswer
from tests.builds.providers.support import (
    A_BRANCH,
    A_GIT_TAG,
    A_TAG,
    EVERYTHING,
    HOOK_PATH,
    NOW,
    SECRETS,
    SIGNING_KEY,
    FakeEgress,
    answer,
    answering,
    secret_of,
    setup_of,
)

SETUP, SECRET = setup_of(ProviderKind.WEBHOOK), secret_of(ProviderKind.WEBHOOK)


def webhook_on(egress: FakeEgress, clock: FrozenClock | None = None) -> Webhook:
    return Webhook(Caller(egress), clock or FrozenClock(NOW), lambda: "the-id")


def trigger(egress: FakeEgress, order: Order = EVERYTHING) -> Accepted:
    webhook = webhook_on(egress)
    return webhook.trigger(SETUP, webhook.prepare(SETUP, order, SECRET), SECRET)


@pytest.mark.parametrize(
    ("order", "ref"),
    [
        (EVERYTHING, {"type": "all", "name": ""}),
        (A_TAG, {"type": "docker_tag", "name": "1.2"}),
        (A_BRANCH, {"type": "branch", "name": "staging"}),
        (A_GIT_TAG, {"type": "git_tag", "name": "v1.1"}),
    ],
)
def test_what_is_to_be_built_is_sent(order: Order, ref: dict[str, str]) -> None:
    egress = FakeEgress()

    trigger(egress, order)

    (sent,) = egress.sent
    assert egress.urls == [f"POST https://ci.example.com/{HOOK_PATH}"]
    assert json.loads(sent.body or b"") == {
        "event": "build",
        "id": "the-id",
        "repository": "acme/api",
        "ref": ref,
        "requested_at": "2026-11-21T09:00:00Z",
    }


def test_a_receiver_can_verify_the_signature() -> None:
    egress, clock = FakeEgress(), FrozenClock(NOW)
    webhook = webhook_on(egress, clock)
    prepared = webhook.prepare(SETUP, A_TAG, SECRET)
    clock.advance(600)  # Somebody had to approve it.

    webhook.trigger(SETUP, prepared, SECRET)

    sent = egress.sent[0]
    timestamp, signature = sent.headers["X-Hub-Bot-Timestamp"], sent.headers["X-Hub-Bot-Signature"]
    signed = b"v1:" + timestamp.encode() + b":" + (sent.body or b"")
    assert int(timestamp) == NOW.timestamp() + 600
    assert signature == "v1=" + hmac.new(SIGNING_KEY.encode(), signed, hashlib.sha256).hexdigest()


def test_what_is_shown_has_neither_address_nor_signature() -> None:
    prepared = webhook_on(FakeEgress()).prepare(SETUP, A_TAG, SECRET)

    assert prepared.lines() == (
        "POST https://ci.example.com/…",
        "Content-Type: application/json",
        "X-Hub-Bot-Timestamp: …",
        "X-Hub-Bot-Signature: v1=…",
        (
            '{"event": "build", "id": "the-id", "repository": "acme/api", '
            '"ref": {"type": "docker_tag", "name": "1.2"}, "requested_at": "2026-11-21T09:00:00Z"}'
        ),
    )


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (None, Accepted()),
        ({}, Accepted()),
        ([], Accepted()),
        ({"id": 17}, Accepted(build_id="17")),
        ({"id": True}, Accepted()),
        ({"id": {"a": 1}, "url": 17}, Accepted()),
        (
            {"id": "b-1", "url": "https://ci.example.com/b/1"},
            Accepted(build_id="b-1", url="https://ci.example.com/b/1"),
        ),
        ({"id": "b\n1", "url": "https://evil.example/b/1"}, Accepted(build_id="b 1")),
        ({"id": "x" * 500}, Accepted(build_id="x" * 100)),
    ],
)
def test_of_the_answer_only_what_can_be_true_is_believed(data: Any, accepted: Accepted) -> None:
    assert trigger(answering(answer(data, 202))) == accepted.model_copy(update={"status": 202})


def test_any_2xx_is_a_success() -> None:
    assert trigger(answering(EgressAnswer(204, {}, b""))) == Accepted(status=204)


def test_a_web_page_is_taken_with_a_doubt() -> None:
    page = EgressAnswer(200, {"content-type": "text/html"}, b"<html>ok</html>")

    assert trigger(answering(page)).said == (
        "The webhook of `acme/api` answered with a web page (HTTP 200), which may mean that nothing is built."
    )


@pytest.mark.parametrize(
    "path",
    [
        HOOK_PATH,
        f"{HOOK_PATH}/",
        f"{HOOK_PATH}/builds/17",
        f"b/17?from=/{HOOK_PATH}",
        HOOK_PATH.replace("s3cret", "%733cret"),
        HOOK_PATH.upper(),
        "b/s3cret-path-of-the-hook/17",
        f"b/17?key={SIGNING_KEY}",
    ],
)
def test_a_link_that_holds_something_secret_of_ours_is_not_kept(path: str) -> None:
    told = {"id": "b-1", "url": f"https://ci.example.com/{path}"}

    assert trigger(answering(answer(told))) == Accepted(build_id="b-1", status=200)


@pytest.mark.parametrize(
    ("hook", "link", "is_kept"),
    [
        ("build", "builds/17", True),
        ("build", "build", False),
        ("build", "build/17", False),
        ("", "builds/17", True),
    ],
)
def test_a_short_address_is_secret_as_a_whole(hook: str, link: str, *, is_kept: bool) -> None:
    url = f"https://ci.example.com/{link}"
    webhook = webhook_on(answering(answer({"url": url})))
    secret = SecretStr(f"https://ci.example.com/{hook} {SIGNING_KEY}")

    accepted = webhook.trigger(SETUP, webhook.prepare(SETUP, A_TAG, secret), secret)

    assert accepted.url == (url if is_kept else None)


@pytest.mark.parametrize("secret", [HOOK_PATH, SIGNING_KEY])
def test_an_id_with_something_secret_of_ours_is_cleaned(secret: str) -> None:
    accepted = trigger(answering(answer({"id": f"build of {secret}"})))

    assert accepted.build_id is not None
    assert accepted.build_id.startswith("build of ")
    assert secret not in accepted.build_id


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "https://ci.example.com/hook",
        f"{SIGNING_KEY}",
        "https://ci.example.com/hook short",
        f"https://ci.example.com/hook {SIGNING_KEY} more",
        f"http://ci.example.com/hook {SIGNING_KEY}",
        f"https://other.example.com/hook {SIGNING_KEY}",
        f"https://user:password@ci.example.com/hook {SIGNING_KEY}",
        f"file:///etc/passwd {SIGNING_KEY}",
    ],
)
def test_a_secret_of_another_form_is_refused(secret: str) -> None:
    with pytest.raises(SetupError) as raised:
        webhook_on(FakeEgress()).check(SETUP, SecretStr(secret))

    assert raised.value.field == "secret"
    assert SIGNING_KEY not in str(raised.value)


def test_nothing_is_sent_when_the_set_up_has_changed_since() -> None:
    egress = FakeEgress(hosts=FakeEgress().hosts)
    webhook = webhook_on(egress)
    prepared = webhook.prepare(SETUP, A_TAG, SECRET)

    with pytest.raises(BuildError) as raised:
        webhook.trigger(SETUP, prepared, SecretStr(f"https://ghe.example.com/hook {SIGNING_KEY}"))

    assert raised.value.refusal is Refusal.WRONG
    assert egress.sent == []


def test_a_webhook_does_not_tell_of_builds() -> None:
    egress = FakeEgress()
    webhook = webhook_on(egress)

    assert webhook.try_out(SETUP, SECRET) is None
    assert webhook.recent(SETUP, SECRET, most=5) is None
    assert webhook.find(SETUP, SECRET, Asked(A_TAG, NOW, "17")) is None
    assert egress.sent == []


def test_no_secret_is_in_an_error() -> None:
    echo = EgressAnswer(400, {}, " ".join(SECRETS).encode())

    with pytest.raises(BuildError) as raised:
        trigger(answering(echo))

    assert SIGNING_KEY not in str(raised.value)
    assert HOOK_PATH not in str(raised.value)
