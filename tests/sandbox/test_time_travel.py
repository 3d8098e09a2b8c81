"""The whole sandbox is moved to another time and back, and nothing of the other time stays behind."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import seed
from tests.sandbox.slack.receiver import Receiver, receiving
from tests.support.waiting import wait_until

AS_BOT = {"Authorization": f"Bearer {seed.BOT_TOKEN}"}
NGINX = "/v2/namespaces/library/repositories/nginx"
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Hello"}, "blocks": [{"type": "divider"}]}


def used_up(sandbox: Sandbox, client: WebClient) -> None:
    """Spend every limit that there is."""
    client.chat_postMessage(channel=seed.GENERAL, text="one")
    lists = [requests.get(f"{client.base_url}usergroups.list", headers=AS_BOT, timeout=5) for _ in range(30)]
    reads = [requests.get(f"{sandbox.hub.url}{NGINX}", timeout=5) for _ in range(181)]
    assert [lists[-1].status_code, reads[-1].status_code] == [429, 429]


def test_limits_of_tomorrow_end_today() -> None:
    with Sandbox(seed.manifest_for(None)) as sandbox:
        client = WebClient(seed.BOT_TOKEN, base_url=sandbox.slack.api_url, retry_handlers=[])
        sandbox.clock.advance(days=3)
        used_up(sandbox, client)

        sandbox.clock.reset()

        assert client.chat_postMessage(channel=seed.GENERAL, text="two")["ok"]
        assert client.usergroups_list()["ok"]
        assert requests.get(f"{sandbox.hub.url}{NGINX}", timeout=5).ok


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_trigger_and_a_response_url_of_tomorrow_are_over_today(receiver: Receiver) -> None:
    with Sandbox(seed.manifest_for(receiver.url)) as sandbox:
        sandbox.clock.advance(days=1)
        typed = sandbox.slack.acting_as(seed.ANA).types(seed.GENERAL, "/hub help")
        assert typed.payload is not None

        sandbox.clock.reset()

        client = WebClient(seed.BOT_TOKEN, base_url=sandbox.slack.api_url)
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            client.views_open(trigger_id=typed.payload["trigger_id"], view=MODAL)
        assert requests.post(typed.payload["response_url"], json={"text": "late"}, timeout=5).status_code == 404


def test_an_event_that_failed_tomorrow_is_sent_again_today(receiver: Receiver) -> None:
    with Sandbox(seed.manifest_for(receiver.url)) as sandbox:
        receiver.answers({"error": "broken"}, status=500)
        sandbox.clock.advance(days=1)
        sandbox.slack.acting_as(seed.ANA).types(seed.GENERAL, f"<@{seed.BOT_USER}> hello")
        wait_until(lambda: len(receiver.received) >= 2)  # At once, and once more at once; the next would wait a minute.

        sandbox.clock.reset()

        wait_until(lambda: len(receiver.received) >= 3)
        assert sandbox.clock.offset == timedelta()
