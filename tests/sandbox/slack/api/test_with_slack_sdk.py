"""The vendor's own client against every method: what it sends must be understood, what it reads must be there.

Source: the methods' pages below https://docs.slack.dev/reference/methods, and slack_sdk itself.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View

from bot.sandbox.slack.api.methods import METHODS
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.state import Message
from tests.sandbox.slack.api.workspace import (
    ANA,
    APP_TOKEN,
    BO,
    BOT,
    BOT_TOKEN,
    CLIENT_SECRET,
    GENERAL,
    PLATFORM,
    RANDOM,
    Slack,
)

MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Sure?"}, "blocks": []}
HOME = View(type="home", blocks=[SectionBlock(text="Welcome")])


@pytest.fixture
def client(slack: Slack) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=[])


def pages_of(client: WebClient, method: str, key: str, **arguments: Any) -> Iterator[list[Any]]:
    for page in getattr(client, method)(**arguments):
        yield page[key]


def code_of(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def oauth_code(slack: Slack) -> str:
    query = {"client_id": "1.2", "scope": "chat:write"}
    answer = requests.get(f"{slack.origin}/oauth/v2/authorize", params=query, allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_client_can_call_every_method(slack: Slack, client: WebClient) -> None:
    """Each method once with what it needs; the count guards against a method that nobody tried."""
    slack.bot_token.scopes |= {"mpim:read"}
    ts = client.chat_postMessage(channel=GENERAL, text="x", metadata=Metadata("job", {"id": "1"}))["ts"]
    view = client.views_open(trigger_id=slack.trigger(ANA), view=MODAL)["view"]
    answers = [
        client.api_test(),
        client.auth_test(),
        client.team_info(),
        client.chat_update(channel=GENERAL, ts=ts, text="y", blocks=[SectionBlock(text="y")]),
        client.chat_getPermalink(channel=GENERAL, message_ts=ts),
        client.chat_postEphemeral(channel=GENERAL, user=ANA, text="x"),
        client.chat_delete(channel=GENERAL, ts=ts),
        client.views_push(trigger_id=slack.trigger(ANA), view=MODAL),
        client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL),
        client.views_publish(user_id=ANA, view=HOME),
        client.conversations_info(channel=GENERAL, include_num_members=True),
        client.conversations_list(types="public_channel,private_channel,im,mpim", exclude_archived=True),
        client.conversations_members(channel=GENERAL),
        client.conversations_join(channel=RANDOM),
        client.conversations_open(users=[BO], return_im=True),
        client.users_info(user=ANA, include_locale=True),
        client.users_list(limit=2),
        client.users_lookupByEmail(email="ana@acme.example"),
        client.usergroups_list(include_users=True, include_disabled=True),
        client.usergroups_users_list(usergroup=PLATFORM),
        client.files_upload_v2(channel=GENERAL, content="a,b\n", filename="a.csv", initial_comment="Here:"),
        client.blocks_validate(blocks=[SectionBlock(text="x")]),
        client.apps_connections_open(app_token=APP_TOKEN),
        client.oauth_v2_access(client_id="1.2", client_secret=CLIENT_SECRET, code=oauth_code(slack)),
        client.auth_revoke(test=False),
    ]

    assert all(answer["ok"] for answer in answers)
    assert {call.method for call in slack.api.calls} == set(METHODS)


def test_client_walks_through_all_pages(client: WebClient) -> None:
    people = list(pages_of(client, "users_list", "members", limit=4))
    channels = list(pages_of(client, "conversations_list", "channels", limit=2, exclude_archived=True))
    members = list(pages_of(client, "conversations_members", "members", channel=GENERAL, limit=1))

    assert [len(page) for page in people] == [4, 2]
    assert [len(page) for page in channels] == [2, 1]
    assert len({user for page in members for user in page}) == 4


def test_client_uploads_several_files_at_once(slack: Slack, client: WebClient) -> None:
    uploads: list[dict[str, Any]] = [
        {"filename": "a.txt", "content": "Grüße"},
        {"filename": "b.bin", "file": b"\x00\x01", "title": "B"},
    ]

    answer = client.files_upload_v2(channel=GENERAL, file_uploads=uploads, initial_comment="Two")

    first, second = answer["files"]
    (message,) = slack.state.messages(GENERAL)
    assert message.files == (first["id"], second["id"])
    assert slack.state.files[first["id"]].content == "Grüße".encode()
    assert (slack.state.files[second["id"]].content, second["title"]) == (b"\x00\x01", "B")


def test_client_uploads_into_a_thread(slack: Slack, client: WebClient) -> None:
    parent = slack.state.add_message(Message(GENERAL, slack.state.new_ts(), ANA, "x"))

    client.files_upload_v2(channel=GENERAL, content="x", filename="a.txt", thread_ts=parent.ts)

    assert slack.state.replies(GENERAL, parent.ts)[0].files


def test_client_sees_what_is_wrong(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=GENERAL, text="x", blocks=[{"type": "section"}])

    response = caught.value.response
    assert code_of(caught) == "invalid_blocks"
    assert response["response_metadata"]["messages"][0].startswith("[ERROR] ")
    assert "[json-pointer:/blocks/0" in response["errors"][0]


def test_client_sees_scopes(slack: Slack, client: WebClient) -> None:
    assert client.auth_test().headers["x-oauth-scopes"] == ",".join(sorted(slack.bot_token.scopes))

    slack.bot_token.scopes = frozenset({"chat:write"})
    with pytest.raises(SlackApiError) as caught:
        client.users_info(user=ANA)

    assert (caught.value.response["needed"], caught.value.response["provided"]) == ("users:read", "chat:write")


def test_client_sees_a_429_and_when_to_return(slack: Slack, client: WebClient) -> None:
    slack.api.pace.is_enabled = True
    client.chat_postMessage(channel=GENERAL, text="1")

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=GENERAL, text="2")

    assert (caught.value.response.status_code, code_of(caught)) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"


def test_client_posts_twice_when_the_answer_is_lost(slack: Slack) -> None:
    """Its default, but for the pause: to try once more after a reset, also what Slack may have accepted."""
    slack.faults.add(SlackFault(kind="reset", after="after_accepting", times=1))
    at_once = ConnectionErrorRetryHandler(interval_calculator=FixedValueRetryIntervalCalculator(0.0))

    hasty = WebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=[at_once])
    hasty.chat_postMessage(channel=GENERAL, text="x")

    assert [message.text for message in slack.state.messages(GENERAL)] == ["x", "x"]


def test_client_sees_a_page_instead_of_json(slack: Slack, client: WebClient) -> None:
    slack.faults.add(SlackFault(kind="unavailable"))

    with pytest.raises(SlackApiError) as caught:
        client.auth_test()

    assert caught.value.response.status_code == 503


def test_client_reads_the_bot_of_a_message(client: WebClient) -> None:
    message = client.chat_postMessage(channel=GENERAL, text="x")["message"]

    assert (message["user"], message["bot_profile"]["app_id"]) == (BOT, "A0HUBBOT0")
