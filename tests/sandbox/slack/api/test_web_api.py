"""What all methods share: how a call travels, tokens and scopes, faults, limits, and the log.

The pages named in these tests are below https://docs.slack.dev.
"""

import threading
import time
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.api.methods import METHODS
from bot.sandbox.slack.apps import TokenState
from bot.sandbox.slack.faults import SlackFault
from tests.sandbox.slack.api.workspace import ANA, APP_TOKEN, BOT, BOT_SCOPES, BOT_TOKEN, GENERAL, RANDOM, Slack

BEARER = {"Authorization": f"Bearer {BOT_TOKEN}"}


def texts(slack: Slack, channel: str = GENERAL) -> list[str]:
    return [message.text for message in slack.state.messages(channel)]


# How a call travels: /apis/web-api


def test_arguments_come_as_json_with_a_bearer(slack: Slack) -> None:
    assert slack.call("chat.postMessage", channel=GENERAL, text="Hello")["ok"]

    assert texts(slack) == ["Hello"]


def test_arguments_come_as_a_form_with_a_bearer(slack: Slack) -> None:
    form = {"channel": GENERAL, "text": "Hello", "blocks": '[{"type": "divider"}]'}

    answer = requests.post(f"{slack.url}chat.postMessage", data=form, headers=BEARER, timeout=5).json()

    assert answer["ok"]
    assert answer["message"]["blocks"][0]["type"] == "divider"


def test_arguments_come_as_a_multipart_form(slack: Slack) -> None:
    fields = {"channel": (None, GENERAL), "text": (None, "Grüße"), "token": (None, BOT_TOKEN)}

    assert requests.post(f"{slack.url}chat.postMessage", files=fields, timeout=5).json()["ok"]

    assert texts(slack) == ["Grüße"]


def test_token_may_be_an_argument_of_a_form_or_of_the_query(slack: Slack) -> None:
    url = f"{slack.url}users.info"

    posted = requests.post(url, data={"token": BOT_TOKEN, "user": ANA}, timeout=5).json()
    got = requests.get(url, params={"token": BOT_TOKEN, "user": ANA}, timeout=5).json()

    assert posted["user"]["id"] == got["user"]["id"] == ANA


def test_token_is_not_looked_for_in_json(slack: Slack) -> None:
    answer = requests.post(
        f"{slack.url}users.info?token={BOT_TOKEN}", json={"token": BOT_TOKEN, "user": ANA}, timeout=5
    )

    assert answer.json()["error"] == "not_authed"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json; charset=utf-8", "invalid_json"),
        (b"[" * 20_000, "application/json; charset=utf-8", "invalid_json"),
        (b"[]", "application/json; charset=utf-8", "json_not_object"),
        (b"a=b", "application/xml", "invalid_post_type"),
        (b"a=b", "", "missing_post_type"),
        (b"a=\xff", "application/x-www-form-urlencoded", "invalid_form_data"),
        (b"users[]=U1", "application/x-www-form-urlencoded", "invalid_array_arg"),
    ],
)
def test_body_that_is_not_what_it_says_is_refused(slack: Slack, body: bytes, content_type: str, error: str) -> None:
    """Source: the errors on each page below /reference/methods."""
    headers = {**BEARER, "Content-Type": content_type}

    assert requests.post(f"{slack.url}auth.test", data=body, headers=headers, timeout=5).json()["error"] == error


@pytest.mark.parametrize(
    ("content_type", "warning"),
    [
        ("application/json", "missing_charset"),
        ("application/x-www-form-urlencoded; charset=utf-8", "superfluous_charset"),
    ],
)
def test_unusual_content_type_is_taken_with_a_warning(slack: Slack, content_type: str, warning: str) -> None:
    """Source: /apis/web-api, "warnings"."""
    body = b'{"a": 1}' if "json" in content_type else b"a=1"
    headers = {**BEARER, "Content-Type": content_type}

    answer = requests.post(f"{slack.url}auth.test", data=body, headers=headers, timeout=5).json()

    assert (answer["ok"], answer["warning"]) == (True, warning)
    assert answer["response_metadata"]["warnings"] == [warning]


def test_unknown_method_is_named(slack: Slack) -> None:
    assert slack.call("chat.postMesage") == {"ok": False, "error": "unknown_method", "req_method": "chat.postMesage"}


def test_every_answer_says_whose_it_is_and_what_the_token_may(slack: Slack) -> None:
    """Source: /apis/web-api ("x-oauth-scopes", "x-accepted-oauth-scopes")."""
    good = slack.request("chat.postMessage", channel=GENERAL, text="Hello")
    bad = slack.request("users.info", user="U0NOBODY0")

    assert good.headers["x-oauth-scopes"] == bad.headers["x-oauth-scopes"] == ",".join(sorted(BOT_SCOPES))
    assert good.headers["x-accepted-oauth-scopes"] == "chat:write"
    assert good.headers["x-slack-req-id"] != bad.headers["x-slack-req-id"]
    assert good.headers["Content-Type"] == "application/json; charset=utf-8"


# Tokens and scopes: /authentication/tokens and the errors on each page below /reference/methods


def test_call_without_a_token_is_not_authed(slack: Slack) -> None:
    assert slack.error("auth.test", token=None) == "not_authed"


def test_token_that_nobody_gave_is_invalid(slack: Slack) -> None:
    assert slack.error("auth.test", token="xoxb-invented") == "invalid_auth"


@pytest.mark.parametrize(
    ("state", "error"),
    [("revoked", "token_revoked"), ("expired", "token_expired"), ("account_inactive", "account_inactive")],
)
def test_token_that_is_no_longer_good_says_why(slack: Slack, state: TokenState, error: str) -> None:
    slack.bot_token.state = state

    assert slack.error("chat.postMessage", channel=GENERAL, text="Hello") == error
    assert texts(slack) == []


def test_each_method_wants_its_kind_of_token(slack: Slack) -> None:
    assert slack.error("chat.postMessage", token=APP_TOKEN, channel=GENERAL, text="x") == "not_allowed_token_type"
    assert slack.error("apps.connections.open", token=BOT_TOKEN) == "not_allowed_token_type"


def test_missing_scope_says_what_is_needed_and_what_was_provided(slack: Slack) -> None:
    slack.bot_token.scopes = frozenset({"users:read", "chat:write"})

    answer = slack.call("usergroups.list")

    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": "usergroups:read",
        "provided": "chat:write,users:read",
    }


@pytest.mark.parametrize(
    "method", [name for name, method in METHODS.items() if method.scopes and "app" not in method.tokens]
)
def test_no_method_does_anything_without_its_scope(slack: Slack, method: str) -> None:
    slack.bot_token.scopes = frozenset({"commands"})

    answer = slack.call(method)

    assert (answer["error"], answer["needed"]) == ("missing_scope", ",".join(METHODS[method].scopes))


def test_token_is_looked_at_before_scope_and_scope_before_arguments(slack: Slack) -> None:
    slack.bot_token.scopes = frozenset()
    assert slack.error("chat.postMessage") == "missing_scope"

    slack.bot_token.state = "revoked"
    assert slack.error("chat.postMessage") == "token_revoked"


# Limits: /apis/web-api/rate-limits


def test_method_that_is_called_too_often_is_limited_until_the_minute_is_over(
    slack: Slack, clock: SettableClock
) -> None:
    slack.api.quota.is_enabled = True
    allowed = [slack.request("usergroups.list").status_code for _ in range(25)]
    clock.advance(seconds=20)

    refused = slack.request("usergroups.list")

    assert allowed == [200] * 25
    assert (refused.status_code, refused.json()) == (429, {"ok": False, "error": "ratelimited"})
    assert refused.headers["Retry-After"] == "40"
    assert slack.request("users.info", user=ANA).status_code == 200
    clock.advance(seconds=40)
    assert slack.request("usergroups.list").status_code == 200


def test_channel_takes_one_message_a_second(slack: Slack, clock: SettableClock) -> None:
    slack.api.pace.is_enabled = True
    first = slack.request("chat.postMessage", channel=GENERAL, text="1")
    second = slack.request("chat.postMessage", channel=GENERAL, text="2")
    elsewhere = slack.request("chat.postMessage", channel="ops", text="3")
    clock.advance(seconds=1)
    third = slack.request("chat.postMessage", channel="#general", text="4")

    assert [first.status_code, second.status_code, elsewhere.status_code, third.status_code] == [200, 429, 200, 200]
    assert second.headers["Retry-After"] == "1"
    assert texts(slack) == ["1", "4"]


def test_other_ways_of_posting_spend_the_pace_of_the_channel(slack: Slack) -> None:
    slack.api.pace.is_enabled = True
    slack.api.pace.spend(GENERAL)

    assert slack.request("chat.postMessage", channel=GENERAL, text="x").status_code == 429


def test_message_that_was_refused_spends_nothing(slack: Slack) -> None:
    slack.api.pace.is_enabled = True
    assert slack.error("chat.postMessage", channel=GENERAL, text="") == "no_text"

    assert slack.call("chat.postMessage", channel=GENERAL, text="x")["ok"]


def test_ephemeral_messages_have_a_limit_of_their_own(slack: Slack) -> None:
    slack.api.pace.is_enabled = True
    slack.call("chat.postMessage", channel=GENERAL, text="x")

    assert slack.call("chat.postEphemeral", channel=GENERAL, user=ANA, text="x")["ok"]


# Faults


def test_slow_is_right_but_late(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="slow", seconds=0.03))
    began = time.monotonic()

    assert slack.call("auth.test")["user_id"] == BOT
    assert time.monotonic() - began >= 0.03


@pytest.mark.parametrize(("form", "content_type"), [("html", "text/html"), ("json", "application/json")])
def test_unavailable_does_nothing(slack: Slack, form: Any, content_type: str) -> None:
    slack.faults.add(SlackFault(kind="unavailable", form=form))

    answer = slack.request("chat.postMessage", channel=GENERAL, text="x")

    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith(content_type)
    assert texts(slack) == []


@pytest.mark.parametrize(("after", "expected"), [("before_reading", []), ("after_accepting", ["x"])])
def test_reset_leaves_open_whether_the_message_was_posted(slack: Slack, after: Any, expected: list[str]) -> None:
    slack.faults.add(SlackFault(kind="reset", after=after))

    with pytest.raises(requests.ConnectionError):
        slack.request("chat.postMessage", channel=GENERAL, text="x")

    assert texts(slack) == expected
    assert slack.api.calls[-1].status is None


def test_truncated_has_done_what_was_asked(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="truncated"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        slack.request("chat.postMessage", channel=GENERAL, text="x")

    assert texts(slack) == ["x"]


def test_rate_limited_on_demand_says_when_to_return(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="rate_limited", retry_after_seconds=6.2))

    answer = slack.request("auth.test")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_refused_on_demand_says_any_error(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="refused", error="token_revoked"))

    assert slack.call("auth.test") == {"ok": False, "error": "token_revoked"}


def test_not_json_claims_to_be(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="not_json"))

    answer = slack.request("chat.postMessage", channel=GENERAL, text="x")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert texts(slack) == []


def test_answer_on_demand_is_as_given(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="answer", status=200, body="[1]", headers={"X-Told": "yes"}))

    answer = slack.request("chat.postMessage", channel=GENERAL, text="x")

    assert (answer.status_code, answer.text, answer.headers["X-Told"]) == (200, "[1]", "yes")
    assert texts(slack) == []


def test_fault_is_for_a_method_of_the_web_api_a_path_or_all(slack: Slack) -> None:
    slack.faults.add(SlackFault(kind="refused", method="users.info", error="one"))
    slack.faults.add(SlackFault(kind="refused", path="/api/users", error="two"))
    slack.faults.add(SlackFault(kind="refused", method="POST", times=1, error="three"))

    assert [slack.call(name).get("error") for name in ("users.info", "users.list", "auth.test", "auth.test")] == [
        "one",
        "two",
        "three",
        None,
    ]


# Events


def test_events_are_published_when_the_state_is_free_again(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    # An app that gets an event calls back from another thread, perhaps before it acknowledges.
    answers: list[bool] = []

    def call_back(_: object) -> None:
        thread = threading.Thread(target=lambda: answers.append(slack.call("auth.test")["ok"]))
        thread.start()
        thread.join(timeout=5)

    monkeypatch.setattr(slack.api, "_publish", call_back)

    assert slack.call("chat.postMessage", channel=GENERAL, text="x")["ok"]
    assert answers == [True]


# The log


def test_calls_are_recorded_without_the_token(slack: Slack, clock: SettableClock) -> None:
    form = {"token": BOT_TOKEN, "channel": RANDOM, "text": "x"}
    requests.post(f"{slack.url}chat.postMessage", data=form, timeout=5)

    call = slack.api.calls[-1]

    assert (call.method, call.arguments) == ("chat.postMessage", {"channel": RANDOM, "text": "x"})
    assert (call.token_kind, call.status, call.when) == ("bot", 200, clock.now)
    assert call.answer == {"ok": False, "error": "not_in_channel"}
    assert BOT_TOKEN not in repr(slack.api.calls)


def test_calls_are_forgotten(slack: Slack) -> None:
    slack.call("auth.test", token=None)
    assert slack.api.calls[0].token_kind is None

    slack.api.clear_calls()

    assert slack.api.calls == []


def test_call_is_recorded_before_it_is_answered(slack: Slack) -> None:
    for number in range(10):
        slack.call("auth.test")

        assert len(slack.api.calls) == number + 1
