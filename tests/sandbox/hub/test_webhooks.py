"""The delivery of webhooks: how each answer counts, what is never waited for, and what is kept of it."""

import threading
import time

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer, free_port
from bot.sandbox.hub.pushing import Announcement
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from bot.sandbox.hub.webhooks import SentWebhook
from tests.sandbox.hub.conftest import NOW
from tests.sandbox.hub.receiver import Receiver
from tests.support.unknowns import positions_of_images


def sent(hub: HubSimulator, url: str, tag: str = "1.0") -> SentWebhook:
    """Push to a repository with a webhook, and return the first try to deliver it."""
    hub.add_webhook("acme/site", url)
    hub.push("acme/site", tag)
    assert hub.webhooks.settle(10)
    return hub.webhooks.sent_about("acme/site", tag)[0]


def statuses(hub: HubSimulator) -> list[str]:
    pipelines = hub.state.repository("acme/site").pipelines.values()
    return [attempt.status for pipeline in pipelines for attempt in pipeline.history]


def test_any_2xx_is_a_success(hub: HubSimulator, receiver: Receiver) -> None:
    found = sent(hub, receiver.url)

    assert (found.status, found.problem, found.tries, found.when) == (202, None, 0, NOW)
    assert statuses(hub) == ["success"]
    assert found.payload == receiver.payloads[0]
    assert found.body == receiver.requests[0].body


@pytest.mark.parametrize("status", [301, 400, 404, 500])
def test_any_other_status_is_an_error(hub: HubSimulator, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: Answer(status, headers={"Location": "/elsewhere"})

    found = sent(hub, receiver.url)

    assert (found.status, found.problem) == (status, "refused")
    assert statuses(hub) == ["error"]


def test_nobody_there_is_an_error(hub: HubSimulator) -> None:
    assert sent(hub, f"http://127.0.0.1:{free_port()}/").problem == "unreachable"
    assert statuses(hub) == ["error"]


def test_a_receiver_has_a_time_limit(hub: HubSimulator, receiver: Receiver) -> None:
    is_over = threading.Event()
    receiver.answer = lambda _: Answer(200 if is_over.wait(5) else 500)
    hub.webhooks.timeout_seconds = 0.05

    found = sent(hub, receiver.url)
    is_over.set()

    assert (found.status, found.problem) == (None, "timeout")


@pytest.mark.parametrize("url", ["https://hooks.example/x", "http://192.0.2.1/", "http://[::1", "http:///x"])
def test_nothing_is_sent_beyond_this_machine(hub: HubSimulator, url: str) -> None:
    began_at = time.monotonic()

    assert sent(hub, url).problem == "not_of_this_machine"
    assert time.monotonic() - began_at < 2


def test_nothing_is_sent_again_by_default(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    receiver.answer = lambda _: Answer(503)

    sent(hub, receiver.url)
    clock.advance(hours=1)
    assert hub.webhooks.settle()

    assert (len(receiver.requests), hub.webhooks.waiting) == (1, 0)


def test_whether_it_is_sent_again_is_a_switch(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    hub.unknowns = Unknowns(webhook_retries="thrice")
    receiver.answer = lambda _: Answer(503)

    sent(hub, receiver.url)
    assert statuses(hub) == ["pending"]
    for number in range(1, 4):
        clock.advance(seconds=10)
        receiver.wait_for(number + 1)
        assert hub.webhooks.settle()

    assert [each.tries for each in hub.webhooks.sent] == [0, 1, 2, 3]
    assert len({request.body for request in receiver.requests}) == 1
    assert (statuses(hub), hub.webhooks.waiting) == (["error"], 0)


def test_a_second_try_that_succeeds_is_the_last(hub: HubSimulator, receiver: Receiver, clock: SettableClock) -> None:
    hub.unknowns = Unknowns(webhook_retries="thrice")
    answers = iter([Answer(503), Answer(200)])
    receiver.answer = lambda _: next(answers)

    sent(hub, receiver.url)
    clock.advance(seconds=10)
    receiver.wait_for(2)
    assert hub.webhooks.settle()

    assert (statuses(hub), hub.webhooks.waiting) == (["success"], 0)


def test_whether_redirects_are_followed_is_a_switch(hub: HubSimulator, receiver: Receiver) -> None:
    receiver.answer = lambda request: (
        Answer(307, headers={"Location": "/there"}) if request.path == "/hook" else Answer(200)
    )
    hub.unknowns = Unknowns(webhook_redirects="followed")

    assert (sent(hub, receiver.url).status, receiver.requests[-1].path) == (200, "/there")


def test_a_redirect_that_leads_nowhere_ends(hub: HubSimulator, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(307, headers={"Location": "/there"})
    hub.unknowns = Unknowns(webhook_redirects="followed")

    assert sent(hub, receiver.url).problem == "refused"
    assert len(receiver.requests) == 3


def test_whether_only_200_counts_is_a_switch(hub: HubSimulator, receiver: Receiver) -> None:
    hub.unknowns = Unknowns(webhook_success="only_200")

    assert sent(hub, receiver.url).problem == "refused"


@pytest.mark.parametrize(
    ("unknowns", "agent"),
    [
        (Unknowns(), "Go-http-client/1.1"),
        (Unknowns(webhook_user_agent="python"), "python-requests/2.32"),
        (Unknowns(webhook_user_agent="none"), None),
    ],
)
def test_the_user_agent_is_a_switch(
    hub: HubSimulator, receiver: Receiver, unknowns: Unknowns, agent: str | None
) -> None:
    hub.unknowns = unknowns

    sent(hub, receiver.url)

    assert receiver.requests[0].headers.get("user-agent") == agent


@pytest.mark.parametrize(("unknowns"), positions_of_images().values())
def test_every_position_of_every_switch_tells_of_the_push(
    hub: HubSimulator, receiver: Receiver, unknowns: Unknowns
) -> None:
    hub.unknowns = unknowns

    sent(hub, receiver.url)

    assert receiver.payloads[0]["repository"]["repo_name"] == "acme/site"


def test_webhooks_of_a_repository_come_one_after_the_other(hub: HubSimulator, receiver: Receiver) -> None:
    hub.add_webhook("acme/site", receiver.url)

    for number in range(50):
        hub.push("acme/site", f"1.{number}")
    receiver.wait_for(50)

    assert [payload["push_data"]["tag"] for payload in receiver.payloads] == [f"1.{number}" for number in range(50)]


def test_what_waits_for_its_time_does_so_also_beside_what_is_due(
    hub: HubSimulator, receiver: Receiver, clock: SettableClock
) -> None:
    hub.add_webhook("acme/site", receiver.url)

    hub.push("acme/site", "late", webhooks=Announcement(delay_seconds=5))
    hub.push("acme/site", "now")
    receiver.wait_for(1)
    clock.advance(seconds=5)
    receiver.wait_for(2)

    assert [payload["push_data"]["tag"] for payload in receiver.payloads] == ["now", "late"]


def test_a_clock_moved_back_lets_nobody_wait_till_then(
    hub: HubSimulator, receiver: Receiver, clock: SettableClock
) -> None:
    hub.add_webhook("acme/site", receiver.url)
    clock.advance(days=1)
    hub.push("acme/site", "1.0", webhooks=Announcement(delay_seconds=5))

    clock.now = NOW

    receiver.wait_for(1)


def test_a_deleted_webhook_is_not_called(hub: HubSimulator, receiver: Receiver) -> None:
    pipeline = hub.add_webhook("acme/site", receiver.url)

    hub.state.delete_pipeline("acme/site", pipeline.slug)
    hub.push("acme/site", "1.0")

    assert hub.webhooks.settle()
    assert hub.webhooks.sent == []


def test_records_are_counted_forgotten_and_limited(hub: HubSimulator, receiver: Receiver) -> None:
    hub.keep_records(2)
    hub.add_webhook("acme/site", receiver.url)
    for tag in ("1", "2", "3"):
        hub.push("acme/site", tag)
    assert hub.webhooks.settle()

    assert ([each.tag for each in hub.webhooks.sent], hub.webhooks.sent_count) == (["2", "3"], 3)
    hub.webhooks.clear()
    assert (hub.webhooks.sent, hub.webhooks.sent_count) == ([], 3)


def test_stopping_waits_for_nobody(state: HubState, receiver: Receiver, clock: SettableClock) -> None:
    is_over = threading.Event()
    receiver.answer = lambda _: Answer(200 if is_over.wait(5) else 500)
    hub = HubSimulator(state, now=clock).start()
    hub.add_webhook("acme/site", receiver.url)
    hub.push("acme/site", "1.0", webhooks=Announcement(count=3))
    receiver.wait_for(1)
    began_at = time.monotonic()

    hub.stop()
    hub.push("acme/site", "2.0")
    is_over.set()

    assert time.monotonic() - began_at < 2
    assert (len(receiver.requests), hub.webhooks.waiting) == (1, 0)
