"""The same listeners over a WebSocket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.web.socket_mode import SocketModeConnection
from tests.support.fake_slack import APP_TOKEN, FakeSlack
from tests.web.conftest import Bot, app_mention, button_of, click_on, running_bot, slash, wait_for


@contextmanager
def connected(bot: Bot) -> Iterator[SocketModeConnection]:
    connection = SocketModeConnection(
        bot.front.app, app_token=APP_TOKEN, base_url=bot.slack.api_url, backoff_seconds=0.01
    )
    connection.start()
    try:
        wait_for(lambda: connection.is_connected)
        yield connection
    finally:
        connection.stop()


def test_commands_mentions_and_buttons_come_over_the_socket(slack: FakeSlack) -> None:
    with running_bot(slack) as bot, connected(bot):
        url = slack.response_url()
        assert "payload" not in slack.sockets.send("slash_commands", dict(slash("say hello", url)))
        slack.wait_until(lambda: url.shown)

        refusal = slack.sockets.send("slash_commands", dict(slash("sya hello", url)))
        assert refusal["payload"]["text"].startswith("There is no `sya` command.")

        slack.sockets.send("events_api", app_mention("say hello"))
        slack.wait_until(lambda: slack.messages)

        outcome = slack.response_url(is_of_button=True)
        button = button_of(url.shown[0].blocks)
        slack.sockets.send("interactive", click_on(button, outcome, user="U0MEMBER", channel="C0OURS"))
        slack.wait_until(lambda: outcome.rewritten)

    assert [call.token for call in slack.calls if call.method == "apps.connections.open"] == [APP_TOKEN]


def test_while_slack_is_away_it_tries_again(slack: FakeSlack) -> None:
    for _ in range(3):
        slack.fail("apps.connections.open", "internal_error", status=500)

    with running_bot(slack) as bot, connected(bot):
        assert len(slack.called("apps.connections.open")) == 4


def test_a_connection_that_never_came_can_be_stopped(slack: FakeSlack) -> None:
    slack.is_down = True
    with running_bot(slack) as bot:
        connection = SocketModeConnection(bot.front.app, app_token=APP_TOKEN, base_url=slack.api_url)
        connection.start()
        slack.wait_until(lambda: slack.called("apps.connections.open"))
        connection.stop()

    assert not connection.is_connected


def test_no_envelope_is_logged(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with running_bot(slack) as bot, connected(bot):
        url = slack.response_url()
        slack.sockets.send("slash_commands", {**slash("say hello", url), "token": "verification-token"})
        slack.wait_until(lambda: url.shown)
        slack.sockets.send("slash_commands", {**slash("nonsense hush-hush", url)})

    ours = [record for record in caplog.records if not record.name.startswith("websockets")]  # That is the fake's.
    logged = "\n".join(json.dumps(vars(record), default=str) for record in ours)
    for private in (APP_TOKEN, "verification-token", "hush-hush", "s3cr3t"):
        assert private not in logged
