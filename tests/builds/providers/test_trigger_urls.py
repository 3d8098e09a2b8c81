"""Both kinds of Docker Hub's trigger URLs: what is sent, what a success means, and which URLs are taken."""

import json

import pytest
from pydantic import SecretStr

from bot.builds.model import Order, ProviderKind
from bot.builds.providers import all_providers
from bot.builds.providers.provider import BuildError, Provider, Refusal, SetupError
from bot.clock import FrozenClock
from bot.egress.client import EgressAnswer
from bot.hub.client import Credentials, HubClient, HubUrls
from tests.builds.providers.support import (
    A_BRANCH,
    A_GIT_TAG,
    A_TAG,
    CLASSIC_TOKEN,
    EVERYTHING,
    NOW,
    ORDERS,
    SECRETS,
    SOURCE_UUID,
    TRIGGER_UUID,
    FakeEgress,
    answer,
    answering,
    secret_of,
    setup_of,
)

HUB, CLASSIC = ProviderKind.DOCKER_HUB, ProviderKind.CLASSIC
BODIES = {
    A_TAG: {"docker_tag": "1.2"},
    A_BRANCH: {"source_type": "Branch", "source_name": "staging"},
    A_GIT_TAG: {"source_type": "Tag", "source_name": "v1.1"},
}


def provider_on(egress: FakeEgress, kind: ProviderKind) -> Provider:
    hub = HubClient(HubUrls("http://127.0.0.1:1"), Credentials(), FrozenClock(NOW))
    return all_providers(egress, hub)[kind]


def trigger(egress: FakeEgress, kind: ProviderKind, order: Order = EVERYTHING) -> str:
    provider, secret = provider_on(egress, kind), secret_of(kind)
    return provider.trigger(setup_of(kind), provider.prepare(setup_of(kind), order, secret), secret).said


@pytest.mark.parametrize("kind", [HUB, CLASSIC])
@pytest.mark.parametrize("order", [A_TAG, A_BRANCH, A_GIT_TAG], ids=str)
def test_what_is_to_be_built_is_sent_as_json(kind: ProviderKind, order: Order) -> None:
    egress = answering(answer({}, 202))

    trigger(egress, kind, order)

    (sent,) = egress.sent
    assert json.loads(sent.body or b"") == BODIES[order]
    assert sent.headers == {"Content-Type": "application/json"}
    assert sent.url == secret_of(kind)
    assert sent.timeout_seconds == 10.0


def test_everything_is_no_body_and_no_content_type_today() -> None:
    egress = answering(answer({}, 202))

    assert trigger(egress, HUB) == ""

    (sent,) = egress.sent
    assert (sent.method, sent.body, sent.headers) == ("POST", None, {})


def test_everything_was_a_form_once() -> None:
    egress = answering(EgressAnswer(200, {"content-type": "text/plain"}, b"OK"))

    said = trigger(egress, CLASSIC)

    (sent,) = egress.sent
    assert (sent.body, sent.headers) == (b"build=true", {"Content-Type": "application/x-www-form-urlencoded"})
    assert said == "Docker Hub answered: OK. Docker Hub answers this also when it builds nothing."


@pytest.mark.parametrize("kind", [HUB, CLASSIC])
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_what_is_shown_is_what_is_sent_but_for_the_secret(kind: ProviderKind, order: Order) -> None:
    prepared = provider_on(FakeEgress(), kind).prepare(setup_of(kind), order, secret_of(kind))

    lines = "\n".join(prepared.lines())
    assert lines.startswith("POST https://")
    assert not any(secret in lines for secret in SECRETS)
    assert "/trigger/…/" in prepared.address
    if order in BODIES:
        assert prepared.body == BODIES[order]


@pytest.mark.parametrize("missing", ["", "/"])
def test_a_slash_at_the_end_is_sent_whether_it_was_pasted_or_not(missing: str) -> None:
    for kind in (HUB, CLASSIC):
        egress = answering(answer({}, 202))
        secret = SecretStr(f"  {secret_of(kind).get_secret_value().rstrip('/')}{missing} ")
        provider = provider_on(egress, kind)

        provider.trigger(setup_of(kind), provider.prepare(setup_of(kind), EVERYTHING, secret), secret)

        assert egress.sent[0].url == secret_of(kind)


@pytest.mark.parametrize("body", [b"", b"{}", b"OK", b"\xff\xfe", b'{"error": "already pending"}', b"<html>"])
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success_today_whatever_its_body_says(status: int, body: bytes) -> None:
    assert trigger(answering(EgressAnswer(status, {}, body)), HUB) == ""


@pytest.mark.parametrize("kind", [HUB, CLASSIC])
def test_a_web_page_is_a_success_that_looks_like_trouble(kind: ProviderKind) -> None:
    page = EgressAnswer(200, {"content-type": "text/html; charset=utf-8"}, b"<!DOCTYPE html>")

    said = trigger(answering(page), kind)

    assert said == "Docker Hub answered with a web page (HTTP 200), which may mean that nothing is built."


@pytest.mark.parametrize(
    "body", [b"A build for tag latest is already pending. Ignoring request.", b'[{"msg": "Already pending"}]']
)
def test_a_classic_success_that_says_already_pending_is_none(body: bytes) -> None:
    with pytest.raises(BuildError) as raised:
        trigger(answering(EgressAnswer(200, {}, body)), CLASSIC)

    assert raised.value.refusal is Refusal.PENDING
    assert "This request was ignored." in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://hub.docker.com/",
        f"https://hub.docker.com/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/",
        f"https://hub.docker.com/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/?a=b",
        f"https://hub.docker.com/api/build/v1/source/{SOURCE_UUID}/trigger/../call/",
        f"https://hub.docker.com/api/build/v1/source/x/trigger/{TRIGGER_UUID}/call/",
        f"https://hub.docker.com@evil.example/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
        f"https://evil.example/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
        f"http://hub.docker.com/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
        f"file:///api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
        f"https://registry.hub.docker.com/u/acme/api/trigger/{CLASSIC_TOKEN}/",
    ],
)
def test_anything_else_is_no_trigger_url_of_today(url: str) -> None:
    egress = FakeEgress()

    with pytest.raises(SetupError) as raised:
        provider_on(egress, HUB).check(setup_of(HUB), SecretStr(url))

    assert raised.value.field == "secret"
    assert not any(secret in str(raised.value) for secret in SECRETS)
    assert egress.sent == []


@pytest.mark.parametrize(
    "url",
    [
        f"https://registry.hub.docker.com/u/other/api/trigger/{CLASSIC_TOKEN}/",
        f"https://registry.hub.docker.com/u/acme/trigger/{CLASSIC_TOKEN}/",
        "https://registry.hub.docker.com/u/acme/api/trigger/short/",
        f"https://evil.example/u/acme/api/trigger/{CLASSIC_TOKEN}/",
        f"https://hub.docker.com/api/build/v1/source/{SOURCE_UUID}/trigger/{TRIGGER_UUID}/call/",
    ],
)
def test_anything_else_is_no_classic_trigger_url_of_this_repository(url: str) -> None:
    with pytest.raises(SetupError) as raised:
        provider_on(FakeEgress(), CLASSIC).check(setup_of(CLASSIC), SecretStr(url))

    assert raised.value.field == "secret"
    assert CLASSIC_TOKEN not in str(raised.value)


@pytest.mark.parametrize("host", ["hub.docker.com", "cloud.docker.com", "registry.hub.docker.com"])
def test_the_hosts_of_docker_are_allowed_without_being_named(host: str) -> None:
    url = secret_of(HUB).get_secret_value().replace("hub.docker.com", host)

    provider_on(FakeEgress(), HUB).check(setup_of(HUB), SecretStr(url))


def test_trigger_urls_can_only_be_tried_by_building() -> None:
    for kind in (HUB, CLASSIC):
        egress = FakeEgress()
        assert provider_on(egress, kind).try_out(setup_of(kind), secret_of(kind)) is None
        assert egress.sent == []
