"""The same listeners over a WebSocket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.chat.forms import NOTHING_TYPED
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.payloads import VERIFICATION_TOKEN
from bot.sandbox.slack.simulator import SlackSimulator
from bot.web.socket_mode import SocketModeConnection
from tests.support.slack import LOGGERS, posts_for, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import Bot, running_bot

OPEN = "apps.connections.open"


@contextmanager
def connected(slack: SlackSimulator) -> Iterator[Bot]:
    with running_bot(slack, uses_socket_mode=True) as bot:
        connection = SocketModeConnection(
            bot.front.app, app_token=seed.APP_TOKEN, base_url=slack.api_url, backoff_seconds=0.01
        )
        connection.start()
        try:
            wait_until(lambda: connection.is_connected and slack.sockets)
            yield bot
        finally:
            connection.stop()


def test_commands_mentions_and_buttons_come_over_the_socket(slack: SlackSimulator) -> None:
    with connected(slack) as bot:
        answer = bot.asked("say hello", channel=seed.DEPLOYS)

        refusal = bot.command("sya hello").answer
        assert refusal is not None
        assert refusal.text.startswith("There is no `sya` command.")

        line = bot.mention("say hello")
        wait_until(lambda: slack.state.replies(seed.GENERAL, line.ts))

        url = bot.press(answer)
        wait_until(lambda: len(slack.posts_to(url)) == 2)
        assert [message.ephemeral_for for message in said(slack, seed.DEPLOYS)] == [seed.MIA, None]

    assert [call.token_kind for call in slack.calls_to(OPEN)] == ["app"]


def test_forms_come_over_the_socket_and_can_be_refused_there(slack: SlackSimulator) -> None:
    with connected(slack) as bot:
        view = bot.form("write")

        assert bot.submit(view, " ").errors == {"text": NOTHING_TYPED}
        assert bot.submit(view, "x").is_ok
        wait_until(lambda: texts(slack) == ["*written*\nx"])
    assert all(each.outcome.is_accepted and each.outcome.status is None for each in slack.deliveries)


def test_while_slack_is_away_it_tries_again(slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault(kind="unavailable", status=500, form="json", method=OPEN, times=3))

    with connected(slack):
        assert len(slack.calls_to(OPEN)) == 4


def test_a_connection_that_slack_ends_is_opened_anew(slack: SlackSimulator) -> None:
    with connected(slack) as bot:
        slack.disconnect("refresh_requested")
        wait_until(lambda: len(slack.calls_to(OPEN)) == 2 and slack.sockets)

        assert bot.asked("say hello").text.startswith("*said hello*")


def test_a_connection_that_never_came_can_be_stopped(slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault(kind="unavailable"))
    with running_bot(slack, uses_socket_mode=True) as bot:
        connection = SocketModeConnection(bot.front.app, app_token=seed.APP_TOKEN, base_url=slack.api_url)
        connection.start()
        wait_until(lambda: slack.calls_to(OPEN))
        connection.stop()

    assert not connection.is_connected


def test_no_envelope_is_logged(slack: SlackSimulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with connected(slack) as bot:
        typed = bot.command("say hello")
        bot.answer_to(typed)
        bot.command("nonsense hush-hush")

    (post,) = posts_for(slack, typed)
    ours = [record for record in caplog.records if not record.name.startswith(LOGGERS)]
    logged = "\n".join(json.dumps(vars(record), default=str) for record in ours)
    for private in (seed.APP_TOKEN, VERIFICATION_TOKEN, "hush-hush", post.url.rpartition("/")[2]):
        assert private not in logged
