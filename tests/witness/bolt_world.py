"""An app on Slack's framework for Node, and the workspace in which it is installed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from slack_sdk import WebClient

from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message, View
from tests.support.waiting import wait_until
from tests.witness.node import Line, NodeProgram, node

Mode = Literal["http", "socket"]


@dataclass(frozen=True)
class World:
    """A workspace, and the app that is installed in it."""

    slack: SlackSimulator
    app: NodeProgram
    clock: MovableClock

    def told(self, **rules: list[dict[str, Any]]) -> None:
        """Tell the app how to react; `__` in a name stands for a colon."""
        self._tell({"rules": {name.replace("__", ":"): steps for name, steps in rules.items()}})

    def told_to_refuse(self, status: int) -> None:
        """Tell the app to refuse everything, until it is told rules again."""
        self._tell({"refusal": status})

    def heard(self, kind: str, name: str) -> Line:
        """Return the next of a kind that the app says it understood."""
        return self.app.take(lambda line: (line.get("heard"), line.get("name")) == (kind, name))

    def posted(self, blocks: Sequence[dict[str, Any]], channel: str = seed.DEPLOYS) -> Message:
        """Return a message that the app has posted."""
        client = WebClient(seed.BOT_TOKEN, base_url=self.slack.api_url, retry_handlers=[])
        ts = client.chat_postMessage(channel=channel, text="x", blocks=blocks)["ts"]
        message = self.slack.state.message(channel, ts)
        assert message is not None
        return message

    def modal_of(self, user: str) -> View:
        """Return the view that somebody sees, as soon as there is one."""
        wait_until(lambda: bool(self.slack.state.stacks.get(user)))
        return self.slack.state.stacks[user][-1]

    def texts(self, channel: str) -> list[str]:
        """Return what stands in a channel, ephemeral messages too."""
        return [message.text for message in self.slack.state.messages(channel)]

    def _tell(self, line: Line) -> None:
        self.app.tell(line)
        self.app.take(lambda answer: "told" in answer)


@contextmanager
def running(mode: Mode) -> Iterator[World]:
    """Run the app, and a workspace in which it is installed; both begin at the machine's time."""
    clock = MovableClock()
    installed = seed.hub_bot(seed.manifest_for("http://127.0.0.1:9" if mode == "http" else None))
    secret = seed.SIGNING_SECRET if mode == "http" else seed.APP_TOKEN
    with SlackSimulator(app=installed, now=clock) as slack:
        slack.pace.is_enabled = slack.quota.is_enabled = False
        with node("slack_bolt_app.mjs", mode, slack.api_url, seed.BOT_TOKEN, secret) as app:
            port = app.take()["ready"]
            if mode == "http":
                installed.manifest = seed.manifest_for(f"http://127.0.0.1:{port}/slack/events")
            else:
                wait_until(lambda: slack.sockets == 1)
            yield World(slack, app, clock)


@contextmanager
def at_rest(world: World) -> Iterator[World]:
    """Return a world in which the app only acknowledges, and put it right again."""
    seconds = world.slack.ack_timeout_seconds
    world.told()
    world.app.forget()  # What it still had to tell of the last test came before its answer to this.
    yield world
    world.clock.reset()
    world.slack.ack_timeout_seconds = seconds
    assert world.slack.settle()
    world.slack.state.stacks.clear()
