"""Who calls, installing over OAuth, and `blocks.validate`. The pages named here are below https://docs.slack.dev."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bot.sandbox.clock import SettableClock
from tests.sandbox.slack.api.workspace import ANA, APP_TOKEN, BO, BOT, BOT_TOKEN, CLIENT_SECRET, GENERAL, TEAM, Slack

REDIRECT_URI = "https://bot.example/slack/oauth"


def authorize(slack: Slack, **query: str) -> requests.Response:
    query = {"client_id": "1.2", "scope": "chat:write,commands", "state": "xyz", **query}
    return requests.get(f"{slack.origin}/oauth/v2/authorize", params=query, allow_redirects=False, timeout=5)


def led_to(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def a_code(slack: Slack, **query: str) -> str:
    return led_to(authorize(slack, **query))["code"]


def exchange(slack: Slack, **form: str) -> dict[str, Any]:
    form = {"client_id": "1.2", "client_secret": CLIENT_SECRET, **form}
    answer: dict[str, Any] = requests.post(f"{slack.url}oauth.v2.access", data=form, timeout=5).json()
    return answer


# auth.test, auth.revoke, team.info, api.test, apps.connections.open


def test_auth_test_says_who_the_bot_is(slack: Slack) -> None:
    """Source: /reference/methods/auth.test, the example for a bot token."""
    assert slack.call("auth.test") == {
        "ok": True,
        "url": "https://acme.slack.com/",
        "team": "Acme",
        "user": "hubbot",
        "team_id": TEAM,
        "user_id": BOT,
        "bot_id": "B0HUBBOT0",
        "is_enterprise_install": False,
    }


def test_auth_test_of_an_app_token_names_the_app(slack: Slack) -> None:
    assert slack.call("auth.test", token=APP_TOKEN) == {"ok": True, "app_name": "Hub Bot", "app_id": "A0HUBBOT0"}


def test_revoked_token_is_good_for_nothing(slack: Slack) -> None:
    """Source: /reference/methods/auth.revoke."""
    assert slack.call("auth.revoke", test=True) == {"ok": True, "revoked": False}
    assert slack.call("auth.revoke") == {"ok": True, "revoked": True}

    assert slack.error("auth.test") == "token_revoked"
    assert slack.events == [{"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT]}}]


def test_team_info_describes_the_workspace(slack: Slack) -> None:
    team = slack.call("team.info")["team"]

    assert (team["id"], team["name"], team["domain"]) == (TEAM, "Acme", "acme")


def test_api_test_repeats_its_arguments_and_fails_when_asked_to(slack: Slack) -> None:
    """Source: /reference/methods/api.test."""
    assert slack.call("api.test", token=None, foo="bar") == {"ok": True, "args": {"foo": "bar"}}
    assert slack.call("api.test", token=None, error="my_error") == {
        "ok": False,
        "error": "my_error",
        "args": {"error": "my_error"},
    }


def test_connection_is_opened_with_the_token_of_the_app(slack: Slack) -> None:
    """Source: /reference/methods/apps.connections.open."""
    assert slack.call("apps.connections.open", token=APP_TOKEN) == {"ok": True, "url": "wss://socket.example/A0HUBBOT0"}


def test_connection_wants_its_token_in_the_header(slack: Slack) -> None:
    """Source: slackapi/python-slack-sdk, 1877: as an argument it is `invalid_auth`."""
    answer = requests.post(f"{slack.url}apps.connections.open", data={"token": APP_TOKEN}, timeout=5)

    assert answer.json()["error"] == "invalid_auth"


def test_connection_wants_its_scope(slack: Slack) -> None:
    slack.app.tokens[APP_TOKEN].scopes = frozenset({"authorizations:read"})

    assert slack.call("apps.connections.open", token=APP_TOKEN)["needed"] == "connections:write"


# OAuth: /authentication/installing-with-oauth


def test_authorizing_leads_back_with_code_and_state(slack: Slack) -> None:
    answer = authorize(slack, redirect_uri=REDIRECT_URI)

    assert answer.headers["Location"].startswith(f"{REDIRECT_URI}?code=")
    assert led_to(answer)["state"] == "xyz"


def test_declining_leads_back_without_a_code(slack: Slack) -> None:
    assert led_to(authorize(slack, decline="1")) == {"error": "access_denied", "state": "xyz"}


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "9.9"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{REDIRECT_URI}.evil.example"},
        {"scope": "admin"},
        {"scope": ""},
    ],
)
def test_bad_request_to_authorize_leads_nowhere(slack: Slack, query: dict[str, str]) -> None:
    assert authorize(slack, **query).status_code == 400


def test_redirect_may_lead_below_the_configured_address(slack: Slack) -> None:
    """Source: /authentication/installing-with-oauth, "redirect URLs": a path below the configured one matches."""
    assert (
        authorize(slack, redirect_uri=f"{REDIRECT_URI}/acme?x=1")
        .headers["Location"]
        .startswith(f"{REDIRECT_URI}/acme?x=1&code=")
    )


def test_code_becomes_the_token_of_the_bot(slack: Slack) -> None:
    """Source: /reference/methods/oauth.v2.access, the example response."""
    answer = exchange(slack, code=a_code(slack, scope="chat:write,commands"))

    assert answer == {
        "ok": True,
        "app_id": "A0HUBBOT0",
        "authed_user": {"id": ANA},
        "scope": ",".join(sorted({*slack.bot_token.scopes, "commands"})),
        "token_type": "bot",
        "access_token": BOT_TOKEN,
        "bot_user_id": BOT,
        "team": {"id": TEAM, "name": "Acme"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def test_installing_again_after_a_revocation_gives_a_new_token(slack: Slack) -> None:
    slack.call("auth.revoke")
    slack.app.is_installed = False
    slack.state.people[BOT].is_deleted = True

    token = exchange(slack, code=a_code(slack, user=BO))["access_token"]

    assert token != BOT_TOKEN
    assert slack.call("chat.postMessage", token=token, channel=GENERAL, text="Back")["ok"]
    assert slack.app.is_installed
    assert not slack.state.people[BOT].is_deleted


def test_client_may_say_who_it_is_by_basic_authentication(slack: Slack) -> None:
    """Source: /reference/methods/oauth.v2.access, `client_id`."""
    answer = requests.post(
        f"{slack.url}oauth.v2.access", data={"code": a_code(slack)}, auth=("1.2", CLIENT_SECRET), timeout=5
    )

    assert answer.json()["ok"]


@pytest.mark.parametrize("credentials", ["!", "w6Q=", "Og=="])
def test_basic_authentication_that_says_nothing_is_of_no_client(slack: Slack, credentials: str) -> None:
    headers = {"Authorization": f"Basic {credentials}"}

    answer = requests.post(f"{slack.url}oauth.v2.access", data={"code": a_code(slack)}, headers=headers, timeout=5)

    assert answer.json()["error"] == "invalid_client_id"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "9.9"}, "invalid_client_id"),
        ({"client_id": ""}, "invalid_client_id"),
        ({"client_secret": "wrong"}, "bad_client_secret"),
        ({"code": "invented"}, "invalid_code"),
        ({"grant_type": "password"}, "invalid_grant_type"),
        ({"redirect_uri": "https://elsewhere.example/"}, "bad_redirect_uri"),
        ({"redirect_uri": ""}, "bad_redirect_uri"),
    ],
)
def test_exchange_that_does_not_fit_is_refused(slack: Slack, form: dict[str, str], error: str) -> None:
    code = a_code(slack, redirect_uri=REDIRECT_URI)

    assert exchange(slack, **{"code": code, "redirect_uri": REDIRECT_URI, **form})["error"] == error


def test_redirect_need_not_be_repeated_when_none_was_sent(slack: Slack) -> None:
    assert exchange(slack, code=a_code(slack))["ok"]


def test_code_is_for_one_exchange(slack: Slack) -> None:
    code = a_code(slack)
    exchange(slack, code=code)

    assert exchange(slack, code=code)["error"] == "code_already_used"


def test_code_lives_for_ten_minutes(slack: Slack, clock: SettableClock) -> None:
    early, late = a_code(slack), a_code(slack)
    clock.advance(minutes=9, seconds=59)
    assert exchange(slack, code=early)["ok"]

    clock.advance(seconds=1)
    assert exchange(slack, code=late)["error"] == "invalid_code"


# blocks.validate: /reference/methods/blocks.validate


GOOD_MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]}


@pytest.mark.parametrize(
    "arguments",
    [
        {"blocks": [{"type": "divider"}]},
        {"blocks": '[{"type": "divider"}]'},
        {"message": {"text": "x", "blocks": [{"type": "divider"}]}},
        {"view": GOOD_MODAL},
    ],
)
def test_good_blocks_are_ok_and_no_token_is_needed(slack: Slack, arguments: dict[str, Any]) -> None:
    assert slack.call("blocks.validate", token=None, **arguments) == {"ok": True}


def test_bad_blocks_are_explained(slack: Slack) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}

    assert slack.call("blocks.validate", token=None, blocks=[section]) == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [
            {
                "pointer": "/0/text/text",
                "code": "failed_constraint",
                "message": "must be less than 3001 characters",
                "constraint": {"type": "max_length", "expected": 3000, "got": 3001},
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("blocks", [{"type": "marquee"}], "/0/type"),
        ("message", {"blocks": [{"type": "marquee"}]}, "/blocks/0/type"),
        ("view", {**GOOD_MODAL, "blocks": [{"type": "marquee"}]}, "/blocks/0/type"),
    ],
)
def test_each_kind_of_payload_has_its_error(slack: Slack, name: str, value: object, pointer: str) -> None:
    answer = slack.call("blocks.validate", token=None, **{name: value})

    assert answer["error"] == f"invalid_{name}"
    assert [each["pointer"] for each in answer["errors"]] == [pointer]


@pytest.mark.parametrize("arguments", [{}, {"blocks": [], "view": GOOD_MODAL}, {"blocks": "["}])
def test_exactly_one_payload_is_validated(slack: Slack, arguments: dict[str, Any]) -> None:
    assert slack.error("blocks.validate", token=None, **arguments) == "invalid_arguments"
