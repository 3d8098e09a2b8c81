"""What is posted to response URLs.

Source: https://docs.slack.dev/interactivity/handling-user-interaction, message responses.
"""

import json
from typing import Any

import pytest
import requests
from slack_sdk.webhook import WebhookClient

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.response_urls import RecordedPost
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.receiver import Receiver, texts

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
BLOCKS = [{"type": "actions", "block_id": "acts", "elements": [BUTTON]}]
FOR_ALL = {"response_type": "in_channel"}


def url_of_command(slack: SlackSimulator, channel: str = seed.RANDOM) -> str:
    """Let Mia type a command, and return the way back."""
    typed = slack.acting_as(seed.MIA).types(channel, "/hub help")
    assert typed.payload is not None
    return typed.payload["response_url"]


def url_of_click(slack: SlackSimulator, *, ephemeral_for: str | None = None) -> tuple[str, Message]:
    """Let Mia click a button of the bot, and return the way back, and the message."""
    message = slack.state.add_message(
        Message(
            channel=seed.GENERAL,
            ts=slack.state.new_ts(),
            user=seed.BOT_USER,
            text="Shall I?",
            app_id=seed.APP_ID,
            blocks=BLOCKS,
            ephemeral_for=ephemeral_for,
        )
    )
    clicked = slack.acting_as(seed.MIA).clicks(seed.GENERAL, message.ts, "go")
    assert clicked.payload is not None
    return clicked.payload["response_url"], message


def post(url: str, body: Any) -> requests.Response:
    return requests.post(url, json=body, timeout=5)


def newest(slack: SlackSimulator, channel: str = seed.RANDOM) -> Message:
    return slack.state.messages(channel)[-1]


def test_url_has_the_form_of_slacks_own(slack: SlackSimulator) -> None:
    url = url_of_command(slack)

    parts = url.removeprefix(f"{slack.url}/").split("/")
    assert parts[:2] == ["commands", "T0ACME"]
    assert parts[2].isdecimal()
    assert len(parts[3]) == 24


def test_response_is_for_the_person_alone(slack: SlackSimulator) -> None:
    """The bot is not in `#random`; on this way it does not matter."""
    answer = post(url_of_command(slack), {"text": "Here you are"})

    message = newest(slack)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert (message.text, message.ephemeral_for, message.user) == ("Here you are", seed.MIA, seed.BOT_USER)
    assert message.app_id == seed.APP_ID


def test_response_may_be_for_everybody(slack: SlackSimulator) -> None:
    post(url_of_command(slack), {"text": "For all", "blocks": BLOCKS, **FOR_ALL})

    message = newest(slack)
    assert message.ephemeral_for is None
    assert message.blocks == BLOCKS


@pytest.mark.parametrize("told", ["true", True])
def test_response_replaces_the_apps_earlier_one(slack: SlackSimulator, *, told: Any) -> None:
    url = url_of_command(slack)
    post(url, {"text": "Working…"})

    post(url, {"text": "Done", "replace_original": told})

    assert texts(slack, seed.RANDOM)[-1] == "Done"
    assert "Working…" not in texts(slack, seed.RANDOM)


def test_response_replaces_what_came_with_the_acknowledgement(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answers({"text": "Working…"})
    url = url_of_command(slack)

    post(url, {"text": "Done", "replace_original": True})

    assert texts(slack, seed.RANDOM)[1:] == ["Done"]


def test_response_does_not_touch_the_persons_command(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answers(FOR_ALL)
    url = url_of_command(slack)

    post(url, {"text": "Done", "replace_original": True})
    post(url, {"delete_original": True})

    assert texts(slack, seed.RANDOM)[1:] == ["/hub help"]


def test_message_keeps_its_visibility_for_life(slack: SlackSimulator) -> None:
    url = url_of_command(slack)
    post(url, {"text": "Working…"})

    post(url, {"text": "Done", "replace_original": True, **FOR_ALL})

    assert newest(slack).ephemeral_for == seed.MIA


def test_click_replaces_its_message(slack: SlackSimulator) -> None:
    url, message = url_of_click(slack)

    post(url, {"text": "Done", "replace_original": True})

    assert (message.text, message.blocks, message.ephemeral_for) == ("Done", [], None)


def test_click_replaces_an_ephemeral_message_too(slack: SlackSimulator) -> None:
    """Ephemeral messages can only be changed on this way."""
    url, message = url_of_click(slack, ephemeral_for=seed.MIA)

    post(url, {"text": "Done", "replace_original": True})

    assert (message.text, message.ephemeral_for) == ("Done", seed.MIA)


@pytest.mark.parametrize(("default", "is_replaced"), [("false", False), ("true", True)])
def test_click_that_does_not_say_may_replace(slack: SlackSimulator, default: Any, *, is_replaced: bool) -> None:
    slack.unknowns = SlackUnknowns(replace_original_default=default)
    url, message = url_of_click(slack)

    post(url, {"text": "Done"})

    assert (message.text == "Done") is is_replaced


def test_click_deletes_its_message(slack: SlackSimulator) -> None:
    url, message = url_of_click(slack)

    answer = post(url, {"delete_original": "true"})

    assert answer.text == "ok"
    assert message.is_deleted


def test_click_deletes_its_message_and_posts_another(slack: SlackSimulator) -> None:
    url, message = url_of_click(slack)

    post(url, {"delete_original": True, "text": "Gone", **FOR_ALL})

    assert message.is_deleted
    assert newest(slack, seed.GENERAL).text == "Gone"


def test_response_may_stand_in_a_thread(slack: SlackSimulator) -> None:
    url, message = url_of_click(slack)

    post(url, {"text": "Below", "thread_ts": message.ts, "replace_original": False, **FOR_ALL})

    assert [each.text for each in slack.state.replies(seed.GENERAL, message.ts)] == ["Below"]


def test_url_takes_five_posts(slack: SlackSimulator) -> None:
    url = url_of_command(slack)

    answers = [post(url, {"text": f"{number}"}) for number in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[-1].json() == {"ok": False, "error": "used_url"}
    assert texts(slack, seed.RANDOM)[1:] == ["0", "1", "2", "3", "4"]


def test_refused_post_uses_nothing_up(slack: SlackSimulator) -> None:
    url = url_of_command(slack)
    for _ in range(6):
        post(url, {})

    assert post(url, {"text": "good"}).status_code == 200


def test_url_is_good_for_half_an_hour(slack: SlackSimulator, clock: SettableClock) -> None:
    url = url_of_command(slack)
    clock.advance(minutes=29, seconds=59)
    assert post(url, {"text": "just in time"}).status_code == 200

    clock.advance(seconds=1)
    answer = post(url, {"text": "too late"})

    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ("404_json", 404, '{"ok":false,"error":"expired_url"}'),
        ("404_text", 404, "expired_url"),
        ("200_json", 200, '{"ok":false,"error":"expired_url"}'),
    ],
)
def test_spent_url_says_so_in_each_of_the_possible_ways(
    slack: SlackSimulator, clock: SettableClock, form: Any, status: int, body: str
) -> None:
    slack.unknowns = SlackUnknowns(spent_response_url=form)
    url = url_of_command(slack)
    clock.advance(hours=1)

    answer = post(url, {"text": "too late"})

    assert (answer.status_code, answer.text) == (status, body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_payload"),
        (b"payload=%7B%7D", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b"{", "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": ""}', "no_text"),
        (json.dumps({"text": "a", "blocks": [{"type": "section"}]}).encode(), "invalid_blocks"),
        (json.dumps({"text": "a", "blocks": [{"type": "divider"}] * 51}).encode(), "invalid_blocks"),
    ],
)
def test_bad_body_is_refused(slack: SlackSimulator, body: bytes, error: str) -> None:
    answer = requests.post(url_of_command(slack), data=body, timeout=5)

    assert (answer.status_code, answer.json()) == (500, {"ok": False, "error": error})
    assert len(slack.state.messages(seed.RANDOM)) == 1


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ("500_json", 500, '{"ok":false,"error":"no_text"}'),
        ("400_text", 400, "no_text"),
        ("200_json", 200, '{"ok":false,"error":"no_text"}'),
    ],
)
def test_refusal_is_told_in_each_of_the_possible_ways(slack: SlackSimulator, form: Any, status: int, body: str) -> None:
    slack.unknowns = SlackUnknowns(response_url_refusal=form)

    answer = post(url_of_command(slack), {})

    assert (answer.status_code, answer.text) == (status, body)


def test_second_message_for_all_within_a_second_is_too_fast(slack: SlackSimulator, clock: SettableClock) -> None:
    """Source: https://docs.slack.dev/apis/web-api/rate-limits, posting messages."""
    url = url_of_command(slack)
    post(url, {"text": "one", **FOR_ALL})

    refused = post(url, {"text": "two", **FOR_ALL})
    clock.advance(seconds=1)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert post(url, {"text": "two", **FOR_ALL}).status_code == 200


def test_archived_channel_takes_nothing(slack: SlackSimulator) -> None:
    url = url_of_command(slack)
    slack.acting_as(seed.MIA).archives(seed.RANDOM)

    assert post(url, {"text": "late"}).json()["error"] == "is_archived"


@pytest.mark.parametrize("path", ["/commands/T0ACME/1/made-up", "/actions/", "/app/T0ACME/1/x"])
def test_made_up_url_is_not_found(slack: SlackSimulator, path: str) -> None:
    assert post(f"{slack.url}{path}", {"text": "hello"}).status_code == 404


def test_url_is_there_for_posts_only(slack: SlackSimulator) -> None:
    assert requests.get(url_of_command(slack), timeout=5).status_code == 404


def test_url_of_an_app_that_is_gone_is_not_found(slack: SlackSimulator) -> None:
    url = url_of_command(slack)
    slack.uninstall()

    assert post(url, {"text": "still here"}).status_code == 404


@pytest.mark.parametrize(
    ("fault", "is_posted"),
    [
        (SlackFault(kind="unavailable"), False),
        (SlackFault(kind="rate_limited"), False),
        (SlackFault(kind="reset"), False),
        (SlackFault(kind="reset", after="after_accepting"), True),
        (SlackFault(kind="truncated"), True),
    ],
)
def test_faults_strike_here_too(slack: SlackSimulator, fault: SlackFault, *, is_posted: bool) -> None:
    url = url_of_command(slack)
    slack.faults.add(fault)

    try:
        is_ok = post(url, {"text": "hello"}).text == "ok"
    except requests.RequestException:
        is_ok = False

    assert not is_ok
    assert ("hello" in texts(slack, seed.RANDOM)) is is_posted


def test_posts_are_recorded_with_their_answers(slack: SlackSimulator, clock: SettableClock) -> None:
    url, other = url_of_command(slack), url_of_command(slack)
    slack.faults.add(SlackFault(kind="reset", path="/commands/", times=1))
    with pytest.raises(requests.ConnectionError):
        post(url, {"text": "lost"})
    post(other, {"text": "elsewhere"})
    requests.post(url, data="no JSON", timeout=5)
    post(url, {"text": "taken"})

    assert slack.posts_to(url) == [
        RecordedPost(url, {"text": "lost"}, None, "", clock.now),
        RecordedPost(url, None, 500, '{"ok":false,"error":"invalid_payload"}', clock.now),
        RecordedPost(url, {"text": "taken"}, 200, "ok", clock.now),
    ]
    assert [each.url for each in slack.posts] == [url, other, url, url]


def test_url_may_be_had_without_typing(slack: SlackSimulator, receiver: Receiver) -> None:
    url = slack.issue_response_url(user=seed.MIA, channel=seed.RANDOM)

    assert post(url, {"text": "hello"}).text == "ok"
    assert receiver.received == []
    assert (newest(slack).text, newest(slack).ephemeral_for) == ("hello", seed.MIA)


def test_sdk_of_slack_posts_to_it(slack: SlackSimulator) -> None:
    client = WebhookClient(url_of_command(slack))

    answer = client.send(text="From the SDK", response_type="in_channel", replace_original=False)

    assert (answer.status_code, answer.body) == (200, "ok")
    assert newest(slack).text == "From the SDK"
