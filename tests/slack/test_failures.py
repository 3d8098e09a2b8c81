import pytest

from bot.slack.failures import Kind, failure_of


@pytest.mark.parametrize(
    ("status", "code", "kind", "permanent"),
    [
        (429, "ratelimited", Kind.WAIT, False),
        (200, "rate_limited", Kind.WAIT, False),
        (200, "message_limit_exceeded", Kind.WAIT, False),
        (429, "", Kind.WAIT, False),
        (None, "", Kind.RETRY, False),
        (503, "", Kind.RETRY, False),
        (500, "invalid_blocks", Kind.RETRY, False),
        (200, "fatal_error", Kind.RETRY, False),
        (200, "Received a response in a non-JSON format: <html>", Kind.RETRY, False),
        (200, "channel_not_found", Kind.CHANNEL, True),
        (200, "is_archived", Kind.CHANNEL, True),
        (200, "restricted_action_read_only_channel", Kind.CHANNEL, True),
        (200, "invalid_blocks", Kind.OUR_BUG, True),
        (200, "msg_too_long", Kind.OUR_BUG, True),
        (200, "a_word_of_tomorrow", Kind.OUR_BUG, True),
        (200, "token_revoked", Kind.INSTALL_BROKEN, True),
        (200, "missing_scope", Kind.INSTALL_BROKEN, True),
        (200, "edit_window_closed", Kind.STATE, True),
    ],
)
def test_a_failure_means_one_thing_to_do(status: int | None, code: str, kind: Kind, *, permanent: bool) -> None:
    error = failure_of("chat.postMessage", status=status, answer={"ok": False, "error": code}, headers={})

    assert (error.kind, error.permanent) == (kind, permanent)


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"retry-after": "3"}, 3.0), ({}, 30.0), ({"retry-after": "soon"}, 30.0)]
)
def test_a_busy_slack_says_when_to_come_back(headers: dict[str, str], seconds: float) -> None:
    error = failure_of("chat.postMessage", status=429, answer={}, headers=headers)

    assert error.retry_after_seconds == seconds


def test_a_missing_scope_is_named() -> None:
    answer = {"ok": False, "error": "missing_scope", "needed": "files:write", "provided": "chat:write"}

    error = failure_of("files.completeUploadExternal", status=200, answer=answer, headers={})

    assert str(error) == (
        "Slack refused files.completeUploadExternal: missing_scope "
        "(the app needs the scope `files:write`; reinstall it from the manifest)."
    )
