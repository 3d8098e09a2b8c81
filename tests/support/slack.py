"""The simulated workspace with the bot's own manifest installed in it, and what people see there of the bot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import Typed
from bot.sandbox.slack.response_urls import RecordedPost
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Conversation, Message
from bot.slack.manifest import manifest

# Slack waits for three seconds; a machine that is busy elsewhere is no failure.
ACK_TIMEOUT_SECONDS = 10.0
LOGGERS = ("bot.sandbox", "websockets")
"""Under these the simulator logs; the bot never does."""


@contextmanager
def acme(now: Callable[[], datetime] | None = None) -> Iterator[SlackSimulator]:
    """Yield the workspace of Acme; the bot is expected over Socket Mode until `install` names an address.

    Args:
        now: Its time; None for a clock of its own, which can be moved.
    """
    app = seed.hub_bot(manifest())
    with SlackSimulator(app=app, now=now or MovableClock(), ack_timeout_seconds=ACK_TIMEOUT_SECONDS) as slack:
        yield slack


def install(slack: SlackSimulator, origin: str) -> None:
    """Tell the workspace that the bot is to be called over HTTP from now on, and where."""
    slack.app.manifest = manifest(public_url=origin)


def said(slack: SlackSimulator, channel: str = seed.GENERAL) -> list[Message]:
    """Return what the bot said in a conversation and somebody can see, oldest first."""
    return [message for message in slack.state.messages(channel) if message.app_id == seed.APP_ID]


def texts(slack: SlackSimulator, channel: str = seed.GENERAL) -> list[str]:
    """Return the texts of that."""
    return [message.text for message in said(slack, channel)]


def direct_message(slack: SlackSimulator, user: str) -> Conversation:
    """Return the bot's conversation with somebody."""
    return slack.state.direct_message(seed.BOT_USER, user)


def trigger(slack: SlackSimulator, user: str = seed.ANA) -> str:
    """Let somebody type a command, whoever hears it, and return what opens a modal before them."""
    payload = slack.acting_as(user).types(seed.GENERAL, "/hub").payload
    assert payload is not None
    return str(payload["trigger_id"])


def posts_for(slack: SlackSimulator, typed: Typed) -> list[RecordedPost]:
    """Return what was posted to the response URL of a command, taken or not."""
    assert typed.payload is not None
    return slack.posts_to(typed.payload["response_url"])


def is_taken(post: RecordedPost) -> bool:
    """Tell whether Slack took a post."""
    return (post.status, post.answer) == (200, "ok")


def is_answered(slack: SlackSimulator, typed: Typed) -> bool:
    """Tell whether Slack took anything in answer to a command; it can be seen by then."""
    return any(is_taken(post) for post in posts_for(slack, typed))


def buttons_of(message: Message) -> list[dict[str, Any]]:
    """Return the buttons in a message."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [element for row in rows for element in row]
