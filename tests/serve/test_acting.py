"""`hub-bot serve` that acts: a build from the command to its end, approvals, and a process that is killed between."""

import os
import signal
from pathlib import Path

import pytest

from bot.governance.cards import APPROVE_ACTION
from bot.sandbox.hub.builds import LATEST, BuildRule
from bot.sandbox.hub.seed import ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from tests.support.running import running_bot
from tests.support.slack import buttons_of, direct_message, posts_for, said
from tests.support.waiting import wait_until

EDGE = BuildRule("Branch", "develop", "edge")
FILE = """
[protected]
repositories = ["acme/web"]

[[builds]]
repository = "acme/api"
provider = "docker-hub"
secret = "{api}"

[[builds]]
repository = "acme/web"
provider = "docker-hub"
secret = "{web}"
cooldown = "0s"
"""


@pytest.fixture
def settings(hub: HubSimulator, tmp_path: Path) -> dict[str, str]:
    hub.builds.queue_seconds, hub.builds.build_seconds = 0.2, 0.5
    hub.state.automate("acme/web", rules=(LATEST, EDGE))
    file = tmp_path / "hub-bot.toml"
    file.write_text(FILE.format(api=hub.build_trigger("acme/api"), web=hub.build_trigger("acme/web")))
    return {
        "HUB_BOT_CONFIG": str(file),
        "HUB_BOT_DATABASE_URL": f"sqlite:///{tmp_path}/hub-bot.db",
        "HUB_BOT_ADMINS": seed.ANA,
        "HUB_BOT_OPERATORS": seed.OMAR,
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": ANA_PAT,
    }


def triggered(hub: HubSimulator, repository: str) -> list[bytes]:
    """Return the bodies of the triggers that Docker Hub got for a repository."""
    path = hub.build_trigger(repository).removeprefix(hub.url)
    return [each.body for each in hub.requests if each.path == path]


def answered(slack: SlackSimulator, text: str, *, channel: str = seed.GENERAL) -> str:
    """Let Omar type a command, and return its answer."""
    typed = slack.acting_as(seed.OMAR).types(channel, text)
    wait_until(lambda: posts_for(slack, typed))
    return str(posts_for(slack, typed)[-1].payload)


def cards(slack: SlackSimulator) -> list[Message]:
    """Return what Ana is asked to approve, and was."""
    return said(slack, direct_message(slack, seed.ANA).id)


def approve(slack: SlackSimulator, card: Message) -> None:
    assert buttons_of(card)[0]["action_id"] == APPROVE_ACTION
    assert slack.acting_as(seed.ANA).clicks(card.channel, card.ts, APPROVE_ACTION).is_ok


def followed(slack: SlackSimulator) -> Message:
    """Return the message that follows the build of acme/api."""
    (card,) = [each for each in said(slack) if each.text.startswith("*acme/api:latest*: ")]
    return card


def history(slack: SlackSimulator) -> list[str]:
    """Return the notes in its thread."""
    card = followed(slack)
    return [each.text for each in slack.state.replies(card.channel, card.ts)]


def test_what_is_asked_for_is_done_once_whatever_dies(
    slack: SlackSimulator, hub: HubSimulator, settings: dict[str, str]
) -> None:
    with running_bot(slack, hub, settings) as bot:
        assert "Done: Ask Docker Hub to build acme/api:latest." in answered(slack, "/hub trigger acme/api latest")
        assert triggered(hub, "acme/api") == [b'{"docker_tag": "latest"}']
        wait_until(lambda: any(each.text.startswith("*acme/api:latest*: ") for each in said(slack)))

        for tag in ("latest", "edge"):
            assert "Waits for approval" in answered(slack, f"/hub trigger acme/web {tag}", channel=seed.DEPLOYS)
        wait_until(lambda: len(cards(slack)) == 2)
        # What is approved is carried out at once; the bot is held up where it looks who asked, and dies there.
        held_up = SlackFault(kind="slow", method="users.info", containing=seed.OMAR, seconds=60.0)
        slack.faults.add(held_up)
        approve(slack, cards(slack)[0])
        wait_until(lambda: not buttons_of(cards(slack)[0]))
        os.kill(bot.process.pid, signal.SIGKILL)
        bot.process.communicate()
    assert triggered(hub, "acme/web") == []

    slack.faults.clear()
    with running_bot(slack, hub, settings) as bot:
        wait_until(lambda: triggered(hub, "acme/web"))
        approve(slack, cards(slack)[1])
        wait_until(lambda: len(triggered(hub, "acme/web")) == 2)
        wait_until(lambda: all(card.text.startswith("*Approved and done*") for card in cards(slack)))
        wait_until(lambda: followed(slack).text.startswith("*acme/api:latest*: built in "))
        wait_until(lambda: any(note.startswith("Built") for note in history(slack)))
        assert bot.stop() == 0

    assert triggered(hub, "acme/web") == [b'{"docker_tag": "latest"}', b'{"docker_tag": "edge"}']
    assert len(triggered(hub, "acme/api")) == 1
    assert history(slack)[0].split()[0] in {"Queued.", "Building.", "Built."}
