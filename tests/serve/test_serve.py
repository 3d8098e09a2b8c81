"""`hub-bot serve` from outside: what people type, and signed HTTP in, answers out, signals, exit status."""

import json
import time
from collections.abc import Iterator

import pytest

from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Typed
from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.running import (
    RunningBot,
    environment_for,
    running_bot,
    signed,
    slash_command,
    start_bot,
)
from tests.support.slack import is_answered, posts_for, said, texts
from tests.support.waiting import wait_until

CREDENTIALS = {"DOCKERHUB_USERNAME": "ana", "DOCKERHUB_TOKEN": ANA_PAT, "DOCKERHUB_NAMESPACES": "acme"}


@pytest.fixture
def bot(slack: SlackSimulator, hub: HubSimulator) -> Iterator[RunningBot]:
    with running_bot(slack, hub, CREDENTIALS) as running:
        yield running


def types(slack: SlackSimulator, text: str) -> Typed:
    """Let Ana type a command."""
    return slack.acting_as(seed.ANA).types(seed.GENERAL, f"/hub {text}")


def fresh_url(slack: SlackSimulator) -> str:
    return slack.issue_response_url(user=seed.ANA, channel=seed.GENERAL)


def test_a_command_is_acknowledged_with_nothing_and_answered_with_the_truth(
    bot: RunningBot, slack: SlackSimulator
) -> None:
    typed = types(slack, "tags acme/api")

    assert typed.outcome is not None
    assert (typed.outcome.status, typed.outcome.body) == (200, b"")
    wait_until(lambda: is_answered(slack, typed))
    assert len(posts_for(slack, typed)) == 1
    (answer,) = said(slack)
    assert answer.ephemeral_for == seed.ANA
    assert answer.text.startswith("*Tags of acme/api*")
    assert [block["type"] for block in answer.blocks if block["type"] == "data_table"] == ["data_table"]
    assert "25 of 409 tags, newest first." in answer.text


def test_a_wrong_verb_is_answered_in_the_acknowledgement(bot: RunningBot, slack: SlackSimulator) -> None:
    typed = types(slack, "tgas acme/api")

    assert typed.answer is not None
    assert typed.answer.ephemeral_for == seed.ANA
    assert "tgas" in typed.answer.text
    assert "Did you mean `tags`?" in typed.answer.text
    assert posts_for(slack, typed) == []


def test_sharing_shows_the_answer_to_the_channel(bot: RunningBot, slack: SlackSimulator) -> None:
    types(slack, "tags acme/api --share")

    wait_until(lambda: said(slack))
    assert said(slack)[0].ephemeral_for is None


def test_what_slack_did_not_sign_is_refused_and_leaves_no_trace_of_its_body(
    bot: RunningBot, slack: SlackSimulator
) -> None:
    body = slash_command("tags marker-in-a-forged-body", fresh_url(slack))
    good, headers = signed(body)

    statuses = [
        bot.post(good, {})[0],
        bot.post(*signed(body, secret="another secret"))[0],
        bot.post(*signed(body, at=time.time() - 301))[0],
        bot.post(*signed(body, at=time.time() + 301))[0],
        bot.post(good, {**headers, "X-Slack-Request-Timestamp": "now"})[0],
        bot.post(good, {**headers, "X-Slack-Signature": "v0=\xff"})[0],
        bot.post(good + b"&text=more", headers)[0],
    ]

    assert statuses == [401] * 7
    assert bot.stop() == 0
    assert slack.posts == []
    assert "marker-in-a-forged-body" not in bot.log


def test_the_same_request_again_is_acknowledged_and_not_executed(
    bot: RunningBot, slack: SlackSimulator, hub: HubSimulator
) -> None:
    body, headers = signed(slash_command("tags acme/api", fresh_url(slack)))

    answers = [bot.post(body, headers) for _ in range(3)]

    assert answers == [(200, "")] * 3
    wait_until(lambda: said(slack))
    assert len(hub.requests_to("/v2/namespaces/acme/repositories/api/tags")) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"nothing=known", "application/x-www-form-urlencoded"),
        (b"payload=not-json", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"command=%2Fhub&text=help", "application/x-www-form-urlencoded"),
    ],
)
def test_a_signed_request_that_makes_no_sense_is_a_bad_request(bot: RunningBot, body: bytes, content_type: str) -> None:
    assert bot.post(*signed(body, content_type=content_type))[0] == 400


def test_the_challenge_of_the_events_url_is_answered(bot: RunningBot) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()

    status, said = bot.post(*signed(body, content_type="application/json"))

    assert (status, json.loads(said)["challenge"]) == (200, "abc")


def test_a_mention_in_a_thread_is_answered_in_the_thread(bot: RunningBot, slack: SlackSimulator) -> None:
    first = slack.state.messages(seed.GENERAL)[0]
    slack.acting_as(seed.ANA).types(seed.GENERAL, "@hub tags acme/api --limit 1", thread_ts=first.ts)
    assert slack.settle()
    (delivered,) = slack.deliveries
    # Slack sends an event again when it thinks that it was not taken.
    again = json.dumps({**delivered.payload, "event_time": time.time_ns()}).encode()
    assert bot.post(*signed(again, content_type="application/json"))[0] == 200

    wait_until(lambda: said(slack))
    assert bot.stop() == 0
    (posted,) = said(slack)
    assert (posted.thread_ts, posted.ephemeral_for) == (first.ts, None)
    assert "Tags of acme/api" in posted.text


def test_alive_and_ready_are_told_apart(bot: RunningBot, hub: HubSimulator) -> None:
    assert bot.get("/healthz")[0] == 200

    deadline = time.monotonic() + 5
    status, body = bot.get("/readyz")
    while json.loads(body)["status"] != "ok" and time.monotonic() < deadline:
        status, body = bot.get("/readyz")
    report = json.loads(body)
    assert (status, report["status"]) == (200, "ok")
    assert set(report["checks"]) >= {"slack", "docker_hub", "workers"}
    assert all(check["age_seconds"] is not None for check in report["checks"].values())


def test_a_docker_hub_that_is_away_degrades_and_says_why(slack: SlackSimulator, hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="unavailable", status=503))
    with running_bot(slack, hub, CREDENTIALS) as bot:
        deadline = time.monotonic() + 15
        checks = json.loads(bot.get("/readyz")[1])["checks"]
        while "Docker Hub" not in (checks["docker_hub"]["reason"] or "") and time.monotonic() < deadline:
            checks = json.loads(bot.get("/readyz")[1])["checks"]

        status, body = bot.get("/readyz")
        assert (status, json.loads(body)["status"]) == (200, "degraded")
        assert "Docker Hub is not available" in checks["docker_hub"]["reason"]


def test_anything_else_is_not_found(bot: RunningBot) -> None:
    assert {bot.get(path)[0] for path in ("/nothing", "/slack/events", "/webhooks/dockerhub/x")} == {404}


def test_stopping_finishes_what_runs_and_ends_with_zero(
    bot: RunningBot, slack: SlackSimulator, hub: HubSimulator
) -> None:
    hub.latency_seconds = 1.0
    types(slack, "tags acme/gateway")
    wait_until(lambda: slack.calls_to("users.info"))  # From then on it runs.

    began = time.monotonic()
    assert bot.stop() == 0

    assert time.monotonic() - began < 10
    assert "Tags of acme/gateway" in texts(slack)[-1]


def test_a_check_of_a_hub_that_hangs_does_not_hold_up_the_end(slack: SlackSimulator, hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="slow", seconds=20.0))
    with running_bot(slack, hub, CREDENTIALS) as bot:
        wait_until(lambda: hub.requests or slack.calls_to("auth.test"))

        began = time.monotonic()
        assert bot.stop() == 0

        assert time.monotonic() - began < 5


def test_a_port_in_use_is_said_and_ends_with_two(bot: RunningBot, slack: SlackSimulator, hub: HubSimulator) -> None:
    second = start_bot(environment_for(slack_api_url=slack.api_url, hub_url=hub.url, port=bot.port))

    _, errors = second.communicate(timeout=20)

    assert second.returncode == 2
    assert f"port {bot.port} on 127.0.0.1 is in use by another program" in errors


def test_in_socket_mode_commands_come_over_the_socket_and_not_over_http(
    slack: SlackSimulator, hub: HubSimulator
) -> None:
    environment = {"SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": seed.APP_TOKEN, **CREDENTIALS}
    with running_bot(slack, hub, environment) as bot:
        wait_until(lambda: slack.sockets)

        types(slack, "tags acme/api")

        wait_until(lambda: said(slack))
        assert "Tags of acme/api" in texts(slack)[0]
        assert bot.post(*signed(slash_command("help", fresh_url(slack))))[0] == 404
        assert bot.stop() == 0


def test_no_secret_is_in_the_log_of_all_that(bot: RunningBot, slack: SlackSimulator) -> None:
    typed = types(slack, "tags acme/api")
    wait_until(lambda: is_answered(slack, typed))

    assert bot.stop() == 0

    assert "command_answered" in bot.log
    (post,) = posts_for(slack, typed)
    secrets = (seed.BOT_TOKEN, seed.SIGNING_SECRET, ANA_PAT, post.url.rpartition("/")[2])
    assert not [secret for secret in secrets if secret in bot.log]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback", "team_id": "T0ACME", "event_id": "E1", "event": {"type": "app_mention", "user": 5}},
        {"type": "event_callback", "team_id": "T0ACME", "authorizations": [5], "event": {"type": "app_mention"}},
        {"type": "block_actions", "user": 5, "team": [], "channel": 7, "actions": [{}]},
    ],
)
def test_signed_fields_of_the_wrong_kind_are_a_bad_request(bot: RunningBot, body: dict[str, object]) -> None:
    status, _ = bot.post(*signed(json.dumps(body).encode(), content_type="application/json"))

    assert status == 400
    assert bot.stop() == 0
    assert "Traceback" not in bot.log


def test_stopping_ends_in_time_and_says_so_to_who_waits_for_a_hub_that_hangs(
    bot: RunningBot, slack: SlackSimulator, hub: HubSimulator
) -> None:
    hub.faults.add(Fault(kind="slow", path="/v2/namespaces", seconds=9.0))
    types(slack, "tags acme/gateway")
    wait_until(lambda: slack.calls_to("users.info"))

    began = time.monotonic()
    assert bot.stop() == 0

    assert time.monotonic() - began < 10
    assert texts(slack)[-1] == "The bot is restarting. Try again in a minute."
