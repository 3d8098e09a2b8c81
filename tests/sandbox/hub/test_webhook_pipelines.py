"""The endpoints of webhooks, in the shapes that several published clients agree on."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer
from bot.sandbox.hub.seed import (
    ACME_OAT,
    ACME_OAT_WITHOUT_LIST,
    ANA_PAT,
    ANA_PUBLIC_ONLY_PAT,
    ANA_READ_ONLY_PAT,
    BO_PAT,
    ZOE_PAT,
)
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.receiver import Receiver

Login = Callable[[str, str], dict[str, str]]

LEGACY = "/v2/repositories/acme/api/webhook_pipeline/"
NAMESPACED = "/v2/namespaces/acme/repositories/api/webhook_pipeline/"
BASES = (LEGACY, NAMESPACED)
HOOK_URL = "https://hub-bot.example/webhooks/dockerhub/a-secret"
ANA, BO, ZOE, ACME = ("ana", ANA_PAT), ("bo", BO_PAT), ("zoe", ZOE_PAT), ("acme", ACME_OAT)


def wish(name: object = "Hub Bot", url: object = HOOK_URL, **more: object) -> dict[str, object]:
    return {
        "name": name,
        "expect_final_callback": False,
        "webhooks": [{"name": name, "hook_url": url}],
        **more,
    }


def ask(
    hub: HubSimulator,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> requests.Response:
    return requests.request(method, f"{hub.url}{path}", headers=headers, json=body, timeout=5, allow_redirects=False)


@pytest.mark.parametrize("base", BASES)
def test_a_webhook_is_created_listed_and_deleted(hub: HubSimulator, login: Login, base: str) -> None:
    ana = login(*ANA)

    created = ask(hub, "POST", base, ana, wish(registry="registry-1.docker.io"))
    listed = ask(hub, "GET", f"{base}?page_size=100", ana)
    deleted = ask(hub, "DELETE", f"{base}hub-bot/", ana)

    at = "2026-11-21T12:00:00.123456Z"
    assert created.status_code == 201
    assert created.json() == {
        "name": "Hub Bot",
        "slug": "hub-bot",
        "expect_final_callback": False,
        "webhooks": [{"name": "Hub Bot", "hook_url": HOOK_URL, "created": at, "last_updated": at}],
        "created": at,
        "last_updated": at,
    }
    assert listed.json() == {"count": 1, "next": None, "previous": None, "results": [created.json()]}
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert ask(hub, "GET", base, ana).json()["results"] == []


def test_what_is_created_is_called(hub: HubSimulator, login: Login, receiver: Receiver) -> None:
    ask(hub, "POST", NAMESPACED, login(*ANA), wish(url=receiver.url))

    hub.push("acme/api", "latest")

    receiver.wait_for(1)


def test_the_history_tells_of_each_delivery_the_newest_first(
    hub: HubSimulator, login: Login, receiver: Receiver, clock: SettableClock
) -> None:
    ana = login(*ANA)
    answers = iter([Answer(200), Answer(500)])
    receiver.answer = lambda _: next(answers)
    hub.add_webhook("acme/api", receiver.url, name="Hub Bot")
    for tag in ("1", "2"):
        hub.push("acme/api", tag)
        assert hub.webhooks.settle()
        clock.advance(seconds=30)

    history = ask(hub, "GET", f"{LEGACY}hub-bot/history/", ana).json()

    assert [(each["status"], each["created"]) for each in history] == [
        ("error", "2026-11-21T12:00:30.123456Z"),
        ("success", "2026-11-21T12:00:00.123456Z"),
    ]
    assert len({each["uuid"] for each in history}) == 2
    hub.unknowns = Unknowns(pipeline_history="page")
    assert ask(hub, "GET", f"{LEGACY}hub-bot/history/", ana).json()["results"] == history


def test_the_history_tells_of_what_is_still_to_be_sent(
    hub: HubSimulator, login: Login, receiver: Receiver, clock: SettableClock
) -> None:
    hub.add_webhook("acme/api", receiver.url, name="Hub Bot")

    hub.push("acme/api", "1", platforms=["linux/amd64", "linux/arm64/v8"])
    assert hub.webhooks.settle()
    history = ask(hub, "GET", f"{NAMESPACED}hub-bot/history", login(*ANA)).json()

    assert [each["status"] for each in history] == ["init"] * 4 + ["success"]


def test_a_name_is_taken_once(hub: HubSimulator, login: Login) -> None:
    ana = login(*ANA)
    ask(hub, "POST", LEGACY, ana, wish())

    again = ask(hub, "POST", LEGACY, ana, wish())

    assert again.status_code == 400
    assert "already exists" in again.json()["name"][0]
    other = ask(hub, "POST", "/v2/repositories/acme/site/webhook_pipeline/", ana, wish())
    assert other.status_code == 201


@pytest.mark.parametrize(
    ("position", "status", "key"),
    [("400_fields", 400, "name"), ("400_message", 400, "detail"), ("409_message", 409, "detail")],
)
def test_how_a_taken_name_is_told_is_a_switch(
    hub: HubSimulator, login: Login, position: Any, status: int, key: str
) -> None:
    hub.unknowns = Unknowns(pipeline_conflict=position)
    hub.add_webhook("acme/api", HOOK_URL, name="Hub Bot")

    answer = ask(hub, "POST", LEGACY, login(*ANA), wish())

    assert (answer.status_code, next(iter(answer.json()))) == (status, key)


def test_a_url_may_have_255_characters(hub: HubSimulator, login: Login) -> None:
    ana = login(*ANA)
    longest = "https://hub-bot.example/".ljust(255, "x")

    assert ask(hub, "POST", LEGACY, ana, wish("long", longest)).status_code == 201
    too_long = ask(hub, "POST", LEGACY, ana, wish("longer", f"{longest}x"))

    assert too_long.status_code == 400
    assert too_long.json() == {"hook_url": ["Ensure this field has no more than 255 characters."]}


@pytest.mark.parametrize(
    ("position", "keys"), [("fields", ["hook_url"]), ("fields_and_text", ["fields", "text"]), ("message", ["message"])]
)
def test_how_a_long_url_is_refused_is_a_switch(hub: HubSimulator, login: Login, position: Any, keys: list[str]) -> None:
    hub.unknowns = Unknowns(pipeline_refusal=position)

    answer = ask(hub, "POST", NAMESPACED, login(*ANA), wish(url="https://x/".ljust(256, "x")))

    assert answer.status_code == 400
    assert [key for key in answer.json() if key != "errinfo"] == keys


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (wish(""), "name"),
        (wish(None), "name"),
        (wish("!!!"), "name"),
        (wish("x" * 256), "name"),
        (wish(url=""), "hook_url"),
        (wish(url=5), "hook_url"),
        (wish(url="ftp://hub-bot.example/"), "hook_url"),
        (wish(url="hub-bot.example"), "hook_url"),
        (wish(url="https://[::1"), "hook_url"),
        (wish(webhooks=[]), "webhooks"),
        (wish(webhooks="x"), "webhooks"),
        (wish(webhooks=["x"]), "webhooks"),
        (wish(expect_final_callback="no"), "expect_final_callback"),
        ({}, "name"),
    ],
)
def test_nonsense_is_refused_by_field(hub: HubSimulator, login: Login, body: object, field: str) -> None:
    answer = ask(hub, "POST", LEGACY, login(*ANA), body)

    assert answer.status_code == 400
    assert field in answer.json()
    assert hub.state.repository("acme/api").pipelines == {}


def test_no_json_is_refused(hub: HubSimulator, login: Login) -> None:
    assert ask(hub, "POST", LEGACY, login(*ANA), ["no", "object"]).json() == {"detail": "JSON parse error"}


@pytest.mark.parametrize("base", BASES)
def test_an_unknown_webhook_is_not_found(hub: HubSimulator, login: Login, base: str) -> None:
    ana = login(*ANA)

    assert ask(hub, "DELETE", f"{base}none/", ana).status_code == 404
    assert ask(hub, "GET", f"{base}none/history/", ana).status_code == 404
    assert ask(hub, "GET", base.replace("/api/", "/none/"), ana).status_code == 404


@pytest.mark.parametrize("status", ["204", "200", "202"])
def test_what_a_deletion_answers_is_a_switch(hub: HubSimulator, login: Login, status: Any) -> None:
    hub.unknowns = Unknowns(pipeline_delete=status)
    hub.add_webhook("acme/api", HOOK_URL, name="Hub Bot")

    assert ask(hub, "DELETE", f"{LEGACY}hub-bot/", login(*ANA)).status_code == int(status)
    assert hub.state.repository("acme/api").pipelines == {}


@pytest.mark.parametrize(
    ("position", "legacy", "namespaced"), [("both", 200, 200), ("legacy", 200, 404), ("namespaced", 404, 200)]
)
def test_which_path_there_is_is_a_switch(
    hub: HubSimulator, login: Login, position: Any, legacy: int, namespaced: int
) -> None:
    hub.unknowns = Unknowns(pipeline_paths=position)
    ana = login(*ANA)

    assert ask(hub, "GET", LEGACY, ana).status_code == legacy
    assert ask(hub, "GET", NAMESPACED, ana).status_code == namespaced


def test_the_legacy_path_wants_its_slash(hub: HubSimulator, login: Login) -> None:
    answer = ask(hub, "POST", LEGACY.rstrip("/"), login(*ANA), wish())

    assert (answer.status_code, answer.headers["location"]) == (301, LEGACY)
    assert hub.state.repository("acme/api").pipelines == {}


# Who may do what


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 404),
        (ZOE, 404),
        (BO, 403),  # A member who is no editor.
        (("ana", ANA_READ_ONLY_PAT), 403),
        (("ana", "password-of-ana"), 200),
        (ANA, 200),
        (ACME, 200),
        (("acme", ACME_OAT_WITHOUT_LIST), 403),  # Without any of the webhook scopes.
    ],
)
def test_only_owners_and_editors_with_delete_permission_may(
    hub: HubSimulator, login: Login, who: tuple[str, str] | None, status: int
) -> None:
    headers = login(*who) if who else None
    hub.add_webhook("acme/api", HOOK_URL, name="Hub Bot")

    assert ask(hub, "GET", NAMESPACED, headers).status_code == status
    assert ask(hub, "GET", f"{NAMESPACED}hub-bot/history/", headers).status_code == status
    created = ask(hub, "POST", NAMESPACED, headers, wish("another")).status_code
    assert created == (201 if status == 200 else status)
    assert ask(hub, "DELETE", f"{NAMESPACED}hub-bot/", headers).status_code == (204 if status == 200 else status)


def test_a_public_repositorys_webhooks_are_for_nobody_else(hub: HubSimulator, login: Login) -> None:
    site = NAMESPACED.replace("/api/", "/site/")

    assert ask(hub, "GET", site).status_code == 401
    assert ask(hub, "GET", site, login(*ZOE)).status_code == 403
    assert ask(hub, "GET", site, login("ana", ANA_PUBLIC_ONLY_PAT)).status_code == 403


def test_an_editor_may(hub: HubSimulator, login: Login, state: HubState) -> None:
    state.accounts["acme"].members["bo"] = "editor"

    assert ask(hub, "POST", LEGACY, login(*BO), wish()).status_code == 201


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("scope-webhook-read", (200, 403, 403)),
        ("scope-webhook-edit", (403, 201, 403)),
        ("scope-webhook-admin", (403, 403, 204)),
    ],
)
def test_an_organization_token_may_what_its_scopes_say(
    hub: HubSimulator, login: Login, state: HubState, scope: str, statuses: tuple[int, ...]
) -> None:
    state.add_organization_token("acme", "dckr_oat_narrow", {scope, "scope-repository-read"})
    acme = login("acme", "dckr_oat_narrow")
    hub.add_webhook("acme/api", HOOK_URL, name="Hub Bot")

    listed = ask(hub, "GET", NAMESPACED, acme)
    created = ask(hub, "POST", NAMESPACED, acme, wish("another"))
    deleted = ask(hub, "DELETE", f"{NAMESPACED}hub-bot", acme)

    assert (listed.status_code, created.status_code, deleted.status_code) == statuses


def test_an_organization_token_is_refused_on_the_legacy_path(hub: HubSimulator, login: Login) -> None:
    answer = ask(hub, "GET", LEGACY, login(*ACME))

    assert answer.status_code == 403
    assert answer.json() == {"detail": "token issued from organization access token is not allowed"}
