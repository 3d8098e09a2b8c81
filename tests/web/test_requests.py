"""Requests that are not what they should be."""

import json
import time
from urllib.parse import urlencode

import pytest
import requests

from bot.sandbox.slack import seed
from bot.sandbox.slack.state import Message
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, Bot, app_mention, dumps, sign, slash


def url_of(bot: Bot) -> str:
    return bot.slack.issue_response_url(user=MEMBER, channel=seed.GENERAL)


def body_of(bot: Bot, text: str = "say hello") -> str:
    return urlencode(slash(text, url_of(bot)))


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": "v0=" + "0" * 64},
        {"signature": "v0=\u00e9\u00e9"},
        {"signature": ""},
        {"timestamp": ""},
        {"timestamp": "yesterday"},
        {"timestamp": "nan"},
        {"timestamp": "9" * 5_000},
        {"timestamp": "1" + "0" * 400},
    ],
)
def test_a_forged_request_gets_401_and_does_nothing(
    bot: Bot, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = bot.post(body_of(bot, "say forged-words"), **headers)

    assert answer.status_code == 401
    assert not bot.hands.ran
    assert "forged-words" not in caplog.text


def test_a_request_without_headers_gets_401(bot: Bot) -> None:
    answer = requests.post(f"{bot.origin}/slack/events", data=body_of(bot), timeout=5)

    assert answer.status_code == 401


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_from_another_time_gets_401(bot: Bot, minutes: int) -> None:
    assert bot.post(body_of(bot), timestamp=str(int(time.time()) + 60 * minutes)).status_code == 401


def test_a_changed_body_gets_401(bot: Bot) -> None:
    timestamp = str(int(time.time()))
    signature = sign(body_of(bot, "say yes"), timestamp)

    assert bot.post(body_of(bot, "say no"), timestamp=timestamp, signature=signature).status_code == 401


def test_a_body_that_is_no_text_gets_401(bot: Bot) -> None:
    headers = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=" + "0" * 64}

    answer = requests.post(f"{bot.origin}/slack/events", data=b"\xff\xfe", headers=headers, timeout=5)

    assert answer.status_code == 401


def test_the_same_request_again_is_acknowledged_and_not_executed(bot: Bot) -> None:
    url = url_of(bot)
    body = urlencode(slash("say hello", url))
    timestamp = str(int(time.time()))

    answers = [bot.post(body, timestamp=timestamp) for _ in range(3)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "")] * 3
    wait_until(lambda: bot.slack.posts_to(url))
    assert bot.hands.ran == ["hello"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "a=b",
        "{",
        "[1]",
        '{"type": "event_callback"}',
        '{"type": "event_callback", "event": "x"}',
        '{"type": "event_callback", "event_id": "E", "event": {"type": "app_mention", "user": "U"}}',
        '{"type": "url_verification"}',
        '{"type": "nonsense"}',
        '{"type": 7}',
        "payload=",
        "payload=%7B",
        "payload=[]",
        "payload=7",
        "payload=%7B%22type%22%3A%22block_actions%22%7D",
        "payload=%7B%22type%22%3A%22view_submission%22%7D",
        "command=/hub",
        "command=/other&user_id=U&team_id=T&channel_id=C&response_url=x",
        "command=/hub&user_id=U&team_id=T&channel_id=C",
        "command=/hub&user_id=U&team_id=T&channel_id=C&response_url=https://evil.example/commands/1",
        "&".join(f"a{number}=b" for number in range(1_000)),
        '{"a":' * 100_000,
    ],
)
def test_a_signed_request_that_makes_no_sense_gets_400(bot: Bot, body: str) -> None:
    assert bot.post(body).status_code == 400


def test_a_response_url_that_leads_elsewhere_is_not_called(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    answer = bot.post(urlencode(slash("say hello", "https://evil.example/s3cr3t")))

    assert answer.status_code == 400
    assert answer.text == "This request makes no sense: the response_url does not lead to Slack.\n"
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(("size", "status"), [(1 << 20, 400), ((1 << 20) + 1, 413), (3 << 20, 413)])
def test_a_body_over_one_mebibyte_is_refused(bot: Bot, size: int, status: int) -> None:
    assert bot.post("a=" + "b" * (size - 2)).status_code == status


def test_the_challenge_of_a_new_url_is_answered(bot: Bot) -> None:
    answer = bot.post('{"type": "url_verification", "challenge": "c-1", "token": "t"}')

    assert (answer.status_code, answer.json()) == (200, {"challenge": "c-1"})


def test_the_check_of_the_certificate_is_answered(bot: Bot) -> None:
    answer = bot.post("ssl_check=1&token=t")

    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize(
    "payload",
    [
        app_mention("hello", event_id="E1", type="message"),
        app_mention("hello", event_id="E2", type="team_rename"),
        app_mention("hello", event_id="E3", bot_id="B0OTHER"),
        {"type": "app_rate_limited"},
        {"type": "shortcut"},
        {"type": "view_submission", "view": {"callback_id": "of another part"}},
        {"type": "view_submission", "view": {"callback_id": ["form"]}},
        {"type": "view_closed", "view": {"callback_id": "form"}},
    ],
)
def test_what_is_not_for_us_is_acknowledged(bot: Bot, payload: dict[str, object]) -> None:
    body = dumps(payload) if "event" in payload else urlencode({"payload": json.dumps(payload)})

    answer = bot.post(body)

    assert (answer.status_code, answer.text) == (200, "")
    assert not bot.hands.ran


def test_a_button_of_somebody_else_is_acknowledged(bot: Bot) -> None:
    text = {"type": "plain_text", "text": "Press"}
    row = {"type": "actions", "elements": [{"type": "button", "action_id": "other", "value": "x", "text": text}]}
    ts = bot.slack.state.new_ts()
    message = bot.slack.state.add_message(
        Message(seed.GENERAL, ts, seed.BOT_USER, "Another", app_id=seed.APP_ID, blocks=[row])
    )

    url = bot.press(message)

    assert not bot.slack.posts_to(url)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/slack/events"), ("OPTIONS", "/healthz"), ("POST", "/healthz"), ("PUT", "/nowhere")],
)
def test_any_other_path_or_method_gets_the_same_404(bot: Bot, method: str, path: str) -> None:
    answer = requests.request(method, bot.origin + path, timeout=5)

    assert (answer.status_code, answer.text) == (404, "404 Not Found\n")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "allow" not in answer.headers
