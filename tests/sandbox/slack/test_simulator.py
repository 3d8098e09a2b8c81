import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.receiver import Received, Receiver, acme_with, texts
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "Hello"}, "blocks": [{"type": "divider"}]}


@pytest.fixture
def client(slack: SlackSimulator) -> WebClient:
    return WebClient(token=seed.BOT_TOKEN, base_url=slack.api_url)


# The workspace


def test_everybody_a_bot_must_tell_apart_is_there() -> None:
    state, app = seed.acme_workspace(SettableClock(datetime(2026, 11, 21, 12, tzinfo=UTC)))

    assert {person.role for person in state.people.values()} == {
        "admin", "operator", "member", "guest", "stranger", "bot",
    }  # fmt: skip
    assert [person.id for person in state.people.values() if person.is_deleted] == [seed.LEO]
    assert [person.id for person in state.people.values() if person.team_id != state.team_id] == [seed.STEF]
    assert len({person.timezone for person in state.people.values()}) > 4
    assert all(ZoneInfo(person.timezone) for person in state.people.values())
    assert {each.name: each.kind for each in state.conversations.values()} == {
        "general": "public",
        "deploys": "public",
        "random": "public",
        "attic": "public",
        "release-crew": "private",
        "acme-partner": "public",
    }
    assert [each.name for each in state.conversations.values() if each.is_archived] == ["attic"]
    assert [each.name for each in state.conversations.values() if each.is_shared] == ["acme-partner"]
    assert seed.BOT_USER not in state.conversations[seed.RANDOM].members
    assert [each.id for each in state.conversations.values() if seed.GUS in each.members] == [seed.DEPLOYS]
    assert [each.id for each in state.conversations.values() if seed.STEF in each.members] == [seed.PARTNER]
    assert app.bot_user_id in state.people


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:3000/slack/events"])
def test_manifest_is_for_one_transport(url: str | None) -> None:
    app = seed.hub_bot(seed.manifest_for(url))

    assert app.uses_socket_mode is (url is None)
    assert {app.events_url, app.interactivity_url, *(command.url for command in app.commands)} == {url}
    assert (app.is_interactive, app.has_home_tab, app.has_messages_tab) == (True, True, True)


def test_secrets_are_plainly_no_real_ones() -> None:
    secrets = (seed.BOT_TOKEN, seed.APP_TOKEN, seed.SIGNING_SECRET, seed.CLIENT_SECRET)

    assert all("sandbox" in secret for secret in secrets)
    assert seed.BOT_TOKEN.startswith("xoxb-")
    assert seed.APP_TOKEN.startswith("xapp-")


# One origin for everything


def test_client_of_slack_finds_itself(client: WebClient) -> None:
    answer = client.auth_test()

    assert (answer["user_id"], answer["team_id"], answer["team"]) == (seed.BOT_USER, seed.TEAM_ID, "Acme")


def test_calls_are_recorded_and_forgotten(slack: SlackSimulator, client: WebClient) -> None:
    client.auth_test()
    client.chat_postMessage(channel=seed.GENERAL, text="hello")

    assert [call.method for call in slack.calls] == ["auth.test", "chat.postMessage"]
    assert slack.calls_to("chat.postMessage")[0].arguments["text"] == "hello"
    slack.clear_calls()
    assert slack.calls == []


def test_files_go_in_and_out(slack: SlackSimulator, client: WebClient) -> None:
    client.files_upload_v2(channel=seed.GENERAL, content="tag,size\n", filename="tags.csv", title="Tags")

    file = next(iter(slack.state.files.values()))
    assert (file.content, file.is_complete) == (b"tag,size\n", True)
    assert requests.get(f"{slack.url}/files-pri/{file.id}/tags.csv", timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/", "/apiary", "/oauth/v2/nowhere", "/link/"])
def test_everything_else_is_not_found(slack: SlackSimulator, path: str) -> None:
    assert requests.get(f"{slack.url}{path}", timeout=5).status_code == 404


def test_oauth_page_is_there(slack: SlackSimulator) -> None:
    answer = requests.get(f"{slack.url}/oauth/v2/authorize?client_id=nobody", timeout=5)

    assert answer.status_code == 400


def test_response_urls_and_the_web_api_share_the_pace(
    slack: SlackSimulator, client: WebClient, receiver: Receiver
) -> None:
    """Source: https://docs.slack.dev/apis/web-api/rate-limits: a message a second, whichever way it is posted."""
    slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")
    url = receiver.payloads[0]["response_url"]

    client.chat_postMessage(channel=seed.GENERAL, text="hello")
    answer = requests.post(url, json={"text": "hello", "response_type": "in_channel"}, timeout=5)

    assert answer.status_code == 429
    slack.pace.is_enabled = False
    assert requests.post(url, json={"text": "hello", "response_type": "in_channel"}, timeout=5).text == "ok"


def test_trigger_of_a_command_opens_a_modal_once(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")
    trigger_id = receiver.payloads[0]["trigger_id"]

    client.views_open(trigger_id=trigger_id, view=VIEW)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        client.views_open(trigger_id=trigger_id, view=VIEW)

    assert len(slack.state.stacks[seed.MIA]) == 1


def test_trigger_expires_by_the_clock(
    slack: SlackSimulator, client: WebClient, receiver: Receiver, clock: SettableClock
) -> None:
    slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")
    clock.advance(seconds=3)

    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        client.views_open(trigger_id=receiver.payloads[0]["trigger_id"], view=VIEW)


def test_bot_that_joins_is_told_so(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    client.conversations_join(channel=seed.RANDOM)

    received = receiver.wait_for(1)
    assert {each.payload["event"]["type"] for each in received} <= {"member_joined_channel", "message"}


def test_app_may_call_slack_while_it_is_asked(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    """Nothing is locked while an app is asked: it answers only when its call has gone through."""

    def call_first(received: Received) -> Answer:
        client.views_open(trigger_id=received.payload["trigger_id"], view=VIEW)
        return Answer(200, b"Opened", "text/plain")

    receiver.answer = call_first

    typed = slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub open")

    assert typed.answer is not None
    assert len(slack.state.stacks[seed.MIA]) == 1


def test_many_people_act_at_once(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    def call_first(_: Received) -> Answer:
        client.users_info(user=seed.ANA)
        return Answer(200, b"Hello", "text/plain")

    receiver.answer = call_first
    slack.quota.is_enabled = False
    slack.ack_timeout_seconds = 5
    people = [slack.acting_as(user) for user in (seed.ANA, seed.OMAR, seed.MIA)]
    threads = [
        threading.Thread(target=person.types, args=(seed.GENERAL, f"/hub {number}"))
        for person in people
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts(slack, seed.GENERAL).count("Hello") == 24


# Faults, switches, time


def test_latency_is_added_to_every_answer(slack: SlackSimulator, client: WebClient) -> None:
    slack.latency_seconds = 0.03
    began = time.monotonic()

    client.auth_test()

    assert time.monotonic() - began >= 0.03


def test_faults_strike_the_web_api(slack: SlackSimulator, client: WebClient) -> None:
    slack.faults.add(SlackFault(kind="refused", error="token_revoked", method="auth.test", times=1))

    with pytest.raises(SlackApiError, match="token_revoked"):
        client.auth_test()
    assert client.auth_test()["ok"]


def test_switches_may_be_moved_while_running(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    slack.unknowns = SlackUnknowns(trigger_refusal="trigger_expired")
    slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")
    slack.clock.advance(seconds=3)  # type: ignore[attr-defined]

    with pytest.raises(SlackApiError, match="trigger_expired"):
        client.views_open(trigger_id=receiver.payloads[0]["trigger_id"], view=VIEW)


@pytest.mark.parametrize(
    "unknowns",
    [each for _, each in SlackUnknowns.every_position()],
    ids=[name for name, _ in SlackUnknowns.every_position()],
)
def test_command_works_in_every_position_of_every_switch(
    slack: SlackSimulator, receiver: Receiver, unknowns: SlackUnknowns
) -> None:
    slack.unknowns = unknowns
    receiver.answers({"text": "Hello"})

    assert slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help").answer is not None


def test_deliveries_are_recorded(slack: SlackSimulator, receiver: Receiver, clock: SettableClock) -> None:
    receiver.answer = lambda _: Answer(500)
    slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")
    slack.acting_as(seed.MIA).opens_home()
    assert slack.settle()

    assert [(each.kind, each.attempt, each.outcome.status, each.when) for each in slack.deliveries] == [
        ("command", 0, 500, clock.now),
        ("event", 0, 500, clock.now),
        ("event", 1, 500, clock.now),
    ]
    assert slack.deliveries[0].payload["text"] == "help"


# The life of an installation


def test_revoked_token_is_told_and_refused(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    """Source: https://docs.slack.dev/reference/events/tokens_revoked."""
    slack.revoke_token()

    receiver.wait_for(1)
    assert receiver.events[0]["tokens"] == {"oauth": [], "bot": [seed.BOT_USER]}
    with pytest.raises(SlackApiError, match="token_revoked"):
        client.auth_test()


def test_uninstalled_app_is_told_and_refused(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    """Source: https://docs.slack.dev/reference/events/app_uninstalled."""
    slack.uninstall()

    receiver.wait_for(2)
    assert {event["type"] for event in receiver.events} == {"app_uninstalled", "tokens_revoked"}
    with pytest.raises(SlackApiError, match="account_inactive"):
        client.auth_test()


def test_reinstalled_app_is_well_again(slack: SlackSimulator, client: WebClient, receiver: Receiver) -> None:
    slack.uninstall()
    slack.reinstall()

    assert client.auth_test()["ok"]
    assert slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help").slackbot is None


# Running


def test_without_a_state_there_is_the_seeded_workspace_in_socket_mode() -> None:
    with SlackSimulator() as slack:
        typed = slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help")

    assert slack.app.uses_socket_mode
    assert typed.slackbot is not None
    assert typed.slackbot.text == '/hub failed with the error "dispatch_failed"'


def test_simulator_that_never_started_may_be_stopped() -> None:
    SlackSimulator().stop()


def test_stop_leaves_no_thread_behind(receiver: Receiver, clock: SettableClock) -> None:
    before = set(threading.enumerate())
    with acme_with(receiver, clock, ack_timeout_seconds=30) as slack:
        held = threading.Event()
        receiver.answer = lambda _: Answer(200) if held.wait(5) else Answer(500)
        slack.acting_as(seed.MIA).types(seed.GENERAL, "hello")
        receiver.wait_for(1)
        own = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("sandbox-event")]
        assert own

    held.set()
    assert not any(thread.is_alive() for thread in own)
    wait_until(lambda: set(threading.enumerate()) <= before | {threading.current_thread(), *receiver_threads()})


def receiver_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "sandbox-connection"}


def test_retries_wait_by_the_clock_alone(slack: SlackSimulator, receiver: Receiver, clock: SettableClock) -> None:
    """Source: https://docs.slack.dev/apis/events-api: at once, after a minute, after five."""
    receiver.answer = lambda _: Answer(503)
    slack.acting_as(seed.MIA).types(seed.GENERAL, "hello")
    began = time.monotonic()
    for count, wait in ((2, timedelta()), (3, timedelta(minutes=1)), (4, timedelta(minutes=5))):
        clock.now += wait
        receiver.wait_for(count)

    assert time.monotonic() - began < 2
    assert [each.headers.get("x-slack-retry-num") for each in receiver.received] == [None, "1", "2", "3"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_prints_its_addresses_and_ends_on_a_signal(number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.sandbox.slack", "--port", "0", "--app-url", "http://127.0.0.1:9/"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        facts = dict(program.stdout.readline().strip().split("=", 1) for _ in range(7))
        client = WebClient(token=facts["bot_token"], base_url=facts["api_url"])
        team = client.auth_test()["team"]
        program.send_signal(number)
        program.wait(timeout=10)

    assert (team, program.returncode) == ("Acme", 0)
    assert {"url", "app_token", "signing_secret", "client_id", "client_secret"} <= set(facts)
