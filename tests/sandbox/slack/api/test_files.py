"""Uploads in three steps, and downloads. The pages named in these tests are below https://docs.slack.dev."""

from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.state import Message
from tests.sandbox.slack.api.workspace import (
    ANA,
    ATTIC,
    BOT,
    BOT_SCOPES,
    BOT_TOKEN,
    GENERAL,
    HIDDEN,
    OPS,
    RANDOM,
    Slack,
)

BYTES = b"tag,size\nlatest,1\n"


def announced(slack: Slack, **more: Any) -> dict[str, Any]:
    answer = slack.call("files.getUploadURLExternal", **{"filename": "tags.csv", "length": len(BYTES), **more})
    assert answer["ok"], answer
    return answer


def uploaded(slack: Slack) -> str:
    answer = announced(slack)
    assert requests.post(answer["upload_url"], data=BYTES, timeout=5).status_code == 200
    return str(answer["file_id"])


def complete(slack: Slack, file_id: str, **more: Any) -> dict[str, Any]:
    return slack.call("files.completeUploadExternal", files=[{"id": file_id, "title": "Tags"}], **more)


def download(slack: Slack, url: str, token: str | None = BOT_TOKEN) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url, headers=headers, timeout=5)


def test_file_is_announced_uploaded_and_shared(slack: Slack) -> None:
    """Source: /messaging/working-with-files, "uploading files"."""
    file_id = uploaded(slack)

    answer = complete(slack, file_id, channel_id=GENERAL, initial_comment="All tags:")

    (file,) = answer["files"]
    assert (file["id"], file["title"], file["name"], file["size"]) == (file_id, "Tags", "tags.csv", len(BYTES))
    assert (file["mimetype"], file["user"], file["mode"]) == ("text/csv", BOT, "hosted")
    (message,) = slack.state.messages(GENERAL)
    assert (message.text, message.files, message.app_id) == ("All tags:", (file_id,), slack.app.id)
    assert slack.state.files[file_id].shared_in == [GENERAL]


def test_answer_does_not_tell_the_message(slack: Slack) -> None:
    """Sharing is asynchronous: /reference/methods/files.completeUploadExternal."""
    (file,) = complete(slack, uploaded(slack), channel_id=GENERAL)["files"]

    assert file["channels"] == []
    assert "shares" not in file


def test_sharing_is_told_to_the_apps(slack: Slack) -> None:
    file_id = uploaded(slack)
    complete(slack, file_id, channel_id=GENERAL)

    assert [event["type"] for event in slack.events] == ["message", "file_shared"]
    assert (slack.events[1]["file_id"], slack.events[1]["channel_id"]) == (file_id, GENERAL)


def test_file_can_be_shared_in_a_thread_and_in_several_channels(slack: Slack) -> None:
    parent = slack.state.add_message(Message(GENERAL, slack.state.new_ts(), ANA, "x"))
    complete(slack, uploaded(slack), channel_id=GENERAL, thread_ts=parent.ts)
    complete(slack, uploaded(slack), channels=f"{GENERAL},{OPS}")

    assert slack.state.messages(GENERAL)[1].thread_ts == parent.ts
    assert len(slack.state.messages(GENERAL)) == 3
    assert len(slack.state.messages(OPS)) == 1


def test_file_without_a_channel_stays_private(slack: Slack) -> None:
    assert complete(slack, uploaded(slack))["ok"]

    assert slack.state.messages(GENERAL) == []


def test_message_with_a_file_can_be_updated_and_keeps_it(slack: Slack) -> None:
    file_id = uploaded(slack)
    complete(slack, file_id, channel_id=GENERAL)
    (message,) = slack.state.messages(GENERAL)

    answer = slack.call("chat.update", channel=GENERAL, ts=message.ts, text="Tags of today")

    assert [(file["id"], file["channels"]) for file in answer["message"]["files"]] == [(file_id, [GENERAL])]


def test_upload_may_be_a_form(slack: Slack) -> None:
    answer = announced(slack)
    files = {"filename": ("tags.csv", BYTES, "text/csv")}

    assert requests.post(answer["upload_url"], files=files, timeout=5).text == f"OK - {len(BYTES)}"

    assert slack.state.files[answer["file_id"]].content == BYTES


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filename": ""}, "invalid_arguments"),
        ({"length": 0}, "missing_argument"),
        ({"length": None}, "missing_argument"),
        ({"length": "many"}, "invalid_arguments"),
        ({"alt_txt": "x" * 1_001}, "alt_txt_too_large"),
        ({"snippet_type": "csv", "length": 1_000_001}, "snippet_too_large"),
    ],
)
def test_announcement_is_checked(slack: Slack, arguments: dict[str, Any], error: str) -> None:
    """Source: /reference/methods/files.getUploadURLExternal, errors."""
    assert slack.error("files.getUploadURLExternal", **{"filename": "x", "length": 1, **arguments}) == error


def test_snippet_keeps_its_type_and_a_picture_its_description(slack: Slack) -> None:
    file = slack.state.files[announced(slack, snippet_type="csv", alt_txt="Tags by size")["file_id"]]

    assert (file.snippet_type, file.alt_text) == ("csv", "Tags by size")


def test_upload_of_another_length_is_not_taken(slack: Slack) -> None:
    answer = announced(slack)

    assert requests.post(answer["upload_url"], data=b"x", timeout=5).status_code == 400
    assert complete(slack, answer["file_id"])["error"] == "file_not_found"


def test_address_is_for_one_upload(slack: Slack) -> None:
    answer = announced(slack)
    requests.post(answer["upload_url"], data=BYTES, timeout=5)
    complete(slack, answer["file_id"])

    assert requests.post(answer["upload_url"], data=BYTES, timeout=5).status_code == 404
    assert requests.post(f"{slack.origin}/upload/v1/F0NOWHERE", data=BYTES, timeout=5).status_code == 404


@pytest.mark.parametrize("files", [[{"id": "F0NOWHERE"}], ["F0NOWHERE"], [{}]])
def test_unknown_file_cannot_be_completed(slack: Slack, files: list[Any]) -> None:
    assert slack.error("files.completeUploadExternal", files=files) == "file_not_found"


def test_upload_is_completed_once(slack: Slack) -> None:
    file_id = uploaded(slack)
    complete(slack, file_id)

    assert complete(slack, file_id)["error"] == "file_not_found"


@pytest.mark.parametrize("files", [None, [], "[", {}])
def test_files_must_be_a_list(slack: Slack, files: object) -> None:
    assert slack.error("files.completeUploadExternal", files=files) == "invalid_arguments"


@pytest.mark.parametrize(
    ("channel_id", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        (HIDDEN, "channel_not_found"),
        (RANDOM, "not_in_channel"),
        (ATTIC, "is_archived"),
    ],
)
def test_file_goes_only_where_the_bot_is_a_member(slack: Slack, channel_id: str, error: str) -> None:
    """Source: /reference/methods/files.completeUploadExternal, `not_in_channel`: membership is required."""
    slack.bot_token.scopes = frozenset({*BOT_SCOPES, "chat:write.public"})

    assert complete(slack, uploaded(slack), channel_id=channel_id)["error"] == error


@pytest.mark.parametrize("channel_id", [ANA, "#general", "general"])
def test_channel_must_be_given_by_its_id(slack: Slack, channel_id: str) -> None:
    """Source: slackapi/bolt-js, 2115, where the answer is recorded."""
    answer = complete(slack, uploaded(slack), channel_id=channel_id)

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$ [json-pointer:/channel_id]"
    ]


def test_sharing_too_fast_can_be_tried_again(slack: Slack, clock: SettableClock) -> None:
    slack.api.pace.is_enabled = True
    slack.call("chat.postMessage", channel=GENERAL, text="x")
    file_id = uploaded(slack)
    assert complete(slack, file_id, channel_id=GENERAL)["error"] == "ratelimited"

    clock.advance(seconds=1)

    assert complete(slack, file_id, channel_id=GENERAL)["ok"]


# Downloads: /reference/objects/file-object, `url_private`


def test_file_is_downloaded_with_a_bearer(slack: Slack) -> None:
    (file,) = complete(slack, uploaded(slack))["files"]

    answer = download(slack, file["url_private"])

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, BYTES, "text/csv")


def test_name_of_a_file_may_be_anything(slack: Slack) -> None:
    answer = announced(slack, filename="große/tags 1?.csv")
    requests.post(answer["upload_url"], data=BYTES, timeout=5)
    (file,) = complete(slack, answer["file_id"])["files"]

    assert file["url_private"].endswith("/gro%C3%9Fe%2Ftags%201%3F.csv")
    assert download(slack, file["url_private"]).content == BYTES


def test_download_without_the_right_token_is_a_page_to_sign_in(slack: Slack) -> None:
    (file,) = complete(slack, uploaded(slack))["files"]

    answers = [download(slack, file["url_private"], token) for token in (None, "xoxb-invented")]
    slack.bot_token.scopes = frozenset({"files:write"})
    answers.append(download(slack, file["url_private"]))

    assert [(each.status_code, each.headers["Content-Type"]) for each in answers] == [
        (200, "text/html; charset=utf-8")
    ] * 3


def test_file_that_is_not_complete_cannot_be_downloaded(slack: Slack) -> None:
    file_id = uploaded(slack)

    assert download(slack, f"{slack.origin}/files-pri/{file_id}/tags.csv").status_code == 404


def test_faults_strike_uploads_too(slack: Slack) -> None:
    answer = announced(slack)
    slack.faults.add(SlackFault(kind="unavailable", path="/upload/"))

    assert requests.post(answer["upload_url"], data=BYTES, timeout=5).status_code == 503
    assert slack.state.files[answer["file_id"]].content is None
